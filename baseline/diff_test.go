package baseline

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes/fact"
)

func same0(fact.Key) fact.Rule { return fact.Rule{} }

// host is a host "h" whose check "c" was observed, with readings of item "i".
func host(readings ...fact.Reading) Host {
	for i := range readings {
		readings[i].Key.Host, readings[i].Key.Item = "h", "i"
		if readings[i].Key.Check == "" {
			readings[i].Key.Check = "c"
		}
	}
	return Host{Host: "h", Checks: []Check{{Check: "c"}, {Check: "d"}}, Readings: readings}
}

func is(name string, v fact.Value) fact.Reading {
	return fact.Reading{Key: fact.Key{Name: name}, Value: v}
}

func TestDiff(t *testing.T) {
	key := func(name string) fact.Key { return fact.Key{Host: "h", Check: "c", Item: "i", Name: name} }
	failed := func(h Host) Host { h.Checks = []Check{{Check: "c", Error: "access denied"}, {Check: "d"}}; return h }
	absent := func(h Host) Host { h.Checks = h.Checks[1:]; return h }
	unreachable := func(h Host) Host { h.Unreachable = "refused"; return h }
	one, two := fact.Int(1), fact.Int(2)
	ignore := map[string]fact.Rule{"a": {Op: fact.Ignore}}
	loose := map[string]fact.Rule{"a": {Op: fact.Within, Number: 1}}
	tests := []struct {
		name        string
		before, now Host
		rules       map[string]fact.Rule
		want        Result
	}{
		{name: "nothing against nothing", before: Host{}, now: Host{}},
		{name: "the same", before: host(is("a", one)), now: host(is("a", one))},
		{
			name: "another value", before: host(is("a", one)), now: host(is("a", two)),
			want: Result{Changes: []Change{{Op: Changed, Key: key("a"), Before: one, After: two}}},
		},
		{
			name: "another type of the same look", before: host(is("a", one)), now: host(is("a", fact.Text("1"))),
			want: Result{Changes: []Change{{Op: Changed, Key: key("a"), Before: one, After: fact.Text("1")}}},
		},
		{
			name: "appeared and went", before: host(is("a", one), is("b", one)), now: host(is("b", one), is("c", two)),
			want: Result{Changes: []Change{{Op: Removed, Key: key("a"), Before: one}, {Op: Added, Key: key("c"), After: two}}},
		},
		{
			name: "ignored", before: host(is("a", one)), now: host(is("a", two)), rules: ignore,
			want: Result{Ignored: []Change{{Op: Changed, Key: key("a"), Before: one, After: two}}},
		},
		{
			name: "ignored and gone", before: host(is("a", one)), now: host(), rules: ignore,
			want: Result{Ignored: []Change{{Op: Removed, Key: key("a"), Before: one}}},
		},
		{
			name: "close enough", before: host(is("a", one)), now: host(is("a", two)), rules: loose,
			want: Result{Ignored: []Change{{Op: Changed, Key: key("a"), Before: one, After: two}}},
		},
		{
			name: "gone is never close enough", before: host(is("a", one)), now: host(), rules: loose,
			want: Result{Changes: []Change{{Op: Removed, Key: key("a"), Before: one}}},
		},
		{name: "not observed now", before: host(is("a", one)), now: failed(host())},
		{name: "not observed before", before: failed(host()), now: host(is("a", one))},
		{name: "a check new since", before: absent(host()), now: host(is("a", one))},
		{name: "a check taken out since", before: host(is("a", one)), now: absent(host())},
		{name: "a host that does not answer", before: host(is("a", one)), now: unreachable(host())},
		{
			name: "evidence beside an error is compared", before: host(is("a", one)), now: failed(host(is("a", two))),
			want: Result{Changes: []Change{{Op: Changed, Key: key("a"), Before: one, After: two}}},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := Diff(test.before, test.now, func(k fact.Key) fact.Rule { return test.rules[k.Name] })
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// What Diff promises of any two hosts.
func FuzzDiff(f *testing.F) {
	for seed := range uint64(40) {
		f.Add(seed, seed/2)
	}
	f.Fuzz(func(t *testing.T, x, y uint64) {
		a, b := randomHost(random(x), "h"), randomHost(random(y), "h")
		if y%3 == 0 { // mostly the same
			b = a
			b.Readings = slices.Clone(a.Readings)
			for i := range b.Readings {
				if i%2 == 0 {
					b.Readings[i].Value = fact.Int(i)
				}
			}
		}
		if got := Diff(a, a, same0); len(got.Changes)+len(got.Ignored) != 0 {
			t.Fatalf("a host differs from itself: %v", got)
		}
		forth := Diff(a, b, same0)
		mirrored(t, forth.Changes, Diff(b, a, same0).Changes)
		loose, back := Diff(a, b, symmetric), Diff(b, a, symmetric)
		mirrored(t, loose.Changes, back.Changes)
		mirrored(t, loose.Ignored, back.Ignored)
		if diff := cmp.Diff(forth, Diff(shuffled(a, x), shuffled(b, y), same0)); diff != "" {
			t.Fatalf("the order of what comes in matters: %s", diff)
		}
		ignored := Diff(a, b, func(fact.Key) fact.Rule { return fact.Rule{Op: fact.Ignore} })
		if len(ignored.Changes) != 0 || len(ignored.Ignored) != len(forth.Changes) {
			t.Fatalf("ignored %d of %d", len(ignored.Ignored), len(forth.Changes))
		}
	})
}

func mirrored(t *testing.T, forth, back []Change) {
	t.Helper()
	if len(forth) != len(back) {
		t.Fatalf("%d changes there, %d back", len(forth), len(back))
	}
	opposite := map[Op]Op{Added: Removed, Removed: Added, Changed: Changed}
	for i, c := range forth {
		m := back[i]
		if m.Key != c.Key || m.Op != opposite[c.Op] || !fact.Equal(m.Before, c.After) || !fact.Equal(m.After, c.Before) {
			t.Fatalf("%v there, %v back", c, m)
		}
		if i > 0 && forth[i-1].Key.Compare(c.Key) >= 0 {
			t.Fatalf("%v is out of order", c.Key)
		}
	}
}

func shuffled(h Host, seed uint64) Host {
	r := rand.New(rand.NewPCG(seed, 2))
	h.Checks, h.Readings = slices.Clone(h.Checks), slices.Clone(h.Readings)
	r.Shuffle(len(h.Checks), func(i, j int) { h.Checks[i], h.Checks[j] = h.Checks[j], h.Checks[i] })
	r.Shuffle(len(h.Readings), func(i, j int) { h.Readings[i], h.Readings[j] = h.Readings[j], h.Readings[i] })
	return h
}

func TestOpString(t *testing.T) {
	if got := Added.String() + Removed.String() + Changed.String(); got != "+-~" {
		t.Errorf("got %s", got)
	}
}

func BenchmarkDiff(b *testing.B) {
	before, now := large(1000), large(1000)
	for i := range now.Readings {
		if i%100 == 0 {
			now.Readings[i].Value = fact.Text("stopped")
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		if got := Diff(before, now, same0); len(got.Changes) != 10 {
			b.Fatal(len(got.Changes))
		}
	}
}
