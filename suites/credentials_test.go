package suites

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const estateUsers = `credentials:
  - hosts: "SQL*.corp.example.org"
    for: sql
    user: sa
    password: {file: secrets/sa.txt}
  - hosts: ["*.corp.example.org", "dmz?"]
    for: [winrm]
    user: CORP\probe
    password: {env: PATCH_PASSWORD}
    winrm: {tls: true, ca_file: ca.pem, insecure: false}
  - hosts: "*"
    user: .\fallback
    password: {env: EMPTY}
    winrm: {port: 8080, allow_plain: true}
`

func credentials(t *testing.T, secrets func(SecretRef) (string, error)) (*Credentials, string) {
	t.Helper()
	folder := t.TempDir()
	file := filepath.Join(folder, "credentials.yaml")
	if err := os.WriteFile(file, []byte(estateUsers), 0o600); err != nil {
		t.Fatal(err)
	}
	c, problems := LoadCredentials(file, secrets)
	if len(problems) > 0 {
		t.Fatal(Format(problems, nil))
	}
	return c, folder
}

func TestTheFirstEntryThatFitsIsTaken(t *testing.T) {
	var asked []string
	c, folder := credentials(t, func(ref SecretRef) (string, error) {
		asked = append(asked, ref.Env+ref.File)
		if ref.File != "" {
			return "swordfish\r\n", nil
		}
		return map[string]string{"PATCH_PASSWORD": "hunter2"}[ref.Env], nil
	})
	if asked != nil {
		t.Errorf("secrets were read before they were needed: %q", asked)
	}
	for range 2 {
		for _, want := range []struct{ host, use, user, password string }{
			{"sql01.corp.example.org", "sql", "sa", "swordfish"}, // a file's last line end is no part of it
			{"sql01.corp.example.org", "winrm", `CORP\probe`, "hunter2"},
			{"DMZ1", "winrm", `CORP\probe`, "hunter2"},
		} {
			got, err := c.For(want.host, want.use)
			if err != nil || got.User != want.user || got.Password.Reveal() != want.password {
				t.Errorf("%s on %s: %s, %v", want.use, want.host, got.User, err)
			}
			if text := fmt.Sprintf("%v %+v %#v", got, got, got); strings.Contains(text, want.password) {
				t.Errorf("the password shows in %s", text)
			}
		}
	}
	if diff := cmp.Diff([]string{filepath.Join(folder, "secrets", "sa.txt"), "PATCH_PASSWORD"}, asked); diff != "" {
		t.Errorf("each secret is read once (-want +got):\n%s", diff)
	}
	_, err := c.For("elsewhere", "sql")
	want := `for sql on "elsewhere" from environment variable EMPTY: it is empty`
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("an empty secret: %v", err)
	}
}

func TestNoEntryNamesHostUseAndTheWayOut(t *testing.T) {
	_, err := (&Credentials{File: "mine.yaml"}).For("srv01", "sql")
	want := `no credential for sql on "srv01": add an entry with hosts: "srv01" and for: [sql] to mine.yaml`
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestASecretThatCannotBeReadIsAskedForAgain(t *testing.T) {
	cause := errors.New("locked")
	fail := true
	c, _ := credentials(t, func(SecretRef) (string, error) {
		if fail {
			return "", cause
		}
		return "x", nil
	})
	if _, err := c.For("dmz1", "winrm"); !errors.Is(err, cause) {
		t.Errorf("got %v, want the cause wrapped", err)
	}
	fail = false
	if _, err := c.For("dmz1", "winrm"); err != nil {
		t.Error(err)
	}
}

func TestWinRMSettings(t *testing.T) {
	c, folder := credentials(t, nil)
	for host, want := range map[string]WinRMSettings{
		"srv01.corp.example.org": {TLS: true, Port: 5986, CAFile: filepath.Join(folder, "ca.pem")},
		"elsewhere":              {Port: 8080, AllowPlain: true},
	} {
		if diff := cmp.Diff(want, c.WinRM(host)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", host, diff)
		}
	}
	if _, err := (*Credentials)(nil).For("srv01", "sql"); err == nil {
		t.Error("no file has a credential")
	}
	if got := (*Credentials)(nil).WinRM("srv01"); got != (WinRMSettings{Port: 5985}) {
		t.Errorf("without an entry: %+v", got)
	}
}

func FuzzLoadCredentials(f *testing.F) {
	f.Add([]byte(estateUsers))
	f.Add([]byte("credentials:\n  - {hosts: a, user: b, password: hunter2}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		r := reader{file: "fuzz", found: &problems{}, secret: true}
		r.credentials(data)
		for _, p := range r.found.sorted() {
			if !p.NoExcerpt {
				t.Fatalf("%v shows its line", p)
			}
		}
	})
}

func FuzzPlan(f *testing.F) {
	f.Add([]byte(tuesday))
	f.Add([]byte("plan: p\nmay_change: [./., a/b.c, '*.*']\nmust_change: {os/.build: x}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		r := reader{file: filepath.Join(t.TempDir(), "p.yaml"), found: &problems{}}
		plan := &Plan{}
		r.plan(plan, data, testKinds())
		for _, p := range plan.May {
			if again, ok := splitPattern(p.String()); !ok || again != p {
				t.Fatalf("%#v reads as %#v", p, again)
			}
		}
	})
}
