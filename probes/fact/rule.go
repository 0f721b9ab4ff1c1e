package fact

import (
	"fmt"
	"math"
	"strconv"
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
	Op       Op
	Percent  float64       // of before, with Within
	Number   int64         // with Within, for ints
	Duration time.Duration // with Within, for durations and times
}

// String returns the form that ParseRule reads.
func (r Rule) String() string {
	switch {
	case r.Op != Within:
		return r.Op.String()
	case r.Percent != 0:
		return "within " + strconv.FormatFloat(r.Percent, 'f', -1, 64) + "%"
	case r.Duration != 0:
		return "within " + r.Duration.String()
	default:
		return "within " + strconv.FormatInt(r.Number, 10)
	}
}

// ParseRule reads "same", "ignore", "within 10%", "within 5s", "within 3",
// "at least", "at most", "superset", "subset", "same set" or "same text".
func ParseRule(s string) (Rule, error) {
	words := strings.Join(strings.Fields(s), " ")
	for op := Same; op <= SameText; op++ {
		if op != Within && words == op.String() {
			return Rule{Op: op}, nil
		}
	}
	amount, isWithin := strings.CutPrefix(words, "within ")
	if !isWithin {
		return Rule{}, fmt.Errorf("unknown rule %q: want same, ignore, within 10%%, within 5s, "+
			"at least, at most, superset, subset, same set or same text", s)
	}
	if percent, ok := strings.CutSuffix(amount, "%"); ok {
		f, err := strconv.ParseFloat(percent, 64)
		if err == nil && f > 0 && f < 1e6 { // also refuses NaN
			return Rule{Op: Within, Percent: f}, nil
		}
	} else if n, err := strconv.ParseInt(amount, 10, 64); err == nil && n > 0 {
		return Rule{Op: Within, Number: n}, nil
	} else if d, err := time.ParseDuration(amount); err == nil && d > 0 {
		return Rule{Op: Within, Duration: d}, nil
	}
	return Rule{}, fmt.Errorf("rule %q: %q is no amount: want 10%%, 5s or 3", s, amount)
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
	case AtLeast, AtMost:
		fits = t == TypeInt || t == TypeDuration || t == TypeTime
	case Within:
		fits = t == TypeInt && r.Duration == 0 || t == TypeDuration && r.Number == 0 ||
			t == TypeTime && r.Duration != 0
	}
	if !fits {
		return fmt.Errorf("%q cannot compare a %s", r, t)
	}
	return nil
}

// Holds reports whether the rule takes now for unchanged against before. Two
// values of different types are never unchanged, unless ignored; neither is a
// reading that appeared or went away (nil), unless ignored.
func (r Rule) Holds(before, now Value) bool {
	if r.Op == Ignore {
		return true
	}
	if before == nil || now == nil || before.Type() != now.Type() {
		return false
	}
	switch r.Op {
	case Same, SameSet, Ignore:
		return Equal(before, now)
	case SameText:
		return strings.EqualFold(before.String(), now.String())
	case Superset, Subset:
		return r.holdsSet(before, now)
	default:
		b, bok := number(before)
		n, nok := number(now)
		return bok && nok && r.holdsNumber(b, n)
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

func (r Rule) holdsNumber(before, now float64) bool {
	switch r.Op {
	case AtLeast:
		return now >= before
	case AtMost:
		return now <= before
	default:
		amount := float64(r.Number) + float64(r.Duration)
		if r.Percent != 0 {
			amount = math.Abs(before) * r.Percent / 100
		}
		return math.Abs(now-before) <= amount
	}
}

// number returns a value's size; durations and times in nanoseconds. Times lose
// less than a microsecond, far below any rule's amount.
func number(v Value) (float64, bool) {
	switch v := v.(type) {
	case Int:
		return float64(v), true
	case Duration:
		return float64(v), true
	case Time:
		return float64(time.Time(v).UnixNano()), true
	default:
		return 0, false
	}
}
