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
	refuses, drops    int
	refuser, listener int // sockets
	waiting           []net.Conn
}

func newDead(ctx context.Context) (*dead, error) {
	d := &dead{refuser: -1, listener: -1}
	err := d.refuse()
	if err == nil {
		err = d.drop(ctx)
	}
	if err != nil {
		d.close()
		return nil, err
	}
	return d, nil
}

// refuse takes a port on which nobody listens, and keeps it, so that nobody else does.
func (d *dead) refuse() (err error) {
	d.refuser, d.refuses, err = bound()
	return err
}

// drop listens with no room for anybody who waits to be let in, and fills that.
func (d *dead) drop(ctx context.Context) error {
	var err error
	d.listener, d.drops, err = bound()
	if err != nil {
		return err
	}
	if err := syscall.Listen(d.listener, 0); err != nil {
		return err
	}
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(d.drops)))
	if err != nil {
		return err
	}
	d.waiting = append(d.waiting, conn)
	return nil
}

// bound makes a socket with a port of its own at all addresses. It is -1, or to be
// closed, also when there is an error.
func bound() (socket, port int, err error) {
	socket, err = syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, 0, err
	}
	if err := syscall.Bind(socket, &syscall.SockaddrInet4{}); err != nil {
		return socket, 0, err
	}
	name, err := syscall.Getsockname(socket)
	if err != nil {
		return socket, 0, err
	}
	return socket, name.(*syscall.SockaddrInet4).Port, nil // as it was bound
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
	for _, socket := range []int{d.refuser, d.listener} {
		if socket >= 0 {
			_ = syscall.Close(socket)
		}
	}
}
