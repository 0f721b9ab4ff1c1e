package runner

import (
	"context"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"postpatch/probes/host"
)

// TestTurns lets no more hosts' answers be read at once than there are turns, however
// many hosts have answered, and lets whoever asks twice have one.
func TestTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		run := withTurns(t.Context())
		limit := int32(runtime.GOMAXPROCS(0) + 1)
		var reading, most atomic.Int32
		visit := func() {
			ctx, leave := inTurn(run)
			defer leave()
			time.Sleep(time.Second) // on the way
			host.Turn(ctx)
			host.Turn(ctx)
			most.Store(max(most.Load(), reading.Add(1)))
			time.Sleep(time.Second)
			reading.Add(-1)
		}
		start := time.Now()
		for range 4 * limit {
			go visit()
		}
		synctest.Wait()
		time.Sleep(1500 * time.Millisecond)
		if most.Load() != limit {
			t.Errorf("%d hosts' answers are read at the same time, of %d", most.Load(), limit)
		}
		time.Sleep(4 * time.Second)
		synctest.Wait()
		if reading.Load() != 0 || time.Since(start) > 6*time.Second || most.Load() != limit {
			t.Errorf("%d are still read; %d were at the same time", reading.Load(), most.Load())
		}
	})
	ctx, leave := inTurn(context.Background()) // of no run
	host.Turn(ctx)
	leave()
}
