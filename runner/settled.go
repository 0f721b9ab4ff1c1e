package runner

import (
	"fmt"
	"strings"
	"time"

	"postpatch/baseline"
	"postpatch/probes/fact"
	"postpatch/runner/report"
	"postpatch/suites"
)

// Window is the maintenance window before this one, by whose times those of now are
// held.
type Window struct {
	Run    string  // a verify's name
	Slower float64 // percent that something may take longer
	// Host reads a host's part of the run; it is not ok when there is none.
	Host func(name string) (h baseline.Host, ok bool)
}

// Since lets times to settle be compared with those of the window before.
func (p *Planning) Since(w Window) { p.window = &w }

// settling takes in what waiting for the host has shown: what came up late, what went
// down again, and what did not hold.
func (j judging) settling(h *report.Host) {
	all := j.now.of(settlingKey)
	if len(all) == 0 {
		return
	}
	if d, ok := all.at(place{"", settledAfter}).(fact.Duration); ok {
		h.Settled = time.Duration(d)
	}
	last := j.lastWindow()
	for _, item := range all.items(settledWords) {
		at, ok := spotOf(item)
		if !ok {
			continue
		}
		for i, c := range j.host.Checks {
			if c.Key() == at.check {
				j.settled(&h.Checks[i], c, settlement{spot: at, now: all, before: last})
			}
		}
	}
}

// lastWindow is what the window before has of the host.
func (j judging) lastWindow() values {
	w := j.planning.window
	if w == nil {
		return nil
	}
	h, ok := w.Host(j.host.Name)
	if !ok {
		return nil
	}
	return newSide(&h).of(settlingKey)
}

// settlement is what waiting has shown of one reading, now and in the window before.
type settlement struct {
	spot
	now, before values
}

func (s settlement) of(side values, name string) fact.Value {
	return side.at(place{s.String(), name})
}

// settled takes one reading in.
func (j judging) settled(r *report.Check, c *suites.Check, s settlement) {
	after, well := s.of(s.now, settledAfter).(fact.Duration)
	words, _ := s.of(s.now, settledWords).(fact.Text)
	if well {
		r.Settled = append(r.Settled, report.Settled{
			Item: strings.Clone(s.item), Reading: strings.Clone(s.reading),
			After: time.Duration(after),
			Was:   strings.Clone(strings.TrimSuffix(string(words), ", "+wordWell)),
		})
	}
	f := report.Finding{Item: s.item, Reading: s.reading, HasNow: true}
	if was := j.before.of(c.Key()).at(s.place); was != nil {
		f.Before, f.HasBefore = was.String(), true
	}
	if f.Reading == "" {
		f.Reading = "observed"
	}
	open, isOpen := s.of(s.now, settledOpen).(fact.Text)
	if isOpen && !well && report.Worse(report.Unknown, r.Outcome) {
		// Nothing fails, but the host itself has said that it was not done.
		r.Outcome = report.Unknown
		r.Error = fmt.Sprintf("when its time to settle was over, %s was still %s",
			strings.TrimSpace(s.item+" "+s.reading), open)
		return
	}
	if isOpen && well {
		f.Outcome, f.Now = j.brokeNow(c), string(open)
		f.Wanted = "well for good; it was: " + string(words)
		add(r, detached(f))
		return
	}
	if downs, found := s.of(s.now, settledDowns).(fact.Int); found && well {
		f.Outcome, f.Severity = report.Drifted, fact.Warn.String()
		if downs > patience {
			f.Severity = fact.Fail.String()
		}
		f.Now, f.Wanted = string(words), "not to flap; it became ill again "+times(int(downs))
		add(r, detached(f))
	}
	if was, found := s.of(s.before, settledAfter).(fact.Duration); found && well && j.slower(was, after) {
		f.Outcome, f.Severity = report.Drifted, fact.Note.String()
		f.Before, f.Now, f.HasBefore = was.String()+" after the start", after.String()+" after the start", true
		f.Wanted = fmt.Sprintf("well within %v%% of its time in %s", j.planning.window.Slower, j.planning.window.Run)
		add(r, detached(f))
	}
}

// detached is a finding that keeps no part of what the host has said.
func detached(f report.Finding) report.Finding {
	f.Item, f.Reading, f.Wanted = strings.Clone(f.Item), strings.Clone(f.Reading), strings.Clone(f.Wanted)
	f.Before, f.Now = strings.Clone(f.Before), strings.Clone(f.Now)
	return f
}

// brokeNow is the outcome of what fails after the patch.
func (j judging) brokeNow(c *suites.Check) report.Outcome {
	if seen, _ := j.before.observed(c.Key()); seen {
		return report.Regressed
	}
	return report.Failed
}

// slower says whether something took longer than it may. What takes seconds takes
// another number of them each time.
func (j judging) slower(was, is fact.Duration) bool {
	const least = 30 * time.Second
	more := time.Duration(is - was)
	return more > least && float64(is) > float64(was)*(1+j.planning.window.Slower/100)
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}
