package main

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"postpatch/probes/fact"
	"postpatch/runner"
	"postpatch/suites"
	"postpatch/suites/assert"
)

// Nor does what is missing make an assertion hold that does not, whatever it says of
// a reading: each check of the corpus is left with one assertion that fails, over a
// reading that both sides have, and each reading, item and record is taken away.
func TestNothingMissingMeetsAnAssertion(t *testing.T) {
	files, err := filepath.Glob("../../examples/scenarios/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	asked := map[bool]int{} // by whether the assertion looks back
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			for _, f := range everyCheck(t, file) {
				if f.known.Identity != f.seen.Identity {
					continue // of another machine nothing is judged
				}
				for _, u := range unmet(t, f) {
					a, alone := u.Assertion, f.about(u.item)
					alone.host.Checks = []*suites.Check{onlyAsserting(f.host.Checks[0], a)}
					if alone.exit(alone.seen, alone.known) != runner.ExitBroken {
						t.Errorf("%s: %s does not fail", f.host.Checks[0].ID, a)
						continue
					}
					asked[a.LooksBack()]++
					alone.without(t)
					alone.withoutBefore(t)
				}
			}
		})
	}
	if asked[false] < 100 || asked[true] < 20 {
		t.Errorf("only %d assertions over now, and %d over before", asked[false], asked[true])
	}
}

// about is the same with few other items: what happens to one has nothing to do with
// hundreds of others.
func (f fall) about(item string) fall {
	keep := map[string]bool{"": true, item: true}
	for _, r := range f.seen.Readings {
		if keep[r.Key.Item] = true; len(keep) > 3 {
			break
		}
	}
	others := func(k fact.Key) bool { return !keep[k.Item] }
	f.seen, f.known = unread(f.seen, others), unread(f.known, others)
	return f
}

// withoutBefore takes each reading away from the baseline.
func (f fall) withoutBefore(t *testing.T) {
	t.Helper()
	for _, r := range f.known.Readings {
		known := unread(f.known, func(k fact.Key) bool { return k == r.Key })
		if f.exit(f.seen, known) == runner.ExitOK {
			t.Errorf("%s passes without %s of %q before", f.host.Checks[0].Assert[0].Expr, r.Key.Name, r.Key.Item)
		}
	}
}

// unheld is an assertion that does not hold of an item.
type unheld struct {
	*assert.Assertion
	item string
}

// onlyAsserting is a check that nothing else can fail.
func onlyAsserting(of *suites.Check, a *assert.Assertion) *suites.Check {
	c := new(suites.Check)
	*c = *of
	c.Expect = nil
	rule := fact.Rule{Op: fact.Ignore}
	var all []suites.Override
	for _, spec := range c.Kind.Readings {
		all = append(all, suites.Override{Pattern: suites.Pattern{Kind: c.Kind.Name, Reading: spec.Name}, Rule: &rule})
	}
	c.Compare = suites.Compare(*c.Kind, c.Items, nil, all)
	c.Assert = []suites.Assertion{{Expr: a}}
	return c
}

// unmet makes assertions that do not hold: of one reading of each type that it is
// not as it is now and was not before, and of one that changed that it did not.
func unmet(t *testing.T, f fall) (all []unheld) {
	t.Helper()
	kind := f.host.Checks[0].Kind
	types := map[string]fact.Type{}
	for _, spec := range kind.Readings {
		types[spec.Name] = spec.Type
	}
	compile := func(item, format string, args ...any) {
		source := fmt.Sprintf("item != %q or ", item) + fmt.Sprintf(format, args...)
		a, problems := assert.Compile(source, types)
		if len(problems) > 0 {
			t.Fatal(source, problems)
		}
		all = append(all, unheld{a, item})
	}
	before := map[fact.Key]fact.Value{}
	for _, r := range f.known.Readings {
		before[r.Key] = r.Value
	}
	done := map[string]bool{}
	once := func(what string) bool {
		first := !done[what]
		done[what] = true
		return first
	}
	for _, r := range f.seen.Readings {
		was := before[r.Key]
		if spec, _ := kind.Reading(r.Key.Name); was == nil || spec.Type != r.Value.Type() {
			continue
		}
		differs := !fact.Equal(was, r.Value)
		if differs && once("changed") {
			compile(r.Key.Item, "after.%s == before.%[1]s", r.Key.Name)
		}
		if differs && once(fmt.Sprint("regressed ", r.Value.Type())) {
			compile(r.Key.Item, "not (after.%s == %s)", r.Key.Name, written(r.Value))
		}
		// Of a reading that has not changed it is a new check that fails.
		if !differs && once(fmt.Sprint("back ", r.Value.Type())) {
			compile(r.Key.Item, "after.%s != before.%[1]s", r.Key.Name)
		}
	}
	return all
}

// written is a value as an expression has it.
func written(v fact.Value) string {
	switch v := v.(type) {
	case fact.Text:
		return strconv.Quote(string(v))
	case fact.Time:
		return fmt.Sprintf("date(%q)", time.Time(v).Format(time.RFC3339Nano))
	case fact.Duration:
		return fmt.Sprintf("duration(%q)", time.Duration(v))
	case fact.Set:
		var elems []string
		for _, elem := range v.Elems() {
			elems = append(elems, strconv.Quote(elem))
		}
		return "[" + strings.Join(elems, ", ") + "]"
	default:
		return v.String()
	}
}
