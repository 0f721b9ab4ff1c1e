package sql

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"strings"
	"testing"

	"postpatch/probes"
	"postpatch/probes/host"
	"postpatch/probes/host/winrm/auth"
	"postpatch/probes/lab"
	"postpatch/probes/lab/estate"
)

const domain = `estate: sql
realm: CORP.TEST
hosts:
  sql01.corp.test:
    os: {domain: corp.test}
    sql:
      user: probe
      password: Pr0be!
      version: 16.0.4165.4
      token: ey.lab
      started: 2026-11-20T03:12:44Z
      windows: {user: 'CORP\probe', password: 'Pa55 word', PROTECTION}
      MORE
states:
  whole: {}
  lost: {sql01.corp.test: {sql: {windows: {lost_spn: true}}}}
  stranger: {sql01.corp.test: {sql: {windows: {no_login: true}}}}
`

// corp is a domain with an instance of SQL Server.
type corp struct {
	*lab.Lab
	roots *x509.CertPool
}

func startCorp(t *testing.T, protection, more string) corp {
	t.Helper()
	text := strings.NewReplacer("PROTECTION", protection, "MORE", more).Replace(domain)
	e, err := estate.Parse("sql.estate.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	l, err := lab.Start(t.Context(), e, lab.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(l.CA())
	return corp{l, roots}
}

// proof is an account's, as the operator's door wires it.
type proof struct {
	auth.Context

	used  auth.Used
	ended *host.Shown
}

func (p proof) Used() (string, string) { return p.used.Mechanism, p.used.Why }
func (p proof) Ended(e host.Shown)     { *p.ended = e }

// enter asks the instance as an account, and returns what was read and what became of it.
func (c corp) enter(t *testing.T, o auth.Options, way host.SQLWay) (map[string]string, host.Shown, error) {
	t.Helper()
	ended := host.Shown(-1)
	o.Krb5Conf = c.Krb5Conf()
	way.Prove = func(ctx context.Context, s host.SQLService) (host.Proof, error) {
		m, err := auth.New(o)
		if err != nil {
			return nil, err
		}
		made, used, err := m.New(ctx, auth.Peer{Host: s.Host, SPN: s.SPN, Bindings: s.Bindings})
		return proof{made, used, &ended}, err
	}
	read, err := c.read(t, host.Credential{SQL: way})
	return read, ended, err
}

func (c corp) read(t *testing.T, credential host.Credential) (map[string]string, error) {
	t.Helper()
	observed, err := build(t, nil).Observe(t.Context(), probes.Target{
		Host: "sql01.corp.test", Address: "sql01.corp.test", Accounts: &host.Accounts{},
		Dial: c.Routes().Dial, Roots: c.roots,
		Credential: func(string) (host.Credential, error) { return credential, nil },
	})
	return readings(observed), err
}

func account(password string) host.Credential {
	return host.Credential{User: `CORP\probe`, Password: host.NewSecret(password)}
}

// Both ways get in where the server wants the proof bound to the TLS below it, in every way
// of encryption, and the server says which one it was.
func TestWindowsAccounts(t *testing.T) {
	for _, protection := range []string{"", "protection: allowed", "protection: required"} {
		c := startCorp(t, protection, "")
		keytab := c.KDC().Keytab("probe")
		cache, err := c.KDC().CCache("probe", 3600e9)
		if err != nil {
			t.Fatal(err)
		}
		for name, test := range map[string]struct {
			o      auth.Options
			way    host.SQLWay
			scheme string
		}{
			"negotiate":           {o: auth.Options{Credential: account("Pa55 word")}, scheme: "KERBEROS"},
			"kerberos":            {o: auth.Options{Method: "kerberos", Credential: account("Pa55 word")}, scheme: "KERBEROS"},
			"ntlm":                {o: auth.Options{Method: "ntlm", Credential: account("Pa55 word")}, scheme: "NTLM"},
			"ntlm, login alone":   {o: auth.Options{Method: "ntlm", Credential: account("Pa55 word")}, way: host.SQLWay{Encrypt: "false"}, scheme: "NTLM"},
			"kerberos, the login": {o: auth.Options{Credential: account("Pa55 word")}, way: host.SQLWay{Encrypt: "false"}, scheme: "KERBEROS"},
			"a keytab": {
				o:      auth.Options{Credential: host.Credential{User: "probe@CORP.TEST", Keytab: host.NewSecret(string(keytab))}},
				scheme: "KERBEROS",
			},
			"a ticket cache": {
				o: auth.Options{Credential: host.Credential{CCache: host.NewSecret(string(cache))}}, scheme: "KERBEROS",
			},
		} {
			t.Run(protection+" "+name, func(t *testing.T) {
				got, ended, err := c.enter(t, test.o, test.way)
				if err != nil || got[" login"] != "ok" || got[" auth_scheme"] != test.scheme || ended != host.Taken {
					t.Errorf("login %q by %q, ended %d, %v; want %s", got[" login"], got[" auth_scheme"], ended, err, test.scheme)
				}
			})
		}
	}
}

// Extended Protection refuses who does not bind the proof: a client that can, and does not.
func TestExtendedProtectionRefusesTheUnbound(t *testing.T) {
	for protection, want := range map[string]string{"protection: required": "failed 18452", "protection: allowed": "ok"} {
		c := startCorp(t, protection, "")
		for _, method := range []string{"kerberos", "ntlm"} {
			o := auth.Options{Method: method, Credential: account("Pa55 word")}
			got, _, err := c.enter(t, o, host.SQLWay{Unbound: true})
			if got[" login"] != want || err != nil {
				t.Errorf("%s, %s: %q, %v; want %s", protection, method, got[" login"], err, want)
			}
		}
	}
}

// Where the name of the instance is lost, Kerberos is not to be had, and the reading changes:
// that is how the loss shows.
func TestALostSPNIsAFallToNTLM(t *testing.T) {
	c := startCorp(t, "", "")
	o := auth.Options{Credential: account("Pa55 word")}
	before, _, err := c.enter(t, o, host.SQLWay{})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Switch("lost"); err != nil {
		t.Fatal(err)
	}
	after, _, err := c.enter(t, o, host.SQLWay{})
	if err != nil {
		t.Fatal(err)
	}
	if before[" auth_scheme"] != "KERBEROS" || after[" auth_scheme"] != "NTLM" || after[" login"] != "ok" {
		t.Errorf("%q, then %q", before[" auth_scheme"], after[" auth_scheme"])
	}
	if want := `the KDC knows no service "MSSQLSvc/sql01.corp.test:1433"`; !strings.Contains(after[" login_note"], want) {
		t.Errorf("the note is %q, want %q in it", after[" login_note"], want)
	}
	o.Method = "kerberos"
	_, _, err = c.enter(t, o, host.SQLWay{})
	if !errors.Is(err, probes.ErrNotTried) || !strings.Contains(err.Error(), "setspn -L") {
		t.Errorf("kerberos alone: %v", err)
	}
	spec, _ := Kind.Reading("auth_scheme")
	if spec.Rule.Op != 0 || spec.Severity.String() != "fail" {
		t.Errorf("auth_scheme is compared by %v, and a change is a %s", spec.Rule, spec.Severity)
	}
}

func TestRefusedWindowsAccounts(t *testing.T) {
	c := startCorp(t, "", "")
	ntlm := auth.Options{Method: "ntlm", Credential: account("guess")}
	got, ended, err := c.enter(t, ntlm, host.SQLWay{})
	if got[" login"] != "failed 18452" || ended != host.Refused || err != nil {
		t.Errorf("a wrong password by NTLM: %v, %d, %v", got, ended, err)
	}
	_, _, err = c.enter(t, auth.Options{Credential: account("guess")}, host.SQLWay{})
	if !errors.Is(err, auth.ErrAccount) || !errors.Is(err, probes.ErrNotTried) {
		t.Errorf("a wrong password by Kerberos: %v", err)
	}
	if err := c.Switch("stranger"); err != nil {
		t.Fatal(err)
	}
	for _, method := range []string{"kerberos", "ntlm"} {
		o := auth.Options{Method: method, Credential: account("Pa55 word")}
		got, ended, err := c.enter(t, o, host.SQLWay{})
		if got[" login"] != "failed 18456" || ended != host.Refused || err != nil {
			t.Errorf("no login for it, by %s: %v, %d, %v", method, got, ended, err)
		}
	}
}

func TestTokens(t *testing.T) {
	c := startCorp(t, "", "")
	for token, want := range map[string]string{"ey.lab": "ok", "ey.other": "failed 18456"} {
		asked := ""
		way := host.SQLWay{Entra: func(_ context.Context, server string) (host.Secret, error) {
			asked = server
			return host.NewSecret(token), nil
		}}
		got, err := c.read(t, host.Credential{SQL: way})
		if got[" login"] != want || err != nil || asked != "sql01.corp.test" {
			t.Errorf("token %s for %q: %q, %v; want %s", token, asked, got[" login"], err, want)
		}
	}
	asked := false
	way := host.SQLWay{Pin: make([]byte, 32), Entra: func(context.Context, string) (host.Secret, error) {
		asked = true
		return host.NewSecret("ey.lab"), nil
	}}
	if got, err := c.read(t, host.Credential{SQL: way}); got[" login"] != "certificate refused" || err != nil || asked {
		t.Errorf("a server that is not the one: %v, %v, a token was got: %t", got, err, asked)
	}
	way = host.SQLWay{Entra: func(context.Context, string) (host.Secret, error) {
		return host.Secret{}, errors.New("no such tenant")
	}}
	_, err := c.read(t, host.Credential{SQL: way})
	if !errors.Is(err, probes.ErrNotTried) || !strings.Contains(err.Error(), "no such tenant") {
		t.Errorf("no token: %v", err)
	}
}

// What a server too old for TLS 1.2 wants is given by the operator's word alone.
func TestOldServers(t *testing.T) {
	sa := host.Credential{User: "probe", Password: host.NewSecret("Pr0be!")}
	for name, test := range map[string]struct {
		more  string
		min   uint16
		login string
		tls   string
	}{
		"TLS 1.0, not allowed":        {"wire: {newest: '1.0'}", 0, "", ""},
		"TLS 1.0":                     {"wire: {newest: '1.0'}", tls.VersionTLS10, "ok", "TLS 1.0"},
		"TLS 1.0 by RSA":              {"wire: {newest: '1.0', rsa_key_exchange: true}\n      tls: {rsa: true}", tls.VersionTLS10, "ok", "TLS 1.0"},
		"TLS 1.1":                     {"wire: {newest: '1.1'}", tls.VersionTLS11, "ok", "TLS 1.1"},
		"TLS 1.2 by RSA":              {"wire: {rsa_key_exchange: true}\n      tls: {rsa: true}", tls.VersionTLS10, "ok", "TLS 1.2"},
		"TLS 1.2 by RSA, not allowed": {"wire: {rsa_key_exchange: true}\n      tls: {rsa: true}", 0, "", ""},
		"its own certificate":         {"tls: {self_signed: true, negative_serial: true}", 0, "certificate refused", ""},
		"an expired certificate":      {"tls: {expires: -24h}", 0, "certificate refused", ""},
		"another's certificate":       {"tls: {names: [sql02.corp.test]}", 0, "certificate refused", ""},
		"a negative serial":           {"tls: {negative_serial: true}", 0, "ok", "TLS 1.2"},
		"a negative serial, RSA":      {"tls: {negative_serial: true, rsa: true}", 0, "ok", "TLS 1.2"},
	} {
		t.Run(name, func(t *testing.T) {
			c := startCorp(t, "", test.more)
			sa.SQL = host.SQLWay{TLSMin: test.min}
			got, err := c.read(t, sa)
			if got[" login"] != test.login || got[" encryption"] != test.tls || (err != nil) != (test.login == "") {
				t.Errorf("login %q over %q, %v; want %q over %q", got[" login"], got[" encryption"], err, test.login, test.tls)
			}
		})
	}
}

// A server of before 2022 knows no TDS 8.
func TestStrictIsFrom2022On(t *testing.T) {
	sa := host.Credential{User: "probe", Password: host.NewSecret("Pr0be!"), SQL: host.SQLWay{Encrypt: "strict"}}
	got, err := startCorp(t, "", "").read(t, sa)
	if got[" login"] != "ok" || got[" encryption"] != "TLS 1.3" || err != nil {
		t.Errorf("2022: %v, %v", got, err)
	}
	cert := selfSigned(t, 7)
	s := serve(t, changed(func(s *estate.SQL) { s.Version = "15.0.4430.1" }), cert)
	_, err = build(t, nil).Observe(t.Context(), s.by(host.SQLWay{Encrypt: "strict", Pin: pinOf(cert)}))
	if err == nil || !strings.Contains(err.Error(), "it closed the connection") {
		t.Errorf("2019: %v", err)
	}
}
