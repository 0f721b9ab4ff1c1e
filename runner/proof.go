package runner

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"postpatch/baseline"
	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/runner/report"
	"postpatch/suites"
)

// Proof says whether a host has rebooted since the baseline, and what that rests on.
// A reading that is missing proves neither.
type Proof struct {
	report.Reboot
	// Started is the boot time as the host has it now; zero where it is not known. A
	// clock that is set moves it.
	Started time.Time
	// Pending are the readings by which it waits for another reboot, and did not at the
	// baseline.
	Pending []string

	asked  int     // the check that told, in the order of the checks; -1 for none
	note   string  // for the reader, where it is not as usual
	before session // what the baseline knows
	now    session // and what there is now
	log    bootLog // the starts since, as far as the log has them
}

// session is what one side tells of the time for which Windows has been running.
type session struct {
	boot         time.Time // zero where it is not known
	up, skew     time.Duration
	hasUp, hasSk bool
	log          bootLog
}

// clock is the host's own when it told.
func (s session) clock() time.Time { return s.boot.Add(s.up) }

// ProofOf holds what a host tells of its start against the baseline. It asks nobody,
// and is to be had as often as there is something new to look at.
func ProofOf(before, now baseline.Host, checks []*suites.Check) Proof {
	return proofOf(newSide(&before), newSide(&now), checks)
}

func proofOf(before, now side, checks []*suites.Check) Proof {
	p := Proof{asked: -1}
	if problem := otherMachine(before.identity, now.identity); problem != "" {
		p.Reboot = report.Reboot{State: report.AnotherMachine, Words: problem}
		return p
	}
	for i, c := range checks {
		if roleOf(c.Kind, probes.BootTime) == "" {
			continue
		}
		b, n := sessionOf(before, c), sessionOf(now, c)
		whole := !b.boot.IsZero() && !n.boot.IsZero()
		if p.asked < 0 || whole {
			p.asked, p.before, p.now = i, b, n
		}
		if whole {
			break
		}
	}
	if p.asked < 0 {
		return untold(p, "nothing asks for its boot time: add `- os: {}` to its checks")
	}
	p.Started = p.now.boot
	switch {
	case now.unreachable:
		return untold(p, "nothing answers")
	case before.identity != "" && now.identity == "":
		return untold(p, "the machine that answers does not say which it is, and the baseline is of "+before.identity)
	}
	p.prove()
	for _, sign := range signsOf(now, checks, probes.RebootPending) {
		if !slices.Contains(signsOf(before, checks, probes.RebootPending), sign) {
			p.Pending = append(p.Pending, sign)
		}
	}
	if p.State == report.Rebooted {
		p.afterwards(before, now, checks)
	}
	return p
}

// afterwards looks at what a host that has rebooted still has to do. What was so at
// the baseline has nothing to do with this reboot.
func (p *Proof) afterwards(before, now side, checks []*suites.Check) {
	was := signsOf(before, checks, probes.Configuring)
	var doing []string
	for _, one := range signsOf(now, checks, probes.Configuring) {
		if !slices.Contains(was, one) {
			doing = append(doing, one)
		}
	}
	switch {
	case len(doing) > 0:
		p.State = report.RebootConfiguring
		p.Words += "; it is still configuring updates: " + upTo(3, doing)
		p.note = "is still configuring updates: " + upTo(3, doing)
	case len(p.Pending) > 0:
		p.Words += "; it waits for another reboot: " + strings.Join(p.Pending, ", ")
	}
}

func roleOf(k *probes.Kind, role probes.Role) string {
	i := slices.IndexFunc(k.Readings, func(r probes.ReadingSpec) bool { return r.Role == role })
	if i < 0 {
		return ""
	}
	return k.Readings[i].Name
}

func sessionOf(s side, c *suites.Check) session {
	seen := s.of(c.Key())
	at := func(role probes.Role) fact.Value {
		if name := roleOf(c.Kind, role); name != "" {
			return seen.at(place{"", name})
		}
		return nil
	}
	var told session
	if boot, ok := at(probes.BootTime).(fact.Time); ok {
		told.boot = time.Time(boot)
	}
	if up, ok := at(probes.Uptime).(fact.Duration); ok {
		told.up, told.hasUp = time.Duration(up), true
	}
	if skew, ok := at(probes.ClockSkew).(fact.Duration); ok && skew >= 0 {
		told.skew, told.hasSk = time.Duration(skew), true
	}
	told.log = bootLogOf(at(probes.Boots))
	return told
}

// signsOf lists what is said by readings with a role: the elements of a set, or the
// names of those that are true.
func signsOf(s side, checks []*suites.Check, role probes.Role) []string {
	var all []string
	for _, c := range checks {
		for i := range c.Kind.Readings {
			spec := &c.Kind.Readings[i]
			if spec.Role != role {
				continue
			}
			switch v := s.of(c.Key()).at(place{"", spec.Name}).(type) {
			case fact.Set:
				for _, element := range v.Elems() {
					all = append(all, strings.Clone(element))
				}
			case fact.Bool:
				if v {
					all = append(all, spec.Name)
				}
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func untold(p Proof, why string) Proof {
	p.Reboot = report.Reboot{State: report.RebootUnknown, Words: "whether it has rebooted cannot be told: " + why}
	return p
}

// span is a time in words for people: two units are enough.
func span(d time.Duration) string {
	d = d.Round(time.Second)
	days, hours, minutes := d/(24*time.Hour), d%(24*time.Hour)/time.Hour, d%time.Hour/time.Minute
	switch {
	case d < 0:
		return "-" + span(-d)
	case days > 0:
		return fmt.Sprintf("%d d %d h", days, hours)
	case hours > 0:
		return fmt.Sprintf("%d h %d min", hours, minutes)
	case minutes > 0:
		return fmt.Sprintf("%d min %d s", minutes, d%time.Minute/time.Second)
	default:
		return fmt.Sprintf("%d s", d/time.Second)
	}
}
