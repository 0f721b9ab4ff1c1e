package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"postpatch/runner/report"
)

// cause is why something is not accepted.
type cause int

const (
	isBeyond cause = iota
	isUnseen
	isUnmet
	isOver
	isBroken
)

// says tells it, and what to do instead.
func (c cause) says() string {
	switch c {
	case isBeyond:
		return "drifts, and no plan can allow it: the check asks otherwise than at the baseline; take a baseline anew"
	case isUnseen:
		return "could not be observed, so nobody knows what it is: run verify again"
	case isUnmet:
		return "is what the plan wants, and it did not come: patch the host, or change the plan's must_change or reboot"
	case isOver:
		return "was waived until a day that is past: mend it, or give the waiver another day"
	default:
		return "is broken, which no plan can make well: mend it, or write a waiver with a reason and a day " +
			"(postpatch explain waivers)"
	}
}

// refusal is one thing that is not accepted.
type refusal struct {
	cause cause
	what  string
	host  string
}

type refused struct{ all []refusal }

func (r *refused) add(more []refusal) { r.all = append(r.all, more...) }

// mostSaid is how much is told of an error; judge tells the whole.
const mostSaid = 120

// refusals lists what of a run is worse than drift.
func refusals(hosts []report.Host) *refused {
	r := &refused{}
	for _, h := range hosts {
		if whole := cmp.Or(h.Unreachable, h.Problem); whole != "" {
			r.add([]refusal{{isUnseen, brief(whole, mostSaid), h.Host}})
		}
		for _, c := range h.Checks {
			if c.Outcome == report.Unknown && h.Unreachable == "" && h.Problem == "" {
				r.add([]refusal{{isUnseen, c.ID + ": " + brief(c.Error, mostSaid), h.Host}})
			}
			for _, f := range c.Findings {
				if why, is := refusedFor(f); is {
					r.add([]refusal{{why, findingText(c, f), h.Host}})
				}
			}
		}
	}
	return r
}

func refusedFor(f report.Finding) (cause, bool) {
	switch f.Outcome {
	case report.Regressed, report.Failed:
		if f.Waiver.Over {
			return isOver, true
		}
		return isBroken, true
	case report.Unmet:
		return isUnmet, true
	default:
		return 0, false
	}
}

func findingText(c report.Check, f report.Finding) string {
	text := strings.TrimSpace(c.Subject(f.Item)+" "+f.Reading) + ": " + saidOf(f)
	if f.Outcome == report.Unmet {
		text += " (" + f.Wanted + ")"
	}
	return text
}

// tell says it by cause, the worst last, and of each thing on which hosts.
func (r *refused) tell(a app) {
	const most = 20
	for why := isBeyond; why <= isBroken; why++ {
		hosts := map[string][]string{}
		for _, one := range r.all {
			if one.cause == why && !slices.Contains(hosts[one.what], one.host) {
				hosts[one.what] = append(hosts[one.what], one.host)
			}
		}
		if len(hosts) == 0 {
			continue
		}
		a.talk("not accepted, since it %s\n", why.says())
		var lines []string
		for what, on := range hosts {
			slices.Sort(on)
			lines = append(lines, report.CleanLine(fmt.Sprintf("%s   %s", shorten(on), what)))
		}
		slices.Sort(lines)
		for _, line := range lines[:min(most, len(lines))] {
			a.talk("  %s\n", line)
		}
		if more := len(lines) - most; more > 0 {
			a.talk("  and %d more\n", more)
		}
	}
}

// onlyDrift compares what a run comes to by two plans: by the second what drifted
// may be expected, and all else has to be as it was. It returns what still drifts.
func onlyDrift(hosts, again []report.Host) ([]refusal, error) {
	var left []refusal
	for i, h := range hosts {
		for k, c := range h.Checks {
			type place struct{ item, reading string }
			now := map[place]report.Finding{}
			for _, f := range again[i].Checks[k].Findings {
				now[place{f.Item, f.Reading}] = f
				if isDrift(f) {
					left = append(left, refusal{isBeyond, findingText(c, f), h.Host})
				}
			}
			for _, f := range c.Findings {
				if is := now[place{f.Item, f.Reading}]; f.Outcome != report.Drifted && is != f {
					return nil, fmt.Errorf("accepting the drift would excuse what is none, and nothing is written: on %s %s; "+
						"accept a part of it with --hosts or --only", h.Host, findingText(c, f))
				}
			}
			if was, is := c.Error, again[i].Checks[k].Error; was != "" && was != is {
				return nil, fmt.Errorf("accepting the drift would make another case of %s on %s, and nothing is written: "+
					"it was %q and would be %q", c.ID, h.Host, was, is)
			}
		}
	}
	return left, nil
}

func isDrift(f report.Finding) bool { return f.Outcome == report.Drifted && f.Severity != "note" }
