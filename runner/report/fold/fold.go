package fold

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"postpatch/runner/report"
)

// Entry is one thing to tell, with all the hosts of which it is true.
type Entry struct {
	Group    Group
	Subject  string            // the check and its item; empty where the host as a whole is told of
	Check    report.Check      // without its findings and evidence
	Findings []report.Finding  // of this subject and group; none when Reason says it
	Evidence []report.Evidence // of the first host, for this subject
	Differs  bool              // the evidence of another host is another one
	Reason   string            // with <host> for the host's name, where there are several
	Hosts    []string          // sorted
	Unasked  int               // checks that were not run
	Also     []*Entry          // of other checks, which say the very same

	general string // the reason, with <host> for the host's name
}

// Folder gathers entries and folds those that say the same of several hosts.
type Folder struct {
	diff    bool
	list    func(report.Finding) string
	entries map[string]*Entry
	// NoteCount is how many drifts are of severity note: they are no entries.
	NoteCount int
	// Limit is the number of entries that a group keeps; 0 is no limit. Left is how often
	// something was to be told that is none of them, by group.
	Limit int
	Left  map[Group]int
	kept  map[Group]int
	// By what is listed, the hosts; only kept when they are to be listed.
	Unchanged, Unbased, Skipped, Notes map[string][]string
}

// New returns an empty Folder. Of a diff nothing is judged. Where list is not nil, what is
// no entry is kept to be listed, a change in the words of list.
func New(diff bool, list func(report.Finding) string) *Folder {
	return &Folder{
		diff: diff, list: list, entries: map[string]*Entry{}, Unchanged: map[string][]string{},
		Unbased: map[string][]string{}, Skipped: map[string][]string{}, Notes: map[string][]string{},
		Left: map[Group]int{}, kept: map[Group]int{},
	}
}

// Empty says whether there is nothing to tell.
func (f *Folder) Empty() bool { return len(f.entries) == 0 }

// Add takes a host in, whose texts are clean. What could not be observed because the host
// as a whole could not is told once, for the host.
func (f *Folder) Add(h report.Host) {
	whole := Entry{Group: Unreachable, Reason: h.Unreachable}
	if h.Unreachable == "" && h.Problem != "" {
		whole = Entry{Group: Problem, Reason: h.Problem}
	}
	for _, c := range h.Checks {
		if whole.Reason != "" && c.Outcome == report.Unknown {
			whole.Unasked++
			continue
		}
		f.addCheck(h.Host, c)
	}
	if whole.Reason != "" {
		f.merge(h.Host, whole)
	}
}

func (f *Folder) addCheck(host string, c report.Check) {
	said := false
	for _, e := range f.split(host, c) {
		said = said || e.Group == ofOutcome(c.Outcome) || c.Outcome == report.Drifted || e.Group == Overdue
		f.merge(host, e)
	}
	bare := c
	bare.Findings = nil
	switch home := ofOutcome(c.Outcome); {
	case HasNoBasis(c):
		f.keep(f.Unbased, listItem(c.ID, c.Mark), host)
	case c.Outcome == report.Passed:
		f.keep(f.Unchanged, c.ID, host)
	case c.Outcome == report.Skipped:
		f.keep(f.Skipped, listItem(c.ID, cmp.Or(c.Error, c.Mark)), host)
	case !said: // nothing to show for it, and yet it must not be lost
		f.merge(host, Entry{Group: home, Subject: c.ID, Check: bare, Reason: cmp.Or(c.Error, string(c.Outcome))})
	}
}

// listed is a change as the list has it.
func (f *Folder) listed(change report.Finding) string {
	if f.list == nil {
		return ""
	}
	return f.list(change)
}

// split makes entries of a check's findings. What is told in a line has one of
// its own, so that it folds with other hosts' whatever else changed there; what
// is told in a block keeps together what concerns one item.
func (f *Folder) split(host string, c report.Check) []Entry {
	var all []Entry
	bare := c
	bare.Findings, bare.Evidence = nil, nil
	for _, finding := range c.Findings {
		g := GroupOf(c, finding, f.diff)
		subject := c.Subject(finding.Item)
		if g == Nowhere {
			if finding.Outcome == report.Drifted {
				f.NoteCount++
				f.keep(f.Notes, listItem(strings.TrimSpace(subject+" "+finding.Reading), f.listed(finding)), host)
			}
			continue
		}
		i := slices.IndexFunc(all, func(e Entry) bool { return e.Group == g && e.Subject == subject })
		if i < 0 || !g.Look("").Blocks {
			all = append(all, Entry{Group: g, Subject: subject, Check: bare, Evidence: evidenceOf(c, finding.Item)})
			i = len(all) - 1
		}
		all[i].Findings = append(all[i].Findings, finding)
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

// HasNoBasis tells a check that holds, and of which nobody can say that nothing
// has changed.
func HasNoBasis(c report.Check) bool { return c.Outcome == report.Passed && c.Mark != "" }

func listItem(what, remark string) string {
	if remark == "" {
		return what
	}
	return what + " (" + remark + ")"
}

func (f *Folder) keep(where map[string][]string, what, host string) {
	if f.list != nil {
		where[what] = append(where[what], host)
	}
}

func (f *Folder) merge(host string, e Entry) {
	c := e.Check
	c.Error = "" // the reason has it
	if e.general = e.Reason; len(host) > 2 {
		e.general = strings.ReplaceAll(e.Reason, host, "<host>")
	}
	key := fmt.Sprintf("%d %q %q %q %d %q %q %q %#v", e.Group, e.Subject, c.Suite, c.File, c.Line, c.Mark, c.Error,
		e.general, e.Findings)
	known, found := f.entries[key]
	if !found {
		if f.Limit > 0 && f.kept[e.Group] >= f.Limit {
			f.Left[e.Group]++
			return
		}
		f.kept[e.Group]++
		known = &e
		f.entries[key] = known
	}
	known.Hosts = append(known.Hosts, host)
	if found {
		known.Differs = known.Differs || !slices.Equal(known.Evidence, e.Evidence)
		known.Unasked += e.Unasked
		known.Reason = e.general
	}
}

// Of returns the entries of a group in the order in which they are told: by
// check, then by host.
func (f *Folder) Of(g Group) []*Entry {
	var all []*Entry
	for _, key := range slices.Sorted(maps.Keys(f.entries)) {
		if e := f.entries[key]; e.Group == g {
			slices.Sort(e.Hosts)
			all = append(all, e)
		}
	}
	slices.SortStableFunc(all, func(a, b *Entry) int {
		return cmp.Or(cmp.Compare(a.Subject, b.Subject), cmp.Compare(a.reading(), b.reading()),
			cmp.Compare(a.Hosts[0], b.Hosts[0]))
	})
	return all
}

func (e *Entry) reading() string {
	if len(e.Findings) == 0 {
		return ""
	}
	return e.Findings[0].Reading
}
