package main

import (
	"context"
	"errors"
	"io"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"postpatch/baseline"
	"postpatch/baseline/bucket"
	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host/winrm/auth"
	"postpatch/runner"
	"postpatch/runner/report"
	"postpatch/suites"
)

// gauge is a probe whose readings are what the test says.
type gauge struct {
	look func() (threads int, fonts string)
}

func (g gauge) Observe(context.Context, probes.Target) ([]fact.Reading, error) {
	threads, fonts := g.look()
	return []fact.Reading{
		probes.Read("spooler", "threads", fact.Int(threads)), probes.Read("spooler", "fonts", fact.Text(fonts)),
	}, nil
}

var gauges = probes.Define(probes.Kind{
	Name: "gauge", Doc: "Numbers.", Readings: []probes.ReadingSpec{
		{Name: "threads", Type: fact.TypeInt, Doc: "How many."}, {Name: "fonts", Type: fact.TypeText, Doc: "Which."},
	},
}, struct{}{}, func(struct{}) (probes.Probe, error) { return nil, nil })

// gauged is a run of this test over one host, in a store in memory.
type gauged struct {
	t     *testing.T
	store *baseline.Store
	looks []time.Time
	look  func() (int, string)
}

func (g *gauged) performance(command, name string) performance {
	probe := gauge{func() (int, string) {
		g.looks = append(g.looks, time.Now())
		return g.look()
	}}
	check := &suites.Check{Suite: "s", ID: "gauge", Kind: new(gauges), Probe: probe, Asked: "same"}
	check.Compare = suites.Compare(gauges, check.Items, nil, nil)
	j := job{logins: auth.NewLogins(), set: &suites.Set{
		Suites: []suites.Suite{{Name: "s", Digest: "1"}},
		Hosts:  []suites.Host{{Name: "srv01", Address: "srv01", Checks: []*suites.Check{check}}},
	}}
	p := performance{job: j, command: command, name: name, store: g.store, options: runner.Options{Hosts: 1}}
	p.run = newRun(command, name, j)
	p.learn, p.say = learning{samples: 1}, func(string, ...any) {}
	p.next = func(report.Summary, blind) []string { return nil }
	return p
}

// perform runs it; what it judged comes back.
func (g *gauged) perform(ctx context.Context, p performance) (report.Host, error) {
	var judged report.Host
	p.collect = func(h report.Host) { judged = h }
	a := app{stdout: io.Discard, stderr: io.Discard, getenv: func(string) string { return "" }}
	_, err := runWithViews(ctx, a, outputs{color: "never", progress: "never"}, p)
	return judged, err
}

func (g *gauged) verify(name string) report.Host {
	g.t.Helper()
	p := g.performance("verify", name)
	against, err := g.store.Read(g.t.Context(), "before")
	if err != nil {
		g.t.Fatal(err)
	}
	p.against, p.run.Baseline = against, &report.Baseline{Name: "before"}
	h, err := g.perform(g.t.Context(), p)
	if err != nil {
		g.t.Fatal(err)
	}
	return h
}

func newGauged(t *testing.T) *gauged {
	t.Helper()
	place, err := bucket.At("mem://")
	if err != nil {
		t.Fatal(err)
	}
	g := &gauged{t: t, store: baseline.Open(place)}
	t.Cleanup(func() { _ = g.store.Close() })
	return g
}

// What moved between the looks of a capture may move later, within the range seen; what
// stood still may not.
func TestSamples(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGauged(t)
		threads := []int{12, 9, 15}
		g.look = func() (int, string) { return threads[min(len(g.looks)-1, 2)], "arial" }
		begun := time.Now()
		p := g.performance("capture", "before")
		p.learn = learning{samples: 3, every: 5 * time.Minute}
		if _, err := g.perform(t.Context(), p); err != nil {
			t.Fatal(err)
		}
		var after []time.Duration
		for _, at := range g.looks {
			after = append(after, at.Sub(begun))
		}
		if diff := cmp.Diff([]time.Duration{0, 5 * time.Minute, 10 * time.Minute}, after); diff != "" {
			t.Errorf("looks: %s", diff)
		}
		for name, tt := range map[string]struct {
			threads int
			fonts   string
			drifted []string
			hidden  int
		}{
			"as it was":   {15, "arial", nil, 0},
			"in between":  {10, "arial", nil, 1},
			"at the edge": {9, "arial", nil, 1},
			"outside":     {16, "arial", []string{"threads"}, 0},
			"still":       {15, "courier", []string{"fonts"}, 0},
		} {
			g.look = func() (int, string) { return tt.threads, tt.fonts }
			c := g.verify("v" + cleanName(name)).Checks[0]
			var drifted []string
			for _, f := range c.Findings {
				if f.Outcome == report.Drifted {
					drifted = append(drifted, f.Reading)
				}
			}
			if !slices.Equal(drifted, tt.drifted) || len(c.Hidden) != tt.hidden {
				t.Errorf("%s: drifted %v, hidden %+v", name, drifted, c.Hidden)
			}
		}
		if files, err := g.store.Entries(t.Context()); err != nil || files[0].Manifest.Samples != 3 {
			t.Errorf("the manifest says %+v, %v", files, err)
		}
	})
}

func cleanName(s string) string {
	return string(slices.DeleteFunc([]rune(s), func(r rune) bool { return r == ' ' }))
}

// Cut off while it waits, it has what it saw: the looks that are done are not done
// again.
func TestSamplesAreTakenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGauged(t)
		g.look = func() (int, string) { return 10 * len(g.looks), "arial" }
		p := g.performance("capture", "before")
		p.learn = learning{samples: 3, every: 5 * time.Minute}
		ctx, cancel := context.WithTimeout(t.Context(), 7*time.Minute)
		defer cancel()
		if _, err := g.perform(ctx, p); !errors.Is(err, context.DeadlineExceeded) || len(g.looks) != 2 {
			t.Fatalf("after %d looks: %v", len(g.looks), err)
		}
		p = g.performance("capture", "before")
		p.learn, p.resume = learning{samples: 2, every: time.Minute}, true
		if _, err := g.perform(t.Context(), p); err == nil {
			t.Error("taken up with fewer looks")
		}
		p.learn = learning{samples: 3, every: time.Minute}
		if _, err := g.perform(t.Context(), p); err != nil || len(g.looks) != 3 {
			t.Fatalf("after %d looks: %v", len(g.looks), err)
		}
		snapshot, err := g.store.Read(t.Context(), "before")
		if err != nil {
			t.Fatal(err)
		}
		h, _, err := snapshot.Host(t.Context(), "srv01")
		if err != nil || len(h.Moves) != 1 {
			t.Fatalf("%+v, %v", h, err)
		}
		if diff := cmp.Diff("[10 30]", "["+h.Moves[0].Seen[0].String()+" "+h.Moves[0].Seen[1].String()+"]"); diff != "" {
			t.Error(diff)
		}
	})
}

func TestSampleFlags(t *testing.T) {
	for l, wrong := range map[learning]bool{
		{1, time.Minute}: false, {3, 0}: false, {0, time.Minute}: true, {101, time.Minute}: true, {2, -time.Minute}: true,
	} {
		if err := l.check(false); (err != nil) != wrong {
			t.Errorf("%+v: %v", l, err)
		}
	}
	if err := (&learning{1, time.Minute}).check(true); err == nil {
		t.Error("--every without --samples passes")
	}
}
