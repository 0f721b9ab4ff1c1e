//go:build real

package realtest

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// Nginx is a web server that serves HTTPS.
type Nginx struct{ Server }

// StartNginx starts nginx (package nginx-light) with a certificate for the name.
func StartNginx(t testing.TB, name string) *Nginx {
	t.Helper()
	return startNginx(t, name, "")
}

// startNginx has locations of nginx's configuration beside the pages.
func startNginx(t testing.TB, name, locations string) *Nginx {
	t.Helper()
	n := &Nginx{}
	n.Addr, n.dir = FreeAddress(t), folder(t)
	certFile, keyFile, roots := certify(t, n.dir, []string{name})
	n.Roots, n.CA = roots, certFile
	user := ""
	if os.Geteuid() == 0 {
		user = "user root;"
	}
	config := filepath.Join(n.dir, "nginx.conf")
	write(t, config, fmt.Sprintf(`
%[1]s daemon off; worker_processes 1; pid %[2]s/pid; error_log stderr;
events { worker_connections 64; }
http {
	access_log off; default_type text/html; log_format users '$request_method $remote_user $status';
	client_body_temp_path %[2]s/t1; proxy_temp_path %[2]s/t2; fastcgi_temp_path %[2]s/t3;
	uwsgi_temp_path %[2]s/t4; scgi_temp_path %[2]s/t5;
	server {
		listen %[3]s ssl; server_name %[4]s;
		ssl_certificate %[5]s; ssl_certificate_key %[6]s;
		root %[2]s/pages;
		%[7]s
	}
}
`, user, n.dir, n.Addr, name, certFile, keyFile, locations))
	n.SetPage(t, "index.html", "it works\n")
	n.up = func(t testing.TB) func() error {
		t.Helper()
		return run(t, connects(n.Addr), "nginx", "-e", "stderr", "-p", n.dir, "-c", config).stop
	}
	n.begin(t)
	return n
}

// SetPage puts a page in its place; it is served from the next request on.
func (n *Nginx) SetPage(t testing.TB, path, body string) {
	t.Helper()
	write(t, filepath.Join(n.dir, "pages", path), body)
}

// RemovePage takes a page away.
func (n *Nginx) RemovePage(t testing.TB, path string) {
	t.Helper()
	if err := os.Remove(filepath.Join(n.dir, "pages", path)); err != nil {
		t.Fatal(err)
	}
}
