package html

import (
	"cmp"
	"slices"

	"postpatch/runner/report"
	"postpatch/runner/report/fold"
)

// Limits of the summary. What is beyond them is counted there, and told by the app.
const (
	entryLimit = 500  // of a group
	mildLimit  = 50   // of one in which nothing is bad
	hostsLimit = 1000 // rows of the table
	namesLimit = 100  // hosts of one entry
	wordsLimit = 1000 // characters of a value
)

// static gathers the summary, host by host: what is to be told, and the hosts that
// want a person most.
type static struct {
	diff   bool
	folder *fold.Folder
	rows   []fold.Row // of more than the table takes, none that it would not take
	cut    int        // rows left out

	notes     []string // of the hosts
	moreNotes int
}

func newStatic(command string) *static {
	diff := command == "diff"
	s := &static{diff: diff, folder: fold.New(diff, nil)}
	return s
}

// add takes a host in.
func (s *static) add(h report.Host) {
	row := h
	row.Reboot.Boots, row.Notes, row.Session, row.Ignored = nil, nil, "", nil
	row.Host, row.Reboot.Words = line(h.Host), line(h.Reboot.Words)
	s.rows = append(s.rows, fold.NewRow(row, s.diff))
	if len(s.rows) >= 2*hostsLimit {
		s.trim()
	}
	h.Host, h.Unreachable, h.Problem = row.Host, limited(h.Unreachable, wordsLimit), limited(h.Problem, wordsLimit)
	for _, note := range h.Notes {
		switch note = limited(note, wordsLimit); {
		case slices.Contains(s.notes, note):
		case len(s.notes) < mildLimit:
			s.notes = append(s.notes, note)
		default:
			s.moreNotes++
		}
	}
	h.Checks = told(h.Checks)
	s.folder.Add(h)
}

// told are the checks of which a summary tells, cleaned, and cut to what a summary needs.
func told(all []report.Check) []report.Check {
	var some []report.Check
	for _, c := range all {
		if c.Outcome == report.Skipped || isPlain(c) || c.Outcome == report.Passed && len(c.Findings) == 0 {
			continue
		}
		c.ID, c.Suite, c.Mark, c.Owner = line(c.ID), line(c.Suite), line(c.Mark), line(c.Owner)
		c.Kind, c.File = line(c.Kind), line(c.File)
		c.Error, c.Why = limited(c.Error, wordsLimit), limited(c.Why, wordsLimit)
		c.Findings, c.Evidence = slices.Clone(c.Findings), slices.Clone(c.Evidence)
		for i := range c.Evidence {
			e := &c.Evidence[i]
			e.Item, e.Reading, e.Value = line(e.Item), line(e.Reading), limited(e.Value, wordsLimit)
		}
		for i := range c.Findings {
			f := &c.Findings[i]
			f.Item, f.Reading, f.Wanted = line(f.Item), line(f.Reading), limited(f.Wanted, wordsLimit)
			f.Before, f.Now = limited(f.Before, wordsLimit), limited(f.Now, wordsLimit)
			f.Pass.Pass, f.Waiver = line(f.Pass.Pass), cleanWaiver(f.Waiver)
		}
		c.Hidden, c.Settled = nil, nil
		some = append(some, c)
	}
	return some
}

// trim keeps the hosts that want a person most; of equals those that came first.
func (s *static) trim() {
	slices.SortStableFunc(s.rows, func(x, y fold.Row) int {
		return cmp.Or(cmp.Compare(y.Rank(), x.Rank()), cmp.Compare(y.Broken(), x.Broken()))
	})
	if more := len(s.rows) - hostsLimit; more > 0 {
		s.cut += more
		clear(s.rows[hostsLimit:])
		s.rows = s.rows[:hostsLimit]
	}
}
