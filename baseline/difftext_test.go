package baseline

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes/fact"
)

// related makes two hosts that have most in common, as two nights have.
func related(t testing.TB, r *rand.Rand) (a, b Host) {
	t.Helper()
	a = sampled(t, r, "h")
	if r.IntN(4) == 0 {
		return a, sampled(t, r, "h") // nothing in common but by chance
	}
	return a, varied(r, a)
}

// symmetric has rules that hold there and back, by the reading's name.
func symmetric(k fact.Key) fact.Rule {
	rules := []fact.Rule{
		{}, {Op: fact.Ignore}, {Op: fact.SameText}, {Op: fact.SameSet}, {Op: fact.Within, Number: 1 << 60},
	}
	return rules[len(k.Name)%len(rules)]
}

// DiffText is Diff, whatever the hosts.
func FuzzDiffText(f *testing.F) {
	for seed := range uint64(2000) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		a, b := related(t, random(seed))
		before, now := encode(t, a), encode(t, b)
		want := Diff(a, b, symmetric)
		got, err := DiffText(before, now, symmetric)
		if err != nil {
			t.Fatalf("%v in\n%s\n%s", err, before, now)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("(-Diff +DiffText)\n%s\nof\n%s\n%s", diff, before, now)
		}
		a.Moves = nil // what the baseline learned is no rule of both directions
		forth, err := DiffText(encode(t, a), now, symmetric)
		if err != nil {
			t.Fatal(err)
		}
		b.Moves = nil
		back, err := DiffText(encode(t, b), before, symmetric)
		if err != nil {
			t.Fatal(err)
		}
		mirrored(t, forth.Changes, back.Changes)
		mirrored(t, forth.Ignored, back.Ignored)
		bothAtOnce(t, before, now)
		for _, text := range []string{before, now} {
			none, err := DiffText(text, text, symmetric)
			if err != nil || len(none.Changes)+len(none.Ignored) != 0 {
				t.Fatalf("a host differs from itself: %v, %v", none, err)
			}
		}
	})
}

// Lines of anything but a stored host are refused wherever they are not the same on
// both sides, and what is accepted has the result of Diff.
func FuzzDiffTextStrict(f *testing.F) {
	good := encode(f, moved())
	f.Add(good, good)
	f.Add(good, strings.Replace(good, "4294", "4295", 1))
	f.Add(good, strings.Replace(good, `"ubr"`, `"zzz"`, 1))
	f.Fuzz(func(t *testing.T, before, now string) { strict(t, before, now) })
}

func strict(t *testing.T, before, now string) {
	t.Helper()
	got, err := DiffText(before, now, same0)
	a, wrongBefore := parseHost(before)
	b, wrongNow := parseHost(now)
	bothAtOnce(t, before, now)
	switch {
	case wrongBefore != nil || wrongNow != nil || a.Host != b.Host:
		unseen := errors.Is(wrongBefore, errOutside) || errors.Is(wrongNow, errOutside) // among lines passed over
		if err == nil && !unseen && (wrongBefore == nil || wrongNow == nil || a.Host != b.Host) {
			t.Fatalf("accepted though %v, %v:\n%s\n%s", wrongBefore, wrongNow, before, now)
		}
	case err != nil:
		t.Fatalf("%v in\n%s\n%s", err, before, now)
	default:
		if diff := cmp.Diff(Diff(a, b, same0), got); diff != "" {
			t.Fatalf("(-Diff +DiffText)\n%s\nof\n%s\n%s", diff, before, now)
		}
	}
}

// bothAtOnce says that two hosts read side by side are what each is alone.
func bothAtOnce(t *testing.T, before, now string) {
	t.Helper()
	a, wrongBefore := parseHost(before)
	b, wrongNow := parseHost(now)
	x, y, ok := parseBoth(before, now)
	if ok != (wrongBefore == nil && wrongNow == nil) {
		t.Fatalf("read %v, though %v, %v:\n%s\n%s", ok, wrongBefore, wrongNow, before, now)
	}
	if !ok || reflect.DeepEqual(a, x) && reflect.DeepEqual(b, y) {
		return
	}
	if diff := same(a, x) + same(b, y); diff != "" {
		t.Fatalf("(-alone +both)\n%s\nof\n%s\n%s", diff, before, now)
	}
}

// No change of a byte, of a line or of the order on one side goes unseen.
func TestDiffTextSeesEveryDamage(t *testing.T) {
	good := encode(t, moved())
	lines := strings.SplitAfter(strings.TrimSuffix(good, "\n"), "\n")
	lines[len(lines)-1] += "\n"
	try := func(bad string) {
		strict(t, good, bad)
		strict(t, bad, good)
	}
	tryOrder := func(bad string) {
		try(bad)
		for _, other := range []string{"ex00", "ex02"} { // whose keys come before, or behind
			bothAtOnce(t, bad, strings.Replace(good, "ex01", other, 1))
			bothAtOnce(t, strings.Replace(good, "ex01", other, 1), bad)
		}
	}
	for i := range len(good) {
		for _, flip := range []byte{0x01, 0x20, 0x80} { // a digit, a letter's case, the highest bit
			bad := []byte(good)
			bad[i] ^= flip
			try(string(bad))
		}
		try(good[:i] + good[i+1:])
		if _, err := DiffText(good, good[:i], same0); err == nil {
			t.Fatalf("the first %d bytes of %d were accepted", i, len(good))
		}
		if _, err := DiffText(good[:i], good[:i], same0); err == nil {
			t.Fatalf("the first %d bytes of %d were accepted on both sides", i, len(good))
		}
	}
	counted := func(lines []string) string {
		head := strings.Join(lines[:len(lines)-1], "")
		return string(appendTrailer([]byte(head), strings.Count(head, "\n")))
	}
	for i := range lines {
		for k := range lines {
			swapped := slices.Clone(lines)
			swapped[i], swapped[k] = swapped[k], swapped[i]
			tryOrder(strings.Join(swapped, ""))
			tryOrder(counted(slices.Insert(slices.Clone(lines), i, lines[k])))
		}
		tryOrder(counted(slices.Delete(slices.Clone(lines), i, min(i+1, len(lines)-1))))
		tryOrder(strings.Join(slices.Delete(slices.Clone(lines), i, i+1), ""))
	}
}

func TestDiffTextNamesTheLine(t *testing.T) {
	good := encode(t, small())
	for name, test := range map[string]struct{ old, now, want string }{
		"a value":         {`{"int":4294}`, `{"int":04294}`, "now: line 7: reading a stored"},
		"the order":       {`"ubr"`, `"aaa"`, "now: line 7: reading"},
		"the header":      {`"format":4`, `"format":0`, "now: line 1: format 0 is none"},
		"a check":         {`"12ms"`, `"0.012s"`, "now: line 3: took"},
		"the trailer":     {`{"lines":11}`, `{"lines":12}`, "now: line 12: want"},
		"another host":    {`{"host":"ex01`, `{"host":"ex02`, `of host "ex01.corp.test", the lines of now of "ex02`},
		"a line too long": {`"running"`, `"` + strings.Repeat("x", maxLine) + `"`, "now: line 10: longer than"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := DiffText(good, strings.Replace(good, test.old, test.now, 1), same0)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("want %q, got %v", test.want, err)
			}
		})
	}
}

// Also what is wrong on both sides is seen at a line that differs, and at the ends of
// lines that do not.
func TestDiffTextSeesTheOrderOfBothSides(t *testing.T) {
	text := func(value int, names ...string) string {
		lines := appendHeader(nil, Host{Host: "h"})
		for _, name := range names {
			v := fact.Int(1)
			if name == "changed" {
				v = fact.Int(value)
			}
			lines = appendReading(lines, fact.Reading{Key: fact.Key{Check: "c", Name: name}, Value: v})
		}
		return string(appendTrailer(lines, 1+len(names)))
	}
	for _, names := range [][]string{
		{"changed", "a", "b"},
		{"a", "d", "changed"},
		{"d", "x", "a"},
		{"d", "a"},
	} {
		if _, err := DiffText(text(1, names...), text(2, names...), same0); err == nil ||
			!strings.Contains(err.Error(), "out of order") {
			t.Errorf("%v: got %v", names, err)
		}
	}
	if got, err := DiffText(text(1, "a", "changed", "d"), text(2, "a", "changed", "d"), same0); err != nil {
		t.Errorf("got %v, %v", got, err)
	}
}

// What is the same on both sides costs no allocation, however much it is.
func TestDiffTextAllocatesForWhatDiffersOnly(t *testing.T) {
	cost := func(n int) float64 {
		before, now := large(n), large(n)
		for i := range 10 {
			now.Readings[i*n/10].Value = fact.Text("stopped")
		}
		a, b := encode(t, before), encode(t, now)
		checks := testing.AllocsPerRun(5, func() {
			if _, err := DiffText(a, a, same0); err != nil {
				t.Fatal(err)
			}
		})
		return testing.AllocsPerRun(5, func() {
			if got, err := DiffText(a, b, same0); err != nil || len(got.Changes) != 10 {
				t.Fatal(len(got.Changes), err)
			}
		}) - checks
	}
	few, many := cost(200), cost(20_000)
	if few == 0 || many > few+4 {
		t.Errorf("10 changes of 200 readings cost %v allocations, 10 of 20000 cost %v", few, many)
	}
}

func TestCommonLines(t *testing.T) {
	long := strings.Repeat("x", 5000) + "\n"
	for _, test := range []struct{ a, b, want string }{
		{"", "", ""},
		{"a\n", "", ""},
		{"a\nb\n", "a\nc\n", "a\n"},
		{"a\nb\n", "a\nb\nc\n", "a\nb\n"},
		{"ab\n", "ac\n", ""},
		{long + long + "a\n", long + long + "b\n", long + long},
		{long + long, long + long[:4000] + "\n", long},
	} {
		if got := commonLines(test.a, test.b); got != test.want {
			t.Errorf("got %d bytes, want %d", len(got), len(test.want))
		}
	}
	r := random(1)
	for range 2000 {
		a := bytes.Repeat([]byte("abc\n"), r.IntN(3000))
		b := slices.Clone(a)
		at := r.IntN(len(b) + 1)
		if at < len(b) {
			b[at] = 'z'
		}
		if got, want := len(commonLines(string(a), string(b))), at/4*4; got != want {
			t.Fatalf("changed at %d: got %d, want %d", at, got, want)
		}
	}
}

// Lines that are passed over are not decoded, so that a range that the baseline's own
// value is not in may go unseen there. It explains nothing.
func TestDiffTextBelievesNoStrangeRange(t *testing.T) {
	good := encode(t, moved())
	now := strings.Replace(good, `{"int":4294}}`, `{"int":4}}`, 1)
	for _, test := range []struct {
		learned        string
		changes, noise int
	}{
		{`[{"int":3},{"int":4294}]`, 0, 1},
		{`[{"int":3},{"int":4293}]`, 1, 0},
	} {
		before := strings.Replace(good, `[{"int":3},{"int":4294}]`, test.learned, 1)
		got, err := DiffText(before, now, same0)
		if err != nil || len(got.Changes) != test.changes || len(got.Ignored) != test.noise {
			t.Errorf("%s: got %v, %v", test.learned, got, err)
		}
	}
}
