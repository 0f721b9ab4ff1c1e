package main

import (
	"context"
	"strings"
	"time"

	"postpatch/baseline"
	"postpatch/probes"
	"postpatch/probes/host/winrm"
	"postpatch/runner"
	"postpatch/suites"
)

// estimate is by what the cost of looking at hosts is told beforehand.
type estimate struct {
	atOnce int
	logons int // a second; 0 for any
	last   pace
}

// pace is how long the visits of a stored run took.
type pace struct {
	run           string // "" where there is none
	hosts         int    // that were looked at
	mean, longest time.Duration
}

// span is the least and the most of some hosts.
type span struct {
	Least int `json:"least"`
	Most  int `json:"most"`
}

// add takes one more host in.
func (s *span) add(n int, first bool) {
	if first || n < s.Least {
		s.Least = n
	}
	s.Most = max(s.Most, n)
}

// looking is what one look at some hosts costs.
type looking struct {
	Questions span `json:"questions_per_host"`
	Messages  span `json:"messages_per_host"`
	All       int  `json:"messages"`
	// PowerShell is on how many hosts a process of it answers.
	PowerShell int `json:"powershell_hosts"`
	// Longest is where nothing answers in time.
	Longest seconds `json:"longest_s"`
	About   seconds `json:"about_s,omitempty"` // 0 where no run tells
}

// seconds is a duration as JSON has it.
type seconds float64

func (s seconds) of() time.Duration { return time.Duration(float64(s) * float64(time.Second)) }

// cost is that of one look at the hosts. Hosts that share their checks cost the same.
func (e estimate) cost(hosts []suites.Host) looking {
	type each struct {
		questions int
		cost      winrm.Cost
		longest   time.Duration
	}
	known := map[**suites.Check]each{}
	var l looking
	var longest time.Duration
	asking := 0 // hosts that are logged on to, as if by one account
	for i, h := range hosts {
		if len(h.Checks) == 0 {
			continue
		}
		of, found := known[&h.Checks[0]]
		if !found {
			questions := runner.Questions(h)
			of = each{len(questions), winrm.CostOf(questions), runner.Longest(h)}
			known[&h.Checks[0]] = of
		}
		if of.questions > 0 {
			asking++
		}
		l.Questions.add(of.questions, i == 0)
		l.Messages.add(of.cost.Messages, i == 0)
		l.All += of.cost.Messages
		if of.cost.Script {
			l.PowerShell++
		}
		longest = max(longest, of.longest)
	}
	rounds := (len(hosts) + e.atOnce - 1) / e.atOnce
	var logons time.Duration
	if e.logons > 0 {
		logons = time.Duration(asking/e.logons) * time.Second
	}
	l.Longest = seconds((time.Duration(rounds)*longest + logons).Seconds())
	if e.last.run != "" && len(hosts) > 0 {
		all := e.last.mean * time.Duration(len(hosts)) / time.Duration(e.atOnce)
		const least = 100 * time.Millisecond // 0 would be no estimate
		about := max(all, min(e.last.longest, longest), logons, least)
		l.About = seconds(about.Round(least).Seconds())
	}
	return l
}

// lastRun looks into the newest run of the suites. A store that has none, or cannot be
// read, tells nothing: this is no verdict.
func lastRun(ctx context.Context, place string, set *suites.Set, hosts []suites.Host) pace {
	store, err := openStore(place, "")
	if err != nil {
		return pace{}
	}
	defer func() { _ = store.Close() }()
	runs, _ := store.Runs(ctx) // those that are whole
	var newest baseline.Manifest
	for _, m := range runs {
		if hasSuites(m, job{set: set}) {
			newest = m
		}
	}
	if newest.Run == "" {
		return pace{}
	}
	snapshot, err := store.Read(ctx, newest.Run)
	if err != nil {
		return pace{}
	}
	return paceOf(ctx, snapshot, hosts)
}

// paceOf looks at a part of a large run: hosts are much the same.
func paceOf(ctx context.Context, snapshot *baseline.Snapshot, hosts []suites.Host) pace {
	const most = 50
	p := pace{run: snapshot.Manifest().Run}
	names := storedNames(snapshot)
	var all time.Duration
	for i := 0; i < len(hosts); i += max(1, len(hosts)/most) {
		seen, found, err := snapshot.Host(ctx, names.of(hosts[i].Name))
		if err != nil || !found || seen.Unreachable != "" {
			continue
		}
		took := visitOf(hosts[i], seen)
		p.hosts, all, p.longest = p.hosts+1, all+took, max(p.longest, took)
	}
	if p.hosts == 0 {
		return pace{}
	}
	p.mean = all / time.Duration(p.hosts)
	return p
}

// visitOf is how long the visit of a host took, roughly: its session, while the checks
// from the runner went beside it, a few at a time.
func visitOf(h suites.Host, seen baseline.Host) time.Duration {
	asks := map[string]bool{}
	for _, c := range h.Checks {
		_, asks[strings.ToLower(c.Key())] = c.Probe.(probes.Asker)
	}
	var session, going, slowest time.Duration
	for _, c := range seen.Checks {
		if asks[strings.ToLower(c.Check)] {
			session = max(session, c.Took)
			continue
		}
		going, slowest = going+c.Took, max(slowest, c.Took)
	}
	return max(session, slowest, going/runner.Lanes)
}
