package winrm

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/masterzen/winrm"

	"postpatch/probes/host"
	"postpatch/probes/host/packed"
	"postpatch/probes/host/winrm/psrp"
)

const (
	maxReceives = 500
	maxOutput   = 16 << 20 // bytes; the answers are packed
	// farewell is how long an Ask may take to tidy up on the host.
	farewell = 2 * time.Second
)

// errNoLine means that PowerShell ended without its line of answers.
var errNoLine = errors.New("it ended without answers")

// shell is one WinRS shell on the host and the command that runs in it.
type shell struct {
	session  *Session
	id       string // the host's text, escaped for XML
	command  string // likewise
	finished bool   // the command has ended
}

// askByScript puts everything to one PowerShell process: Create, Command,
// Receive until it is done, Delete.
func (s *Session) askByScript(ctx context.Context, questions []host.Question) (host.Answers, error) {
	env, boot, err := s.options.Packer.Pack(questions)
	if err != nil {
		return host.Answers{}, err
	}
	packed.Bound(ctx, env)
	sh, err := s.openShell(ctx, env)
	if err != nil {
		return host.Answers{}, err
	}
	out, err := sh.execute(ctx, boot)
	sh.remove(ctx, err)
	if err != nil {
		return host.Answers{}, err
	}
	marks := packed.MarksOf(env)
	if packed.IsWhole(marks, out.stdout.Bytes()) { // or the host has to be asked more
		host.Turn(ctx)
	}
	found, err := s.options.Packer.Answers(marks, out.stdout.Bytes())
	if err != nil {
		host.Yield(ctx) // the host will be asked without PowerShell
		return host.Answers{}, fmt.Errorf("%w: exit code %d, %w, it said %q", errNoLine, out.code, err, out.said())
	}
	var answers host.Answers
	packed.Give(&answers, questions, found, clean)
	return answers, nil
}

// openShell creates a shell under a name of our own, so that it can be deleted
// also when the host's reply did not arrive. Servers before 2012 choose another.
func (s *Session) openShell(ctx context.Context, env map[string]string) (*shell, error) {
	sh := &shell{session: s, id: strings.TrimPrefix(messageID(), "uuid:")}
	before := s.transport.posted
	text, err := s.post(ctx, s.createShell(sh.id, env))
	if err != nil {
		if s.transport.mayHaveDone(before, err) {
			sh.remove(ctx, err)
		}
		return nil, fmt.Errorf("creating a shell: %w", err)
	}
	id, err := readIdentity(text, shellID)
	if err != nil {
		sh.remove(ctx, err)
		return nil, fmt.Errorf("creating a shell: %w", err)
	}
	sh.id = id
	return sh, nil
}

// output is what a command has written, and how it ended.
type output struct {
	stdout, stderr bytes.Buffer
	code           int
}

// said is what a command complained about.
func (o *output) said() string {
	if text := psrp.Stderr(o.stderr.String()); text != "" {
		return clean(text)
	}
	return clean(o.stdout.String())
}

// execute runs a script, which is encoded, in a PowerShell of its own and waits
// for its end. One shell takes one after the other.
func (sh *shell) execute(ctx context.Context, encoded string) (*output, error) {
	sh.finished, sh.command = false, ""
	text, err := sh.session.post(ctx, sh.start(encoded))
	if err != nil {
		return nil, fmt.Errorf("starting PowerShell: %w", err)
	}
	sh.command, err = readIdentity(text, commandID)
	if err != nil {
		return nil, fmt.Errorf("starting PowerShell: %w", err)
	}
	out := &output{}
	if out.code, err = sh.receive(ctx, &out.stdout, &out.stderr); err != nil {
		return nil, fmt.Errorf("waiting for PowerShell: %w", err)
	}
	return out, nil
}

// receive gathers output until the command is done. An operation that timed out
// is asked again: that is how WinRM says "nothing yet".
func (sh *shell) receive(ctx context.Context, stdout, stderr *bytes.Buffer) (exitCode int, err error) {
	for range maxReceives {
		text, err := sh.session.post(ctx, sh.ask())
		if isKind(err, TimedOut) {
			continue
		}
		if err != nil {
			return 0, err
		}
		got, err := readOutput(text)
		if err != nil {
			return 0, err
		}
		stdout.Write(got.stdout)
		stderr.Write(got.stderr)
		switch {
		case got.done:
			sh.finished = true
			return got.exitCode, nil
		case stdout.Len()+stderr.Len() > maxOutput:
			return 0, fmt.Errorf("more than %d bytes of output", maxOutput)
		}
	}
	return 0, fmt.Errorf("not done after %d messages", maxReceives)
}

// remove deletes the shell. A command that may still run is ended first.
func (sh *shell) remove(ctx context.Context, cause error) {
	if isKind(cause, ShellGone) {
		return
	}
	var messages []message
	if sh.command != "" && !sh.finished {
		messages = append(messages, winrm.NewSignalRequest(escape(sh.session.url), sh.id, sh.command, parameters(operation)))
	}
	sh.session.tell(ctx, append(messages, sh.deletion())...)
}
