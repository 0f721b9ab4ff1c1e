package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/pflag"

	"postpatch/baseline"
	"postpatch/runner"
	"postpatch/suites"
)

// errDeadline is why a run ends that has used up its time.
var errDeadline = errors.New("the deadline has passed")

func deadlineFlag(f *pflag.FlagSet, text *string) {
	f.StringVar(text, "deadline", "", "when the run has to be done: a duration, or a time of day such as 04:30 "+
		"(default: the plan's budget); what is not is unknown, and --resume takes it up")
}

// deadlineOf is when a command has to be done: by --deadline, a duration from now on or
// the next time of day in now's zone, and without it by the plan's budget.
func deadlineOf(text string, plan *suites.Plan, command string, now time.Time) (time.Time, error) {
	if text == "" {
		return budgetOf(plan, command, now), nil
	}
	if d, err := time.ParseDuration(text); err == nil {
		if d <= 0 {
			return time.Time{}, fmt.Errorf("--deadline %s: want more than nothing", text)
		}
		return now.Add(d), nil
	}
	at, err := time.Parse("15:04", text)
	if err != nil {
		return time.Time{}, fmt.Errorf("--deadline %q: want a duration like 2h, or a time of day like 04:30", text)
	}
	return nextTime(at, now), nil
}

// within ends the context when the run's time is over.
func (p performance) within(ctx context.Context) (context.Context, context.CancelFunc) {
	if p.until.IsZero() {
		return context.WithCancel(ctx)
	}
	return context.WithDeadlineCause(ctx, p.until, errDeadline)
}

// lateness keeps which hosts a run has not done in its time.
type lateness struct {
	done map[string]bool
	late []string
}

// tooLate has the hosts judged that were not done in time. They are not stored, so that
// the run can be taken up.
func (t *taking) tooLate(ctx context.Context, hosts []suites.Host, j judges) error {
	for _, h := range hosts {
		if !t.done[h.Name] {
			if err := t.cut(ctx, j, runner.Visit{Host: h, Started: time.Now()}); err != nil {
				return err
			}
		}
	}
	return nil
}

// cut has a visit judged that the deadline has cut short.
func (t *taking) cut(ctx context.Context, j judges, v runner.Visit) error {
	t.done[v.Host.Name] = true
	t.late = append(t.late, v.Host.Name)
	v.Seen.Host = v.Host.Name
	why := "not done by " + t.until.Format("15:04")
	tried := map[string]bool{}
	for _, c := range v.Seen.Checks {
		tried[c.Check] = true
	}
	for _, c := range v.Host.Checks {
		if !tried[c.Key()] {
			v.Seen.Checks = append(v.Seen.Checks, baseline.Check{
				Check: c.Key(), Kind: c.Kind.Name, Asked: c.Asked, Error: why,
			})
		}
	}
	v.Seen.Sort()
	before, err := t.before(ctx, t.known, v.Host)
	if err != nil {
		return err
	}
	one := j.judge(v, before)
	runner.AddLate(&one.host, why+", when the run's time was over: it may be well or not")
	return j.take(one)
}

// notes tell what the deadline has left undone.
func (l lateness) notes(until time.Time) []string {
	if len(l.late) == 0 {
		return nil
	}
	return []string{fmt.Sprintf("the run's time was over at %s before %s done, so nothing is known of: %s",
		until.Format("15:04"), hostsWere(len(l.late)), shorten(l.late))}
}

func hostWords(n int) string { return count(n, "host") }

func hostsWere(n int) string {
	if n == 1 {
		return "1 host was"
	}
	return hostWords(n) + " were"
}
