//go:build real

package kerberos_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"postpatch/probes/lab/kerberos"
)

// need names a tool of a Debian package, without which the test is skipped, but
// not in CI.
func need(t *testing.T, tool, pkg string, args ...string) {
	t.Helper()
	if err := exec.CommandContext(t.Context(), tool, args...).Run(); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s is not installed: %v", pkg, err)
		}
		t.Skipf("%s is not installed", pkg)
	}
}

// mit runs the programs of MIT Kerberos against a KDC of ours.
type mit struct {
	dir   string
	env   []string
	trace string
}

func newMIT(t *testing.T, k *kerberos.KDC, addr, extra string) mit {
	t.Helper()
	need(t, "klist", "krb5-user", "-V")
	m := mit{dir: t.TempDir()}
	m.trace = filepath.Join(m.dir, "trace")
	conf := strings.Replace(k.Config(addr), "[libdefaults]\n", "[libdefaults]\n"+extra, 1)
	m.write(t, "krb5.conf", []byte(conf))
	m.env = append(os.Environ(), "KRB5_CONFIG="+filepath.Join(m.dir, "krb5.conf"),
		"KRB5CCNAME=FILE:"+filepath.Join(m.dir, "cc"), "KRB5_TRACE="+m.trace, "LC_ALL=C")
	return m
}

func (m mit) write(t *testing.T, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(m.dir, name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// run gives what a program prints, and whether it says that it did its work.
func (m mit) run(t *testing.T, stdin, name string, args ...string) (string, bool) {
	t.Helper()
	command := exec.CommandContext(t.Context(), name, args...)
	command.Env, command.Stdin = m.env, strings.NewReader(stdin)
	var out bytes.Buffer
	command.Stdout, command.Stderr = &out, &out
	err := command.Run()
	return out.String(), err == nil
}

func (m mit) must(t *testing.T, stdin, name string, args ...string) string {
	t.Helper()
	out, ok := m.run(t, stdin, name, args...)
	if !ok {
		trace, _ := os.ReadFile(m.trace)
		t.Fatalf("%s %s: %s\n%s", name, args, out, trace)
	}
	return out
}

func TestKinit(t *testing.T) {
	for name, test := range map[string]struct {
		user, password, extra string
		clock                 time.Duration
		want                  string // "" is a ticket
	}{
		"right":               {user: "probe", password: password},
		"another case":        {user: "PROBE", password: password},
		"computer":            {user: "web1$", password: password},
		"AES128 alone":        {user: "small", password: password},
		"wrong":               {user: "probe", password: "no", want: "Password incorrect"},
		"unknown":             {user: "nobody", password: password, want: "not found in Kerberos database"},
		"disabled":            {user: "off", password: password, want: "credentials have been revoked"},
		"locked":              {user: "locked", password: password, want: "credentials have been revoked"},
		"expired password":    {user: "old", password: password, want: "Password expired.  You must change it now"},
		"realm in lower case": {user: "probe@corp.test", password: password, want: "KDC reply did not match expectations"},
		"skew":                {user: "probe", password: password, extra: "  kdc_timesync = 0\n", clock: time.Hour, want: "Clock skew too great"},
		"skew that is kept":   {user: "probe", password: password, clock: time.Hour},
		"no type in common":   {user: "ancient", password: password, extra: "  default_tkt_enctypes = aes256-cts\n", want: "KDC has no support for encryption type"},
	} {
		t.Run(name, func(t *testing.T) {
			k, addr := domain(t, kerberos.Options{Clock: late(test.clock)})
			m := newMIT(t, k, addr, test.extra+"[realms]\n  corp.test = {\n    kdc = "+addr+"\n  }\n[libdefaults]\n")
			out, ok := m.run(t, test.password+"\n", "kinit", test.user)
			if ok != (test.want == "") || !strings.Contains(out, test.want) {
				trace, _ := os.ReadFile(m.trace)
				t.Errorf("got %q, want %q\n%s", out, test.want, trace)
			}
		})
	}
}

func TestKvno(t *testing.T) {
	k, addr := domain(t, kerberos.Options{})
	m := newMIT(t, k, addr, "")
	m.must(t, password+"\n", "kinit", "-f", "-r", "3d", "probe")
	keys := m.write(t, "web.keytab", k.Keytab(web))
	if got := m.must(t, "", "kvno", "-k", keys, web); !strings.Contains(got, "kvno = 2, keytab entry valid") {
		t.Errorf("kvno says %q", got)
	}
	out, ok := m.run(t, "", "kvno", "HTTP/nowhere.corp.test")
	if ok || !strings.Contains(out, "Server not found in Kerberos database") {
		t.Errorf("kvno says %q", out)
	}
	got := m.must(t, "", "klist", "-e", "-f")
	for _, want := range []string{
		"Default principal: probe@CORP.TEST", "krbtgt/CORP.TEST@CORP.TEST", web + "@CORP.TEST", "Flags: FRI",
		"renew until", "aes256-cts-hmac-sha1-96, aes256-cts-hmac-sha1-96",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("klist lacks %q:\n%s", want, got)
		}
	}
	m.must(t, "", "kinit", "-R")
	listed := m.must(t, "", "klist", "-e", "-k", keys)
	if !strings.Contains(listed, web+"@CORP.TEST (aes128-cts-hmac-sha1-96)") {
		t.Errorf("klist -k says %s", listed)
	}
	own := m.write(t, "probe.keytab", k.Keytab("probe"))
	m.must(t, "", "kinit", "-k", "-t", own, "probe")
	m.must(t, password+"\n", "kinit", "-E", "PROBE@corp.test")
}

func TestKlistReadsCCache(t *testing.T) {
	k, addr := domain(t, kerberos.Options{})
	m := newMIT(t, k, addr, "")
	for life, good := range map[time.Duration]bool{time.Hour: true, -time.Hour: false} {
		raw, err := k.CCache("probe", life, web)
		if err != nil {
			t.Fatal(err)
		}
		m.write(t, "cc", raw)
		out := m.must(t, "", "klist")
		if !strings.Contains(out, "Default principal: probe@CORP.TEST") || !strings.Contains(out, web+"@CORP.TEST") {
			t.Errorf("klist says %s", out)
		}
		if _, ok := m.run(t, "", "klist", "-s"); ok != good {
			t.Errorf("%s: klist -s says %t", life, ok)
		}
		if out, ok := m.run(t, "", "kvno", "WSMAN/web1"); ok != good {
			t.Errorf("%s: kvno says %s", life, out)
		}
	}
}
