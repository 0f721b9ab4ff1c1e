package main

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"postpatch/baseline"
	"postpatch/runner"
	"postpatch/suites"
)

// pacing is how much is asked at once. Its zero value has no limits of its own.
type pacing struct {
	perNetwork int
	logons     int
	hostTime   time.Duration
}

// logonsASecond is how many logons of one account a second are begun, unless the operator
// says otherwise. A domain controller that has an account of another domain verified does
// ten at a time (Netlogon's MaxConcurrentApi since Windows Server 2012), and everybody's
// logons queue behind them: at 20 ms each, 500 a second fill it.
const logonsASecond = 500

func (p *pacing) flags(f *pflag.FlagSet, atOnce *int) {
	f.IntVar(atOnce, "concurrency", hostsAtOnce, "hosts visited at the same time, at most: fewer while they refuse more")
	f.IntVar(&p.perNetwork, "per-network", 0,
		"hosts of one network (/24, or /64 of IPv6) visited at the same time; 0 for any")
	f.IntVar(&p.logons, "logons", logonsASecond, "logons a second of one domain account, for which its domain "+
		"controllers pay; 0 for any")
}

func (p *pacing) timeFlag(f *pflag.FlagSet) {
	f.DurationVar(&p.hostTime, "host-timeout", 0,
		"how long one visit of a host may take; what is left then is unknown (default: what its checks may take)")
}

// check says what is wrong with the flags.
func (p *pacing) check(atOnce int) error {
	switch {
	case atOnce < 1:
		return fmt.Errorf("--concurrency %d: want 1 or more", atOnce)
	case p.perNetwork < 0:
		return fmt.Errorf("--per-network %d: want 1 or more, or 0 for no limit", p.perNetwork)
	case p.logons < 0:
		return fmt.Errorf("--logons %d: want 1 or more, or 0 for no limit", p.logons)
	case p.hostTime < 0:
		return fmt.Errorf("--host-timeout %s: want a duration like 5m", p.hostTime)
	}
	return nil
}

// apply says to a run how it is paced.
func (p *pacing) apply(run *performance) {
	run.options.HostTime = p.hostTime
	run.limits = runner.Limits{PerNetwork: p.perNetwork, Logons: p.logons}
	if k := run.job.credentials; k != nil && p.logons > 0 {
		run.limits.Account = func(h suites.Host) string { return domainAccount(k, h.Name) }
	}
}

// domainAccount is the account of a domain by which a host is entered; "" where it is the
// host's own, which no domain controller knows, or there is none.
func domainAccount(k keys, hostName string) string {
	c, err := k.For(hostName, "winrm")
	if err != nil { // its checks will say so
		return ""
	}
	domain, _, down := strings.Cut(c.User, `\`)
	if down && domain != "." || strings.Contains(c.User, "@") {
		return strings.ToLower(c.User)
	}
	return ""
}

// begunFirst are the hosts that are begun before others, the first the longest ahead: those
// of which the baseline has checks that told nothing, which is where a visit waits for its
// whole time. It returns nil without a baseline.
func begunFirst(against *baseline.Snapshot) func(suites.Host) time.Duration {
	if against == nil {
		return nil
	}
	unseen := map[string]int{}
	for _, h := range against.Manifest().Hosts {
		if h.Unseen > 0 {
			unseen[strings.ToLower(h.Host)] = h.Unseen
		}
	}
	return func(h suites.Host) time.Duration {
		return time.Duration(cmp.Or(unseen[strings.ToLower(h.Name)], unseen[strings.ToLower(h.Was)])) * time.Second
	}
}

// slots opens the door that all visits of the run go through.
func (p *performance) slots() *runner.Slots {
	l := p.limits
	l.Hosts = p.options.Hosts
	l.Took, l.Tell = begunFirst(p.against), p.views.paced
	return runner.NewSlots(l)
}

// paced tells the progress how much is asked at once.
func (v *views) paced(p runner.Pace) {
	if v.progress == nil {
		return
	}
	what := ""
	if p.Why != "" {
		what = fmt.Sprintf("slowed down to %d at once: %s", p.Now, p.Why)
	}
	v.progress.Slowed(what)
}

// pacingNotes say that the run was slowed down.
func pacingNotes(s *runner.Slots) []string {
	p, slowed := s.Slowest()
	if !slowed {
		return nil
	}
	return []string{fmt.Sprintf("the run was slowed down to %d of %d hosts at once: %s", p.Now, p.Most, p.Why)}
}
