package runner

import (
	"postpatch/baseline"
	"postpatch/runner/report"
)

// hide notes the changes of a check that its rules hide, each with the rule and where
// that stands. It has no part in what the check comes to.
func (d *draft) hide(changes []baseline.Change) {
	for _, change := range changes {
		at := place{change.Key.Item, change.Key.Name}
		f, compared := d.sheet.finding(at), d.sheet.c.Compare.For(at.item, at.reading)
		hidden := report.Hidden{
			Item: at.item, Reading: at.reading, Before: f.Before, Now: f.Now, HasBefore: f.HasBefore, HasNow: f.HasNow,
			Rule: compared.Rule.String(), By: string(compared.From.Level), File: compared.From.File, Line: compared.From.Line,
		}
		if change.Learned {
			hidden.Rule, hidden.By, hidden.File, hidden.Line = movesByItself, "baseline", "", 0
		}
		d.check.Hidden = append(d.check.Hidden, hidden)
	}
}

// count adds what is hidden to the host's numbers.
func (d draft) count(ignored map[string]int) {
	for _, hidden := range d.check.Hidden {
		ignored[hidden.Counted(d.check.Kind)]++
	}
}
