package text

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"postpatch/runner/report"
)

// entry is one thing to tell, with all the hosts of which it is true.
type entry struct {
	group    group
	subject  string // the check and its item
	check    report.Check
	findings []report.Finding  // of this subject and group; none when reason says it
	evidence []report.Evidence // of the first host, for this subject
	differs  bool              // the evidence of another host is another one
	reason   string
	general  string // the reason, with <host> for the host's name
	hosts    []string
	unasked  int      // checks that were not run
	also     []*entry // of other checks, which say the very same
}

// folder gathers entries and folds those that say the same of several hosts.
type folder struct {
	pen       pen
	diff      bool
	entries   map[string]*entry
	noteCount int
	// By what is listed, the hosts; only kept when they are to be listed.
	unchanged, unbased, skipped, notes map[string][]string
}

func newFolder(p pen) folder {
	return folder{
		pen: p, entries: map[string]*entry{}, unchanged: map[string][]string{}, unbased: map[string][]string{},
		skipped: map[string][]string{}, notes: map[string][]string{},
	}
}

// add takes a host in. What could not be observed because the host as a whole
// could not is told once, for the host.
func (f *folder) add(h report.Host) {
	whole := entry{group: unreachable, reason: h.Unreachable}
	if h.Unreachable == "" && h.Problem != "" {
		whole = entry{group: problem, reason: h.Problem}
	}
	for _, c := range h.Checks {
		if whole.reason != "" && c.Outcome == report.Unknown {
			whole.unasked++
			continue
		}
		f.addCheck(h.Host, c)
	}
	if whole.reason != "" {
		f.merge(h.Host, whole)
	}
}

func (f *folder) addCheck(host string, c report.Check) {
	said := false
	for _, e := range f.split(host, c) {
		said = said || e.group == groupOfOutcome(c.Outcome) || c.Outcome == report.Drifted || e.group == overdue
		f.merge(host, e)
	}
	bare := c
	bare.Findings = nil
	switch home := groupOfOutcome(c.Outcome); {
	case hasNoBasis(c):
		f.list(f.unbased, listItem(c.ID, c.Mark), host)
	case c.Outcome == report.Passed:
		f.list(f.unchanged, c.ID, host)
	case c.Outcome == report.Skipped:
		f.list(f.skipped, listItem(c.ID, cmp.Or(c.Error, c.Mark)), host)
	case !said: // nothing to show for it, and yet it must not be lost
		f.merge(host, entry{group: home, subject: c.ID, check: bare, reason: cmp.Or(c.Error, string(c.Outcome))})
	}
}

// split makes entries of a check's findings. What is told in a line has one of
// its own, so that it folds with other hosts' whatever else changed there; what
// is told in a block keeps together what concerns one item.
func (f *folder) split(host string, c report.Check) []entry {
	var all []entry
	bare := c
	bare.Findings, bare.Evidence = nil, nil
	for _, finding := range c.Findings {
		g := groupOf(c, finding, f.diff)
		subject := c.Subject(finding.Item)
		if g == nowhere {
			if finding.Outcome == report.Drifted {
				f.noteCount++
				f.list(f.notes, listItem(strings.TrimSpace(subject+" "+finding.Reading), f.arrow(finding)), host)
			}
			continue
		}
		i := slices.IndexFunc(all, func(e entry) bool { return e.group == g && e.subject == subject })
		if i < 0 || !g.look("").blocks {
			all = append(all, entry{group: g, subject: subject, check: bare, evidence: evidenceOf(c, finding.Item)})
			i = len(all) - 1
		}
		all[i].findings = append(all[i].findings, finding)
	}
	return all
}

func evidenceOf(c report.Check, item string) []report.Evidence {
	var own []report.Evidence
	for _, e := range c.Evidence {
		if e.Item == item {
			own = append(own, e)
		}
	}
	return own
}

// hasNoBasis tells a check that holds, and of which nobody can say that nothing
// has changed.
func hasNoBasis(c report.Check) bool { return c.Outcome == report.Passed && c.Mark != "" }

func (f *folder) arrow(change report.Finding) string {
	const widest = 2 * glance
	return f.pen.cut(change.BeforeText(), widest) + f.pen.arrow() + f.pen.cut(change.NowText(), widest)
}

func listItem(what, remark string) string {
	if remark == "" {
		return what
	}
	return what + " (" + remark + ")"
}

func (f *folder) list(where map[string][]string, what, host string) {
	if f.pen.Verbosity >= Verbose {
		where[what] = append(where[what], host)
	}
}

func (f *folder) merge(host string, e entry) {
	c := e.check
	c.Error = "" // the reason has it
	if e.general = e.reason; len(host) > 2 {
		e.general = strings.ReplaceAll(e.reason, host, "<host>")
	}
	key := fmt.Sprintf("%d %q %q %q %d %q %q %q %#v", e.group, e.subject, c.Suite, c.File, c.Line, c.Mark, c.Error,
		e.general, e.findings)
	known, found := f.entries[key]
	if !found {
		known = &e
		f.entries[key] = known
	}
	known.hosts = append(known.hosts, host)
	if found {
		known.differs = known.differs || !slices.Equal(known.evidence, e.evidence)
		known.unasked += e.unasked
		known.reason = e.general
	}
}

// of returns the entries of a group in the order in which they are told: by
// check, then by host.
func (f *folder) of(g group) []*entry {
	var all []*entry
	for _, key := range slices.Sorted(maps.Keys(f.entries)) {
		if e := f.entries[key]; e.group == g {
			slices.Sort(e.hosts)
			all = append(all, e)
		}
	}
	slices.SortStableFunc(all, func(a, b *entry) int {
		return cmp.Or(cmp.Compare(a.subject, b.subject), cmp.Compare(a.reading(), b.reading()),
			cmp.Compare(a.hosts[0], b.hosts[0]))
	})
	return all
}

func (e *entry) reading() string {
	if len(e.findings) == 0 {
		return ""
	}
	return e.findings[0].Reading
}
