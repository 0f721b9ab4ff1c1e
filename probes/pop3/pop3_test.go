package pop3_test

import (
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes"
	"postpatch/probes/lab/mailtest"
	"postpatch/probes/pop3"
	"postpatch/probes/probetest"
)

var both = map[string]any{"port": []int{110, 995}, "login": true}

func TestKind(t *testing.T) {
	probetest.Run(t, probetest.Suite{Kind: pop3.Kind, Args: both, Healthy: func(t *testing.T) probes.Target {
		t.Helper()
		target, _ := mailtest.Lab(t, mailtest.Healthy)
		return target
	}})
}

func TestReadings(t *testing.T) {
	target, _ := mailtest.Lab(t, mailtest.Healthy)
	readings, err := probetest.Observe(t, pop3.Kind, target, both)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"110 banner=The Microsoft Exchange POP3 service is ready.", "110 state=ready",
		"110 capabilities=STLS, TOP, UIDL", "110 starttls=offered", "110 tls=TLS 1.3", "110 certificate=valid",
		"110 tls_capabilities=TOP, UIDL, USER", "110 login=ok", "110 messages=0",
		"995 tls=TLS 1.3", "995 certificate=valid", "995 banner=The Microsoft Exchange POP3 service is ready.",
		"995 state=ready", "995 capabilities=TOP, UIDL, USER", "995 login=ok", "995 messages=0",
	}
	if d := cmp.Diff(want, probetest.Texts(readings, "latency", "login_time", "cert_days", "cert_subject", "cert_issuer",
		"cert_serial")); d != "" {
		t.Errorf("readings (-want +got):\n%s", d)
	}
}

func TestServers(t *testing.T) {
	const users = "mail: {users: {probe@corp.test: swordfish}, pop3: "
	for name, tt := range map[string]struct {
		host string
		port int
		want []string
		err  error
	}{
		"not there":    {"mail: {pop3: {fault: refuse}}", 995, []string{"995 state=refused"}, nil},
		"taking leave": {users + "{fault: error}}", 995, []string{"995 state=declined", "995 reason=-ERR Server shutting down."}, nil},
		"STLS not offered": {
			users + "{starttls: absent}}", 110,
			[]string{"110 state=ready", "110 starttls=absent"},
			probes.ErrNotTried,
		},
		"STLS refused": {
			users + "{starttls: refused}}", 110,
			[]string{"110 starttls=failed", "110 reason=-ERR TLS is not available"},
			probes.ErrNotTried,
		},
		"something said ahead of TLS": {
			users + "{starttls: injected}}", 110,
			[]string{"110 starttls=failed", "110 reason=something was said ahead of TLS"},
			nil,
		},
		"unavailable": {
			users + "{login: '-ERR [SYS/TEMP] not just now'}}", 995,
			[]string{"995 login=unavailable", "995 reason=-ERR [SYS/TEMP] not just now"},
			nil,
		},
		"another name in the certificate": {
			users + "{}, tls: {names: [mail.example.org]}}", 995, []string{"995 certificate=wrong name"}, probes.ErrNotTried,
		},
	} {
		t.Run(name, func(t *testing.T) {
			target, _ := mailtest.Lab(t, "\n    "+tt.host+"\n")
			readings, err := probetest.Observe(t, pop3.Kind, target, map[string]any{"port": []int{tt.port}, "login": true})
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

// What one kind has heard of a password counts for the others: they share the memory.
func TestOneWrongPassword(t *testing.T) {
	target, _ := mailtest.Lab(t, mailtest.Healthy)
	target = mailtest.WithPassword(target, "wrong")
	for _, port := range []int{995, 995, 110} {
		readings, err := probetest.Observe(t, pop3.Kind, target, map[string]any{"port": []int{port}, "login": true})
		if port == 995 && (err != nil || !slices.Contains(probetest.Texts(readings), "995 login=refused")) {
			t.Errorf("got %q, %v", probetest.Texts(readings), err)
		}
		if port == 110 && !errors.Is(err, probes.ErrNotTried) {
			t.Errorf("elsewhere: %v", err)
		}
	}
}

func TestHostileServers(t *testing.T) {
	for name, says := range map[string]string{
		"another protocol":          "220 mx ESMTP\r\n",
		"an endless line":           "+OK " + strings.Repeat("x", 1<<20),
		"too many capabilities":     "+OK\r\n+OK\r\n" + strings.Repeat("UIDL\r\n", 1000),
		"no end of capabilities":    "+OK\r\n+OK\r\nUID",
		"cut off":                   "+OK rea",
		"a word that only looks so": "+OKAY\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			target := probetest.Target(probetest.Serve(t, func(conn net.Conn) {
				_, _ = io.WriteString(conn, says)
				if half, ok := conn.(*net.TCPConn); ok {
					_ = half.CloseWrite()
				}
				_, _ = io.Copy(io.Discard, conn)
			}))
			readings, err := probetest.Observe(t, pop3.Kind, target, map[string]any{"port": []int{110}})
			if err == nil {
				t.Errorf("got %q", probetest.Texts(readings))
			}
		})
	}
}

func TestWordsAreFitToBeShown(t *testing.T) {
	target := probetest.Target(probetest.Serve(t, func(conn net.Conn) {
		_, _ = io.WriteString(conn, "+OK \x1b[31mready\r\n+OK\r\nUI\x1bDL\u202e x\r\nSTLS\r\n.\r\n-ERR \x07no\x1b[2J\r\n")
		_, _ = io.Copy(io.Discard, conn)
	}))
	readings, err := probetest.Observe(t, pop3.Kind, target, map[string]any{"port": []int{110}})
	mailtest.Fit(t, readings, err)
	for _, want := range []string{
		"110 banner=\ufffd[31mready", "110 capabilities=STLS, UI\ufffdDL\ufffd X", "110 reason=-ERR \ufffdno\ufffd[2J",
	} {
		if got := probetest.Texts(readings); err != nil || !slices.Contains(got, want) {
			t.Errorf("no %q in %q, %v", want, got, err)
		}
	}
}

func TestParameters(t *testing.T) {
	probetest.Refuses(t, pop3.Kind, map[string]map[string]any{
		"no port": {"port": []int{}}, "port 0": {"port": []int{0}},
	})
}
