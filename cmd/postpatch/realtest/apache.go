//go:build real

package realtest

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// Apache is a web server that asks a client for its certificate as http.sys
// does: when a request has come, by a second handshake on the connection. What it
// is asked then goes to another server.
type Apache struct{ Server }

// Behind says what an Apache passes on, and to whom.
type Behind struct {
	URL     string // of the server behind, in clear
	Clients string // the PEM of who signs the certificates of clients
	Header  string // "name value", set on every request
}

// StartApache starts Apache (package apache2-bin) with a certificate for the
// name, and TLS 1.2 alone: TLS 1.3 has no second handshake.
func StartApache(t testing.TB, name string, behind Behind) *Apache {
	t.Helper()
	a := &Apache{}
	a.Addr, a.dir = FreeAddress(t), folder(t)
	certFile, keyFile, roots := certify(t, a.dir, []string{name})
	a.Roots, a.CA = roots, certFile
	clients := filepath.Join(a.dir, "clients.pem")
	write(t, clients, behind.Clients)
	user := ""
	if os.Geteuid() == 0 {
		user = "User www-data\nGroup www-data"
	}
	config := filepath.Join(a.dir, "apache.conf")
	write(t, config, fmt.Sprintf(`
ServerName %[1]s
ServerRoot %[2]s
PidFile %[2]s/pid
DefaultRuntimeDir %[2]s
ErrorLog /dev/stderr
Listen %[3]s
StartServers 1
Define modules /usr/lib/apache2/modules
LoadModule mpm_event_module ${modules}/mod_mpm_event.so
LoadModule authz_core_module ${modules}/mod_authz_core.so
LoadModule ssl_module ${modules}/mod_ssl.so
LoadModule headers_module ${modules}/mod_headers.so
LoadModule proxy_module ${modules}/mod_proxy.so
LoadModule proxy_http_module ${modules}/mod_proxy_http.so
%[4]s
SSLEngine on
SSLProtocol -all +TLSv1.2
SSLCertificateFile %[5]s
SSLCertificateKeyFile %[6]s
SSLCACertificateFile %[7]s
<Location />
	SSLVerifyClient require
	RequestHeader set %[8]s
	ProxyPass %[9]s
</Location>
`, name, a.dir, a.Addr, user, certFile, keyFile, clients, behind.Header, behind.URL))
	a.up = func(t testing.TB) func() error {
		t.Helper()
		return run(t, connects(a.Addr), "/usr/sbin/apache2", "-D", "FOREGROUND", "-f", config).stop
	}
	a.begin(t)
	return a
}
