package main

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// TestAWrongPasswordLocksNoAccount visits many hosts at once with one wrong
// password of a domain: three of them see it, and the checks of the others are
// unknown with the reason, on hosts that are reachable.
func TestAWrongPasswordLocksNoAccount(t *testing.T) {
	const hosts = 24
	for name, c := range map[string]struct{ listener, settings string }{
		"NTLM":  {"http: true", "auth: ntlm"},
		"Basic": {"plain: true", "allow_plain: true"},
	} {
		t.Run(name, func(t *testing.T) {
			var estate, names strings.Builder
			for i := range hosts {
				fmt.Fprintf(&estate, "  web%02d.shop.test:\n    profile: windows-server-2022\n"+
					"    winrm: {%s, user: 'SHOP\\probe', password: open-sesame}\n", i, c.listener)
				fmt.Fprintf(&names, "web%02d.shop.test, ", i)
			}
			file := filepath.Join(t.TempDir(), "shop.estate.yaml")
			write(t, file, "estate: shop\nhosts:\n"+estate.String()+"states: {before: {}}\n")
			l := startTestLab(t, file)
			t.Chdir(t.TempDir())
			write(t, "shop.suite.yaml", "suite: shop\nhosts: ["+names.String()+"]\nchecks:\n  - os: {}\n")
			write(t, "credentials.yaml", "credentials:\n  - hosts: '*'\n    user: SHOP\\probe\n"+
				"    password: {env: PATCH_PASSWORD}\n    winrm: {"+c.settings+"}\n")
			writeAddresses(t, l)
			var out, talk bytes.Buffer
			code := run(t.Context(), []string{
				"capture", "shop.suite.yaml", "--credentials", "credentials.yaml", "--connect-to", "lab.json",
			}, app{stdout: &out, stderr: &talk, getenv: func(name string) string {
				return map[string]string{"PATCH_PASSWORD": "close-sesame"}[name]
			}})
			refused := 0
			for i := range hosts {
				refused += l.Stats(fmt.Sprintf("web%02d.shop.test", i)).WinRM.Refused
			}
			text := out.String() + talk.String()
			if code != 3 || refused != 3 {
				t.Errorf("exit %d, and the domain has seen %d wrong passwords; want 3 and 3", code, refused)
			}
			if !strings.Contains(text, "was refused 3 times, by") || strings.Contains(text, "UNREACHABLE") ||
				strings.Contains(text, "close-sesame") {
				t.Errorf("it says\n%s", text)
			}
			t.Logf("%.3000s", text)
		})
	}
}
