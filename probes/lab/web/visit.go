package web

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"sync"

	"postpatch/probes/lab/estate"
)

// Visit is a request from a host to its own web server, over a connection that
// stays in memory.
type Visit struct {
	Host  estate.Host
	Certs func(estate.TLS) (*tls.Certificate, error)
	Port  int
	Name  string // for TLS; empty presents none
	HTTP2 bool   // whether it is offered
}

// Errors of a visit, beside those of a connection that the server ended.
var (
	ErrRefused = errors.New("nothing listens at the port")
	ErrSilent  = errors.New("the server says nothing")
	ErrTLS     = errors.New("no TLS session came about")
)

// Get returns the head of the answer to r, whose URL says whether there is TLS.
func (v Visit) Get(ctx context.Context, r *http.Request) (*http.Response, error) {
	v.Host.Think = 0 // whoever visits on the host's behalf has taken the time
	s := New(func() estate.Host { return v.Host }, v.Certs, v.Port)
	s.powerShell = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("WWW-Authenticate", "Negotiate")
		write(w, http.StatusUnauthorized, "")
	})
	seen := s.view()
	switch fault := seen.connFault(); {
	case seen.site == nil && seen.exchange == nil && !seen.powerShell, fault == estate.Refuse:
		return nil, ErrRefused
	case fault == estate.Silent, seen.requestFault(r.URL.Path) == estate.Silent:
		return nil, ErrSilent
	}
	ours, theirs := net.Pipe()
	ln := &once{conns: make(chan net.Conn, 1), closed: make(chan struct{}), addr: ours.LocalAddr()}
	ln.conns <- theirs
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = s.Serve(ln) // until Close
	}()
	defer func() {
		_ = ours.Close()
		_ = s.Close()
		<-served
	}()
	head, err := v.ask(ctx, ours, r)
	if err != nil {
		return nil, err
	}
	_ = head.Body.Close()
	return head, nil
}

func (v Visit) ask(ctx context.Context, c net.Conn, r *http.Request) (*http.Response, error) {
	transport := &http.Transport{
		DialContext:       func(context.Context, string, string) (net.Conn, error) { return c, nil },
		ForceAttemptHTTP2: v.HTTP2,
		DisableKeepAlives: !v.HTTP2,
	}
	defer transport.CloseIdleConnections()
	if r.URL.Scheme == "https" {
		config := &tls.Config{ServerName: v.Name, InsecureSkipVerify: true}
		if v.HTTP2 {
			config.NextProtos = protocols()
		}
		secured := tls.Client(c, config)
		if err := secured.HandshakeContext(ctx); err != nil {
			return nil, errors.Join(ErrTLS, err)
		}
		transport.DialTLSContext = func(context.Context, string, string) (net.Conn, error) { return secured, nil }
	}
	return transport.RoundTrip(r.WithContext(ctx))
}

// once is a listener with one connection.
type once struct {
	conns  chan net.Conn
	addr   net.Addr
	ending sync.Once
	closed chan struct{}
}

// Accept implements net.Listener.
func (l *once) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (l *once) Close() error {
	l.ending.Do(func() { close(l.closed) })
	return nil
}

// Addr implements net.Listener.
func (l *once) Addr() net.Addr { return l.addr }
