package lab_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"postpatch/probes/host"
	"postpatch/probes/host/winrm"
	"postpatch/probes/host/winrm/auth"
	"postpatch/probes/lab"
	"postpatch/probes/lab/estate"
)

const domain = `
estate: lab-ways-test
realm: CORP.TEST
hosts:
  ex01.corp.test:
    profile: windows-server-2022
    winrm: {user: 'CORP\probe', password: pw, http: true, tls: true, certificate: true, cbt: strict}
    powershell:
      Microsoft.Exchange:
        path: /PowerShell/
        cmdlets: {Test-ServiceHealth: {rows: [{Role: Mailbox, RequiredServicesRunning: true}]}}
states: {before: {}}
`

func startDomain(t *testing.T, text string) *lab.Lab {
	t.Helper()
	e, err := estate.Parse("test.estate.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	l, err := lab.Start(t.Context(), e, lab.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// in makes a session's options for the domain's host.
func in(t *testing.T, l *lab.Lab, change func(*winrm.Options)) winrm.Options {
	t.Helper()
	logins := auth.NewLogins()
	logins.Expect(1)
	t.Cleanup(logins.Close)
	o := winrm.Options{
		Host: "ex01.corp.test", CA: l.CA(), Dial: l.Routes().Dial, Krb5Conf: l.Krb5Conf(), Logins: logins,
		Credential: host.Credential{User: "probe@corp.test", Password: host.NewSecret("pw")},
	}
	change(&o)
	return o
}

func boot() host.WQL {
	return host.WQL{Class: "Win32_OperatingSystem", Columns: []string{"LastBootUpTime", "CSName"}}
}

func ubr() host.Collector {
	return host.Collector{Name: "registry", Args: map[string][]string{
		"key": {`HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion`}, "values": {"UBR"},
	}}
}

// TestEveryWayIn takes each way into a host that there is, and counts what it
// costs: a proof costs one request beside the messages, and where a domain counts
// wrong passwords the first one for an account costs two.
func TestEveryWayIn(t *testing.T) {
	l := startDomain(t, domain)
	certificate, key, err := l.ClientCertificate("probe")
	if err != nil {
		t.Fatal(err)
	}
	ccache, err := l.KDC().CCache("probe", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	secret := func(b []byte) host.Secret { return host.NewSecret(string(b)) }
	for name, c := range map[string]struct {
		change    func(*winrm.Options)
		mechanism string
		how       string
		extra     int // requests beside the messages
	}{
		"Kerberos":        {func(o *winrm.Options) { o.Auth = winrm.Kerberos }, "Kerberos", "WinRM by Kerberos, sealed", 1},
		"Kerberos in TLS": {func(o *winrm.Options) { o.Auth, o.TLS = winrm.Kerberos, true }, "Kerberos", "WinRM by Kerberos in TLS", 1},
		"Kerberos with a keytab": {func(o *winrm.Options) {
			o.Credential = host.Credential{User: "probe@corp.test", Keytab: secret(l.KDC().Keytab("probe"))}
		}, "Kerberos", "WinRM by Kerberos, sealed", 1},
		"Kerberos with a credential cache": {func(o *winrm.Options) {
			o.Credential = host.Credential{CCache: secret(ccache)}
		}, "Kerberos", "WinRM by Kerberos, sealed", 1},
		"NTLM":            {func(o *winrm.Options) { o.Auth = winrm.NTLM }, "NTLM", "WinRM by NTLM, sealed", 1},
		"NTLM in TLS":     {func(o *winrm.Options) { o.Auth, o.TLS = winrm.NTLM, true }, "NTLM", "WinRM by NTLM in TLS", 1},
		"what can be had": {func(*winrm.Options) {}, "Kerberos", "WinRM by Kerberos, sealed", 1},
		"what can be had for an account of the host": {func(o *winrm.Options) {
			o.Credential.User, o.Krb5Conf = "probe", ""
		}, "NTLM", "WinRM by NTLM, sealed: ", 1},
		"what can be had without a KDC": {func(o *winrm.Options) {
			o.Krb5Conf = strings.ReplaceAll(o.Krb5Conf, "kdc = 127.0.0.1:", "kdc = 127.0.0.1:1 #")
		}, "NTLM", "WinRM by NTLM, sealed: ", 1},
		"Basic in TLS": {func(o *winrm.Options) {
			o.Auth, o.TLS, o.Credential.User = winrm.Basic, true, `CORP\probe`
		}, "Basic", "WinRM by Basic in TLS", 0},
		"a certificate": {func(o *winrm.Options) {
			o.TLS, o.Credential = true, host.Credential{Certificate: certificate, Key: secret(key)}
		}, "Certificate", "WinRM by certificate in TLS", 0},
	} {
		t.Run(name, func(t *testing.T) {
			before := l.Stats("ex01.corp.test").WinRM
			s, err := winrm.Open(t.Context(), in(t, l, c.change))
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = s.Close(context.WithoutCancel(t.Context())) }()
			got, err := s.Ask(t.Context(), []host.Question{boot(), ubr()})
			if err != nil {
				t.Fatal(err)
			}
			for _, q := range []host.Question{boot(), ubr()} {
				if rows, err := got.To(q); err != nil || len(rows) != 1 {
					t.Errorf("%s: %d rows, error %v", q, len(rows), err)
				}
			}
			if how := s.How(); !strings.HasPrefix(how, c.how) || strings.HasSuffix(c.how, ": ") == (how == c.how) {
				t.Errorf("it says %q, want %q", how, c.how)
			}
			now := l.Stats("ex01.corp.test").WinRM
			messages := 0
			for verb, n := range now.Messages {
				messages += n - before.Messages[verb]
			}
			if messages > 6 || now.Requests-before.Requests != messages+c.extra || now.Connections-before.Connections != 1 {
				t.Errorf("%d messages in %d requests on %d connections", messages, now.Requests-before.Requests,
					now.Connections-before.Connections)
			}
			if now.Auth[c.mechanism] == before.Auth[c.mechanism] || now.Refused != before.Refused || now.Shells != 0 {
				t.Errorf("authenticated %v, refused %d, shells %d", now.Auth, now.Refused-before.Refused, now.Shells)
			}
			if sealed := strings.Contains(c.how, "sealed"); sealed != (now.Sealed > before.Sealed) {
				t.Errorf("%d sealed messages", now.Sealed-before.Sealed)
			}
		})
	}
}

// TestWaysThatAreShut says of each why.
func TestWaysThatAreShut(t *testing.T) {
	l := startDomain(t, domain)
	expired, err := l.KDC().CCache("probe", -time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		change func(*winrm.Options)
		want   string
		asked  int // how often the host, or the KDC, was shown a wrong account
	}{
		"a wrong password, by what can be had": {func(o *winrm.Options) {
			o.Credential.Password = host.NewSecret("wr0ng")
		}, "password", 0},
		"a wrong password, by NTLM": {func(o *winrm.Options) {
			o.Auth, o.Credential.Password = winrm.NTLM, host.NewSecret("wr0ng")
		}, `the user "probe@corp.test" was refused by NTLM`, 1},
		"a user that is not there": {func(o *winrm.Options) {
			o.Auth, o.Credential.User = winrm.Kerberos, "nobody@corp.test"
		}, "nobody", 0},
		"another machine's name": {func(o *winrm.Options) {
			o.Auth, o.SPN = winrm.Kerberos, "HTTP/ex02.corp.test"
		}, "HTTP/ex02.corp.test", 0},
		"an expired ticket": {func(o *winrm.Options) {
			o.Credential = host.Credential{CCache: host.NewSecret(string(expired))}
		}, "expired", 0},
		"Basic where it is not taken": {func(o *winrm.Options) {
			o.Auth, o.AllowPlain, o.Credential.User = winrm.Basic, true, "probe"
		}, "does not take Basic", 0},
	} {
		t.Run(name, func(t *testing.T) {
			before := l.Stats("ex01.corp.test").WinRM
			s, err := winrm.Open(t.Context(), in(t, l, c.change))
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = s.Close(context.WithoutCancel(t.Context())) }()
			_, err = s.Ask(t.Context(), []host.Question{boot(), ubr()})
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "wr0ng") ||
				errors.Is(err, host.ErrNoAnswer) {
				t.Errorf("%v, want it to speak of %q", err, c.want)
			}
			now := l.Stats("ex01.corp.test").WinRM
			if n := now.Refused - before.Refused; n != c.asked && c.want != "does not take Basic" {
				t.Errorf("%d logons were refused, want %d", n, c.asked)
			}
			t.Log(err)
		})
	}
	if asked := l.KDC().Asked(); asked["refused 24"] != 1 {
		t.Errorf("the KDC saw %v, want one wrong password", fmt.Sprint(asked))
	}
}

// TestExchangesEndpoint goes to the web server of the host, by Kerberos.
func TestExchangesEndpoint(t *testing.T) {
	l := startDomain(t, domain)
	ask := host.Cmdlet{
		Endpoint: "Microsoft.Exchange", Name: "Test-ServiceHealth", Properties: []string{"Role", "RequiredServicesRunning"},
	}
	for _, useTLS := range []bool{false, true} {
		s, err := winrm.Open(t.Context(), in(t, l, func(o *winrm.Options) { o.TLS = useTLS }))
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.Ask(t.Context(), []host.Question{ask, boot()})
		if err != nil {
			t.Fatal(err)
		}
		rows, err := got.To(ask)
		if err != nil || len(rows) != 1 || rows[0].Get("RequiredServicesRunning").Text != "true" {
			t.Errorf("TLS %t: %v, error %v", useTLS, rows, err)
		}
		if err := s.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if stats := l.Stats("ex01.corp.test").WinRM; stats.Pools != 0 || stats.Auth["Kerberos"] != 4 {
		t.Errorf("%+v", stats)
	}
}
