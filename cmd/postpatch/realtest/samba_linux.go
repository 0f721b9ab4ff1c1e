//go:build real

package realtest

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// The domain that a Samba serves.
const (
	SambaDomain   = "corp.test"
	SambaRealm    = "CORP.TEST"
	SambaNetBIOS  = "CORP"
	SambaHost     = "dc1.corp.test"
	SambaAddress  = "198.18.7.10" // of the loopback interface of the test's own network
	SambaUser     = "Administrator"
	SambaPassword = "Passw0rd!Adm"
)

// Samba is a domain controller: LDAP, Kerberos, DNS, SMB and RPC at SambaAddress, each at
// its own port. What is exported may be changed while it is stopped.
type Samba struct {
	Server

	Clock    string   // by how much its clock is wrong, "+10m" (package faketime)
	Global   []string // lines more for the section [global] of its smb.conf
	Unshared bool     // SYSVOL and NETLOGON are no shares
	Sysvol   string   // the folder behind the share SYSVOL; NETLOGON is corp.test/scripts in it
	Krb5Conf string   // for clients

	config string
}

// StartSamba provisions a domain controller and starts it, in the network that a test has
// by OwnNetwork (packages samba, samba-ad-provision, samba-dsdb-modules, samba-vfs-modules,
// winbind and python3-samba). It takes about ten seconds, and root: elsewhere the test is
// skipped.
func StartSamba(t *testing.T) *Samba {
	t.Helper()
	if _, ci := os.LookupEnv("CI"); os.Getuid() != 0 && !ci {
		t.Skip("a domain controller needs root")
	}
	if _, own := os.LookupEnv(ownNetwork); !own {
		t.Fatal("a domain controller needs a network of the test's own: see OwnNetwork")
	}
	s := &Samba{}
	s.Addr, s.dir = net.JoinHostPort(SambaAddress, "389"), folder(t)
	s.Sysvol = filepath.Join(s.dir, "dc", "state", "sysvol")
	s.config, s.Krb5Conf = filepath.Join(s.dir, "smb.conf"), filepath.Join(s.dir, "krb5.conf")
	setAddress(t, "lo:0", SambaAddress)
	s.provision(t)
	s.services(t)
	s.SetCertificate(t, time.Now().AddDate(1, 0, 0))
	write(t, filepath.Join(s.dir, "resolv.conf"), "search "+SambaDomain+"\nnameserver "+SambaAddress+"\n")
	write(t, s.Krb5Conf, fmt.Sprintf(`[libdefaults]
 default_realm = %[1]s
 dns_lookup_kdc = false
 dns_lookup_realm = false
 rdns = false
[realms]
 %[1]s = {
  kdc = %[2]s:88
 }
[domain_realm]
 .%[3]s = %[1]s
 %[3]s = %[1]s
`, SambaRealm, SambaAddress, SambaDomain))
	s.up = s.run
	s.begin(t)
	return s
}

// SetCertificate gives it a new certificate, which it shows from its next start on.
func (s *Samba) SetCertificate(t testing.TB, until time.Time) {
	t.Helper()
	s.CA, _, s.Roots = certifyUntil(t, s.dir, []string{SambaHost, SambaDomain}, until)
	// Samba takes no key that others may read.
	if err := os.Chmod(filepath.Join(s.dir, "key.pem"), 0o600); err != nil {
		t.Fatal(err)
	}
}

// Tool runs samba-tool on the domain's database, whether it is served or not, and returns
// what it prints.
func (s *Samba) Tool(t testing.TB, args ...string) string {
	t.Helper()
	s.write(t)
	tool := exec.CommandContext(t.Context(), "samba-tool", append(args, "-s", s.config)...)
	out, err := tool.CombinedOutput()
	if err != nil {
		t.Fatalf("samba-tool %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

func (s *Samba) provision(t testing.TB) {
	t.Helper()
	tool := exec.CommandContext(t.Context(), "samba-tool", "domain", "provision",
		"--realm="+SambaRealm, "--domain="+SambaNetBIOS, "--server-role=dc", "--dns-backend=SAMBA_INTERNAL",
		"--adminpass="+SambaPassword, "--host-name=DC1", "--host-ip="+SambaAddress,
		"--targetdir="+filepath.Join(s.dir, "dc"), "--use-rfc2307",
		"--option=bind interfaces only=yes", "--option=interfaces=lo "+SambaAddress+"/24")
	if out, err := tool.CombinedOutput(); err != nil {
		t.Fatalf("provisioning a domain: %v\n%s", err, out)
	}
}

// services registers the names of its services for Kerberos, which it does by itself a while
// after its start.
func (s *Samba) services(t testing.TB) {
	t.Helper()
	s.write(t)
	update := exec.CommandContext(t.Context(), "/usr/sbin/samba_spnupdate", "-s", s.config)
	if out, err := update.CombinedOutput(); err != nil {
		t.Fatalf("registering its services: %v\n%s", err, out)
	}
}

// write writes the configuration. What it does not say lies in /run/samba, which run hides.
func (s *Samba) write(t testing.TB) {
	t.Helper()
	write(t, s.config, fmt.Sprintf(`[global]
netbios name = DC1
realm = %[2]s
workgroup = %[3]s
server role = active directory domain controller
bind interfaces only = yes
interfaces = lo %[4]s/24
idmap_ldb:use rfc2307 = yes
private dir = %[1]s/dc/private
state directory = %[1]s/dc/state
cache directory = %[1]s/dc/cache
lock directory = %[1]s/dc
log file = %[1]s/log.%%m
tls certfile = %[1]s/cert.pem
tls keyfile = %[1]s/key.pem
tls cafile = %[1]s/cert.pem
ldap server require strong auth = allow_sasl_over_tls
dns update command = /bin/true
spn update command = /bin/true
%[5]s
%[6]s`, s.dir, SambaRealm, SambaNetBIOS, SambaAddress, strings.Join(s.Global, "\n"), s.shares()))
}

func (s *Samba) shares() string {
	if s.Unshared {
		return ""
	}
	return fmt.Sprintf(`[sysvol]
path = %[1]s
read only = no
[netlogon]
path = %[1]s/%[2]s/scripts
read only = no
`, s.Sysvol, SambaDomain)
}

// run starts it with processes and mounts of its own: none outlives it, and those of
// several tests have no folder in common.
func (s *Samba) run(t testing.TB) func() error {
	t.Helper()
	s.write(t)
	const script = `mkdir -p /run/samba && mount -t tmpfs run /run/samba && mount -t tmpfs shm /dev/shm &&
		mount --bind "$1" /etc/resolv.conf &&
		shift && exec "$@"`
	args := []string{"-c", "mount --make-rprivate / && " + script, "sh", filepath.Join(s.dir, "resolv.conf")}
	if s.Clock != "" {
		// The directory's modules find the system's clock past every other, unless they are told.
		args = append(args, "env", "LDB_MODULES_DISABLE_DEEPBIND=1", "faketime", "-f", s.Clock)
	}
	args = append(args, "samba", "-i", "-M", "single", "-d", "1", "--debug-stdout", "-s", s.config)
	command := daemon(t, "sh", args...)
	command.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWNS, Setpgid: true}
	return start(t, s.ready, command).kill
}

// ready is when all of its services answer: those that answer LDAP come before those that
// look after accounts.
func (s *Samba) ready(ctx context.Context) error {
	disabled := strings.Join(s.Global, "\n")
	for port, service := range map[string]string{
		"53": "-dns", "88": "-kdc", "135": "-rpc", "445": "-s3fs", "636": "-ldap", "3268": "-ldap",
	} {
		if strings.Contains(disabled, service) {
			continue
		}
		if err := connects(net.JoinHostPort(SambaAddress, port))(ctx); err != nil {
			return err
		}
	}
	if strings.Contains(disabled, "-ldap") {
		return nil
	}
	conn, err := (&tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}}).
		DialContext(ctx, "tcp", net.JoinHostPort(SambaAddress, "636"))
	if err != nil {
		return err
	}
	_ = conn.Close()
	if strings.Contains(disabled, "-s3fs") || strings.Contains(disabled, "-winbind") {
		return nil
	}
	return s.logsOn(ctx)
}

// logsOn is whether SMB knows its accounts, which takes winbindd longer than to start.
func (s *Samba) logsOn(ctx context.Context) error {
	client := exec.CommandContext(ctx, "smbclient", "-s", "/dev/null", "-U", SambaNetBIOS+`\`+SambaUser+"%"+SambaPassword,
		"-c", "exit", "//"+SambaAddress+"/IPC$")
	out, err := client.CombinedOutput()
	if _, exited := errors.AsType[*exec.ExitError](err); exited {
		return fmt.Errorf("logging on: %w: %s", err, out)
	}
	return err
}

func setAddress(t *testing.T, name, address string) {
	t.Helper()
	SetInterface(t, name, unix.SIOCSIFADDR, func(r *unix.Ifreq) error {
		return r.SetInet4Addr(net.ParseIP(address).To4())
	})
	SetInterface(t, name, unix.SIOCSIFNETMASK, func(r *unix.Ifreq) error {
		return r.SetInet4Addr([]byte{255, 255, 255, 0})
	})
}
