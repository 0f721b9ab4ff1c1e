package auth_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes/host"
	"postpatch/probes/host/winrm/auth"
	"postpatch/probes/lab/kerberos"
	"postpatch/probes/lab/ntlm"
	"postpatch/probes/lab/spnego"
)

// domain is the lab's domain controller and one host in it.
type domain struct {
	*kerberos.KDC
	conf string
}

func startDomain(t testing.TB, options kerberos.Options) domain {
	t.Helper()
	options.Realm = "CORP.TEST"
	account := func(name string, state kerberos.State, spns ...string) kerberos.Account {
		return kerberos.Account{Name: name, Password: host.NewSecret("Pa55 word"), State: state, SPNs: spns}
	}
	weak := account("weak", kerberos.Enabled)
	weak.EncTypes = []int32{23}
	hosts := account("WEB01$", kerberos.Enabled, "HTTP/web01.corp.test")
	for i := range 200 {
		hosts.SPNs = append(hosts.SPNs, fmt.Sprintf("HTTP/web%d.corp.test", 100+i))
	}
	k, err := kerberos.NewKDC(options, account("probe", kerberos.Enabled), account("gone", kerberos.Disabled),
		account("locked", kerberos.Locked), account("old", kerberos.PasswordExpired), account("left", kerberos.Expired),
		weak, hosts, account("SQL01$", kerberos.Enabled, "HTTP/sql01.corp.test"))
	if err != nil {
		t.Fatal(err)
	}
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = k.Serve(listener)
	}()
	t.Cleanup(func() {
		_ = k.Close()
		<-done
	})
	return domain{k, k.Config(listener.Addr().String())}
}

func (d domain) options(c host.Credential) auth.Options {
	return auth.Options{Credential: c, Krb5Conf: d.conf}
}

// acceptor is a host's WinRM, with or without Kerberos' keys.
func (d domain) acceptor(t testing.TB, spn string, bindings []byte, now func() time.Time) *spnego.Acceptor {
	t.Helper()
	service, err := kerberos.NewService(d.Keytab(spn), kerberos.Strict, now)
	if err != nil {
		t.Fatal(err)
	}
	return spnego.NewAcceptor(func(name string) spnego.Mechanism {
		if name != spnego.Kerberos {
			return nil
		}
		return &told{Acceptor: service.Acceptor(bindings)}
	})
}

// told keeps what the mechanism answers, with an error too.
type told struct {
	*kerberos.Acceptor
	out []byte
}

func (m *told) Accept(token []byte) (out []byte, done bool, err error) {
	m.out, done, err = m.Acceptor.Accept(token)
	return m.out, done, err
}

// tell gives a proof what the mechanism answered.
func tell(t testing.TB, c auth.Context, m *told) error {
	t.Helper()
	_, _, err := c.Step(t.Context(), m.out)
	return err
}

// sealer is what both sides do once they agree.
type sealer interface {
	Seal(plain []byte) (signature, sealed []byte, err error)
	Open(signature, sealed []byte) (plain []byte, err error)
}

// accepts runs a proof against the lab and returns both errors.
func accepts(t testing.TB, c auth.Context, a spnego.Mechanism) (ours, theirs error) {
	t.Helper()
	var token []byte
	for range 4 {
		out, done, err := c.Step(t.Context(), token)
		if err != nil {
			return err, theirs
		}
		if done && len(out) == 0 {
			return nil, theirs
		}
		token, _, err = a.Accept(out)
		if theirs = err; done || err != nil && len(token) == 0 {
			return nil, theirs
		}
	}
	t.Fatal("the proof has no end")
	return nil, nil
}

func converse(t testing.TB, ours, theirs sealer) {
	t.Helper()
	for _, text := range []string{"<one/>", "", strings.Repeat("long", 20000)} {
		for i, way := range [][2]sealer{{ours, theirs}, {theirs, ours}} {
			signature, sealed, err := way[0].Seal([]byte(text))
			if err != nil {
				t.Fatal(err)
			}
			plain, err := way[1].Open(signature, sealed)
			if err != nil || string(plain) != text {
				t.Fatalf("way %d: %.20q %v", i, plain, err)
			}
		}
	}
}

func TestLabKerberos(t *testing.T) {
	d := startDomain(t, kerberos.Options{})
	cache, err := d.CCache("probe", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	binding := []byte("tls-server-end-point:0123456789")
	for name, test := range map[string]struct {
		credential host.Credential
		bindings   []byte
	}{
		"a password":                {password("probe@corp.test", "Pa55 word"), nil},
		"a domain, over TLS":        {password(`CORP\probe`, "Pa55 word"), binding},
		"a keytab":                  {host.Credential{User: "probe@CORP.TEST", Keytab: host.NewSecret(string(d.Keytab("probe")))}, binding},
		"a keytab, no realm":        {host.Credential{User: "probe", Keytab: host.NewSecret(string(d.Keytab("probe")))}, nil},
		"a credential cache":        {host.Credential{CCache: host.NewSecret(string(cache))}, nil},
		"a credential cache, whose": {host.Credential{User: `corp\probe`, CCache: host.NewSecret(string(cache))}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			c, used := mustProve(t, d.options(test.credential), auth.Peer{Host: "web01.corp.test", Bindings: test.bindings})
			if used != (auth.Used{Mechanism: "Kerberos"}) {
				t.Errorf("used %v", used)
			}
			a := d.acceptor(t, "HTTP/web01.corp.test", test.bindings, nil)
			if ours, theirs := accepts(t, c, a); ours != nil || theirs != nil {
				t.Fatal(ours, theirs)
			}
			_, m := a.Mechanism()
			converse(t, c, m.(sealer))
			if user := m.(*told).User(); user != "probe@CORP.TEST" {
				t.Errorf("accepted %s", user)
			}
		})
	}
}

func mustProve(t testing.TB, o auth.Options, p auth.Peer) (auth.Context, auth.Used) {
	t.Helper()
	m, err := auth.New(o)
	if err != nil {
		t.Fatal(err)
	}
	c, used, err := m.New(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	return c, used
}

// TestLabNTLM is the lab's NTLM, whose server knows no client's code.
func TestLabNTLM(t *testing.T) {
	binding := []byte("tls-server-end-point:0123456789")
	for name, test := range map[string]struct {
		user, account, password string
		ours, theirs            []byte
		refused                 error
	}{
		"a user of the domain":   {`ACME\probe`, `ACME\probe`, "pw", nil, nil, nil},
		"a user of the host":     {`.\probe`, "probe", "pw", nil, nil, nil},
		"a user alone":           {"probe", "probe", "pw", nil, nil, nil},
		"over TLS":               {`ACME\probe`, `ACME\probe`, "pw", binding, binding, nil},
		"a wrong password":       {`ACME\probe`, `ACME\probe`, "no", nil, nil, ntlm.ErrPassword},
		"another user":           {`ACME\nobody`, `ACME\probe`, "pw", nil, nil, ntlm.ErrUnknownUser},
		"another channel":        {`ACME\probe`, `ACME\probe`, "pw", binding[:22], binding, ntlm.ErrBinding},
		"without its channel":    {`ACME\probe`, `ACME\probe`, "pw", nil, binding, ntlm.ErrBinding},
		"the host's, not domain": {`.\probe`, `ACME\probe`, "pw", nil, nil, ntlm.ErrUnknownUser},
	} {
		t.Run(name, func(t *testing.T) {
			o := auth.Options{Method: "ntlm", Credential: password(test.user, test.password)}
			c, _ := mustProve(t, o, auth.Peer{Host: "web01", Bindings: test.ours})
			config := ntlm.Config{
				Computer: "WEB01", Domain: "acme.test", User: test.account, Password: "pw", Bindings: test.theirs,
			}
			if test.theirs != nil {
				config.Policy = ntlm.StrictBinding
			}
			a := ntlm.NewAcceptor(config)
			if ours, theirs := accepts(t, c, a); ours != nil || !errors.Is(theirs, test.refused) {
				t.Fatalf("ours %v, theirs %v", ours, theirs)
			}
			if test.refused == nil {
				converse(t, c, a)
			}
		})
	}
}

func TestLabRefusals(t *testing.T) {
	d := startDomain(t, kerberos.Options{})
	expired, err := d.CCache("probe", -time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		credential host.Credential
		host, want string
		account    bool
	}{
		"a wrong password":    {password("probe@corp.test", "no"), "web01.corp.test", `the password of "probe@CORP.TEST" is wrong`, true},
		"a disabled account":  {password("gone@corp.test", "Pa55 word"), "web01.corp.test", "is disabled or locked", true},
		"a locked account":    {password("locked@corp.test", "Pa55 word"), "web01.corp.test", "is disabled or locked", true},
		"an expired password": {password("old@corp.test", "Pa55 word"), "web01.corp.test", "has expired", true},
		"an expired account":  {password("left@corp.test", "Pa55 word"), "web01.corp.test", "", true},
		"nobody":              {password("nobody@corp.test", "Pa55 word"), "web01.corp.test", "knows no user", false},
		"no AES":              {password("weak@corp.test", "Pa55 word"), "web01.corp.test", "no AES key", false},
		"no such service":     {password("probe@corp.test", "Pa55 word"), "web02.corp.test", `knows no service "HTTP/web02.corp.test"`, false},
		"an expired cache":    {host.Credential{CCache: host.NewSecret(string(expired))}, "web01.corp.test", "expired at", false},
	} {
		t.Run(name, func(t *testing.T) {
			o := d.options(test.credential)
			o.Method = "kerberos"
			m, err := auth.New(o)
			if err != nil {
				t.Fatal(err)
			}
			_, _, err = m.New(t.Context(), auth.Peer{Host: test.host})
			if err == nil || !strings.Contains(err.Error(), test.want) || errors.Is(err, auth.ErrAccount) != test.account {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestLabHostRefuses is about the last leg: what the host says of the ticket.
func TestLabHostRefuses(t *testing.T) {
	d := startDomain(t, kerberos.Options{})
	later := func() time.Time { return time.Now().Add(10 * time.Minute) }
	for name, test := range map[string]struct {
		spn      string
		bindings string
		now      func() time.Time
		want     string // of us; nothing when the host says nothing
	}{
		"another account's SPN": {"HTTP/sql01.corp.test", "mine", nil, `the host cannot read the ticket for "HTTP/web01.corp.test"`},
		"another clock":         {"HTTP/web01.corp.test", "mine", later, "the clock of the host differs from this computer's by"},
		"another channel":       {"HTTP/web01.corp.test", "its", nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			l := auth.NewLogins()
			defer l.Close()
			o := d.options(password("probe@corp.test", "Pa55 word"))
			o.Logins = l
			c, _ := mustProve(t, o, auth.Peer{Host: "web01.corp.test", Bindings: []byte("tls-server-end-point:mine")})
			a := d.acceptor(t, test.spn, []byte("tls-server-end-point:"+test.bindings), test.now)
			_, theirs := accepts(t, c, a)
			if theirs == nil {
				t.Error("the host accepts")
			}
			if test.want == "" {
				return
			}
			// SPNEGO keeps the error to itself, as Windows may; a host that tells it is heard.
			_, m := a.Mechanism()
			if ours := tell(t, c, m.(*told)); ours == nil || !strings.Contains(ours.Error(), test.want) {
				t.Errorf("ours %v, theirs %v", ours, theirs)
			}
			before := d.Asked()["TGS"]
			mustProve(t, o, auth.Peer{Host: "web01.corp.test"})
			if d.Asked()["TGS"] != before+1 {
				t.Error("the ticket is used again")
			}
		})
	}
}

// TestLabOldAnswer gives a proof the host's answer to another one with the same ticket.
func TestLabOldAnswer(t *testing.T) {
	d := startDomain(t, kerberos.Options{})
	l := auth.NewLogins()
	defer l.Close()
	o := d.options(password("probe@corp.test", "Pa55 word"))
	o.Logins = l
	first, _ := mustProve(t, o, auth.Peer{Host: "web01.corp.test"})
	second, _ := mustProve(t, o, auth.Peer{Host: "web01.corp.test"})
	// The host is asked for a proof of its own: bit 2 of ap-options, RFC 4120 5.5.1.
	token, done, err := second.Step(t.Context(), nil)
	if err != nil || done || !bytes.Contains(token, []byte("\xa2\x07\x03\x05\x00\x20\x00\x00\x00")) {
		t.Fatalf("%x %t %v", token, done, err)
	}
	a := d.acceptor(t, "HTTP/web01.corp.test", nil, nil)
	if ours, theirs := accepts(t, first, a); ours != nil || theirs != nil {
		t.Fatal(ours, theirs)
	}
	_, m := a.Mechanism()
	if err := tell(t, second, m.(*told)); err == nil || !strings.Contains(err.Error(), "answers another request") {
		t.Errorf("got %v", err)
	}
}

// TestLabClock is a KDC whose clock is wrong.
func TestLabClock(t *testing.T) {
	d := startDomain(t, kerberos.Options{Clock: func() time.Time { return time.Now().Add(-10 * time.Minute) }})
	o := d.options(password("probe@corp.test", "Pa55 word"))
	used, err := ask(t.Context(), t, o)
	const why = "the clock of the KDC differs from this computer's by"
	if err != nil || used.Mechanism != "NTLM" || !strings.HasPrefix(used.Why, why) {
		t.Errorf("used %v, %v", used, err)
	}
}

// TestLabOneLogin has 200 hosts reached at once, twice: one login, and one ticket
// for each host.
func TestLabOneLogin(t *testing.T) {
	d := startDomain(t, kerberos.Options{})
	l := auth.NewLogins()
	defer l.Close()
	var all sync.WaitGroup
	for i := range 400 {
		all.Go(func() {
			o := d.options(password("probe@corp.test", "Pa55 word"))
			o.Logins = l
			m, err := auth.New(o)
			if err != nil {
				t.Error(err)
				return
			}
			p := auth.Peer{Host: fmt.Sprintf("web%d.corp.test", 100+i%200)}
			if _, used, err := m.New(context.WithoutCancel(t.Context()), p); err != nil || used.Mechanism != "Kerberos" {
				t.Error(used, err)
			}
		})
	}
	all.Wait()
	if diff := cmp.Diff(map[string]int{"AS": 2, "TGS": 200, "refused 25": 1}, d.Asked()); diff != "" {
		t.Errorf("the KDC was asked (-want +got):\n%s", diff)
	}
}
