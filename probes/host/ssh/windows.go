package ssh

import (
	"context"
	"errors"
	"fmt"

	"postpatch/probes/host"
	"postpatch/probes/host/packed"
)

// powershell is started by whatever shell the host has: cmd.exe, PowerShell or a bash
// take this line alike, since there is nothing in it that one of them would read in its
// own way, and it is shorter than cmd.exe's 8,191 characters.
const powershell = "powershell -NoLogo -NoProfile -NonInteractive -OutputFormat Text -EncodedCommand "

// errNoLine means that PowerShell ended without its line of answers.
var errNoLine = errors.New("it ended without answers")

// askWindows puts everything to one PowerShell process. Commands of Exchange's own
// endpoint are WinRM's alone.
func (s *Session) askWindows(ctx context.Context, questions []host.Question) (host.Answers, error) {
	var cmdlets []host.Cmdlet
	var others []host.Question
	for _, q := range questions {
		if cmdlet, is := q.(host.Cmdlet); is {
			cmdlets = append(cmdlets, cmdlet)
			continue
		}
		others = append(others, q)
	}
	answers, err := s.askPacked(ctx, others)
	if err != nil {
		return answers, err
	}
	for _, c := range cmdlets {
		answers.Put(c, host.Answer{Err: errors.New("commands of an endpoint are asked by WinRM alone: " +
			"give the host an entry without transport: ssh")})
	}
	return answers, nil
}

func (s *Session) askPacked(ctx context.Context, questions []host.Question) (host.Answers, error) {
	var answers host.Answers
	if len(questions) == 0 {
		return answers, nil
	}
	found, err := s.script(ctx, questions)
	switch {
	case errors.Is(err, errNoLine), errors.Is(err, packed.ErrTooMuch):
		for _, q := range questions {
			answers.Put(q, host.Answer{Err: fmt.Errorf("%w: %w", host.ErrNoPowerShell, err)})
		}
		return answers, nil
	case err != nil:
		return answers, err
	}
	s.by = "PowerShell"
	packed.Give(&answers, questions, found, clean)
	return answers, nil
}

func (s *Session) script(ctx context.Context, questions []host.Question) ([]packed.Answer, error) {
	env, boot, err := s.options.Packer.Pack(questions)
	if err != nil {
		return nil, err
	}
	packed.Bound(ctx, env)
	command, input := packed.Feed(env, boot)
	out, err := s.run(ctx, powershell+command, input)
	if err != nil {
		return nil, err
	}
	marks := packed.MarksOf(env)
	if packed.IsWhole(marks, out.stdout.Bytes()) {
		host.Turn(ctx)
	}
	found, err := s.options.Packer.Answers(marks, out.stdout.Bytes())
	if err != nil {
		host.Yield(ctx)
		return nil, fmt.Errorf("%w: exit code %d, %w, it said %q", errNoLine, out.code, err, out.said())
	}
	return found, nil
}
