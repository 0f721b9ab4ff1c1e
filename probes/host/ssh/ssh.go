// Package ssh carries questions to a host over OpenSSH: to Windows as the packed
// collector in one PowerShell, to Linux as one script of the plain shell.
//
// golang.org/x/crypto/ssh speaks the protocol. What a session proves to whom is our own:
// trust says whether the key that a host shows is that of its name, and nothing of an
// account is shown before; entering shows the account, a password once and by the run's
// leave; exec runs one command with bounded output and never longer than its context.
package ssh

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	xssh "golang.org/x/crypto/ssh"

	"postpatch/probes/host"
	"postpatch/probes/host/ssh/linux"
	"postpatch/probes/host/winrm/markup"
)

// Session is a host.Session over one connection.
type Session struct {
	options Options
	trust   *trust
	client  *xssh.Client
	how     string // it was entered
	by      string // what answered there
	closed  bool
	behind  sync.WaitGroup // what watches over the connection
}

var (
	_ host.Session = (*Session)(nil)
	_ host.Teller  = (*Session)(nil)
)

// Open prepares a session. It sends nothing: a host that is down is noticed by Ask.
func Open(ctx context.Context, o Options) (*Session, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	o, err := o.complete()
	if err != nil {
		return nil, fmt.Errorf("opening SSH on %q: %w", o.Host, err)
	}
	t, err := newTrust(o)
	if err != nil {
		return nil, fmt.Errorf("opening SSH on %q: %w", o.Host, err)
	}
	return &Session{options: o, trust: t}, nil
}

// Check says what Open would, and sends nothing either.
func Check(o Options) error {
	o, err := o.complete()
	if err != nil {
		return err
	}
	_, err = newTrust(o)
	return err
}

// How implements host.Teller.
func (s *Session) How() string {
	if s.how == "" || s.by == "" {
		return s.how
	}
	return s.how + ", asked by " + s.by
}

// Ask implements host.Session. An answer's own error wraps host.ErrNoPowerShell where a
// Windows host runs none, and host.ErrNoClass for what another system does not have.
func (s *Session) Ask(ctx context.Context, questions []host.Question) (host.Answers, error) {
	if s.closed {
		return host.Answers{}, fmt.Errorf("asking %q over SSH: the session is closed", s.options.Host)
	}
	answers, err := s.ask(ctx, host.Merge(questions))
	if err != nil {
		return host.Answers{}, fmt.Errorf("asking %q over SSH: %w", s.options.Host, err)
	}
	return answers, nil
}

// Close implements host.Session. What still runs on the host loses its connection with
// it, and ends.
func (s *Session) Close(context.Context) error {
	s.closed = true
	s.hangUp()
	return nil
}

func (s *Session) hangUp() {
	if s.client != nil {
		_ = s.client.Close()
		s.client = nil
	}
	s.behind.Wait()
}

// ask takes the way that the host's own name for its server points to, and the other
// one where nothing is known of what is there: one command, two at most.
func (s *Session) ask(ctx context.Context, questions []host.Question) (host.Answers, error) {
	if err := s.connect(ctx); err != nil {
		return host.Answers{}, err
	}
	if saysWindows(string(s.client.ServerVersion())) {
		return s.askWindows(ctx, questions)
	}
	told, err := s.askShell(ctx, questions)
	switch {
	case err == nil && !told.IsWindows():
		s.by = "sh on Linux"
		return told.Answers(questions), nil
	case err != nil && !errors.Is(err, linux.ErrNoAnswers):
		return host.Answers{}, err
	}
	// A shell of Windows that knows no sh, or one that says that it is on Windows.
	answers, problem := s.askWindows(ctx, questions)
	if problem == nil && s.by == "" && err != nil {
		return host.Answers{}, fmt.Errorf("neither sh nor PowerShell has answered: %w", err)
	}
	return answers, problem
}

// saysWindows reads the server's version: "SSH-2.0-OpenSSH_for_Windows_9.5", or those
// of Bitvise's and VanDyke's servers, which run on Windows alone.
func saysWindows(version string) bool {
	version = strings.ToLower(version)
	for _, word := range []string{"windows", "winsshd", "bitvise", "vshell"} {
		if strings.Contains(version, word) {
			return true
		}
	}
	return false
}

// askShell has the plain shell tell all that it knows.
func (s *Session) askShell(ctx context.Context, questions []host.Question) (linux.Told, error) {
	script, marks := linux.Script(questions)
	out, err := s.run(ctx, linux.Command, script)
	if err != nil {
		return linux.Told{}, err
	}
	host.Turn(ctx)
	told, err := linux.Read(marks, out.stdout.Bytes())
	if err != nil {
		host.Yield(ctx)
		return told, fmt.Errorf("running sh: %w: exit code %d, it said %q", err, out.code, out.said())
	}
	return told, nil
}

// clean makes a host's text fit to be shown on one line.
func clean(text string) string { return markup.Line(text) }
