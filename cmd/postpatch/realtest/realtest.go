//go:build real

// Package realtest runs real servers from Debian's packages on loopback, for
// tests that want more than our own simulations. A missing package fails the
// test.
package realtest

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience is how long a server may take to come up or to go away.
// A domain controller on a busy machine is the slowest: with others beside it, half a minute.
const patience = 3 * time.Minute

// Server is a real server. It is started when it is returned, and is stopped
// with the test; Stop and Start in between are its maintenance window.
type Server struct {
	Addr  string         // 127.0.0.1 and a port, the same for all its life
	Roots *x509.CertPool // who signed its certificate; nil without TLS
	CA    string         // the same, as a PEM file

	dir  string
	up   func(testing.TB) (down func() error)
	down func() error
}

// Start starts a server that was stopped.
func (s *Server) Start(t testing.TB) {
	t.Helper()
	if s.down == nil {
		s.down = s.up(t)
	}
}

// Stop stops the server; what was stopped already stays so.
func (s *Server) Stop(t testing.TB) {
	t.Helper()
	if s.down == nil {
		return
	}
	if err := s.down(); err != nil {
		t.Errorf("stopping the server at %s: %v", s.Addr, err)
	}
	s.down = nil
}

// begin starts a new server and ends it with the test.
func (s *Server) begin(t testing.TB) {
	t.Helper()
	s.Start(t)
	t.Cleanup(func() { s.Stop(t) })
}

// folder makes a folder that other users may enter, as daemons give up being
// root.
func folder(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "postpatch-real-") //nolint:usetesting // t.TempDir lets nobody else in
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func port(t testing.TB, addr string) string {
	t.Helper()
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// process is a daemon that stays in the foreground.
type process struct {
	command *exec.Cmd
	output  *log
	ended   chan struct{}
}

// Serve starts a daemon that stays in the foreground, waits until it listens, and stops it
// with the test.
func Serve(t testing.TB, addr string, command *exec.Cmd) {
	t.Helper()
	p := start(t, connects(addr), command)
	t.Cleanup(func() {
		if err := p.stop(); err != nil {
			t.Errorf("stopping %s: %v", command, err)
		}
	})
}

// run starts a daemon and waits until ready holds.
func run(t testing.TB, ready func(context.Context) error, name string, args ...string) *process {
	t.Helper()
	return start(t, ready, daemon(t, name, args...))
}

// daemon is a command that goes on until it is stopped: the test's context ends before the
// test's cleanup stops it.
func daemon(t testing.TB, name string, args ...string) *exec.Cmd {
	return exec.CommandContext(context.WithoutCancel(t.Context()), name, args...)
}

func start(t testing.TB, ready func(context.Context) error, command *exec.Cmd) *process {
	t.Helper()
	p := &process{command: command, output: &log{}, ended: make(chan struct{})}
	command.Stdout, command.Stderr = p.output, p.output
	if err := command.Start(); err != nil {
		t.Fatalf("starting %s: %v", command, err)
	}
	go func() {
		_ = command.Wait() // how it ended is in its output
		close(p.ended)
	}()
	if err := await(t, ready, p.ended); err != nil {
		_ = p.stop()
		t.Fatalf("starting %s: %v\n%s", command, err, p.output)
	}
	return p
}

func (p *process) signal(s syscall.Signal) error { return p.command.Process.Signal(s) }

// stop asks the daemon to end, and ends it.
func (p *process) stop() error {
	_ = p.signal(syscall.SIGTERM) // it may have ended by itself
	select {
	case <-p.ended:
		return nil
	case <-time.After(patience):
		_ = p.command.Process.Kill()
		<-p.ended
		return fmt.Errorf("did not end when asked to\n%s", p.output)
	}
}

// kill ends a daemon that takes long to end when asked to, and has nothing to lose.
func (p *process) kill() error {
	err := p.command.Process.Kill()
	<-p.ended
	return err
}

// await asks ready again and again until it holds or patience ends. It never holds for a
// daemon that has ended: then somebody else has answered.
func await(t testing.TB, ready func(context.Context) error, ended <-chan struct{}) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for {
		err := ready(ctx)
		select {
		case <-ended:
			return errors.New("it has ended by itself")
		default:
		}
		if err == nil {
			return nil
		}
		select {
		case <-again.C:
		case <-ended:
		case <-ctx.Done():
			return err
		}
	}
}

// connects is ready when something listens.
func connects(addr string) func(context.Context) error {
	return func(ctx context.Context) error {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
		if err != nil {
			return err
		}
		return conn.Close()
	}
}

// log holds what a daemon prints.
type log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements io.Writer.
func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// String implements fmt.Stringer.
func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// ServeUnix is Serve of a daemon that listens at a path.
func ServeUnix(t testing.TB, path string, command *exec.Cmd) {
	t.Helper()
	p := start(t, func(ctx context.Context) error {
		conn, err := new(net.Dialer).DialContext(ctx, "unix", path)
		if err != nil {
			return err
		}
		return conn.Close()
	}, command)
	t.Cleanup(func() {
		if err := p.stop(); err != nil {
			t.Errorf("stopping %s: %v", command, err)
		}
	})
}
