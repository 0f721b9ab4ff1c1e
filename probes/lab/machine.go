package lab

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"sync"

	xssh "golang.org/x/crypto/ssh"

	"postpatch/probes/lab/estate"
	"postpatch/probes/lab/exchange"
	"postpatch/probes/lab/kerberos"
	"postpatch/probes/lab/mail"
	"postpatch/probes/lab/secure"
	"postpatch/probes/lab/wsman"
)

// machine is one host: a door for each of its ports, and what is behind them.
type machine struct {
	address string
	own     bool // the address is no other machine's
	host    func() estate.Host
	certs   func(estate.TLS) (*tls.Certificate, error)
	status  secure.Status
	clients *x509.CertPool // who signs clients' certificates
	doors   []*door
	winrm   *wsman.Server // nil when no state has it
	hostKey xssh.Signer   // of SSH; nil when no state has it
	sql     func(at func() estate.Host) server
	kdc     *kerberos.KDC                                       // nil without a realm
	tickets func(policy string) func([]byte) *kerberos.Acceptor // nil without a realm
	mail    *mail.Store                                         // what is in its mailboxes, whatever state it is in
	// exchange is nil when no state has it.
	exchange *exchange.Server
}

// door is one port of a machine.
type door struct {
	key     string // "tcp/5985", as clients know it
	address string // where it is really listened on
	isOpen  func(estate.Host) bool
	behind  handler

	mu       sync.Mutex
	listener io.Closer // nil while closed
	accepted int
	conns    map[net.Conn]struct{}
}

// handler is what answers behind a door.
type handler interface{ Serve(net.Listener) error }

// packetHandler is what answers behind a door for UDP.
type packetHandler interface{ ServePacket(net.PacketConn) error }

// server is what the protocols' packages have in common.
type server interface {
	handler
	Close() error
}

// add makes a door unless it is there already, from another state.
func (m *machine) add(key string, isOpen func(estate.Host) bool, behind handler) {
	if slices.ContainsFunc(m.doors, func(d *door) bool { return d.key == key }) {
		return
	}
	m.doors = append(m.doors, &door{key: key, isOpen: isOpen, behind: behind, conns: map[net.Conn]struct{}{}})
}

// bind listens on all doors once, so that each has its address for good, and
// leaves open those that the host has open now.
func (m *machine) bind(ctx context.Context, l *Lab) error {
	address := m.address
	m.own = true
	if _, probe, err := l.probe(ctx, address); err != nil {
		address, m.own = probe, false
	}
	m.address = address
	var shut []io.Closer // until each door has its port, so that no two have the same
	defer func() {
		for _, ln := range shut {
			_ = ln.Close()
		}
	}()
	for _, d := range m.doors {
		network, port, _ := strings.Cut(d.key, "/")
		if !l.options.RealPorts {
			port = "0"
		}
		ln, at, err := l.listen(ctx, network, net.JoinHostPort(address, port))
		if err != nil {
			return err
		}
		d.address = at.String()
		if l.open(m.host(), d) {
			d.start(l, ln)
		} else {
			shut = append(shut, ln)
		}
	}
	return nil
}

// probe sees whether an address can be listened on here; if not, 127.0.0.1 can.
func (l *Lab) probe(ctx context.Context, address string) (ok bool, instead string, err error) {
	ln, _, err := l.listen(ctx, "tcp", net.JoinHostPort(address, "0"))
	if err != nil {
		return false, "127.0.0.1", err
	}
	return true, "", ln.Close()
}

// open says whether a host has a door open.
func (l *Lab) open(h estate.Host, d *door) bool { return h.Power != "off" && d.isOpen(h) }

// settle opens and closes doors as the host's state wants it.
func (m *machine) settle(l *Lab, h estate.Host) error {
	var problems []error
	for _, d := range m.doors {
		d.mu.Lock()
		isOpen := d.listener != nil
		d.mu.Unlock()
		switch want := l.open(h, d); {
		case isOpen && !want:
			d.shut()
		case !isOpen && want:
			network, _, _ := strings.Cut(d.key, "/")
			ln, _, err := l.listen(context.Background(), network, d.address)
			if err != nil {
				problems = append(problems, err)
				continue
			}
			d.start(l, ln)
		}
	}
	return errors.Join(problems...)
}

// start serves a door until its listener is closed.
func (d *door) start(l *Lab, ln io.Closer) {
	d.mu.Lock()
	d.listener = ln
	d.mu.Unlock()
	l.running.Go(func() {
		// It ends when the listener is closed; there is nobody to tell why.
		switch ln := ln.(type) {
		case net.PacketConn:
			_ = d.behind.(packetHandler).ServePacket(ln) // as addDoors made it
		case net.Listener:
			_ = d.behind.Serve(counted{ln, d})
		}
	})
}

// shut closes the listener and every connection that came through it.
func (d *door) shut() {
	d.mu.Lock()
	ln := d.listener
	d.listener = nil
	d.mu.Unlock()
	if ln != nil {
		_ = ln.Close()
	}
	d.dropConnections()
}

func (d *door) dropConnections() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for conn := range d.conns {
		// As a machine that went away: without a last word.
		if t, ok := conn.(counting); ok {
			if t, ok := t.Conn.(*net.TCPConn); ok {
				_ = t.SetLinger(0)
			}
			_ = t.Conn.Close()
		}
	}
	clear(d.conns)
}

func (m *machine) dropConnections() {
	for _, d := range m.doors {
		d.dropConnections()
	}
}

func (m *machine) close() {
	for _, d := range m.doors {
		d.shut()
	}
	if m.winrm != nil {
		_ = m.winrm.Close()
	}
}

func (m *machine) stats() Stats {
	s := Stats{Connections: map[string]int{}}
	for _, d := range m.doors {
		d.mu.Lock()
		if strings.HasPrefix(d.key, "tcp") {
			s.Connections[d.key] = d.accepted
		}
		d.mu.Unlock()
	}
	if m.winrm != nil {
		s.WinRM = m.winrm.Stats()
	}
	if m.exchange != nil {
		counted := m.exchange.Stats()
		s.Exchange = &counted
	}
	return s
}

// counted is a listener that remembers its connections.
type counted struct {
	net.Listener
	door *door
}

// Accept implements net.Listener.
func (c counted) Accept() (net.Conn, error) {
	conn, err := c.Listener.Accept()
	if err != nil {
		return nil, err
	}
	known := counting{conn, c.door}
	c.door.mu.Lock()
	defer c.door.mu.Unlock()
	if c.door.listener != io.Closer(c.Listener) {
		_ = conn.Close()
		return nil, net.ErrClosed
	}
	c.door.accepted++
	c.door.conns[known] = struct{}{}
	return known, nil
}

// counting is a connection that is forgotten when it is closed.
type counting struct {
	net.Conn
	door *door
}

// Close implements net.Conn.
func (c counting) Close() error {
	c.door.mu.Lock()
	delete(c.door.conns, c)
	c.door.mu.Unlock()
	return c.Conn.Close()
}
