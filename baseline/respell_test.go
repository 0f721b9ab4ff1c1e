package baseline

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes/fact"
)

// respelt is Respell as plainly as it can be written, of one check.
func respelt(now, before Host) Host {
	had, has := map[string]bool{}, map[string]bool{}
	for _, r := range before.Readings {
		had[r.Key.Item] = true
	}
	for _, m := range before.Moves {
		if m.Key.Check == "c" {
			had[m.Key.Item] = true
		}
	}
	for _, r := range now.Readings {
		has[r.Key.Item] = true
	}
	now.Readings = slices.Clone(now.Readings)
	for k, r := range now.Readings {
		var like, alike []string
		for name := range had {
			if strings.EqualFold(name, r.Key.Item) {
				like = append(like, name)
			}
		}
		for name := range has {
			if strings.EqualFold(name, r.Key.Item) {
				alike = append(alike, name)
			}
		}
		if len(like) == 1 && len(alike) == 1 {
			now.Readings[k].Key.Item = like[0]
		}
	}
	return now.sorted()
}

func FuzzRespell(f *testing.F) {
	for seed := range uint64(300) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		r := random(seed)
		side := func() Host {
			h := Host{Host: "h", Checks: []Check{{Check: "c"}}}
			for range r.IntN(8) {
				key := fact.Key{Host: "h", Check: "c", Item: anyCase(r), Name: []string{"m", "n"}[r.IntN(2)]}
				h.Readings = append(h.Readings, fact.Reading{Key: key, Value: fact.Int(1)})
			}
			return distinct(h)
		}
		before, now := side(), side()
		if r.IntN(2) == 0 {
			check := []string{"c", "d"}[r.IntN(2)]
			before.Moves = []Move{{Key: fact.Key{Host: "h", Check: check, Item: anyCase(r), Name: "gone"}}}
		}
		was := slices.Clone(now.Readings)
		got := Respell(now, before, foldCase)
		if diff := cmp.Diff(respelt(now, before), got); diff != "" {
			t.Fatalf("(-plain +Respell)\n%s\nbefore %v\nnow %v", diff, words(before), words(now))
		}
		if !slices.EqualFunc(was, now.Readings, func(a, b fact.Reading) bool { return a == b }) {
			t.Fatal("the caller's readings have changed")
		}
	})
}

func anyCase(r *rand.Rand) string {
	return []string{"a", "A", "ab", "aB", "AB", "b", "B", "ä", "Ä", ""}[r.IntN(10)]
}

// Respelling minds no order of what it is given.
func TestRespellInAnyOrder(t *testing.T) {
	now, before := sample("B.n=1", "a.n=2", "c.n=3"), sample("A.n=2", "C.n=3", "b.n=1")
	want := words(Respell(now, before, foldCase))
	slices.Reverse(now.Readings)
	slices.Reverse(before.Readings)
	if d := cmp.Diff(want, words(Respell(now, before, foldCase))); d != "" || len(want) != 3 || want[0] != "A.n=2" {
		t.Errorf("%v (-sorted +reversed):\n%s", want, d)
	}
}

// Each check that has a name spelt anew is respelt, also where another has the very name.
func TestRespellEachCheck(t *testing.T) {
	in := func(check, item string) fact.Reading {
		return fact.Reading{Key: fact.Key{Host: "h", Check: check, Item: item, Name: "n"}, Value: fact.Int(1)}
	}
	now := Host{Host: "h", Readings: []fact.Reading{in("a", "x"), in("b", "x"), in("c", "y"), in("d", "y"), in("d", "z")}}
	before := Host{Host: "h"}
	before.Readings = []fact.Reading{in("a", "x"), in("b", "X"), in("c", "Y"), in("d", "Y"), in("d", "Z")}
	for range 2 { // and in whichever order they come
		if d := cmp.Diff(before, Respell(now, before, foldCase)); d != "" {
			t.Errorf("(-before +respelt):\n%s", d)
		}
		slices.Reverse(now.Readings)
	}
}
