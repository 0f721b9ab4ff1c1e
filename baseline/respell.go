package baseline

import (
	"slices"
	"strings"

	"postpatch/probes/fact"
)

// Naming gives the names of a check's items that mean the same one key: Windows knows
// no upper and lower case in most of them.
type Naming func(check, item string) string

// Respell writes items as the baseline spells them where the naming takes both for the
// same name: Windows spells names anew now and then, and means the same. An item that
// both have, or two that the naming does not tell apart, stay as they are.
func Respell(now, before Host, naming Naming) Host {
	now = now.sorted()
	changed := false
	for _, check := range strangers(now, before.sorted()) {
		key := func(item string) string { return naming(check, item) }
		names := spellings(partOf(now.Readings, check), before.items(check), key)
		for k, r := range now.Readings {
			name := names[r.Key.Item]
			if r.Key.Check != check || name == "" {
				continue
			}
			if !changed {
				now.Readings, changed = slices.Clone(now.Readings), true // the caller's stay as they are
			}
			now.Readings[k].Key.Item = name
		}
	}
	if changed {
		now.Sort()
	}
	return now
}

// strangers lists the checks that have an item now which they did not have before.
func strangers(now, before Host) []string {
	var checks []string
	b := before.Readings
	for i, r := range now.Readings {
		if i > 0 && sameItem(r.Key, now.Readings[i-1].Key) {
			continue
		}
		for len(b) > 0 && compareItems(b[0].Key, r.Key) < 0 {
			b = b[1:]
		}
		known := len(b) > 0 && sameItem(b[0].Key, r.Key)
		if !known && (len(checks) == 0 || checks[len(checks)-1] != r.Key.Check) {
			checks = append(checks, r.Key.Check)
		}
	}
	return checks
}

func sameItem(a, b fact.Key) bool { return a.Item == b.Item && a.Check == b.Check }

func compareItems(a, b fact.Key) int {
	if order := strings.Compare(a.Check, b.Check); order != 0 {
		return order
	}
	return strings.Compare(a.Item, b.Item)
}

// partOf returns the readings of one check, of sorted ones.
func partOf(readings []fact.Reading, check string) []fact.Reading {
	from, _ := slices.BinarySearchFunc(readings, check, func(r fact.Reading, check string) int {
		return strings.Compare(r.Key.Check, check)
	})
	to := from
	for to < len(readings) && readings[to].Key.Check == check {
		to++
	}
	return readings[from:to]
}

// items are those of one check that a snapshot has, or learned of.
func (h Host) items(check string) map[string]struct{} {
	found := map[string]struct{}{}
	for _, r := range partOf(h.Readings, check) {
		found[r.Key.Item] = struct{}{}
	}
	for _, m := range h.Moves {
		if m.Key.Check == check {
			found[m.Key.Item] = struct{}{}
		}
	}
	return found
}

// spellings says by which name of had an item of now goes that is spelt otherwise.
func spellings(now []fact.Reading, had map[string]struct{}, key func(item string) string) map[string]string {
	spelt := map[string]string{} // by the key; "" for several
	for name := range had {
		same := key(name)
		if _, double := spelt[same]; double {
			spelt[same] = ""
		} else {
			spelt[same] = name
		}
	}
	has := map[string]int{} // how many of now's items have the key
	for i, r := range now {
		if i == 0 || r.Key.Item != now[i-1].Key.Item {
			has[key(r.Key.Item)]++
		}
	}
	names := map[string]string{}
	for _, r := range now {
		same := key(r.Key.Item)
		if old := spelt[same]; old != r.Key.Item && has[same] == 1 {
			names[r.Key.Item] = old
		}
	}
	return names
}
