package runner_test

import (
	"slices"
	"testing"

	"postpatch/baseline"
	"postpatch/probes/fact"
	"postpatch/runner"
	"postpatch/runner/report"
)

// Nothing that is missing or damaged, of what is seen or of the baseline, makes a
// night pass that does not, unless it is told. What a baseline could not see, or has
// nothing of, is another night, and the table says what that comes to.
func TestNoDamageLightsALamp(t *testing.T) {
	street := newStreet(t)
	wrong, tried := 0, 0
	nights(func(n night) {
		if n.severity != fact.Fail || n.waiver != "" || n.learned != "" {
			return
		}
		before, seen := n.sides()
		if _, s := street.come(n, before, seen); s.ExitCode == runner.ExitOK {
			return
		}
		try := func(what string, before *baseline.Host, seen baseline.Host) {
			tried++
			h, s := street.come(n, before, seen)
			if s.ExitCode != runner.ExitOK || before != nil && h.Checks[0].Mark != "" || asksOtherwise(h) {
				return // or it is told
			}
			if wrong++; wrong <= 20 {
				t.Errorf("%+v passes with %s: %v", n, what, told(h.Checks[0]))
			}
		}
		for what, damaged := range damages(seen) {
			try(what+" now", before, damaged)
		}
		for what, damaged := range n.losses(before, seen) {
			try(what+" now", before, damaged)
		}
		if before != nil {
			for what, damaged := range damages(*before) {
				if what == "an error" && n.before.how == whole {
					continue // is another night: seen partly
				}
				try(what+" before", &damaged, seen)
			}
		}
	})
	if tried < 150_000 || wrong > 20 {
		t.Errorf("%d of %d damages pass", wrong, tried)
	}
}

// damages are a host damaged in each way that leaves its readings, or takes all.
func damages(h baseline.Host) map[string]baseline.Host {
	all := map[string]baseline.Host{
		"nothing":     {Host: h.Host, Identity: h.Identity},
		"no host":     {Host: h.Host},
		"no readings": withoutReadings(h, func(fact.Key) bool { return true }),
	}
	edit := func(what string, change func(*baseline.Host)) {
		damaged := h
		damaged.Checks, damaged.Readings = slices.Clone(h.Checks), slices.Clone(h.Readings)
		change(&damaged)
		all[what] = damaged
	}
	edit("another machine", func(h *baseline.Host) { h.Identity = "m3" })
	edit("no answer", func(h *baseline.Host) { h.Unreachable = "nothing answers" })
	edit("no record", func(h *baseline.Host) { h.Checks = nil })
	for i := range h.Checks {
		edit("an error", func(h *baseline.Host) { h.Checks[i].Error = "the wire was cut" })
		edit("another question", func(h *baseline.Host) { h.Checks[i].Asked = "another" })
	}
	for i, r := range h.Readings {
		edit("a bool for "+r.Key.Name, func(h *baseline.Host) { h.Readings[i].Value = fact.Bool(true) })
		edit("a text for "+r.Key.Name, func(h *baseline.Host) { h.Readings[i].Value = fact.Text(r.Value.String()) })
	}
	return all
}

// losses are what is seen without each thing that the baseline has, too: of what is
// only there now its absence is no lack, and what the plan or the rule lets go may go.
func (n night) losses(before *baseline.Host, seen baseline.Host) map[string]baseline.Host {
	all := map[string]baseline.Host{}
	if before == nil {
		return all
	}
	anonymous := seen
	anonymous.Identity = ""
	all["no identity"] = anonymous
	if n.plan == mayAll || n.plan == mayGo || n.rule == "same or gone" {
		return all
	}
	had := map[fact.Key]bool{}
	for _, r := range before.Readings {
		had[r.Key] = true
	}
	for _, r := range seen.Readings {
		if had[r.Key] {
			all["no "+r.Key.Name] = withoutReadings(seen, func(k fact.Key) bool { return k == r.Key })
		}
		if n.before.light >= 0 && r.Key.Name == "light" {
			all["no lamp"] = withoutReadings(seen, func(k fact.Key) bool { return k.Item == r.Key.Item })
		}
	}
	return all
}

// asksOtherwise says whether a check is told as one that asks something else than at
// the baseline: whoever edits a suite is shown what that hides.
func asksOtherwise(h report.Host) bool {
	return slices.ContainsFunc(h.Checks[0].Findings, func(f report.Finding) bool {
		return f.Outcome == report.Drifted && f.Wanted == "the check asks otherwise than at the baseline"
	})
}

func withoutReadings(h baseline.Host, which func(fact.Key) bool) baseline.Host {
	h.Readings = slices.DeleteFunc(slices.Clone(h.Readings), func(r fact.Reading) bool { return which(r.Key) })
	return h
}
