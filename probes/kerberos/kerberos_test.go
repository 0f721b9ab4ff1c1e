package kerberos_test

import (
	"errors"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/kerberos"
	"postpatch/probes/lab"
	"postpatch/probes/lab/estate"
	"postpatch/probes/probetest"
	"postpatch/runner/runnertest"
)

const domain = `
estate: kerberos-test
realm: CORP.TEST
hosts:
  dc01.corp.test:
    kdc:
      users:
        probe: {password: swordfish}
        old: {password: old, encryption: [rc4]}
        locked: {state: locked}
        late: {password: late, state: password-expired}
        svc: {encryption: [aes256, rc4], spns: [HTTP/web01.corp.test]}
  dc02.corp.test:
    kdc: {}
states:
  before:
  slow clock: {dc01.corp.test: {os: {clock: -10m}}}
  closed: {dc01.corp.test: {kdc: {fault: refuse}}}
  no udp: {dc01.corp.test: {kdc: {udp: refuse}}}
  no tcp: {dc01.corp.test: {kdc: {tcp: refuse}}}
  broken: {dc01.corp.test: {kdc: {fault: error}}}
  garbage: {dc01.corp.test: {kdc: {fault: garbage}}}
  dropping: {dc01.corp.test: {kdc: {tcp: drop}}}
  no rc4: {dc01.corp.test: {kdc: {encryption: [aes256, aes128]}}}
  no aes: {dc01.corp.test: {kdc: {encryption: [rc4]}}}
  lost name: {dc01.corp.test: {kdc: {users: {svc: {spns: []}}}}}
`

func start(t *testing.T) *lab.Lab {
	t.Helper()
	e, err := estate.Parse("test", []byte(domain))
	if err != nil {
		t.Fatal(err)
	}
	l, err := lab.Start(t.Context(), e, lab.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

// as is a target that an operator's account enters.
func as(l *lab.Lab, user, password string) probes.Target {
	target := probetest.Routed("dc01.corp.test", l.Routes())
	target.Credential = func(string) (host.Credential, error) {
		return host.Credential{User: user, Password: host.NewSecret(password)}, nil
	}
	return target
}

func TestKind(t *testing.T) {
	l := start(t)
	probetest.Run(t, probetest.Suite{
		Kind: kerberos.Kind, Args: map[string]any{"login": true, "spn": []string{"HTTP/web01.corp.test"}},
		Healthy: func(*testing.T) probes.Target { return as(l, "probe@CORP.TEST", "swordfish") },
	})
}

func TestReadings(t *testing.T) {
	l := start(t)
	target := as(l, `CORP\probe`, "swordfish")
	readings, err := probetest.Observe(t, kerberos.Kind, target, map[string]any{
		"login": true, "spn": []string{"HTTP/web01.corp.test", "cifs/dc01.corp.test", "HTTP/nowhere.corp.test"},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"tcp state=answered", "udp state=answered", " state=answered", " answer=pre-authentication required",
		" aes256=offered", " aes128=offered", " rc4=offered", " login=ok",
		"HTTP/web01.corp.test ticket=granted", "HTTP/web01.corp.test ticket_encryption=aes256",
		"HTTP/web01.corp.test session_encryption=aes256", "HTTP/web01.corp.test aes256=offered",
		"HTTP/web01.corp.test aes128=not offered", "HTTP/web01.corp.test rc4=offered",
		"cifs/dc01.corp.test ticket=granted", "cifs/dc01.corp.test ticket_encryption=aes256",
		"cifs/dc01.corp.test session_encryption=aes256", "cifs/dc01.corp.test aes256=offered",
		"cifs/dc01.corp.test aes128=offered", "cifs/dc01.corp.test rc4=offered",
		"HTTP/nowhere.corp.test ticket=unknown service",
		` reason=a ticket for "HTTP/nowhere.corp.test": no account holds this name (setspn -Q looks for it); error 7`,
	}
	if d := cmp.Diff(want, probetest.Texts(readings, "latency", "login_time", "skew")); d != "" {
		t.Errorf("readings (-want +got):\n%s", d)
	}
}

// TestFaults shows what is told of a domain controller that has one fault since the
// baseline.
func TestFaults(t *testing.T) {
	const plain, tickets = "- kerberos: {}", "- kerberos: {login: true, spn: HTTP/web01.corp.test}"
	for state, tt := range map[string]struct {
		check string
		want  []string
	}{
		"before":   {tickets, []string{"passed"}},
		"closed":   {plain, []string{"regressed failing", "state: regressed answered -> refused"}},
		"no udp":   {plain, []string{"regressed failing", "udp state: regressed answered -> refused"}},
		"no tcp":   {plain, []string{"regressed failing", "tcp state: regressed answered -> refused"}},
		"dropping": {plain, []string{"regressed failing", "tcp state: regressed answered -> reset"}},
		"broken": {plain, []string{
			"regressed failing", "answer: regressed pre-authentication required -> unavailable",
		}},
		"slow clock": {plain, []string{"regressed failing", "skew: regressed 0s -> 10m0s"}},
		"no rc4":     {plain, []string{"regressed failing", "rc4: regressed offered -> not offered"}},
		"no aes": {plain, []string{
			"regressed failing", "aes128: regressed offered -> not offered",
			"aes256: regressed offered -> not offered",
		}},
		"lost name": {tickets, []string{
			"regressed failing", "HTTP/web01.corp.test ticket: regressed granted -> unknown service",
		}},
	} {
		t.Run(state, func(t *testing.T) {
			l := start(t)
			args := map[string]any{}
			if tt.check == tickets {
				args = map[string]any{"login": true, "spn": []string{"HTTP/web01.corp.test"}}
			}
			var seen [2]runnertest.Seen
			for i, now := range []string{"before", state} {
				if err := l.Switch(now); err != nil {
					t.Fatal(err)
				}
				seen[i].Readings, seen[i].Err = probetest.Observe(t, kerberos.Kind, as(l, "probe", "swordfish"), args)
				for j, r := range seen[i].Readings { // to the minute, as the clocks of both sides are one
					if r.Key.Name == "skew" {
						seen[i].Readings[j].Value = minute(r.Value)
					}
				}
			}
			got := runnertest.Told(t, kerberos.Kind, tt.check, seen)
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("told (-want +got):\n%s\nreadings: %q, %v", d, probetest.Texts(seen[1].Readings), seen[1].Err)
			}
		})
	}
}

// TestSilentUDP has a domain controller that answers by TCP, and by UDP no more.
func TestSilentUDP(t *testing.T) {
	k := start(t).KDC()
	var seen [2]runnertest.Seen
	synctest.Test(t, func(t *testing.T) {
		byUDP := func(conn net.Conn) {
			packet := make([]byte, 64<<10)
			if n, err := conn.Read(packet); err == nil {
				_, _ = conn.Write(k.AnswerPacket(packet[:n]))
			}
		}
		for i, udp := range []func(net.Conn){byUDP, probetest.Mute} {
			target := probetest.InMemory(map[string]func(net.Conn){
				"tcp/88": func(conn net.Conn) { k.ServeConn(t.Context(), conn) }, "udp/88": udp,
			})
			target.Host, target.Address = "dc01.corp.test", "dc01.corp.test"
			seen[i].Readings, seen[i].Err = probetest.Observe(t, kerberos.Kind, target, nil)
		}
	})
	want := []string{"regressed failing", "udp state: regressed answered -> no answer"}
	if d := cmp.Diff(want, runnertest.Told(t, kerberos.Kind, "- kerberos: {}", seen)); d != "" {
		t.Errorf("told (-want +got):\n%s\nreadings: %q, %v", d, probetest.Texts(seen[1].Readings), seen[1].Err)
	}
}

// TestLogins shows what becomes of accounts, and that none is shown twice where it was
// refused, or anywhere where a suite leads.
func TestLogins(t *testing.T) {
	l := start(t)
	for name, tt := range map[string]struct {
		user, password string
		want           []string
		err            error
	}{
		"right": {"probe", "swordfish", []string{" login=ok"}, nil},
		"wrong": {"probe", "guess", []string{
			" login=refused", " reason=the login: the password is wrong; error 24",
		}, nil},
		"unknown": {"nobody@corp.test", "x", []string{
			" login=refused", " reason=the login: the KDC knows no such account; error 6",
		}, nil},
		"locked": {"locked", "lab", []string{
			" login=refused", " reason=the login: the account is disabled, expired or locked; error 18",
		}, nil},
		"expired": {"late", "late", []string{
			" login=refused", " reason=the login: the password has expired; error 23",
		}, nil},
		"without AES": {"old", "old", []string{
			" login=unavailable", " reason=the login: the account has no key of a kind that was asked for, or the KDC lets " +
				"none be used (msDS-SupportedEncryptionTypes); error 14",
		}, nil},
		"of another realm": {"probe@ELSE.TEST", "swordfish", nil, probes.ErrNotTried},
	} {
		t.Run(name, func(t *testing.T) {
			target := as(l, tt.user, tt.password)
			readings, err := probetest.Observe(t, kerberos.Kind, target, map[string]any{
				"login": true, "transport": []string{"tcp"}, "encryption": []string{},
			})
			if !errors.Is(err, tt.err) {
				t.Errorf("the error is %v, want %v", err, tt.err)
			}
			got := probetest.Texts(readings, "state", "answer", "latency", "login_time", "skew", "aes256", "aes128", "rc4")
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("readings (-want +got):\n%s", d)
			}
		})
	}
}

func TestRefusedOnce(t *testing.T) {
	l := start(t)
	target := as(l, "probe", "guess")
	args := map[string]any{"login": true, "transport": []string{"tcp"}}
	for i := range 3 {
		readings, err := probetest.Observe(t, kerberos.Kind, target, args)
		if got := strings.Join(probetest.Texts(readings), "\n"); err != nil || !strings.Contains(got, "login=refused") {
			t.Errorf("look %d: %v\n%s", i, err, got)
		}
	}
	if n := l.KDC().Asked()["refused 24"]; n != 1 {
		t.Errorf("the KDC was shown a wrong password %d times", n)
	}
}

// TestLed shows that no proof of a password goes to where a suite leads.
func TestLed(t *testing.T) {
	l := start(t)
	target := as(l, "probe", "swordfish")
	target.Address = "dc02.corp.test"
	_, err := probetest.Observe(t, kerberos.Kind, target, map[string]any{"login": true})
	if !errors.Is(err, probes.ErrNotTried) || !strings.Contains(err.Error(), "the suite leads to") {
		t.Errorf("a host that the suite leads elsewhere: %v", err)
	}
	target = as(l, "probe", "swordfish")
	for name, tt := range map[string]struct {
		named bool
		err   error
	}{"a pattern": {false, probes.ErrNotTried}, "its name": {true, nil}} {
		target.CredentialAt = func(use, at string) (host.Credential, error) {
			if use != kerberos.Use || at != "dc02.corp.test" {
				t.Errorf("asked for the credential for %s of %q", use, at)
			}
			return host.Credential{User: "probe", Password: host.NewSecret("swordfish"), Named: tt.named}, nil
		}
		_, err := probetest.Observe(t, kerberos.Kind, target, map[string]any{"login": true, "address": "dc02.corp.test"})
		if !errors.Is(err, tt.err) {
			t.Errorf("an address whose entry has %s: %v, want %v", name, err, tt.err)
		}
	}
}

func TestNoKDC(t *testing.T) {
	l := start(t)
	if err := l.Switch("garbage"); err != nil {
		t.Fatal(err)
	}
	readings, err := probetest.Observe(t, kerberos.Kind, as(l, "", ""), nil)
	if len(readings) > 0 || err == nil {
		t.Errorf("of garbage it reads %q, %v", probetest.Texts(readings), err)
	}
	target := as(l, "", "")
	target.Host, target.Address = "dc01", "dc01"
	if _, err := probetest.Observe(t, kerberos.Kind, target, nil); !errors.Is(err, probes.ErrNotTried) {
		t.Errorf("a host without a domain: %v", err)
	}
}

func TestRefusedParameters(t *testing.T) {
	probetest.Refuses(t, kerberos.Kind, map[string]map[string]any{
		"no port":             {"port": 0},
		"a realm with a user": {"realm": "a@B"},
		"an account's domain": {"account": `CORP\x`},
		"no transport":        {"transport": []string{}},
		"another transport":   {"transport": []string{"sctp"}},
		"another encryption":  {"encryption": []string{"des"}},
		"no service":          {"login": true, "spn": []string{"web01"}},
		"a service's realm":   {"login": true, "spn": []string{"HTTP/a@B"}},
		"no login":            {"spn": []string{"HTTP/web01"}},
	})
}

// minute rounds a duration to minutes.
func minute(v fact.Value) fact.Value {
	if d, is := v.(fact.Duration); is {
		return fact.Duration(time.Duration(d).Round(time.Minute))
	}
	return v
}
