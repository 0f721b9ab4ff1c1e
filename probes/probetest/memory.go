package probetest

import (
	"context"
	"io"
	"net"
	"strings"
	"sync"
	"syscall"

	"postpatch/probes"
)

// InMemory is a target whose connections are in memory: each leads to what serves its network
// and port, such as "udp/7", and nobody listens at others. What is written at once is a packet.
// In a bubble of synctest time is exact then, no machine too slow, and no silence long.
func InMemory(serve map[string]func(net.Conn)) probes.Target {
	t := Target("")
	t.Dial = func(_ context.Context, network, address string) (net.Conn, error) {
		_, port, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		handle, listens := serve[strings.TrimRight(network, "46")+"/"+port]
		if !listens {
			return nil, &net.OpError{Op: "dial", Net: network, Err: syscall.ECONNREFUSED}
		}
		near, far := net.Pipe()
		go func() {
			defer func() { _ = far.Close() }()
			handle(far)
		}()
		return near, nil
	}
	return t
}

// Mute hears what comes and says nothing.
func Mute(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }

// Served has a server that wants a listener serve one connection.
func Served(serve func(net.Listener) error) func(net.Conn) {
	return func(conn net.Conn) {
		only := &single{Conn: conn, ended: make(chan struct{})}
		only.end = sync.OnceFunc(func() { close(only.ended) })
		_ = serve(oneOf{only}) // it ends with the connection
	}
}

// single is a connection whose end can be waited for.
type single struct {
	net.Conn

	taken bool
	ended chan struct{}
	end   func()
}

// Close implements net.Conn.
func (s *single) Close() error {
	s.end()
	return s.Conn.Close()
}

// oneOf listens for the one connection.
type oneOf struct{ conn *single }

// Accept implements net.Listener.
func (o oneOf) Accept() (net.Conn, error) {
	if !o.conn.taken {
		o.conn.taken = true
		return o.conn, nil
	}
	<-o.conn.ended
	return nil, net.ErrClosed
}

// Close implements net.Listener.
func (o oneOf) Close() error { return nil }

// Addr implements net.Listener.
func (o oneOf) Addr() net.Addr { return o.conn.LocalAddr() }
