//go:build real

package realtest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// StartMariaDB starts a database (package mariadb-server-core) that offers TLS and asks
// nobody for a password.
func StartMariaDB(t testing.TB, name string) *Server {
	t.Helper()
	s := &Server{Addr: FreeAddress(t), dir: folder(t)}
	certFile, keyFile, roots := certify(t, s.dir, []string{name})
	s.Roots, s.CA = roots, certFile
	data := filepath.Join(s.dir, "data")
	if err := os.Mkdir(data, 0o700); err != nil {
		t.Fatal(err)
	}
	s.up = func(t testing.TB) func() error {
		t.Helper()
		return run(t, connects(s.Addr), "mariadbd", "--no-defaults", "--user=root", "--skip-grant-tables",
			"--datadir="+data, "--socket="+filepath.Join(s.dir, "socket"), "--pid-file="+filepath.Join(s.dir, "pid"),
			"--bind-address=127.0.0.1", "--port="+port(t, s.Addr), "--ssl-cert="+certFile, "--ssl-key="+keyFile,
			"--innodb-log-file-size=4M", "--innodb-buffer-pool-size=8M").stop
	}
	s.begin(t)
	return s
}

// StartPostgres starts PostgreSQL (package postgresql-15) with TLS, as Debian's user
// postgres, since it refuses to be root.
func StartPostgres(t testing.TB, name string) *Server {
	t.Helper()
	const programs = "/usr/lib/postgresql/15/bin/"
	s := &Server{Addr: FreeAddress(t), dir: folder(t)}
	certFile, keyFile, roots := certify(t, s.dir, []string{name})
	s.Roots, s.CA = roots, certFile
	if err := os.Chmod(keyFile, 0o600); err != nil {
		t.Fatal(err)
	}
	own(t, s.dir, "postgres")
	own(t, keyFile, "postgres")
	data := filepath.Join(s.dir, "data")
	as := []string{"--reuid=postgres", "--regid=postgres", "--clear-groups"}
	initialise := exec.CommandContext(t.Context(), "setpriv",
		append(as, programs+"initdb", "--no-sync", "--auth=trust", "-D", data)...)
	if out, err := initialise.CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v\n%s", err, out)
	}
	s.up = func(t testing.TB) func() error {
		t.Helper()
		return run(t, connects(s.Addr), "setpriv", append(as, programs+"postgres", "-D", data, "-F", "-k", s.dir,
			"-h", "127.0.0.1", "-p", port(t, s.Addr), "-c", "ssl=on", "-c", "ssl_cert_file="+certFile,
			"-c", "ssl_key_file="+keyFile)...).kill
	}
	s.begin(t)
	return s
}

// StartVSFTPD starts an FTP server (package vsftpd) that offers TLS.
func StartVSFTPD(t testing.TB, name string) *Server {
	t.Helper()
	s := &Server{Addr: FreeAddress(t), dir: folder(t)}
	certFile, keyFile, roots := certify(t, s.dir, []string{name})
	s.Roots, s.CA = roots, certFile
	empty := filepath.Join(s.dir, "empty")
	if err := os.Mkdir(empty, 0o755); err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(s.dir, "vsftpd.conf")
	write(t, config, fmt.Sprintf(`listen=YES
listen_address=127.0.0.1
listen_port=%s
background=NO
anonymous_enable=NO
local_enable=YES
seccomp_sandbox=NO
secure_chroot_dir=%s
ssl_enable=YES
rsa_cert_file=%s
rsa_private_key_file=%s
ftpd_banner=Files of %s
`, port(t, s.Addr), empty, certFile, keyFile, name))
	s.up = func(t testing.TB) func() error {
		t.Helper()
		return run(t, connects(s.Addr), "/usr/sbin/vsftpd", config).kill
	}
	s.begin(t)
	return s
}
