package ssh

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	xssh "golang.org/x/crypto/ssh"

	"postpatch/probes/host"
)

func TestHostileServers(t *testing.T) {
	for name, c := range map[string]struct {
		server served
		is     error
		want   string
	}{
		"endless output": {served{session: run(func(c xssh.Channel) {
			for line := []byte(strings.Repeat("y", 1<<15)); ; {
				if _, err := c.Write(line); err != nil {
					return
				}
			}
		})}, errTooLong, ""},
		"no command": {served{session: func(c xssh.Channel, asked <-chan *xssh.Request) {
			for r := range asked {
				_ = r.Reply(false, nil)
			}
		}}, host.ErrDenied, "ForceCommand"},
		"no more sessions": {served{refuse: xssh.ResourceShortage}, host.ErrBusy, "no more sessions"},
		"no session":       {served{refuse: xssh.Prohibited}, host.ErrDenied, ""},
		"nothing at all":   {served{session: run(func(c xssh.Channel) { _ = c.Close() })}, nil, ""},
		"neither shell": {served{session: run(func(c xssh.Channel) {
			_, _ = c.Stderr().Write([]byte("what?\x1b[2J"))
			_, _ = c.SendRequest("exit-status", false, []byte{0, 0, 0, 9})
			_ = c.Close()
		})}, nil, `it said "what?[2J"`},
		"a second question": {served{config: xssh.ServerConfig{
			KeyboardInteractiveCallback: func(_ xssh.ConnMetadata, ask question) (*xssh.Permissions, error) {
				if _, err := ask("", "", []string{"Password:"}, []bool{false}); err != nil {
					return nil, err
				}
				_, err := ask("", "", []string{"New password:"}, []bool{false})
				return nil, err
			},
		}}, nil, `the host asks for more than the password: "New password:"`},
		"a code": {served{config: xssh.ServerConfig{
			KeyboardInteractiveCallback: func(_ xssh.ConnMetadata, ask question) (*xssh.Permissions, error) {
				_, err := ask("", "", []string{"Password:", "Code:"}, []bool{false, true})
				return nil, err
			},
		}}, nil, "asks for more than the password"},
		"keys alone": {served{config: xssh.ServerConfig{
			PasswordCallback:  nil,
			PublicKeyCallback: func(xssh.ConnMetadata, xssh.PublicKey) (*xssh.Permissions, error) { return nil, nil },
			KeyboardInteractiveCallback: func(_ xssh.ConnMetadata, ask question) (*xssh.Permissions, error) {
				return nil, errors.New("it never asks")
			},
		}}, host.ErrRefused, "the host asked for no password"},
	} {
		t.Run(name, func(t *testing.T) {
			o, _ := c.server.options(t)
			answers, _, err := asked(t, o, services())
			if err == nil {
				_, err = answers.To(services())
			}
			if err == nil || c.is != nil && !fails(err, c.is, c.want) ||
				strings.ContainsRune(err.Error(), '\x1b') {
				t.Errorf("got %v", err)
			}
		})
	}
}

// mute reads and says nothing.
func mute(c net.Conn) {
	_, _ = io.Copy(io.Discard, c)
	_ = c.Close()
}

// What speaks another protocol is not waited for as long as a host that says nothing.
func TestAnotherProtocol(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, network := new(served).options(t)
		network.serve = func(c net.Conn) {
			_, _ = io.WriteString(c, "220 mail.corp.test ESMTP\r\n")
			mute(c)
		}
		start := time.Now()
		_, _, err := asked(t, o, services())
		if !fails(err, nil, `no SSH answers there: it began with "220 mail.corp.test ESMTP"`) {
			t.Errorf("got %v", err)
		}
		if took := time.Since(start); took > foreign {
			t.Errorf("it took %s", took)
		}
	})
}

// A host that hangs is left when the context ends, in whatever it hangs.
func TestEveryWaitEnds(t *testing.T) {
	for name, serve := range map[string]func(s *served, over <-chan struct{}) func(net.Conn){
		"before its version": func(*served, <-chan struct{}) func(net.Conn) { return mute },
		"in the logon": func(s *served, over <-chan struct{}) func(net.Conn) {
			s.config.PasswordCallback = func(xssh.ConnMetadata, []byte) (*xssh.Permissions, error) {
				<-over
				return nil, nil
			}
			return s.serve
		},
		"in the command": func(s *served, _ <-chan struct{}) func(net.Conn) {
			s.session = run(func(xssh.Channel) {})
			s.requests = func(all <-chan *xssh.Request) {
				for r := range all {
					_ = r.Reply(false, nil) // it is alive
				}
			}
			return s.serve
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, over := &served{}, make(chan struct{})
				defer close(over)
				o, network := s.options(t)
				network.serve = serve(s, over)
				session, err := Open(t.Context(), o)
				if err != nil {
					t.Fatal(err)
				}
				late := errors.New("the check's time is over")
				ctx, cancel := context.WithTimeoutCause(t.Context(), 50*time.Second, late)
				defer cancel()
				start := time.Now()
				_, err = session.Ask(ctx, []host.Question{services()})
				if !errors.Is(err, late) || time.Since(start) != 50*time.Second {
					t.Errorf("got %v after %s", err, time.Since(start))
				}
				_ = session.Close(t.Context())
			})
		})
	}
}

// A connection that has died is noticed long before the context ends.
func TestAHostThatDiesIsNoticed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &served{session: run(func(xssh.Channel) {}), requests: func(all <-chan *xssh.Request) {
			for range all { // and answers none
				continue
			}
		}}
		o, _ := s.options(t)
		start := time.Now()
		if _, _, err := asked(t, o, services()); err == nil {
			t.Error("no error")
		}
		if took := time.Since(start); took < alive || took > 3*alive {
			t.Errorf("noticed after %s", took)
		}
	})
}

// A connection that is lost when the password was shown says nothing about it.
func TestALostConnectionIsNoRefusal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &served{}
		var conn net.Conn
		s.config.PasswordCallback = func(xssh.ConnMetadata, []byte) (*xssh.Permissions, error) {
			_ = conn.Close()
			return nil, nil
		}
		o, network := s.options(t)
		network.serve = func(c net.Conn) {
			conn = c
			s.serve(c)
		}
		_, _, err := asked(t, o, services())
		if errors.Is(err, host.ErrRefused) || !fails(err, nil, "hung up without a word on the password") {
			t.Errorf("got %v", err)
		}
		if got := o.Accounts.Refusals(o.Credential); len(got) > 0 {
			t.Errorf("the run takes it for refused by %q", got)
		}
	})
}

// Whoever waits long for leave to show a password does so on a fresh connection.
func TestWaitingForLeave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &served{session: run(func(c xssh.Channel) { _ = c.Close() })}
		o, network := s.options(t)
		done, err := o.Accounts.Try(t.Context(), o.Credential, "elsewhere")
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			time.Sleep(patience + time.Second)
			done(host.Later)
		}()
		if _, _, err := asked(t, o, services()); errors.Is(err, host.ErrNotTried) || errors.Is(err, host.ErrRefused) {
			t.Errorf("got %v", err)
		}
		if network.dials != 2 {
			t.Errorf("%d connections", network.dials)
		}
		// It was taken: who comes next waits for nobody.
		if done, err := o.Accounts.Try(t.Context(), o.Credential, "elsewhere"); err != nil {
			t.Error(err)
		} else {
			done(host.Taken)
		}
	})
}
