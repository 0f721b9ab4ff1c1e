package baseline

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
)

// forge writes a manifest with a right digest, as somebody could who knows how.
func forge(t *testing.T, s *Store, change func(*Manifest)) {
	t.Helper()
	m, err := s.readManifest(t.Context(), "before")
	if err != nil {
		t.Fatal(err)
	}
	m.Digest = ""
	change(&m)
	data, err := seal(m)
	if err != nil {
		t.Fatal(err)
	}
	write(t, s.path("before", manifestName), data)
}

// plant replaces the host's file and forges the manifest to it.
func plant(t *testing.T, s *Store, data []byte) {
	t.Helper()
	forge(t, s, func(m *Manifest) {
		sum := sha256.Sum256(data)
		m.Hosts[0].SHA256, m.Hosts[0].Bytes = hex.EncodeToString(sum[:]), int64(len(data))
		write(t, s.path("before", m.Hosts[0].File), data)
	})
}

func plantText(t *testing.T, s *Store, text string) {
	t.Helper()
	encoder, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	plant(t, s, encoder.EncodeAll([]byte(text), nil))
}

func TestEveryDamageIsTold(t *testing.T) {
	file := func(s *Store) string { return s.path("before", hostFile("ex01.corp.test")) }
	manifest := func(s *Store) string { return s.path("before", manifestName) }
	edit := func(old, now string) func(*testing.T, *Store) {
		return func(t *testing.T, s *Store) {
			write(t, manifest(s), bytes.Replace(read(t, manifest(s)), []byte(old), []byte(now), 1))
		}
	}
	remove := func(t *testing.T, path string) {
		if err := os.RemoveAll(path); err != nil {
			t.Fatal(err)
		}
	}
	tests := []struct {
		name   string
		harm   func(*testing.T, *Store)
		kind   Kind
		phrase string
	}{
		{"no store", func(t *testing.T, s *Store) { remove(t, s.name) }, Missing, "there is no store"},
		{"an empty store", func(t *testing.T, s *Store) { remove(t, s.path("before")) }, Empty, "is empty"},
		{"no such run", func(t *testing.T, s *Store) {
			if err := os.Rename(s.path("before"), s.path("after")); err != nil {
				t.Fatal(err)
			}
		}, Missing, "there is no baseline before"},
		{"a run that has only begun", func(t *testing.T, s *Store) {
			remove(t, manifest(s))
			remove(t, s.path("before", hostsFolder))
		}, Empty, "holds nothing"},
		{"no manifest", func(t *testing.T, s *Store) { remove(t, manifest(s)) }, Unfinished, "was cut off"},
		{"an empty manifest", func(t *testing.T, s *Store) { write(t, manifest(s), nil) }, Truncated, "manifest of baseline before is cut short"},
		{"half a manifest", func(t *testing.T, s *Store) {
			data := read(t, manifest(s))
			write(t, manifest(s), data[:len(data)/2])
		}, Truncated, "manifest of baseline before is cut short"},
		{"a manifest without its last line end", func(t *testing.T, s *Store) {
			write(t, manifest(s), bytes.TrimSuffix(read(t, manifest(s)), []byte("\n")))
		}, Truncated, "manifest of baseline before is cut short"},
		{"nonsense without a line end", func(t *testing.T, s *Store) { write(t, manifest(s), []byte("x")) }, Unreadable, "cannot be read"},
		{"a manifest of nonsense", func(t *testing.T, s *Store) { write(t, manifest(s), []byte("hello\n")) }, Unreadable, "cannot be read"},
		{"a manifest that is a folder", func(t *testing.T, s *Store) {
			remove(t, manifest(s))
			if err := os.Mkdir(manifest(s), 0o700); err != nil {
				t.Fatal(err)
			}
		}, Unreadable, "no ordinary file"},
		{"a manifest edited by hand", edit("ops@", "eve@"), Edited, "was edited"},
		{"a digest edited by hand", edit(`"digest": "`, `"digest": "00`), Edited, "was edited"},
		{"white space edited by hand", edit("\n  ", "\n   "), Edited, "was edited"},
		{"a newer format", edit(`"format": 4`, `"format": 5`), NewerFormat, "has format 5, this postpatch reads up to 4"},
		{"an unknown key", func(t *testing.T, s *Store) {
			data := bytes.Replace(read(t, manifest(s)), []byte(`"run"`), []byte(`"x": 1, "run"`), 1)
			end := len(data) - len(digestEnd) - 64
			sum := sha256.Sum256(append(bytes.Clone(data[:end]), digestEnd...))
			write(t, manifest(s), []byte(string(data[:end])+hex.EncodeToString(sum[:])+digestEnd))
		}, Unreadable, "unknown field"},
		{"format zero", func(t *testing.T, s *Store) { forge(t, s, func(m *Manifest) { m.Format = 0 }) }, Unreadable, "which is none"},
		{"a renamed run", func(t *testing.T, s *Store) {
			forge(t, s, func(m *Manifest) { m.Run = "after" })
		}, Edited, "was renamed"},
		{"no hosts", func(t *testing.T, s *Store) { forge(t, s, func(m *Manifest) { m.Hosts = nil }) }, Empty, "holds no host"},
		{"a host twice", func(t *testing.T, s *Store) {
			forge(t, s, func(m *Manifest) { m.Hosts = append(m.Hosts, m.Hosts[0]) })
		}, Edited, "twice"},
		{"a file elsewhere", func(t *testing.T, s *Store) {
			forge(t, s, func(m *Manifest) { m.Hosts[0].File = "../../secret" })
		}, Edited, "names a wrong file"},
		{"an endless file", func(t *testing.T, s *Store) {
			forge(t, s, func(m *Manifest) { m.Hosts[0].Bytes = 1 << 60 })
		}, Edited, "gives a wrong size"},
		{"a file of no bytes", func(t *testing.T, s *Store) {
			forge(t, s, func(m *Manifest) { m.Hosts[0].Bytes = 0 })
		}, Edited, "was edited"},
		{"the longest file", func(t *testing.T, s *Store) {
			forge(t, s, func(m *Manifest) { m.Hosts[0].Bytes = maxFile })
		}, Truncated, "is cut short"},
		{"no hosts folder", func(t *testing.T, s *Store) { remove(t, s.path("before", hostsFolder)) }, Missing, "has lost the file of host"},
		{"a host without its file", func(t *testing.T, s *Store) { remove(t, file(s)) }, Missing, "has lost the file of host"},
		{"a file without its host", func(t *testing.T, s *Store) {
			write(t, s.path("before", hostFile("ex02")), nil)
		}, Edited, "that its manifest does not name"},
		{"an empty file", func(t *testing.T, s *Store) { write(t, file(s), nil) }, Truncated, "0 bytes of"},
		{"half a file", func(t *testing.T, s *Store) {
			data := read(t, file(s))
			write(t, file(s), data[:len(data)/2])
		}, Truncated, "cut short"},
		{"a longer file", func(t *testing.T, s *Store) { write(t, file(s), append(read(t, file(s)), 0)) }, Edited, "was edited"},
		{"another host's file", func(t *testing.T, s *Store) { plantText(t, s, encode(t, Host{Host: "ex02"})) }, Edited, `is that of host "ex02"`},
		{"a file of nonsense", func(t *testing.T, s *Store) { plant(t, s, []byte("hello")) }, Unreadable, "cannot be unpacked"},
		{"lines of nonsense", func(t *testing.T, s *Store) { plantText(t, s, "hello\n") }, Unreadable, "line 1"},
		{"lines without a trailer", func(t *testing.T, s *Store) {
			lines := strings.SplitAfter(encode(t, small()), "\n")
			plantText(t, s, strings.Join(lines[:5], ""))
		}, Truncated, "line 6"},
		{"lines of a newer format", func(t *testing.T, s *Store) {
			plantText(t, s, strings.Replace(encode(t, small()), `"format":4`, `"format":6`, 1))
		}, NewerFormat, "has format 6"},
	}
	seen := map[string]string{}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := stored(t, small())
			test.harm(t, s)
			_, err := whole(s, "before")
			wantDamage(t, err, test.kind, test.phrase)
			wayOut := map[Kind]string{
				NewerFormat: "; read it with the version that wrote it or a later one",
				Empty:       "; a new baseline helps only before the patch",
				Unfinished:  "; a new baseline helps only before the patch",
			}[test.kind]
			if wayOut == "" {
				wayOut = "; it can be restored from a copy, and a new baseline helps only before the patch"
			}
			if !strings.HasSuffix(err.Error(), wayOut) {
				t.Errorf("no way out in %q", err)
			}
			told := strings.ReplaceAll(err.Error(), s.name, "")
			if phrase, found := seen[told]; found && phrase != test.phrase {
				t.Errorf("told like another: %v", err)
			}
			seen[told] = test.phrase
		})
	}
}

// Advice to take a new baseline would, after the patch, make the breakage the
// baseline; a name that was mistyped needs none.
func TestAnUnknownNameIsToldWithTheOnesThatThereAre(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "evidence"))
	for _, run := range []string{"mon-1", "mon-2", "mon-3", "mon-4", "mon-5", "november-web"} {
		finish(t, s, run, small())
	}
	few := stored(t, small())
	_, err := few.Read(t.Context(), "befor")
	if err == nil || !strings.HasSuffix(err.Error(), "; did you mean before?; its captures are before") {
		t.Errorf("got %v", err)
	}
	for run, want := range map[string]string{
		"novmber-web": "; did you mean november-web?; its newest captures are november-web, mon-5, mon-4, mon-3, mon-2",
		"WEB":         "; did you mean november-web?; its newest captures are november-web, mon-5, mon-4, mon-3, mon-2",
		"december":    `evidence"; its newest captures are november-web, mon-5, mon-4, mon-3, mon-2`,
	} {
		_, err := s.Read(t.Context(), run)
		wantDamage(t, err, Missing, "there is no baseline "+run)
		if err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", run, err, want)
		}
	}
}

// A host whose file changes after Read is found when it is asked for.
func TestHostIsComparedAgain(t *testing.T) {
	s := stored(t, small())
	snapshot, err := s.Read(t.Context(), "before")
	if err != nil {
		t.Fatal(err)
	}
	path := s.path("before", hostFile("ex01.corp.test"))
	data := read(t, path)
	data[len(data)/2]++
	write(t, path, data)
	_, _, err = snapshot.Host(t.Context(), "ex01.corp.test")
	wantDamage(t, err, Edited)
}

func TestLitterIsNoDamage(t *testing.T) {
	s := stored(t, small())
	write(t, s.path("before", hostsFolder, ".DS_Store"), nil)
	write(t, filepath.Join(s.name, "README"), nil)
	if _, err := s.Read(t.Context(), "before"); err != nil {
		t.Error(err)
	}
	if runs, err := s.Runs(t.Context()); len(runs) != 1 || err != nil {
		t.Errorf("got %v, %v", runs, err)
	}
}

// Whatever single byte changes, and wherever a file is cut, what is read is
// what was written or an error.
func TestMutations(t *testing.T) {
	s := stored(t, moved())
	wantHosts, err := whole(s, "before")
	if err != nil {
		t.Fatal(err)
	}
	wantManifest, err := s.readManifest(t.Context(), "before")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{manifestName, begunName, hostFile("ex01.corp.test")} {
		path := s.path("before", filepath.FromSlash(file))
		good := read(t, path)
		try := func(data []byte, what string, at int) {
			write(t, path, data)
			hosts, err := whole(s, "before")
			if err == nil {
				m, _ := s.readManifest(t.Context(), "before")
				t.Errorf("%s %d of %s goes unseen: %s%s", what, at, file, cmp.Diff(wantHosts, hosts), cmp.Diff(wantManifest, m))
			}
		}
		for i := range good {
			for _, flip := range []byte{0x01, 0x20, 0x80} { // a digit, a letter's case, the highest bit
				bad := bytes.Clone(good)
				bad[i] ^= flip
				try(bad, "flipped byte", i)
			}
			try(good[:i], "cut at", i)
		}
		try(append(bytes.Clone(good), '\n'), "longer than", len(good))
		write(t, path, good)
	}
	if _, err := whole(s, "before"); err != nil {
		t.Fatal(err)
	}
}
