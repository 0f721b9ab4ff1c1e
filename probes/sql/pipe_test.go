package sql

import (
	"context"
	"crypto/tls"
	"net"
	"sync"
	"testing"

	"postpatch/probes"
	"postpatch/probes/lab/estate"
	"postpatch/probes/lab/tds"
)

// pipes is a listener whose connections are in memory, so that time can be fake and exact
// in a bubble.
type pipes struct {
	waiting chan net.Conn
	closed  chan struct{}
	once    sync.Once
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-p.waiting:
		return conn, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	near, far := net.Pipe()
	select {
	case p.waiting <- far:
		return near, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// inMemory starts a server for a bubble, and leads the target to it. Stop ends it: the
// bubble does not end before all that runs in it has.
func inMemory(t *testing.T, h estate.Host, cert *tls.Certificate) (target probes.Target, stop func()) {
	t.Helper()
	p := &pipes{waiting: make(chan net.Conn), closed: make(chan struct{})}
	simulator := tds.New(func() estate.Host { return h }, func(estate.TLS) (*tls.Certificate, error) { return cert, nil })
	served := make(chan error, 1)
	go func() { served <- simulator.Serve(p) }()
	target = (&server{}).target()
	target.Dial = p.dial
	return target, func() {
		_ = simulator.Close()
		if err := <-served; err != nil {
			t.Errorf("serving: %v", err)
		}
	}
}
