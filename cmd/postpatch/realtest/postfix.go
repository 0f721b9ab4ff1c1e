//go:build real

package realtest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"testing"
)

// Postfix is a mail server that offers STARTTLS and delivers nowhere.
type Postfix struct {
	Server
	name  string
	extra string // lines of main.cf
}

// StartPostfix starts Postfix (package postfix), which only root can. Its banner
// is the one that follows "220 ".
func StartPostfix(t testing.TB, name, banner string) *Postfix {
	t.Helper()
	p := newPostfix(t, name)
	p.SetBanner(t, banner)
	p.begin(t)
	return p
}

// newPostfix is one that is not started, and has no main.cf.
func newPostfix(t testing.TB, name string) *Postfix {
	t.Helper()
	p := &Postfix{name: name}
	p.Addr, p.dir = FreeAddress(t), folder(t)
	p.CA, _, p.Roots = certify(t, p.dir, []string{name})
	for _, dir := range []string{"queue", "data"} {
		if err := os.Mkdir(filepath.Join(p.dir, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	own(t, filepath.Join(p.dir, "data"), "postfix")
	write(t, filepath.Join(p.dir, "master.cf"), p.Addr+` inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
discard unix - - n - - discard
virtual unix - n n - - virtual
error unix - - n - - error
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
`)
	p.up = func(t testing.TB) func() error {
		t.Helper()
		p.control(t, "start")
		if err := await(t, connects(p.Addr), nil); err != nil {
			t.Fatalf("starting postfix: %v\n%s", err, p.log())
		}
		return func() error { return p.postfix(context.WithoutCancel(t.Context()), "stop") }
	}
	return p
}

// SetBanner changes what the server says first, at once when it runs.
func (p *Postfix) SetBanner(t testing.TB, banner string) {
	t.Helper()
	write(t, filepath.Join(p.dir, "main.cf"), fmt.Sprintf(`compatibility_level = 3.6
queue_directory = %[1]s/queue
data_directory = %[1]s/data
maillog_file = %[1]s/log
maillog_file_prefixes = %[1]s
myhostname = %[2]s
mydestination = %[2]s
mynetworks =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
alias_maps =
local_recipient_maps =
local_transport = discard
default_transport = discard
smtpd_banner = %[3]s
smtpd_relay_restrictions = reject_unauth_destination
smtpd_tls_cert_file = %[1]s/cert.pem
smtpd_tls_key_file = %[1]s/key.pem
smtpd_tls_security_level = may
`, p.dir, p.name, banner)+p.extra)
	if p.down != nil {
		p.control(t, "reload")
	}
}

func (p *Postfix) control(t testing.TB, verb string) {
	t.Helper()
	if err := p.postfix(t.Context(), verb); err != nil {
		t.Fatalf("postfix %s: %v\n%s", verb, err, p.log())
	}
}

func (p *Postfix) postfix(ctx context.Context, verb string) error {
	out, err := exec.CommandContext(ctx, "postfix", "-c", p.dir, verb).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return nil
}

func (p *Postfix) log() string {
	text, err := os.ReadFile(filepath.Join(p.dir, "log"))
	if err != nil {
		return err.Error()
	}
	return string(text)
}

func own(t testing.TB, path, name string) {
	t.Helper()
	owner, err := user.Lookup(name)
	if err != nil {
		t.Fatal(err)
	}
	uid, err := strconv.Atoi(owner.Uid)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(path, uid, -1); err != nil {
		t.Fatal(err)
	}
}
