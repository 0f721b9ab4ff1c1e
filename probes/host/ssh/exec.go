package ssh

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	xssh "golang.org/x/crypto/ssh"

	"postpatch/probes/host"
	"postpatch/probes/host/winrm/psrp"
)

const (
	maxOutput  = 16 << 20 // bytes; the answers are packed, or few
	maxTrouble = 64 << 10 // of standard error; what comes after it is dropped
)

// output is what a command has written, and how it ended.
type output struct {
	stdout, stderr bytes.Buffer
	code           int
}

// said is what a command complained about.
func (o *output) said() string {
	if text := strings.TrimSpace(psrp.Stderr(o.stderr.String())); text != "" {
		return clean(text)
	}
	return clean(o.stdout.String())
}

// errTooLong is more output than any that we ask for.
var errTooLong = fmt.Errorf("more than %d bytes of output", maxOutput)

// run has the host carry out one command, and feeds it. After an error the connection is
// of no more use but for one of the host's own.
func (s *Session) run(ctx context.Context, command, input string) (*output, error) {
	client := s.client
	release := context.AfterFunc(ctx, func() { _ = client.Close() })
	defer release()
	stop := s.watch(client)
	defer stop()
	out, err := carryOut(client, command, input)
	switch {
	case err == nil:
		return out, nil
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	}
	return nil, err
}

func carryOut(client *xssh.Client, command, input string) (*output, error) {
	session, err := client.NewSession()
	if err != nil {
		return nil, noChannel(err)
	}
	defer func() { _ = session.Close() }()
	out := &output{}
	limited := &limit{to: &out.stdout, left: maxOutput, over: func() { _ = client.Close() }}
	session.Stdin = strings.NewReader(input)
	session.Stdout = limited
	session.Stderr = &limit{to: &out.stderr, left: maxTrouble}
	if err := session.Start(command); err != nil {
		return nil, fmt.Errorf("%w: the host runs no command for this account (ForceCommand, a subsystem alone, "+
			"or a certificate that forbids it): %w", host.ErrDenied, err)
	}
	err = session.Wait()
	exit, isExit := errors.AsType[*xssh.ExitError](err)
	_, isMissing := errors.AsType[*xssh.ExitMissingError](err)
	switch {
	case limited.isOver():
		return nil, errTooLong
	case err == nil:
		return out, nil
	case isExit:
		out.code = exit.ExitStatus()
		return out, nil
	case isMissing && out.stdout.Len() > 0: // it says no code, and all that there is
		out.code = -1
		return out, nil
	case errors.Is(err, io.EOF) && out.stdout.Len() > 0: // of what the command did not read
		return out, nil
	}
	return nil, fmt.Errorf("waiting for the command: %w", err)
}

// noChannel words why a host opens no session.
func noChannel(err error) error {
	refused, is := errors.AsType[*xssh.OpenChannelError](err)
	switch {
	case is && refused.Reason == xssh.ResourceShortage:
		return fmt.Errorf("%w: %s", host.ErrBusy, clean(refused.Message))
	case is:
		return fmt.Errorf("%w: the host opens no session for this account: %s", host.ErrDenied, clean(refused.Message))
	default:
		return fmt.Errorf("opening a session: %w", err)
	}
}

// watch asks a silent host whether it is there, and hangs up where it has not said so by
// the next time. What it has asked last may be answered after stop; it ends with the
// connection.
func (s *Session) watch(client *xssh.Client) (stop func()) {
	done := make(chan struct{})
	s.behind.Go(func() {
		every := time.NewTicker(alive)
		defer every.Stop()
		heard := make(chan error, 1)
		waiting := false
		for {
			select {
			case <-done:
				return
			case err := <-heard:
				if waiting = false; err != nil {
					return
				}
			case <-every.C:
				if waiting {
					_ = client.Close()
					return
				}
				waiting = true
				s.behind.Go(func() {
					_, _, err := client.SendRequest("keepalive@openssh.com", true, nil)
					heard <- err
				})
			}
		}
	})
	return sync.OnceFunc(func() { close(done) })
}

// limit takes so many bytes, and calls over at the first that is too many; without over
// it drops them.
type limit struct {
	to   *bytes.Buffer
	over func()

	mu   sync.Mutex
	left int
	full bool
}

// Write implements io.Writer.
func (l *limit) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	take := min(len(p), l.left)
	l.to.Write(p[:take])
	l.left -= take
	if take == len(p) {
		return take, nil
	}
	if l.full = true; l.over == nil {
		return len(p), nil
	}
	l.over()
	return take, errTooLong
}

func (l *limit) isOver() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.full
}
