package ssh

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"net"
	"strings"
	"sync"
	"testing"

	xssh "golang.org/x/crypto/ssh"

	"postpatch/probes/host"
	"postpatch/probes/lab/estate"
	lab "postpatch/probes/lab/ssh"
)

// pipes is a network on which every dial is served by serve.
type pipes struct {
	serve func(net.Conn)
	dials int
}

func (p *pipes) dial(context.Context, string, string) (net.Conn, error) {
	p.dials++
	here, there := net.Pipe()
	go p.serve(newQueued(there))
	return newQueued(here), nil
}

// queued is the end of a pipe that takes what is written before anybody reads, as a socket
// does: both sides of SSH begin by writing.
type queued struct {
	net.Conn
	queue chan []byte
	ended chan struct{}
	once  sync.Once
}

func newQueued(c net.Conn) *queued {
	q := &queued{Conn: c, queue: make(chan []byte, 64), ended: make(chan struct{})}
	go func() {
		for {
			select {
			case p := <-q.queue:
				if _, err := q.Conn.Write(p); err != nil {
					_ = q.Close()
					return
				}
			case <-q.ended:
				return
			}
		}
	}()
	return q
}

func (q *queued) Write(p []byte) (int, error) {
	select {
	case q.queue <- bytes.Clone(p):
		return len(p), nil
	case <-q.ended:
		return 0, net.ErrClosed
	}
}

func (q *queued) Close() error {
	q.once.Do(func() { close(q.ended) })
	return q.Conn.Close()
}

func newKey(t *testing.T) xssh.Signer {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := xssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return signer
}

func lineOf(s xssh.Signer) string { return string(xssh.MarshalAuthorizedKey(s.PublicKey())) }

// labbed leads to a server of the lab.
func labbed(t *testing.T, h estate.Host) Options {
	t.Helper()
	key := newKey(t)
	server := lab.New(func() estate.Host { return h }, key, nil)
	ln, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = server.Serve(ln)
	}()
	t.Cleanup(func() {
		_ = server.Close()
		<-ended
	})
	return Options{
		Host: "srv01.corp.test", Address: "127.0.0.1", Port: ln.Addr().(*net.TCPAddr).Port, Pins: []string{lineOf(key)},
		Credential: host.Credential{User: "probe", Password: host.NewSecret("open sesame")}, Accounts: &host.Accounts{},
	}
}

// served is a server of one session's behaviour, over pipes.
type served struct {
	key      xssh.Signer
	config   xssh.ServerConfig
	session  func(xssh.Channel, <-chan *xssh.Request)
	refuse   xssh.RejectionReason
	requests func(<-chan *xssh.Request)
}

func (s *served) serve(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	server, channels, requests, err := xssh.NewServerConn(conn, &s.config)
	if err != nil {
		return
	}
	if s.requests == nil {
		go xssh.DiscardRequests(requests)
	} else {
		go s.requests(requests)
	}
	for c := range channels {
		if s.refuse != 0 {
			_ = c.Reject(s.refuse, "no more sessions")
			continue
		}
		if channel, asked, err := c.Accept(); err == nil {
			go s.session(channel, asked)
		}
	}
	_ = server.Wait()
}

func (s *served) options(t *testing.T) (Options, *pipes) {
	t.Helper()
	s.key = newKey(t)
	s.config.AddHostKey(s.key)
	if s.config.PasswordCallback == nil && s.config.KeyboardInteractiveCallback == nil {
		s.config.PasswordCallback = func(xssh.ConnMetadata, []byte) (*xssh.Permissions, error) { return nil, nil }
	}
	network := &pipes{serve: s.serve}
	return Options{
		Host: "srv01", Pins: []string{lineOf(s.key)}, Dial: network.dial, Accounts: &host.Accounts{},
		Credential: host.Credential{User: "probe", Password: host.NewSecret("open sesame")},
	}, network
}

// run accepts every request, and carries the first command out.
func run(do func(xssh.Channel)) func(xssh.Channel, <-chan *xssh.Request) {
	return func(c xssh.Channel, asked <-chan *xssh.Request) {
		for r := range asked {
			_ = r.Reply(r.Type == "exec", nil)
			if r.Type == "exec" {
				go do(c)
			}
		}
	}
}

func portOf(o Options) string {
	_, port, _ := net.SplitHostPort((&net.TCPAddr{Port: o.Port}).String())
	return port
}

// question asks who logs on something.
type question = xssh.KeyboardInteractiveChallenge

// fails says whether an error is one, where there is one to be, and says something.
func fails(err, is error, words string) bool {
	return err != nil && (is == nil || errors.Is(err, is)) && strings.Contains(err.Error(), words)
}
