package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/pflag"

	"postpatch/runner"
	"postpatch/suites"
)

// maxSamples bounds a capture that learns: what ten looks do not show, a hundred may
// not either.
const maxSamples = 100

// learning is how often a capture looks at every host, and how long from look to look.
type learning struct {
	samples int
	every   time.Duration
}

func (l *learning) flags(f *pflag.FlagSet) {
	f.IntVar(&l.samples, "samples", 1, "look so many times at every host, and learn which readings move by themselves")
	f.DurationVar(&l.every, "every", 5*time.Minute, "how long from look to look, with --samples")
}

func (l *learning) check(everyGiven bool) error {
	switch {
	case l.samples < 1 || l.samples > maxSamples:
		return fmt.Errorf("--samples %d: want 1 to %d", l.samples, maxSamples)
	case l.every < 0:
		return fmt.Errorf("--every %s: want a duration like 5m", l.every)
	case everyGiven && l.samples == 1:
		return errors.New("--every: one look waits for no other; give --samples, too")
	}
	return nil
}

// sample looks at every host as often as the run was told, but for the last time, which
// is judged and may take what it finds from these. It waits from the beginning of one
// look to that of the next. What a try before has is not looked at again.
func (t taking) sample(ctx context.Context, hosts []suites.Host) error {
	options := t.options
	options.Begin = nil // the progress is that of the last look
	for n := 1; n < t.learn.samples; n++ {
		done, err := t.writer.Sampled(ctx, n)
		if err != nil {
			return err
		}
		left := slices.DeleteFunc(slices.Clone(hosts), func(h suites.Host) bool { return done(h.Name) })
		if len(left) == 0 {
			continue
		}
		t.views.phase(fmt.Sprintf("look %d of %d", n, t.learn.samples))
		next := time.NewTimer(t.learn.every)
		err = runner.Observe(ctx, left, options, func(v runner.Visit) error {
			return t.writer.PutSample(ctx, n, v.Seen)
		})
		if err != nil {
			next.Stop()
			return err
		}
		t.say("look %d of %d is done; the next begins %s after it began\n", n, t.learn.samples, t.learn.every)
		select {
		case <-next.C:
		case <-ctx.Done():
			next.Stop()
			return ctx.Err()
		}
	}
	t.views.phase("")
	return nil
}

// learned is a visit with what the looks before it showed.
func (t *taking) learned(ctx context.Context, v runner.Visit) (runner.Visit, error) {
	if t.learn.samples < 2 {
		return v, nil
	}
	var err error
	v.Seen, err = t.writer.Learned(ctx, v.Seen, runner.Naming(v.Host.Checks))
	return v, err
}
