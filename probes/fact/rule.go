package fact

import (
	"cmp"
	"fmt"
	"math"
	"strings"
	"time"
)

// Severity says what a change that a rule does not allow counts as.
type Severity int

// The severities. The zero value is the common one.
const (
	Warn Severity = iota // shown, does not fail the run
	Note                 // counted, shown only on demand
	Fail                 // fails the run
)

// String returns the word used in suites: warn, note, fail.
func (s Severity) String() string { return [...]string{"warn", "note", "fail"}[s] }

// ParseSeverity reads what String writes.
func ParseSeverity(s string) (Severity, error) {
	for _, v := range []Severity{Warn, Note, Fail} {
		if v.String() == s {
			return v, nil
		}
	}
	return Warn, fmt.Errorf("must be fail, warn or note, got %q", s)
}

// Op is the way a rule compares.
type Op int

// The ways to compare a reading with its baseline.
const (
	Same     Op = iota // equal
	Ignore             // never a change, but counted
	Within             // numbers, durations and times: no farther apart than the amount
	AtLeast            // now is not less than before
	AtMost             // now is not more than before
	Superset           // now holds everything before held
	Subset             // now holds nothing that before did not
	SameSet            // the same elements; the default for sets, spelled out
	SameText           // equal but for upper and lower case
)

func (o Op) String() string {
	return [...]string{
		"same", "ignore", "within", "at least", "at most", "superset", "subset", "same set", "same text",
	}[o]
}

// Rule says how a reading is compared with its baseline. The zero Rule is
// "same".
type Rule struct {
	Op Op
	// How far apart with Within, and the slack of AtLeast and AtMost; one of them.
	Percent  float64       // of before
	Number   int64         // for ints
	Duration time.Duration // for durations and times
	Unit     string        // of Number, for people; empty where the reading has none
	// Gone lets a reading go away: what is counted and happens no more is no
	// change. One that appears still is.
	Gone bool
}

const orGone = " or gone"

// String returns the form that ParseRuleUnit reads.
func (r Rule) String() string {
	text := r.Op.String()
	if amount := r.amount(); amount != "" {
		text += " " + map[Op]string{AtLeast: "-", AtMost: "+"}[r.Op] + amount
	}
	if r.Gone {
		text += orGone
	}
	return text
}

// ParseRule reads a rule of a reading that has no unit of its own.
func ParseRule(s string) (Rule, error) { return ParseRuleUnit(s, "") }

// ParseRuleUnit reads "same", "ignore", "within 10%", "within 5s", "within 3",
// "at least", "at least -20%", "at most", "at most +50%", "superset", "subset",
// "same set" or "same text"; all but ignore may be followed by "or gone". Unit is
// that of the reading, such as "bytes" or "days": an amount may carry it. A percent
// sign is always a part of before; where the unit is "%", an amount of it is written
// "5 points".
func ParseRuleUnit(s, unit string) (Rule, error) {
	words, gone := strings.CutSuffix(strings.Join(strings.Fields(s), " "), orGone)
	for op := Same; op <= SameText; op++ {
		if op != Within && words == op.String() && (op != Ignore || !gone) {
			return Rule{Op: op, Gone: gone}, nil
		}
	}
	r := Rule{Gone: gone}
	known := false
	for op, prefix := range map[Op]string{Within: "within ", AtLeast: "at least -", AtMost: "at most +"} {
		if amount, found := strings.CutPrefix(words, prefix); found {
			r.Op, words, known = op, amount, true
			break
		}
	}
	if !known {
		return Rule{}, fmt.Errorf("unknown rule %q: want same, ignore, within 10%%, within 5s, within 3, "+
			"at least, at least -20%%, at most, at most +50%%, superset, subset, same set or same text, "+
			"or one of them or gone", s)
	}
	if !r.parseAmount(words, unit) {
		return Rule{}, fmt.Errorf("rule %q: %q is no amount: want %s", s, words, rightAmount(unit))
	}
	return r, nil
}

// Suits says whether the rule can compare values of type t; the error names
// what it can compare.
func (r Rule) Suits(t Type) error {
	fits := true
	switch r.Op {
	case Same, Ignore:
	case Superset, Subset, SameSet:
		fits = t == TypeSet
	case SameText:
		fits = t == TypeText || t == TypeSet
	case AtLeast, AtMost, Within:
		fits = t == TypeInt && r.Duration == 0 || t == TypeDuration && r.Number == 0 ||
			t == TypeTime && r.Number == 0 && r.Percent == 0
	}
	if !fits {
		return fmt.Errorf("%q cannot compare a %s", r, t)
	}
	return nil
}

// Holds reports whether the rule takes now for unchanged against before. Two
// values of different types are never unchanged, unless ignored; neither is a
// reading that appeared or went away (nil), unless ignored or allowed to go.
func (r Rule) Holds(before, now Value) bool {
	if r.Op == Ignore || r.Gone && now == nil {
		return true
	}
	if before == nil || now == nil || before.Type() != now.Type() {
		return false
	}
	switch r.Op {
	case SameText:
		return sameText(before, now)
	case Superset, Subset:
		return r.holdsSet(before, now)
	case AtLeast, AtMost, Within:
		return r.holdsNumber(before, now)
	default:
		return Equal(before, now)
	}
}

func (r Rule) holdsSet(before, now Value) bool {
	b, bok := before.(Set)
	n, nok := now.(Set)
	if !bok || !nok {
		return false
	}
	if r.Op == Superset {
		return n.Covers(b)
	}
	return b.Covers(n)
}

// holdsNumber compares whole numbers as such: as floats, two large ones that
// differ would be the same.
func (r Rule) holdsNumber(before, now Value) bool {
	order, known := Order(before, now)
	switch {
	case !known || r.Suits(before.Type()) != nil:
		return false
	case r.Op == AtLeast && order <= 0, r.Op == AtMost && order >= 0:
		return true
	case r.Percent != 0:
		return r.withinPercent(before, now)
	}
	switch before.(type) {
	case Int:
		return r.Number > 0 && distance(before, now) <= uint64(r.Number)
	default:
		return r.Duration > 0 && distance(before, now) <= uint64(r.Duration)
	}
}

// withinPercent allows for a last bit that rounding costs: 0.57% of 1000 is
// within 0.57%. A percentage of a date means nothing and never holds.
func (r Rule) withinPercent(before, now Value) bool {
	var size float64
	switch before := before.(type) {
	case Int:
		size = float64(before)
	case Duration:
		size = float64(before)
	default:
		return false
	}
	const rounding = 1 + 1e-12
	return float64(distance(before, now)) <= math.Abs(size)*r.Percent/100*rounding
}

// Order compares two values of one type that has an order: ints, durations, times.
func Order(a, b Value) (order int, known bool) {
	switch a := a.(type) {
	case Int:
		b, ok := b.(Int)
		return cmp.Compare(a, b), ok
	case Duration:
		b, ok := b.(Duration)
		return cmp.Compare(a, b), ok
	case Time:
		b, ok := b.(Time)
		return time.Time(a).Compare(time.Time(b)), ok
	default:
		return 0, false
	}
}

// distance is how far apart two ordered values of one type are, in their unit
// or in nanoseconds. Times more than 292 years apart count as 292 years.
func distance(a, b Value) uint64 {
	var x, y int64
	switch a := a.(type) {
	case Int:
		other, _ := b.(Int)
		x, y = int64(a), int64(other)
	case Duration:
		other, _ := b.(Duration)
		x, y = int64(a), int64(other)
	case Time:
		other, _ := b.(Time)
		x = int64(time.Time(a).Sub(time.Time(other)).Abs())
	}
	return uint64(max(x, y)) - uint64(min(x, y)) // right even where max-min overflows an int64
}
