package probetest

import (
	"fmt"
	"slices"

	"postpatch/probes"
	"postpatch/probes/fact"
)

// Texts writes readings as "item name=value", without those named.
func Texts(readings []fact.Reading, without ...string) []string {
	skip := map[string]bool{}
	for _, name := range without {
		skip[name] = true
	}
	var texts []string
	for _, r := range readings {
		if !skip[r.Key.Name] {
			texts = append(texts, r.Key.Item+" "+r.Key.Name+"="+r.Value.String())
		}
	}
	return texts
}

// Unknown says which readings are none of the values that their kind declares.
func Unknown(k probes.Kind, readings []fact.Reading) []string {
	var problems []string
	for _, r := range readings {
		if spec, found := k.Reading(r.Key.Name); found && !knows(spec, r.Value) {
			problems = append(problems, fmt.Sprintf("%s: %s of %q is %q, which is none of its declared values",
				k.Name, r.Key.Name, r.Key.Item, r.Value))
		}
	}
	return problems
}

// knows says whether a value is one of those that a reading is declared to have, where
// it is declared.
func knows(spec probes.ReadingSpec, v fact.Value) bool {
	text, isText := v.(fact.Text)
	return len(spec.Values) == 0 || !isText || slices.Contains(spec.Values, string(text))
}
