package probetest

import "postpatch/probes/fact"

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
