package runner

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/suites"
)

func percent(n float64) suites.Share { return suites.Share{N: n, Percent: true} }

func hosts(n float64) suites.Share { return suites.Share{N: n} }

// seen is a wave with so many hosts well, worse, unknown and unseen.
func seen(name string, gate suites.Gate, counts ...int) WaveSeen {
	w := WaveSeen{Wave: suites.Wave{Name: name, Gate: gate}}
	for i, is := range []Standing{HostWell, HostWorse, HostUnknown, HostUnseen} {
		for k := range counts[i] {
			w.Hosts = append(w.Hosts, HostSeen{Host: fmt.Sprint(is, k), Is: is})
		}
	}
	return w
}

func TestGateOfOneWave(t *testing.T) {
	strict := suites.DefaultGate()
	lax := suites.Gate{Quorum: percent(90), MaxRegressed: hosts(1), MaxUnknown: percent(5)}
	for _, c := range []struct {
		name   string
		gate   suites.Gate
		counts []int // well, worse, unknown, unseen
		more   bool
		want   Answer
		says   string
	}{
		{"all well", strict, []int{20, 0, 0, 0}, false, Go, "20 of 20 hosts are known, and the quorum is 20"},
		{"one worse", strict, []int{19, 1, 0, 0}, false, NoGo, "1 of 20 hosts is worse than before the patch, and none may be"},
		{"one worse is proof, whatever is missing", strict, []int{0, 1, 0, 19}, true, NoGo, "1 of 20"},
		{"one worse is proof, whatever is unknown", strict, []int{0, 1, 19, 0}, false, NoGo, "1 of 20"},
		{"one unknown", strict, []int{19, 0, 1, 0}, false, Undecided, "(1 could not be observed), and none may be"},
		{"one unknown while hosts are to come", strict, []int{18, 0, 1, 1}, true, Undecided, "18 of 20"},
		{"one missing", strict, []int{19, 0, 0, 1}, false, Undecided, "no run that counts has seen 1"},
		{"one to come", strict, []int{19, 0, 0, 1}, true, Undecided, "still has to see 1"},
		{"nobody was asked", strict, []int{0, 0, 0, 20}, false, Undecided, "0 of 20 hosts are known"},
		{"nobody was asked yet", lax, []int{0, 0, 0, 20}, true, Undecided, "0 of 20 hosts are known, and the quorum is 18"},
		{"no host", strict, []int{0, 0, 0, 0}, false, Undecided, "it has no host"},
		{"no host, and a run is going on", strict, []int{0, 0, 0, 0}, true, Undecided, "it has no host"},
		{"as many worse as may be", lax, []int{19, 1, 0, 0}, false, Go, "1 worse, and at most 1 may be"},
		{"one more worse than may be", lax, []int{18, 2, 0, 0}, false, NoGo, "2 of 20 hosts are worse"},
		{"as many unknown as may be", lax, []int{19, 0, 1, 0}, false, Go, "1 unknown, and at most 1 may be"},
		{"one more unknown than may be, with a quorum", lax, []int{18, 0, 2, 0}, false, Undecided, "2 of 20 hosts are unknown"},
		{"unknown and missing count together", lax, []int{18, 0, 1, 1}, false, Undecided, "2 of 20 hosts are unknown"},
		{"missing ones do not, while they are to come", lax, []int{18, 0, 1, 1}, true, Go, "1 still to be seen, which can turn this"},
		{"the quorum is of those known, well or worse", lax, []int{17, 1, 1, 1}, true, Go, "18 of 20"},
		{"one short of the quorum", lax, []int{17, 0, 1, 2}, true, Undecided, "17 of 20 hosts are known, and the quorum is 18"},
		{
			"a quorum in hosts that the wave has not",
			suites.Gate{Quorum: hosts(3), MaxUnknown: percent(100)},
			[]int{2, 0, 0, 0},
			false, Undecided, "2 of 2 hosts are known, and the quorum is 3",
		},
		{"a quorum of no percent needs one", suites.Gate{Quorum: percent(0), MaxUnknown: percent(100)}, []int{0, 0, 20, 0}, false, Undecided, "the quorum is 1"},
		{"a gate that nobody has filled in asks for all", suites.Gate{}, []int{19, 0, 0, 1}, true, Undecided, "the quorum is 20"},
		{"every host may be worse", suites.Gate{Quorum: percent(100), MaxRegressed: percent(100)}, []int{0, 20, 0, 0}, false, Go, "20 worse"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := seen("pilot", c.gate, c.counts...)
			w.More = c.more
			got := Gate([]WaveSeen{w}, []string{"pilot"})
			if got.Answer != c.want || !strings.Contains(strings.Join(got.Why, "; "), c.says) {
				t.Errorf("got %s, %q; want %s, %q", got.Answer, got.Why, c.want, c.says)
			}
		})
	}
}

func TestGateCountsAndLimits(t *testing.T) {
	gate := suites.Gate{Quorum: percent(95), MaxRegressed: percent(3), MaxUnknown: percent(5)}
	w := seen("pilot", gate, 20, 4, 3, 3)
	w.More = true
	got := Gate([]WaveSeen{w}, []string{"pilot"}).Waves
	want := []WaveGated{{
		Wave: "pilot", Answer: NoGo, Why: []string{"4 of 30 hosts are worse than before the patch, and none may be"},
		Hosts: 30, Known: 24, Well: 20, Worse: 4, Unknown: 3, Unseen: 3, Quorum: 29, MaxRegressed: 0, MaxUnknown: 1,
		More: true,
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// What the plan wants and no host shows keeps from go as it keeps verify from passing.
func TestGateWhereNobodyShowsWhatThePlanWants(t *testing.T) {
	for _, c := range []struct {
		counts []int
		want   Answer
	}{
		{[]int{20, 0, 0, 0}, NoGo}, {[]int{19, 0, 1, 0}, Undecided}, {[]int{19, 0, 0, 1}, Undecided},
	} {
		w := seen("pilot", suites.Gate{Quorum: percent(90), MaxUnknown: percent(10)}, c.counts...)
		w.Lacks = []string{"os.build"}
		got := Gate([]WaveSeen{w}, []string{"pilot"})
		if got.Answer != c.want || !strings.Contains(strings.Join(got.Why, ""), "os.build") {
			t.Errorf("%v: got %s, %q", c.counts, got.Answer, got.Why)
		}
	}
}

func TestGateOfSeveralWaves(t *testing.T) {
	chain := func(pilot, tier2, tier3 WaveSeen) []WaveSeen {
		tier2.Wave.After, tier3.Wave.After = []string{"pilot"}, []string{"tier2"}
		return []WaveSeen{tier3, tier2, pilot} // in whatever order
	}
	strict := suites.DefaultGate()
	well := func(name string) WaveSeen { return seen(name, strict, 2, 0, 0, 0) }
	open := func(name string) WaveSeen { return seen(name, strict, 1, 0, 0, 1) }
	worse := func(name string) WaveSeen { return seen(name, strict, 1, 1, 0, 0) }
	for _, c := range []struct {
		name  string
		waves []WaveSeen
		after string
		want  Answer
		why   string
	}{
		{"all are well", chain(well("pilot"), well("tier2"), well("tier3")), "tier3", Go, "pilot: 2 of 2"},
		{"the first is open", chain(open("pilot"), well("tier2"), well("tier3")), "tier3", Undecided, "pilot: 1 of 2"},
		{"the first is worse", chain(worse("pilot"), well("tier2"), well("tier3")), "tier3", NoGo, "pilot: 1 of 2"},
		{"the second is worse, the first open", chain(open("pilot"), worse("tier2"), well("tier3")), "tier3", NoGo, "tier2: 1 of 2"},
		{"those behind do not count", chain(well("pilot"), worse("tier2"), worse("tier3")), "pilot", Go, "pilot: 2 of 2"},
		{"a wave that there is not", chain(well("pilot"), well("tier2"), well("tier3")), "tier4", Undecided, "no wave of that name"},
		{"one that waits for such a wave", chain(well("pilots"), well("tier2"), well("tier3")), "tier2", Undecided, "pilot: the plan has no"},
		{"none", chain(well("pilot"), well("tier2"), well("tier3")), "", Undecided, "no wave"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := Gate(c.waves, strings.Fields(c.after))
			if got.Answer != c.want || !strings.Contains(strings.Join(got.Why, "; "), c.why) {
				t.Errorf("got %s, %q; want %s, %q", got.Answer, got.Why, c.want, c.why)
			}
		})
	}
	circle := []WaveSeen{well("a"), well("b")}
	circle[0].Wave.After, circle[1].Wave.After = []string{"b"}, []string{"a"}
	if got := Gate(circle, []string{"a"}); got.Answer != Undecided {
		t.Errorf("waves that wait for each other: %s", got.Answer)
	}
	twice := Gate(chain(well("pilot"), well("tier2"), well("tier3")), []string{"tier2", "tier2", "pilot"})
	if len(twice.Waves) != 2 || twice.Waves[0].Wave != "pilot" {
		t.Errorf("got %+v", twice.Waves)
	}
}
