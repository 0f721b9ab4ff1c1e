package echo

import (
	"context"
	"sync"
	"time"
)

const (
	mostPerSecond = 50_000 // packets; what a gigabit network and one reader bear
	mostAtOnce    = 256    // packets; the replies fit in a receive buffer of the usual size
)

// pacer spreads what is sent over time.
type pacer struct {
	gap   time.Duration
	burst int

	mu   sync.Mutex
	next time.Time // when the next one is due
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
