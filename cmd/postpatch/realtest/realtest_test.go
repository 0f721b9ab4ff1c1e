//go:build real

package realtest_test

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/smtp"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"postpatch/cmd/postpatch/realtest"
)

func listens(t *testing.T, addr string) bool {
	t.Helper()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", addr)
	if err == nil {
		_ = conn.Close()
	}
	return err == nil
}

func TestNamed(t *testing.T) {
	named := realtest.StartNamed(t, "corp.test", "www A 10.0.0.5")
	ask := func() string {
		reply, err := dns.ExchangeContext(t.Context(), new(dns.Msg).SetQuestion("www.corp.test.", dns.TypeA), named.Addr)
		if err != nil || len(reply.Answer) != 1 {
			t.Fatalf("asking: %v, %v", reply, err)
		}
		return reply.Answer[0].(*dns.A).A.String()
	}
	if got := ask(); got != "10.0.0.5" {
		t.Errorf("before: %s", got)
	}
	named.SetRecords(t, "www A 10.0.0.6")
	if got := ask(); got != "10.0.0.6" {
		t.Errorf("after: %s", got)
	}
	named.Stop(t)
	if listens(t, named.Addr) {
		t.Error("still there after Stop")
	}
	named.Start(t)
	if got := ask(); got != "10.0.0.6" {
		t.Errorf("after a restart: %s", got)
	}
}

func TestNginx(t *testing.T) {
	nginx := realtest.StartNginx(t, "www.corp.test")
	nginx.SetPage(t, "health/status.html", "fine\n")
	client := &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: nginx.Roots, ServerName: "www.corp.test"}, DisableKeepAlives: true,
	}}
	get := func() (int, string) {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet,
			"https://"+nginx.Addr+"/health/status.html", nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = response.Body.Close() }()
		body, err := io.ReadAll(io.LimitReader(response.Body, 1<<16))
		if err != nil {
			t.Fatal(err)
		}
		return response.StatusCode, string(body)
	}
	if status, body := get(); status != 200 || body != "fine\n" {
		t.Errorf("got %d %q", status, body)
	}
	nginx.RemovePage(t, "health/status.html")
	if status, _ := get(); status != 404 {
		t.Errorf("without the page: %d", status)
	}
	nginx.Stop(t)
	if listens(t, nginx.Addr) {
		t.Error("still there after Stop")
	}
}

func TestPostfix(t *testing.T) {
	postfix := realtest.StartPostfix(t, "mx.corp.test", "mx.corp.test Microsoft ESMTP MAIL Service ready")
	if got := talk(t, postfix.Addr, postfix.Roots); got != "mx.corp.test Microsoft ESMTP MAIL Service ready" {
		t.Errorf("banner: %q", got)
	}
	postfix.Stop(t)
	if listens(t, postfix.Addr) {
		t.Error("still there after Stop")
	}
	postfix.SetBanner(t, "mx.corp.test ESMTP")
	postfix.Start(t)
	if got := talk(t, postfix.Addr, postfix.Roots); got != "mx.corp.test ESMTP" {
		t.Errorf("banner after the restart: %q", got)
	}
}

// talk goes through STARTTLS and returns the banner.
func talk(t *testing.T, addr string, roots *x509.CertPool) string {
	t.Helper()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	heard := &strings.Builder{}
	client, err := smtp.NewClient(tee{conn, heard}, "mx.corp.test")
	if err != nil {
		t.Fatal(err)
	}
	banner, _, _ := strings.Cut(strings.TrimPrefix(heard.String(), "220 "), "\r\n")
	if err := client.StartTLS(&tls.Config{ServerName: "mx.corp.test", RootCAs: roots}); err != nil {
		t.Fatal(err)
	}
	if err := client.Quit(); err != nil {
		t.Error(err)
	}
	return banner
}

// tee keeps what is read.
type tee struct {
	net.Conn
	heard *strings.Builder
}

func (c tee) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.heard.Write(p[:n])
	return n, err
}
