package smtp_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/lab/mailtest"
	"postpatch/probes/pop3"
	"postpatch/probes/probetest"
	"postpatch/probes/smtp"
)

// server is a mail server: what it says to each verb, and when it is asked to
// start TLS.
type server struct {
	greeting    string
	replies     map[string]string // by verb; QUIT is known
	certificate *tls.Certificate
	roots       *x509.CertPool
	heard       chan string // the lines that came, when not nil
}

func (s server) start(t *testing.T) probes.Target {
	t.Helper()
	target := probetest.Target(probetest.Serve(t, s.talk))
	target.Roots = s.roots
	return target
}

func (s server) talk(conn net.Conn) {
	_, _ = io.WriteString(conn, s.greeting)
	lines := bufio.NewScanner(conn)
	for lines.Scan() {
		line := lines.Text()
		if s.heard != nil {
			s.heard <- line
		}
		verb, _, _ := strings.Cut(line, " ")
		if verb == "QUIT" {
			_, _ = io.WriteString(conn, "221 bye\r\n")
			return
		}
		reply, found := s.replies[verb]
		if !found {
			return
		}
		_, _ = io.WriteString(conn, reply)
		if verb == "STARTTLS" && s.certificate != nil && strings.HasPrefix(reply, goAhead) {
			secured := tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{*s.certificate}})
			conn, lines = secured, bufio.NewScanner(secured)
		}
	}
}

const (
	greeting = "220 EX01.example.test Microsoft ESMTP MAIL Service ready at Mon, 23 Nov 2026 22:53:28 +0000\r\n"
	hello    = "250-EX01.example.test Hello [127.0.0.1]\r\n250-SIZE 37748736\r\n250-starttls\r\n250 CHUNKING\r\n"
	goAhead  = "220 2.0.0 SMTP server ready\r\n"
)

func healthy(t *testing.T, a *probetest.Authority) server {
	t.Helper()
	certificate := a.Issue(t, time.Now().Add(-time.Hour), time.Now().Add(30*24*time.Hour), "srv.example.test")
	return server{
		greeting: greeting, certificate: &certificate, roots: a.Roots(),
		replies: map[string]string{"EHLO": hello, "STARTTLS": goAhead},
	}
}

func observe(t *testing.T, target probes.Target, args map[string]any) ([]fact.Reading, error) {
	t.Helper()
	return probetest.Observe(t, smtp.Kind, target, args)
}

func TestKind(t *testing.T) {
	a := probetest.NewAuthority(t)
	probetest.Run(t, probetest.Suite{
		Kind: smtp.Kind, Args: map[string]any{"port": []int{25, 587}},
		Healthy: func(t *testing.T) probes.Target { return healthy(t, a).start(t) },
	})
}

func TestReadings(t *testing.T) {
	a := probetest.NewAuthority(t)
	s := healthy(t, a)
	s.heard = make(chan string, 10)
	readings, err := observe(t, s.start(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"25 banner=EX01.example.test Microsoft ESMTP MAIL Service ready", "25 state=ready",
		"25 extensions=CHUNKING, SIZE 37748736, STARTTLS", "25 starttls=offered",
		"25 tls=TLS 1.3", "25 certificate=valid", "25 cert_days=29", "25 cert_subject=CN=srv.example.test",
		"25 cert_issuer=CN=Test Authority", "25 cert_serial=beef", "25 tls_extensions=CHUNKING, SIZE 37748736, STARTTLS",
	}
	if d := cmp.Diff(want, probetest.Texts(readings, "latency")); d != "" {
		t.Errorf("readings (-want +got):\n%s", d)
	}
	for _, want := range []string{"EHLO [127.0.0.1]", "STARTTLS", "EHLO [127.0.0.1]", "QUIT"} {
		if got := <-s.heard; got != want {
			t.Errorf("the server heard %q, want %q", got, want)
		}
	}
}

// TestServers shows what becomes of a session at servers with ways of their own.
func TestServers(t *testing.T) {
	certificate := healthy(t, probetest.NewAuthority(t)).certificate
	for name, tt := range map[string]struct {
		server server
		want   []string
	}{
		"not in service": {
			server{greeting: "421 4.3.2 Service not active\r\n"},
			[]string{"25 banner=4.3.2 Service not active", "25 state=421"},
		},
		"in need of resources after the greeting": {server{greeting: greeting, replies: map[string]string{
			"EHLO": "452 4.3.1 Insufficient system resources\r\n",
		}}, []string{"25 state=452"}},
		"an old server": {
			server{greeting: "220 old\r\n", replies: map[string]string{
				"EHLO": "500 what?\r\n", "HELO": "250-hello\r\n250 SIZE\r\n",
			}},
			[]string{"25 banner=old", "25 state=ready", "25 extensions=", "25 starttls=absent"},
		},
		"TLS offered and not available": {
			server{greeting: greeting, replies: map[string]string{
				"EHLO": hello, "STARTTLS": "454 4.7.0 TLS not available\r\n",
			}},
			[]string{"25 state=ready", "25 starttls=failed"},
		},
		"TLS offered and not spoken": {server{greeting: greeting, replies: map[string]string{
			"EHLO": hello, "STARTTLS": goAhead,
		}}, []string{"25 starttls=failed"}},
		"something said ahead of TLS": {server{greeting: greeting, certificate: certificate, replies: map[string]string{
			"EHLO": hello, "STARTTLS": goAhead + "250 injected\r\n",
		}}, []string{"25 starttls=failed"}},
		"gone after the greeting": {server{greeting: greeting}, []string{"25 state=reset"}},
	} {
		t.Run(name, func(t *testing.T) {
			readings, err := observe(t, tt.server.start(t), nil)
			if err != nil {
				t.Fatal(err)
			}
			got := probetest.Texts(readings)
			for _, want := range tt.want {
				if !slices.Contains(got, want) {
					t.Errorf("no %q in %q", want, got)
				}
			}
		})
	}
}

func TestWordsAreFitToBeShown(t *testing.T) {
	readings, err := observe(t, server{greeting: "220 \x1b[31mmx\x07 ESMTP\r\n", replies: map[string]string{
		"EHLO": "250-mx\r\n250-X\x1b]0;a\x07 \u202eb\r\n250 STARTTLS\r\n", "STARTTLS": "454 \x1b[2J \u0085no\r\n",
	}}.start(t), nil)
	mailtest.Fit(t, readings, err)
	for _, want := range []string{
		"25 banner=\ufffd[31mmx\ufffd ESMTP", "25 extensions=STARTTLS, X\ufffd]0;A\ufffd \ufffdb", "25 reason=454 \ufffd[2J no",
	} {
		if got := probetest.Texts(readings); err != nil || !slices.Contains(got, want) {
			t.Errorf("no %q in %q, %v", want, got, err)
		}
	}
}

func TestWithoutTLS(t *testing.T) {
	s := healthy(t, probetest.NewAuthority(t))
	s.heard = make(chan string, 10)
	readings, err := observe(t, s.start(t), map[string]any{
		"starttls": false, "ehlo": "probe.example.test", "port": []int{2525}, "address": "mx.example.test",
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := probetest.Texts(readings, "latency", "banner", "extensions"); !slices.Equal(got,
		[]string{"mx.example.test:2525 state=ready", "mx.example.test:2525 starttls=offered"}) {
		t.Errorf("readings %q", got)
	}
	if first, second := <-s.heard, <-s.heard; first != "EHLO probe.example.test" || second != "QUIT" {
		t.Errorf("the server heard %q and %q", first, second)
	}
}

func TestNotObserved(t *testing.T) {
	gone := probetest.Target("")
	gone.Dial = func(context.Context, string, string) (net.Conn, error) {
		return nil, &net.DNSError{Err: "no such host", Name: "gone.test", IsNotFound: true}
	}
	for name, tt := range map[string]struct {
		target   probes.Target
		noAnswer bool
	}{
		"another protocol":    {server{greeting: "SSH-2.0-OpenSSH_9.2\r\n"}.start(t), false},
		"two codes":           {server{greeting: "220-a\r\n250 b\r\n"}.start(t), false},
		"cut off in a line":   {probetest.Target(probetest.Serve(t, server{greeting: "220 a"}.cut)), false},
		"a name without host": {gone, true},
	} {
		t.Run(name, func(t *testing.T) {
			readings, err := observe(t, tt.target, nil)
			if err == nil || errors.Is(err, probes.ErrNoAnswer) != tt.noAnswer {
				t.Errorf("got %v and %v, want an error with no answer: %t", readings, err, tt.noAnswer)
			}
		})
	}
}

// cut says the greeting and goes.
func (s server) cut(conn net.Conn) { _, _ = io.WriteString(conn, s.greeting) }

func TestSilenceAfterTheHelloKeepsWhatWasRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		target := probetest.Target("")
		target.Dial = func(context.Context, string, string) (net.Conn, error) {
			near, far := net.Pipe()
			go func() {
				_, _ = io.WriteString(far, greeting)
				_, _ = io.Copy(io.Discard, far)
			}()
			return near, nil
		}
		p, err := smtp.Kind.Build(map[string]any{"ehlo": "probe.example.test"}) // a pipe has no address
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		readings, err := p.Observe(ctx, target)
		if !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, probes.ErrNoAnswer) || len(readings) == 0 {
			t.Errorf("got %v and %v, want the banner and that time ran out", readings, err)
		}
	})
}

func TestParameters(t *testing.T) {
	for name, args := range map[string]map[string]any{
		"port":         {"port": []int{0}},
		"ehlo":         {"ehlo": "a\r\nMAIL FROM:<x>"},
		"login":        {"login": true, "starttls": false},
		"implicit_tls": {"implicit_tls": []int{0}},
	} {
		var field *probes.FieldError
		if _, err := smtp.Kind.Build(args); !errors.As(err, &field) || field.Field != name {
			t.Errorf("%v: got %v, want a problem of %s", args, err, name)
		}
	}
}

// TLS that is offered for the first time is no harm; TLS that is offered no more
// is.
func TestSTARTTLSIsKept(t *testing.T) {
	spec, _ := smtp.Kind.Reading("starttls")
	if spec.Keep != "offered" || spec.Expect != "one of offered, absent" ||
		!spec.Rule.Holds(fact.Text("absent"), fact.Text("offered")) {
		t.Errorf("starttls is judged by %+v", spec)
	}
}

// TestConnectors looks at several connectors of the lab at once, each with its own
// way to TLS, and logs in.
func TestConnectors(t *testing.T) {
	target, _ := mailtest.Lab(t, mailtest.Healthy)
	readings, err := observe(t, target, map[string]any{"port": []int{25, 587, 465}, "login": true, "envelope": true})
	if err != nil {
		t.Fatal(err)
	}
	got := probetest.Texts(readings)
	for _, want := range []string{
		"25 starttls=offered", "587 starttls=offered", "587 login=ok", "465 certificate=valid", "465 state=ready",
		"465 login=ok", "25 envelope=ok", "465 envelope=ok",
	} {
		if !slices.Contains(got, want) {
			t.Errorf("no %q in %q", want, got)
		}
	}
	if slices.Contains(got, "465 starttls=offered") {
		t.Error("STARTTLS within TLS")
	}
}

// TestBeyondTheHello shows what a server says only to who wants something of it.
func TestBeyondTheHello(t *testing.T) {
	const users = "mail: {users: {probe@corp.test: swordfish}}\n    "
	login, envelope := map[string]any{"login": true}, map[string]any{"envelope": true}
	for name, tt := range map[string]struct {
		host, password string
		args           map[string]any
		want           []string
		err            error
	}{
		"back pressure": {
			"smtp: {envelope: 452 4.3.1 Insufficient system resources}", "swordfish", envelope,
			[]string{"25 state=ready", "25 envelope=452", "25 reason=452 4.3.1 Insufficient system resources " +
				"(back pressure: it is short of memory or disk space)"},
			nil,
		},
		"a wrong password": {users + "smtp: {tls: {}}", "wrong", login, []string{"25 starttls=offered", "25 login=refused"}, nil},
		"no AUTH any more": {"smtp: {tls: {}}", "swordfish", login, []string{"25 login=unavailable"}, nil},
		"TLS stripped":     {users + "smtp: {}", "swordfish", login, []string{"25 starttls=absent"}, probes.ErrNotTried},
		"another's certificate": {
			users + "smtp: {tls: {names: [mail.example.org]}}", "swordfish", login,
			[]string{"25 certificate=wrong name"},
			probes.ErrNotTried,
		},
	} {
		t.Run(name, func(t *testing.T) {
			target, _ := mailtest.Lab(t, "\n    "+tt.host+"\n")
			readings, err := observe(t, mailtest.WithPassword(target, tt.password), tt.args)
			if !errors.Is(err, tt.err) || tt.err == nil && err != nil {
				t.Errorf("error %v, want %v", err, tt.err)
			}
			got := probetest.Texts(readings)
			for _, want := range tt.want {
				if !slices.Contains(got, want) {
					t.Errorf("no %q in %q", want, got)
				}
			}
			if tt.err != nil && slices.ContainsFunc(got, func(s string) bool { return strings.Contains(s, " login=") }) {
				t.Errorf("somebody logged in: %q", got)
			}
		})
	}
}

// A password that one protocol has refused is shown by no other.
func TestKindsShareWhatTheyKnowOfAPassword(t *testing.T) {
	target, l := mailtest.Lab(t, mailtest.Healthy)
	target = mailtest.WithPassword(target, "wrong")
	if readings, err := probetest.Observe(t, pop3.Kind, target, map[string]any{"login": true}); err != nil ||
		!slices.Contains(probetest.Texts(readings), "995 login=refused") {
		t.Fatalf("POP3: %q, %v", probetest.Texts(readings), err)
	}
	_, err := observe(t, target, map[string]any{"login": true})
	if !errors.Is(err, probes.ErrNotTried) || !strings.Contains(err.Error(), "POP3 at ex01.corp.test:995") {
		t.Errorf("SMTP: %v", err)
	}
	if n := l.Stats("ex01.corp.test").Connections["tcp/25"]; n != 1 {
		t.Errorf("%d connections", n)
	}
}
