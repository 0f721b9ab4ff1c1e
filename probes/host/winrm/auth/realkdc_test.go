//go:build real

package auth_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"postpatch/cmd/postpatch/realtest"
	"postpatch/probes/host"
	"postpatch/probes/host/winrm/auth"
)

// mit is a realm of MIT Kerberos in a folder.
type mit struct {
	t       testing.TB
	dir     string
	address string
	conf    string // a krb5.conf
}

const realm = "CORP.TEST"

// startMIT makes the realm CORP.TEST and starts its KDC; faked is how far
// its clock is off, empty for the true one.
func startMIT(t testing.TB, faked string) *mit {
	t.Helper()
	m := prepareMIT(t)
	m.serve(faked)
	return m
}

func prepareMIT(t testing.TB) *mit {
	t.Helper()
	need(t, "/usr/sbin/krb5kdc", "/usr/sbin/kdb5_util", "/usr/sbin/kadmin.local", "/usr/bin/kinit")
	m := &mit{t: t, dir: t.TempDir(), address: realtest.FreeAddress(t)}
	m.conf = "[libdefaults]\n default_realm = CORP.TEST\n dns_lookup_kdc = false\n rdns = false\n" +
		" dns_canonicalize_hostname = false\n udp_preference_limit = 1\n" +
		"[realms]\n CORP.TEST = {\n  kdc = " + m.address + "\n }\n"
	m.write("krb5.conf", m.conf)
	m.write("kdc.conf", "[kdcdefaults]\n kdc_listen = "+m.address+"\n kdc_tcp_listen = "+m.address+"\n"+
		"[realms]\n CORP.TEST = {\n  database_name = "+m.path("principal")+"\n  key_stash_file = "+m.path("stash")+
		"\n  max_life = 10h\n }\n[logging]\n kdc = STDERR\n")
	m.run("/usr/sbin/kdb5_util", "create", "-s", "-P", "master", "-r", realm)
	m.admin("addprinc -pw \"Pa55 word\" +requires_preauth probe", "addprinc -pw plain -requires_preauth plain",
		"addprinc -pw weak -e arcfour-hmac:normal +requires_preauth weak",
		"addprinc -pw gone -allow_tix +requires_preauth gone",
		"addprinc -pw old -pwexpire 2020-01-01 +requires_preauth old",
		"addprinc -randkey HTTP/web01.corp.test", "addprinc -randkey HTTP/other.corp.test",
		"ktadd -k "+m.path("web01.keytab")+" HTTP/web01.corp.test",
		"ktadd -k "+m.path("other.keytab")+" HTTP/other.corp.test",
		"ktadd -norandkey -k "+m.path("probe.keytab")+" probe",
	)
	return m
}

func (m *mit) path(name string) string { return filepath.Join(m.dir, name) }

func (m *mit) write(name, text string) {
	m.t.Helper()
	if err := os.WriteFile(m.path(name), []byte(text), 0o600); err != nil {
		m.t.Fatal(err)
	}
}

func (m *mit) read(name string) string {
	m.t.Helper()
	b, err := os.ReadFile(m.path(name))
	if err != nil {
		m.t.Fatal(err)
	}
	return string(b)
}

func (m *mit) env() []string {
	return append(os.Environ(), "KRB5_CONFIG="+m.path("krb5.conf"), "KRB5_KDC_PROFILE="+m.path("kdc.conf"),
		"KRB5RCACHEDIR="+m.dir, "KRB5CCNAME=FILE:"+m.path("ccache"))
}

func (m *mit) command(input string, command ...string) *exec.Cmd {
	c := exec.CommandContext(m.t.Context(), command[0], command[1:]...)
	c.Env, c.Dir, c.Stdin = m.env(), m.dir, strings.NewReader(input)
	return c
}

func (m *mit) run(command ...string) {
	m.t.Helper()
	if out, err := m.command("", command...).CombinedOutput(); err != nil {
		m.t.Fatalf("%s: %v\n%s", command, err, out)
	}
}

func (m *mit) admin(queries ...string) {
	m.t.Helper()
	for _, query := range queries {
		out, err := m.command("", "/usr/sbin/kadmin.local", "-r", realm, "-q", query).CombinedOutput()
		if err != nil || strings.Contains(string(out), "while") {
			m.t.Fatalf("%s: %v\n%s", query, err, out)
		}
	}
}

func (m *mit) serve(faked string, args ...string) {
	m.t.Helper()
	command := append([]string{"/usr/sbin/krb5kdc", "-n"}, args...)
	realtest.Serve(m.t, m.address, m.command("", append(inTime(m.t, faked), command...)...))
}

// inTime is what starts a program whose clock is off by so much; nothing for "".
// It is libfaketime without its program, which waits beside what it starts. The
// library leaves shared memory behind under the number of its process, on which a
// later process of the same number fails: that of the dead goes with the test.
func inTime(t testing.TB, off string) []string {
	t.Helper()
	if off == "" {
		return nil
	}
	found, _ := filepath.Glob("/usr/lib/*/faketime/libfaketime.so.1")
	found = append(found, "/usr/lib/faketime/libfaketime.so.1")
	need(t, found[0])
	t.Cleanup(func() {
		left, _ := filepath.Glob("/dev/shm/*faketime_s*_*")
		for _, path := range left {
			pid, err := strconv.Atoi(path[strings.LastIndexByte(path, '_')+1:])
			if err == nil && errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
				_ = os.Remove(path)
			}
		}
	})
	return []string{"/usr/bin/env", "LD_PRELOAD=" + found[0], "FAKETIME=" + off}
}

// kinit fills a credential cache, at another time if faked is given.
func (m *mit) kinit(faked string) host.Secret {
	m.t.Helper()
	command := append(inTime(m.t, faked), "/usr/bin/kinit", "-l", "1h", "probe")
	if out, err := m.command("Pa55 word\n", command...).CombinedOutput(); err != nil {
		m.t.Fatalf("%s: %v\n%s", command, err, out)
	}
	return m.secret("ccache")
}

func (m *mit) secret(name string) host.Secret {
	m.t.Helper()
	return host.NewSecret(m.read(name))
}

func (m *mit) acceptor(keytab string, inTime ...string) *acceptor {
	m.t.Helper()
	return startAcceptor(m.t, []string{
		"KRB5_CONFIG=" + m.path("krb5.conf"), "KRB5_KTNAME=FILE:" + m.path(keytab), "KRB5RCACHEDIR=" + m.dir,
	}, inTime...)
}

func (m *mit) options(c host.Credential) auth.Options {
	return auth.Options{Method: "kerberos", Credential: c, Krb5Conf: m.conf}
}

func web01() auth.Peer { return auth.Peer{Host: "web01.corp.test"} }

func TestRealKerberos(t *testing.T) {
	m := startMIT(t, "")
	for name, c := range map[string]host.Credential{
		"a password":                   password("probe@corp.test", "Pa55 word"),
		"a password, no question":      password("plain@CORP.TEST", "plain"),
		"a domain in front":            password(`CORP\probe`, "Pa55 word"),
		"the default realm":            password("probe", "Pa55 word"),
		"a keytab":                     {User: "probe@CORP.TEST", Keytab: m.secret("probe.keytab")},
		"a credential cache":           {CCache: m.kinit("")},
		"a credential cache, its user": {User: `CORP\probe`, CCache: m.kinit("")},
	} {
		t.Run(name, func(t *testing.T) {
			proof, used := mustProve(t, m.options(c), web01())
			if used != (auth.Used{Mechanism: "Kerberos"}) {
				t.Errorf("used %v", used)
			}
			a := m.acceptor("web01.keytab")
			if refused, err := a.handshake(proof); refused != "" || err != nil {
				t.Fatal(refused, err)
			}
			a.talk(proof)
		})
	}
}

// TestRealKerberosBindings shows that MIT compares bindings when both sides have some.
func TestRealKerberosBindings(t *testing.T) {
	m := startMIT(t, "")
	for binding, same := range map[string]bool{"tls-server-end-point:mine": true, "tls-server-end-point:other": false} {
		p := web01()
		p.Bindings = []byte(binding)
		proof, _ := mustProve(t, m.options(password("probe@corp.test", "Pa55 word")), p)
		a := m.acceptor("web01.keytab")
		a.do("bindings", []byte("tls-server-end-point:mine"))
		refused, err := a.handshake(proof)
		if (refused == "" && err == nil) != same {
			t.Errorf("%s: %q %v", binding, refused, err)
		}
	}
}

func TestRealKerberosRefusals(t *testing.T) {
	m := startMIT(t, "")
	foreign := strings.Replace(m.conf, m.address, "127.0.0.1:1", 1)
	for name, test := range map[string]struct {
		options auth.Options
		peer    auth.Peer
		want    string
		is      error
	}{
		"a wrong password":              {m.options(password("probe@corp.test", "no")), web01(), `the password of "probe@CORP.TEST" is wrong`, auth.ErrAccount},
		"a wrong password, no question": {m.options(password("plain@corp.test", "no")), web01(), `the password of "plain@CORP.TEST" is wrong`, auth.ErrAccount},
		"nobody":                        {m.options(password("nobody@corp.test", "no")), web01(), `knows no user "nobody@CORP.TEST"`, nil},
		"a disabled account":            {m.options(password("gone@corp.test", "gone")), web01(), "is disabled or locked", auth.ErrAccount},
		"an expired password":           {m.options(password("old@corp.test", "old")), web01(), "has expired: change it", auth.ErrAccount},
		"an account without AES":        {m.options(password("weak@corp.test", "weak")), web01(), `no AES key for "weak@CORP.TEST"`, nil},
		"an unknown service":            {m.options(password("probe@corp.test", "Pa55 word")), auth.Peer{Host: "web02.corp.test"}, `knows no service "HTTP/web02.corp.test"`, nil},
		"no KDC there":                  {auth.Options{Method: "kerberos", Credential: password("probe@corp.test", "no"), Krb5Conf: foreign}, web01(), `no KDC of the realm "CORP.TEST" answered`, auth.ErrNoKDC},
	} {
		t.Run(name, func(t *testing.T) {
			mechanism, err := auth.New(test.options)
			if err != nil {
				t.Fatal(err)
			}
			_, _, err = mechanism.New(t.Context(), test.peer)
			if err == nil || !strings.Contains(err.Error(), test.want) || !errors.Is(err, test.is) && test.is != nil {
				t.Fatalf("got %v", err)
			}
			if test.is == nil && errors.Is(err, auth.ErrAccount) || errors.Is(err, host.ErrNoAnswer) {
				t.Errorf("wraps too much: %v", err)
			}
		})
	}
}

func TestRealKerberosHostRefuses(t *testing.T) {
	m := startMIT(t, "")
	proof := func(t *testing.T) auth.Context {
		c, _ := mustProve(t, m.options(password("probe@corp.test", "Pa55 word")), web01())
		return c
	}
	t.Run("the key of another account", func(t *testing.T) {
		refused, err := m.acceptor("other.keytab").handshake(proof(t))
		if err == nil || !strings.Contains(err.Error(), `the host cannot read the ticket for "HTTP/web01.corp.test"`) {
			t.Error(refused, err)
		}
	})
	t.Run("the clock of the host", func(t *testing.T) {
		refused, err := m.acceptor("web01.keytab", inTime(t, "+10m")...).handshake(proof(t))
		want := regexp.MustCompile(`the clock of the host differs from this computer's by (9m5\ds|10m\ds), and is ahead: `)
		if err == nil || !want.MatchString(err.Error()) {
			t.Error(refused, err)
		}
	})
}

// TestRealKerberosRealms reaches a host of another realm, by the client's
// krb5.conf and by the KDC's word alone.
func TestRealKerberosRealms(t *testing.T) {
	m := prepareMIT(t)
	m.write("kdc.conf", m.read("kdc.conf")+"[realms]\n SHOP.TEST = {\n  database_name = "+m.path("shop")+
		"\n  key_stash_file = "+m.path("shopstash")+"\n }\n")
	m.conf = strings.Replace(m.conf, "[realms]\n", "[realms]\n SHOP.TEST = {\n  kdc = "+m.address+"\n }\n", 1)
	mapped := m.conf + "[domain_realm]\n .shop.test = SHOP.TEST\n"
	m.write("krb5.conf", mapped)
	m.run("/usr/sbin/kdb5_util", "create", "-s", "-P", "master", "-r", "SHOP.TEST")
	m.admin("addprinc -pw trust krbtgt/SHOP.TEST@CORP.TEST")
	for _, query := range []string{
		"addprinc -pw trust krbtgt/SHOP.TEST@CORP.TEST", "addprinc -randkey HTTP/till.shop.test",
		"ktadd -k " + m.path("till.keytab") + " HTTP/till.shop.test",
	} {
		m.run("/usr/sbin/kadmin.local", "-r", "SHOP.TEST", "-q", query)
	}
	m.serve("", "-r", "CORP.TEST", "-r", "SHOP.TEST")
	for name, conf := range map[string]string{"mapped by us": mapped, "referred by the KDC": m.conf} {
		t.Run(name, func(t *testing.T) {
			o := auth.Options{Method: "kerberos", Credential: password("probe@corp.test", "Pa55 word"), Krb5Conf: conf}
			proof, _ := mustProve(t, o, auth.Peer{Host: "till.shop.test"})
			a := m.acceptor("till.keytab")
			if refused, err := a.handshake(proof); refused != "" || err != nil {
				t.Fatal(refused, err)
			}
			a.talk(proof)
		})
	}
}

func TestRealKerberosExpiredCache(t *testing.T) {
	m := startMIT(t, "-3h")
	mechanism, err := auth.New(m.options(host.Credential{CCache: m.kinit("-3h")}))
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = mechanism.New(t.Context(), web01())
	const want = `the ticket of "probe@CORP.TEST" in the credential cache expired at 20`
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Error(err)
	}
}

func TestRealKerberosKDCClock(t *testing.T) {
	m := startMIT(t, "-10m")
	for user, text := range map[string]string{"probe": "Pa55 word", "plain": "plain"} {
		mechanism, err := auth.New(m.options(password(user+"@corp.test", text)))
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = mechanism.New(t.Context(), web01())
		want := regexp.MustCompile(`the clock of the KDC differs from this computer's by (9m5\ds|10m\ds), and is behind: `)
		if err == nil || !want.MatchString(err.Error()) || errors.Is(err, auth.ErrAccount) {
			t.Error(user, err)
		}
	}
}
