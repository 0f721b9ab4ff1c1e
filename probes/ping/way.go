package ping

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"postpatch/probes"
	"postpatch/probes/internal/echo"
	"postpatch/probes/internal/reach"
)

// way is how the echoes of one run are sent: by a library with a socket for each address
// or, where there are many at a time, through one socket for all.
type way struct {
	probe

	sweep *echo.Sweep
	plan  echo.Plan
	ip    netip.Addr
}

func (p probe) echo(ctx context.Context, t probes.Target, ip netip.Addr) (echo.Tally, error) {
	plan := echo.Plan{Count: p.Count, Interval: p.Interval, Wait: p.Wait, Size: p.Size}
	w := way{p, probes.Common(t.Shared, echo.New), plan, ip}
	turn, leave := w.sweep.Enter()
	defer leave()
	if !turn.Crowded {
		tally, moved, err := w.until(ctx, turn.Over)
		if !moved {
			return tally, err
		}
	}
	tally, err := w.sweep.Ping(ctx, ip, plan)
	switch {
	case err != nil && ctx.Err() != nil:
		return echo.Tally{}, reach.Cause(ctx, ctx.Err())
	case errors.Is(err, echo.ErrUnavailable):
		return w.own(ctx)
	default:
		return tally, err
	}
}

// until goes the library's way, as long as it is not called over and has the time to begin
// again. What is lost when it is called may have been crowded out of its socket.
func (w way) until(ctx context.Context, over <-chan struct{}) (tally echo.Tally, moved bool, err error) {
	own, cancel := context.WithCancel(ctx)
	defer cancel()
	called := make(chan bool, 1)
	go func() {
		again := isCalled(own, over) && w.hasTime(ctx)
		if called <- again; again {
			cancel()
		}
	}()
	tally, err = w.own(own)
	if err == nil && tally.Received == tally.Sent {
		return tally, false, nil
	}
	cancel()
	return tally, ctx.Err() == nil && <-called, err
}

// isCalled waits until a ping is over or called over, and says whether it was the latter: also
// where it was both, before anybody looked.
func isCalled(own context.Context, over <-chan struct{}) bool {
	select {
	case <-over:
	case <-own.Done():
	}
	select {
	case <-over:
		return true
	default:
		return false
	}
}

// hasTime says whether the whole plan can be carried out.
func (w way) hasTime(ctx context.Context) bool {
	end, limited := ctx.Deadline()
	return !limited || time.Until(end)*9/10 > w.plan.Length()
}

// own goes the library's way.
func (w way) own(ctx context.Context) (echo.Tally, error) {
	release, err := w.sweep.Own(ctx, w.plan)
	if err != nil {
		return echo.Tally{}, reach.Cause(ctx, err)
	}
	defer release()
	if err := route(ctx, w.ip); err != nil {
		return echo.Tally{}, err
	}
	s, err := w.send(ctx, w.ip)
	if err != nil {
		return echo.Tally{}, err
	}
	return echo.Tally{Sent: s.PacketsSent, Received: s.PacketsRecv, RTT: s.AvgRtt}, nil
}
