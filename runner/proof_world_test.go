package runner_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"postpatch/baseline"
	"postpatch/probes/fact"
	"postpatch/runner"
	"postpatch/runner/report"
	"postpatch/suites"
)

// world is a host over some weeks: the truth, of which a look shows a part.
type world struct {
	now     time.Duration // since the baseline
	boots   []time.Duration
	ahead   time.Duration // of its clock
	log     []string
	cleared bool
	sets    bool // whether somebody sets its clock
}

func (w *world) start(at time.Duration) {
	w.boots = append(w.boots, at)
	w.log = append(w.log, fmt.Sprintf("%s by chance", at+w.ahead))
}

// pass lets time pass, in which this or that happens.
func (w *world) pass(rng *rand.Rand, d time.Duration) {
	for range rng.IntN(4) {
		step := 20*time.Second + time.Duration(rng.Int64N(int64(max(d, 0))/4+1)) // no machine starts twice in a second
		w.now += step
		d -= step
		switch chance := rng.IntN(10); {
		case chance < 5:
			w.start(w.now)
		case chance < 7 && w.sets:
			w.ahead = time.Duration(rng.Int64N(int64(4*time.Hour))) - 2*time.Hour
		case chance == 9:
			w.log, w.cleared = nil, true
		}
	}
	w.now += max(d, 0)
}

func (w *world) look() look {
	log := slices.DeleteFunc(slices.Clone(w.log), func(start string) bool {
		at, _, _ := strings.Cut(start, " ")
		d, _ := time.ParseDuration(at)
		return w.now+w.ahead-d > 30*24*time.Hour
	})
	return look{at: w.now, boot: w.boots[len(w.boots)-1], ahead: w.ahead, log: strings.Join(log, ";")}
}

// night is a world with what was seen of it before and now.
func aNight(rng *rand.Rand, sets bool) (before, now look, w *world, since int) {
	w = &world{now: -50 * 24 * time.Hour, sets: sets}
	w.start(w.now)
	w.pass(rng, 49*24*time.Hour)
	if rng.IntN(4) == 0 { // captured shortly after a start
		w.start(-time.Duration(rng.Int64N(int64(5 * time.Minute))))
	}
	w.now = 0
	w.cleared = false
	before, since = w.look(), len(w.boots)
	spans := []time.Duration{time.Minute, 10 * time.Minute, 4 * time.Hour, 3 * 24 * time.Hour}
	w.pass(rng, spans[rng.IntN(len(spans))])
	return before, w.look(), w, len(w.boots) - since
}

// damage takes readings away from what was seen, or makes something else of them.
func damage(rng *rand.Rand, h baseline.Host) baseline.Host {
	h.Readings = slices.DeleteFunc(h.Readings, func(fact.Reading) bool { return rng.IntN(5) == 0 })
	for i := range h.Readings {
		if rng.IntN(8) == 0 {
			h.Readings[i].Value = fact.Text("\x00" + h.Readings[i].Value.String())
		}
		if set, ok := h.Readings[i].Value.(fact.Set); ok && rng.IntN(3) == 0 {
			elems := slices.Clone(set.Elems())
			if len(elems) > 0 {
				elems[rng.IntN(len(elems))] = []string{"", "yesterday", "2026-11-20 by hand", "\xff"}[rng.IntN(4)]
			}
			h.Readings[i].Value = fact.SetOf(elems...)
		}
	}
	return h
}

// Whatever is missing or damaged, what is said to be proven is so; and of a night on
// which nothing is, it is proven.
func TestNoProofIsWrong(t *testing.T) {
	const seed = 6
	rng := rand.New(rand.NewPCG(seed, 1))
	checks := []*suites.Check{check(t)}
	states := map[report.RebootState]int{}
	unproven, whole := 0, 0
	for n := range proofNights {
		before, now, w, since := aNight(rng, n%2 == 0)
		b, a := before.host(), now.host()
		damaged := n%4 > 1
		if damaged {
			b, a = damage(rng, b), damage(rng, a)
		}
		p := runner.ProofOf(b, a, checks)
		states[p.State]++
		wrong := p.State.Done() && since == 0 || p.State == report.NotRebooted && since > 0
		// That a log without any start at the baseline was cleared since, nobody can see.
		miscounted := p.Times > since || p.Times > 0 && p.Times < since && !w.cleared
		if wrong || miscounted {
			t.Fatalf("night %d: %d starts since the baseline, and it says %s, %d times: %s\nbefore %+v\nnow %+v",
				n, since, p.State, p.Times, p.Words, before, now)
		}
		if !damaged && !w.sets && !w.cleared {
			whole++
			if !p.State.Known() {
				unproven++
			}
		}
	}
	for _, state := range []report.RebootState{report.Rebooted, report.NotRebooted, report.RebootUnknown} {
		if states[state] < proofNights/100 {
			t.Errorf("%s on %d of %d proofNights: the test looks at nothing", state, states[state], proofNights)
		}
	}
	if unproven > whole/100 {
		t.Errorf("%d of %d quiet proofNights are not told", unproven, whole)
	}
	t.Logf("%v; of %d quiet proofNights %d are not told", states, whole, unproven)
}

// Without boot time or uptime, on either side, nothing is proven, and a plan that wants
// a reboot, or none, is neither met nor unmet.
func TestMissingReadingsMeetNoPlan(t *testing.T) {
	rng := rand.New(rand.NewPCG(6, 2))
	for n := range 4_000 {
		before, now, _, _ := aNight(rng, false)
		lacks := []string{"built", "age", "built age", "built age late rebuilt"}[n%4]
		if n%8 < 4 {
			before.lacks = lacks
		} else {
			now.lacks = lacks
		}
		reboot := []suites.Reboot{suites.RebootRequired, suites.RebootForbidden}[n%2]
		b := before.host()
		h := judge(check(t), &b, now.host(), &suites.Plan{Name: "p", Reboot: reboot})
		if h.Outcome != report.Unknown || h.Reboot.State != report.RebootUnknown {
			t.Fatalf("night %d, %s lacks %s: %s, %+v", n, reboot, lacks, h.Outcome, h.Reboot)
		}
	}
}

// FuzzBoots holds that whatever stands in a log proves no reboot by itself: a host that
// has been running all the time has not rebooted.
func FuzzBoots(f *testing.F) {
	f.Add("2026-11-06T01:00:00Z planned", "2026-11-06T01:00:00Z planned\n2026-11-20T03:00:00Z by hand")
	f.Add("", "2026-11-20T03:00:00Z")
	f.Add("2026-11-06T01:00:00+01:00 x", "2026-11-06T01:00:00.5Z x\n9999-12-31T23:59:59Z x\n0000-01-01T00:00:00Z x")
	f.Add("2026-11-06T01:00:00Z \x00", " \n\n2026-11-06t01:00:00z x\n2026-02-30T00:00:00Z x")
	f.Fuzz(func(t *testing.T, before, now string) {
		up := healthy()
		b, n := up.host(), look{at: 3 * hour, boot: up.boot}.host()
		put := func(h *baseline.Host, text string) {
			h.Readings = slices.DeleteFunc(h.Readings, func(r fact.Reading) bool { return r.Key.Name == "rebuilt" })
			k := fact.Key{Host: "h", Check: key, Name: "rebuilt"}
			h.Readings = append(h.Readings, fact.Reading{Key: k, Value: fact.SetOf(strings.Split(text, "\n")...)})
			h.Sort()
		}
		put(&b, before)
		put(&n, now)
		p := runner.ProofOf(b, n, []*suites.Check{check(t)})
		if p.State.Done() || len(p.Boots) > 6 || p.Words == "" {
			t.Errorf("%s: %s, %q", p.State, p.Words, p.Boots)
		}
	})
}
