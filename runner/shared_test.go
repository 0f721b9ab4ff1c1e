package runner_test

import (
	"context"
	"testing"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/runner"
)

// All probes of a run hold the same things in common.
func TestProbesShare(t *testing.T) {
	shared := &probes.Shared{}
	given := make(chan *probes.Shared, 2)
	looks := func(_ context.Context, target probes.Target) ([]fact.Reading, error) {
		given <- target.Shared
		return []fact.Reading{probes.Read("443", "state", fact.Text("open"))}, nil
	}
	observe(t, runner.Options{Shared: shared},
		portCheck("a", probeFunc(looks)), portCheck("b", probeFunc(looks)))
	for range cap(given) {
		if got := <-given; got != shared {
			t.Errorf("got %p, want %p", got, shared)
		}
	}
}
