package runner

import (
	"cmp"
	"container/heap"
	"slices"
	"time"
)

// claim is what a visit takes of what is limited.
type claim struct {
	suite   string // whose turn it is
	network string // "" where it is not known, or does not matter
	account string // that logs on; "" for none
	logons  int    // by it
}

// ticket is a visit that waits for its turn, or has it.
type ticket struct {
	claim
	start func(*ticket) // called once, with the lock of the Slots held
	state ticketState
	epoch int // of the pace that it was begun at
	queue *queue
	seq   int
}

type ticketState int

const (
	inLine ticketState = iota
	underWay
	gone // nobody waits for it any longer
)

// schedule says which visit is next. It does nothing and waits for nothing: it is told what
// time it is. Suites take turns, so that a large one starves no small one: the next is one
// of those that has the fewest visits under way. Of a suite's, those come first that came first.
type schedule struct {
	perNetwork int
	interval   time.Duration // from logon to logon of an account; 0 for no limit
	running    int
	waiting    int
	seq        int
	served     int
	suites     []*share
	byName     map[string]*share
	networks   map[string]*part
	accounts   map[string]*account
	held       []*account // those that queues are parked for
}

// share is a suite's.
type share struct {
	running int
	served  int // when it was last its turn
	ready   ready
	queues  map[claim]*queue
}

// part is a network's.
type part struct {
	running int
	parked  []*queue // that it is full for
}

// account is by when it may log on again.
type account struct {
	due    time.Time
	parked []*queue
}

// queue holds the visits of one suite that are alike in what they take: where the first may
// not go, none may.
type queue struct {
	share   *share
	network *part
	account *account
	key     claim
	tickets []*ticket
}

func newSchedule(l Limits) *schedule {
	s := &schedule{
		perNetwork: l.PerNetwork, byName: map[string]*share{}, networks: map[string]*part{}, accounts: map[string]*account{},
	}
	if l.Logons > 0 {
		s.interval = time.Second / time.Duration(l.Logons)
	}
	return s
}

// add has a visit wait.
func (s *schedule) add(t *ticket) {
	own := s.byName[t.suite]
	if own == nil {
		own = &share{queues: map[claim]*queue{}}
		s.byName[t.suite] = own
		s.suites = append(s.suites, own)
	}
	key := claim{}
	if s.perNetwork > 0 {
		key.network = t.network
	}
	if s.interval > 0 && t.logons > 0 {
		key.account = t.account
	}
	q := own.queues[key]
	if q == nil {
		q = s.newQueue(own, key)
	}
	s.seq++
	s.waiting++
	t.seq, t.queue = s.seq, q
	q.tickets = append(q.tickets, t)
	if len(q.tickets) == 1 {
		heap.Push(&own.ready, q)
	}
}

func (s *schedule) newQueue(own *share, key claim) *queue {
	q := &queue{share: own, key: key}
	own.queues[key] = q
	if key.network != "" {
		if s.networks[key.network] == nil {
			s.networks[key.network] = &part{}
		}
		q.network = s.networks[key.network]
	}
	if key.account != "" {
		if s.accounts[key.account] == nil {
			s.accounts[key.account] = &account{}
		}
		q.account = s.accounts[key.account]
	}
	return q
}

// remove has nobody wait for a visit any longer.
func (s *schedule) remove(t *ticket) {
	if t.state == inLine {
		t.state = gone
		s.waiting--
	}
}

// next begins the visit whose turn it is, where no more than so many are under way; nil for
// none. Where an account is all that is waited for, it says for how long.
func (s *schedule) next(now time.Time, most int) (t *ticket, wait time.Duration) {
	if s.running >= most || s.waiting == 0 {
		return nil, 0
	}
	wait = s.wake(now)
	for {
		var own *share
		for _, one := range s.suites {
			ahead := own != nil && cmp.Or(cmp.Compare(own.running, one.running), cmp.Compare(own.served, one.served)) <= 0
			if len(one.ready) > 0 && !ahead {
				own = one
			}
		}
		if own == nil {
			return nil, wait
		}
		q := own.ready[0]
		switch first := q.tickets[0]; {
		case first.state == gone:
			s.drop(q)
		case q.network != nil && q.network.running >= s.perNetwork:
			heap.Pop(&own.ready)
			q.network.parked = append(q.network.parked, q)
		case q.account != nil && now.Before(q.account.due):
			heap.Pop(&own.ready)
			if len(q.account.parked) == 0 {
				s.held = append(s.held, q.account)
			}
			q.account.parked = append(q.account.parked, q)
			if left := q.account.due.Sub(now); wait == 0 || left < wait {
				wait = left
			}
		default:
			s.begin(q, now)
			return first, 0
		}
	}
}

// drop takes the first visit out of the queue that is the first of its share, and the queue
// out of that where it was the last.
func (s *schedule) drop(q *queue) {
	q.tickets[0] = nil // what is done is not kept
	q.tickets = q.tickets[1:]
	if len(q.tickets) == 0 {
		heap.Pop(&q.share.ready)
		delete(q.share.queues, q.key)
		return
	}
	heap.Fix(&q.share.ready, 0)
}

// burst is how far ahead of its time an account may log on: so that a tenth of a second's
// logons may come together, and no timer is needed for each.
const burst = 100 * time.Millisecond

func (s *schedule) begin(q *queue, now time.Time) {
	t := q.tickets[0]
	t.state = underWay
	s.drop(q)
	s.waiting--
	s.running++
	s.served++
	q.share.running++
	q.share.served = s.served
	if q.network != nil {
		q.network.running++
	}
	if a := q.account; a != nil {
		from := a.due
		if earliest := now.Add(-burst); from.Before(earliest) {
			from = earliest
		}
		a.due = from.Add(time.Duration(t.logons) * s.interval)
	}
}

// release ends a visit.
func (s *schedule) release(t *ticket) {
	if t.state != underWay {
		return
	}
	t.state = gone
	s.running--
	t.queue.share.running--
	if n := t.queue.network; n != nil {
		n.running--
		unpark(n.parked)
		n.parked = nil
	}
}

// wake has those wait for their turn again whose account may log on now. It says for how
// long the next of the others has to wait; 0 where there is none.
func (s *schedule) wake(now time.Time) (wait time.Duration) {
	s.held = slices.DeleteFunc(s.held, func(a *account) bool {
		left := a.due.Sub(now)
		if left <= 0 {
			unpark(a.parked)
			a.parked = nil
			return true
		}
		if wait == 0 || left < wait {
			wait = left
		}
		return false
	})
	return wait
}

func unpark(all []*queue) {
	for _, q := range all {
		heap.Push(&q.share.ready, q)
	}
}

// ready is a heap.Interface: the queues whose first visit may have its turn, as far as
// anybody knows, by who came first.
type ready []*queue

func (r ready) Len() int           { return len(r) }
func (r ready) Less(i, j int) bool { return r[i].tickets[0].seq < r[j].tickets[0].seq }
func (r ready) Swap(i, j int)      { r[i], r[j] = r[j], r[i] }

// Push implements heap.Interface.
func (r *ready) Push(x any) {
	if q, is := x.(*queue); is {
		*r = append(*r, q)
	}
}

// Pop implements heap.Interface.
func (r *ready) Pop() any {
	last := len(*r) - 1
	q := (*r)[last]
	(*r)[last] = nil
	*r = (*r)[:last]
	return q
}
