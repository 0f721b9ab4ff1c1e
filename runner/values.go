package runner

import (
	"iter"
	"slices"
	"strings"

	"postpatch/probes"
	"postpatch/probes/fact"
)

// place is where in a check a reading stands.
type place struct{ item, reading string }

// values are the readings of one check on one side, sorted by item and reading. They
// are a part of what the host has said, and looked up there: a host has thousands.
type values []fact.Reading

// at finds a value; nil when there is none.
func (v values) at(at place) fact.Value {
	i := v.from(at)
	if i == len(v) || v[i].Key.Item != at.item || v[i].Key.Name != at.reading {
		return nil
	}
	return v[i].Value
}

// from is where a place stands, or would stand. It looks at keys where they are: a judge
// asks for some thousand of them a host.
func (v values) from(at place) int {
	low, high := 0, len(v)
	for low < high {
		middle := int(uint(low+high) >> 1)
		k := &v[middle].Key
		if order := strings.Compare(k.Item, at.item); order < 0 || order == 0 && k.Name < at.reading {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return low
}

// all lists the values with their places, in order.
func (v values) all() iter.Seq2[place, fact.Value] {
	return func(yield func(place, fact.Value) bool) {
		for i := range v {
			if !yield(place{v[i].Key.Item, v[i].Key.Name}, v[i].Value) {
				return
			}
		}
	}
}

// has says whether there is anything of an item.
func (v values) has(item string) bool {
	i := v.from(place{item, ""})
	return i < len(v) && v[i].Key.Item == item
}

// items lists the items that have the reading, sorted.
func (v values) items(reading string) []string {
	var found []string
	for i := range v {
		if v[i].Key.Name == reading {
			found = append(found, v[i].Key.Item)
		}
	}
	return found
}

// union lists what is in one of two sorted lists, or in both.
func union(a, b []string) []string {
	if slices.Equal(a, b) {
		return a
	}
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}

// ofOtherTypes lists readings of another type than the kind declares, as another
// version may have stored them: nobody knows what they said.
func (v values) ofOtherTypes(k *probes.Kind) (strange []place) {
	for i := range v {
		if spec := specOf(k, v[i].Key.Name); spec != nil && v[i].Value.Type() != spec.Type {
			strange = append(strange, place{v[i].Key.Item, v[i].Key.Name})
		}
	}
	return strange
}

// specOf finds a reading's declaration, without a copy of it; nil when there is none.
func specOf(k *probes.Kind, reading string) *probes.ReadingSpec {
	for i := range k.Readings {
		if k.Readings[i].Name == reading {
			return &k.Readings[i]
		}
	}
	return nil
}
