package echo

import (
	"context"
	"sync"
	"time"
)

const (
	// mostPerSecond is how many packets are sent; what a usual network bears.
	mostPerSecond = 50_000
	// leastAtOnce is how many may be sent at once after a while in which fewer were: the
	// replies fit in the smallest receive buffer.
	leastAtOnce = 256
)

// pacer spreads what is sent over time.
type pacer struct {
	gap time.Duration

	mu    sync.Mutex
	burst int
	next  time.Time // when the next one is due
}

// allow lets so many be sent at once.
func (p *pacer) allow(burst int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.burst = max(burst, leastAtOnce)
}

// wait returns when one more packet may be sent.
func (p *pacer) wait(ctx context.Context) error {
	delay := p.reserve(time.Now())
	if delay <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// reserve takes the next place and says how far off it is. Who was held up may catch up
// by no more than a burst.
func (p *pacer) reserve(now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if earliest := now.Add(-time.Duration(p.burst) * p.gap); p.next.Before(earliest) {
		p.next = earliest
	}
	p.next = p.next.Add(p.gap)
	return p.next.Sub(now)
}
