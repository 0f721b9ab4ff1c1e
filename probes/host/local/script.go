package local

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"time"

	"postpatch/probes/host"
	"postpatch/probes/host/packed"
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
	if end, limited := ctx.Deadline(); limited {
		left := time.Until(end)
		env[packed.Limit], env[packed.End] = strconv.Itoa(secondsFor(left)), strconv.Itoa(secondsToEnd(left))
	}
	out, err := s.powerShell(ctx, env, boot)
	if err != nil {
		return nil, err
	}
	found, err := s.packer.Answers(packed.MarksOf(env), out.stdout)
	if err != nil {
		if len(out.stdout)+len(out.stderr) == 0 {
			return nil, fmt.Errorf("it wrote nothing, and ended with exit code %d: %w", out.code, err)
		}
		said := cmp.Or(oneLine(string(out.stderr)), oneLine(string(out.stdout)))
		return nil, fmt.Errorf("it ended without answers: exit code %d, %w, it said %q", out.code, err, said)
	}
	return found, nil
}

// longestQuestion is how long a query or a collector may take.
const longestQuestion = 45 * time.Second

// secondsFor is after how long no further question is begun, so that the last one ends
// in time.
func secondsFor(left time.Duration) int {
	return int(max(left-longestQuestion, left/4, time.Second) / time.Second)
}

// secondsToEnd is by when all has to be answered.
func secondsToEnd(left time.Duration) int {
	const toAnswer = 5 * time.Second
	return int(max(min(left-toAnswer, left*4/5), left/2, time.Second) / time.Second)
}
