// Package wsman is a WinRM listener as Windows Server has it: WS-Management
// over HTTP with all of its ways to authenticate and its sealed messages, WQL
// queries, the command shell, and Windows' own faults and habits. It is written
// from the protocol, not from our client.
package wsman

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"maps"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"postpatch/probes/lab/estate"
)

// Server answers for one host.
type Server struct {
	// Kerberos makes the server's end of a Kerberos authentication, bound to a
	// TLS channel where bindings, the application data of RFC 5929, are not nil.
	// Neither a nil function nor one that returns nil offers Kerberos. Like
	// ClientCAs it is set before Serve.
	Kerberos func(bindings []byte) Acceptor
	// ClientCAs are trusted to sign clients' certificates; nil trusts nobody.
	ClientCAs *x509.CertPool
	// Kept is shared by the servers of hosts that are alike, which then answer a
	// payload at little cost; nil makes every answer anew. It is set before Serve.
	Kept *Kept

	host  func() estate.Host
	certs func(estate.TLS) (*tls.Certificate, error)

	ctx  context.Context // ends with Close
	stop context.CancelFunc

	mu       sync.Mutex
	closed   bool
	running  sync.WaitGroup
	servers  map[*http.Server]bool
	stats    Stats
	boot     time.Time // of the host that sessions belong to
	sessions sessions
}

// sessions is what does not outlive a reboot.
type sessions struct {
	shells       map[string]*shell
	pools        map[string]*pool
	enumerations map[string]*enumeration
}

func newSessions() sessions {
	return sessions{shells: map[string]*shell{}, pools: map[string]*pool{}, enumerations: map[string]*enumeration{}}
}

// Stats counts what clients did.
type Stats struct {
	Connections int            `json:"connections"`
	Requests    int            `json:"requests"` // over HTTP
	Messages    map[string]int `json:"messages"` // SOAP, by the last word of their action
	Sealed      int            `json:"sealed"`   // of the messages
	Open        int            `json:"open"`     // connections now
	Shells      int            `json:"shells"`   // that are open now
	Pools       int            `json:"pools"`    // of PowerShell, that are open now
	Refused     int            `json:"refused"`  // attempts to authenticate
	Printed     int            `json:"printed"`  // bytes of commands' standard output
	// Auth counts those that succeeded, by mechanism: NTLM, Kerberos, Basic,
	// Certificate. The last two are counted with every request.
	Auth map[string]int `json:"auth"`
}

// New returns a server that answers as host says at the time of each request;
// certs makes the certificate of the listener with TLS.
func New(host func() estate.Host, certs func(estate.TLS) (*tls.Certificate, error)) *Server {
	ctx, stop := context.WithCancel(context.Background())
	return &Server{
		host: host, certs: certs, ctx: ctx, stop: stop,
		servers: map[*http.Server]bool{}, sessions: newSessions(),
	}
}

// Serve answers on the listener of port 5985, until it or the server is closed.
func (s *Server) Serve(ln net.Listener) error { return s.serve(ln, nil) }

// ServeTLS answers on the listener of port 5986.
func (s *Server) ServeTLS(ln net.Listener) error { return s.serve(ln, s.tlsConfig()) }

func (s *Server) serve(ln net.Listener, config *tls.Config) error {
	server := &http.Server{
		Handler:           s,
		BaseContext:       func(net.Listener) context.Context { return s.ctx },
		ReadHeaderTimeout: 30 * time.Second,
		IdleTimeout:       2 * time.Minute, // as http.sys
		ErrorLog:          quiet(),
		ConnContext:       Connection,
		ConnState: func(_ net.Conn, state http.ConnState) {
			switch state {
			case http.StateNew:
				s.count(func(stats *Stats) { stats.Connections++; stats.Open++ })
			case http.StateClosed, http.StateHijacked:
				s.count(func(stats *Stats) { stats.Open-- })
			default: // still there
			}
		},
	}
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return errors.Join(http.ErrServerClosed, ln.Close())
	}
	s.servers[server] = true
	s.running.Add(1)
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.servers, server)
		s.mu.Unlock()
		s.running.Done()
	}()
	ln = dropping{ln, s.host}
	if config != nil {
		ln = tls.NewListener(ln, config)
	}
	err := server.Serve(ln)
	_ = server.Close()
	return err
}

// Close ends all connections, and returns when nothing of the server runs.
func (s *Server) Close() error {
	s.stop()
	s.mu.Lock()
	s.closed = true
	servers := slices.Collect(maps.Keys(s.servers))
	s.mu.Unlock()
	for _, server := range servers { // which waits for its connections to be counted
		_ = server.Close()
	}
	s.running.Wait()
	return nil
}

// Stats returns what was counted so far.
func (s *Server) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	counted := s.stats
	for _, p := range s.live().pools {
		if time.Since(p.used) <= p.idle {
			counted.Pools++
		}
	}
	counted.Messages = maps.Clone(s.stats.Messages)
	counted.Auth = maps.Clone(s.stats.Auth)
	for _, sh := range s.live().shells {
		if time.Since(sh.used) <= sh.idle {
			counted.Shells++
		}
	}
	return counted
}

func (s *Server) count(change func(*Stats)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.stats)
}

// live returns what belongs to the host since its last boot; the caller holds
// the lock. It asks the host anew, because a request may have begun before it.
func (s *Server) live() *sessions {
	if boot := s.host().OS.Boot; !boot.Equal(s.boot) {
		s.closePools()
		s.boot, s.sessions = boot, newSessions()
	}
	return &s.sessions
}

// dropping closes new connections at once while the host's fault says so.
type dropping struct {
	net.Listener
	host func() estate.Host
}

// Accept implements net.Listener.
func (d dropping) Accept() (net.Conn, error) {
	for {
		conn, err := d.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if fault := config(d.host()).Fault; fault != estate.Drop && fault != estate.Refuse {
			return conn, nil
		}
		_ = conn.Close()
	}
}

// config returns the host's WinRM with the lab's account where it has none.
func config(h estate.Host) estate.WinRM {
	if h.WinRM == nil {
		return estate.WinRM{Fault: estate.Drop}
	}
	c := *h.WinRM
	c.User, c.Password = cmp.Or(c.User, "lab"), cmp.Or(c.Password, "lab")
	return c
}
