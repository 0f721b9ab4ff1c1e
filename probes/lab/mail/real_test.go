//go:build real

package mail_test

import (
	"os/exec"
	"strings"
	"testing"
)

// TestOpenSSL lets openssl find the way to TLS and speak on within it.
func TestOpenSSL(t *testing.T) {
	addr, _ := start(t, exchange())
	command := exec.CommandContext(t.Context(), "openssl", "s_client", "-starttls", "smtp", "-connect", addr,
		"-crlf", "-name", "probe.test", "-ign_eof") // unverified: the certificate is httptest's own
	command.Stdin = strings.NewReader("EHLO probe.test\nNOOP\nQUIT\n")
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("openssl: %v\n%s", err, out)
	}
	for _, want := range []string{
		"TLSv1.3", "250-ex01.corp.test Hello [127.0.0.1]\r\n", "250 XRDST\r\n", "250 2.0.0 OK\r\n", "221 2.0.0 ",
	} {
		if !strings.Contains(string(out), want) {
			t.Errorf("want %q in\n%s", want, out)
		}
	}
	if strings.Contains(string(out), "250-STARTTLS\r\n") {
		t.Errorf("STARTTLS is offered within TLS:\n%s", out)
	}
}
