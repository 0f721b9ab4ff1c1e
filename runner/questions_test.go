package runner

import (
	"context"
	"slices"
	"testing"
	"time"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/suites"
)

type asksFor []host.Question

func (a asksFor) Questions() []host.Question { return a }

func (asksFor) Observe(context.Context, probes.Target) ([]fact.Reading, error) { return nil, nil }

// Hosts that have the same checks are asked by one list, and others by theirs; what is asked
// since some time is gathered for each, since that goes on.
func TestQuestionsAreGatheredOnce(t *testing.T) {
	check := func(questions ...host.Question) *suites.Check { return &suites.Check{Probe: asksFor(questions)} }
	a, b := check(host.Collector{Name: "a"}), check(host.Collector{Name: "b"})
	since := check(host.Collector{Name: "log", Args: map[string][]string{"since": {host.SinceBaseline}}})
	run := withLists(t.Context())
	o := Options{Baseline: time.Now().Add(-59*time.Minute - 30*time.Second)}
	first := questionsOf(run, []*suites.Check{a, b}, o)
	for name, tt := range map[string]struct {
		ctx    context.Context
		checks []*suites.Check
		same   bool
		want   string // asked last
	}{
		"the same":           {run, []*suites.Check{a, b}, true, "b"},
		"fewer":              {run, []*suites.Check{a}, false, "a"},
		"in another order":   {run, []*suites.Check{b, a}, false, "b"},
		"of no run":          {t.Context(), []*suites.Check{a, b}, false, "b"},
		"since the baseline": {run, []*suites.Check{a, since}, false, `log since=["3600"]`},
		"of other checks":    {run, []*suites.Check{a, check(host.Collector{Name: "b"})}, false, "b"},
	} {
		got := questionsOf(tt.ctx, tt.checks, o)
		if last := got.questions[len(got.questions)-1].String(); last != tt.want || (got == first) != tt.same {
			t.Errorf("%s: asked %s last, want %s; the same list: %t, want %t", name, last, tt.want, got == first, tt.same)
		}
		isDated := slices.Contains(tt.checks, since)
		if again := questionsOf(tt.ctx, tt.checks, o); (again == got) != (tt.ctx == run && !isDated) {
			t.Errorf("%s: asked again, the same list: %t", name, again == got)
		}
	}
	for range 2 * mostLists {
		questionsOf(run, []*suites.Check{check(host.Collector{Name: "own"})}, o)
	}
	if l, _ := run.Value(listsKey{}).(*lists); l.n > mostLists || len(l.kept) > mostLists {
		t.Errorf("%d lists are kept, want %d at most", l.n, mostLists)
	}
}
