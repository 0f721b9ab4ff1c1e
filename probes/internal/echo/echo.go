// Package echo sends the ICMP echoes of many checks at once through one socket of each
// address family. A socket for each check is wrong at that number: every raw socket is
// handed every ICMP packet, and replies outlive the wait for them.
package echo

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"postpatch/probes/host"
)

// ErrUnavailable means that the address cannot be pinged through the shared socket, and
// nothing is known of it: there is no such socket on this system or for this user, or the
// system would not send to the address.
var ErrUnavailable = errors.New("no shared socket for it")

// errOverflow is the runner's own loss: it says nothing of the host.
var errOverflow = fmt.Errorf("%w: the runner received more echoes than it could take in", host.ErrNotTried)

// errTooMany is a full table, of 65,536 echoes on their way to one address.
var errTooMany = fmt.Errorf("%w: too many echoes are on their way to the address", host.ErrNotTried)

// errLate is a loss that may be none: the runner was too busy to send in time.
var errLate = fmt.Errorf("%w: the runner sent its last echo too late to wait for it", host.ErrNotTried)

// Plan is what is sent to one address.
type Plan struct {
	Count    int           // echoes; at least 1
	Interval time.Duration // between two of them
	Wait     time.Duration // for the last of them
	Size     int           // what an echo carries, in bytes; at least 16
}

// Length is how long the plan takes at the longest.
func (p Plan) Length() time.Duration { return time.Duration(p.Count-1)*p.Interval + p.Wait }

// Tally is what came of a plan.
type Tally struct {
	Sent, Received int
	RTT            time.Duration // the mean of those received
}

// Sweep is what the pings of one run share. It holds a socket only while somebody pings
// through it. It is safe for use by several goroutines at once.
type Sweep struct {
	turns turns
	four  line
	six   line
}

// New readies a sweep.
func New() *Sweep {
	s := newSweep(open)
	s.turns.few = few()
	return s
}

func newSweep(open opener) *Sweep {
	pace := &pacer{gap: time.Second / mostPerSecond, burst: leastAtOnce}
	of := func(six bool) line {
		return line{open: open, six: six, pace: pace, flights: map[key]*flight{}, random: newRandom()}
	}
	return &Sweep{
		four: of(false), six: of(true),
		turns: turns{few: Few, over: make(chan struct{}), own: make(chan struct{}, Few)},
	}
}

// Ping sends the echoes and returns when all have come back, or when their time is up.
// An echo to which nothing came back is lost, as with a socket of its own. While nothing
// at all has come back, up to two more are sent in the time that there is: where these
// alone are answered, they count as sent and received. What the runner itself may have lost
// is sent again and counts once. The error is ctx's, or wraps ErrUnavailable or host.ErrNotTried.
func (s *Sweep) Ping(ctx context.Context, to netip.Addr, p Plan) (Tally, error) {
	if to = to.Unmap(); to.Zone() != "" || to.IsMulticast() || to.IsUnspecified() {
		return Tally{}, ErrUnavailable // what answers has another address
	}
	l := &s.four
	if to.Is6() {
		l = &s.six
	}
	if err := l.join(); err != nil {
		return Tally{}, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	defer l.leave()
	s.turns.call()
	return l.ping(ctx, to, p)
}
