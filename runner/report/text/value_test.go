package text

import (
	"strings"
	"testing"
	"unicode/utf8"

	"postpatch/runner/report"
)

func TestWhatDiffersIsMarked(t *testing.T) {
	for name, c := range map[string]struct{ before, now, markedBefore, markedNow string }{
		"a word in a path": {
			`C:\Program Files\Vendor\4.1\agent.exe`, `C:\Program Files\Vendor\4.2\agent.exe`,
			`C:\Program Files\Vendor\[4.1]\agent.exe`, `C:\Program Files\Vendor\[4.2]\agent.exe`,
		},
		"elements of a list": {
			`CORP\alice, CORP\bob, CORP\carol`, `CORP\bob, CORP\carol, CORP\dave`,
			`[CORP\alice], CORP\bob, CORP\carol`, `CORP\bob, CORP\carol, [CORP\dave]`,
		},
		"a list's new last element": {
			"10.0.0.1, 10.0.0.2, 10.0.0.3", "10.0.0.1, 10.0.0.2, 10.0.0.3, 10.0.0.4",
			"10.0.0.1, 10.0.0.2, 10.0.0.3", "10.0.0.1, 10.0.0.2, 10.0.0.3, [10.0.0.4]",
		},
		"characters of a single word": {
			"0123456789abcdef0123456789abcdef", "0123456789abcdef9123456789abcdef",
			"0123456789abcdef[0]123456789abcdef", "0123456789abcdef[9]123456789abcdef",
		},
		"short values are seen at a glance": {"20348.3207", "20348.3328", "20348.3207", "20348.3328"},
		"nothing in common": {
			"an answer that is long enough", "42 lines of quite other words", "an answer that is long enough",
			"42 lines of quite other words",
		},
		"nothing differs": {
			"the very same words as before", "the very same words as before", "the very same words as before",
			"the very same words as before",
		},
		"a character of several bytes in a single word": {
			"0123456789abcdef日0123456789abcdef", "0123456789abcdef本0123456789abcdef",
			"0123456789abcdef[日]0123456789abcdef", "0123456789abcdef[本]0123456789abcdef",
		},
		"inside a character of several bytes": {
			"the same words and then é at last", "the same words and then è at last",
			"the same words and then [é] at last", "the same words and then [è] at last",
		},
	} {
		t.Run(name, func(t *testing.T) {
			before, now := compare(c.before, c.now)
			var p pen
			if got := p.join(before); got != c.markedBefore {
				t.Errorf("before: got %s, want %s", got, c.markedBefore)
			}
			if got := p.join(now); got != c.markedNow {
				t.Errorf("now: got %s, want %s", got, c.markedNow)
			}
		})
	}
}

func TestCutCountsWhatItHides(t *testing.T) {
	p := pen{Options{}}
	got := p.cut(strings.Repeat("ab", 50), 27)
	if columns(got) > 27 || got != "ababababab…(80)…ababababab" {
		t.Errorf("got %s of %d columns", got, columns(got))
	}
	if got := p.cut("short", 5); got != "short" {
		t.Errorf("what fits is cut to %q", got)
	}
	if got := (pen{Options{Verbosity: Raw}}).cut(strings.Repeat("a", 100), 5); len(got) != 100 {
		t.Errorf("raw evidence is cut to %q", got)
	}
}

// Whatever the values are, pieces put together are the values, and what is cut
// keeps to its room.
func FuzzCompare(f *testing.F) {
	f.Add("CORP\\a, CORP\\b, CORP\\c", "CORP\\a, CORP\\c, CORP\\d", 20)
	f.Add("日本語サーバーの名前はとても長いです", "日本語サーバの名前はとても長い", 12)
	f.Fuzz(func(t *testing.T, a, b string, room int) {
		a, b = report.CleanLine(a), report.CleanLine(b)
		if len(a)+len(b) > 1000 {
			return
		}
		as, bs := compare(a, b)
		room = max(24, room%200)
		for _, side := range []struct {
			whole  string
			pieces []piece
		}{{a, as}, {b, bs}} {
			var all strings.Builder
			for _, p := range side.pieces {
				all.WriteString(p.text)
			}
			if all.String() != side.whole {
				t.Fatalf("the pieces of %q make %q", side.whole, all.String())
			}
			p := pen{Options{}}
			short := p.join(p.shorten(side.pieces, room))
			if columns(short) > room || !utf8.ValidString(short) {
				t.Fatalf("%q has %d columns, want %d", short, columns(short), room)
			}
		}
	})
}

func BenchmarkCompare(b *testing.B) {
	before := strings.Repeat("CORP\\someone, ", 1000)
	now := strings.Repeat("CORP\\somebody, CORP\\someone, ", 500)
	for b.Loop() {
		compare(before, now)
	}
}
