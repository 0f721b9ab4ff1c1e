package html

import (
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"postpatch/runner/report"
)

// Limits in bytes. What is longer is cut, and says so.
const (
	nameLimit  = 1 << 10
	textLimit  = 8 << 10
	valueLimit = 64 << 10
)

// limited cleans a line.
func limited(s string, limit int) string {
	if len(s) <= limit {
		return report.CleanLine(s)
	}
	return report.CleanLine(cut(s, limit)) + "… (cut)"
}

// value cleans a text that may have several lines.
func value(s string) string {
	if len(s) <= valueLimit {
		return report.Clean(s)
	}
	return report.Clean(cut(s, valueLimit)) + "… (cut)"
}

// cut shortens between two characters.
func cut(s string, limit int) string {
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit]
}

// short cuts a clean line to a number of characters.
func short(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	for i := range s {
		if limit--; limit == 0 {
			return strings.TrimRight(s[:i], " ") + "…"
		}
	}
	return s
}

func line(s string) string { return limited(s, textLimit) }

func lines(all []string) []string {
	if all == nil {
		return nil
	}
	clean := make([]string, len(all))
	for i, s := range all {
		clean[i] = line(s)
	}
	return clean
}

func cleanRun(r report.Run) report.Run {
	r.Command, r.Tool, r.Name, r.Plan, r.Part = line(r.Command), line(r.Tool), line(r.Name), line(r.Plan), line(r.Part)
	r.Suites, r.Notes = lines(r.Suites), lines(r.Notes)
	if r.Baseline != nil {
		b := *r.Baseline
		b.Name, b.Store = line(b.Name), line(b.Store)
		r.Baseline = &b
	}
	return r
}

func cleanSummary(s report.Summary) report.Summary {
	s.Verdict, s.Reason, s.ListIgnored = line(s.Verdict), line(s.Reason), line(s.ListIgnored)
	s.Notes, s.Next, s.Counts = lines(s.Notes), lines(s.Next), cleanCounts(s.Counts)
	s.Owners = slices.Clone(s.Owners)
	for i := range s.Owners {
		o := &s.Owners[i]
		o.Owner, o.Verdict, o.Reason = line(o.Owner), line(o.Verdict), line(o.Reason)
		o.Counts = cleanCounts(o.Counts)
	}
	s.Ignored = cleanCounts(s.Ignored)
	return s
}

// cleanCounts adds up what is the same when it is clean.
func cleanCounts[K ~string](counts map[K]int) map[K]int {
	if counts == nil {
		return nil
	}
	clean := map[K]int{}
	for _, k := range slices.Sorted(maps.Keys(counts)) {
		clean[K(line(string(k)))] += counts[k]
	}
	return clean
}

func cleanFindings(all []report.Finding) []report.Finding {
	all = slices.Clone(all)
	for i := range all {
		f := &all[i]
		f.Item, f.Reading, f.Wanted, f.Severity = line(f.Item), line(f.Reading), value(f.Wanted), line(f.Severity)
		f.Before, f.Now, f.Outcome = value(f.Before), value(f.Now), report.Outcome(line(string(f.Outcome)))
		f.Pass.Pass = line(f.Pass.Pass)
		w := &f.Waiver
		w.Was, w.Until, w.Reason = report.Outcome(line(string(w.Was))), line(w.Until), value(w.Reason)
		w.Ticket, w.Owner, w.File = line(w.Ticket), line(w.Owner), line(w.File)
	}
	return all
}

func cleanEvidence(all []report.Evidence) []report.Evidence {
	all = slices.Clone(all)
	for i := range all {
		e := &all[i]
		e.Item, e.Reading, e.Value = line(e.Item), line(e.Reading), value(e.Value)
	}
	return all
}

func cleanSettled(all []report.Settled) []report.Settled {
	all = slices.Clone(all)
	for i := range all {
		s := &all[i]
		s.Item, s.Reading, s.Was = line(s.Item), line(s.Reading), value(s.Was)
	}
	return all
}

func cleanHidden(all []report.Hidden) []report.Hidden {
	all = slices.Clone(all)
	for i := range all {
		h := &all[i]
		h.Item, h.Reading, h.Before, h.Now = line(h.Item), line(h.Reading), value(h.Before), value(h.Now)
		h.Rule, h.By, h.File = line(h.Rule), line(h.By), line(h.File)
	}
	return all
}
