package smb_test

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/host/winrm/auth"
	"postpatch/probes/lab"
	"postpatch/probes/lab/estate"
	"postpatch/probes/probetest"
	"postpatch/probes/smb"
)

const (
	user    = `CORP\probe`
	healthy = `
      smb:
        user: CORP\probe
        password: swordfish
        signing: required
        shares:
          SYSVOL: {'corp.test\Policies\GPT.INI': "[General]\r\nVersion=1\r\n"}
          NETLOGON: {}
`
)

func both() map[string]any {
	return map[string]any{"share": []string{"SYSVOL", "NETLOGON"}, "file": []string{"sysvol/corp.test/Policies/GPT.INI"}}
}

// start starts a lab whose host dc01.corp.test is as the YAML says.
func start(t *testing.T, dc string) probes.Target {
	t.Helper()
	e, err := estate.Parse("test", []byte("estate: ad\nrealm: CORP.TEST\nhosts:\n    dc01.corp.test:"+dc))
	if err != nil {
		t.Fatal(err)
	}
	l, err := lab.Start(t.Context(), e, lab.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Errorf("closing the lab: %v", err)
		}
	})
	target := probetest.Routed("dc01.corp.test", l.Routes())
	target.Roots = x509.NewCertPool()
	return with(target, user, "swordfish", l.Krb5Conf())
}

// with is the target with an account, of which nothing is known yet.
func with(t probes.Target, user, password, krb5Conf string) probes.Target {
	t.Accounts = &host.Accounts{}
	c := host.Credential{User: user, Password: host.NewSecret(password)}
	c.Prove = func(ctx context.Context, s host.Service) (host.Proof, error) {
		o := auth.Options{Method: s.Method, Credential: c, Krb5Conf: krb5Conf}
		if krb5Conf == "" {
			return nil, errors.New("there is no domain controller")
		}
		o.Credential.User = "probe@CORP.TEST"
		m, err := auth.New(o)
		if err != nil {
			return nil, err
		}
		made, used, err := m.New(ctx, auth.Peer{Host: s.Host, SPN: s.Name, Bare: s.Bare})
		if errors.Is(err, auth.ErrAccount) {
			err = errors.Join(host.ErrRefused, err)
		}
		return proof{made, used}, err
	}
	t.Credential = func(string) (host.Credential, error) { return c, nil }
	return t
}

type proof struct {
	auth.Context
	used auth.Used
}

func (p proof) Used() (mechanism, why string) { return p.used.Mechanism, p.used.Why }
func (proof) Ended(host.Shown)                {}
func (p proof) SessionKey() []byte            { return p.Context.(host.Keyed).SessionKey() }

func TestKind(t *testing.T) {
	for name, args := range map[string]map[string]any{"negotiation": nil, "shares": both()} {
		t.Run(name, func(t *testing.T) {
			probetest.Run(t, probetest.Suite{Kind: smb.Kind, Args: args, Healthy: func(t *testing.T) probes.Target {
				t.Helper()
				return start(t, healthy)
			}})
		})
	}
}

func TestReadings(t *testing.T) {
	readings, err := probetest.Observe(t, smb.Kind, start(t, healthy), both())
	if err != nil {
		t.Fatal(err)
	}
	const gpt = `sysvol\corp.test\Policies\GPT.INI`
	want := []string{
		"445 state=ready", "445 dialect=3.1.1", "445 signing=required", "445 encryption=AES-128-GCM", "445 dfs=true",
		"445 login=ok", "445 proved_by=Kerberos", "SYSVOL share=open", "NETLOGON share=open", gpt + " size=22",
		gpt + " sha256=e1c85577fee77b7535af5918de16479d5b38f08d7aadbf1b3613d275c7797920", gpt + " file=read",
	}
	if d := cmp.Diff(want, probetest.Texts(readings, "latency", "skew", "server", "login_time")); d != "" {
		t.Errorf("readings (-want +got):\n%s", d)
	}
}

// TestServers shows what becomes of a visit to servers with ways of their own.
func TestServers(t *testing.T) {
	const account = `user: CORP\probe, password: swordfish, shares: {a: {b.txt: hello}}`
	look := map[string]any{"share": []string{"a"}, "file": []string{`a\b.txt`}, "login": "ntlm"}
	for name, tt := range map[string]struct {
		dc   string
		args map[string]any
		want []string
		err  string
	}{
		"2.0.2": {
			"{smb: {dialect: 2.0.2, " + account + "}}", look,
			[]string{"445 dialect=2.0.2", "445 signing=offered", "445 encryption=none", "a share=open", `a\b.txt file=read`},
			"",
		},
		"2.1": {"{smb: {dialect: 2.1, signing: required, " + account + "}}", look, []string{"445 dialect=2.1", "a share=open"}, ""},
		"3.0": {
			"{smb: {dialect: 3.0, signing: required, " + account + "}}", look,
			[]string{"445 dialect=3.0", "445 encryption=AES-128-CCM", `a\b.txt file=read`},
			"",
		},
		"3.1.1 by NTLM": {"{smb: {" + account + "}}", look, []string{"445 proved_by=NTLM", `a\b.txt size=5`}, ""},
		"the cipher of today": {
			"{smb: {cipher: AES-256-GCM}}", nil, []string{"445 encryption=AES-256-GCM"}, "",
		},
		"no cipher":      {"{smb: {cipher: none}}", nil, []string{"445 encryption=none"}, ""},
		"a share less":   {`{smb: {user: CORP\probe, password: swordfish}}`, look, []string{"445 login=ok", "a share=missing", `a\b.txt file=missing`}, ""},
		"no folder":      {"{smb: {gone: [a], " + account + "}}", look, []string{"a share=missing"}, ""},
		"no right":       {"{smb: {denied: [a], " + account + "}}", look, []string{"a share=denied", `a\b.txt file=denied`}, ""},
		"a locked one":   {"{smb: {logon: locked out, " + account + "}}", look, []string{"445 login=refused"}, ""},
		"a broken trust": {"{smb: {logon: no trust, " + account + "}}", look, []string{"445 login=unavailable"}, ""},
		"a guest by NTLM": {
			"{smb: {logon: guest, signing: required, " + account + "}}", look, []string{"445 login=guest"}, "",
		},
		"a guest by Kerberos": {"{smb: {logon: guest, " + account + "}}", both(), []string{"445 login=guest"}, ""},
		"a server that knows no password": {
			"{smb: {logon: open, " + account + "}}", look, []string{"445 state=ready"}, "not show that it has verified",
		},
		"one that knows no ticket": {
			"{smb: {logon: open, " + account + "}}", both(), []string{"445 state=ready"}, "not show that it has verified",
		},
		"its own password is stale": {
			"{smb: {logon: stale key, " + account + "}}",
			both(),
			[]string{"445 login=unavailable", "445 reason=the server does not take the ticket: its own account's password, " +
				"or who has its SPN, is not what the domain knows (status C000006D)"},
			"",
		},
		"a broken trust, by Kerberos": {
			"{smb: {logon: no trust, " + account + "}}", both(), []string{"445 login=unavailable"}, "",
		},
		"a locked one, by Kerberos": {
			"{smb: {logon: locked out, " + account + "}}", both(), []string{"445 login=refused"}, "",
		},
		"NTLM switched off": {
			"{smb: {logon: no ntlm, " + account + "}}", look, []string{"445 login=unavailable"}, "",
		},
		"overloaded":       {"{smb: {fault: error}}", nil, []string{"445 state=unavailable"}, ""},
		"closes at once":   {"{smb: {fault: drop}}", nil, []string{"445 state=reset"}, ""},
		"does not listen":  {"{smb: {fault: refuse}}", nil, []string{"445 state=refused"}, ""},
		"another protocol": {"{smb: {fault: garbage}}", nil, nil, "none of SMB 2"},
	} {
		t.Run(name, func(t *testing.T) {
			readings, err := probetest.Observe(t, smb.Kind, start(t, " "+tt.dc+"\n"), tt.args)
			got := probetest.Texts(readings)
			for _, want := range tt.want {
				if !slices.Contains(got, want) {
					t.Errorf("no %q in %q, %v", want, got, err)
				}
			}
			if (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
				t.Errorf("the error is %v, want %q", err, tt.err)
			}
		})
	}
}

// A wrong password is shown once.
// An account's name is read as WinRM's sessions read it.
func TestNamesOfAccounts(t *testing.T) {
	own := strings.Replace(healthy, `CORP\probe`, `.\probe`, 1)
	for name, tt := range map[string]struct{ dc, user, login string }{
		"of a domain":              {healthy, `CORP\probe`, "ok"},
		"of the domain's DNS":      {healthy, `corp.test\probe`, "ok"},
		"with a suffix":            {healthy, "probe@corp.test", "ok"},
		"of no domain":             {healthy, "probe", "ok"},
		"the server's own":         {own, `.\probe`, "ok"},
		"of another's domain":      {own, `CORP\probe`, "refused"},
		"not the server's, but so": {healthy, `.\probe`, "refused"},
	} {
		t.Run(name, func(t *testing.T) {
			args := both()
			args["login"] = "ntlm"
			readings, err := probetest.Observe(t, smb.Kind, with(start(t, tt.dc), tt.user, "swordfish", ""), args)
			if want := "445 login=" + tt.login; err != nil || !slices.Contains(probetest.Texts(readings), want) {
				t.Errorf("want %q, got %q, %v", want, probetest.Texts(readings), err)
			}
		})
	}
}

func TestWrongPassword(t *testing.T) {
	target := with(start(t, healthy), user, "wrong", "")
	for range 2 {
		readings, err := probetest.Observe(t, smb.Kind, target, both())
		if got := probetest.Texts(readings); err != nil || !slices.Contains(got, "445 login=refused") {
			t.Errorf("got %q, %v", got, err)
		}
	}
	if at := target.Accounts.Refusals(host.Credential{User: user, Password: host.NewSecret("wrong")}); len(at) != 1 {
		t.Errorf("it was refused by %q", at)
	}
}

func TestRefuses(t *testing.T) {
	probetest.Refuses(t, smb.Kind, map[string]map[string]any{
		"port":  {"port": 0},
		"login": {"login": "basic"},
		"share": {"share": []string{`a\b`}},
		"file":  {"file": []string{`a\..\b`}},
	})
}

// TestLed shows that no proof by NTLM goes to where a suite leads.
func TestLed(t *testing.T) {
	target := start(t, healthy)
	noTickets := with(target, user, "swordfish", "")
	dial := target.Dial
	for name, tt := range map[string]struct {
		from  probes.Target
		login string
		want  string // a reading, or words of the error
	}{
		"NTLM":                       {target, "ntlm", "NTLM would show"},
		"Kerberos":                   {target, "kerberos", "445 login=ok"},
		"negotiate with a ticket":    {target, "negotiate", "445 proved_by=Kerberos"},
		"negotiate without a ticket": {noTickets, "negotiate", "NTLM would show"},
	} {
		t.Run(name, func(t *testing.T) {
			led := tt.from
			led.Address = "203.0.113.6"
			led.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
				return dial(ctx, network, strings.Replace(address, led.Address, led.Host, 1))
			}
			readings, err := probetest.Observe(t, smb.Kind, led, map[string]any{"share": []string{"SYSVOL"}, "login": tt.login})
			got := probetest.Texts(readings)
			if err != nil {
				got = append(got, err.Error())
			}
			if !strings.Contains(strings.Join(got, "\n"), tt.want) || err != nil && !errors.Is(err, probes.ErrNotTried) {
				t.Errorf("no %q in %q", tt.want, got)
			}
		})
	}
}

// TestNotShown shows that servers that decline before they have seen a proof do not count: the
// account goes on to others.
func TestNotShown(t *testing.T) {
	target := start(t, " {smb: {logon: no ntlm}}\n")
	for i := range 5 {
		target.Host = fmt.Sprintf("fs%02d.corp.test", i)
		dial := target.Dial
		target.Address = target.Host
		at := target
		at.Dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
			return dial(ctx, network, "dc01.corp.test:445")
		}
		readings, err := probetest.Observe(t, smb.Kind, at, map[string]any{"share": []string{"a"}, "login": "ntlm"})
		if got := probetest.Texts(readings); err != nil || !slices.Contains(got, "445 login=unavailable") {
			t.Errorf("%s: %q, %v", target.Host, got, err)
		}
	}
}

// TestGuest shows that a wrong password that makes a guest is shown to nobody else.
func TestGuest(t *testing.T) {
	target := with(start(t, ` {smb: {logon: guest, user: CORP\probe, password: swordfish}}`+"\n"), user, "wrong", "")
	readings, err := probetest.Observe(t, smb.Kind, target, map[string]any{"share": []string{"a"}})
	if got := probetest.Texts(readings); err != nil || !slices.Contains(got, "445 login=guest") {
		t.Errorf("got %q, %v", got, err)
	}
	if at := target.Accounts.Refusals(host.Credential{User: user, Password: host.NewSecret("wrong")}); len(at) != 1 {
		t.Errorf("it was refused by %q", at)
	}
}

// TestManyFiles reads more than all files together once could be: one file, by many spellings.
func TestManyFiles(t *testing.T) {
	dc := ` {smb: {dialect: 2.1, user: CORP\probe, password: swordfish, shares: {a: {aaaaaa: "` +
		strings.Repeat("x", 1<<20) + "\"}}}}\n"
	var files []string
	for i := range 40 {
		name := []byte("aaaaaa")
		for bit := range name {
			name[bit] -= byte(i>>bit&1) * ('a' - 'A')
		}
		files = append(files, `a\`+string(name))
	}
	readings, err := probetest.Observe(t, smb.Kind, start(t, dc), map[string]any{"file": files, "login": "ntlm"})
	if got := probetest.Texts(readings); err != nil || !slices.Contains(got, files[39]+" file=read") {
		t.Errorf("got %d readings, %v", len(got), err)
	}
}

// TestSkew has a server whose clock is ten minutes off.
func TestSkew(t *testing.T) {
	readings, err := probetest.Observe(t, smb.Kind, start(t, " {os: {clock: 10m}, smb: {}}\n"), nil)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(readings, func(r fact.Reading) bool { return r.Key.Name == "skew" })
	if i < 0 || time.Duration(readings[i].Value.(fact.Duration)).Round(time.Minute) != 10*time.Minute {
		t.Errorf("it reads %q", probetest.Texts(readings))
	}
}
