//go:build real

package realtest

import (
	"crypto/hmac"
	"crypto/md5"
	"fmt"
	"os/exec"
	"path/filepath"
	"testing"

	"layeh.com/radius"
	"layeh.com/radius/rfc2869"
)

// FreeRADIUS is a RADIUS server that takes PAP, MS-CHAPv2 and Status-Server.
type FreeRADIUS struct {
	Server

	Secret, User, Password string
}

// StartFreeRADIUS starts FreeRADIUS (package freeradius) with one client and one user.
func StartFreeRADIUS(t testing.TB) *FreeRADIUS {
	t.Helper()
	s := &FreeRADIUS{Secret: "s3cret", User: "probe", Password: "swordfish"}
	s.Addr, s.dir = FreeAddress(t), folder(t)
	write(t, filepath.Join(s.dir, "users"), fmt.Sprintf("%s Cleartext-Password := %q\n", s.User, s.Password))
	write(t, filepath.Join(s.dir, "radiusd.conf"), fmt.Sprintf(`
name = radiusd
confdir = %[1]s
raddbdir = %[1]s
run_dir = %[1]s
logdir = %[1]s
libdir = /usr/lib/freeradius
pidfile = %[1]s/pid
log { destination = stdout }
security {
	reject_delay = 0
	status_server = yes
}
client local {
	ipaddr = 127.0.0.1
	secret = %[2]s
	require_message_authenticator = yes
}
modules {
	files {
		filename = %[1]s/users
	}
	pap { }
	mschap { }
}
server default {
	listen {
		type = auth
		ipaddr = 127.0.0.1
		port = %[3]s
	}
	authorize {
		files
		mschap
		pap
	}
	authenticate {
		Auth-Type MS-CHAP {
			mschap
		}
		Auth-Type PAP {
			pap
		}
	}
}
`, s.dir, s.Secret, port(t, s.Addr)))
	server, err := exec.LookPath("freeradius")
	if err != nil {
		t.Fatal(err)
	}
	s.up = func(t testing.TB) func() error {
		t.Helper()
		return run(t, answers(s.Addr, s.status(t)), server, "-f", "-l", "stdout", "-d", s.dir, "-n", "radiusd").stop
	}
	s.begin(t)
	return s
}

// status asks whether the server is there.
func (s *FreeRADIUS) status(t testing.TB) []byte {
	t.Helper()
	packet := radius.New(radius.CodeStatusServer, []byte(s.Secret))
	_ = rfc2869.MessageAuthenticator_Set(packet, make([]byte, md5.Size)) // it fits
	unsigned, err := packet.Encode()
	if err != nil {
		t.Fatal(err)
	}
	mac := hmac.New(md5.New, packet.Secret)
	_, _ = mac.Write(unsigned)
	_ = rfc2869.MessageAuthenticator_Set(packet, mac.Sum(nil)) // it fits, too
	signed, err := packet.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return signed
}
