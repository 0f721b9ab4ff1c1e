package lab

import (
	"cmp"
	"context"
	"io"
	"maps"
	"net"
	"slices"
	"strconv"

	"postpatch/probes/lab/conns"
	"postpatch/probes/lab/estate"
	"postpatch/probes/lab/nameserver"
	"postpatch/probes/lab/rpc"
	"postpatch/probes/lab/web"
	"postpatch/probes/lab/wsman"
)

// addDoors makes the doors that a host has in one state.
func (m *machine) addDoors(h estate.Host) {
	if h.WinRM != nil {
		m.addWinRM()
	}
	if h.SSH != nil {
		m.addSSH()
	}
	if h.DNS != nil {
		isOpen := func(h estate.Host) bool { return h.DNS != nil && h.DNS.Fault != estate.Refuse }
		m.add("udp/53", isOpen, fresh{func() server { return nameserver.New(m.host, m.certs) }})
		m.add("tcp/53", isOpen, fresh{func() server { return nameserver.New(m.host, m.certs) }})
	}
	if h.KDC != nil {
		m.addKDC()
	}
	m.addRPC(h)
	m.addSQL(h)
	if h.SMTP != nil {
		m.addSMTP(h)
	}
	if h.SMB != nil {
		m.addSMB()
	}
	if h.LDAP != nil {
		m.addLDAP(h)
	}
	if h.Mail != nil {
		m.addMailboxes()
	}
	for _, site := range h.HTTP {
		m.addWeb(sitePort(site))
	}
	m.addExchange(h)
	m.addNetwork(h)
	m.addScripted(h)
	if h.Directory("") {
		m.addWeb(80)
		m.addWeb(443)
	}
	m.addSecure(h)
	for port := range h.TCP {
		isOpen := func(h estate.Host) bool { _, open := h.TCP[port]; return open }
		m.add(tcp(port), isOpen, fresh{func() server { return &bannerServer{conns.New(), m.host, port} }})
	}
}

func (m *machine) addWinRM() {
	if m.winrm == nil {
		m.winrm = wsman.New(m.host, m.certs)
		m.winrm.ClientCAs = m.clients
	}
	// A Windows without a listener for TLS has the one on 5985.
	m.add(tcp(5985), func(h estate.Host) bool {
		return h.WinRM != nil && h.WinRM.Fault != estate.Refuse && (h.WinRM.Plain || h.WinRM.HTTP || !h.WinRM.TLS)
	}, m.winrm)
	m.add(tcp(5986), func(h estate.Host) bool {
		return h.WinRM != nil && h.WinRM.Fault != estate.Refuse && h.WinRM.TLS
	}, winrmTLS{m.winrm})
}

// addWeb makes the door of a web server: a site's, Exchange's, or that of both.
func (m *machine) addWeb(port int) {
	m.add(tcp(port), func(h estate.Host) bool {
		for _, site := range h.HTTP {
			if sitePort(site) == port {
				return site.Fault != estate.Refuse
			}
		}
		if isExchangePort(port) && h.Exchange != nil {
			return h.Exchange.Fault != estate.Refuse
		}
		return (port == 80 || port == 443) && h.Directory("")
	}, fresh{func() server { return m.web(port) }})
}

// web makes the web server of a port, in which WinRM answers for PowerShell.
func (m *machine) web(port int) server {
	s := web.New(m.host, m.certs, port)
	if m.exchange != nil {
		s.Exchange(m.exchange)
	}
	if m.winrm != nil {
		s.PowerShell(m.winrm.Directories(), wsman.Connection)
	}
	return s
}

// addRPC makes the doors of the endpoint mapper, and of each port that an interface has.
func (m *machine) addRPC(h estate.Host) {
	if h.RPC == nil {
		return
	}
	ports := map[int]bool{rpc.Port: true}
	for _, i := range h.RPC.Interfaces {
		ports[i.Port] = true
	}
	for _, port := range slices.Sorted(maps.Keys(ports)) {
		m.add(tcp(port), func(h estate.Host) bool { return rpc.IsOpen(h, port) },
			fresh{func() server { return rpc.New(m.host, port) }})
	}
}

func sitePort(site estate.Site) int {
	if site.Port == 0 && site.TLS != nil {
		return 443
	}
	return cmp.Or(site.Port, 80)
}

func tcp(port int) string { return "tcp/" + strconv.Itoa(port) }

// winrmTLS is the WinRM server on its other port.
type winrmTLS struct{ *wsman.Server }

// Serve implements handler.
func (w winrmTLS) Serve(ln net.Listener) error { return w.ServeTLS(ln) }

// fresh makes a new server each time its door opens: what belongs to the old
// one ends with the old listener.
type fresh struct{ make func() server }

// Serve implements handler.
func (f fresh) Serve(ln net.Listener) error {
	s := f.make()
	defer func() { _ = s.Close() }()
	return s.Serve(ln)
}

// ServePacket implements packetHandler.
func (f fresh) ServePacket(pc net.PacketConn) error {
	s := f.make()
	defer func() { _ = s.Close() }()
	return s.(packetHandler).ServePacket(pc) // as addDoors made it
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
		if _, err := io.WriteString(conn, h.TCP[b.port]); err == nil {
			conns.Mute(conn)
		}
	})
}
