package runner

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"postpatch/suites"
)

// Limits say how much is asked at once.
type Limits struct {
	Hosts int // visited at the same time; at least 1
	// PerNetwork is how many of them in one network: the first 24 bits of an IPv4 address,
	// the first 64 of IPv6. 0 is for no limit. A host whose address nobody knows is in none.
	PerNetwork int
	// Logons is how many an account begins within a second, for all of them a domain
	// controller pays; 0 is for no limit.
	Logons int
	// Account is by which account a host is entered; nil, or "" for none.
	Account func(h suites.Host) string
	// Took is how long a host took before, so that those that take long are begun early; nil,
	// or 0 where nobody knows.
	Took func(h suites.Host) time.Duration
	// Tell, when not nil, is told when the pace changes. It is called one at a time, and
	// may not wait.
	Tell func(Pace)
}

// Slots is the one door that all visits of a run go through: it holds the limits, and slows
// down where hosts refuse more or do not answer in time. Several goroutines may use it.
type Slots struct {
	limits Limits

	mute    atomic.Int32  // lookups of names that ended without a word
	looking chan struct{} // for those under way

	mu     sync.Mutex
	lowest Pace // of the run
	line   *schedule
	pacer  pacer
	timer  *time.Timer // for what waits for an account; nil while nothing does
}

// NewSlots opens the door.
func NewSlots(l Limits) *Slots {
	return &Slots{limits: l, line: newSchedule(l), pacer: newPacer(l.Hosts), looking: make(chan struct{}, lookups)}
}

// slots are those of the run, or some that hold nothing but the number of hosts.
func (o Options) slots() *Slots {
	if o.Slots != nil {
		return o.Slots
	}
	return NewSlots(Limits{Hosts: o.Hosts})
}

// join has a visit wait for its turn, at which start is called once. It must not wait.
func (s *Slots) join(c claim, start func(*ticket)) *ticket {
	t := &ticket{claim: c, start: start}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.line.add(t)
	s.admit()
	return t
}

// take waits for a visit's turn, within ctx.
func (s *Slots) take(ctx context.Context, c claim) (*ticket, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	turn := make(chan struct{})
	t := s.join(c, func(*ticket) { close(turn) })
	select {
	case <-turn:
		return t, nil
	case <-ctx.Done():
		s.leave(t)
		return nil, ctx.Err()
	}
}

// leave has a visit wait no longer, or ends it where it has its turn already.
func (s *Slots) leave(t *ticket) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.line.remove(t)
	s.line.release(t)
	s.admit()
}

// release ends a visit, with what it told of the pace.
func (s *Slots) release(t *ticket, told strain) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := s.pacer.pace()
	s.pacer.end(t.epoch, told)
	s.line.release(t)
	s.admit()
	after := s.pacer.pace()
	if after.Why != "" && (s.lowest.Why == "" || after.Now < s.lowest.Now) {
		s.lowest = after
	}
	if after != before && s.limits.Tell != nil {
		s.limits.Tell(after)
	}
}

// Slowest is the slowest that the run was slowed down to. It is not ok where it was not.
func (s *Slots) Slowest() (p Pace, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lowest, s.lowest.Why != ""
}

// admit begins all whose turn it is. It is called with the lock held.
func (s *Slots) admit() {
	if s.timer != nil {
		s.timer.Stop()
		s.timer = nil
	}
	for {
		t, wait := s.line.next(time.Now(), s.pacer.now())
		if t == nil {
			if wait > 0 {
				s.timer = time.AfterFunc(wait, s.later)
			}
			return
		}
		t.epoch = s.pacer.epoch
		t.start(t)
	}
}

func (s *Slots) later() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.admit()
}

// each visits every host in its turn, and returns when all visits have ended. Once ctx is
// done, nothing new is begun. No goroutine waits for a turn: there may be many hosts.
func (s *Slots) each(ctx context.Context, hosts []suites.Host, o Options, do func(suites.Host) strain) {
	var all sync.WaitGroup
	tickets := make([]*ticket, 0, len(hosts))
	for h, network := range s.networks(ctx, s.longFirst(hosts), o) {
		all.Add(1)
		tickets = append(tickets, s.join(s.claim(h, network), func(t *ticket) {
			go func() {
				defer all.Done()
				told := calm
				defer func() { s.release(t, told) }()
				if ctx.Err() == nil {
					told = do(h)
				}
			}()
		}))
		if ctx.Err() != nil {
			break
		}
	}
	stop := context.AfterFunc(ctx, func() {
		for _, t := range tickets {
			if s.giveUp(t) {
				all.Done()
			}
		}
	})
	all.Wait()
	stop()
}

// giveUp has a visit wait no longer that has not had its turn.
func (s *Slots) giveUp(t *ticket) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t.state != inLine {
		return false
	}
	s.line.remove(t)
	return true
}
