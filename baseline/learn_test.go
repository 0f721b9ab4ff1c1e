package baseline

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes/fact"
)

// sample is a host "h" with one check "c" whose readings are given as name=value; a
// number is an int, [a b] a set, all else a text.
func sample(readings ...string) Host {
	h := Host{Host: "h", Checks: []Check{{Check: "c", Kind: "k"}}}
	for _, text := range readings {
		at, value, _ := strings.Cut(text, "=")
		item, name, _ := strings.Cut(at, ".")
		v := fact.Value(fact.Text(value))
		var n int64
		if _, err := fmt.Sscanf(value, "%d", &n); err == nil {
			v = fact.Int(n)
		}
		if list, isSet := strings.CutPrefix(value, "["); isSet {
			v = fact.SetOf(strings.Fields(strings.TrimSuffix(list, "]"))...)
		}
		key := fact.Key{Host: "h", Check: "c", Item: item, Name: name}
		h.Readings = append(h.Readings, fact.Reading{Key: key, Value: v})
	}
	h.Sort()
	return h
}

// words tells a host's readings and what was learned.
func words(h Host) []string {
	var all []string
	if h.Unreachable != "" {
		all = append(all, "unreachable: "+h.Unreachable)
	}
	for _, c := range h.Checks {
		if c.Error != "" {
			all = append(all, "error: "+c.Error)
		}
	}
	for _, r := range h.Readings {
		all = append(all, r.Key.Item+"."+r.Key.Name+"="+r.Value.String())
	}
	for _, m := range h.Moves {
		var seen []string
		for _, v := range m.Seen {
			seen = append(seen, v.String())
		}
		text := m.Key.Item + "." + m.Key.Name + ": " + strings.Join(seen, " | ")
		if m.Absent {
			text += " or absent"
		}
		all = append(all, text)
	}
	return all
}

func TestLearn(t *testing.T) {
	failed := func(why string, h Host) Host { h.Checks[0].Error = why; return h }
	silent := func(why string, h Host) Host { h.Unreachable = why; return h }
	asked := func(what string, h Host) Host { h.Checks[0].Asked = what; return h }
	machine := func(id string, h Host) Host { h.Identity = id; return h }
	tests := []struct {
		name    string
		samples []Host
		want    []string
	}{
		{"one sample learns nothing", []Host{sample("a.n=1")}, []string{"a.n=1"}},
		{"what stays is not learned", []Host{sample("a.n=1"), sample("a.n=1")}, []string{"a.n=1"}},
		{
			"a number",
			[]Host{sample("a.n=5"), sample("a.n=9"), sample("a.n=3"), sample("a.n=4")},
			[]string{"a.n=4", "a.n: 3 | 9"},
		},
		{
			"a text",
			[]Host{sample("a.n=run"), sample("a.n=stop"), sample("a.n=run")},
			[]string{"a.n=run", "a.n: run | stop"},
		},
		{
			"a set",
			[]Host{sample("a.n=[x y]"), sample("a.n=[y z]")},
			[]string{"a.n=y, z", "a.n: y | x, y, z"},
		},
		{
			"a reading that was absent",
			[]Host{sample("a.n=1", "a.o=1"), sample("a.o=1"), sample("a.n=1", "a.o=1")},
			[]string{"a.n=1", "a.o=1", "a.n: 1 | 1 or absent"},
		},
		{
			"an item that is gone in the newest",
			[]Host{sample("a.n=1", "b.n=x"), sample("a.n=1")},
			[]string{"a.n=1", "b.n: x or absent"},
		},
		{
			"a sample that could not observe says nothing of what moves",
			[]Host{sample("a.n=1", "b.n=2"), failed("denied", sample("a.n=7")), sample("a.n=1", "b.n=3")},
			[]string{"a.n=1", "b.n=3", "b.n: 2 | 3"},
		},
		{
			"one that says why it could not, of a host that was silent, before one that was not tried",
			[]Host{silent("refused", failed("denied", sample())), {Host: "h"}},
			[]string{"error: denied"},
		},
		{
			"the newest that could is the baseline",
			[]Host{sample("a.n=1"), sample("a.n=2"), failed("denied", sample())},
			[]string{"a.n=2", "a.n: 1 | 2"},
		},
		{
			"a host that did not answer",
			[]Host{sample("a.n=1"), sample("a.n=2"), silent("refused", sample("a.n=9"))},
			[]string{"a.n=2", "a.n: 1 | 2"},
		},
		{
			"a host that never answered",
			[]Host{silent("refused", sample()), silent("timed out", sample())},
			[]string{"unreachable: timed out"},
		},
		{
			"a check that no sample observed",
			[]Host{failed("denied", sample("a.n=1")), failed("no such class", sample("a.n=2"))},
			[]string{"error: no such class", "a.n=2"},
		},
		{
			"why a host that answers has no check is told before that it did not answer",
			[]Host{failed("denied", sample("a.n=1")), silent("refused", failed("refused", sample()))},
			[]string{"error: denied", "a.n=1"},
		},
		{
			"a check that told nothing was not observed",
			[]Host{sample("a.n=1"), sample("a.n=2"), sample()},
			[]string{"a.n=2", "a.n: 1 | 2"},
		},
		{
			"what was asked otherwise is no sample",
			[]Host{asked("x", sample("a.n=1")), sample("a.n=2"), sample("a.n=3")},
			[]string{"a.n=3", "a.n: 2 | 3"},
		},
		{
			"nor is another machine",
			[]Host{machine("one", sample("a.n=1")), sample("a.n=2"), machine("two", sample("a.n=3"))},
			[]string{"a.n=3", "a.n: 2 | 3"},
		},
		{"two types have no range", []Host{sample("a.n=1"), sample("a.n=one")}, []string{"a.n=one"}},
		{
			"another spelling is the same item",
			[]Host{sample("Spooler.n=1"), sample("SPOOLER.n=1"), sample("spooler.n=2")},
			[]string{"spooler.n=2", "spooler.n: 1 | 2"},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := Learn(test.samples, foldCase)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, words(got)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
	if _, err := Learn(nil, foldCase); err == nil {
		t.Error("learned from nothing")
	}
	if _, err := Learn([]Host{sample(), {Host: "other"}}, foldCase); err == nil {
		t.Error("learned from two hosts")
	}
}

// What was seen beyond what a file can hold is not learned, and the host is stored.
func TestLearnFitsTheFile(t *testing.T) {
	long := strings.Repeat("x", maxMove/2)
	h, err := Learn([]Host{sample("a.n="+long+"1", "b.n=1"), sample("a.n="+long+"2", "b.n=2")}, foldCase)
	if err != nil {
		t.Fatal(err)
	}
	if len(h.Moves) != 1 || h.Moves[0].Key.Item != "b" {
		t.Errorf("got %d moves", len(h.Moves))
	}
	encode(t, h)
	full := Host{Readings: make([]fact.Reading, maxLines-100), Moves: make([]Move, 200)}
	for i := range full.Moves {
		full.Moves[i] = Move{Absent: true, Seen: []fact.Value{fact.Text("x")}}
	}
	if got := full.fitting(); len(got) != 98 { // beside header and trailer
		t.Errorf("%d moves fit", len(got))
	}
}

// What Learn promises of any samples.
func FuzzLearn(f *testing.F) {
	for seed := range uint64(500) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		r := random(seed)
		samples := []Host{randomHost(r, "h")}
		for range r.IntN(4) {
			samples = append(samples, varied(r, samples[0]))
		}
		for i := range samples {
			samples[i].Identity = "one"
			for k := range samples[i].Readings { // two types have no range
				if v := samples[i].Readings[k].Value; len(samples[i].Readings[k].Key.Name)%2 == 0 {
					samples[i].Readings[k].Value = fact.Text(v.String())
				}
			}
		}
		got, err := Learn(samples, foldCase)
		if err != nil {
			t.Fatal(err)
		}
		back, err := parseHost(encode(t, got))
		if err != nil {
			t.Fatal(err)
		}
		if diff := same(got, back); diff != "" {
			t.Fatal(diff)
		}
		alone, err := Learn(samples[:1], foldCase)
		if err != nil {
			t.Fatal(err)
		}
		if diff := same(samples[0], alone); diff != "" && samples[0].Unreachable == "" {
			t.Fatalf("one sample is another: %s", diff)
		}
		ofNewest(t, samples, got)
		for _, s := range samples {
			noSampleChanges(t, samples, got, s)
		}
	})
}

// ofNewest says that every check is that of the newest sample which observed it.
func ofNewest(t *testing.T, samples []Host, got Host) {
	t.Helper()
	for _, c := range got.Checks {
		for _, s := range slices.Backward(samples) {
			side := observed{host: s}
			if !side.saw(c.Check) || len(partOf(s.Readings, c.Check)) == 0 {
				continue
			}
			if diff := cmp.Diff(partOf(s.Readings, c.Check), partOf(got.Readings, c.Check)); diff != "" {
				t.Fatalf("check %q is not that of the newest sample: %s", c.Check, diff)
			}
			break
		}
	}
}

// noSampleChanges says that what was learned explains every sample it was learned
// from, but for readings of two types.
func noSampleChanges(t *testing.T, samples []Host, got, s Host) {
	t.Helper()
	for _, c := range Diff(got, Respell(s, got, foldCase), same0).Changes {
		types := map[fact.Type]bool{}
		for _, other := range samples {
			for _, r := range Respell(other, got, foldCase).Readings {
				if r.Key == c.Key {
					types[r.Value.Type()] = true
				}
			}
		}
		a, b := observed{host: got}, observed{host: s}
		was, _ := a.record(c.Key.Check)
		is, _ := b.record(c.Key.Check)
		toldNothing := len(partOf(s.Readings, c.Key.Check)) == 0
		if len(types) == 1 && b.saw(c.Key.Check) && was.Asked == is.Asked && was.Kind == is.Kind && !toldNothing {
			t.Fatalf("%v of a sample is a change against %v", c, words(got))
		}
	}
}

func TestMovesExplainChanges(t *testing.T) {
	learn := func(samples ...Host) Host {
		h, err := Learn(samples, foldCase)
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	numbers := learn(sample("a.n=3"), sample("a.n=9"), sample("a.n=5"))
	sets := learn(sample("a.n=[x y]"), sample("a.n=[y z]"))
	texts := learn(sample("a.n=run"), sample("a.n=stop"))
	fickle := learn(sample("a.n=1", "a.o=1"), sample("a.o=1"), sample("a.n=1", "a.o=1"))
	for name, test := range map[string]struct {
		before, now Host
		want        string
	}{
		"inside":                        {numbers, sample("a.n=7"), "learned"},
		"the lowest":                    {numbers, sample("a.n=3"), "learned"},
		"the highest":                   {numbers, sample("a.n=9"), "learned"},
		"below":                         {numbers, sample("a.n=2"), "change"},
		"above":                         {numbers, sample("a.n=10"), "change"},
		"another type":                  {numbers, sample("a.n=five"), "change"},
		"as it is":                      {numbers, sample("a.n=5"), ""},
		"gone though it only moved":     {numbers, sample("b.n=5"), "change change"},
		"a set between":                 {sets, sample("a.n=[x y z]"), "learned"},
		"a set without what stayed":     {sets, sample("a.n=[x z]"), "change"},
		"a set with something new":      {sets, sample("a.n=[y q]"), "change"},
		"a text that was":               {texts, sample("a.n=run"), "learned"},
		"a text that never was":         {texts, sample("a.n=pause"), "change"},
		"gone as in a sample":           {fickle, sample("a.o=1"), "learned"},
		"all of an item gone":           {fickle, sample("b.o=1"), "learned change change"},
		"another value than in samples": {fickle, sample("a.n=2", "a.o=1"), "change"},
	} {
		t.Run(name, func(t *testing.T) {
			rule := func(fact.Key) fact.Rule { return fact.Rule{} }
			got := Diff(test.before, test.now, rule)
			var is []string
			for _, c := range got.Ignored {
				if !c.Learned {
					t.Errorf("%v is not marked", c)
				}
				is = append(is, "learned")
			}
			for _, c := range got.Changes {
				if c.Learned {
					t.Errorf("%v is marked", c)
				}
				is = append(is, "change")
			}
			if strings.Join(is, " ") != test.want {
				t.Errorf("want %q, got %v", test.want, is)
			}
		})
	}
}

func TestMovesOfAnotherQuestionExplainNothing(t *testing.T) {
	before, err := Learn([]Host{sample("a.n=3"), sample("a.n=9")}, foldCase)
	if err != nil {
		t.Fatal(err)
	}
	now := sample("a.n=4")
	now.Checks[0].Asked = "otherwise"
	if got := Diff(before, now, same0); len(got.Changes) != 1 {
		t.Errorf("got %v", got)
	}
}

// A rule speaks first: what it lets pass was not learned.
func TestRulesComeBeforeWhatWasLearned(t *testing.T) {
	before, err := Learn([]Host{sample("a.n=3"), sample("a.n=9")}, foldCase)
	if err != nil {
		t.Fatal(err)
	}
	got := Diff(before, sample("a.n=4"), func(fact.Key) fact.Rule { return fact.Rule{Op: fact.Ignore} })
	if len(got.Ignored) != 1 || got.Ignored[0].Learned {
		t.Errorf("got %v", got)
	}
}

func TestRenameReachesAll(t *testing.T) {
	h := moved()
	h.Rename("ex02")
	encode(t, h) // which refuses a stranger's readings
	if h.Host != "ex02" || h.Moves[0].Key.Host != "ex02" {
		t.Errorf("got %v", h)
	}
}

func TestMoveInWords(t *testing.T) {
	for want, m := range map[string]Move{
		"3 to 9":                  {Seen: []fact.Value{fact.Int(3), fact.Int(9)}},
		"3 to 9, or not there":    {Seen: []fact.Value{fact.Int(3), fact.Int(9)}, Absent: true},
		"open or shut":            {Seen: []fact.Value{fact.Text("open"), fact.Text("shut")}},
		"open, or not there":      {Seen: []fact.Value{fact.Text("open")}, Absent: true},
		"always a; at times b, c": {Seen: []fact.Value{fact.SetOf("a"), fact.SetOf("a", "b", "c")}},
		"1s to 1m0s":              {Seen: []fact.Value{fact.Duration(time.Second), fact.Duration(time.Minute)}},
		"one or three or two":     {Seen: []fact.Value{fact.Text("one"), fact.Text("three"), fact.Text("two")}},
	} {
		if got := m.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// Samples are learned from in whichever order their readings come, and stay the caller's.
func TestLearnLeavesItsSamplesAlone(t *testing.T) {
	other := sample("a.n=9", "b.n=9")
	other.Identity = "another"
	last := sample("a.n=2", "b.n=3")
	last.Identity = "this"
	samples := []Host{sample("a.n=1", "b.n=3"), other, last}
	want, err := Learn(samples, foldCase)
	if err != nil {
		t.Fatal(err)
	}
	for i := range samples {
		slices.Reverse(samples[i].Readings)
	}
	got, err := Learn(samples, foldCase)
	if d := cmp.Diff(want, got); d != "" || err != nil {
		t.Errorf("%v (-in order +reversed):\n%s", err, d)
	}
	if samples[1].Identity != "another" || samples[2].Identity != "this" || samples[0].Readings[0].Key.Item != "b" {
		t.Errorf("the caller's samples have changed: %v", samples)
	}
}
