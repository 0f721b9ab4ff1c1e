package suites

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"postpatch/probes/host"
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

// The page's example is a file that loads, and has an entry for every use.
func TestThePageOfCredentialsHasEveryUse(t *testing.T) {
	page, _ := ExplainTopic("credentials")
	_, text, _ := strings.Cut(page, "\n\n")
	text, _, _ = strings.Cut(text, "\n\n  hosts ")
	c, _ := credentials(t, text, func(SecretRef) (host.Secret, error) { return host.NewSecret("x"), nil })
	for _, tt := range []struct{ host, use, user string }{
		{"sql07.corp.example.org", "sql", "postpatch"},
		{"sql07.corp.example.org", "winrm", `CORP\probe`},
		{"sql07.corp.example.org", "snmp", ""},
		{"ex01.corp.example.org", "mail", `CORP\mailprobe`},
		{"dc01.corp.example.org", "ldap", "clientprobe@CORP.EXAMPLE.ORG"},
		{"dc01.corp.example.org", "smb", "clientprobe@CORP.EXAMPLE.ORG"},
		{"dc01.corp.example.org", "kerberos", "clientprobe@CORP.EXAMPLE.ORG"},
		{"nps01.corp.example.org", "radius", ""},
		{"nps01.corp.example.org", "radius_user", "wlanprobe"},
	} {
		if got, err := c.For(tt.host, tt.use); err != nil || got.User != tt.user {
			t.Errorf("%s of %s: want %q, got %q, %v", tt.use, tt.host, tt.user, got.User, err)
		}
		if tt.use != "winrm" && tt.use != "sql" && !strings.Contains(page, "\n               "+tt.use+" ") {
			t.Errorf("the page does not say what %s is for", tt.use)
		}
	}
}
