package baseline

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Windows knows no case in names: of one host in two spellings nobody could say which
// is compared.
func TestOneHostInTwoSpellings(t *testing.T) {
	s := open(t, t.TempDir())
	w := begin(t, s, "before")
	for _, name := range []string{"srv01", "SRV01"} {
		if err := w.Put(t.Context(), Host{Host: name, Checks: []Check{{Check: "c"}}}); err != nil {
			t.Fatal(err)
		}
	}
	err := w.Finish(t.Context(), finishedAt(), nil)
	wantDamage(t, err, Edited, `one host as "SRV01" and as "srv01"`)
	if _, err := s.Read(t.Context(), "before"); err == nil {
		t.Error("it counts")
	}
	s = stored(t, small())
	forge(t, s, func(m *Manifest) {
		twin := m.Hosts[0]
		twin.Host = strings.ToUpper(twin.Host)
		twin.File = hostFile(twin.Host)
		m.Hosts = append([]HostEntry{twin}, m.Hosts...)
		write(t, s.path("before", twin.File), read(t, s.path("before", m.Hosts[1].File)))
	})
	_, err = whole(s, "before")
	wantDamage(t, err, Edited, `one host as "EX01.CORP.TEST" and as "ex01.corp.test"`)
}

// What a file manager or a sync program leaves beside a host's file is no host's.
func TestCopiesBesideAHost(t *testing.T) {
	const name = "ex01.corp.test"
	for _, copied := range []string{
		hostFile(strings.ToUpper(name)), "hosts/ex01.corp.test (1).jsonl.zst", "hosts/ex01.corp.test - Copy.jsonl.zst",
		"hosts/ex01.corp.test.jsonl.zst.bak", "hosts/old/ex01.corp.test.jsonl.zst", "hosts/EX01.CORP.TEST.jsonl.zst",
	} {
		s := stored(t, small())
		path := s.path("before", filepath.FromSlash(copied))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(path); err == nil {
			continue // a folder where case is of no account: it is the host's own
		}
		write(t, path, read(t, s.path("before", hostFile(name))))
		_, err := whole(s, "before")
		wantDamage(t, err, Edited, "a file that its manifest does not name")
	}
}

// The beginning of a run is repeated in its manifest, and both have to say the same.
func TestBeginningOfAnother(t *testing.T) {
	s := stored(t, small())
	finish(t, s, "other", small())
	path := s.path("before", begunName)
	good := read(t, path)
	write(t, path, read(t, s.path("other", begunName)))
	_, err := whole(s, "before")
	wantDamage(t, err, Edited, `it was begun as "other"`)
	b, err := s.readBegun(t.Context(), "other")
	if err != nil {
		t.Fatal(err)
	}
	for what, change := range map[string]func(*begun){
		"asked": func(b *begun) { b.Asked = "ee" }, "suites": func(b *begun) { b.Suites[0].Digest = "ff" },
		"by": func(b *begun) { b.By = "eve" }, "started": func(b *begun) { b.Started = b.Started.Add(1) },
	} {
		forged := b
		forged.Suites = append([]SuiteInfo(nil), b.Suites...)
		forged.Run, forged.Digest = "before", ""
		change(&forged)
		data, err := seal(forged)
		if err != nil {
			t.Fatal(err)
		}
		write(t, path, data)
		if _, err = whole(s, "before"); err == nil || !strings.Contains(err.Error(), "is not that of its manifest") {
			t.Errorf("%s: %v", what, err)
		}
	}
	write(t, path, good)
	if _, err := whole(s, "before"); err != nil {
		t.Error(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if _, err := whole(s, "before"); err != nil {
		t.Errorf("a run of a version that wrote none: %v", err)
	}
}

// FuzzBegun: whatever stands in the file, it is read as what it says, or is a Damage.
// What it says can be sealed again, to the same bytes.
func FuzzBegun(f *testing.F) {
	s := open(f, f.TempDir())
	begin(f, s, "before")
	good, err := os.ReadFile(s.path("before", begunName))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte(`{"format": 4}`))
	f.Add([]byte(`{"format": 2, "run": "before", "started": "x", "digest": ""}` + "\n"))
	f.Add(bytes.ReplaceAll(good, []byte("2026"), []byte("9999")))
	f.Fuzz(func(t *testing.T, data []byte) {
		check := func(data []byte) {
			var b begun
			if damage := unseal("before", "beginning", data, &b); damage != nil {
				if damage.Msg == "" || damage.Kind == "" {
					t.Errorf("a damage without a sentence: %+v", damage)
				}
				return
			}
			b.Digest = ""
			again, err := seal(b)
			if err != nil {
				t.Fatal(err)
			}
			var same begun
			if damage := unseal("before", "beginning", again, &same); damage != nil {
				t.Errorf("what was read cannot be: %v", damage)
			}
			if why := b.sameAs(same.Head); why != "" {
				t.Errorf("read and sealed again, it is another: %s", why)
			}
		}
		check(data)
		// What has a right seal is read further than fuzzing would come by itself.
		if at := bytes.LastIndex(data, []byte(digestKey)); at >= 0 {
			check(resealed(data[:at]))
		}
	})
}

// resealed ends a file with the digest of all that it holds.
func resealed(open []byte) []byte {
	open = append(bytes.Clone(open), digestKey...)
	sum := sha256.Sum256(append(bytes.Clone(open), digestEnd...))
	return append(append(open, hex.EncodeToString(sum[:])...), digestEnd...)
}
