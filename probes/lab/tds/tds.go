// Package tds simulates a SQL Server that speaks TDS 7.4, as an estate's host
// describes it.
package tds

import (
	"context"
	"crypto/tls"
	"net"
	"sync/atomic"

	"postpatch/probes/lab/conns"
	"postpatch/probes/lab/estate"
)

// Server answers on any number of listeners until Close.
type Server struct {
	host  func() estate.Host
	certs func(estate.TLS) (*tls.Certificate, error)
	group *conns.Group
	store *store
	begun atomic.Uint64 // transactions
	counters

	// Kerberos makes the Kerberos side of a connection; nil in a workgroup.
	Kerberos func(bindings []byte) Acceptor
}

// nextDescriptor is that of a new transaction.
func (s *Server) nextDescriptor() uint64 { return s.begun.Add(1) }

// New makes a server of the host that h returns, asked anew for every answer.
// Certs makes the certificate of a listener.
func New(h func() estate.Host, certs func(estate.TLS) (*tls.Certificate, error)) *Server {
	return &Server{host: h, certs: certs, group: conns.New(), store: newStore()}
}

// Serve answers connections to ln until Close, and then returns nil.
func (s *Server) Serve(ln net.Listener) error { return s.group.Serve(ln, s.serve) }

// Close ends all listeners and connections and waits for their end.
func (s *Server) Close() error { return s.group.Close() }

// serve is one connection. What goes wrong in it is the client's to notice.
func (s *Server) serve(ctx context.Context, conn net.Conn) {
	s.connections.Add(1)
	conn = countedConn{conn, &s.counters}
	h := s.host()
	if h.SQL == nil {
		return
	}
	switch h.SQL.Fault {
	case "drop":
		// Once the client has spoken: what is unread when a connection is closed
		// makes a reset of its end, now and then.
		_, _ = conn.Read(make([]byte, 4<<10))
		return
	case "refuse":
		return
	case "silent":
		conns.Mute(conn)
		return
	case "garbage":
		// Once the client has spoken, or it would see a reset instead.
		if _, err := conn.Read(make([]byte, 4<<10)); err == nil && s.think(ctx) == nil {
			_, _ = conn.Write(conns.Noise(512))
		}
		return
	case estate.Slow:
		conn = slowConn{conn, ctx}
	default: // what goes wrong later, if anything
	}
	session := newSession(s, conn)
	if err := session.logIn(ctx); err != nil {
		return
	}
	if err := session.stallAt(estate.StallLogin); err != nil {
		return
	}
	session.serve(ctx)
	session.leave()
}

// think takes the time that the host takes over an answer. The error says why
// it was cut short.
func (s *Server) think(ctx context.Context) error {
	if !conns.Wait(ctx, s.host().Think) {
		return context.Cause(ctx)
	}
	return nil
}
