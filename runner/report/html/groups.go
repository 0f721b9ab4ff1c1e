package html

import (
	"fmt"
	"slices"
	"strings"

	"postpatch/runner/report"
	"postpatch/runner/report/fold"
)

type (
	// group is a heading and what belongs to it.
	group struct {
		Title, Meaning, Sign, Tone string
		Size                       string
		Entries                    []entry
		More                       int // entries that are only counted
	}
	// entry is a thing that is true of some hosts.
	entry struct {
		Where    string
		Names    []string // of the hosts that Where only counts
		More     int      // hosts beyond Names
		Subject  string
		Mark     string
		Findings []finding
		Evidence []string
		Remarks  []string
	}
	// finding is a reading; Before is empty where there is only now.
	finding struct{ Name, Before, Now, Note string }
)

// groups are what there is to tell, the worst first: who opens a page reads its top.
func (p *page) groups(f *fold.Folder) []group {
	var all []group
	for _, g := range slices.Backward(fold.Groups()) {
		entries := f.Of(g)
		if len(entries) == 0 {
			continue
		}
		look := g.Look(p.Run.Command)
		own := group{
			Title: look.Title, Meaning: look.Meaning, Sign: look.Sign, Tone: tone(look.Tone), More: fold.SizeOf(entries).Beyond,
			Size: size(g, entries),
		}
		if look.Blocks {
			entries = fold.Together(entries)
		}
		limit := entryLimit
		if look.Tone != fold.Bad && look.Tone != fold.Warning {
			limit = mildLimit
		}
		if more := len(entries) - limit; more > 0 {
			own.More += more
			entries = entries[:limit]
		}
		for _, e := range entries {
			own.Entries = append(own.Entries, p.entry(g, e))
		}
		all = append(all, own)
	}
	return all
}

func (p *page) entry(g fold.Group, e *fold.Entry) entry {
	own := entry{Subject: e.Subject, Mark: e.Check.Mark, Where: e.Hosts[0]}
	if names := slices.Compact(slices.Clone(e.Hosts)); len(names) > 1 {
		own.Where, own.More = report.Count(len(names), "host"), max(len(names)-namesLimit, 0)
		own.Names = names[:len(names)-own.More]
	}
	for _, f := range e.Findings {
		own.Findings = append(own.Findings, p.finding(f))
		if f.Waiver != (report.Waiver{}) {
			own.remark("waiver " + strings.Join(append(f.Waiver.Says(), f.Waiver.Without()), ", "))
		}
	}
	for _, because := range e.Evidence {
		text := because.Reading + ": " + because.Value
		if e.Differs {
			text = "on " + e.Hosts[0] + ": " + text
		}
		own.Evidence = append(own.Evidence, text)
	}
	own.remark(e.Reason)
	if e.Unasked > 0 {
		own.remark(report.Count(e.Unasked, "check") + " not judged")
	}
	if g.Look("").Blocks || g == fold.Drift || g == fold.PreExisting {
		own.remark(strings.Join(says(e.Check), ", "))
	}
	for _, other := range e.Also {
		own.remark("also " + strings.Join(append([]string{other.Subject}, says(other.Check)...), ", "))
	}
	return own
}

// remark adds a sentence that is not there yet.
func (e *entry) remark(text string) {
	if text != "" && !slices.Contains(e.Remarks, text) {
		e.Remarks = append(e.Remarks, text)
	}
}

// says is what the suite says of a check.
func says(c report.Check) []string {
	var parts []string
	if place := c.Place(); place != "" {
		parts = append(parts, place)
	}
	if c.Why != "" {
		parts = append(parts, `"`+c.Why+`"`)
	}
	if c.Owner != "" {
		parts = append(parts, "owner "+c.Owner)
	}
	return parts
}

// finding tells a reading, and of one that is as it was only what it is.
func (p *page) finding(f report.Finding) finding {
	own := finding{Name: f.Reading, Now: f.NowText(), Before: f.BeforeText()}
	same := f.HasBefore && f.HasNow && f.Before == f.Now
	if same || !f.HasBefore && (f.Reading == "" || p.Run.Baseline == nil || f.Outcome == report.Failed) {
		own.Before = ""
	}
	var notes []string
	switch {
	case f.Wanted == "" || f.Outcome == report.Drifted && f.Wanted == "same":
	case f.Outcome == report.Drifted:
		notes = append(notes, "rule: "+f.Wanted)
	default:
		notes = append(notes, f.Wanted)
	}
	if same {
		notes = append(notes, "as at the baseline")
	}
	switch {
	case f.Pass.Pass == "":
	case f.Pass.Had:
		notes = append(notes, "as in the "+f.Pass.Pass+" pass")
	default:
		notes = append(notes, "new since the "+f.Pass.Pass+" pass")
	}
	own.Note = strings.Join(notes, "; ")
	return own
}

// size is how much a group tells.
func size(g fold.Group, entries []*fold.Entry) string {
	switch s := fold.SizeOf(entries); {
	case g == fold.Unreachable || g == fold.Problem:
		return report.Count(s.Told, "host")
	case s.Items == s.Checks:
		return report.Count(s.Checks, "check")
	default:
		return fmt.Sprintf("%s, %s", report.Count(s.Checks, "check"), report.Count(s.Items, "item"))
	}
}

// tone is the class that the style paints.
func tone(t fold.Tone) string {
	switch t {
	case fold.Bad:
		return "bad"
	case fold.Warning:
		return "warn"
	case fold.Good:
		return "good"
	case fold.Change:
		return "info"
	case fold.Quiet:
		return "past"
	default:
		return "plain"
	}
}
