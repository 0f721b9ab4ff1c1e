package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/pflag"

	"postpatch/probes/host/winrm"
	"postpatch/runner"
	"postpatch/suites"
)

// waits are the flags of a verify that say how long hosts are waited for.
type waits struct {
	wait     bool
	pass     string
	deadline string
}

func (w *waits) flags(f *pflag.FlagSet) {
	f.BoolVar(&w.wait, "wait", false, "wait until the hosts are back and have settled, as long as the plan's settle says")
	f.StringVar(&w.pass, "pass", "", "which run after the patch this is: early (one look, as soon as hosts are "+
		"back), settled (the default with --wait) or late")
	deadlineFlag(f, &w.deadline)
}

// words are the flags as a command line has them.
func (w waits) words() []string {
	words := flagWords(flagValue{"--pass", w.pass, ""}, flagValue{"--deadline", w.deadline, ""})
	if w.wait {
		words = append(words, "--wait")
	}
	return words
}

// apply says to a run how it waits.
func (w waits) apply(p *performance) error {
	pass := suites.Pass(w.pass)
	if w.pass != "" && !slices.Contains(suites.Passes(), pass) {
		return fmt.Errorf("--pass %q: want early, settled or late", w.pass)
	}
	if w.pass == "" && w.wait {
		pass = suites.PassSettled
	}
	p.pass = string(pass)
	var err error
	if p.until, err = deadlineOf(w.deadline, p.job.plan, "verify", time.Now()); err != nil {
		return err
	}
	if !w.wait && pass != suites.PassSettled && pass != suites.PassEarly {
		return nil
	}
	p.waiting = &runner.Waiting{
		Settle: settleOf(p.job.plan), Reboot: suites.RebootAllowed, Once: pass == suites.PassEarly,
		Alive: func(ctx context.Context, h suites.Host) error { return alive(ctx, h, p.job) },
	}
	if p.job.plan != nil {
		p.waiting.Reboot = p.job.plan.Reboot
	}
	return nil
}

// settleOf is how long the plan waits; without one it is what a plan that says nothing
// of it has.
func settleOf(plan *suites.Plan) suites.Settle {
	if plan == nil {
		return suites.DefaultSettle()
	}
	return plan.Settle
}

// alive asks a host whether WinRM answers there.
func alive(ctx context.Context, h suites.Host, j job) error {
	if j.here {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	o, err := sessionOptions(h, j)
	if err != nil {
		return err
	}
	return winrm.Alive(ctx, o)
}
