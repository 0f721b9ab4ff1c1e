package runner

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"postpatch/suites"
)

// world drives a schedule by a clock of its own, and holds it to its limits.
type world struct {
	t       *testing.T
	limits  Limits
	s       *schedule
	now     time.Time
	running []*ticket
	begun   []*ticket
	logons  map[string][]time.Time // by account, one for each
}

func newWorld(t *testing.T, l Limits) *world {
	return &world{t: t, limits: l, s: newSchedule(l), now: time.Unix(1_800_000_000, 0), logons: map[string][]time.Time{}}
}

func (w *world) add(c claim) *ticket {
	t := &ticket{claim: c}
	w.s.add(t)
	return t
}

// begin begins all whose turn it is, and returns for how long the next has to wait.
func (w *world) begin() time.Duration {
	w.t.Helper()
	for {
		t, wait := w.s.next(w.now, w.limits.Hosts)
		if t == nil {
			return wait
		}
		w.running, w.begun = append(w.running, t), append(w.begun, t)
		for range t.logons {
			w.logons[t.account] = append(w.logons[t.account], w.now)
		}
		w.holds()
	}
}

func (w *world) end(i int) {
	w.s.release(w.running[i])
	w.running = slices.Delete(w.running, i, i+1)
}

func (w *world) holds() {
	w.t.Helper()
	if n := len(w.running); n > w.limits.Hosts {
		w.t.Fatalf("%d visits at once, want %d at most", n, w.limits.Hosts)
	}
	if w.limits.PerNetwork == 0 {
		return
	}
	in := map[string]int{}
	for _, t := range w.running {
		in[t.network]++
	}
	for network, n := range in {
		if network != "" && n > w.limits.PerNetwork {
			w.t.Fatalf("%d visits at once in network %s, want %d at most", n, network, w.limits.PerNetwork)
		}
	}
}

// idle says of a schedule that begins nothing more whether something could have begun.
func (w *world) idle(all []*ticket, wait time.Duration) {
	w.t.Helper()
	if len(w.running) >= w.limits.Hosts {
		return
	}
	in := map[string]int{}
	for _, t := range w.running {
		in[t.network]++
	}
	for _, t := range all {
		full := w.limits.PerNetwork > 0 && t.network != "" && in[t.network] >= w.limits.PerNetwork
		if t.state == inLine && !full && wait == 0 {
			w.t.Fatalf("nothing begins, though visit %d of %+v could, beside %d others", t.seq, t.claim, len(w.running))
		}
	}
}

// Whatever comes and goes, no limit is passed, no place stays free that somebody could have,
// and everybody has one turn.
func TestTheScheduleHoldsItsLimits(t *testing.T) {
	for seed := range uint64(300) {
		random := rand.New(rand.NewPCG(seed, 0))
		l := Limits{Hosts: 1 + random.IntN(8), PerNetwork: random.IntN(3), Logons: random.IntN(3) * 20}
		w := newWorld(t, l)
		var all []*ticket
		left := 0
		for len(all) < 60 || w.s.waiting > 0 || len(w.running) > 0 {
			switch random.IntN(4) {
			case 0:
				if len(all) < 60 {
					account := []string{"", "a", "b"}[random.IntN(3)]
					all = append(all, w.add(claim{
						suite: fmt.Sprint(random.IntN(3)), network: []string{"", "n", "m"}[random.IntN(3)],
						account: account, logons: min(len(account), 1),
					}))
				}
			case 1:
				if len(w.running) > 0 {
					w.end(random.IntN(len(w.running)))
				}
			case 2:
				if len(all) > 0 && random.IntN(8) == 0 {
					one := all[random.IntN(len(all))]
					left += map[bool]int{true: 1}[one.state == inLine]
					w.s.remove(one)
				}
			case 3:
				w.now = w.now.Add(time.Duration(random.IntN(40)) * time.Millisecond)
			}
			w.idle(all, w.begin())
		}
		if len(w.begun)+left != len(all) || w.s.running != 0 {
			t.Fatalf("seed %d: of %d visits %d were begun and %d left; %d are said to run",
				seed, len(all), len(w.begun), left, w.s.running)
		}
		for account, at := range w.logons {
			for i := range at {
				most := l.Logons*11/10 + 1 // a burst is let through beside them
				if j := i + most; l.Logons > 0 && account != "" && j < len(at) && at[j].Sub(at[i]) < time.Second {
					t.Fatalf("seed %d: account %s has more than %d logons within a second", seed, account, most)
				}
			}
		}
	}
}

// A suite of ten hosts is done long before one of ten thousand that came first.
func TestSuitesTakeTurns(t *testing.T) {
	w := newWorld(t, Limits{Hosts: 10})
	for range 10_000 {
		w.add(claim{suite: "large"})
	}
	for range 10 {
		w.add(claim{suite: "small"})
	}
	w.begin()
	small := func(all []*ticket) (n int) {
		for _, t := range all {
			n += map[bool]int{true: 1}[t.suite == "small"]
		}
		return n
	}
	if n := small(w.running); n != 5 {
		t.Errorf("%d of 10 places are the small suite's, want 5", n)
	}
	for range 20 {
		w.end(0)
		w.begin()
	}
	if n := small(w.begun); n != 10 {
		t.Errorf("after 30 visits %d of the small suite's 10 hosts have been begun", n)
	}
	if n := len(w.running); n != 10 {
		t.Errorf("%d visits are under way where one suite is left, want 10", n)
	}
}

// A suite whose hosts take long gets no more places than another.
func TestASlowSuiteTakesNoMoreThanItsShare(t *testing.T) {
	w := newWorld(t, Limits{Hosts: 10})
	for range 1000 {
		w.add(claim{suite: "slow"})
		w.add(claim{suite: "quick"})
	}
	w.begin()
	for range 100 {
		w.end(slices.IndexFunc(w.running, func(t *ticket) bool { return t.suite == "quick" }))
		w.begin()
	}
	slow := 0
	for _, t := range w.running {
		if t.suite == "slow" {
			slow++
		}
	}
	if slow != 5 {
		t.Errorf("%d of 10 places are the slow suite's, want 5", slow)
	}
}

// Those that took long and those that come first are begun by turns.
func TestTheLongestAreBegunEarly(t *testing.T) {
	took := map[string]time.Duration{"c": 1, "d": 3, "e": 2, "f": 3}
	var hosts []suites.Host
	for _, name := range []string{"a", "b", "c", "d", "e", "f", "g"} {
		hosts = append(hosts, suites.Host{Name: name})
	}
	for want, l := range map[string]Limits{
		"dafbecg": {Took: func(h suites.Host) time.Duration { return took[h.Name] }}, "abcdefg": {},
	} {
		got := ""
		for _, h := range NewSlots(l).longFirst(hosts) {
			got += h.Name
		}
		if got != want {
			t.Errorf("begun in the order %s, want %s", got, want)
		}
	}
}

// A network that is full holds up its own hosts alone, wherever they stand.
func TestAFullNetworkHoldsUpNobodyElse(t *testing.T) {
	w := newWorld(t, Limits{Hosts: 10, PerNetwork: 2})
	for range 100 {
		w.add(claim{network: "branch"})
	}
	for range 3 {
		w.add(claim{network: "other"})
		w.add(claim{})
	}
	w.begin()
	in := map[string]int{}
	for _, t := range w.running {
		in[t.network]++
	}
	if in["branch"] != 2 || in["other"] != 2 || in[""] != 3 {
		t.Errorf("under way: %v", in)
	}
}

// The logons of an account keep their distance, and nobody waits who has none.
func TestLogonsKeepTheirDistance(t *testing.T) {
	w := newWorld(t, Limits{Hosts: 1000, Logons: 50})
	for range 200 {
		w.add(claim{account: "probe", logons: 1})
	}
	w.add(claim{})
	w.add(claim{account: "other", logons: 1})
	wait := w.begin()
	if n := len(w.begun); n != 8 { // six are the tenth of a second that may come at once
		t.Errorf("%d are begun at once", n)
	}
	start := w.now
	for len(w.begun) < 202 {
		if wait <= 0 {
			t.Fatal("nobody says for how long to wait")
		}
		w.now = w.now.Add(wait)
		wait = w.begin()
	}
	if took := w.now.Sub(start); took < 3800*time.Millisecond || took > 4*time.Second {
		t.Errorf("200 logons, 50 a second, took %s", took)
	}
}

// Accounts that nobody waits for are not looked at: there may be one for each host.
func TestAccountsThatNobodyWaitsFor(t *testing.T) {
	w := newWorld(t, Limits{Hosts: 1000, Logons: 1})
	for i := range 100 {
		w.add(claim{account: fmt.Sprint(i), logons: 1})
	}
	if w.begin(); len(w.begun) != 100 || len(w.s.held) != 0 {
		t.Errorf("%d are begun, and %d accounts looked at", len(w.begun), len(w.s.held))
	}
	w.add(claim{account: "7", logons: 1})
	wait := w.begin()
	if wait <= 0 || len(w.s.held) != 1 {
		t.Errorf("an account has to wait for %s, and %d are looked at", wait, len(w.s.held))
	}
	w.now = w.now.Add(wait)
	if w.begin(); len(w.begun) != 101 || len(w.s.held) != 0 {
		t.Errorf("%d are begun, and %d accounts looked at", len(w.begun), len(w.s.held))
	}
}

// What a choice costs does not grow with those that wait.
func BenchmarkSchedule(b *testing.B) {
	for _, hosts := range []int{1000, 50_000} {
		b.Run(fmt.Sprint(hosts), func(b *testing.B) {
			for b.Loop() {
				s := newSchedule(Limits{PerNetwork: 10, Logons: 1_000_000})
				now := time.Now()
				for i := range hosts {
					s.add(&ticket{claim: claim{
						suite: fmt.Sprint(i % 7), network: fmt.Sprint(i % (hosts / 100)), account: "a", logons: 1,
					}})
				}
				var running []*ticket
				for s.waiting > 0 {
					t, wait := s.next(now, 500)
					if t == nil {
						now = now.Add(wait)
						if wait == 0 {
							s.release(running[0])
							running = running[1:]
						}
						continue
					}
					running = append(running, t)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*hosts), "ns/host")
		})
	}
}
