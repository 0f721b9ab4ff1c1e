package lab

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"

	"postpatch/probes/lab/conns"
	"postpatch/probes/lab/estate"
	"postpatch/probes/lab/nameserver"
	"postpatch/probes/lab/wsman"
)

type tlsCertificate = tls.Certificate

// machine is one host: its servers, and a door for each of its ports.
type machine struct {
	address string
	own     bool // the address is no other machine's
	host    func() estate.Host
	certs   func(estate.TLS) (*tlsCertificate, error)
	doors   []*door
	servers []io.Closer
	winrm   *wsman.Server
}

// door is one port of a machine.
type door struct {
	key     string // "tcp/5985", as clients know it
	address string // where it is really listened on
	isOpen  func(estate.Host) bool
	serve   func(net.Listener) error
	packets func(net.PacketConn) error // of a udp door

	mu       sync.Mutex
	listener io.Closer // nil while closed
	accepted int
	conns    map[net.Conn]struct{}
}

// server is what the protocols' packages have in common.
type server interface {
	Serve(net.Listener) error
	Close() error
}

// add makes a door unless it is there already, from another state.
func (m *machine) add(key string, isOpen func(estate.Host) bool, make func() server) {
	if slices.ContainsFunc(m.doors, func(d *door) bool { return d.key == key }) {
		return
	}
	s := make()
	if !slices.Contains(m.servers, io.Closer(s)) {
		m.servers = append(m.servers, s)
	}
	d := &door{key: key, isOpen: isOpen, serve: s.Serve, conns: map[net.Conn]struct{}{}}
	if packets, ok := s.(interface{ ServePacket(net.PacketConn) error }); ok {
		d.packets = packets.ServePacket
	}
	m.doors = append(m.doors, d)
}

// addDoors makes the doors that a host has in one state.
func (m *machine) addDoors(h estate.Host) {
	if h.WinRM != nil {
		m.addWinRM()
	}
	if h.DNS != nil {
		isOpen := func(h estate.Host) bool { return h.DNS != nil && h.DNS.Fault != estate.Refuse }
		names := nameserver.New(m.host, m.certs)
		m.add("udp/53", isOpen, func() server { return names })
		m.add("tcp/53", isOpen, func() server { return names })
	}
	for port := range h.TCP {
		isOpen := func(h estate.Host) bool { _, open := h.TCP[port]; return open }
		m.add(tcp(port), isOpen, func() server { return &bannerServer{conns.New(), m.host, port} })
	}
}

func (m *machine) addWinRM() {
	if m.winrm == nil {
		m.winrm = wsman.New(m.host, m.certs)
	}
	// A Windows without a listener for TLS has the one on 5985.
	m.add(tcp(5985), func(h estate.Host) bool {
		return h.WinRM != nil && h.WinRM.Fault != estate.Refuse && (h.WinRM.Plain || !h.WinRM.TLS)
	}, func() server { return m.winrm })
	m.add(tcp(5986), func(h estate.Host) bool {
		return h.WinRM != nil && h.WinRM.Fault != estate.Refuse && h.WinRM.TLS
	}, func() server { return winrmTLS{m.winrm} })
}

func tcp(port int) string { return "tcp/" + strconv.Itoa(port) }

// winrmTLS is the WinRM server on its other port.
type winrmTLS struct{ *wsman.Server }

// Serve implements server.
func (w winrmTLS) Serve(ln net.Listener) error { return w.ServeTLS(ln) }

// bind listens on all doors once, so that each has its address for good, and
// leaves open those that the host has open now.
func (m *machine) bind(ctx context.Context, l *Lab) error {
	address := m.address
	m.own = true
	if _, probe, err := l.probe(ctx, address); err != nil {
		address, m.own = probe, false
	}
	m.address = address
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
			_ = ln.Close()
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
			_ = d.packets(ln)
		case net.Listener:
			_ = d.serve(counted{ln, d})
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
	for _, s := range m.servers {
		_ = s.Close()
	}
}

func (m *machine) stats() Stats {
	s := Stats{Connections: map[string]int{}}
	for _, d := range m.doors {
		d.mu.Lock()
		if d.packets == nil || strings.HasPrefix(d.key, "tcp") {
			s.Connections[d.key] = d.accepted
		}
		d.mu.Unlock()
	}
	if m.winrm != nil {
		s.WinRM = m.winrm.Stats()
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

// bannerServer sends one port's banner and listens to what comes, in silence.
type bannerServer struct {
	*conns.Group
	host func() estate.Host
	port int
}

// Serve implements server.
func (b *bannerServer) Serve(ln net.Listener) error {
	return b.Group.Serve(ln, func(ctx context.Context, conn net.Conn) {
		h := b.host()
		if !conns.Wait(ctx, h.Think) {
			return
		}
		if _, err := io.WriteString(conn, cmp.Or(h.TCP[b.port], "")); err == nil {
			conns.Mute(conn)
		}
	})
}
