package echo

import (
	"cmp"
	"errors"
	"math/rand/v2"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

const (
	roomFor   = 8 << 20 // bytes of replies that wait for the reader
	sendRoom  = 4 << 20 // bytes of echoes that the system has not sent yet
	replySize = 768     // bytes that the system reckons for a small one
	mostFails = 100     // of receiving in a row, until the socket is given up
)

// socket is a conn of Linux.
type socket struct {
	file *os.File
	raw  syscall.RawConn // to wait with
	fd   int             // of the file, which is closed by the last who uses it
	six  bool
	bare bool // a raw socket
	id   uint16
	room int // for replies
	take func(reply)
	// reading is held from a packet's leaving the queue until it is taken: to whom the
	// queue is empty, all has been taken.
	reading sync.Mutex
}

// open opens the raw socket or, where that is not permitted, the one that needs no
// privilege.
func open(six bool, take func(reply)) (c conn, room int, err error) {
	var refusals []error
	for _, bare := range []bool{true, false} {
		s, err := openSocket(six, bare)
		if err == nil {
			s.take = take
			return s, s.room, nil
		}
		refusals = append(refusals, err)
	}
	return nil, 0, errors.Join(refusals...)
}

// few is how many pings have sockets of their own here.
func few() int {
	if onlyRaw() {
		return fewRaw
	}
	return Few
}

// onlyRaw says whether this user may open raw sockets and not the others.
func onlyRaw() bool {
	may := func(kind int) bool {
		fd, err := unix.Socket(unix.AF_INET, kind|unix.SOCK_CLOEXEC, unix.IPPROTO_ICMP)
		if err == nil {
			_ = unix.Close(fd)
		}
		return err == nil
	}
	return !may(unix.SOCK_DGRAM) && may(unix.SOCK_RAW)
}

func openSocket(six, bare bool) (*socket, error) {
	family, protocol, kind := unix.AF_INET, unix.IPPROTO_ICMP, unix.SOCK_DGRAM
	if six {
		family, protocol = unix.AF_INET6, unix.IPPROTO_ICMPV6
	}
	if bare {
		kind = unix.SOCK_RAW
	}
	fd, err := unix.Socket(family, kind|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, protocol)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	s := &socket{six: six, bare: bare, fd: fd, file: os.NewFile(uintptr(fd), "icmp")}
	if s.raw, err = s.file.SyscallConn(); err == nil {
		err = s.prepare(fd)
	}
	if err != nil {
		_ = s.file.Close()
		return nil, err
	}
	return s, nil
}

// prepare gives the socket its id, room for replies, and the time of their arrival.
func (s *socket) prepare(fd int) error {
	if unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, roomFor) != nil {
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, roomFor) // as much of it as there may be
	}
	// It keeps for seconds what goes to a neighbour that does not say where it is.
	if unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUFFORCE, sendRoom) != nil {
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUF, sendRoom)
	}
	size, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF)
	if err != nil {
		return os.NewSyscallError("getsockopt", err)
	}
	s.room = size / replySize / 2 // some of them while the reader is held up
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1); err != nil {
		return os.NewSyscallError("setsockopt", err)
	}
	if s.bare {
		s.id = uint16(1 + rand.IntN(1<<16-1))
		return s.filter(fd)
	}
	var any4 unix.SockaddrInet4
	var bound unix.Sockaddr = &any4
	if s.six {
		bound = &unix.SockaddrInet6{}
	}
	if err := unix.Bind(fd, bound); err != nil {
		return os.NewSyscallError("bind", err)
	}
	name, err := unix.Getsockname(fd)
	if err != nil {
		return os.NewSyscallError("getsockname", err)
	}
	switch name := name.(type) { // the system's id for it
	case *unix.SockaddrInet4:
		s.id = uint16(name.Port)
	case *unix.SockaddrInet6:
		s.id = uint16(name.Port)
	}
	return nil
}

// filter lets the system keep what is no echo reply to the id.
func (s *socket) filter(fd int) error {
	code, err := bpf.Assemble(filterOf(s.six, s.id))
	if err != nil {
		return err
	}
	filters := make([]unix.SockFilter, len(code))
	for i, c := range code {
		filters[i] = unix.SockFilter{Code: c.Op, Jt: c.Jt, Jf: c.Jf, K: c.K}
	}
	program := unix.SockFprog{Len: uint16(len(filters)), Filter: &filters[0]}
	return os.NewSyscallError("setsockopt", unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &program))
}

// filterOf sees an IPv4 packet from its own header on, and an ICMPv6 one without.
func filterOf(six bool, id uint16) []bpf.Instruction {
	const all = 1 << 18
	head, echoReply := []bpf.Instruction{bpf.LoadMemShift{Off: 0}}, uint32(0)
	if six {
		head, echoReply = []bpf.Instruction{bpf.LoadConstant{Dst: bpf.RegX, Val: 0}}, 129
	}
	return append(head,
		bpf.LoadIndirect{Off: 0, Size: 1},
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: echoReply, SkipTrue: 3},
		bpf.LoadIndirect{Off: 4, Size: 2},
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: uint32(id), SkipTrue: 1},
		bpf.RetConstant{Val: all},
		bpf.RetConstant{Val: 0},
	)
}

func (s *socket) close() error { return s.file.Close() }

func (s *socket) send(to netip.Addr, seq uint16, carried []byte, _ time.Duration) error {
	packet, err := request(s.six, s.id, seq, carried)
	if err != nil {
		return err
	}
	var at unix.Sockaddr
	if s.six {
		at = &unix.SockaddrInet6{Addr: to.As16()}
	} else {
		at = &unix.SockaddrInet4{Addr: to.As4()}
	}
	if err = unix.Sendto(s.fd, packet, unix.MSG_DONTWAIT, at); errors.Is(err, unix.EAGAIN) {
		waited := s.raw.Write(func(uintptr) bool {
			err = unix.Sendto(s.fd, packet, unix.MSG_DONTWAIT, at)
			return !errors.Is(err, unix.EAGAIN)
		})
		err = cmp.Or(err, waited)
	}
	if err != nil {
		return os.NewSyscallError("sendto", err)
	}
	// A near host has answered by now; to wake the reader for it would cost more.
	if s.reading.TryLock() {
		_, _ = s.empty() // what fails for long is found out by who misses an echo
		s.reading.Unlock()
	}
	return nil
}

func (s *socket) receive(wait bool) (lost uint32, err error) {
	if wait {
		waited := s.raw.Read(func(uintptr) bool {
			s.reading.Lock()
			defer s.reading.Unlock()
			var any bool
			any, err = s.empty()
			return any || err != nil
		})
		return 0, cmp.Or(err, waited)
	}
	s.reading.Lock()
	defer s.reading.Unlock()
	if _, err = s.empty(); err != nil {
		return 0, err
	}
	return dropped(s.fd)
}

// empty takes packets until none is left; any says whether there was one. What only tells
// of another host, such as that it cannot be reached, passes. Reading is held.
func (s *socket) empty() (any bool, err error) {
	var packet [headSize]byte
	var control [64]byte
	for fails := 0; fails < mostFails; {
		n, nc, _, from, failed := unix.Recvmsg(s.fd, packet[:], control[:], unix.MSG_DONTWAIT)
		switch {
		case errors.Is(failed, unix.EAGAIN):
			return any, nil
		case failed != nil:
			fails, err = fails+1, os.NewSyscallError("recvmsg", failed)
			continue
		}
		fails, any = 0, true
		if r, ok := s.parse(packet[:n], from); ok {
			r.at = arrival(control[:nc])
			s.take(r)
		}
	}
	return any, err
}

func (s *socket) parse(packet []byte, from unix.Sockaddr) (reply, bool) {
	if s.bare && !s.six {
		packet = stripIPv4(packet)
	}
	r, ok := parseReply(s.six, s.id, packet)
	switch from := from.(type) {
	case *unix.SockaddrInet4:
		r.from = netip.AddrFrom4(from.Addr)
	case *unix.SockaddrInet6:
		r.from = netip.AddrFrom16(from.Addr)
	default:
		return reply{}, false
	}
	return r, ok
}

// arrival is when the system received the packet, by this process' own clock: a reader
// that is late would make a round trip look long.
func arrival(control []byte) time.Time {
	now := time.Now()
	messages, err := unix.ParseSocketControlMessage(control)
	if err != nil {
		return now
	}
	for _, m := range messages {
		var stamp unix.Timespec
		if m.Header.Level != unix.SOL_SOCKET || m.Header.Type != unix.SO_TIMESTAMPNS ||
			len(m.Data) < int(unsafe.Sizeof(stamp)) {
			continue
		}
		copy(unsafe.Slice((*byte)(unsafe.Pointer(&stamp)), unsafe.Sizeof(stamp)), m.Data)
		if late := now.Sub(time.Unix(stamp.Unix())); late > 0 && late < time.Minute {
			return now.Add(-late)
		}
	}
	return now
}

// dropped is how many packets the socket had no room for.
func dropped(fd int) (uint32, error) {
	const drops = 8 // SK_MEMINFO_DROPS
	var info [drops + 1]uint32
	size := uint32(unsafe.Sizeof(info))
	_, _, errno := unix.Syscall6(unix.SYS_GETSOCKOPT, uintptr(fd), unix.SOL_SOCKET, unix.SO_MEMINFO,
		uintptr(unsafe.Pointer(&info)), uintptr(unsafe.Pointer(&size)), 0)
	if errno != 0 {
		return 0, os.NewSyscallError("getsockopt", errno)
	}
	return info[drops], nil
}
