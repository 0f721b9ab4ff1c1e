package mail_test

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http/httptest"
	"net/smtp"
	"net/textproto"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes/lab/estate"
	"postpatch/probes/lab/mail"
)

func exchange() estate.Host {
	return estate.Host{
		Name: "ex01.corp.test", OS: estate.OS{Domain: "corp.test"}, SMTP: &estate.SMTP{TLS: &estate.TLS{}},
	}
}

// start serves h; its certificate is the one of httptest, for example.com.
func start(t *testing.T, h estate.Host) (addr string, roots *x509.CertPool) {
	t.Helper()
	donor := httptest.NewTLSServer(nil)
	cert := donor.TLS.Certificates[0]
	roots = x509.NewCertPool()
	roots.AddCert(donor.Certificate())
	donor.Close()
	server := mail.New(func() estate.Host { return h }, func(want estate.TLS) (*tls.Certificate, error) {
		if len(want.Names) == 1 && want.Names[0] == "ex01.corp.test" {
			return &cert, nil
		}
		return nil, fmt.Errorf("asked for a certificate for %q", want.Names)
	})
	ln, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(ln) }()
	t.Cleanup(func() {
		_ = server.Close()
		if err := <-ended; err != nil {
			t.Errorf("serving: %v", err)
		}
	})
	return ln.Addr().String(), roots
}

func dial(t *testing.T, addr string) *textproto.Conn {
	t.Helper()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	text := textproto.NewConn(conn)
	t.Cleanup(func() { _ = text.Close() })
	return text
}

// TestStandardClient lets the standard library's client do what a mail program
// does.
func TestStandardClient(t *testing.T) {
	addr, roots := start(t, exchange())
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	client, err := smtp.NewClient(conn, "example.com")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	if found, _ := client.Extension("STARTTLS"); !found {
		t.Fatal("no STARTTLS")
	}
	if err := client.StartTLS(&tls.Config{ServerName: "example.com", RootCAs: roots}); err != nil {
		t.Fatal(err)
	}
	if found, _ := client.Extension("STARTTLS"); found {
		t.Error("STARTTLS again, within TLS")
	}
	if found, size := client.Extension("SIZE"); !found || size != "37748736" {
		t.Errorf("SIZE is %q", size)
	}
	if err := client.Mail("probe@example.org"); err != nil {
		t.Error(err)
	}
	var refused *textproto.Error
	if err := client.Rcpt("a@example.org"); !errors.As(err, &refused) || refused.Code != 550 {
		t.Errorf("relaying: %v", err)
	}
	if err := client.Rcpt("a@corp.test"); err != nil {
		t.Error(err)
	}
	body, err := client.Data()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(body, "Subject: test\r\n\r\n.dots\r\n"+strings.Repeat("x", 9000)); err != nil {
		t.Error(err)
	}
	if err := body.Close(); err != nil {
		t.Error(err)
	}
	for name, step := range map[string]func() error{"RSET": client.Reset, "NOOP": client.Noop} {
		if err := step(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := client.Quit(); err != nil {
		t.Error(err)
	}
}

func TestDialogue(t *testing.T) {
	tests := map[string]struct {
		change func(*estate.Host)
		steps  []string // ">" sends, "<" wants; the greeting comes first
	}{
		"a whole talk": {nil, []string{
			"<220 ex01.corp.test Microsoft ESMTP MAIL Service ready at ",
			">HELO me", "<250 ex01.corp.test Hello [127.0.0.1]",
			">noop", "<250 2.0.0 OK", ">RSET", "<250 2.0.0 Resetting", ">VRFY a", "<252 ",
			">FOO bar", "<500 5.3.3 Unrecognized command 'FOO'", ">QUIT", "<221 2.0.0 ", "<EOF",
		}},
		"order is kept": {nil, []string{
			"<220 ", ">MAIL FROM:<a@b>", "<503 5.5.2 Send hello first", ">EHLO", "<501 5.5.4 ",
			">HELO me", "<250 ", ">RCPT TO:<a@corp.test>", "<503 5.5.2 Need mail", ">MAIL FROM:<>", "<250 ",
			">DATA", "<503 5.5.2 Need rcpt",
		}},
		"a message in chunks": {nil, []string{
			"<220 ", ">HELO me", "<250 ", ">MAIL FROM:<a@b>", "<250 ", ">RCPT TO:<a@CORP.test>", "<250 ",
			">BDAT 5\r\nabc", "<250 2.6.0 CHUNK", ">BDAT 0 LAST", "<250 2.6.0 <",
		}},
		"a long line": {nil, []string{
			"<220 ", ">HELO " + strings.Repeat("x", 9000), "<500 5.5.2 Line too long", ">NOOP", "<250 ",
		}},
		"hostile words are quoted": {nil, []string{"<220 ", ">\x1b[2J\x00", "<500 5.3.3 Unrecognized command '\\x1b[2J\\x00'"}},
		"too many errors": {nil, []string{
			"<220 ", ">A", "<500 ", ">B", "<500 ", ">C", "<500 ", ">D", "<500 ", ">E", "<500 ", "<421 4.7.0 ", "<EOF",
		}},
		"an inactive component": {
			func(h *estate.Host) { h.SMTP.Greeting = "421 4.3.2 Service not active" },
			[]string{"<421 4.3.2 Service not active", "<EOF"},
		},
		"no service here": {
			func(h *estate.Host) { h.SMTP.Greeting = "554 no service" },
			[]string{"<554 ", ">EHLO me", "<503 ", ">QUIT", "<221 ", "<EOF"},
		},
		"a banner of its own": {
			func(h *estate.Host) { h.SMTP.Banner = "mx ESMTP Postfix" },
			[]string{"<220 mx ESMTP Postfix"},
		},
		"the server's error": {
			func(h *estate.Host) { h.SMTP.Fault = "error" }, []string{"<421 4.3.2 ", "<EOF"},
		},
		"a dropped connection":    {func(h *estate.Host) { h.SMTP.Fault = "drop" }, []string{"<EOF"}},
		"a host that is off":      {func(h *estate.Host) { h.Power = "off" }, []string{"<EOF"}},
		"no certificate, no TLS":  {func(h *estate.Host) { h.SMTP.TLS = nil }, []string{"<220 ", ">EHLO me", "<250-ex01", "<250-SIZE", "<250-PIPELINING", "<250-DSN", "<250-ENHANCEDSTATUSCODES", "<250-AUTH", "<250-X-EXPS", "<250-8BITMIME", "<250-BINARYMIME", "<250-CHUNKING", "<250-SMTPUTF8", "<250 XRDST", ">STARTTLS", "<500 "}},
		"extensions of one's own": {func(h *estate.Host) { h.SMTP.Extensions = []string{"SIZE 10"} }, []string{"<220 ", ">EHLO me", "<250-ex01", "<250-SIZE 10", "<250 STARTTLS"}},
		"TLS offered and not to be had": {
			func(h *estate.Host) { h.SMTP.TLS, h.SMTP.Extensions = nil, []string{"STARTTLS"} },
			[]string{"<220 ", ">EHLO me", "<250-ex01", "<250 STARTTLS", ">STARTTLS", "<454 4.7.0 "},
		},
		"a certificate that cannot be made": {
			func(h *estate.Host) { h.SMTP.TLS = &estate.TLS{Names: []string{"x"}} },
			[]string{"<220 ", ">HELO me", "<250 ", ">STARTTLS", "<454 4.7.0 "},
		},
		"an hour of thought ends with the server": {func(h *estate.Host) { h.Think = time.Hour }, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			h := exchange()
			if test.change != nil {
				test.change(&h)
			}
			addr, _ := start(t, h)
			conn := dial(t, addr)
			for _, step := range test.steps {
				if command, isSent := strings.CutPrefix(step, ">"); isSent {
					if err := conn.PrintfLine("%s", command); err != nil {
						t.Fatal(err)
					}
					continue
				}
				got, err := conn.ReadLine()
				if err != nil {
					got = "EOF"
				}
				if !strings.HasPrefix(got, step[1:]) {
					t.Fatalf("got %q, %v, want %q", got, err, step[1:])
				}
			}
		})
	}
}

// TestPlaintextIsForgotten sends a command in the clear together with STARTTLS,
// as one who sits on the line would.
func TestPlaintextIsForgotten(t *testing.T) {
	addr, roots := start(t, exchange())
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	text := bufio.NewReader(conn)
	if _, err := text.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, "HELO me\r\nSTARTTLS\r\nNOOP\r\n"); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := text.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
	}
	secure := tls.Client(conn, &tls.Config{ServerName: "example.com", RootCAs: roots})
	if _, err := io.WriteString(secure, "MAIL FROM:<a@b>\r\n"); err != nil {
		t.Fatal(err)
	}
	got, err := bufio.NewReader(secure).ReadString('\n')
	if diff := cmp.Diff("503 5.5.2 Send hello first\r\n", got); err != nil || diff != "" {
		t.Errorf("after TLS: %v\n%s", err, diff)
	}
}

func TestFaults(t *testing.T) {
	for fault, want := range map[estate.Fault]string{"silent": "timeout", "garbage": "noise", "endless": "lines"} {
		t.Run(string(fault), func(t *testing.T) {
			h := exchange()
			h.SMTP.Fault = fault
			addr, _ := start(t, h)
			conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", addr)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = conn.Close() }()
			limit := 20 * time.Second
			if fault == estate.Silent { // the only one that is waited for in vain
				limit = 100 * time.Millisecond
			}
			if err := conn.SetDeadline(time.Now().Add(limit)); err != nil {
				t.Fatal(err)
			}
			data, err := io.ReadAll(io.LimitReader(conn, 1<<16))
			var timeout net.Error
			got := "noise"
			switch {
			case errors.As(err, &timeout) && timeout.Timeout() && len(data) == 0:
				got = "timeout"
			case strings.HasPrefix(string(data), "220-") && !strings.Contains(string(data), "\n220 "):
				got = "lines"
			}
			if got != want {
				t.Errorf("got %s, want %s: %v\n%.200q", got, want, err, data)
			}
		})
	}
}

func FuzzDialogue(f *testing.F) {
	f.Add([]byte("EHLO me\r\nMAIL FROM:<a@b>\r\nRCPT TO:<a@corp.test>\r\nDATA\r\nx\r\n.\r\nQUIT\r\n"))
	f.Add([]byte("BDAT 3 LAST\r\nabcSTARTTLS\r\n"))
	f.Add([]byte("HELO me\r\nSTARTTLS\r\n\x16\x03\x01"))
	f.Fuzz(func(t *testing.T, said []byte) {
		h := exchange()
		h.SMTP.TLS = nil
		for line := range strings.SplitSeq(strings.TrimSuffix(mail.Talk(h, said), "\r\n"), "\r\n") {
			if len(line) < 4 || line[0] < '2' || line[0] > '5' || line[3] != ' ' && line[3] != '-' {
				t.Errorf("no reply line: %q", line)
			}
		}
	})
}
