package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"postpatch/baseline"
	"postpatch/runner"
	"postpatch/suites"
)

// moment is where a verify stands among the runs of its store.
type moment struct {
	baseline string
	pass     suites.Pass
	at       time.Time // when it was begun
}

// past is what a run is held against beside its baseline.
type past struct {
	earlier []runner.Earlier
	window  *runner.Window
	notes   []string
}

// lookBack finds the passes before this one, and the window before. What cannot be read
// is noted: it may be one of them, and none of them makes anything pass.
func lookBack(ctx context.Context, store *baseline.Store, now moment, settle suites.Settle) (past, error) {
	var p past
	if now.pass == "" {
		return p, nil
	}
	entries, err := store.Entries(ctx)
	if err != nil {
		return p, err
	}
	var before baseline.Manifest // of the window before
	var damaged []string
	for _, e := range entries {
		m := e.Manifest
		switch {
		case e.Cut:
		case e.Err != nil:
			damaged = append(damaged, e.Run)
		case m.Command != "verify" || m.Pass == "" || !m.Finished.Before(now.at):
		case m.Baseline == now.baseline:
			if now.follows(suites.Pass(m.Pass)) {
				if err := p.add(ctx, store, m); err != nil {
					p.notes = append(p.notes, fmt.Sprintf("pass %s cannot be compared with: %v", m.Pass, err))
				}
			}
		case m.Pass == string(suites.PassSettled) && m.Finished.After(before.Finished):
			before = m
		}
	}
	if len(damaged) > 0 {
		p.notes = append(p.notes, "these runs cannot be read, and may be passes of this window: "+shorten(damaged))
	}
	slices.SortStableFunc(p.earlier, func(a, b runner.Earlier) int { return rank(a.Pass) - rank(b.Pass) })
	if before.Run != "" {
		p.windowBefore(ctx, store, before, settle)
	}
	return p, nil
}

// follows says whether a pass comes after another. A late one may come after a late one.
func (m moment) follows(pass suites.Pass) bool {
	return rank(pass) < rank(m.pass) || m.pass == suites.PassLate && pass == suites.PassLate
}

func rank(pass suites.Pass) int { return slices.Index(suites.Passes(), pass) }

// add takes a pass in.
func (p *past) add(ctx context.Context, store *baseline.Store, m baseline.Manifest) error {
	read, err := hostsOfRun(ctx, store, m.Run)
	if err == nil {
		p.earlier = append(p.earlier, runner.Earlier{Pass: suites.Pass(m.Pass), Run: m.Run, Host: read})
	}
	return err
}

// windowBefore takes the window before in, by whose times to settle those of now are
// held. Without it nothing is worse.
func (p *past) windowBefore(ctx context.Context, store *baseline.Store, m baseline.Manifest, settle suites.Settle) {
	read, err := hostsOfRun(ctx, store, m.Run)
	if err != nil {
		p.notes = append(p.notes, fmt.Sprintf("the times to settle cannot be compared with those of %s: %v", m.Run, err))
		return
	}
	p.window = &runner.Window{Run: m.Run, Slower: settle.Slower, Host: read}
}

// hostsOfRun reads hosts of a finished run by the names that the suites have for them.
func hostsOfRun(
	ctx context.Context, store *baseline.Store, run string,
) (func(name string) (baseline.Host, bool), error) {
	stored, err := store.Read(ctx, run)
	if err != nil {
		return nil, err
	}
	names := storedNames(stored)
	return func(name string) (baseline.Host, bool) {
		h, found, err := stored.Host(ctx, names.of(name))
		if err != nil || !found {
			return baseline.Host{}, false
		}
		h.Rename(name)
		return h, true
	}, nil
}

// look holds a run against its past.
func (p *performance) lookBack(ctx context.Context, m moment) error {
	past, err := lookBack(ctx, p.store, m, settleOf(p.job.plan))
	if err != nil {
		return err
	}
	p.past, p.pass = past, string(m.pass)
	p.run.Notes = append(p.run.Notes, past.notes...)
	if len(past.earlier) > 0 {
		var names []string
		for _, e := range past.earlier {
			names = append(names, fmt.Sprintf("%s (%s)", e.Pass, e.Run))
		}
		p.run.Notes = append(p.run.Notes, "held against the passes before, too: "+strings.Join(names, ", "))
	}
	return nil
}
