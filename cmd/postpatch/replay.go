package main

import (
	"context"
	"runtime"
	"runtime/debug"
	"slices"
	"time"

	"postpatch/baseline"
	"postpatch/probes/fact"
	"postpatch/runner"
	"postpatch/suites"
)

// judgedAtOnce is how many stored hosts are read and judged at the same time: no
// more are in memory, however many there are.
func judgedAtOnce() int { return runtime.GOMAXPROCS(0) + 1 }

// frugal collects garbage when it is twice what is in use or when 32 MiB are near,
// whichever comes first: stored hosts pass by a thousand in a second, and leave little
// else. A thousand are done in three quarters of the time, and ten thousand take no
// more than 64 MB of a machine. An operator who has set GOGC or GOMEMLIMIT knows
// better, and a page of HTML is more than that: near the limit, it would be collected for
// all the time. What it returns undoes it.
func (o *outputs) frugal(a app) (undo func()) {
	if a.getenv("GOGC") != "" || a.getenv("GOMEMLIMIT") != "" || o.html != "" || o.htmlDir != "" {
		return func() {}
	}
	percent, limit := debug.SetGCPercent(200), debug.SetMemoryLimit(32<<20)
	return func() {
		debug.SetGCPercent(percent)
		debug.SetMemoryLimit(limit)
	}
}

// replay makes visits of a stored run.
type replay struct {
	run     string
	started time.Time
	// read reads a host as it was and as it was seen, under the name that the suites have
	// for it; was is nil without a baseline.
	read          func(ctx context.Context, host suites.Host) (was *baseline.Host, seen baseline.Host, err error)
	otherBaseline bool // than the run knew when it asked
}

// reading reads from two snapshots; the baseline may be nil.
func reading(against, stored *baseline.Snapshot) func(
	ctx context.Context, host suites.Host,
) (was *baseline.Host, seen baseline.Host, err error) {
	before, now := storedNames(against), storedNames(stored)
	return func(ctx context.Context, host suites.Host) (was *baseline.Host, seen baseline.Host, err error) {
		if against == nil {
			seen, err = storedHost(ctx, stored, now, host.Name)
			return nil, seen, err
		}
		was = new(baseline.Host)
		*was, seen, err = baseline.Both(ctx, baseline.Of{Snapshot: against, Host: nameIn(against, before, host)},
			baseline.Of{Snapshot: stored, Host: now.of(host.Name)})
		was.Rename(host.Name)
		seen.Rename(host.Name)
		return was, seen, err
	}
}

// of makes the visits of a job's hosts.
func (r replay) of(j job) visits { return r.visits(j.set.Hosts) }

// visits has the stored hosts judged, on all cores.
func (r replay) visits(hosts []suites.Host) visits {
	return func(ctx context.Context, j judges) error {
		work := func(yield func(func() (judged, error)) bool) {
			for _, h := range hosts {
				if !yield(func() (judged, error) { return r.judged(ctx, j, h) }) {
					return
				}
			}
		}
		return runner.InOrder(judgedAtOnce(), work, j.take)
	}
}

func (r replay) judged(ctx context.Context, j judges, h suites.Host) (judged, error) {
	if err := ctx.Err(); err != nil {
		return judged{}, err
	}
	was, seen, err := r.read(ctx, h)
	if err != nil {
		return judged{}, err
	}
	v := runner.Visit{Host: h, Seen: r.asAsked(h, seen), Started: r.started}
	for _, c := range v.Seen.Checks {
		v.Took = max(v.Took, c.Took)
	}
	return j.judge(v, was), nil
}

// asAsked leaves of what was seen what the checks of now would ask too: an answer
// to another question is none.
func (r replay) asAsked(h suites.Host, seen baseline.Host) baseline.Host {
	records := map[string]baseline.Check{}
	for _, record := range seen.Checks {
		records[record.Check] = record
	}
	seen.Checks = nil
	none := map[string]bool{}
	for _, c := range h.Checks {
		record, tried := records[c.Key()]
		if why := r.unasked(c, record, tried); why != "" {
			none[c.Key()] = true
			record = baseline.Check{Check: c.Key(), Kind: c.Kind.Name, Asked: c.Asked, Error: why}
		}
		seen.Checks = append(seen.Checks, record)
	}
	if len(none) > 0 {
		seen.Readings = slices.DeleteFunc(seen.Readings, func(reading fact.Reading) bool { return none[reading.Key.Check] })
	}
	seen.Sort()
	return seen
}

// unasked says why the run has no answer to a check; it is empty when it has one.
func (r replay) unasked(c *suites.Check, record baseline.Check, tried bool) string {
	switch {
	case !tried:
		return "run " + r.run + " did not ask it"
	case record.Asked != c.Asked: // also when it is of another kind
		return "run " + r.run + " asked something else by it: the suite has changed"
	case r.otherBaseline && sinceBaseline(c):
		return "run " + r.run + " asked it since another baseline"
	default:
		return ""
	}
}
