package suites

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes/fact"
	"postpatch/probes/host"
)

const estateUsers = `credentials:
  - hosts: "*"
    user: .\fallback
    password: {env: EMPTY}
    winrm: {port: 8080, allow_plain: true}
  - hosts: ["*.corp.example.org", "dmz?"]
    for: [winrm]
    user: CORP\probe
    password: {env: PATCH_PASSWORD}
    winrm: {tls: true, ca_file: ca.pem, insecure: false}
  - hosts: "SQL*.corp.example.org"
    for: sql
    user: sa
    password: {file: secrets/sa.txt}
  - hosts: web?.corp.example.org
    ccache: web.ccache
    winrm: {auth: kerberos, spn: HTTP/web, krb5_conf: krb5.conf}
  - hosts: Web1.Corp.Example.Org
    user: exact
    password: {env: PATCH_PASSWORD}
    winrm: {tls: true, auth: basic}
`

// secretsOf reads secrets from a map, by the source's name.
func secretsOf(texts map[string]string) func(SecretRef) (host.Secret, error) {
	return func(ref SecretRef) (host.Secret, error) {
		return host.NewSecret(texts[ref.Env+filepath.Base(ref.File)]), nil
	}
}

func credentials(t *testing.T, text string, secrets func(SecretRef) (host.Secret, error)) (*Credentials, string) {
	t.Helper()
	folder := t.TempDir()
	file := filepath.Join(folder, "credentials.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, problems := LoadCredentials(file, nil, secrets)
	if len(problems) > 0 {
		t.Fatal(Format(problems, nil))
	}
	return c, folder
}

func TestTheMostSpecificEntryIsTaken(t *testing.T) {
	var asked []string
	texts := secretsOf(map[string]string{
		"sa.txt": "swordfish\r\n", "PATCH_PASSWORD.": "hunter2", "web.ccache": "\x05\x04tickets",
	})
	c, _ := credentials(t, estateUsers, func(ref SecretRef) (host.Secret, error) {
		asked = append(asked, ref.Env+filepath.Base(ref.File))
		return texts(ref)
	})
	if asked != nil {
		t.Errorf("secrets were read before they were needed: %q", asked)
	}
	for range 2 {
		for _, want := range []struct{ host, use, user, password, ccache string }{
			{"sql01.corp.example.org", "sql", "sa", "swordfish", ""}, // a file's last line end is no part of it
			{"sql01.corp.example.org", "winrm", `CORP\probe`, "hunter2", ""},
			{"DMZ1", "winrm", `CORP\probe`, "hunter2", ""},
			{"web2.corp.example.org", "winrm", "", "", "\x05\x04tickets"},
			{"WEB1.corp.example.ORG", "winrm", "exact", "hunter2", ""},
			{"web1.corp.example.org", "sql", "exact", "hunter2", ""},
		} {
			got, err := c.For(want.host, want.use)
			if err != nil || got.User != want.user || got.Password.Reveal() != want.password ||
				got.CCache.Reveal() != want.ccache {
				t.Errorf("%s on %s: %s, %v", want.use, want.host, got.User, err)
			}
			if text := fmt.Sprintf("%v %+v %#v", got, got, got); strings.Contains(text, "hunter2") {
				t.Errorf("the password shows in %s", text)
			}
		}
	}
	once := []string{"sa.txt", "PATCH_PASSWORD.", "web.ccache", "PATCH_PASSWORD."} // two entries name it
	if diff := cmp.Diff(once, asked); diff != "" {
		t.Errorf("each entry's secret is read once (-want +got):\n%s", diff)
	}
	_, err := c.For("elsewhere", "sql")
	want := `credentials.yaml:2 says: reading the password from environment variable EMPTY: it is empty`
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("an empty secret: %v", err)
	}
}

// The order of the lines decides nothing: every pair is tried in both.
func TestWhichOfTwoEntriesIsTaken(t *testing.T) {
	const host = "web01.example.org"
	for name, pair := range map[string][2]string{
		"a name before the longest pattern":       {"hosts: WEB01.EXAMPLE.ORG", "hosts: 'web01.example.or?', for: winrm"},
		"more letters before fewer":               {"hosts: 'w*.example.org'", "hosts: '*.example.org', for: winrm"},
		"a name for one use before one for all":   {"hosts: web01.example.org, for: winrm", "hosts: web01.example.org"},
		"a pattern for one use before one of all": {"hosts: 'web*', for: winrm", "hosts: '*org'"},
		"the best of several patterns":            {"hosts: [nowhere, 'web0*', '*']", "hosts: 'web*'"},
		"not what is for another use":             {"hosts: '*'", "hosts: web01.example.org, for: sql"},
		"? is no letter":                          {"hosts: 'web0*'", "hosts: 'web??*'"},
	} {
		taken := "  - {" + pair[0] + ", user: taken, password: {env: A}}\n"
		other := "  - {" + pair[1] + ", user: other, password: {env: A}}\n"
		for _, text := range []string{taken + other, other + taken} {
			c, _ := credentials(t, "credentials:\n"+text, secretsOf(map[string]string{"A.": "x"}))
			if got, err := c.For(host, "winrm"); err != nil || got.User != "taken" {
				t.Errorf("%s: %q, %v of\n%s", name, got.User, err, text)
			}
		}
	}
}

func TestATieIsAnErrorThatNamesBoth(t *testing.T) {
	c, folder := credentials(t, `credentials:
  - {hosts: "web*", user: a, password: {env: A}}
  - {hosts: "*b01", user: b, password: {env: A}, winrm: {tls: true}}
`, secretsOf(map[string]string{"A.": "x"}))
	_, err := c.For("web01", "winrm")
	file := filepath.Join(folder, "credentials.yaml")
	want := `two credentials for winrm on "web01": the entries at ` + file + ":2 and at " + file + ":3 fit equally well"
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
	if got := c.WinRM("web01"); got.TLS || got.Auth != authNegotiate {
		t.Errorf("settings of one of the two: %+v", got)
	}
	if got, err := c.For("db02", "winrm"); err == nil || !strings.HasPrefix(err.Error(), "no credential") {
		t.Errorf("got %v, %v", got, err)
	}
	if got, err := c.For("web02", "winrm"); err != nil || got.User != "a" {
		t.Errorf("where only one fits: %v, %v", got, err)
	}
}

func TestNoEntryNamesHostUseAndTheWayOut(t *testing.T) {
	_, err := (&Credentials{File: "mine.yaml"}).For("srv01", "sql")
	want := `no credential for sql on "srv01": add an entry with hosts: "srv01" and for: [sql] to mine.yaml`
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestWhatIsNoSuchSecret(t *testing.T) {
	for name, test := range map[string]struct {
		ref        SecretRef
		text, want string
	}{
		"nothing":               {SecretRef{Env: "A"}, "", "it is empty or not set"},
		"a line end alone":      {SecretRef{File: "a"}, "\r\n", "it is empty"},
		"two lines":             {SecretRef{File: "a"}, "hunter2\nx\n", "more than one line"},
		"a line end to spare":   {SecretRef{Env: "A"}, "hunter2\n", "more than one line"},
		"PowerShell's redirect": {SecretRef{File: "a"}, "\xFF\xFEh\x00u\x00", "save it as UTF-8"},
		"no text":               {SecretRef{Command: []string{"a"}}, "hunter2\xC3", "no UTF-8"},
		"no keytab":             {SecretRef{File: "a", Form: KeyFile}, "hunter2", "neither PEM nor"},
		"no certificate":        {SecretRef{File: "a", Form: PublicFile}, "hunter2", "neither PEM nor"},
	} {
		_, err := test.ref.check(host.NewSecret(test.text))
		if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v, want %s", name, err, test.want)
		}
	}
	for text, want := range map[string]string{
		"hunter2\n": "hunter2", "hunter2\r\n": "hunter2", " hunter2 ": " hunter2 ", "\uFEFFhunter2": "hunter2",
	} {
		if got, err := (SecretRef{File: "a"}).check(host.NewSecret(text)); err != nil || got.Reveal() != want {
			t.Errorf("%q: %q, %v", text, got.Reveal(), err)
		}
	}
}

// A hundred hosts that fail by one command do not wait for it a hundred times;
// after a while it is asked anew.
func TestAFailureIsToldAgainAndThenForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cause := errors.New("locked")
		times, fail := 0, true
		c, _ := credentials(t, estateUsers, func(SecretRef) (host.Secret, error) {
			if times++; fail {
				return host.Secret{}, cause
			}
			return host.NewSecret("x"), nil
		})
		for range 100 {
			if _, err := c.For("dmz1", "winrm"); !errors.Is(err, cause) {
				t.Errorf("got %v, want the cause wrapped", err)
			}
		}
		fail = false
		if _, err := c.For("dmz1", "winrm"); times != 1 || !errors.Is(err, cause) {
			t.Errorf("asked %d times, %v", times, err)
		}
		time.Sleep(grudge)
		for range 2 {
			if _, err := c.For("dmz1", "winrm"); times != 2 || err != nil {
				t.Errorf("asked %d times, %v", times, err)
			}
		}
	})
}

func TestAHundredWaitForOneReading(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		times := 0
		c, _ := credentials(t, estateUsers, func(SecretRef) (host.Secret, error) {
			mu.Lock()
			times++
			mu.Unlock()
			time.Sleep(time.Second)
			return host.NewSecret("x"), nil
		})
		var all sync.WaitGroup
		start := time.Now()
		for range 100 {
			all.Go(func() {
				if got, err := c.For("dmz1", "winrm"); err != nil || got.Password.Reveal() != "x" {
					t.Errorf("got %v", err)
				}
			})
		}
		all.Wait()
		if times != 1 || time.Since(start) != time.Second {
			t.Errorf("%d readings in %v", times, time.Since(start))
		}
	})
}

func TestAReaderThatCrashesLeavesNobodyWaiting(t *testing.T) {
	s := source{ref: SecretRef{Env: "A"}}
	func() {
		defer func() { _ = recover() }()
		_, _ = s.read(func(SecretRef) (host.Secret, error) { panic("x") })
	}()
	if got, err := s.read(secretsOf(map[string]string{"A.": "x"})); err != nil || got.Reveal() != "x" {
		t.Errorf("got %v", err)
	}
}

func TestWinRMSettings(t *testing.T) {
	c, folder := credentials(t, estateUsers, nil)
	for host, want := range map[string]WinRMSettings{
		"srv01.corp.example.org": {TLS: true, Port: 5986, CAFile: filepath.Join(folder, "ca.pem"), Auth: "negotiate"},
		"elsewhere":              {Port: 8080, AllowPlain: true, Auth: "basic"},
		"web1.corp.example.org":  {TLS: true, Port: 5986, Auth: "basic"},
		"web2.corp.example.org": {
			Port: 5985, Auth: "kerberos", SPN: "HTTP/web", Krb5Conf: filepath.Join(folder, "krb5.conf"),
		},
	} {
		if diff := cmp.Diff(want, c.WinRM(host)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", host, diff)
		}
	}
	if _, err := (*Credentials)(nil).For("srv01", "sql"); err == nil {
		t.Error("no file has a credential")
	}
	if got := (*Credentials)(nil).WinRM("srv01"); got != (WinRMSettings{Port: 5985, Auth: "negotiate"}) {
		t.Errorf("without an entry: %+v", got)
	}
}

func TestACertificateMeansAuthCertificate(t *testing.T) {
	const nothing = "-----BEGIN X-----\n-----END X-----\n"
	c, _ := credentials(t, "credentials: [{hosts: a, certificate: {cert: c.pem, key: k.pem}, winrm: {tls: true}}]\n",
		secretsOf(map[string]string{"c.pem": nothing, "k.pem": nothing}))
	if got := c.WinRM("a").Auth; got != "certificate" {
		t.Errorf("auth %s", got)
	}
	_, err := c.For("a", "winrm")
	if err == nil || !strings.Contains(err.Error(), "reading the certificate from file") {
		t.Errorf("what is no pair of certificate and key: %v", err)
	}
}

func FuzzLoadCredentials(f *testing.F) {
	f.Add([]byte(estateUsers))
	f.Add([]byte("credentials:\n  - {hosts: a, user: b, password: hunter2}\n"))
	for _, file := range []string{"sources", "proofs", "auth", "rivals", "settings"} {
		data, err := os.ReadFile(filepath.Join("testdata", "badcredentials", file+".yaml"))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r := reader{file: "fuzz", found: &problems{}, secret: true}
		c := &Credentials{rules: r.credentials(data), secrets: secretsOf(nil)}
		list := r.found.sorted()
		for _, p := range list {
			if !p.NoExcerpt {
				t.Fatalf("%v shows its line", p)
			}
		}
		if len(list) > 0 {
			return
		}
		for _, rule := range c.rules { // what was found good can be used
			for _, use := range rule.uses {
				if _, err := c.choose(rule.hosts[0], use); err != nil && !strings.Contains(err.Error(), "two credentials") {
					t.Fatalf("%q for %s: %v", rule.hosts[0], use, err)
				}
			}
			if w := rule.winrm; w.Port == 0 || !slices.Contains(auths(rule.proof.kind), w.Auth) {
				t.Fatalf("%+v by %s", w, rule.proof.kind)
			}
			if rule.proof.kind != byCurrentUser && rule.proof.secret.ref.String() == `file ""` {
				t.Fatalf("by %s from nowhere", rule.proof.kind)
			}
		}
	})
}

func FuzzPlan(f *testing.F) {
	f.Add([]byte(tuesday))
	f.Add([]byte(waived))
	f.Add([]byte(windowed))
	for _, file := range []string{
		"waves", "waves-in-circles", "gate", "settle", "budget", "store", "must-change-list", "drift",
	} {
		data, err := os.ReadFile(filepath.Join("testdata", "badplan", file+".yaml"))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte("plan: p\nmay_change: [./., a/b.c, '*.*']\nmust_change: {os/.build: x}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		r := reader{file: filepath.Join(t.TempDir(), "p.yaml"), found: &problems{}}
		plan := newPlan(r.file)
		r.plan(plan, data, testKinds())
		for _, p := range plan.May {
			if again, ok := splitPattern(p.Pattern.String()); !ok || again != p.Pattern {
				t.Fatalf("%#v reads as %#v", p, again)
			}
			_ = p.Allows(nil) || p.Allows(fact.Text("x")) || p.Allows(fact.SetOf("a"))
		}
		if len(r.found.list) == 0 {
			isSane(t, plan)
		}
		for _, w := range plan.Waivers {
			if w.Reason == "" || w.Until.IsZero() && w.Day() != "0001-01-01" || w.Line < 1 {
				t.Fatalf("a waiver without an end or a reason: %+v", w)
			}
		}
	})
}

// isSane holds a plan without a problem against what no plan may come to.
func isSane(t *testing.T, plan *Plan) {
	t.Helper()
	s := plan.Settle
	times := []time.Duration{s.Default, s.Return, s.Stable, s.Poll}
	for _, d := range slices.AppendSeq(times, maps.Values(s.Roles)) {
		if d <= 0 || d > day {
			t.Fatalf("settle: %+v", s)
		}
	}
	gates := []Gate{plan.Gate}
	names := map[string]bool{}
	for _, w := range plan.Waves {
		if w.Name == "" || names[w.Name] || len(w.Hosts) == 0 {
			t.Fatalf("wave: %+v", w)
		}
		names[w.Name] = true
		gates = append(gates, w.Gate)
	}
	for _, g := range gates {
		if g.Quorum.N <= 0 || g.Quorum.Percent && g.Quorum.N > 100 || g.MaxRegressed.AtMost(7) < 0 {
			t.Fatalf("gate: %+v", g)
		}
	}
	for _, b := range plan.Budgets {
		if (b.At == "") == (b.For == 0) || b.For < 0 {
			t.Fatalf("budget: %+v", b)
		}
	}
	for _, d := range plan.Drift {
		if _, err := fact.ParseSeverity(d.Severity); err != nil {
			t.Fatal(err)
		}
	}
}
