package runner

import (
	"context"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"postpatch/probes/host"
	"postpatch/probes/probetest"
)

// TestTurns lets no more hosts' answers be read at once than there are turns, however
// many hosts have answered, and lets whoever asks twice have one.
func TestTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		run := withTurns(t.Context())
		limit := runtime.GOMAXPROCS(0) + 1
		var reading probetest.Gauge
		visit := func() {
			ctx, yield := inTurn(run, nil)
			defer yield()
			time.Sleep(time.Second) // on the way
			host.Turn(ctx)
			host.Turn(ctx)
			reading.Up()
			time.Sleep(time.Second)
			reading.Down()
		}
		start := time.Now()
		for range 4 * limit {
			go visit()
		}
		synctest.Wait()
		time.Sleep(1500 * time.Millisecond)
		if reading.Most() != limit {
			t.Errorf("%d hosts' answers are read at the same time, of %d", reading.Most(), limit)
		}
		time.Sleep(4 * time.Second)
		synctest.Wait()
		if reading.Now() != 0 || time.Since(start) > 6*time.Second || reading.Most() != limit {
			t.Errorf("%d are still read; %d were at the same time", reading.Now(), reading.Most())
		}
	})
	ctx, yield := inTurn(context.Background(), nil) // of no run
	host.Turn(ctx)
	yield()
}

// Whoever waits for a turn in vain, because all belong to hosts that take their time, waits
// no longer than for its own host, and does not keep a turn that it never had.
func TestNoTurnInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		run := withTurns(t.Context())
		var yields []func()
		for range runtime.GOMAXPROCS(0) + 1 {
			ctx, yield := inTurn(run, nil)
			host.Turn(ctx)
			yields = append(yields, yield)
		}
		visit, cancel := context.WithTimeout(run, time.Minute)
		defer cancel()
		start := time.Now()
		late, yieldLate := inTurn(visit, nil)
		host.Turn(late)
		yieldLate()
		if took := time.Since(start); took != time.Minute {
			t.Errorf("waited %v, want a minute", took)
		}
		yields[0]()
		next, yieldNext := inTurn(run, nil)
		defer yieldNext()
		host.Turn(next) // or this hangs, and the test with it
		for _, yield := range yields[1:] {
			yield()
		}
	})
}

// Whoever gives a turn back early has none, and does not give back another's.
func TestTurnGivenBack(t *testing.T) {
	run, stop := context.WithCancel(withTurns(t.Context()))
	defer stop()
	turns := runtime.GOMAXPROCS(0) + 1
	for range 3 * turns {
		ctx, yield := inTurn(run, nil)
		host.Turn(ctx) // or this hangs, and the test with it
		host.Yield(ctx)
		defer yield()
	}
	for range turns {
		ctx, yield := inTurn(run, nil)
		host.Turn(ctx)
		defer yield()
	}
	if free := turns - len(run.Value(turnsKey{}).(chan struct{})); free != 0 {
		t.Errorf("%d turns are free, want none", free)
	}
}
