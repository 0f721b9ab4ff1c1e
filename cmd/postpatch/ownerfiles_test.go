package main

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"postpatch/runner/report"
)

func TestOwnersAsNamesOfFiles(t *testing.T) {
	for owner, want := range map[string]string{
		"":                      "no-owner",
		"  ":                    "no-owner",
		"web@example.org":       "web@example.org",
		"Web@Example.ORG":       "web@example.org",
		"Messaging Team":        "messaging-team~",
		"no-owner":              "no-owner~",
		"../../etc/passwd":      "_.._etc_passwd~",
		`C:\Windows\x`:          "c__windows_x~",
		"CON":                   "_con~",
		"com1.ops":              "_com1.ops~",
		"...":                   "_~",
		"-rf":                   "_-rf~",
		"dba~2fe7446a":          "dba_2fe7446a~",
		strings.Repeat("a", 90): strings.Repeat("a", 80) + "~",
	} {
		got := regexp.MustCompile(`~[0-9a-f]{8}$`).ReplaceAllString(ownerFileName(owner), "~")
		if got != want {
			t.Errorf("%q: got %q, want %q", owner, got, want)
		}
	}
}

// FuzzOwnerFileName: whatever a suite calls its owner, the file stays in its folder, is no
// device, and is nobody else's.
func FuzzOwnerFileName(f *testing.F) {
	for _, s := range []string{
		"web", "../x", "nul", "COM1.x", "a b", "Ünïcode", "\xff", "no-owner", "K", "\u212a", "ſ", "İ", "i", "\x81",
	} {
		f.Add(s, "web")
		f.Add(s, "\xb7")
		f.Add(s, "i")
	}
	safe := regexp.MustCompile(`^[a-z0-9_@+][a-z0-9._@+-]*(~[0-9a-f]{8})?$`)
	f.Fuzz(func(t *testing.T, a, b string) {
		name := ownerFileName(a)
		if !safe.MatchString(name) || len(name) > 100 || isDevice(name) || !filepath.IsLocal(name+".xml") {
			t.Errorf("%q: the name is %q", a, name)
		}
		if same := report.OwnerKey(a) == report.OwnerKey(b); same != (name == ownerFileName(b)) {
			t.Errorf("%q and %q: names %q and %q", a, b, name, ownerFileName(b))
		}
	})
}
