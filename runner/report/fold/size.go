package fold

import "postpatch/runner/report"

// What a Folder keeps, unless it keeps all: entries of a group, and bytes of texts. A night
// on which everything is broken, nowhere in the same way, is told by its first part.
const (
	mostEntries = 2000
	mostBytes   = 32 << 20
)

// Size is how much a group tells.
type Size struct {
	Told    int // an entry of each host
	Checks  int
	Items   int // of the checks
	Hosts   int // that are told of
	Unasked int // checks that were not run
	Beyond  int // of Told, those that are no entries, as there are too many
}

// SizeOf is how much the group of these entries tells as the verdict does, in checks; where
// a check has several items to tell, these too. Where the hosts as such are told of, Told
// counts them. What is too much to be kept is counted, too.
func SizeOf(entries []*Entry) Size {
	if len(entries) == 0 {
		return Size{}
	}
	return *entries[0].whole
}

// measure counts what one host has to tell.
func (f *Folder) measure(told []Entry) {
	type named struct {
		g     Group
		suite string
		what  string
	}
	hosts, checks, items := map[Group]bool{}, map[named]bool{}, map[named]bool{}
	for _, e := range told {
		s := f.sizes[e.Group]
		if s == nil {
			s = &Size{}
			f.sizes[e.Group] = s
		}
		s.Told++
		s.Unasked += e.Unasked
		if !hosts[e.Group] {
			hosts[e.Group] = true
			s.Hosts++
		}
		if at := (named{e.Group, e.Check.Suite, e.Check.ID}); !checks[at] {
			checks[at] = true
			s.Checks++
		}
		if at := (named{e.Group, e.Check.Suite, e.Subject}); !items[at] {
			items[at] = true
			s.Items++
		}
	}
}

// hasRoom says whether one more entry is kept.
func (f *Folder) hasRoom(e *Entry) bool {
	size := len(e.Subject) + len(e.Reason) + len(e.Check.Why)
	for _, finding := range e.Findings {
		size += bytesOf(finding)
	}
	for _, evidence := range e.Evidence {
		size += len(evidence.Value)
	}
	if !f.All && (f.kept[e.Group] >= mostEntries || f.bytes+size > mostBytes && f.kept[e.Group] > 0) {
		return false
	}
	f.kept[e.Group]++
	f.bytes += size
	return true
}

func bytesOf(f report.Finding) int {
	return len(f.Item) + len(f.Before) + len(f.Now) + len(f.Wanted) + len(f.Waiver.Reason)
}
