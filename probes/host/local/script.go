package local

import (
	"cmp"
	"context"
	"fmt"

	"postpatch/probes/host"
	"postpatch/probes/host/packed"
	"postpatch/probes/host/winrm/psrp"
)

// askByScript puts questions to one PowerShell. That it could not run is the answer to
// each of them; the error is that ctx is over.
func (s sources) askByScript(ctx context.Context, questions []host.Question, answers *host.Answers) error {
	found, err := s.runScript(ctx, questions)
	if over := ctx.Err(); err != nil && over != nil {
		return over
	}
	if err == nil {
		packed.Give(answers, questions, found, oneLine)
		return nil
	}
	for _, q := range questions {
		answers.Put(q, host.Answer{Err: fmt.Errorf("%w: %w", host.ErrNoPowerShell, err)})
	}
	return nil
}

func (s sources) runScript(ctx context.Context, questions []host.Question) ([]packed.Answer, error) {
	env, boot, err := s.packer.Pack(questions)
	if err != nil {
		return nil, err
	}
	packed.Bound(ctx, env)
	out, err := s.powerShell(ctx, env, boot)
	if err != nil {
		return nil, err
	}
	found, err := s.packer.Answers(packed.MarksOf(env), out.stdout)
	if err != nil {
		if len(out.stdout)+len(out.stderr) == 0 {
			return nil, fmt.Errorf("it wrote nothing, and ended with exit code %d: %w", out.code, err)
		}
		said := cmp.Or(oneLine(psrp.Stderr(string(out.stderr))), oneLine(string(out.stdout)))
		return nil, fmt.Errorf("it ended without answers: exit code %d, %w, it said %q", out.code, err, said)
	}
	return found, nil
}
