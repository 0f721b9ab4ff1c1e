package runner

import (
	"postpatch/baseline"
	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/suites"
)

// respell writes items as the baseline spells them where the check's naming takes both
// for the same name: Windows spells names anew now and then, and means the same. An
// item that both have, or two that the naming does not tell apart, stay as they are.
func respell(now, before baseline.Host, checks []suites.Check) baseline.Host {
	namings := make(map[string]probes.Naming, len(checks))
	for _, c := range checks {
		namings[c.Key()] = c.Items
	}
	had := spellings(before.Readings, namings)
	anew := map[item]string{}
	for key, name := range spellings(now.Readings, namings) {
		if old := had[key]; name != "" && old != "" && name != old {
			anew[item{key.check, name}] = old
		}
	}
	if len(anew) == 0 {
		return now
	}
	now.Readings = append([]fact.Reading{}, now.Readings...) // the caller's stay as they are
	for i, r := range now.Readings {
		if old, found := anew[item{r.Key.Check, r.Key.Item}]; found {
			now.Readings[i].Key.Item = old
		}
	}
	now.Sort()
	return now
}

// item is one of a check's, by its name or by what the naming makes of it.
type item struct{ check, name string }

// spellings are the names of items by what their naming makes of them; empty where
// several differ in nothing that the naming tells apart.
func spellings(readings []fact.Reading, namings map[string]probes.Naming) map[item]string {
	seen := map[item]bool{}
	names := map[item]string{}
	var last item // readings come sorted: mostly it is the next one's too
	for _, r := range readings {
		i := item{r.Key.Check, r.Key.Item}
		if i == last || seen[i] {
			continue
		}
		last, seen[i] = i, true
		key := item{i.check, namings[i.check].Key(i.name)}
		if _, double := names[key]; double {
			names[key] = ""
		} else {
			names[key] = i.name
		}
	}
	return names
}
