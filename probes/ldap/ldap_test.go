package ldap_test

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/host/winrm/auth"
	"postpatch/probes/lab"
	"postpatch/probes/lab/estate"
	"postpatch/probes/ldap"
	"postpatch/probes/probetest"
)

const (
	user    = `CORP\probe`
	healthy = `
      os: {domain: corp.test}
      ldap:
        ports: [389, 636, 3268, 3269]
        tls: {}
        user: CORP\probe
        password: swordfish
        binding: required
        entries:
          "CN=WEB01,OU=Servers,DC=corp,DC=test":
            {objectClass: [computer], sAMAccountName: [WEB01$], memberOf: ["CN=b", "CN=a"], uSNChanged: ["12"]}
          "CN=WEB02,OU=Servers,DC=corp,DC=test": {objectClass: [computer], sAMAccountName: [WEB02$]}
`
)

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
	target.Roots.AppendCertsFromPEM(l.CA())
	return with(target, user, "swordfish", l.Krb5Conf())
}

// with is the target with an account, of which nothing is known yet.
func with(t probes.Target, user, password, krb5Conf string) probes.Target {
	t.Accounts = &host.Accounts{}
	c := host.Credential{User: user, Password: host.NewSecret(password)}
	c.Prove = func(ctx context.Context, s host.Service) (host.Proof, error) {
		o := auth.Options{Method: s.Method, Credential: c, Krb5Conf: krb5Conf}
		if krb5Conf != "" && s.Method != "ntlm" {
			o.Credential.User = "probe@CORP.TEST"
		}
		m, err := auth.New(o)
		if err != nil {
			return nil, err
		}
		made, used, err := m.New(ctx, auth.Peer{Host: s.Host, SPN: s.Name, Bindings: s.Bindings, Unsealed: s.Unsealed})
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

func TestKind(t *testing.T) {
	for name, args := range map[string]map[string]any{
		"rootDSE": {"port": []int{389, 636}},
		"a bind and a search": {
			"bind": "ntlm", "filter": "(objectClass=computer)", "key": "sAMAccountName", "attributes": []string{"memberOf"},
		},
		"StartTLS": {"starttls": true, "bind": "simple"},
	} {
		t.Run(name, func(t *testing.T) {
			probetest.Run(t, probetest.Suite{Kind: ldap.Kind, Args: args, Healthy: func(t *testing.T) probes.Target {
				t.Helper()
				return start(t, healthy)
			}})
		})
	}
}

func TestReadings(t *testing.T) {
	readings, err := probetest.Observe(t, ldap.Kind, start(t, healthy), map[string]any{"port": []int{636}})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"636 tls=TLS 1.3", "636 certificate=valid", "636 state=ready", "636 synchronized=true", "636 global_catalog=true",
		"636 dns_host=dc01.corp.test", "636 domain=DC=corp,DC=test", "636 site=Default-First-Site-Name", "636 domain_level=7",
		"636 forest_level=7", "636 dc_level=7", "636 usn=20518", "636 contexts=CN=Configuration,DC=corp,DC=test, " +
			"CN=Schema,CN=Configuration,DC=corp,DC=test, DC=DomainDnsZones,DC=corp,DC=test, " +
			"DC=ForestDnsZones,DC=corp,DC=test, DC=corp,DC=test",
		"636 mechanisms=DIGEST-MD5, EXTERNAL, GSS-SPNEGO, GSSAPI",
	}
	if d := cmp.Diff(want, probetest.Texts(readings, "latency", "skew", "cert_days", "cert_subject", "cert_issuer",
		"cert_serial")); d != "" {
		t.Errorf("readings (-want +got):\n%s", d)
	}
}

// TestBinds holds all ways to bind against a directory that wants its channel bindings.
func TestBinds(t *testing.T) {
	target := start(t, healthy)
	for name, tt := range map[string]struct {
		args map[string]any
		want []string
	}{
		"simple":                    {map[string]any{"port": []int{636}, "bind": "simple"}, []string{"636 bind=ok", "636 bound_by=simple"}},
		"simple, by StartTLS":       {map[string]any{"starttls": true, "bind": "simple"}, []string{"389 bind=ok", "389 starttls=offered"}},
		"NTLM, sealed":              {map[string]any{"bind": "ntlm"}, []string{"389 bind=ok", "389 bound_by=NTLM"}},
		"NTLM, bound to TLS":        {map[string]any{"port": []int{636}, "bind": "ntlm"}, []string{"636 bind=ok", "636 bound_by=NTLM"}},
		"Kerberos, sealed":          {map[string]any{"bind": "kerberos"}, []string{"389 bind=ok", "389 bound_by=Kerberos"}},
		"Kerberos, bound to TLS":    {map[string]any{"port": []int{3269}, "bind": "kerberos"}, []string{"3269 bind=ok"}},
		"the best that there is":    {map[string]any{"bind": "negotiate"}, []string{"389 bound_by=Kerberos"}},
		"a search within the seal":  {map[string]any{"bind": "kerberos", "filter": "(cn=*)"}, []string{"389 entries=0"}},
		"a search within NTLM's":    {map[string]any{"bind": "ntlm", "filter": "(sAMAccountName=web0*)"}, []string{"389 entries=2"}},
		"a search below another OU": {map[string]any{"bind": "ntlm", "filter": "(a=b)", "base": "OU=Servers,DC=corp,DC=test", "scope": "one"}, []string{"389 entries=0"}},
	} {
		t.Run(name, func(t *testing.T) {
			readings, err := probetest.Observe(t, ldap.Kind, target, tt.args)
			got := probetest.Texts(readings)
			for _, want := range tt.want {
				if err != nil || !slices.Contains(got, want) {
					t.Errorf("no %q in %q, %v", want, got, err)
				}
			}
		})
	}
}

func TestSearch(t *testing.T) {
	readings, err := probetest.Observe(t, ldap.Kind, start(t, healthy), map[string]any{
		"bind": "negotiate", "filter": "(&(objectClass=computer)(!(sAMAccountName=x*)))", "key": "sAMAccountName",
		"attributes": []string{"memberOf", "uSNChanged"},
	})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, text := range probetest.Texts(readings) {
		if strings.HasPrefix(text, "entry/") {
			got = append(got, text)
		}
	}
	want := []string{
		"entry/WEB01$ present=true", "entry/WEB01$/memberOf value=CN=a, CN=b", "entry/WEB01$/uSNChanged value=12",
		"entry/WEB01$/uSNChanged number=12", "entry/WEB02$ present=true", "entry/WEB02$/memberOf value=none",
		"entry/WEB02$/uSNChanged value=none",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("entries (-want +got):\n%s", d)
	}
}

// TestMuch shows that no change hides behind what is too much to be shown.
func TestMuch(t *testing.T) {
	args := map[string]any{
		"bind": "ntlm", "filter": "(cn=a)", "key": "cn", "attributes": []string{"info", "member", "photo"},
	}
	look := func(entries string) (string, error) {
		target := start(t, " {ldap: {user: CORP\\probe, password: swordfish, entries: {"+entries+"}}}\n")
		readings, err := probetest.Observe(t, ldap.Kind, target, args)
		return strings.Join(probetest.Texts(readings, "latency", "skew", "bind_time"), "\n"), err
	}
	a := func(attribute, value string) string {
		return `"CN=a,DC=corp,DC=test": {cn: [a], ` + attribute + `: [` + value + `]}`
	}
	long := strings.Repeat("a", 2100)
	for name, tt := range map[string][2]string{
		"a long text":   {a("info", long), a("info", long+"b")},
		"a long binary": {a("photo", `"\0`+long+`"`), a("photo", `"\0`+long+`b"`)},
	} {
		before, err := look(tt[0])
		after, errAfter := look(tt[1])
		if before == after || err != nil || errAfter != nil || !strings.Contains(before, "sha256:") {
			t.Errorf("%s: %.300s, %.300s: %v, %v", name, before, after, err, errAfter)
		}
	}
	got, err := look(a("member", strings.Repeat("CN=x, ", 1501)))
	if err == nil || !strings.Contains(err.Error(), "more values") {
		t.Errorf("many values: %.500s, %v", got, err)
	}
	var many strings.Builder
	for i := range 502 {
		fmt.Fprintf(&many, `"CN=%d,DC=corp,DC=test": {cn: [a]}, `, i)
	}
	if got, err := look(many.String()); err == nil || !strings.Contains(err.Error(), "narrower filter") {
		t.Errorf("many entries: %.500s, %v", got, err)
	}
}

// TestDirectories shows what becomes of a visit to directories with ways of their own.
func TestDirectories(t *testing.T) {
	const account = "user: CORP\\probe, password: swordfish"
	for name, tt := range map[string]struct {
		dc   string
		args map[string]any
		want []string
		err  string
	}{
		"not synchronized": {"{ldap: {rootdse: {isSynchronized: [\"FALSE\"]}}}", nil, []string{"389 synchronized=false"}, ""},
		"another make":     {"{ldap: {rootdse: {isSynchronized: [], currentTime: []}}}", nil, []string{"389 state=ready"}, ""},
		"nonsense of itself": {
			"{ldap: {rootdse: {isSynchronized: [maybe]}}}", nil, []string{"389 state=ready"}, `isSynchronized is "maybe"`,
		},
		"too busy":        {"{ldap: {fault: error}}", nil, []string{"389 state=busy"}, ""},
		"closes at once":  {"{ldap: {fault: drop}}", nil, []string{"389 state=reset"}, ""},
		"does not listen": {"{ldap: {fault: refuse}}", nil, []string{"389 state=refused"}, ""},
		"no certificate": {
			"{ldap: {ports: [636]}}", map[string]any{"port": []int{636}}, []string{"636 state=tls failed"}, "",
		},
		"no StartTLS": {
			"{ldap: {tls: {}, starttls: refused}}",
			map[string]any{"starttls": true},
			[]string{"389 state=ready", "389 starttls=failed"},
			"",
		},
		"an expired certificate": {
			"{ldap: {ports: [636], tls: {expires: -1h}}}",
			map[string]any{"port": []int{636}},
			[]string{"636 certificate=expired", "636 state=ready"},
			"",
		},
		"no password to an expired certificate": {
			"{ldap: {ports: [636], tls: {expires: -1h}, " + account + "}}",
			map[string]any{"port": []int{636}, "bind": "simple"},
			[]string{"636 certificate=expired"},
			"does not prove that it is dc01.corp.test: expired",
		},
		"no password without TLS": {
			"{ldap: {" + account + "}}", map[string]any{"bind": "simple"}, []string{"389 state=ready"}, "add starttls: true",
		},
		"a locked account": {
			"{ldap: {account: \"775\", " + account + "}}", map[string]any{"bind": "ntlm"}, []string{"389 bind=refused"}, "",
		},
		"a search without an account": {
			"{ldap: {}}", map[string]any{"filter": "(cn=x)"}, []string{"389 state=ready"}, "bind first",
		},
		"no such base": {
			"{ldap: {" + account + "}}",
			map[string]any{"bind": "ntlm", "filter": "(cn=x)", "base": "DC=other"},
			[]string{"389 bind=ok"},
			"no such base",
		},
	} {
		t.Run(name, func(t *testing.T) {
			readings, err := probetest.Observe(t, ldap.Kind, start(t, " "+tt.dc+"\n"), tt.args)
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
func TestWrongPassword(t *testing.T) {
	target := with(start(t, healthy), user, "wrong", "")
	for range 2 {
		readings, err := probetest.Observe(t, ldap.Kind, target, map[string]any{"bind": "simple", "port": []int{636}})
		if got := probetest.Texts(readings); err != nil || !slices.Contains(got, "636 bind=refused") {
			t.Errorf("got %q, %v", got, err)
		}
	}
	if at := target.Accounts.Refusals(host.Credential{User: user, Password: host.NewSecret("wrong")}); len(at) != 1 {
		t.Errorf("it was refused by %q", at)
	}
}

func TestRefuses(t *testing.T) {
	probetest.Refuses(t, ldap.Kind, map[string]map[string]any{
		"port":   {"port": []int{0}},
		"bind":   {"bind": "digest"},
		"filter": {"filter": "(cn=x"},
		"base":   {"filter": "(cn=x)", "base": "nowhere"},
		"key":    {"key": "cn"},
	})
}

// TestLed shows that no proof by NTLM goes to where a suite leads, but in TLS that proves the
// host, and by Kerberos.
func TestLed(t *testing.T) {
	target := start(t, healthy)
	noTickets := with(target, user, "swordfish", "")
	dial := target.Dial
	for name, tt := range map[string]struct {
		from probes.Target
		args map[string]any
		want string // a reading, or words of the error
	}{
		"NTLM":                       {target, map[string]any{"bind": "ntlm"}, "NTLM would show"},
		"NTLM in StartTLS":           {target, map[string]any{"bind": "ntlm", "starttls": true}, "389 bind=ok"},
		"Kerberos":                   {target, map[string]any{"bind": "kerberos"}, "389 bind=ok"},
		"negotiate with a ticket":    {target, map[string]any{"bind": "negotiate"}, "389 bound_by=Kerberos"},
		"negotiate without a ticket": {noTickets, map[string]any{"bind": "negotiate"}, "NTLM would show"},
	} {
		t.Run(name, func(t *testing.T) {
			led := tt.from
			led.Address = "203.0.113.6"
			led.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
				return dial(ctx, network, strings.Replace(address, led.Address, led.Host, 1))
			}
			readings, err := probetest.Observe(t, ldap.Kind, led, tt.args)
			got := probetest.Texts(readings)
			if err != nil {
				got = append(got, err.Error())
			}
			if !strings.Contains(strings.Join(got, "\n"), tt.want) || err != nil && !errors.Is(err, probes.ErrNotTried) {
				t.Errorf("no %q in %q", tt.want, got)
			}
		})
	}
	for name, named := range map[string]bool{"a pattern": false, "its name": true} {
		c, _ := target.Credential("ldap")
		c.Named = named
		target.CredentialAt = func(string, string) (host.Credential, error) { return c, nil }
		target.Host = "web01.corp.test"
		_, err := probetest.Observe(t, ldap.Kind, target, map[string]any{"bind": "ntlm", "address": "dc01.corp.test"})
		if errors.Is(err, probes.ErrNotTried) == named {
			t.Errorf("an address whose entry has %s: %v", name, err)
		}
	}
}

// TestSkew has a server whose clock is ten minutes off.
func TestSkew(t *testing.T) {
	readings, err := probetest.Observe(t, ldap.Kind, start(t, " {os: {clock: 10m}, ldap: {}}\n"), nil)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(readings, func(r fact.Reading) bool { return r.Key.Name == "skew" })
	if i < 0 || time.Duration(readings[i].Value.(fact.Duration)).Round(time.Minute) != 10*time.Minute {
		t.Errorf("it reads %q", probetest.Texts(readings))
	}
}

// TestSilence has a directory that says nothing: the check's time ends, and not the library's.
func TestSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		silent := probetest.InMemory(map[string]func(net.Conn){"tcp/389": probetest.Mute})
		readings, err := probetest.Observe(t, ldap.Kind, silent, nil)
		const want = "asking the directory at port 389: no answer within the check's time"
		if err == nil || err.Error() != want || len(readings) > 0 {
			t.Errorf("got %q, %v", probetest.Texts(readings), err)
		}
	})
}
