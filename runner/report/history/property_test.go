package history_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postpatch/runner"
	"postpatch/runner/report"
	"postpatch/runner/report/history"
	"postpatch/runner/report/jsonl"
)

// The order in which runs come makes no difference, and one that comes twice counts once.
func TestOrderOfRunsMakesNoDifference(t *testing.T) {
	runs := year(t)
	want := told(t, history.Options{}, runs)
	for seed := range uint64(20) {
		chance := rand.New(rand.NewPCG(seed, 1))
		mixed := slices.Clone(runs)
		chance.Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
		mixed = append(mixed, mixed[:chance.IntN(len(mixed))]...)
		if diff := cmp.Diff(want, told(t, history.Options{}, mixed)); diff != "" {
			t.Fatalf("seed %d (-in order +mixed):\n%s", seed, diff)
		}
	}
}

// A window of one run has the run's verdict, and counts what the run has counted. Of
// several runs the same rule makes it: a wave is as well as its hosts.
func TestVerdictIsTheJudgesRule(t *testing.T) {
	at := time.Date(2026, 11, 14, 22, 0, 0, 0, time.UTC)
	for seed := range uint64(300) {
		chance := rand.New(rand.NewPCG(seed, 2))
		tally := runner.NewTally(at)
		var runs []recorded
		for wave := range 2 {
			var hosts []report.Host
			for n := range 1 + chance.IntN(2) {
				h := host(fmt.Sprintf("srv%d%d", wave, n), 0)
				for c := range 1 + chance.IntN(3) {
					o := report.Outcomes()[1+chance.IntN(len(report.Outcomes())-1)]
					h.Checks = append(h.Checks, is(fmt.Sprintf("c%d", c), o))
				}
				switch chance.IntN(8) {
				case 0:
					h.Problem = "another machine answers"
				case 1:
					h.Unreachable = "no route"
				}
				tally.Add(h)
				hosts = append(hosts, h)
			}
			name := fmt.Sprintf("wave%d", wave)
			r := history.Run{Name: name, Plan: "p", Wave: name, Baseline: "b", Started: at, Suites: []string{"shop"}}
			runs = append(runs, record(t, tape{r, hosts, time.Minute}))
		}
		h := told(t, history.Options{}, runs)
		want := tally.Summary(at)
		if len(h.Windows) != 1 || h.Windows[0].Verdict != want.Verdict {
			t.Fatalf("seed %d: windows %+v, want one of %s", seed, h.Windows, want.Verdict)
		}
		if diff := cmp.Diff(want.Counts, h.Windows[0].Counts); diff != "" {
			t.Fatalf("seed %d: counts (-the judge's +the window's):\n%s", seed, diff)
		}
	}
}

// Half a run is none.
func TestRunThatCannotBeToldIsNone(t *testing.T) {
	runs := year(t)
	cut := runs[0]
	c := history.New(history.Options{})
	lines := bytes.SplitAfter(cut.lines, []byte("\n"))
	half := bytes.Join(lines[:len(lines)-2], nil)
	err := c.Take(cut.run, func(h report.Handler) error { return jsonl.Replay(bytes.NewReader(half), h) })
	if !errors.Is(err, jsonl.ErrCutOff) {
		t.Errorf("error %v, want it cut off", err)
	}
	other := runs[1]
	err = c.Take(cut.run, func(h report.Handler) error { return jsonl.Replay(bytes.NewReader(other.lines), h) })
	if err == nil || !strings.Contains(err.Error(), `its results are those of verify "2026-02-verify"`) {
		t.Errorf("error %v, want the results of another run refused", err)
	}
	if n := c.Taken(); n != 0 {
		t.Errorf("%d runs are taken", n)
	}
	h := c.History(history.GroupRuns([]history.Run{cut.run}))
	if len(h.Windows) != 0 || !h.Empty() {
		t.Errorf("windows %+v", h.Windows)
	}
}

// Whatever is chosen, the verdict is the whole run's.
func TestChoiceLeavesTheVerdict(t *testing.T) {
	all := told(t, history.Options{}, year(t))
	some := told(t, history.Options{
		Host:  func(name string) bool { return name == "sql01" },
		Check: func(c report.Check) bool { return strings.HasPrefix(c.ID, "sql") },
	}, year(t))
	for i, w := range some.Windows {
		if w.Verdict != all.Windows[i].Verdict {
			t.Errorf("window %d: %s, and of all %s", w.Number, w.Verdict, all.Windows[i].Verdict)
		}
		if w.Hosts != 1 {
			t.Errorf("window %d has %d hosts", w.Number, w.Hosts)
		}
		n := 0
		for _, count := range w.Counts {
			n += count
		}
		if n != 1 {
			t.Errorf("window %d has %d checks: %v", w.Number, n, w.Counts)
		}
	}
	if len(some.Broke) != 0 {
		t.Errorf("of the others broke %+v", some.Broke)
	}
}
