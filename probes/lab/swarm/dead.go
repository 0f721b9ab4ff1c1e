//go:build linux

package swarm

import (
	"context"
	"net"
	"strconv"
	"syscall"

	"postpatch/probes"
)

// dead is where hosts are that do not answer: a port on which nobody listens, and
// one that takes no further connection, so that the system drops whatever asks
// for one.
type dead struct {
	refuses, drops int
	listener       int // a socket
	waiting        []net.Conn
}

func newDead(ctx context.Context) (*dead, error) {
	d := &dead{listener: -1}
	var config net.ListenConfig
	ln, err := config.Listen(ctx, "tcp4", "0.0.0.0:0")
	if err != nil {
		return nil, err
	}
	d.refuses = ln.Addr().(*net.TCPAddr).Port
	if err := ln.Close(); err != nil {
		return nil, err
	}
	if err := d.drop(ctx); err != nil {
		d.close()
		return nil, err
	}
	return d, nil
}

// drop listens with no room for anybody who waits to be let in, and fills that.
func (d *dead) drop(ctx context.Context) error {
	var err error
	d.listener, err = syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		return err
	}
	if err := syscall.Bind(d.listener, &syscall.SockaddrInet4{}); err != nil {
		return err
	}
	if err := syscall.Listen(d.listener, 0); err != nil {
		return err
	}
	name, err := syscall.Getsockname(d.listener)
	if err != nil {
		return err
	}
	d.drops = name.(*syscall.SockaddrInet4).Port // as it was bound
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(d.drops)))
	if err != nil {
		return err
	}
	d.waiting = append(d.waiting, conn)
	return nil
}

// route leads all ports of a dead host to where it is dead.
func (d *dead) route(p Profile, ports Ports) probes.Route {
	port := d.refuses
	if p.Death == Drops {
		port = d.drops
	}
	to := net.JoinHostPort(p.Address.String(), strconv.Itoa(port))
	r := probes.Route{Address: p.Address.String(), Ports: map[string]string{}}
	for _, own := range append([]int{ports.WinRM, ports.Web}, ports.Banner...) {
		r.Ports["tcp/"+strconv.Itoa(own)] = to
	}
	if p.Death == Refuses { // of one that drops, the name server is mute
		r.Ports["udp/"+strconv.Itoa(ports.DNS)] = to
	}
	return r
}

func (d *dead) close() {
	for _, conn := range d.waiting {
		_ = conn.Close()
	}
	if d.listener >= 0 {
		_ = syscall.Close(d.listener)
	}
}
