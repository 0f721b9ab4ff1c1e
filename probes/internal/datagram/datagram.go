// Package datagram asks one question by UDP, again when there is silence, and tells what
// became of it: who listens to nothing is refused, and who says nothing may not be there.
package datagram

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"postpatch/probes"
	"postpatch/probes/internal/reach"
)

// Most is what one packet can have. A larger one than is read would be an error on Windows.
const Most = 64 << 10

// Tries is how often a question is asked.
const Tries = 3

// longest is how long an answer is waited for before the question is asked again.
const longest = 2 * time.Second

// Question is what is asked of a server.
type Question struct {
	Packet []byte
	// Fits says whether a packet answers it: anyone can send one. Nil takes all.
	Fits func(packet []byte) bool
	// Once asks no second time, for what must not be done twice.
	Once bool
}

// Answer is a packet, and how long it took.
type Answer struct {
	Packet  []byte
	Latency time.Duration
}

// ErrStray means that something came, and none of it answered the question.
var ErrStray = errors.New("what came was no answer to the question")

// Dial connects a socket to "host:port": the system lets nothing through from elsewhere,
// and tells that nothing listens.
func Dial(ctx context.Context, t probes.Target, address string) (net.Conn, error) {
	return reach.Dial(ctx, t, "udp", address)
}

// Ask asks by a socket. An error that means that nothing answered wraps
// probes.ErrNoAnswer, and one that nothing listens reads as refused by reach.State.
func Ask(ctx context.Context, conn net.Conn, q Question) (Answer, error) {
	packet := make([]byte, Most)
	heard := false
	start := time.Now()
	for _, limit := range limits(ctx, q.Once) {
		if err := conn.SetReadDeadline(limit); err != nil {
			return Answer{}, Unsent(ctx, err, heard)
		}
		if _, err := conn.Write(q.Packet); err != nil {
			return Answer{}, Unsent(ctx, err, heard)
		}
		for {
			n, err := conn.Read(packet)
			if err != nil {
				if TimedOut(err) && ctx.Err() == nil {
					break
				}
				return Answer{}, Silence(ctx, Refusal(err), heard)
			}
			if q.Fits == nil || q.Fits(packet[:n]) {
				return Answer{bytes.Clone(packet[:n]), time.Since(start)}, nil
			}
			heard = true
		}
	}
	return Answer{}, Silence(ctx, reach.Tell("no answer by UDP"), heard)
}

// limits are the ends of the waits of each attempt.
func limits(ctx context.Context, once bool) []time.Time {
	now := time.Now()
	end, limited := ctx.Deadline()
	if !limited {
		end = now.Add(Tries * longest)
	}
	if once {
		return []time.Time{end}
	}
	each := Wait(ctx)
	return []time.Time{now.Add(each), now.Add(2 * each), end}
}

// Wait is how long each but the last of the attempts waits within ctx.
func Wait(ctx context.Context) time.Duration {
	end, limited := ctx.Deadline()
	if !limited {
		return longest
	}
	return min(longest, time.Until(end)/(Tries+1))
}

// Silence is the error of having got no answer: nothing answered, unless something was
// heard that made no sense.
func Silence(ctx context.Context, err error, heard bool) error {
	err = reach.Cause(ctx, err)
	switch {
	case errors.Is(err, context.Canceled), reach.State(err) == reach.Refused:
		return err
	case heard && errors.Is(err, context.DeadlineExceeded):
		return reach.Tell(ErrStray.Error(), ErrStray, err)
	case heard:
		return fmt.Errorf("%w: %w", ErrStray, err)
	case errors.Is(err, context.DeadlineExceeded), TimedOut(err):
		// The last wait ends with ctx: which of the two is noticed first must not change the words.
		return reach.Silent(reach.Tell("no answer by UDP", err))
	default:
		return reach.Silent(err)
	}
}

// Unsent is the error of not having asked, or not once more: where that is because the time is up,
// which closes the socket, it is silence as it would have been a moment earlier or later. So it is where the
// network has said of the packet before that there is no way.
func Unsent(ctx context.Context, err error, heard bool) error {
	if err = Refusal(err); ctx.Err() != nil || reach.State(err) == reach.Unreachable {
		return Silence(ctx, err, heard)
	}
	return err
}

// Refusal is what an error of a UDP socket means: where POSIX says that nothing listens at
// the port, Windows says that the connection was reset.
func Refusal(err error) error {
	if reach.State(err) == reach.Reset {
		return fmt.Errorf("%w: %w", reach.ErrRefused, err)
	}
	return err
}

// TimedOut says whether the time for one read is over.
func TimedOut(err error) bool {
	timeout, ok := errors.AsType[net.Error](err)
	return ok && timeout.Timeout()
}
