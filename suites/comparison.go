package suites

import (
	"cmp"
	"slices"

	"postpatch/probes"
	"postpatch/probes/fact"
)

// Comparison says how a reading is compared with its baseline.
type Comparison struct {
	Rule     fact.Rule
	Severity fact.Severity
	From     Origin // of the rule
}

// Origin says where a rule stands.
type Origin struct {
	Level Level
	File  string // empty where it is the kind's
	Line  int
}

// Level is who has said a rule; the later one has the last word.
type Level string

// The levels.
const (
	KindLevel  Level = "kind"
	SuiteLevel Level = "suite"
	CheckLevel Level = "check"
)

// Override is what a suite says of some readings over what was said before it.
type Override struct {
	Pattern  Pattern        // its kind is that of the check
	Rule     *fact.Rule     // nil keeps the rule
	Severity *fact.Severity // nil keeps the severity
	From     Origin
}

// Comparisons say how the readings of a check are compared with their baseline.
type Comparisons struct {
	items  probes.Naming
	byName map[string]comparing
}

// comparing is what is said of one reading.
type comparing struct {
	all  Comparison // of every item
	some []Override // of some items, the last word last; an item of its pattern is a key
}

// Compare makes the comparisons of a check: the kind's own, over these what its suite
// says, and over both what the check says. Of one level's overrides those of an item
// pattern have the last word, and of several such the last one.
func Compare(k probes.Kind, items probes.Naming, suite, check []Override) Comparisons {
	c := Comparisons{items: items, byName: make(map[string]comparing, len(k.Readings))}
	overrides := slices.Concat(ranked(suite), ranked(check))
	for _, spec := range k.Readings {
		own := comparing{all: Comparison{
			Rule: spec.Rule, Severity: spec.Severity, From: Origin{Level: KindLevel},
		}}
		for _, o := range overrides {
			switch {
			case o.Pattern.Kind != k.Name || o.Pattern.Reading != "*" && o.Pattern.Reading != spec.Name:
			case len(own.some) == 0 && o.Pattern.Item == "":
				own.all = own.all.with(o)
			default:
				own.some = append(own.some, o)
			}
		}
		c.byName[spec.Name] = own
	}
	return c
}

// ranked puts what is more specific behind what is less so.
func ranked(all []Override) []Override {
	return slices.SortedStableFunc(slices.Values(all), func(a, b Override) int {
		return cmp.Compare(a.Pattern.rank(), b.Pattern.rank())
	})
}

func (p Pattern) rank() int {
	switch {
	case p.Item != "":
		return 2
	case p.Reading != "*":
		return 1
	default:
		return 0
	}
}

func (c Comparison) with(o Override) Comparison {
	if o.Rule != nil {
		c.Rule, c.From = *o.Rule, o.From
	}
	if o.Severity != nil {
		c.Severity = *o.Severity
	}
	return c
}

// For returns how a reading of an item is compared.
func (c Comparisons) For(item, reading string) Comparison {
	of := c.byName[reading]
	if len(of.some) == 0 {
		return of.all
	}
	key := c.items.Key(item)
	for _, o := range of.some {
		if o.Pattern.matchesKey(c.items, key) {
			of.all = of.all.with(o)
		}
	}
	return of.all
}
