package dns

import (
	"context"
	"net"
	"sync"

	"postpatch/probes/internal/reach"
)

// mostOften is how many questions one socket puts. A system gives each a random port,
// which whoever would forge an answer has to guess; so it is not kept for long.
const mostOften = 16

// sockets are those of one check, to one server, that are between two questions. A socket
// for each question would cost more than the question. The zero value is ready.
type sockets struct {
	mu   sync.Mutex
	idle []*socket
	over bool
}

// socket is connected: the system lets nothing through from elsewhere, and tells that
// nothing listens.
type socket struct {
	net.Conn

	packet []byte // to read into
	asked  int
}

// take returns a socket that is for the caller alone.
func (s *sockets) take(ctx context.Context, a asker) (*socket, error) {
	if c := s.waiting(); c != nil {
		return c, nil
	}
	conn, err := reach.Dial(ctx, a.target, "udp", a.server)
	if err != nil {
		return nil, err
	}
	return &socket{Conn: conn, packet: make([]byte, mostPacket)}, nil
}

func (s *sockets) waiting() (c *socket) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if last := len(s.idle) - 1; last >= 0 {
		c, s.idle = s.idle[last], s.idle[:last]
	}
	return c
}

// put gives a socket back, for others where nothing more is to come on it.
func (s *sockets) put(c *socket, quiet bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.asked++; quiet && c.asked < mostOften && !s.over {
		s.idle = append(s.idle, c)
		return
	}
	_ = c.Close()
}

// close ends those that nobody has taken, and no more are kept.
func (s *sockets) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.idle {
		_ = c.Close()
	}
	s.idle, s.over = nil, true
}
