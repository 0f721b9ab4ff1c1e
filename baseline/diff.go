package baseline

import (
	"slices"
	"strings"

	"postpatch/probes/fact"
)

// Op is what happened to a reading.
type Op byte

// What can happen to a reading.
const (
	Added   Op = '+'
	Removed Op = '-'
	Changed Op = '~'
)

// String is the sign itself.
func (o Op) String() string { return string(rune(o)) }

// Change is one reading that differs. Before is nil when it appeared, After
// when it went.
type Change struct {
	Op     Op
	Key    fact.Key
	Before fact.Value
	After  fact.Value
	// Learned says that no rule lets it be ignored: the baseline's samples showed that
	// the reading moves so by itself.
	Learned bool
}

// Result is what Diff found, each list sorted by key.
type Result struct {
	Changes []Change
	Ignored []Change // they differ, but their rule holds or they move by themselves
}

// Diff compares two snapshots of one host. A reading that appeared or went is a
// change only where the side that lacks it observed its check whole: unknown is no
// change. The other side may have seen it beside an error, but of a host that
// answered. A reading that both sides have is always compared. The rule is asked only
// for readings that differ; where it does not hold, what was learned before is asked.
func Diff(before, now Host, rule func(fact.Key) fact.Rule) Result {
	before, now = before.sorted(), now.sorted()
	d := differ{rule: rule, before: observed{host: before}, now: observed{host: now}}
	b, n := before.Readings, now.Readings
	for len(b) > 0 && len(n) > 0 {
		order := 0
		if b[0].Key != n[0].Key { // seldom
			order = compareReadings(b[0], n[0])
		}
		switch {
		case order < 0:
			d.lone(Change{Op: Removed, Key: b[0].Key, Before: b[0].Value})
			b = b[1:]
		case order > 0:
			d.lone(Change{Op: Added, Key: n[0].Key, After: n[0].Value})
			n = n[1:]
		default:
			if !fact.Equal(b[0].Value, n[0].Value) {
				d.add(Change{Op: Changed, Key: b[0].Key, Before: b[0].Value, After: n[0].Value})
			}
			b, n = b[1:], n[1:]
		}
	}
	for _, r := range b {
		d.lone(Change{Op: Removed, Key: r.Key, Before: r.Value})
	}
	for _, r := range n {
		d.lone(Change{Op: Added, Key: r.Key, After: r.Value})
	}
	return d.result
}

type differ struct {
	rule        func(fact.Key) fact.Rule
	before, now observed
	result      Result
}

// lone adds a change of a reading that only one side has.
func (d *differ) lone(c Change) {
	has, lacks := &d.before, &d.now
	if c.Op == Added {
		has, lacks = lacks, has
	}
	if lacks.saw(c.Key.Check) && has.tried(c.Key.Check) {
		d.add(c)
	}
}

func (d *differ) add(c Change) {
	if !d.rule(c.Key).Holds(c.Before, c.After) {
		if c.Learned = d.learned(c); !c.Learned {
			d.result.Changes = append(d.result.Changes, c)
			return
		}
	}
	d.result.Ignored = append(d.result.Ignored, c)
}

// learned says whether the baseline's samples explain a change. They do not where
// something else is asked now, or where they do not go with the baseline.
func (d *differ) learned(c Change) bool {
	m := d.before.host.move(c.Key)
	if !m.Holds(c.Before) || !m.Holds(c.After) {
		return false
	}
	was, known := d.before.record(c.Key.Check)
	is, tried := d.now.record(c.Key.Check)
	return known && tried && was.Asked == is.Asked
}

// observed tells which checks one side observed. Readings come sorted, so the
// last answer is mostly the next one too.
type observed struct {
	host  Host
	check string
	seen  bool
	asked bool
}

func (o *observed) saw(check string) bool {
	if !o.asked || check != o.check {
		record, found := o.record(check)
		o.check, o.asked = check, true
		o.seen = o.host.Unreachable == "" && found && record.Error == ""
	}
	return o.seen
}

// tried says whether a reading of a check can be believed: what little was seen of a
// host that did not answer, or of a check without a record, cannot.
func (o *observed) tried(check string) bool {
	_, found := o.record(check)
	return found && o.host.Unreachable == ""
}

func (o *observed) record(check string) (Check, bool) {
	i, found := slices.BinarySearchFunc(o.host.Checks, check, func(c Check, name string) int {
		return strings.Compare(c.Check, name)
	})
	if !found {
		return Check{}, false
	}
	return o.host.Checks[i], true
}
