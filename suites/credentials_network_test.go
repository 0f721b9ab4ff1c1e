package suites

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What has a secret alone needs no user, and is for what it says it is for and nothing else.
func TestSecretsWithoutAUser(t *testing.T) {
	c, _ := credentials(t, `credentials:
  - {hosts: nps01, user: admin, password: {env: P}}
  - {hosts: nps01, for: radius, password: {env: P}}
  - {hosts: nps01, for: snmp, password: {env: P}}
  - {hosts: nps01, for: radius_user, user: probe, password: {env: P}}
`, secretsOf(map[string]string{"P.": "x"}))
	for use, user := range map[string]string{"radius": "", "snmp": "", "radius_user": "probe", "winrm": "admin"} {
		if got, err := c.For("nps01", use); err != nil || got.User != user || got.Password.Reveal() != "x" {
			t.Errorf("%s: %q, %v", use, got.User, err)
		}
	}
	for _, use := range []string{"radius_user", "[radius, radius_user]", "[snmp, winrm]"} {
		file := filepath.Join(t.TempDir(), "credentials.yaml")
		text := "credentials:\n  - {hosts: a, for: " + use + ", password: {env: P}}\n"
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, problems := LoadCredentials(file, nil, nil)
		if len(problems) != 1 || !strings.Contains(problems[0].Msg, "user is missing") {
			t.Errorf("%s: %v", use, problems)
		}
	}
}

// A suite chooses whom it asks, so that a pattern for what shows a password, or what one can be
// guessed by, has to end in a domain.
func TestPatternsEndInADomain(t *testing.T) {
	for _, use := range []string{"kerberos", "snmp", "radius", "radius_user", "smb", "ldap", "[winrm, kerberos]"} {
		for pattern, want := range map[string]int{"*": 1, "dc*": 1, "*.example": 1, "*.corp.example.org": 0, "dc01": 0} {
			file := filepath.Join(t.TempDir(), "credentials.yaml")
			text := "credentials:\n  - {hosts: '" + pattern + "', for: " + use + ", user: 'CORP\\a', password: {env: P}}\n"
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			_, problems := LoadCredentials(file, nil, nil)
			if len(problems) != want || want > 0 && !strings.Contains(problems[0].Msg, "has to end in a domain") {
				t.Errorf("%s for %s: %v", pattern, use, problems)
			}
		}
	}
}
