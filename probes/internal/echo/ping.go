package echo

import (
	"context"
	"net/netip"
	"slices"
	"time"
)

// retries is how often more is sent where something is missing.
const retries = 2

// ping is one address with what has come back from it. The line's lock is held over what
// changes by replies.
type ping struct {
	to      netip.Addr
	carried []byte
	within  time.Duration // of its begin, all is over
	lost    uint32        // of the line's, when it was last asked
	keys    []key         // of all packets that were sent

	sent     int           // of those planned
	come     []bool        // those planned, by their number
	received int           // of those planned
	total    time.Duration // of their round trips
	extra    int           // received beyond those planned
	beyond   time.Duration // of their round trips
	whole    chan struct{} // closed when all that were planned have come back
}

func newPing(to netip.Addr, p Plan) *ping {
	n := &ping{to: to, within: p.Length(), come: make([]bool, p.Count), carried: make([]byte, max(p.Size, nonceSize))}
	n.whole = make(chan struct{})
	return n
}

// answered notes that a packet came back. Two of one echo count once.
func (p *ping) answered(echo int, rtt time.Duration) {
	switch {
	case echo >= len(p.come):
		p.extra++
		p.beyond += rtt
	case !p.come[echo]:
		p.come[echo] = true
		p.received++
		p.total += rtt
		if p.received == len(p.come) {
			close(p.whole)
		}
	}
}

// rest waits until a time, or until all have come back.
func (p *ping) rest(ctx context.Context, until time.Time) error {
	if p.isWhole() {
		return nil
	}
	timer := time.NewTimer(time.Until(until))
	defer timer.Stop()
	select {
	case <-p.whole:
		return nil
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (p *ping) isWhole() bool {
	select {
	case <-p.whole:
		return true
	default:
		return false
	}
}

// ping carries out a plan.
func (l *line) ping(ctx context.Context, to netip.Addr, plan Plan) (Tally, error) {
	p := newPing(to, plan)
	l.mu.Lock()
	p.lost = l.lost
	l.mu.Unlock()
	defer l.forget(p)
	has := timeFor(ctx, plan)
	last, err := l.sendAll(ctx, p, plan, has.end)
	if err != nil {
		return Tally{}, err
	}
	for try := 1; ; try++ {
		over := last.Add(plan.Wait * time.Duration(try) / (retries + 1))
		if err := p.rest(ctx, earlier(over, has.end)); err != nil {
			return Tally{}, err
		}
		if p.isWhole() {
			return l.tally(p), nil
		}
		overflowed, err := l.drain(p)
		switch {
		case err != nil:
			return Tally{}, err
		case p.isWhole():
			return l.tally(p), nil
		case try <= retries:
			if err := l.again(ctx, p, overflowed); err != nil {
				return Tally{}, err
			}
		case overflowed:
			return Tally{}, errOverflow
		case p.sent < plan.Count && has.enough, has.end.Sub(last) < has.wait*9/10:
			return Tally{}, errLate
		default:
			return l.tally(p), nil
		}
	}
}

// times are what a plan has of time.
type times struct {
	end    time.Time     // when silence is to be told at the latest
	enough bool          // all echoes can be sent
	wait   time.Duration // for the last of them
}

// timeFor tells silence before ctx ends and nothing can be told.
func timeFor(ctx context.Context, p Plan) times {
	limit, limited := ctx.Deadline()
	if !limited {
		return times{end: time.Now().Add(24 * time.Hour), enough: true, wait: p.Wait}
	}
	all := time.Until(limit) * 9 / 10
	room := all - p.Length() + p.Wait
	return times{end: time.Now().Add(all), enough: room > 0, wait: min(p.Wait, room)}
}

// sendAll sends what is planned, and returns when the last one went.
func (l *line) sendAll(ctx context.Context, p *ping, plan Plan, end time.Time) (last time.Time, err error) {
	for i := range plan.Count {
		if i > 0 {
			if err := p.rest(ctx, earlier(last.Add(plan.Interval), end)); err != nil {
				return last, err
			}
			if !time.Now().Before(end) {
				return last, nil
			}
		}
		if last, err = l.send(ctx, p, i); err != nil {
			return last, err
		}
		p.sent++
	}
	return last, nil
}

// again sends what may have been lost here, or one more where there is only silence.
func (l *line) again(ctx context.Context, p *ping, overflowed bool) error {
	l.mu.Lock()
	come, silent := slices.Clone(p.come[:p.sent]), p.received+p.extra == 0
	l.mu.Unlock()
	switch {
	case overflowed:
		for echo, here := range come {
			if here {
				continue
			}
			if _, err := l.send(ctx, p, echo); err != nil {
				return err
			}
		}
	case silent:
		if _, err := l.send(ctx, p, len(p.come)); err != nil {
			return err
		}
	}
	return nil
}

func (l *line) tally(p *ping) Tally {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case p.received > 0:
		return Tally{p.sent, p.received, p.total / time.Duration(p.received)}
	case p.extra > 0:
		return Tally{p.sent + p.extra, p.extra, p.beyond / time.Duration(p.extra)}
	default:
		return Tally{Sent: p.sent}
	}
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
