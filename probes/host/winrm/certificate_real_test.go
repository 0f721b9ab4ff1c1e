//go:build real

package winrm

import (
	"context"
	"net"
	"os"
	"strconv"
	"testing"

	"postpatch/cmd/postpatch/realtest"
	"postpatch/probes/host"
)

// TestCertificateAskedLate enters a host whose web server asks for the client's
// certificate after it has seen the request, as http.sys does unless its binding
// says otherwise. Apache does the same under TLS 1.2; behind it is the lab, to
// which Apache names the account that the certificate is mapped to.
func TestCertificateAskedLate(t *testing.T) {
	const apache2 = "/usr/sbin/apache2"
	if _, err := os.Stat(apache2); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	h := labHost()
	server, behind := lab(t, h)
	credential, certificate := shown(t)
	apache := realtest.StartApache(t, h.Name, realtest.Behind{
		URL:     "http://" + net.JoinHostPort(behind.Address, strconv.Itoa(behind.Port)) + "/",
		Clients: certificate, Header: `Authorization "Basic cHJvYmU6cA=="`,
	})
	_, port, err := net.SplitHostPort(apache.Addr)
	if err != nil {
		t.Fatal(err)
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	s, err := Open(t.Context(), Options{
		Host: h.Name, Address: "127.0.0.1", Port: number, TLS: true, Roots: apache.Roots, Credential: credential,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close(context.WithoutCancel(t.Context())) }()
	boot := host.WQL{Class: "Win32_OperatingSystem", Columns: []string{"CSName"}}
	got, err := s.Ask(t.Context(), []host.Question{boot})
	if err != nil {
		t.Fatal(err)
	}
	if rows, err := got.To(boot); err != nil || len(rows) != 1 || s.How() != "WinRM by certificate in TLS" {
		t.Errorf("%v, error %v, %s", rows, err, s.How())
	}
	if stats := server.Stats(); stats.Requests == 0 {
		t.Errorf("%+v", stats)
	}
}
