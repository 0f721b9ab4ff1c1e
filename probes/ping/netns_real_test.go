//go:build real && linux

package ping_test

import (
	"net/netip"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/net/icmp"
	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
	"golang.org/x/sys/unix"

	"postpatch/cmd/postpatch/realtest"
)

// unprivileged takes the right to raw sockets, which even root is born with.
func unprivileged() []string {
	return []string{"setpriv", "--bounding-set=-net_raw", "--inh-caps=-all"}
}

// behaviour says what comes back to an echo request: how late, how often, and as what. N
// is how many requests the address has had before.
type behaviour func(n int, a *answer)

// answer is what comes back; a test changes it.
type answer struct {
	from        netip.Addr
	message     icmp.Message
	body        *icmp.Echo
	after       time.Duration
	times       int // 0 is silence
	unreachable bool
}

// responder is a network behind a TUN device: 10.0.0.0/8 and fd00::/16.
type responder struct {
	tun   *os.File
	of    func(netip.Addr) behaviour
	asked map[netip.Addr]int
	queue chan due
}

type due struct {
	at     time.Time
	packet []byte
}

// respond starts a responder for as long as the process lives.
func respond(t *testing.T, of func(netip.Addr) behaviour) {
	t.Helper()
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal("opening /dev/net/tun: ", err)
	}
	request, err := unix.NewIfreq("tun0")
	if err != nil {
		t.Fatal(err)
	}
	request.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
	if err := unix.IoctlIfreq(fd, unix.TUNSETIFF, request); err != nil {
		t.Fatal("making the device: ", err)
	}
	bringUp(t)
	r := &responder{tun: os.NewFile(uintptr(fd), "tun"), of: of, asked: map[netip.Addr]int{}, queue: make(chan due, 1<<18)}
	t.Cleanup(func() { _ = r.tun.Close() })
	go r.read()
}

// bringUp gives the device its addresses.
func bringUp(t *testing.T) {
	t.Helper()
	set := func(what uint, value func(*unix.Ifreq) error) { realtest.SetInterface(t, "tun0", what, value) }
	set(unix.SIOCSIFADDR, func(r *unix.Ifreq) error { return r.SetInet4Addr([]byte{10, 255, 255, 1}) })
	set(unix.SIOCSIFNETMASK, func(r *unix.Ifreq) error { return r.SetInet4Addr([]byte{255, 0, 0, 0}) })
	set(unix.SIOCSIFTXQLEN, func(r *unix.Ifreq) error { r.SetUint32(1 << 18); return nil }) // no loss but ours
	set(unix.SIOCSIFFLAGS, realtest.Up)
	six, err := unix.Socket(unix.AF_INET6, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = unix.Close(six) }()
	index, err := unix.NewIfreq("tun0")
	if err == nil {
		err = unix.IoctlIfreq(six, unix.SIOCGIFINDEX, index)
	}
	if err != nil {
		t.Fatal(err)
	}
	address := struct {
		addr   [16]byte
		prefix uint32
		index  int32
	}{netip.MustParseAddr("fd00:ffff::1").As16(), 16, int32(index.Uint32())}
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(six), unix.SIOCSIFADDR, uintptr(unsafe.Pointer(&address)))
	if errno != 0 {
		t.Fatal("giving tun0 an IPv6 address: ", errno)
	}
	for tentative := true; tentative; runtime.Gosched() { // to which nothing comes yet
		all, err := os.ReadFile("/proc/net/if_inet6")
		if err != nil {
			t.Fatal(err)
		}
		tentative = false
		for line := range strings.Lines(string(all)) {
			flags, err := strconv.ParseUint(strings.Fields(line)[4], 16, 32)
			if err != nil {
				t.Fatal(err)
			}
			tentative = tentative || flags&unix.IFA_F_TENTATIVE != 0
		}
	}
}

// read takes what is sent into the device.
func (r *responder) read() {
	queues := map[time.Duration]chan due{}
	defer func() {
		for _, q := range queues {
			close(q)
		}
	}()
	packet := make([]byte, 1<<16)
	for {
		n, err := r.tun.Read(packet)
		if err != nil {
			return
		}
		a, ok := r.asks(packet[:n])
		if !ok {
			continue
		}
		q := queues[a.after]
		if q == nil {
			q = make(chan due, 1<<18)
			queues[a.after] = q
			go r.write(q)
		}
		back := a.packet(packet[:n])
		for range a.times {
			q <- due{time.Now().Add(a.after), back}
		}
	}
}

// write sends what is due, in its order.
func (r *responder) write(queue <-chan due) {
	for d := range queue {
		if wait := time.Until(d.at); wait > 0 {
			<-time.After(wait)
		}
		_, _ = r.tun.Write(d.packet) // to a device that may be gone
	}
}

// asks reads an echo request, and what comes back to it.
func (r *responder) asks(packet []byte) (*answer, bool) {
	var to netip.Addr
	protocol, head := 1, 20
	switch {
	case len(packet) > 20 && packet[0] == 0x45 && packet[9] == 1:
		to = netip.AddrFrom4([4]byte(packet[16:]))
	case len(packet) > 40 && packet[0]>>4 == 6 && packet[6] == 58:
		to, protocol, head = netip.AddrFrom16([16]byte(packet[24:])), 58, 40
	default:
		return nil, false
	}
	m, err := icmp.ParseMessage(protocol, packet[head:])
	if err != nil || m.Type != ipv4.ICMPTypeEcho && m.Type != ipv6.ICMPTypeEchoRequest {
		return nil, false
	}
	a := &answer{from: to, body: m.Body.(*icmp.Echo), times: 1}
	a.message = icmp.Message{Type: ipv4.ICMPTypeEchoReply, Body: a.body}
	if to.Is6() {
		a.message.Type = ipv6.ICMPTypeEchoReply
	}
	r.of(to)(r.asked[to], a)
	r.asked[to]++
	return a, true
}

// packet is the answer to a request, from its IP header on.
func (a *answer) packet(request []byte) []byte {
	if a.unreachable {
		a.message = icmp.Message{Type: ipv4.ICMPTypeDestinationUnreachable, Code: 1, Body: &icmp.DstUnreach{Data: request}}
		if a.from.Is6() {
			a.message = icmp.Message{Type: ipv6.ICMPTypeDestinationUnreachable, Code: 3, Body: &icmp.DstUnreach{Data: request}}
		}
	}
	if a.from.Is6() {
		to := request[8:24]
		body, _ := a.message.Marshal(icmp.IPv6PseudoHeader(a.from.AsSlice(), to))
		head := append([]byte{0x60, 0, 0, 0, byte(len(body) >> 8), byte(len(body)), 58, 64}, a.from.AsSlice()...)
		return append(append(head, to...), body...)
	}
	body, _ := a.message.Marshal(nil)
	total := 20 + len(body)
	head := append([]byte{0x45, 0, byte(total >> 8), byte(total), 0, 0, 0, 0, 64, 1, 0, 0}, a.from.AsSlice()...)
	head = append(head, request[12:16]...)
	sum := uint32(0)
	for i := 0; i < len(head); i += 2 {
		sum += uint32(head[i])<<8 | uint32(head[i+1])
	}
	sum = sum>>16 + sum&0xffff
	sum = ^(sum>>16 + sum)
	head[10], head[11] = byte(sum>>8), byte(sum)
	return append(head, body...)
}
