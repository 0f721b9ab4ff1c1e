//go:build real

package realtest

import (
	"fmt"
	"path/filepath"
	"testing"
)

// StartXRDP starts xrdp (package xrdp), which knows TLS and no CredSSP. Security is
// negotiate, tls or rdp.
func StartXRDP(t testing.TB, name, security string) *Server {
	t.Helper()
	s := &Server{Addr: FreeAddress(t), dir: folder(t)}
	certFile, keyFile, roots := certify(t, s.dir, []string{name})
	s.Roots, s.CA = roots, certFile
	config := filepath.Join(s.dir, "xrdp.ini")
	write(t, config, fmt.Sprintf(`[Globals]
ini_version=1
fork=true
port=tcp://127.0.0.1:%s
security_layer=%s
crypt_level=high
certificate=%s
key_file=%s
ssl_protocols=TLSv1.2, TLSv1.3
[Logging]
LogFile=%s
LogLevel=INFO
EnableSyslog=false
EnableConsole=true
ConsoleLevel=INFO
`, port(t, s.Addr), security, certFile, keyFile, filepath.Join(s.dir, "xrdp.log")))
	s.up = func(t testing.TB) func() error {
		t.Helper()
		return run(t, connects(s.Addr), "xrdp", "-n", "-c", config).stop
	}
	s.begin(t)
	return s
}
