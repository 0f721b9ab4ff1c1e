//go:build linux

package swarm

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"postpatch/probes"
	"postpatch/probes/lab/conns"
	"postpatch/probes/lab/wsman"
)

// Options say what a swarm is of.
type Options struct {
	Seed
	Services int // of each host, at least those of Windows
	Updates  int
}

// Swarm is a running swarm. Its methods may be called at the same time.
type Swarm struct {
	model *model
	kept  *wsman.Kept
	group *conns.Group
	state atomic.Pointer[string]
	print atomic.Pointer[map[string]string]
	ports Ports
	dead  *dead
	stats counters

	mu    sync.Mutex
	hosts map[int]*machine // that somebody talks to
}

// Ports are where all hosts listen.
type Ports struct {
	WinRM  int   `json:"winrm"`
	Web    int   `json:"web"`
	DNS    int   `json:"dns"`    // UDP
	Banner []int `json:"banner"` // that greet and say no more
}

const banners = 2

// Start listens, until Close.
func Start(ctx context.Context, o Options) (*Swarm, error) {
	m, err := newModel(o)
	if err != nil {
		return nil, fmt.Errorf("making a swarm: %w", err)
	}
	s := &Swarm{model: m, kept: &wsman.Kept{Alike: alike}, group: conns.New(), hosts: map[int]*machine{}}
	s.Switch(Before)
	if err := s.start(ctx); err != nil {
		_ = s.Close()
		return nil, fmt.Errorf("starting a swarm: %w", err)
	}
	return s, nil
}

func (s *Swarm) start(ctx context.Context) error {
	var err error
	if s.ports.WinRM, err = s.serveHTTP(ctx, s.winrm); err != nil {
		return err
	}
	if s.ports.Web, err = s.serveHTTP(ctx, s.web); err != nil {
		return err
	}
	for range banners {
		port, err := s.serveBanner(ctx)
		if err != nil {
			return err
		}
		s.ports.Banner = append(s.ports.Banner, port)
	}
	if s.ports.DNS, err = s.serveDNS(ctx); err != nil {
		return err
	}
	s.dead, err = newDead(ctx)
	return err
}

// Ports returns where all hosts listen.
func (s *Swarm) Ports() Ports { return s.ports }

// Profile returns the host of an index.
func (s *Swarm) Profile(i int) Profile { return s.model.seed.Profile(i) }

// Routes lead the hosts' names to their addresses, and those of hosts that refuse or
// drop to where nothing listens.
func (s *Swarm) Routes() probes.Routes {
	routes := probes.Routes{}
	for i := range s.model.seed.Hosts {
		p := s.Profile(i)
		routes[p.Name] = probes.Route{Address: p.Address.String()}
		if p.Death == Refuses || p.Death == Drops {
			routes[p.Name] = s.dead.route(p, s.ports)
		}
	}
	return routes
}

// Switch puts all hosts into a state. Whoever is talked to stays as it is until its
// connections end.
func (s *Swarm) Switch(state string) { s.state.Store(&state) }

// Print says what all hosts' PowerShell prints, see estate.Host.Prints. Whoever is
// talked to stays as it is until its connections end.
func (s *Swarm) Print(scripts map[string]string) { s.print.Store(&scripts) }

// Close ends all that the swarm serves.
func (s *Swarm) Close() error {
	err := s.group.Close()
	if s.dead != nil {
		s.dead.close()
	}
	return err
}

// machine is a host while somebody talks to it.
type machine struct {
	profile Profile
	winrm   *wsman.Server
	calls   int          // connections to it, under the swarm's lock
	asked   atomic.Int64 // requests over HTTP
}

// called makes the host of an address, or finds it.
func (s *Swarm) called(at net.Addr) *machine {
	i := indexOf(addressOf(at))
	if i < 0 || i >= s.model.seed.Hosts {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.hosts[i]
	if m == nil {
		state := *s.state.Load()
		p := s.Profile(i)
		h := s.model.host(p, state)
		if scripts := s.print.Load(); scripts != nil {
			h.Prints = *scripts
		}
		m = &machine{profile: p.In(state), winrm: wsman.New(fixed(h), nil)}
		m.winrm.Kept = s.kept
		s.hosts[i] = m
		s.stats.hosts.Add(1)
	}
	m.calls++
	return m
}

// left forgets a host that nobody talks to any longer, but not what it counted: who
// sees none living sees all messages.
func (s *Swarm) left(m *machine) {
	s.mu.Lock()
	m.calls--
	last := m.calls == 0
	if last {
		s.stats.add(m.winrm.Stats())
		delete(s.hosts, m.profile.Index)
	}
	s.mu.Unlock()
	if last {
		_ = m.winrm.Close()
	}
}

func addressOf(at net.Addr) netip.Addr {
	if parsed, err := netip.ParseAddrPort(at.String()); err == nil {
		return parsed.Addr()
	}
	return netip.IPv4Unspecified()
}

// listen opens a port on all addresses.
func (s *Swarm) listen(ctx context.Context) (net.Listener, int, error) {
	var config net.ListenConfig
	ln, err := config.Listen(ctx, "tcp4", "0.0.0.0:0")
	if err != nil {
		return nil, 0, err
	}
	return counted{ln, &s.stats}, ln.Addr().(*net.TCPAddr).Port, nil
}

// serveHTTP serves HTTP on a port of its own.
func (s *Swarm) serveHTTP(ctx context.Context, handle http.HandlerFunc) (port int, err error) {
	ln, port, err := s.listen(ctx)
	if err != nil {
		return 0, err
	}
	server := &http.Server{
		Handler: handle, ReadHeaderTimeout: time.Minute, ErrorLog: quiet(),
		BaseContext: func(net.Listener) context.Context { return s.group.Context() },
		ConnContext: s.connection, ConnState: s.connState,
	}
	s.group.Keep(server)
	s.group.Go(func(context.Context) { _ = server.Serve(ln) })
	return port, nil
}
