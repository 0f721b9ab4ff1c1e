package history

import (
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"postpatch/runner/report"
)

// Bounds of what is kept: results may have been written by somebody else, and are as
// long as they like.
const (
	mostHosts  = 200_000
	mostChecks = 50_000 // that are told apart, by suite and id
	mostCells  = 4_000_000
	mostName   = 200 // bytes
)

// names gives each text a number, and back.
type names struct {
	most  int
	ids   map[string]int32
	texts []string
}

func newNames(most int) *names { return &names{most: most, ids: map[string]int32{}} }

// of is the number of a text. It is not ok where there are too many.
func (n *names) of(text string) (id int32, ok bool) {
	if id, ok := n.ids[text]; ok {
		return id, true
	}
	if len(n.texts) >= n.most {
		return 0, false
	}
	id = int32(len(n.texts))
	text = strings.Clone(text)
	n.ids[text] = id
	n.texts = append(n.texts, text)
	return id, true
}

// named makes a text safe to show, and short: of two that are long, whose ends alone
// differ, none passes for the other.
func named(text string) string {
	clean := report.CleanLine(text)
	if len(clean) <= mostName {
		return clean
	}
	hash := fnv.New32a()
	_, _ = hash.Write([]byte(text))
	cut := mostName - len("...#00000000")
	for cut > 0 && !utf8.RuneStart(clean[cut]) {
		cut--
	}
	return fmt.Sprintf("%s...#%08x", clean[:cut], hash.Sum32())
}

// check is a check of a suite; its row is its id, which several suites may have.
type check struct {
	suite string
	row   int32
	owner string // as the latest run has it
	since time.Time
}

// tables are what all runs share: each name is kept once.
type tables struct {
	hosts, rows *names
	checks      []check
	byName      map[[2]string]int32 // suite and id
	asked       [][]int32           // sets of checks, sorted
	byAsked     map[string]int32
	cells       int // what is kept of all hosts in all runs
}

func newTables() *tables {
	return &tables{
		hosts: newNames(mostHosts), rows: newNames(mostChecks),
		byName: map[[2]string]int32{}, byAsked: map[string]int32{},
	}
}

// check is the number of a check.
func (t *tables) check(c report.Check) (int32, bool) {
	key := [2]string{c.Suite, c.ID}
	id, found := t.byName[key]
	if !found {
		key = [2]string{named(c.Suite), named(c.ID)}
		id, found = t.byName[key]
	}
	if !found {
		row, ok := t.rows.of(key[1])
		if !ok || len(t.checks) >= mostChecks {
			return 0, false
		}
		id = int32(len(t.checks))
		key = [2]string{strings.Clone(key[0]), t.rows.texts[row]}
		t.checks = append(t.checks, check{suite: key[0], row: row})
		t.byName[key] = id
	}
	return id, true
}

// owns notes whose a check is in a run that was begun then.
func (t *tables) owns(id int32, owner string, then time.Time) {
	c := &t.checks[id]
	if owner == c.owner && !then.After(c.since) || owner == "" {
		return
	}
	owner = named(owner)
	if order := then.Compare(c.since); order > 0 || order == 0 && owner > c.owner {
		c.owner, c.since = strings.Clone(owner), then
	}
}

// set is the number of a set of checks, which most hosts share with many.
func (t *tables) set(checks []int32) int32 {
	var b strings.Builder
	for _, id := range checks {
		fmt.Fprintf(&b, "%x ", id)
	}
	key := b.String()
	id, found := t.byAsked[key]
	if !found {
		id = int32(len(t.asked))
		t.asked = append(t.asked, slices.Clone(checks))
		t.byAsked[key] = id
		t.cells += len(checks)
	}
	return id
}

// facts are what is kept of a run.
type facts struct {
	of      Run
	summary report.Summary
	hosts   []hostFacts
	left    int // hosts that were too many
}

// hostFacts are what is kept of one host in one run.
type hostFacts struct {
	host    int32
	asked   int32         // the set of its checks that were chosen and not skipped
	settled time.Duration // see waitedFor
	is      standing
	chosen  bool
	real    bool // a host, and not what the run has to say of the plan
	silent  bool // unreachable
	reboot  bool
	cells   []cell // of the checks that are not simply well
}

// standing is what a host comes to, by all its checks, whatever was chosen of them.
type standing uint8

const (
	isWell standing = iota
	isUnknown
	isAnother // machine
	isWorse
)

// String is the verdict of hosts of which the worst is so.
func (s standing) String() string {
	return [...]string{isWell: "PASS", isUnknown: "INCOMPLETE", isAnother: "NO VERDICT", isWorse: "FAIL"}[s]
}

// standingFor is what the worst host is of a run that exits so.
func standingFor(exit int) standing {
	switch exit {
	case 0:
		return isWell
	case 1:
		return isWorse
	case 3:
		return isUnknown
	default:
		return isAnother
	}
}

// cell is what a check on a host came to where there is more to say than that it is well.
type cell struct {
	check   int32
	outcome report.Outcome
	failing bool
	flapped bool          // while it was waited for
	late    time.Duration // after the start; zero where it was not
}

// taking gathers the facts of a run.
type taking struct {
	facts
	tables  *tables
	options Options
}

// Start implements report.Handler.
func (t *taking) Start(r report.Run) error {
	if r.Command != "verify" || r.Name != t.of.Name {
		return fmt.Errorf("its results are those of %s %q", named(r.Command), named(r.Name))
	}
	return nil
}

// Host implements report.Handler.
func (t *taking) Host(h report.Host) error {
	id, ok := t.tables.hosts.of(named(strings.ToLower(h.Host)))
	if !ok || t.tables.cells > mostCells {
		t.left++
		return nil
	}
	f := hostFacts{
		host: id, settled: waitedFor(h), is: standingOf(h), silent: h.Unreachable != "",
		reboot: h.Rebooted != nil || h.Reboot.State.Done(), chosen: t.options.host(h.Host),
		real: len(h.Checks) == 0 || slices.ContainsFunc(h.Checks, func(c report.Check) bool { return !c.OfRun() }),
	}
	var asked []int32
	for _, c := range h.Checks {
		if !f.chosen || c.Outcome == report.Skipped || !t.options.check(c) {
			continue
		}
		check, ok := t.tables.check(c)
		if !ok {
			t.left++
			return nil
		}
		t.tables.owns(check, c.Owner, t.of.Started)
		asked = append(asked, check)
		if cell, told := cellOf(c); told {
			cell.check = check
			f.cells = append(f.cells, cell)
		}
	}
	f.cells = slices.Clip(f.cells)
	slices.Sort(asked)
	f.asked = t.tables.set(slices.Compact(asked))
	t.tables.cells += 1 + len(f.cells)
	t.hosts = append(t.hosts, f)
	return nil
}

// Finish implements report.Handler.
func (t *taking) Finish(s report.Summary) error {
	t.summary = report.Summary{
		Finished: sane(s.Finished), Took: span(s.Took), ExitCode: s.ExitCode,
		Verdict: named(s.Verdict), Reason: named(s.Reason),
	}
	return nil
}

// waitedFor is how long after its start a host was well that had to be waited for; zero
// for one that was well at the first look: that tells when the run began to look, and
// nothing of the host.
func waitedFor(h report.Host) time.Duration {
	waited := slices.ContainsFunc(h.Checks, func(c report.Check) bool { return len(c.Settled) > 0 })
	if !waited {
		return 0
	}
	return span(h.Settled)
}

// span is a duration that can be added to others, and sane a time that can be written:
// results may have been written by somebody else.
func span(d time.Duration) time.Duration { return min(max(0, d), 10*365*24*time.Hour) }

func sane(t time.Time) time.Time {
	if t = t.UTC(); t.Year() < 1 || t.Year() > 9999 {
		return time.Time{}
	}
	return t
}

// standingOf is what a host comes to.
func standingOf(h report.Host) standing {
	is := isWell
	for _, c := range h.Checks {
		switch {
		case c.Failing:
			return isWorse
		case c.Outcome == report.Unknown:
			is = isUnknown
		}
	}
	switch {
	case h.Problem != "":
		return isAnother
	case h.Unreachable != "":
		return isUnknown
	default:
		return is
	}
}

// cellOf is what there is to keep of a check. It is not told of one that passed, and was
// well when it was first looked at.
func cellOf(c report.Check) (cell, bool) {
	got := cell{outcome: kept(c.Outcome), failing: c.Failing}
	for _, s := range c.Settled {
		got.late = max(got.late, span(s.After))
		got.flapped = got.flapped || slices.Contains(strings.Split(s.Was, ", "), well)
	}
	return got, c.Outcome != report.Passed || got.failing || got.late > 0 || got.flapped
}

// kept is an outcome as this program has it: one that was read keeps a text of its own.
func kept(o report.Outcome) report.Outcome {
	all := report.Outcomes()
	if i := slices.Index(all, o); i >= 0 {
		return all[i]
	}
	return report.Regressed // nothing unknown looks mild
}

// well is what a reading is in the words of a run that has waited for it, when it is as it
// has to be. Where that is not the last of the words, it became ill again.
const well = "well"
