package sql

import (
	"context"
	"crypto/tls"
	"net"
	"slices"
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
	return inMemoryFunc(t, func() estate.Host { return h }, cert)
}

func inMemoryFunc(t *testing.T, h func() estate.Host, cert *tls.Certificate) (target probes.Target, stop func()) {
	t.Helper()
	p := &pipes{waiting: make(chan net.Conn), closed: make(chan struct{})}
	simulator := tds.New(h, func(estate.TLS) (*tls.Certificate, error) { return cert, nil })
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

// datagrams is the socket of a Browser whose clients are in memory.
type datagrams struct {
	net.PacketConn // for what nobody asks

	came   chan datagram
	closed chan struct{}
	once   sync.Once
}

type datagram struct {
	from client
	text []byte
}

// client is the far end of a connection, and where an answer goes.
type client struct{ net.Conn }

func (client) Network() string { return "udp" }
func (client) String() string  { return "in memory" }

func (d *datagrams) ReadFrom(b []byte) (int, net.Addr, error) {
	select {
	case got := <-d.came:
		return copy(b, got.text), got.from, nil
	case <-d.closed:
		return 0, nil, net.ErrClosed
	}
}

// WriteTo does not wait for who may not read it.
func (d *datagrams) WriteTo(b []byte, to net.Addr) (int, error) {
	text := slices.Clone(b)
	go func() { _, _ = to.(client).Write(text) }()
	return len(b), nil
}

func (d *datagrams) Close() error {
	d.once.Do(func() { close(d.closed) })
	return nil
}

func (d *datagrams) dial(context.Context, string, string) (net.Conn, error) {
	near, far := net.Pipe()
	go func() {
		b := make([]byte, 1<<10)
		for {
			n, err := far.Read(b)
			if err != nil {
				return
			}
			select {
			case d.came <- datagram{client{far}, slices.Clone(b[:n])}:
			case <-d.closed:
			}
		}
	}()
	return near, nil
}

// browserInMemory starts a host's Browser for a bubble, and leads the target to it; there
// are no instances.
func browserInMemory(t *testing.T, h estate.Host) (target probes.Target, stop func()) {
	t.Helper()
	d := &datagrams{came: make(chan datagram), closed: make(chan struct{})}
	b := tds.NewBrowser(func() estate.Host { return h })
	served := make(chan error, 1)
	go func() { served <- b.ServePacket(d) }()
	target = (&server{}).target()
	target.Dial = d.dial
	return target, func() {
		_ = b.Close()
		if err := <-served; err != nil {
			t.Errorf("serving: %v", err)
		}
	}
}
