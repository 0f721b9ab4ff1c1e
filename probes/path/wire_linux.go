package path

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"postpatch/probes"
)

// socket is a wire of Linux: connected, so that the system hands over what others on the
// way say of its packets.
type socket struct {
	mark

	fd     int
	parked []event // received while something was sent
	packet []byte  // what comes is read into
}

const (
	slice      = 20 * time.Millisecond // for which ctx is not looked at
	mostParked = 256
	mostStrays = 64 // that are passed over when the time is up, and errors that are taken at once
)

// openWire opens the socket that needs no privilege or, where the system does not give
// one, a raw one.
func openWire(to netip.Addr) (wire, error) {
	var refusals []error
	for _, kind := range []int{unix.SOCK_DGRAM, unix.SOCK_RAW} {
		s, err := openSocket(to, kind)
		switch {
		case err == nil:
			return s, nil
		case errors.Is(err, unix.ENETUNREACH), errors.Is(err, unix.EHOSTUNREACH):
			return nil, fmt.Errorf("%w: %w", probes.ErrNoAnswer, err)
		}
		refusals = append(refusals, err)
	}
	return nil, fmt.Errorf("%w: the system gives this user no socket for it: %w", probes.ErrNotTried, refusals[0])
}

func openSocket(to netip.Addr, kind int) (*socket, error) {
	to = to.Unmap()
	family, protocol := unix.AF_INET, unix.IPPROTO_ICMP
	if to.Is6() {
		family, protocol = unix.AF_INET6, unix.IPPROTO_ICMPV6
	}
	fd, err := unix.Socket(family, kind|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, protocol)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	s := &socket{fd: fd, mark: mark{six: to.Is6(), bare: kind == unix.SOCK_RAW}, packet: make([]byte, 1<<16)}
	_, _ = rand.Read(s.nonce[:]) // which never fails
	s.id = binary.BigEndian.Uint16(s.nonce[:])
	if err := s.prepare(to); err != nil {
		_ = unix.Close(fd)
		return nil, err
	}
	return s, nil
}

func (s *socket) prepare(to netip.Addr) error {
	set := []struct{ level, option, value int }{
		{unix.IPPROTO_IP, unix.IP_MTU_DISCOVER, unix.IP_PMTUDISC_PROBE}, // never broken up, whatever is known of the way
		{unix.IPPROTO_IP, unix.IP_RECVERR, 1},
	}
	var at unix.Sockaddr = &unix.SockaddrInet4{Addr: [4]byte(to.AsSlice())}
	if s.six {
		set = []struct{ level, option, value int }{
			{unix.IPPROTO_IPV6, unix.IPV6_MTU_DISCOVER, unix.IPV6_PMTUDISC_PROBE},
			{unix.IPPROTO_IPV6, unix.IPV6_DONTFRAG, 1},
			{unix.IPPROTO_IPV6, unix.IPV6_RECVERR, 1},
		}
		at = &unix.SockaddrInet6{Addr: to.As16(), ZoneId: zoneOf(to)}
	}
	for _, o := range set {
		if err := unix.SetsockoptInt(s.fd, o.level, o.option, o.value); err != nil {
			return os.NewSyscallError("setsockopt", err)
		}
	}
	if err := unix.Connect(s.fd, at); err != nil {
		return os.NewSyscallError("connect", err)
	}
	if s.bare {
		return s.onlyReplies()
	}
	name, err := unix.Getsockname(s.fd)
	switch name := name.(type) { // the system's id for it
	case *unix.SockaddrInet4:
		s.id = uint16(name.Port)
	case *unix.SockaddrInet6:
		s.id = uint16(name.Port)
	}
	return os.NewSyscallError("getsockname", err)
}

// onlyReplies has a raw socket get no packets but replies to echoes: all that is between the two
// hosts comes to each such socket, and would fill it.
func (s *socket) onlyReplies() error {
	const filter = 1 // ICMP_FILTER, ICMPV6_FILTER: a bit of each type that is kept away
	if !s.six {
		keepAway := ^(1 << reply4)
		return os.NewSyscallError("setsockopt", unix.SetsockoptInt(s.fd, unix.SOL_RAW, filter, keepAway))
	}
	var keepAway unix.ICMPv6Filter
	for i := range keepAway.Data {
		keepAway.Data[i] = ^uint32(0)
	}
	keepAway.Data[reply6/32] &^= 1 << (reply6 % 32)
	return os.NewSyscallError("setsockopt",
		unix.SetsockoptICMPv6Filter(s.fd, unix.IPPROTO_ICMPV6, filter, &keepAway))
}

func (s *socket) close() error { return unix.Close(s.fd) }

// send sends a packet. The system tells of earlier ones by errors of sending, too.
func (s *socket) send(p packet) error {
	level, option := unix.IPPROTO_IP, unix.IP_TTL
	if s.six {
		level, option = unix.IPPROTO_IPV6, unix.IPV6_UNICAST_HOPS
	}
	if err := unix.SetsockoptInt(s.fd, level, option, p.ttl); err != nil {
		return os.NewSyscallError("setsockopt", err)
	}
	bytes := s.request(p)
	var err error
	for range 10 {
		own := s.drain()
		if _, err = unix.Write(s.fd, bytes); err == nil {
			return nil
		}
		if own = max(own, s.drain()); errors.Is(err, unix.EMSGSIZE) && own > 0 {
			return tooBig(own)
		}
		if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.ENOBUFS) {
			_, _ = unix.Poll([]unix.PollFd{{Fd: int32(s.fd), Events: unix.POLLOUT}}, int(slice/time.Millisecond))
		}
	}
	switch {
	case errors.Is(err, unix.ENETUNREACH), errors.Is(err, unix.EHOSTUNREACH):
		return fmt.Errorf("%w: %w", probes.ErrNoAnswer, err)
	default:
		return fmt.Errorf("%w: sending an echo: %w", probes.ErrNotTried, err)
	}
}

// drain parks what others have said, as far as there is room, and returns what the
// runner's own interface takes at most, where that was said.
func (s *socket) drain() (own int) {
	for range mostStrays {
		e, local, any := s.said()
		switch {
		case !any:
			return own
		case local > 0:
			own = local
		case e.what != nothing && len(s.parked) < mostParked:
			s.parked = append(s.parked, e)
		}
	}
	return own
}

// receive waits for an event. What is there already when the time is up still counts,
// unless it is hidden by a flood of what is none.
func (s *socket) receive(ctx context.Context, until time.Time) (event, error) {
	for strays := 0; ctx.Err() == nil; {
		if len(s.parked) == 0 {
			s.drain()
		}
		if len(s.parked) > 0 {
			e := s.parked[0]
			s.parked = s.parked[1:]
			return e, nil
		}
		e, any := s.answered()
		if e.what != nothing {
			return e, nil
		}
		if any && time.Now().After(until) {
			strays++
		}
		if any && strays < mostStrays {
			continue
		}
		left := time.Until(until)
		if left <= 0 {
			return event{}, nil
		}
		wait := int(min(left, slice)/time.Millisecond) + 1
		_, err := unix.Poll([]unix.PollFd{{Fd: int32(s.fd), Events: unix.POLLIN}}, wait)
		if err != nil && !errors.Is(err, unix.EINTR) {
			return event{}, os.NewSyscallError("poll", err)
		}
	}
	return event{}, nil
}

// answered takes a packet that came to the socket, which may be any.
func (s *socket) answered() (e event, any bool) {
	n, err := unix.Read(s.fd, s.packet)
	if err != nil {
		return event{}, false
	}
	if seq, ok := s.parseReply(s.packet[:n]); ok {
		return event{what: replied, seq: seq, at: time.Now()}, true
	}
	return event{}, true
}

// said takes one of the errors that the system keeps for the socket.
func (s *socket) said() (e event, local int, any bool) {
	var packet [128]byte
	var control [512]byte
	n, nc, _, _, err := unix.Recvmsg(s.fd, packet[:], control[:], unix.MSG_ERRQUEUE|unix.MSG_DONTWAIT)
	if err != nil {
		return event{}, 0, false
	}
	messages, err := unix.ParseSocketControlMessage(control[:nc])
	if err != nil {
		return event{}, 0, true
	}
	for _, m := range messages {
		isError := m.Header.Level == unix.IPPROTO_IP && m.Header.Type == unix.IP_RECVERR ||
			m.Header.Level == unix.IPPROTO_IPV6 && m.Header.Type == unix.IPV6_RECVERR
		if isError {
			e, local = s.parseError(packet[:n], m.Data)
		}
	}
	return e, local, true
}

// zoneOf is the number of an address's interface.
func zoneOf(to netip.Addr) uint32 {
	if to.Zone() == "" {
		return 0
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0
	}
	defer func() { _ = unix.Close(fd) }()
	request, err := unix.NewIfreq(to.Zone())
	if err != nil || unix.IoctlIfreq(fd, unix.SIOCGIFINDEX, request) != nil {
		return 0
	}
	return request.Uint32()
}
