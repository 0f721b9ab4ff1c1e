package imap_test

import (
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes"
	"postpatch/probes/host"
	"postpatch/probes/imap"
	"postpatch/probes/lab/mailtest"
	"postpatch/probes/probetest"
)

var both = map[string]any{"port": []int{143, 993}, "login": true}

func TestKind(t *testing.T) {
	probetest.Run(t, probetest.Suite{Kind: imap.Kind, Args: both, Healthy: func(t *testing.T) probes.Target {
		t.Helper()
		target, _ := mailtest.Lab(t, mailtest.Healthy)
		return target
	}})
}

func TestReadings(t *testing.T) {
	target, _ := mailtest.Lab(t, mailtest.Healthy)
	readings, err := probetest.Observe(t, imap.Kind, target, both)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"143 banner=The Microsoft Exchange IMAP4 service is ready.", "143 state=ready",
		"143 capabilities=IMAP4REV1, LITERAL-, LOGINDISABLED, SASL-IR, STARTTLS", "143 starttls=offered",
		"143 tls=TLS 1.3", "143 certificate=valid",
		"143 tls_capabilities=AUTH=PLAIN, IMAP4REV1, LITERAL-, SASL-IR", "143 login=ok", "143 inbox=ok", "143 messages=0",
		"993 tls=TLS 1.3", "993 certificate=valid", "993 banner=The Microsoft Exchange IMAP4 service is ready.",
		"993 state=ready", "993 capabilities=AUTH=PLAIN, IMAP4REV1, LITERAL-, SASL-IR",
		"993 login=ok", "993 inbox=ok", "993 messages=0",
	}
	if d := cmp.Diff(want, probetest.Texts(readings, "latency", "login_time", "cert_days", "cert_subject", "cert_issuer",
		"cert_serial")); d != "" {
		t.Errorf("readings (-want +got):\n%s", d)
	}
}

// TestServers shows what becomes of a visit at servers with ways of their own, and
// that a password is shown in TLS alone.
func TestServers(t *testing.T) {
	const users = "mail: {users: {probe@corp.test: swordfish}, imap: "
	for name, tt := range map[string]struct {
		host string
		port int
		want []string
		err  error
	}{
		"not there":    {"mail: {imap: {fault: refuse}}", 993, []string{"993 state=refused"}, nil},
		"taking leave": {users + "{greeting: '* BYE Server shutting down'}}", 993, []string{"993 state=declined", "993 reason=BYE Server shutting down"}, nil},
		"STARTTLS not offered": {
			users + "{starttls: absent}}", 143,
			[]string{"143 state=ready", "143 starttls=absent"},
			probes.ErrNotTried,
		},
		"STARTTLS refused": {
			users + "{starttls: refused}}", 143,
			[]string{"143 starttls=failed", "143 reason=NO TLS is not available"},
			probes.ErrNotTried,
		},
		"something said ahead of TLS": {
			users + "{starttls: injected}}", 143,
			[]string{"143 starttls=failed", "143 reason=something was said ahead of TLS"},
			nil,
		},
		"unavailable": {
			users + "{login: 'NO [UNAVAILABLE] not just now'}}", 993,
			[]string{"993 login=unavailable", "993 reason=NO [UNAVAILABLE] not just now"},
			nil,
		},
		"another name in the certificate": {
			users + "{}, tls: {names: [mail.example.org]}}", 993, []string{"993 certificate=wrong name"}, probes.ErrNotTried,
		},
		"an expired certificate": {
			users + "{}, tls: {expires: -1h}}", 993, []string{"993 certificate=expired"}, probes.ErrNotTried,
		},
	} {
		t.Run(name, func(t *testing.T) {
			target, _ := mailtest.Lab(t, "\n    "+tt.host+"\n")
			readings, err := probetest.Observe(t, imap.Kind, target, map[string]any{"port": []int{tt.port}, "login": true})
			if !errors.Is(err, tt.err) || tt.err == nil && err != nil {
				t.Errorf("error %v, want %v", err, tt.err)
			}
			got := probetest.Texts(readings)
			for _, want := range tt.want {
				if !slices.Contains(got, want) {
					t.Errorf("no %q in %q", want, got)
				}
			}
			for _, text := range got {
				if tt.err != nil && strings.Contains(text, " login=") {
					t.Errorf("%s, and nobody may log in", text)
				}
			}
		})
	}
}

// One wrong password ends it for the account, at the other port as well; here it is
// told again, as long as the run lasts.
func TestOneWrongPassword(t *testing.T) {
	target, _ := mailtest.Lab(t, mailtest.Healthy)
	target = mailtest.WithPassword(target, "wrong")
	for range 2 {
		readings, err := probetest.Observe(t, imap.Kind, target, map[string]any{"port": []int{993}, "login": true})
		if err != nil || !slices.Contains(probetest.Texts(readings), "993 login=refused") {
			t.Errorf("got %q, %v", probetest.Texts(readings), err)
		}
	}
	readings, err := probetest.Observe(t, imap.Kind, target, map[string]any{"port": []int{143}, "login": true})
	if !errors.Is(err, probes.ErrNotTried) || strings.Contains(err.Error(), "wrong") {
		t.Errorf("elsewhere: %q, %v", probetest.Texts(readings), err)
	}
}

// The operator can let a lab see the password, and say what a certificate bears.
func TestTheOperatorSaysOtherwise(t *testing.T) {
	for name, tt := range map[string]struct {
		host  string
		entry host.Mail
		port  int
	}{
		"without TLS":        {"imap: {starttls: absent, plain: true}", host.Mail{AllowPlain: true}, 143},
		"any certificate":    {"imap: {}, tls: {expires: -1h}", host.Mail{Insecure: true}, 993},
		"a name in addition": {"imap: {}, tls: {names: [mail.example.org]}", host.Mail{Names: []string{"mail.example.org"}}, 143},
	} {
		t.Run(name, func(t *testing.T) {
			target, _ := mailtest.Lab(t, "\n    mail: {users: {probe@corp.test: swordfish}, "+tt.host+"}\n")
			target = mailtest.With(target, host.Credential{
				User: mailtest.User, Password: host.NewSecret(mailtest.Password), Mail: &tt.entry,
			})
			readings, err := probetest.Observe(t, imap.Kind, target, map[string]any{"port": []int{tt.port}, "login": true})
			ok := func(s string) bool { return strings.HasSuffix(s, " login=ok") }
			if err != nil || !slices.ContainsFunc(probetest.Texts(readings), ok) {
				t.Errorf("got %q, %v", probetest.Texts(readings), err)
			}
		})
	}
}

// What a suite says of the name does not lead the password anywhere.
func TestASuiteLeadsNoPasswordElsewhere(t *testing.T) {
	target, _ := mailtest.Lab(t, `
    aliases: [evil.test]
    mail: {users: {probe@corp.test: swordfish}, imap: {}, tls: {names: [evil.test]}}
`)
	readings, err := probetest.Observe(t, imap.Kind, target, map[string]any{
		"address": "evil.test", "server_name": "evil.test", "login": true,
	})
	got := probetest.Texts(readings)
	if !errors.Is(err, probes.ErrNotTried) || !slices.Contains(got, "evil.test:993 certificate=valid") {
		t.Errorf("got %q, %v", got, err)
	}
}

// TestHostileServers are heard out and believed nothing.
func TestHostileServers(t *testing.T) {
	for name, says := range map[string]string{
		"another protocol":   "220 mx ESMTP\r\n",
		"an endless line":    "* OK " + strings.Repeat("x", 1<<20),
		"too many lines":     "* OK ready\r\n" + strings.Repeat("* 1 EXISTS\r\n", 1000),
		"control characters": "* OK \x1b[31m\xff\x00\r\na1 NO\r\n",
		"another's tag":      "* OK ready\r\na7 OK done\r\n",
		"cut off":            "* OK rea",
	} {
		t.Run(name, func(t *testing.T) {
			target := probetest.Target(probetest.Serve(t, func(conn net.Conn) {
				_, _ = io.WriteString(conn, says)
				if half, ok := conn.(*net.TCPConn); ok {
					_ = half.CloseWrite()
				}
				_, _ = io.Copy(io.Discard, conn)
			}))
			readings, err := probetest.Observe(t, imap.Kind, target, map[string]any{"port": []int{143}})
			if err == nil {
				t.Errorf("got %q", probetest.Texts(readings))
			}
		})
	}
}

func TestWordsAreFitToBeShown(t *testing.T) {
	target := probetest.Target(probetest.Serve(t, func(conn net.Conn) {
		_, _ = io.WriteString(conn, "* OK \x1b[31mready\r\n* CAPABILITY STARTTLS X\x1b[2J\u202e\r\na1 OK\r\na2 NO \x07no\r\n")
		_, _ = io.Copy(io.Discard, conn)
	}))
	readings, err := probetest.Observe(t, imap.Kind, target, map[string]any{"port": []int{143}})
	mailtest.Fit(t, readings, err)
	for _, want := range []string{
		"143 banner=\ufffd[31mready", "143 capabilities=STARTTLS, X\ufffd[2J\ufffd", "143 reason=NO \ufffdno",
	} {
		if got := probetest.Texts(readings); err != nil || !slices.Contains(got, want) {
			t.Errorf("no %q in %q, %v", want, got, err)
		}
	}
}

func TestParameters(t *testing.T) {
	probetest.Refuses(t, imap.Kind, map[string]map[string]any{
		"no port":      {"port": []int{}},
		"port 0":       {"port": []int{0}},
		"implicit tls": {"implicit_tls": []int{70000}},
	})
}
