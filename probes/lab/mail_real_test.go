//go:build real

package lab_test

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestOtherMailClients lets curl and Python's own libraries send a message to the
// lab, read it over IMAP and POP3, and delete it.
func TestOtherMailClients(t *testing.T) {
	l := start(t, `
estate: mail
hosts:
  ex01.corp.test:
    os: {domain: corp.test}
    smtp: {ports: [25, 587, 465], tls: {names: [localhost]}}
    mail: {users: {probe@corp.test: swordfish}, tls: {names: [localhost]}, imap: {}, pop3: {}}
`)
	folder := t.TempDir()
	ca, message := filepath.Join(folder, "ca.pem"), filepath.Join(folder, "message")
	for file, text := range map[string]string{
		ca:      string(l.CA()),
		message: "From: a@corp.test\r\nTo: probe@corp.test\r\nSubject: hello\r\n\r\n.a dot\r\nand more\r\n",
	} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ports := l.Routes()["ex01.corp.test"].Ports
	run := func(name string, args ...string) string {
		t.Helper()
		out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput()
		if err != nil {
			t.Fatalf("%s %q: %v\n%s", name, args, err, out)
		}
		return string(out)
	}
	curl := func(scheme, port, path string, more ...string) string {
		t.Helper()
		host, number, err := net.SplitHostPort(ports["tcp/"+port])
		if err != nil {
			t.Fatal(err)
		}
		return run("curl", append([]string{
			"-sS", "--ssl-reqd", "--cacert", ca, "--max-time", "20", "--connect-to", "::" + host + ":" + number,
			scheme + "://localhost:" + number + path,
		}, more...)...)
	}
	account := []string{"--user", "probe@corp.test:swordfish"}
	envelope := []string{"--mail-from", "a@corp.test", "--mail-rcpt", "probe@corp.test", "--upload-file", message}
	curl("smtp", "25", "", envelope...)
	curl("smtp", "587", "", append(envelope, account...)...)
	curl("smtps", "465", "", append(envelope, account...)...)
	for _, at := range []struct{ scheme, port, path string }{
		{"imap", "143", "/INBOX;MAILINDEX=1"},
		{"imaps", "993", "/INBOX;MAILINDEX=2"},
		{"pop3", "110", "/1"},
		{"pop3s", "995", "/3"},
	} {
		got := curl(at.scheme, at.port, at.path, account...)
		if !strings.Contains(got, "Subject: hello") || !strings.Contains(got, "\n.a dot\r\nand more") {
			t.Errorf("%s at %s: %q", at.scheme, at.port, got)
		}
	}
	script := `
import imaplib, poplib, ssl, sys
ca, imap, imaps, pop, pops = sys.argv[1:]
ctx = ssl.create_default_context(cafile=ca)
at = lambda a: (lambda h, p: (h, int(p)))(*a.rsplit(":", 1))
ctx.check_hostname = False  # the lab's addresses have no names here; its authority is checked
m = imaplib.IMAP4_SSL(*at(imaps), ssl_context=ctx)
m.login("probe@corp.test", "swordfish")
print("imap", m.select("INBOX"), m.search(None, "SUBJECT", "hello"))
m.store("1", "+FLAGS", "\\Deleted"); m.expunge(); m.logout()
m = imaplib.IMAP4(*at(imap)); m.starttls(ctx)
try: m.login("probe@corp.test", "wrong")
except imaplib.IMAP4.error as e: print("refused", e)
m.logout()
p = poplib.POP3(*at(pop)); p.stls(ctx)
p.user("probe@corp.test"); p.pass_("swordfish"); print("pop3", p.stat()[0], p.top(1, 1)[1][-1]); p.dele(1); p.quit()
p = poplib.POP3_SSL(*at(pops), context=ctx)
p.user("probe@corp.test"); p.pass_("swordfish"); print("left", p.stat()[0], p.uidl()[1]); p.quit()
`
	got := run("python3", "-c", script, ca, ports["tcp/143"], ports["tcp/993"], ports["tcp/110"], ports["tcp/995"])
	for _, want := range []string{
		"imap ('OK', [b'3']) ('OK', [b'1 2 3'])", "refused b'", "pop3 2 b'.a dot'", "left 1 [b'1 3']",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}
