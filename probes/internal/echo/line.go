package echo

import (
	"context"
	crypto "crypto/rand"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"sync"
	"syscall"
	"time"
)

// conn is one socket. It hands all replies that have come to whoever opened it.
type conn interface {
	// send sends an echo request, which nobody waits for any longer when within is over. It
	// may look at what has come meanwhile.
	send(to netip.Addr, seq uint16, carried []byte, within time.Duration) error
	// receive looks at what has come. It waits for the first where it is to wait, until
	// close. Lost is how many packets the system has dropped for want of room since the
	// socket was opened.
	receive(wait bool) (lost uint32, err error)
	close() error
}

// opener opens the socket of an address family. Room is how many replies may wait in it.
type opener func(six bool, take func(reply)) (c conn, room int, err error)

// key is what a reply must come back with beside the nonce.
type key struct {
	from netip.Addr
	seq  uint16
}

// flight is one packet on its way.
type flight struct {
	ping  *ping
	echo  int
	nonce nonce
	sent  time.Time
}

// newRandom has a seed from the system.
func newRandom() *rand.ChaCha8 {
	var seed [32]byte
	_, _ = crypto.Read(seed[:]) // which never fails
	return rand.NewChaCha8(seed)
}

// line is a socket, and whoever waits for something to come through it. Its reader ends
// with the last of them.
type line struct {
	open opener
	pace *pacer
	six  bool

	mu      sync.Mutex
	users   int
	conn    conn          // nil while nobody pings
	ended   chan struct{} // closed by the reader
	flights map[key]*flight
	seq     uint16
	lost    uint32        // by the system, as far as is known
	random  *rand.ChaCha8 // which nobody can foretell
}

// join counts one more user in.
func (l *line) join() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conn == nil {
		c, room, err := l.open(l.six, l.take)
		if err != nil {
			return err
		}
		l.pace.allow(room)
		l.conn, l.ended, l.lost = c, make(chan struct{}), 0
		go l.read(c, l.ended)
	}
	l.users++
	return nil
}

// leave counts a user out. The last one takes the socket and its reader along.
func (l *line) leave() {
	l.mu.Lock()
	l.users--
	c, ended := l.conn, l.ended
	if l.users == 0 {
		l.conn = nil
	}
	last := l.users == 0
	l.mu.Unlock()
	if last {
		_ = c.close()
		<-ended
	}
}

// read takes replies until the socket is closed. A socket that only fails is found out by
// who misses an echo.
func (l *line) read(c conn, ended chan<- struct{}) {
	defer close(ended)
	for {
		if _, err := c.receive(true); err != nil {
			return
		}
	}
}

// take notes a reply, once, unless it answers nothing that was sent.
func (l *line) take(r reply) {
	l.mu.Lock()
	defer l.mu.Unlock()
	at := key{r.from, r.seq}
	f := l.flights[at]
	if f == nil || f.nonce != r.nonce {
		return
	}
	delete(l.flights, at)
	f.ping.answered(f.echo, max(0, r.at.Sub(f.sent)))
}

// drain takes what has come by now, and says whether replies may have been dropped since
// the ping last asked. Without it, a reader that is late would make an echo look lost.
func (l *line) drain(p *ping) (overflowed bool, err error) {
	lost, err := l.conn.receive(false)
	if err != nil {
		return false, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lost = lost
	overflowed = lost != p.lost
	p.lost = lost
	return overflowed, nil
}

// send sends one packet, when it is its turn, and returns by when it was sent.
func (l *line) send(ctx context.Context, p *ping, echo int) (time.Time, error) {
	const tries = 100 // while the system has no room for it
	for try := 1; ; try++ {
		if err := l.pace.wait(ctx); err != nil {
			return time.Time{}, context.Cause(ctx)
		}
		seq, err := l.book(p, echo)
		if err != nil {
			return time.Time{}, err
		}
		err = l.conn.send(p.to, seq, p.carried, p.within)
		switch {
		case err == nil:
			return time.Now(), nil
		case !errors.Is(err, syscall.ENOBUFS) || try == tries:
			return time.Time{}, fmt.Errorf("%w: %w", ErrUnavailable, err)
		}
	}
}

// book makes out the next packet of a ping. It is known before it is sent: its reply may
// be faster than who sends it.
func (l *line) book(p *ping, echo int) (seq uint16, err error) {
	f := &flight{ping: p, echo: echo}
	l.mu.Lock()
	defer l.mu.Unlock()
	_, _ = l.random.Read(f.nonce[:]) // which never fails
	copy(p.carried, f.nonce[:])
	for range 1 << 16 {
		l.seq++
		at := key{p.to, l.seq}
		if _, taken := l.flights[at]; taken {
			continue
		}
		f.sent = time.Now()
		l.flights[at] = f
		p.keys = append(p.keys, at)
		return l.seq, nil
	}
	return 0, errTooMany
}

// forget gives up what has not come back.
func (l *line) forget(p *ping) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, at := range p.keys {
		if f := l.flights[at]; f != nil && f.ping == p {
			delete(l.flights, at)
		}
	}
}
