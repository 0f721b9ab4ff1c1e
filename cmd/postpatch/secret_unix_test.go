//go:build unix

package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"postpatch/suites"
)

func TestFileSecrets(t *testing.T) {
	folder := t.TempDir()
	file := func(name, content string, mode fs.FileMode) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil { // whatever the umask
			t.Fatal(err)
		}
		return path
	}
	link := func(name, target string) string {
		path := filepath.Join(folder, name)
		if err := os.Symlink(target, path); err != nil {
			t.Fatal(err)
		}
		return path
	}
	open := file("it's open", "hunter2", 0o644)
	good := file("good", "hunter2\n", 0o600)
	pipe := filepath.Join(folder, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		ref         suites.SecretRef
		secret, err string
	}{
		"mine":               {suites.SecretRef{File: good}, "hunter2\n", ""},
		"mine, and no more":  {suites.SecretRef{File: file("locked", "hunter2", 0o400)}, "hunter2", ""},
		"a link to mine":     {suites.SecretRef{File: link("to-good", good)}, "hunter2\n", ""},
		"for everybody":      {suites.SecretRef{File: open}, "", "(mode 0644): chmod 600 '" + folder + `/it'\''s open'`},
		"a link to that":     {suites.SecretRef{File: link("to-open", open)}, "", "(mode 0644): chmod 600"},
		"for the group":      {suites.SecretRef{File: file("group", "hunter2", 0o640)}, "", "(mode 0640): chmod 600"},
		"others may write":   {suites.SecretRef{File: file("drop", "hunter2", 0o602)}, "", "(mode 0602): chmod 600"},
		"a keytab for all":   {suites.SecretRef{File: open, Form: suites.KeyFile}, "", "(mode 0644): chmod 600"},
		"a certificate":      {suites.SecretRef{File: open, Form: suites.PublicFile}, "hunter2", ""},
		"none":               {suites.SecretRef{File: filepath.Join(folder, "none")}, "", "no such file or directory"},
		"a folder":           {suites.SecretRef{File: folder}, "", "not a regular file"},
		"a pipe":             {suites.SecretRef{File: pipe}, "", "not a regular file"},
		"64 KiB":             {suites.SecretRef{File: file("full", strings.Repeat("x", maxSecret), 0o600)}, strings.Repeat("x", maxSecret), ""},
		"more":               {suites.SecretRef{File: file("over", strings.Repeat("x", maxSecret+1), 0o600)}, "", "larger than 64 KiB"},
		"a keytab of 64 KiB": {suites.SecretRef{File: file("keys", strings.Repeat("x", maxSecret+1), 0o600), Form: suites.KeyFile}, strings.Repeat("x", maxSecret+1), ""},
	} {
		got, err := fileSecret(test.ref)
		if got.Reveal() != test.secret || (err == nil) != (test.err == "") || !strings.Contains(plain(err), test.err) {
			t.Errorf("%s: %d bytes, %v, want %s", name, len(got.Reveal()), err, test.err)
		}
	}
}

// owned is a file of a user of our choice.
type owned struct {
	fs.FileInfo
	uid uint32
}

func (o owned) Sys() any { return &syscall.Stat_t{Uid: o.uid} }

func TestOnlyMineAndRootsFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	us := uint32(os.Geteuid())
	for uid, want := range map[uint32]string{us: "", 0: "", us + 1: "it belongs to somebody else"} {
		for name, check := range map[string]func(string, fs.FileInfo) error{"read": ownersOnly, "change": ownersToChange} {
			if got := plain(check(path, owned{info, uid})); (got == "") != (want == "") || !strings.HasPrefix(got, want) {
				t.Errorf("of user %d, to %s: %s", uid, name, got)
			}
		}
	}
}

func TestOnlyOwnersChangeCredentials(t *testing.T) {
	path := filepath.Join(t.TempDir(), "credentials.yaml")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for mode, fine := range map[fs.FileMode]bool{
		0o600: true, 0o644: true, 0o755: true, 0o440: true, 0o664: false, 0o620: false, 0o602: false, 0o666: false,
	} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		want := ""
		if !fine {
			want = fmt.Sprintf("others than its owner can change it (mode %04o): chmod go-w %s", mode, path)
		}
		if got := plain(ownersToChange(path, info)); got != want {
			t.Errorf("mode %04o: %q, want %q", mode, got, want)
		}
	}
}
