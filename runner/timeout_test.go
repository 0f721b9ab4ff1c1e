package runner_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/runner"
)

// A kind may take longer than others by nature; the suite has the last word.
func TestAKindHasATimeOfItsOwn(t *testing.T) {
	hangs := probeFunc(func(ctx context.Context, _ probes.Target) ([]fact.Reading, error) {
		<-ctx.Done()
		return nil, context.Cause(ctx)
	})
	for name, tt := range map[string]struct {
		kind, suite time.Duration
		want        string
	}{
		"neither":   {0, 0, "a: no result within 10s"},
		"the kind":  {90 * time.Second, 0, "a: no result within 1m30s"},
		"the suite": {90 * time.Second, 2 * time.Minute, "a: no result within 2m0s"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := portCheck("a", hangs)
				c.Kind.Timeout, c.Timeout = tt.kind, tt.suite
				_, got := observe(t, runner.Options{}, c)
				if d := cmp.Diff([]string{tt.want}, got); d != "" {
					t.Errorf("(-want +got):\n%s", d)
				}
			})
		})
	}
}
