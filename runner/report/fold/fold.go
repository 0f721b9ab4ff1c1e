package fold

import (
	"cmp"
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
	id      identity
	whole   *Size // of the group, with what is not kept
}

// Folder gathers entries and folds those that say the same of several hosts.
type Folder struct {
	// All keeps every entry. Otherwise of very many the first ones are kept, and the others
	// are in the Size of their group alone.
	All bool

	diff    bool
	list    func(report.Finding) string
	entries map[identity]*Entry
	sizes   map[Group]*Size
	kept    map[Group]int
	bytes   int // of the texts that are kept
	// NoteCount is how many drifts are of severity note: they are no entries.
	NoteCount int
	// By what is listed, the hosts; only kept when they are to be listed.
	Unchanged, Unbased, Skipped, Notes map[string][]string
}

// New returns an empty Folder. Of a diff nothing is judged. Where list is not nil, what is
// no entry is kept to be listed, a change in the words of list.
func New(diff bool, list func(report.Finding) string) *Folder {
	return &Folder{
		diff: diff, list: list, entries: map[identity]*Entry{}, sizes: map[Group]*Size{}, kept: map[Group]int{},
		Unchanged: map[string][]string{}, Unbased: map[string][]string{}, Skipped: map[string][]string{},
		Notes: map[string][]string{},
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
	var told []Entry
	for _, c := range h.Checks {
		if whole.Reason != "" && c.Outcome == report.Unknown {
			whole.Unasked++
			continue
		}
		told = append(told, f.ofCheck(h.Host, c)...)
	}
	if whole.Reason != "" {
		told = append(told, whole)
	}
	f.measure(told)
	for _, e := range told {
		f.merge(h.Host, e)
	}
}

// ofCheck are the entries that a check of a host makes.
func (f *Folder) ofCheck(host string, c report.Check) []Entry {
	said := false
	told := f.split(host, c)
	for _, e := range told {
		said = said || e.Group == ofOutcome(c.Outcome) || c.Outcome == report.Drifted || e.Group == Overdue
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
		told = append(told, Entry{Group: home, Subject: c.ID, Check: bare, Reason: cmp.Or(c.Error, string(c.Outcome))})
	}
	return told
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
	if e.general = e.Reason; len(host) > 2 {
		e.general = strings.ReplaceAll(e.Reason, host, "<host>")
	}
	e.id = e.identity()
	known, found := f.entries[e.id]
	if !found {
		if !f.hasRoom(&e) {
			f.sizes[e.Group].Beyond++
			return
		}
		known, e.whole = &e, f.sizes[e.Group]
		f.entries[e.id] = known
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
	for _, e := range f.entries {
		if e.Group == g {
			slices.Sort(e.Hosts)
			all = append(all, e)
		}
	}
	slices.SortFunc(all, func(a, b *Entry) int {
		return cmp.Or(cmp.Compare(a.Subject, b.Subject), cmp.Compare(a.reading(), b.reading()),
			cmp.Compare(a.Hosts[0], b.Hosts[0]), cmp.Compare(a.Check.Suite, b.Check.Suite),
			slices.Compare(a.id[:], b.id[:]))
	})
	return all
}

func (e *Entry) reading() string {
	if len(e.Findings) == 0 {
		return ""
	}
	return e.Findings[0].Reading
}
