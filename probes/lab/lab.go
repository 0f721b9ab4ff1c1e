// Package lab runs a simulated estate: every host of an estate file on a
// loopback address of its own, with real servers for every protocol.
package lab

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"postpatch/probes"
	"postpatch/probes/lab/estate"
	"postpatch/probes/lab/exchange"
	"postpatch/probes/lab/mail"
	"postpatch/probes/lab/wsman"
)

// Options say how a lab runs.
type Options struct {
	// RealPorts listens on the protocols' own ports, which takes privileges;
	// otherwise the system chooses them and Routes leads there.
	RealPorts bool
	State     string // to start in; the estate's first when empty
	Control   string // where the control server listens; 127.0.0.1:0 when empty
}

// Lab is a running estate. Its methods may be called at the same time.
type Lab struct {
	estate   *estate.Estate
	options  Options
	now      atomic.Pointer[scene]
	machines []*machine
	routes   probes.Routes
	ca       *authority
	control  *controlServer
	domain   *domain     // nil without a realm
	part     uint32      // of the estate's network, in which the hosts are
	claims   []io.Closer // what keeps other labs out of it
	stop     func() bool // of watching Start's ctx

	mu      sync.Mutex // one switch at a time
	closed  bool
	running sync.WaitGroup
}

// scene is the estate in one state.
type scene struct {
	state string
	hosts []estate.Host
}

// ErrUnknownState is wrapped by the error of a switch to a state that the
// estate has not.
var ErrUnknownState = errors.New("unknown state")

// Stats counts what reached one host.
type Stats struct {
	Connections map[string]int `json:"connections"` // by "tcp/1433", the ports as clients know them
	WinRM       wsman.Stats    `json:"winrm"`
	// Exchange is nil for a host without.
	Exchange *exchange.Stats `json:"exchange,omitempty"`
}

// Start listens for all hosts of the estate, until Close or the end of ctx.
func Start(ctx context.Context, e *estate.Estate, options Options) (*Lab, error) {
	ca, err := newAuthority()
	if err != nil {
		return nil, fmt.Errorf("making the lab's CA: %w", err)
	}
	options.State = cmp.Or(options.State, e.States()[0])
	l := &Lab{estate: e, options: options, ca: ca, routes: probes.Routes{}, stop: func() bool { return true }}
	hosts := e.Hosts(options.State)
	if hosts == nil {
		return nil, fmt.Errorf("starting the lab: %w %q", ErrUnknownState, options.State)
	}
	l.now.Store(&scene{options.State, hosts})
	if err := l.startDomain(ctx, hosts); err != nil {
		return nil, err
	}
	if !options.RealPorts { // which are not the system's to hand out
		l.claim(ctx)
	}
	var scenes [][]estate.Host
	for _, state := range e.States() {
		scenes = append(scenes, e.Hosts(state))
	}
	for i := range hosts {
		m := l.machine(i, scenes)
		l.machines = append(l.machines, m)
		if err := m.bind(ctx, l); err != nil {
			_ = l.Close()
			return nil, fmt.Errorf("starting %s: %w", hosts[i].Name, err)
		}
		l.route(m, hosts[i])
	}
	l.control, err = l.startControl(ctx)
	if err != nil {
		_ = l.Close()
		return nil, err
	}
	l.stop = context.AfterFunc(ctx, func() { _ = l.shutDown() })
	return l, nil
}

// machine makes the i-th host with a door for every port that it has in any of
// the states' scenes.
func (l *Lab) machine(i int, scenes [][]estate.Host) *machine {
	m := &machine{address: l.address(i), clients: x509.NewCertPool(), mail: mail.NewStore()}
	m.sql = func(at func() estate.Host) server { return l.sqlServer(m, at) }
	m.clients.AddCert(l.ca.cert)
	m.status = l.ca.status
	m.host = func() estate.Host { return l.now.Load().hosts[i] }
	m.kdc = l.controllerOf(m.host)
	m.certs = func(t estate.TLS) (*tls.Certificate, error) { return l.ca.certificate(m.host(), t) }
	for _, hosts := range scenes {
		m.addDoors(hosts[i])
	}
	m.tickets = l.acceptors(m.host())
	if m.winrm != nil {
		m.winrm.Kerberos = l.tickets(m.host(), m.host)
	}
	if m.exchange != nil {
		m.exchange.Kerberos = l.exchangeTickets(m.host())
	}
	return m
}

// route enters all names that lead to a host.
func (l *Lab) route(m *machine, h estate.Host) {
	route := probes.Route{Address: m.address, Ports: map[string]string{}}
	for _, d := range m.doors {
		route.Ports[d.key] = d.address
	}
	names := namesOf(h)
	if m.own {
		names = append(names, m.address)
	}
	for _, name := range names {
		name = strings.ToLower(strings.TrimSuffix(name, "."))
		if _, taken := l.routes[name]; !taken {
			l.routes[name] = route
		}
	}
}

// Routes leads from the hosts' names, and from the ports that their protocols
// have, to where the lab listens. They stay the same in all states.
func (l *Lab) Routes() probes.Routes { return maps.Clone(l.routes) }

// State returns the name of the state that the estate is in.
func (l *Lab) State() string { return l.now.Load().state }

// Switch puts all hosts into another state at once. A host that goes off, or
// refuses, drops its connections; so does one whose boot time changes. The
// error tells of ports that could not be listened on again.
func (l *Lab) Switch(state string) error {
	hosts := l.estate.Hosts(state)
	if hosts == nil {
		return fmt.Errorf("switching the lab: %w %q: want one of %s",
			ErrUnknownState, state, strings.Join(l.estate.States(), ", "))
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return errors.New("switching the lab: it is closed")
	}
	before := l.now.Swap(&scene{state, hosts})
	var problems []error
	if err := l.register(hosts); err != nil {
		problems = append(problems, err)
	}
	for i, m := range l.machines {
		if !before.hosts[i].OS.Boot.Equal(hosts[i].OS.Boot) {
			m.dropConnections()
		}
		if err := m.settle(l, hosts[i]); err != nil {
			problems = append(problems, fmt.Errorf("switching %s: %w", hosts[i].Name, err))
		}
	}
	return errors.Join(problems...)
}

// Stats returns what was counted for a host, by its name; zero for no host of
// the estate.
func (l *Lab) Stats(host string) Stats {
	i := slices.IndexFunc(l.now.Load().hosts, func(h estate.Host) bool { return strings.EqualFold(h.Name, host) })
	if i < 0 || i >= len(l.machines) {
		return Stats{}
	}
	return l.machines[i].stats()
}

// CA returns the certificate that signed all of the lab's, as PEM.
func (l *Lab) CA() []byte { return slices.Clone(l.ca.pem) }

// ClientCertificate returns a certificate of the lab's CA and its key, as PEM,
// with which a client is the user on every host that takes certificates and has
// that account, whatever domain stands in front of its name.
func (l *Lab) ClientCertificate(user string) (certPEM, keyPEM []byte, err error) {
	return l.ca.client(user)
}

// Close ends every listener, connection and goroutine of the lab. A second call
// does nothing.
func (l *Lab) Close() error {
	l.stop()
	return l.shutDown()
}

func (l *Lab) shutDown() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil
	}
	l.closed = true
	var problems []error
	if l.control != nil {
		problems = append(problems, l.control.close())
	}
	if l.domain != nil {
		problems = append(problems, l.domain.close())
	}
	for _, m := range l.machines {
		m.close()
	}
	l.running.Wait()
	problems = append(problems, release(l.claims))
	return errors.Join(problems...)
}

// listen opens a door at its address; the first time, that is where the system
// puts it. Where a host's own address cannot be had, as on macOS, it shares
// 127.0.0.1 with the others.
func (l *Lab) listen(ctx context.Context, network, address string) (io.Closer, net.Addr, error) {
	var config net.ListenConfig
	if network == "udp" {
		pc, err := config.ListenPacket(ctx, network, address)
		if err != nil {
			return nil, nil, err
		}
		return pc, pc.LocalAddr(), nil
	}
	ln, err := config.Listen(ctx, network, address)
	if err != nil {
		return nil, nil, err
	}
	return ln, ln.Addr(), nil
}
