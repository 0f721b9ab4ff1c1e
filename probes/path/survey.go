package path

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"postpatch/probes/internal/reach"
)

// wire sends echoes to one address, and takes what comes back of them.
type wire interface {
	// send returns a tooBig where the runner's own interface takes no such packet.
	send(p packet) error
	// receive returns no event when none has come by the time, or ctx has ended.
	receive(ctx context.Context, until time.Time) (event, error)
	close() error
}

// packet is an echo request that nobody may break up.
type packet struct {
	seq  uint16
	size int // with the IP header
	ttl  int
}

// event is what came back of a packet.
type event struct {
	what outcome
	seq  uint16
	from netip.Addr // who says so
	mtu  int        // what that one takes, of those too big; 0 where it does not say
	at   time.Time  // of a reply
	took time.Duration
}

// outcome is what became of a packet.
type outcome int

const (
	nothing     outcome = iota // so far
	replied                    // by the host
	expired                    // at a hop
	tooLarge                   // for a hop
	unreachable                // from a hop
)

// tooBig is an error of sending: the runner's own interface takes no more than that.
type tooBig int

// Error implements error.
func (b tooBig) Error() string { return fmt.Sprintf("no more than %d bytes", int(b)) }

const (
	smallSize = 84 // of a packet that passes everywhere
	farTTL    = 64
	tries     = 3 // of each packet
	atOnce    = 8 // hops that are looked for
	mostTold  = 10
)

// survey is one way that is measured.
type survey struct {
	wire wire
	plan params
	to   netip.Addr
	seq  uint16
	wait time.Duration // for an answer
}

func newSurvey(w wire, plan params, to netip.Addr) *survey {
	return &survey{wire: w, plan: plan, to: to, wait: plan.Wait}
}

// measure finds out about the way, as far as there is one for small packets.
func (s *survey) measure(ctx context.Context) (finding, error) {
	var f finding
	got, err := s.exchange(ctx, packet{size: smallSize, ttl: farTTL})
	if err != nil {
		return f, err
	}
	switch got[0].what {
	case replied:
	case unreachable:
		return f, reach.Silent(fmt.Errorf("%s says that the host cannot be reached", got[0].from))
	case expired:
		return f, reach.Silent(fmt.Errorf("%s says that the packet has gone on for too long: the way there leads in circles",
			got[0].from))
	case nothing, tooLarge:
		return f, reach.Silent(errors.New("no echo comes back: the host is down, or it or a firewall drops ping"))
	}
	f.rtt = got[0].took
	s.wait = min(s.plan.Wait, max(5*f.rtt, s.plan.Wait/4))
	if err := s.findHops(ctx, &f); err != nil {
		return f, err
	}
	return f, s.findMTU(ctx, &f)
}

// exchange sends packets until something has come back of each, at most three times, and
// returns what came back of them, in their order. Enough of them may end it earlier.
func (s *survey) exchange(ctx context.Context, packets ...packet) ([]event, error) {
	return s.exchangeUntil(ctx, func([]event) bool { return false }, packets)
}

func (s *survey) exchangeUntil(ctx context.Context, enough func([]event) bool, packets []packet) ([]event, error) {
	type sent struct {
		i  int
		at time.Time
	}
	got, of := make([]event, len(packets)), map[uint16]sent{}
	open := len(packets)
	for range tries {
		for i, p := range packets {
			if got[i].what != nothing {
				continue
			}
			s.seq++
			p.seq = s.seq
			of[p.seq] = sent{i, time.Now()}
			if err := s.wire.send(p); err != nil {
				return nil, err
			}
		}
		for end := time.Now().Add(s.wait); ; { // of this try, however long the one before has taken
			e, err := s.wire.receive(ctx, end)
			if err != nil {
				return nil, err
			}
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			if e.what == nothing {
				break
			}
			p, ours := of[e.seq]
			if !ours || got[p.i].what == replied {
				continue
			}
			if got[p.i].what == nothing {
				open--
			}
			e.took = e.at.Sub(p.at)
			if got[p.i] = e; open == 0 || enough(got) {
				return got, nil
			}
		}
	}
	return got, nil
}

// findHops finds who is on the way, some at a time.
func (s *survey) findHops(ctx context.Context, f *finding) error {
	var on []string
	for first := 1; first <= s.plan.Hops; first += atOnce {
		var packets []packet
		for ttl := first; ttl < first+atOnce && ttl <= s.plan.Hops; ttl++ {
			packets = append(packets, packet{size: smallSize, ttl: ttl})
		}
		got, err := s.exchangeUntil(ctx, arrives, packets)
		if err != nil {
			return err
		}
		for i, e := range got {
			switch e.what {
			case replied:
				f.hops = first + i
				f.route = strings.Join(append(on, s.to.String()), " > ")
				return nil
			case expired, tooLarge, unreachable:
				on = append(on, e.from.String())
			case nothing:
				on = append(on, "*")
			}
		}
	}
	return nil
}

// arrives says whether all is known up to the host.
func arrives(got []event) bool {
	for _, e := range got {
		switch e.what {
		case replied:
			return true
		case nothing:
			return false
		case expired, tooLarge, unreachable:
		}
	}
	return false
}

// findMTU follows what is told on the way, and searches where nothing is.
func (s *survey) findMTU(ctx context.Context, f *finding) error {
	size := s.plan.Size
	f.state = isClear
	for range mostTold {
		got, err := s.exchange(ctx, packet{size: size, ttl: farTTL})
		if own, is := errors.AsType[tooBig](err); is && int(own) >= smallSize && int(own) < size {
			size = int(own)
			f.cause = fmt.Sprintf("the runner's own interface sends no more than %d bytes", size)
			continue
		}
		switch {
		case err != nil:
			return err
		case got[0].what == replied:
			f.mtu = size
			return nil
		case got[0].what == tooLarge && got[0].mtu >= smallSize && got[0].mtu < size:
			size = got[0].mtu
			f.state = narrow
			f.cause = fmt.Sprintf("%s takes no more than %d bytes, and says so", got[0].from, size)
			continue
		default:
			return s.search(ctx, f, size)
		}
	}
	return s.search(ctx, f, size)
}

// search finds the largest packet that passes, below one that does not.
func (s *survey) search(ctx context.Context, f *finding, fails int) error {
	const mostDoubts = 5
	b := bounds{first: fails, passes: smallSize}
	for range mostDoubts {
		b.fails = fails
		if err := s.close(ctx, &b); err != nil {
			return err
		}
		if b.passes == b.first {
			f.mtu = b.first // what was lost was lost by chance
			return nil
		}
		got, err := s.exchange(ctx, packet{size: b.passes + 1, ttl: farTTL})
		if err != nil {
			return err
		}
		if got[0].what != replied {
			break
		}
		b.passes++
	}
	f.mtu = b.passes
	if b.told.IsValid() {
		f.state, f.cause = narrow, fmt.Sprintf("%s says that larger packets are too large", b.told)
		return nil
	}
	f.state = blackHole
	f.cause = fmt.Sprintf("packets of more than %d bytes vanish, and nobody on the way says why: an MTU there is too "+
		"small, and a firewall keeps back the ICMP that would tell", b.passes)
	return nil
}

// bounds are sizes that pass and that do not.
type bounds struct {
	passes, fails int
	first         int        // the size that failed at first
	told          netip.Addr // who says that something is too large
}

// close brings the bounds together, or finds that the first one passes after all.
func (s *survey) close(ctx context.Context, b *bounds) error {
	const each = 12 // sizes at a time
	for b.fails-b.passes > 1 {
		var packets []packet
		step := max(1, (b.fails-b.passes)/(each+1))
		for size := b.passes + step; size < b.fails && len(packets) < each; size += step {
			packets = append(packets, packet{size: size, ttl: farTTL})
		}
		got, err := s.exchange(ctx, append(packets, packet{size: b.first, ttl: farTTL})...)
		if err != nil {
			return err
		}
		best := b.passes
		for i, e := range got {
			switch {
			case e.what == tooLarge:
				b.told = e.from
			case e.what == replied && i == len(packets):
				b.passes = b.first
				return nil
			case e.what == replied:
				best = packets[i].size
			}
		}
		b.passes, b.fails = best, min(b.fails, best+step)
	}
	return nil
}
