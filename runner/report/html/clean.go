package html

import (
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

func cleanFindings(all []report.Finding) []report.Finding {
	all = slices.Clone(all)
	for i := range all {
		f := &all[i]
		f.Item, f.Reading, f.Wanted, f.Severity = line(f.Item), line(f.Reading), value(f.Wanted), line(f.Severity)
		f.Before, f.Now, f.Outcome = value(f.Before), value(f.Now), report.Outcome(line(string(f.Outcome)))
		f.Pass.Pass = line(f.Pass.Pass)
		f.Waiver = cleanWaiver(f.Waiver)
	}
	return all
}

func cleanWaiver(w report.Waiver) report.Waiver {
	if w == (report.Waiver{}) {
		return w
	}
	w.Was, w.Until, w.Reason = report.Outcome(line(string(w.Was))), line(w.Until), line(w.Reason)
	w.Ticket, w.Owner, w.File = line(w.Ticket), line(w.Owner), line(w.File)
	return w
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
