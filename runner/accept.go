package runner

import (
	"slices"

	"postpatch/baseline"
	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/runner/report"
)

// Drift is what a plan has to allow for a finding that drifted to be expected.
type Drift struct {
	Kind    probes.Kind
	Item    string
	Reading string     // or "*": whatever the item had
	After   fact.Value // nil where it went away
	Check   report.Check
	Finding report.Finding // one, of an item that came, may need several
}

// Drifts lists what lies behind the drift of a host that was judged, but for what
// is only a note. Some drift no plan can allow, such as of a check that asks
// otherwise than at the baseline; it is left out.
func Drifts(v Visit, before *baseline.Host, judged report.Host) []Drift {
	if before == nil || judged.Problem != "" {
		return nil
	}
	v.Seen = baseline.Respell(v.Seen, *before, Naming(v.Host.Checks))
	j := judging{now: newSide(&v.Seen), before: newSide(before)}
	j.changes, _ = compare(v, *before)
	var all []Drift
	for i, c := range v.Host.Checks {
		s := j.sheet(c)
		for _, f := range judged.Checks[i].Findings {
			if f.Outcome != report.Drifted || f.Severity == fact.Note.String() {
				continue
			}
			told := judged.Checks[i].Findings
			for _, d := range s.behind(f, j.changes[c.Key()]) {
				if f.Reading == "" && isTold(told, d) {
					continue // of an item that came, what fails is no drift
				}
				d.Kind, d.Check, d.Finding = *c.Kind, judged.Checks[i], f
				all = append(all, d)
			}
		}
	}
	return all
}

func isTold(findings []report.Finding, d Drift) bool {
	return slices.ContainsFunc(findings, func(f report.Finding) bool { return f.Item == d.Item && f.Reading == d.Reading })
}

// behind lists the changes of which a finding is made.
func (s *sheet) behind(f report.Finding, changes []baseline.Change) []Drift {
	whole := f.Reading == ""
	if whole && s.restated {
		return nil
	}
	if spec, _ := s.c.Kind.Reading(f.Reading); spec.Role == probes.Boots {
		return []Drift{{Item: f.Item, Reading: f.Reading, After: s.now.at(place{f.Item, f.Reading})}}
	}
	var all []Drift
	for _, change := range changes {
		at := change.Key
		switch {
		case at.Item != f.Item, !whole && at.Name != f.Reading:
		case whole && change.Op == baseline.Removed:
			return []Drift{{Item: f.Item, Reading: "*"}}
		case whole && s.counts(change): // is told by itself
		default:
			all = append(all, Drift{Item: at.Item, Reading: at.Name, After: change.After})
		}
	}
	return all
}
