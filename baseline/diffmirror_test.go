package baseline

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes/fact"
)

// anyBytes is a text of any bytes at all, mostly of few, so that keys meet and nearly do.
func anyBytes(r *rand.Rand) string {
	text := make([]byte, r.IntN(4))
	for i := range text {
		if text[i] = byte(r.IntN(256)); r.IntN(2) == 0 {
			text[i] = "\x00\n\xff/"[r.IntN(4)]
		}
	}
	return string(text)
}

// nightOf is what several samples learned of a host whose names are of any bytes, and
// the same host at another time.
func nightOf(t testing.TB, r *rand.Rand) (before, now Host) {
	t.Helper()
	first := Host{Host: "h", Identity: anyBytes(r)}
	for range 1 + r.IntN(3) {
		first.Checks = append(first.Checks, Check{Check: anyBytes(r), Kind: "k"})
	}
	for range r.IntN(16) {
		key := fact.Key{Host: "h", Check: first.Checks[r.IntN(len(first.Checks))].Check, Item: anyBytes(r), Name: anyBytes(r)}
		first.Readings = append(first.Readings, fact.Reading{Key: key, Value: randomValue(r, fact.Type(1+r.IntN(6)))})
	}
	first = distinct(first)
	samples := []Host{first}
	for range r.IntN(4) {
		samples = append(samples, varied(r, first))
	}
	before, err := Learn(samples, foldCase)
	if err != nil {
		t.Fatal(err)
	}
	now = varied(r, before)
	if r.IntN(4) == 0 {
		now.Unreachable = "refused"
	}
	now.Checks = slices.DeleteFunc(now.Checks, func(Check) bool { return r.IntN(8) == 0 })
	return before, now
}

// anyRule has every sort of rule, by what a reading is called.
func anyRule(k fact.Key) fact.Rule {
	rules := []fact.Rule{
		{},
		{Op: fact.Ignore},
		{Op: fact.AtLeast},
		{Op: fact.AtMost, Percent: 50},
		{Op: fact.Within, Number: 9},
		{Gone: true},
		{Op: fact.Superset},
		{Op: fact.Subset, Gone: true},
		{Op: fact.SameText},
	}
	return rules[(len(k.Name)+len(k.Item))%len(rules)]
}

// Whatever the names and the rules are, and whatever was learned: a host does not differ
// from itself; each difference is told once, as a change or as one that is hidden; and
// where both sides know the same, there and back are each other's mirror.
func FuzzDiffLearned(f *testing.F) {
	for seed := range uint64(3000) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		r := random(seed)
		a, b := nightOf(t, r)
		for _, h := range []Host{a, b} {
			if got := Diff(h, h, anyRule); len(got.Changes)+len(got.Ignored) != 0 {
				t.Fatalf("a host differs from itself: %v", got)
			}
		}
		got := Diff(a, b, anyRule)
		if diff := cmp.Diff(got, Diff(shuffledAll(r, a), shuffledAll(r, b), anyRule)); diff != "" {
			t.Fatalf("the order of what comes in matters: %s", diff)
		}
		bare := a
		bare.Moves = nil
		all := Diff(bare, b, same0)
		told := slices.Concat(got.Changes, got.Ignored)
		slices.SortFunc(told, func(x, y Change) int { return x.Key.Compare(y.Key) })
		for i := range told {
			if told[i].Learned {
				c := told[i]
				m := a.move(c.Key)
				if !asksTheSame(a, b, c.Key.Check) || !m.Holds(c.After) || anyRule(c.Key).Holds(c.Before, c.After) {
					t.Fatalf("%+q was not learned: %v", c.Key, m)
				}
			}
			told[i].Learned = false
		}
		if diff := cmp.Diff(all.Changes, told); diff != "" || len(all.Ignored) > 0 {
			t.Fatalf("(-all differences +told)\n%s", diff)
		}
		b.Moves = a.Moves
		forth, back := Diff(a, b, symmetric), Diff(b, a, symmetric)
		mirrored(t, forth.Changes, back.Changes)
		mirrored(t, forth.Ignored, back.Ignored)
		for i := range forth.Ignored {
			if forth.Ignored[i].Learned != back.Ignored[i].Learned {
				t.Fatalf("learned on one way alone: %v", forth.Ignored[i])
			}
		}
	})
}

// asksTheSame says whether both hosts have the check, with the same digest.
func asksTheSame(a, b Host, check string) bool {
	asked := func(h Host) (string, bool) {
		i := slices.IndexFunc(h.Checks, func(c Check) bool { return c.Check == check })
		return h.Checks[max(i, 0)].Asked, i >= 0
	}
	if len(a.Checks) == 0 || len(b.Checks) == 0 {
		return false
	}
	was, known := asked(a)
	is, tried := asked(b)
	return known && tried && was == is
}

// The readings above differ, are learned and are hidden often enough to hold something.
func TestNightsDiffer(t *testing.T) {
	changes, hidden, learned := 0, 0, 0
	for seed := range uint64(300) {
		a, b := nightOf(t, random(seed))
		got := Diff(a, b, anyRule)
		changes, hidden = changes+len(got.Changes), hidden+len(got.Ignored)
		for _, c := range got.Ignored {
			if c.Learned {
				learned++
			}
		}
	}
	if changes < 300 || hidden < 150 || learned < 15 {
		t.Errorf("%d changes, %d hidden, of these %d learned", changes, hidden, learned)
	}
}

func shuffledAll(r *rand.Rand, h Host) Host {
	h = shuffled(h, r.Uint64())
	h.Moves = slices.Clone(h.Moves)
	r.Shuffle(len(h.Moves), func(i, j int) { h.Moves[i], h.Moves[j] = h.Moves[j], h.Moves[i] })
	return h
}
