package probetest

import (
	"fmt"
	"slices"
	"strings"

	"postpatch/probes"
	"postpatch/probes/fact"
)

// incomplete lists what is missing from a kind's declaration.
func incomplete(k probes.Kind) []string {
	var problems []string
	want := func(ok bool, format string, args ...any) {
		if !ok {
			problems = append(problems, fmt.Sprintf(format, args...))
		}
	}
	want(isWord(k.Name), "name %q: want lower case letters, digits and _", k.Name)
	want(isSentence(k.Doc), "doc %q: want a sentence with a full stop", k.Doc)
	want(k.Item != "", "item: what is an item of it?")
	isNamed := slices.Contains(probes.Namings(), k.Items)
	want(isNamed || k.Items == probes.NoItems, "items %q: when do two names mean the same item?", k.Items)
	isEmpty := strings.HasPrefix(k.Item, "always empty")
	want(isEmpty == (k.Items == probes.NoItems), "items %q: the item is %q", k.Items, k.Item)
	want(strings.HasPrefix(k.Example, "- "), "example %q: want an entry of a list", k.Example)
	isMain := func(p probes.Param) bool { return p.Name == k.Main }
	want(len(k.Params) == 0 || slices.ContainsFunc(k.Params, isMain), "main %q is no parameter", k.Main)
	for _, note := range k.Notes {
		want(isSentence(note), "note %q: want a sentence with a full stop", note)
	}
	for _, p := range k.Params {
		want(isWord(p.Name), "parameter %q: want lower case letters, digits and _", p.Name)
		want(isSentence(p.Doc), "parameter %s: doc %q: want a sentence with a full stop", p.Name, p.Doc)
	}
	want(len(k.Readings) > 0, "readings: none")
	seen := map[string]bool{}
	for _, r := range k.Readings {
		want(isWord(r.Name), "reading %q: want lower case letters, digits and _", r.Name)
		want(!seen[r.Name], "reading %s: declared twice", r.Name)
		want(r.Name != "items", "reading items: a suite's compare has a meaning of its own for the word")
		seen[r.Name] = true
		want(isSentence(r.Doc), "reading %s: doc %q: want a sentence with a full stop", r.Name, r.Doc)
		want(r.Type != fact.TypeUnknown, "reading %s: no type", r.Name)
		if err := r.Rule.Suits(r.Type); err != nil {
			problems = append(problems, fmt.Sprintf("reading %s: rule: %v", r.Name, err))
		}
		written, err := fact.ParseRuleUnit(r.Rule.String(), r.Unit)
		want(err == nil && written == r.Rule, "reading %s: rule: a suite cannot write %q: %v", r.Name, r.Rule, err)
		for _, v := range r.Silence {
			want(v != nil && v.Type() == r.Type, "reading %s: silence %v is no %s", r.Name, v, r.Type)
		}
		for _, v := range slices.Concat(r.Excused, r.Pending, r.Unseen) {
			want(v != nil && v.Type() == r.Type, "reading %s: excused %v is no %s", r.Name, v, r.Type)
		}
		behind, _ := k.Reading(r.Behind)
		want(r.Behind == "" || len(behind.Unseen) > 0, "reading %s: behind %q, which is never unseen", r.Name, r.Behind)
	}
	return problems
}

func isWord(s string) bool {
	return s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789_") == ""
}

func isSentence(s string) bool {
	return strings.HasSuffix(s, ".") && !strings.Contains(s, "\n")
}

// undeclared lists readings that the kind does not declare so, that come twice,
// and those whose key the probe completed itself.
func undeclared(k probes.Kind, readings []fact.Reading) []string {
	var problems []string
	seen := map[fact.Key]bool{}
	named := map[string]string{} // the items by what their names have in common
	for _, r := range readings {
		spec, found := k.Reading(r.Key.Name)
		if other, known := named[k.Items.Key(r.Key.Item)]; known && other != r.Key.Item {
			problems = append(problems, fmt.Sprintf("items %q and %q: %q takes them for one", other, r.Key.Item, k.Items))
		}
		named[k.Items.Key(r.Key.Item)] = r.Key.Item
		if k.Items == probes.NoItems && r.Key.Item != "" {
			problems = append(problems, fmt.Sprintf("item %q: the kind has no items", r.Key.Item))
		}
		switch {
		case !found:
			problems = append(problems, fmt.Sprintf("reading %q of %q is not declared", r.Key.Name, r.Key.Item))
		case r.Value == nil:
			problems = append(problems, fmt.Sprintf("reading %s of %q has no value", r.Key.Name, r.Key.Item))
		case r.Value.Type() != spec.Type:
			problems = append(problems, fmt.Sprintf("reading %s of %q is a %s, declared as a %s",
				r.Key.Name, r.Key.Item, r.Value.Type(), spec.Type))
		}
		if found && !knows(spec, r.Value) {
			problems = append(problems, fmt.Sprintf("reading %s of %q is %q, which is none of its declared values",
				r.Key.Name, r.Key.Item, r.Value))
		}
		if r.Key.Host != "" || r.Key.Check != "" {
			problems = append(problems, fmt.Sprintf("reading %s: host and check are the runner's to fill in", r.Key.Name))
		}
		if seen[r.Key] {
			problems = append(problems, fmt.Sprintf("reading %s of %q comes twice", r.Key.Name, r.Key.Item))
		}
		seen[r.Key] = true
	}
	return problems
}

// unstable lists readings that changed by the kind's own rules although the
// server did not.
func unstable(k probes.Kind, first, second []fact.Reading) []string {
	var problems []string
	byKey := map[fact.Key]fact.Value{}
	for _, r := range second {
		byKey[r.Key] = r.Value
	}
	for _, r := range first {
		now, found := byKey[r.Key]
		delete(byKey, r.Key)
		spec, _ := k.Reading(r.Key.Name)
		switch {
		case !found:
			problems = append(problems, fmt.Sprintf("reading %s of %q is gone the second time", r.Key.Name, r.Key.Item))
		case !spec.Rule.Holds(r.Value, now):
			problems = append(problems, fmt.Sprintf("reading %s of %q: first %v, then %v",
				r.Key.Name, r.Key.Item, r.Value, now))
		}
	}
	for key := range byKey {
		problems = append(problems, fmt.Sprintf("reading %s of %q is new the second time", key.Name, key.Item))
	}
	return problems
}

// unreadable lists what is in an error and tells an operator nothing. It stays
// wrapped, for errors.Is.
func unreadable(err error) []string {
	if err == nil {
		return nil
	}
	var problems []string
	for _, jargon := range []string{"\n", "deadline exceeded", "i/o timeout", "use of closed network connection"} {
		if strings.Contains(err.Error(), jargon) {
			problems = append(problems, fmt.Sprintf("the error %q: %q is not for an operator", err, jargon))
		}
	}
	return problems
}
