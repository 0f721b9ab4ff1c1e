package runner

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postpatch/baseline"
	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/runner/report"
	"postpatch/suites"
)

// settledHost is a host whose one check came up as its history says.
func settledHost(h *history, start time.Time) (suites.Host, baseline.Host) {
	c := &suites.Check{Suite: "s", ID: "service", Kind: &probes.Kind{
		Name: "service", Readings: []probes.ReadingSpec{{Name: "state", Type: fact.TypeText}},
	}}
	key := fact.Key{Host: "h", Check: "s/service", Item: "W3SVC", Name: "state"}
	seen := baseline.Host{
		Host: "h", Checks: []baseline.Check{{Check: "s/service", Kind: "service"}},
		Readings: []fact.Reading{{Key: key, Value: fact.Text("running")}},
	}
	if h != nil {
		seen = h.stored(seen, start, time.Minute)
	}
	seen.Sort()
	return suites.Host{Name: "h", Checks: []*suites.Check{c}}, seen
}

// took is the history of a reading that was well so long after the start, and went down
// so often.
func took(start time.Time, after time.Duration, downs int) *history {
	h := newHistory()
	since := start.Add(after)
	h.first, h.whole = start, since.Add(time.Minute)
	h.spells[spot{"s/service", place{"W3SVC", "state"}}] = &spell{
		since: since, downs: downs, words: []string{"stopped", wordWell},
	}
	return h
}

func TestSettled(t *testing.T) {
	start := time.Date(2026, 11, 11, 2, 0, 0, 0, time.UTC)
	unheld := took(start, 5*time.Minute, 1)
	unheld.whole = start.Add(5*time.Minute + 20*time.Second)
	for _, c := range []struct {
		name, why   string
		now, before *history
		want        []string
		after       time.Duration
	}{
		{name: "well at once", why: "nothing to tell", now: newHistory()},
		{
			name: "as in the window before", why: "nothing to tell but its time",
			now: took(start, 90*time.Second, 0), before: took(start, 80*time.Second, 0), after: 90 * time.Second,
		},
		{
			name: "slower than in the window before", why: "a note: it is well, and somebody may wonder",
			now: took(start, 5*time.Minute, 0), before: took(start, 2*time.Minute, 0), after: 5 * time.Minute,
			want: []string{
				"state drifted note: 2m0s after the start -> 5m0s after the start (well within 50% of its time in october)",
			},
		},
		{
			name: "half as long again", why: "that is within what it may",
			now: took(start, 180*time.Second, 0), before: took(start, 120*time.Second, 0), after: 180 * time.Second,
		},
		{
			name: "twice as slow, by seconds", why: "seconds differ each time",
			now: took(start, 40*time.Second, 0), before: took(start, 20*time.Second, 0), after: 40 * time.Second,
		},
		{
			name: "quicker", why: "nothing is wrong with that",
			now: took(start, time.Minute, 0), before: took(start, time.Hour, 0), after: time.Minute,
		},
		{
			name: "went down once", why: "a warning",
			now: took(start, 2*time.Minute, 1), after: 2 * time.Minute,
			want: []string{"state drifted warn: running -> stopped, well (not to flap; it became ill again once)"},
		},
		{
			name: "went down four times", why: "nobody can rely on that",
			now: took(start, 2*time.Minute, 4), after: 2 * time.Minute,
			want: []string{"state drifted fail: running -> stopped, well (not to flap; it became ill again 4 times)"},
		},
		{
			name: "did not hold", why: "what was well for twenty seconds is not proven",
			now: unheld, after: 5 * time.Minute,
			want: []string{"state regressed : running -> well for 20s of 1m0s (well for good; it was: stopped, well)"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			h, seen := settledHost(c.now, start)
			_, was := settledHost(nil, start)
			p := NewPlanning(nil)
			if c.before != nil {
				_, last := settledHost(c.before, start)
				p.Since(Window{Run: "october", Slower: 50, Host: func(string) (baseline.Host, bool) { return last, true }})
			}
			judged := Judge(Visit{Host: h, Seen: seen}, &was, p)
			var got []string
			for _, f := range judged.Checks[0].Findings {
				got = append(got, f.Reading+" "+string(f.Outcome)+" "+f.Severity+": "+f.Before+" -> "+f.Now+" ("+f.Wanted+")")
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("%s (-want +got):\n%s", c.why, d)
			}
			var after time.Duration
			for _, s := range judged.Checks[0].Settled {
				after = s.After
			}
			if after != c.after {
				t.Errorf("settled after %s, want %s", after, c.after)
			}
			if len(judged.Checks) != 1 {
				t.Errorf("checks %+v", judged.Checks)
			}
		})
	}
}

// Without a baseline what did not hold has failed.
func TestSettledWithoutABaseline(t *testing.T) {
	start := time.Date(2026, 11, 11, 2, 0, 0, 0, time.UTC)
	h := took(start, 5*time.Minute, 1)
	h.whole = start.Add(5 * time.Minute)
	host, seen := settledHost(h, start)
	if o := Judge(Visit{Host: host, Seen: seen}, nil, nil).Checks[0].Outcome; o != report.Failed {
		t.Errorf("outcome %s", o)
	}
}

// What waiting has shown is kept under whatever an item is called.
func FuzzSpot(f *testing.F) {
	f.Add("s/service", "W3SVC", "state")
	f.Add("a b/c \"d", "\x00\xff \t\"", "")
	f.Fuzz(func(t *testing.T, check, item, reading string) {
		want := spot{check, place{item, reading}}
		if got, ok := spotOf(want.String()); !ok || got != want {
			t.Errorf("%q reads as %+v, %v", want, got, ok)
		}
		_, _ = spotOf(item) // whatever it is
	})
}

// What only counts on is one word, and what goes to and fro is told so often and no more.
func TestSpellSays(t *testing.T) {
	s := &spell{}
	for _, word := range []string{
		"not yet started, 9 s after the start", "not yet started, 14 s after the start", "stopped",
	} {
		s.say(word)
	}
	if d := cmp.Diff([]string{"not yet started, 14 s after the start", "stopped"}, s.words); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	for range 20 {
		s.say(wordWell)
		s.say("stopped")
	}
	if len(s.words) != mostWords {
		t.Errorf("%d words: %v", len(s.words), s.words)
	}
}

// What the host itself says is on its way, when nobody waits any longer, is not known:
// that nothing else fails of it makes it no pass.
func TestNeverSettled(t *testing.T) {
	start := time.Date(2026, 11, 11, 2, 0, 0, 0, time.UTC)
	h := took(start, time.Minute, 0)
	s := h.spells[spot{"s/service", place{"W3SVC", "state"}}]
	s.ill, s.waits, s.words = true, true, []string{"start pending"}
	host, seen := settledHost(h, start)
	_, was := settledHost(nil, start)
	c := Judge(Visit{Host: host, Seen: seen}, &was, nil).Checks[0]
	if want := "when its time to settle was over, W3SVC state was still start pending"; c.Outcome != report.Unknown ||
		c.Error != want || len(c.Settled) > 0 {
		t.Errorf("%s: %q, settled %v", c.Outcome, c.Error, c.Settled)
	}
}
