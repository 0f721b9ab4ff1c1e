package runner

import (
	"fmt"
	"time"

	"postpatch/runner/report"
	"postpatch/suites"
)

// Standing is how a host of a wave stands after the patch.
type Standing string

// The standings.
const (
	HostUnseen  Standing = "unseen"  // no run that counts has looked at it
	HostWell    Standing = "well"    // all its checks were observed, and none of them fails
	HostUnknown Standing = "unknown" // something could not be observed, and nothing that was fails
	HostWorse   Standing = "worse"   // something regressed, failed, is unmet or has drifted so that it fails
)

// HostSeen is how a host stands by all that is known of it.
type HostSeen struct {
	Host string   `json:"host"`
	Is   Standing `json:"is"`
	Run  string   `json:"run,omitempty"` // that says so
	Why  string   `json:"why,omitempty"`
}

// Sight is what one run saw of a host.
type Sight struct {
	Run string
	Is  Standing
	Why string
	// Partly says that the run asked only a part of what the suites ask.
	Partly bool
	// From and To are the moments between which it was seen: a run has many hosts, and
	// does not keep when it saw which. A zero From is no moment that is known.
	From, To time.Time
}

// Fold comes from what several runs saw of a host to how it stands. What was seen later
// takes the place of what was seen before it, with two exceptions. A host that was worse
// and then could not be observed is worse still: nobody has seen it mended. And a run
// that asked only a part and found nothing wrong says nothing of the rest. Where two
// runs overlap in time, so that it cannot be told which saw the host last, the worse
// counts.
func Fold(host string, sights []Sight) HostSeen {
	seen := HostSeen{Host: host, Is: HostUnseen}
	var last Sight
	for _, s := range sights {
		if s.says() == HostUnseen || s.replaced(sights) {
			continue
		}
		if seen.Is == HostUnseen || badness(s.Is) > badness(seen.Is) ||
			s.Is == seen.Is && s.From.After(last.From) {
			seen.Is, seen.Run, seen.Why, last = s.Is, s.Run, s.Why, s
		}
	}
	if seen.Is == HostUnseen && len(sights) > 0 {
		s := sights[0]
		for _, other := range sights[1:] {
			if other.From.After(s.From) {
				s = other
			}
		}
		return HostSeen{Host: host, Is: HostUnknown, Run: s.Run, Why: s.Why}
	}
	return seen
}

// says is what a sight alone says of a host; unseen for nothing.
func (s Sight) says() Standing {
	if s.Partly && s.Is == HostWell {
		return HostUnseen
	}
	return s.Is
}

func (s Sight) replaced(by []Sight) bool {
	for _, later := range by {
		if later.Replaces(s) {
			return true
		}
	}
	return false
}

// Replaces says whether nothing is left of an earlier sight when there is this one.
func (s Sight) Replaces(earlier Sight) bool {
	switch {
	case !s.From.After(earlier.To):
		return false
	case s.says() == HostUnknown:
		return earlier.Is != HostWorse
	default:
		return s.says() != HostUnseen
	}
}

func badness(s Standing) int {
	switch s {
	case HostWorse:
		return 2
	case HostUnknown:
		return 1
	default:
		return 0
	}
}

// SightOf is what a judged host comes to. Unasked says of a check, by its key, that the
// run did not ask it as the suites do now.
func SightOf(h report.Host, unasked func(check string) bool) Sight {
	var fails, unknown, plan []string
	partly := false
	for _, c := range h.Checks {
		text := c.ID + " " + string(c.Outcome)
		switch {
		case c.Failing:
			if c.Outcome != report.Regressed && c.Outcome != report.Failed && c.Outcome != report.Unmet {
				text = c.ID + " " + string(report.Drifted)
			}
			fails = append(fails, text)
		case c.Outcome != report.Unknown:
		case c.Kind == "plan":
			plan = append(plan, c.ID+": "+c.Error)
		case unasked(c.Suite + "/" + c.ID):
			partly = true
		default:
			unknown = append(unknown, c.ID+": "+c.Error)
		}
	}
	if !partly { // else it is for want of what was not asked
		unknown = append(unknown, plan...)
	}
	s := Sight{Is: HostWell, Partly: partly}
	switch {
	case len(fails) > 0:
		s.Is, s.Why = HostWorse, firstOf(fails)
	case h.Problem != "":
		s.Is, s.Why = HostUnknown, h.Problem
	case h.Unreachable != "":
		s.Is, s.Why = HostUnknown, "unreachable: "+h.Unreachable
	case len(unknown) > 0:
		s.Is, s.Why = HostUnknown, firstOf(unknown)
	case partly:
		s.Why = "the run asked only a part of what the suites ask of it now"
	case len(h.Checks) == 0:
		s.Is, s.Why = HostUnknown, "no check looks at it"
	}
	return s
}

// firstOf is the first of several, and counts the rest.
func firstOf(all []string) string {
	if len(all) == 1 {
		return all[0]
	}
	return fmt.Sprintf("%s, and %d more", all[0], len(all)-1)
}

// At is the planning with the waivers as they stood at another time. What either
// remembers it remembers for both.
func (p *Planning) At(waivers []suites.Waiver, at time.Time) *Planning {
	own := *p
	own.Waive(waivers, at)
	return &own
}
