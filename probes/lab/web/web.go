// Package web answers HTTP and HTTPS as IIS does, with Exchange's health pages
// on port 443.
package web

import (
	"context"
	"crypto/tls"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"time"

	"postpatch/probes/lab/conns"
	"postpatch/probes/lab/estate"
	"postpatch/probes/lab/exchange"
)

// Stall is a fault of the web alone: the headers come, announce a body, and
// nothing follows.
const Stall estate.Fault = "stall"

// The ports of Exchange: its front end with TLS and in clear, and its back end.
const (
	exchangePort = 443
	clearPort    = 80
	backEndPort  = 444
)

// Server is the web server of one port. New makes one.
type Server struct {
	host  func() estate.Host
	certs func(estate.TLS) (*tls.Certificate, error)
	port  int
	group *conns.Group
	http  *http.Server
	feed  *feed

	exchange   *exchange.Server
	powerShell http.Handler // nil for none
	conn       func(context.Context, net.Conn) context.Context
}

// New returns a server that answers as host() says of the given port at the time
// of each connection and request, whatever port its listener really has.
func New(host func() estate.Host, certs func(estate.TLS) (*tls.Certificate, error), port int) *Server {
	s := &Server{host: host, certs: certs, port: port, group: conns.New(), exchange: exchange.New(host)}
	s.feed = &feed{conns: make(chan net.Conn), closed: make(chan struct{})}
	s.http = &http.Server{
		Handler:           http.HandlerFunc(s.serveHTTP),
		ConnContext:       s.connection,
		BaseContext:       func(net.Listener) context.Context { return s.group.Context() },
		ReadHeaderTimeout: time.Minute,
		IdleTimeout:       2 * time.Minute, // as IIS
		MaxHeaderBytes:    16 << 10,        // as HTTP.sys
		ErrorLog:          log.New(io.Discard, "", 0),
		TLSConfig:         &tls.Config{NextProtos: protocols(), MinVersion: tls.VersionTLS12},
	}
	return s
}

// PowerShell lets h answer in the virtual directories of PowerShell that the
// host has, before Serve, and returns the server.
//
// Who was authenticated belongs to a connection, so h has a say in its context.
func (s *Server) PowerShell(h http.Handler, conn func(context.Context, net.Conn) context.Context) *Server {
	s.powerShell, s.conn = h, conn
	return s
}

// Exchange lets e answer for Exchange in place of one that is made anew with this
// server, before Serve, and returns the server.
func (s *Server) Exchange(e *exchange.Server) *Server {
	s.exchange = e
	return s
}

// connection makes places for what is known of a connection.
func (s *Server) connection(ctx context.Context, conn net.Conn) context.Context {
	var bindings []byte
	if secure, ok := conn.(*tls.Conn); ok {
		if held, ok := secure.NetConn().(*heldConn); ok {
			bindings = held.bindings
		}
	}
	ctx = exchange.Connection(ctx, bindings)
	if s.conn != nil {
		ctx = s.conn(ctx, conn)
	}
	return ctx
}

func protocols() []string { return []string{"h2", "http/1.1"} }

// Serve answers until Close.
func (s *Server) Serve(ln net.Listener) error {
	s.feed.addr = ln.Addr()
	s.group.Go(func(context.Context) { _ = s.http.Serve(s.feed) })
	return s.group.Serve(ln, s.serveConn)
}

// Close ends all connections and goroutines.
func (s *Server) Close() error {
	_ = s.http.Close()
	return s.group.Close()
}

// serveConn plays the faults that come before HTTP, then hands the connection to
// the HTTP server and waits until that is done with it.
func (s *Server) serveConn(ctx context.Context, conn net.Conn) {
	v := s.view()
	switch v.connFault() {
	case estate.Drop, estate.Refuse:
		return
	case estate.Silent:
		conns.Mute(conn)
		return
	case estate.Garbage:
		_, _ = conn.Write(conns.Noise(512))
		return
	default: // the other faults come with the answer
	}
	held := &heldConn{Conn: conn, closed: make(chan struct{})}
	ready := net.Conn(held)
	if v.tls != nil {
		cert, err := s.certs(*v.tls)
		if err != nil {
			return
		}
		held.bindings = exchange.Bindings(cert)
		secure := tls.Server(held, &tls.Config{
			Certificates: []tls.Certificate{*cert}, NextProtos: protocols(), MinVersion: tls.VersionTLS12,
		})
		hello, cancel := context.WithTimeout(ctx, time.Minute)
		defer cancel()
		if err := secure.HandshakeContext(hello); err != nil {
			return
		}
		ready = secure
	}
	select {
	case s.feed.conns <- ready:
	case <-ctx.Done():
		return
	}
	select {
	case <-held.closed:
	case <-ctx.Done():
	}
}

// feed is the listener that the HTTP server accepts from.
type feed struct {
	conns  chan net.Conn
	addr   net.Addr
	once   sync.Once
	closed chan struct{}
}

// Accept implements net.Listener.
func (f *feed) Accept() (net.Conn, error) {
	select {
	case conn := <-f.conns:
		return conn, nil
	case <-f.closed:
		return nil, http.ErrServerClosed
	}
}

// Close implements net.Listener; the group closes the real one.
func (f *feed) Close() error {
	f.once.Do(func() { close(f.closed) })
	return nil
}

// Addr implements net.Listener.
func (f *feed) Addr() net.Addr { return f.addr }

// heldConn tells when it was closed.
type heldConn struct {
	net.Conn
	bindings []byte // to our certificate; nil without TLS
	once     sync.Once
	closed   chan struct{}
}

// Close implements net.Conn.
func (c *heldConn) Close() error {
	c.once.Do(func() { close(c.closed) })
	return c.Conn.Close()
}
