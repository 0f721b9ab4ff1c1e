package netfaults

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"runtime"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Network is a runner's namespace, a server's, and the router between them. New makes one.
type Network struct {
	board  switchboard
	runner *side
	server *side
	calls  chan func()
	ended  chan struct{} // closed when the server's namespace is left
	work   sync.WaitGroup
}

// side is a device of the router's.
type side struct {
	tun *os.File
}

type due struct {
	at     time.Time
	packet []byte
}

// New puts a network behind the caller's own namespace, which the whole process has to be
// in, and which has to be made for that: it gets a device. The server has the addresses,
// all of 10.77.2.0/24.
func New(server ...netip.Addr) (*Network, error) {
	n := &Network{calls: make(chan func()), ended: make(chan struct{})}
	n.board.set(Healthy())
	var err error
	if n.runner, err = newSide(Runner()); err != nil {
		return nil, fmt.Errorf("making the runner's device: %w", err)
	}
	made := make(chan error, 1)
	go n.live(server, made)
	if err := <-made; err != nil {
		_ = n.runner.tun.Close()
		return nil, fmt.Errorf("making the server's namespace: %w", err)
	}
	n.work.Go(func() { n.forward(n.runner, n.server, true) })
	n.work.Go(func() { n.forward(n.server, n.runner, false) })
	return n, nil
}

// live makes the server's namespace on a thread of its own and calls there what is to be
// called. The thread ends with it: nobody else may run on it.
func (n *Network) live(server []netip.Addr, made chan<- error) {
	defer close(n.ended)
	runtime.LockOSThread()
	err := unix.Unshare(unix.CLONE_NEWNET)
	if err == nil {
		err = up("lo")
	}
	if err == nil {
		n.server, err = newSide(server...)
	}
	if made <- err; err != nil {
		return
	}
	for call := range n.calls {
		call()
	}
}

// Do calls f in the server's namespace: what it listens on, there and then, is there for
// good.
func (n *Network) Do(f func() error) error {
	done := make(chan error, 1)
	n.calls <- func() { done <- f() }
	return <-done
}

// Set puts another fault in place of what there was.
func (n *Network) Set(f Fault) { n.board.set(f) }

// Forget makes both sides forget what they have learned of the way, such as its MTU.
func (n *Network) Forget() error {
	flush := func() error { return os.WriteFile("/proc/sys/net/ipv4/route/flush", []byte("1"), 0) }
	return errors.Join(flush(), n.Do(flush))
}

// Faults is how many packets have met the present fault.
func (n *Network) Faults() int { return n.board.faults() }

// Close takes the network down.
func (n *Network) Close() error {
	close(n.calls)
	<-n.ended
	err := errors.Join(n.runner.tun.Close(), n.server.tun.Close())
	n.work.Wait()
	return err
}

// forward sends on what comes out of one device, until that is closed.
func (n *Network) forward(from, to *side, toServer bool) {
	const mostWaiting = 1 << 14
	queues := map[*side]chan due{from: make(chan due, mostWaiting), to: make(chan due, mostWaiting)}
	for side, queue := range queues {
		n.work.Go(func() { side.deliver(queue) })
		defer close(queue)
	}
	b := make([]byte, 1<<16)
	for {
		size, err := from.tun.Read(b)
		if err != nil {
			return
		}
		p, ok := parse(append([]byte(nil), b[:size]...), toServer)
		if !ok {
			continue
		}
		for _, parcel := range n.route(p) {
			side := to
			if parcel.Back {
				side = from
			}
			select {
			case queues[side] <- due{time.Now().Add(parcel.After), parcel.Packet.Bytes}:
			default: // a queue that is full loses, as every router's does
			}
		}
	}
}

// route is what the router makes of a packet.
func (n *Network) route(p Packet) []Parcel {
	on, ok := p.hop()
	if !ok {
		return back(p.refusal(expired, 0, 0))
	}
	return n.board.put(on)
}

// deliver writes what is due, in its order.
func (s *side) deliver(queue <-chan due) {
	for d := range queue {
		if wait := time.Until(d.at); wait > 0 {
			<-time.After(wait)
		}
		_, _ = s.tun.Write(d.packet) // to a device that may be gone
	}
}

// newSide makes a device in the thread's namespace with the addresses.
func newSide(addresses ...netip.Addr) (*side, error) {
	const name = "wire"
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("opening /dev/net/tun: %w", err)
	}
	request, err := unix.NewIfreq(name + "0")
	if err == nil {
		request.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
		err = unix.IoctlIfreq(fd, unix.TUNSETIFF, request)
	}
	for i, address := range addresses {
		if err == nil {
			label := name + "0"
			if i > 0 {
				label = fmt.Sprintf("%s0:%d", name, i)
			}
			err = give(label, address)
		}
	}
	if err == nil {
		err = up(name + "0")
	}
	if err != nil {
		_ = unix.Close(fd)
		return nil, err
	}
	return &side{tun: os.NewFile(uintptr(fd), name)}, nil
}

// give gives an interface an address, and all of 10.77.0.0/16 to reach.
func give(name string, address netip.Addr) error {
	return errors.Join(
		set(name, unix.SIOCSIFADDR, func(r *unix.Ifreq) error { return r.SetInet4Addr(address.AsSlice()) }),
		set(name, unix.SIOCSIFNETMASK, func(r *unix.Ifreq) error { return r.SetInet4Addr([]byte{255, 255, 0, 0}) }),
	)
}

func up(name string) error {
	return set(name, unix.SIOCSIFFLAGS, func(r *unix.Ifreq) error {
		r.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
		return nil
	})
}

func set(name string, what uint, value func(*unix.Ifreq) error) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(fd) }()
	request, err := unix.NewIfreq(name)
	if err == nil {
		err = value(request)
	}
	if err == nil {
		err = unix.IoctlIfreq(fd, what, request)
	}
	if err != nil {
		return fmt.Errorf("setting up %s, %#x: %w", name, what, err)
	}
	return nil
}
