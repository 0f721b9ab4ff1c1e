package runner

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"postpatch/baseline"
	"postpatch/probes/fact"
	"postpatch/runner/report"
	"postpatch/suites"
)

// history is what a host's readings have been from look to look.
type history struct {
	spells map[spot]*spell
	first  time.Time // of the looks
	whole  time.Time // when last all checks were looked at
	asked  int       // looks since something last became well or ill
	final  map[string]bool
	boot   time.Time // when the host was started, by the runner's clock; zero when unknown
}

func newHistory() *history { return &history{spells: map[spot]*spell{}, final: map[string]bool{}} }

// spot is a reading of a check, or the check as a whole where nothing is known of it.
type spot struct {
	check string
	place
}

// spell is how long a reading has been well or ill. One that was well at every look
// has none.
type spell struct {
	ill   bool
	waits bool // the host itself says that it is on its way
	lags  bool // the patch had yet to bring it, and the host to restart
	since time.Time
	downs int      // how often it became ill after it had been well
	words []string // what it was, each time that it became another
}

// looked is what a look came to.
type looked struct {
	at     time.Time
	whole  bool
	checks []*suites.Check
	ill    map[spot]illness
	final  map[string]bool // roles whose waiting is in vain
	boot   time.Time
}

// illness is a reading that is not as it has to be.
type illness struct {
	now         string
	waits, lags bool
}

// take takes a look in.
func (h *history) take(l looked) {
	if !h.boot.IsZero() && l.boot.Sub(h.boot) > clockTolerance { // what was known is of the start before
		*h = *newHistory()
	}
	first := h.first.IsZero()
	if first {
		h.first = l.at
	}
	if l.whole {
		h.whole = l.at
	}
	if !l.boot.IsZero() {
		h.boot = l.boot
	}
	for role := range l.final {
		h.final[role] = true
	}
	h.asked++
	asked := map[string]bool{}
	for _, c := range l.checks {
		asked[c.Key()] = true
	}
	for at, s := range h.spells {
		if _, ill := l.ill[at]; s.ill && !ill && asked[at.check] {
			s.ill, s.waits, s.since = false, false, l.at
			s.say(wordWell)
			h.asked = 0
		}
	}
	for at, is := range l.ill {
		s := h.spells[at]
		if s == nil {
			s = &spell{since: l.at}
			h.spells[at] = s
			if !first {
				s.say(wordWell)
			}
		}
		if !s.ill {
			s.ill, s.since = true, l.at
			if !first {
				s.downs++
			}
			h.asked = 0
		}
		s.waits, s.lags = is.waits, s.lags || is.lags
		s.say(is.now)
	}
}

// wordWell is what a reading was when it was as it has to be.
const wordWell = "well"

// mostWords are kept of what a reading was: of one that goes up and down for an hour,
// the first tell as much.
const mostWords = 8

func (s *spell) say(word string) {
	n := len(s.words)
	switch {
	case n > 0 && counted(s.words[n-1]) == counted(word): // so many seconds after the start
		s.words[n-1] = word
	case n < mostWords:
		s.words = append(s.words, word)
	}
}

// counted is a word without the numbers in it.
func counted(word string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return -1
		}
		return r
	}, word)
}

// held is since when everything that is well has been so.
func (h *history) held() time.Time {
	since := h.first
	for _, s := range h.spells {
		if !s.ill && s.since.After(since) {
			since = s.since
		}
	}
	return since
}

// looked says what a look at some of the checks came to.
func (w *watched) looked(now time.Time, checks []*suites.Check, whole bool) looked {
	l := looked{at: now, whole: whole, checks: checks, ill: map[spot]illness{}, boot: w.bootTime(now)}
	if w.Once {
		return l
	}
	judged := w.Judge(w.visit, w.before)
	byID := map[[2]string]report.Check{}
	for _, c := range judged.Checks {
		byID[[2]string{c.Suite, c.ID}] = c
	}
	l.final = w.inVain()
	for _, c := range checks {
		w.ills(l.ill, c, byID[[2]string{c.Suite, c.ID}])
	}
	if w.before != nil && !ProofOf(*w.before, w.visit.Seen, w.host.Checks).State.Done() {
		w.lagging(l.ill, judged)
	}
	return l
}

// lagging marks what the patch has to bring to a host that has not been restarted yet:
// it may be at it.
func (w *watched) lagging(ill map[spot]illness, judged report.Host) {
	for _, c := range judged.Checks {
		for _, f := range c.Findings {
			at := spot{c.Suite + "/" + c.ID, place{f.Item, f.Reading}}
			if is, found := ill[at]; found && f.Outcome == report.Unmet {
				is.lags = true
				ill[at] = is
			}
		}
	}
}

// ills adds what is not well of a check: what fails the run, what could not be
// observed, and what the host says is on its way.
func (w *watched) ills(ill map[spot]illness, c *suites.Check, judged report.Check) {
	key := c.Key()
	now, before := newSide(&w.visit.Seen).of(key), newSide(w.before).of(key)
	if judged.Outcome == report.Unknown {
		ill[spot{check: key}] = illness{now: judged.Error}
	}
	for _, f := range judged.Findings {
		if fails(f) {
			at := place{f.Item, f.Reading}
			ill[spot{key, at}] = illness{now: wordOf(f), waits: waits(c, f.Reading, now.at(at))}
		}
	}
	for _, spec := range c.Kind.Readings {
		if len(spec.Waits)+len(spec.Pending) == 0 {
			continue
		}
		for at := range now.all() {
			v := now.at(at)
			if at.reading == spec.Name && waits(c, spec.Name, v) && !fact.Equal(v, before.at(at)) {
				ill[spot{key, at}] = illness{now: v.String(), waits: true}
			}
		}
	}
}

func wordOf(f report.Finding) string {
	if !f.HasNow {
		return "not there"
	}
	return f.Now
}

// waits says whether a value tells that the host is on its way.
func waits(c *suites.Check, reading string, v fact.Value) bool {
	spec, found := c.Kind.Reading(reading)
	same := func(sign fact.Value) bool { return fact.Equal(sign, v) }
	return found && v != nil && (slices.ContainsFunc(spec.Waits, same) || slices.ContainsFunc(spec.Pending, same))
}

// inVain lists the roles for which the host has told that what they wait for will not
// come: an item says so that was not there at the baseline.
func (w *watched) inVain() map[string]bool {
	roles := map[string]bool{}
	now, before := newSide(&w.visit.Seen), newSide(w.before)
	for _, c := range w.host.Checks {
		for role, patterns := range c.Kind.Final {
			for _, r := range now.of(c.Key()) {
				told := slices.ContainsFunc(patterns, func(p string) bool { return suites.Glob(p, r.Key.Item) })
				if told && !before.of(c.Key()).has(r.Key.Item) {
					roles[role] = true
				}
			}
		}
	}
	return roles
}

// settlingKey is the check under which a run keeps what it learnt by waiting. No check
// of a suite has such a key: it has no suite, and it was not tried.
const settlingKey = "(settling)"

// The readings of settlingKey. Their item is the check's key, the item and the reading
// that they are of, or empty of the host as a whole.
const (
	settledAfter = "after"     // how long after the host's start it was well, a duration
	settledDowns = "downs"     // how often it became ill again
	settledWords = "was"       // what it was meanwhile
	settledOpen  = "unsettled" // why it is not to be believed that it is well, or is not yet
)

func (s spot) String() string { return fmt.Sprintf("%q %q %q", s.check, s.item, s.reading) }

func spotOf(text string) (s spot, ok bool) {
	for _, part := range []*string{&s.check, &s.item, &s.reading} {
		quoted, err := strconv.QuotedPrefix(text)
		if err != nil {
			return s, false
		}
		*part, _ = strconv.Unquote(quoted) // it has just been found to be quoted
		text = strings.TrimPrefix(text[len(quoted):], " ")
	}
	return s, text == ""
}

// stored adds to what was seen of a host what waiting has shown.
func (h *history) stored(seen baseline.Host, start time.Time, stable time.Duration) baseline.Host {
	var readings []fact.Reading
	add := func(item, name string, v fact.Value) {
		key := fact.Key{Host: seen.Host, Check: settlingKey, Item: item, Name: name}
		readings = append(readings, fact.Reading{Key: key, Value: v})
	}
	well := true
	for at, s := range h.spells {
		well = well && !s.ill
		if !s.ill {
			add(at.String(), settledAfter, fact.Duration(round(s.since.Sub(start))))
		}
		if held := h.whole.Sub(s.since); !s.ill && held < stable {
			add(at.String(), settledOpen, fact.Text(fmt.Sprintf("well for %s of %s", round(max(held, 0)), stable)))
		}
		if s.ill && s.waits {
			add(at.String(), settledOpen, fact.Text(s.words[len(s.words)-1]))
		}
		if s.downs > 0 {
			add(at.String(), settledDowns, fact.Int(s.downs))
		}
		if len(s.words) > 0 {
			add(at.String(), settledWords, fact.Text(strings.Join(s.words, ", ")))
		}
	}
	if well && !h.first.IsZero() && seen.Unreachable == "" {
		add("", settledAfter, fact.Duration(round(h.held().Sub(start))))
	}
	if len(readings) == 0 {
		return seen
	}
	out := seen
	out.Readings = slices.Concat(seen.Readings, readings)
	out.Sort()
	return out
}

// Learnt is what waiting for a host has shown.
func Learnt(h baseline.Host) []fact.Reading { return newSide(&h).of(settlingKey) }

// Observed is a host without what waiting for it has shown: what its checks saw alone.
func Observed(h baseline.Host) baseline.Host {
	of := func(r fact.Reading) bool { return r.Key.Check == settlingKey }
	if slices.ContainsFunc(h.Readings, of) {
		h.Readings = slices.DeleteFunc(slices.Clone(h.Readings), of)
	}
	return h
}

// round leaves of a duration what a reader can use; at least nothing.
func round(d time.Duration) time.Duration {
	if d < 10*time.Second {
		return max(d, 0).Round(10 * time.Millisecond)
	}
	return d.Round(time.Second)
}
