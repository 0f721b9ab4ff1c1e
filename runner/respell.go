package runner

import (
	"strings"

	"postpatch/baseline"
	"postpatch/probes/fact"
)

// respell writes items as the baseline spells them where only upper and lower case
// differ: Windows spells names anew now and then, and means the same. An item that
// both have, or two that differ in nothing else, stay as they are.
func respell(now, before baseline.Host) baseline.Host {
	type item struct{ check, name string }
	had, has := map[item]bool{}, map[item]bool{}
	spelt := map[item]string{} // by the folded name; "" for several
	for _, r := range before.Readings {
		i := item{r.Key.Check, r.Key.Item}
		if had[i] {
			continue
		}
		had[i] = true
		folded := item{i.check, strings.ToLower(i.name)}
		if _, double := spelt[folded]; double {
			spelt[folded] = ""
		} else {
			spelt[folded] = i.name
		}
	}
	seen := map[item]int{} // how many of now's items fold to it
	for _, r := range now.Readings {
		i := item{r.Key.Check, r.Key.Item}
		if !has[i] {
			has[i] = true
			seen[item{i.check, strings.ToLower(i.name)}]++
		}
	}
	changed := false
	for k, r := range now.Readings {
		i := item{r.Key.Check, r.Key.Item}
		folded := item{i.check, strings.ToLower(i.name)}
		old := spelt[folded]
		if old == "" || old == i.name || seen[folded] > 1 {
			continue
		}
		if !changed {
			now.Readings = append([]fact.Reading{}, now.Readings...) // the caller's stay as they are
			changed = true
		}
		now.Readings[k].Key.Item = old
	}
	if changed {
		now.Sort()
	}
	return now
}
