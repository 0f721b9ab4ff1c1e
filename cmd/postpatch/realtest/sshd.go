//go:build real

package realtest

import (
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"testing"
)

// SSHD is OpenSSH's own server.
type SSHD struct {
	Server

	User   string // who may enter: whoever runs the test
	Dir    string // of its files, and of keys that tests make
	Known  string // a known_hosts file with its keys, for SSHDName
	config string
}

// SSHDName is the name by which Known knows an SSHD.
const SSHDName = "srv01.example.test"

// StartSSHD starts sshd (package openssh-server) with an Ed25519 and an RSA key. It lets in
// who proves one of the public keys in Dir/authorized_keys. Settings come before its own in
// sshd_config, and so count.
func StartSSHD(t testing.TB, settings ...string) *SSHD {
	t.Helper()
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	s := &SSHD{User: me.Username, Dir: folder(t)}
	s.Addr = FreeAddress(t)
	s.config = filepath.Join(s.Dir, "sshd_config")
	s.Known = filepath.Join(s.Dir, "known_hosts")
	var lines []string
	for _, kind := range []string{"ed25519", "rsa"} {
		public := SSHKey(t, filepath.Join(s.Dir, "host_"+kind), "-t", kind)
		lines = append(lines, fmt.Sprintf("[%s]:%s %s", SSHDName, port(t, s.Addr), public))
	}
	write(t, s.Known, strings.Join(lines, "\n")+"\n")
	if os.Geteuid() == 0 { // where it gives up its privileges
		if err := os.MkdirAll("/run/sshd", 0o755); err != nil {
			t.Fatal(err)
		}
	}
	write(t, filepath.Join(s.Dir, "authorized_keys"), "")
	write(t, s.config, strings.Join(settings, "\n")+fmt.Sprintf(`
ListenAddress 127.0.0.1
Port %[2]s
HostKey %[1]s/host_ed25519
HostKey %[1]s/host_rsa
PidFile none
StrictModes no
AuthorizedKeysFile %[1]s/authorized_keys
PermitRootLogin yes
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
`, s.Dir, port(t, s.Addr)))
	s.up = func(t testing.TB) func() error {
		t.Helper()
		return run(t, connects(s.Addr), "/usr/sbin/sshd", "-D", "-e", "-f", s.config).stop
	}
	s.begin(t)
	return s
}

// GiveUser has a server, which has to be root's, know a user more, with a password: in files
// that only this server sees in place of the machine's.
func (s *SSHD) GiveUser(t testing.TB, name, password string) {
	t.Helper()
	hash, err := exec.CommandContext(t.Context(), "openssl", "passwd", "-6", password).Output()
	if err != nil {
		t.Fatal(err)
	}
	for file, line := range map[string]string{
		"passwd": name + ":x:54321:54321::/tmp:/bin/sh",
		"shadow": name + ":" + strings.TrimSpace(string(hash)) + ":19000:0:99999:7:::",
	} {
		text, err := os.ReadFile("/etc/" + file)
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(s.Dir, file), string(text)+line+"\n")
	}
	s.User = name
	s.Stop(t)
	s.up = func(t testing.TB) func() error {
		t.Helper()
		script := fmt.Sprintf("mount --bind %[1]s/passwd /etc/passwd && mount --bind %[1]s/shadow /etc/shadow && "+
			"exec /usr/sbin/sshd -D -e -f %[2]s", s.Dir, s.config)
		return run(t, connects(s.Addr), "unshare", "--mount", "--propagation", "private", "sh", "-c", script).stop
	}
	s.Start(t)
}

// Authorize lets the holder of a public key in.
func (s *SSHD) Authorize(t testing.TB, public string) {
	t.Helper()
	write(t, filepath.Join(s.Dir, "authorized_keys"), public+"\n")
}

// SSHKey has ssh-keygen make a key, and returns its public part.
func SSHKey(t testing.TB, file string, args ...string) (public string) {
	t.Helper()
	args = append([]string{"-q", "-f", file, "-C", "test"}, args...)
	if !strings.Contains(strings.Join(args, " "), "-N ") {
		args = append(args, "-N", "")
	}
	if out, err := exec.CommandContext(t.Context(), "ssh-keygen", args...).CombinedOutput(); err != nil {
		t.Fatalf("ssh-keygen: %v\n%s", err, out)
	}
	text, err := os.ReadFile(file + ".pub")
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(text))
}
