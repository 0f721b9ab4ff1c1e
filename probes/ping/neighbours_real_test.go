//go:build real && linux

package ping_test

import (
	"net/netip"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"postpatch/cmd/postpatch/realtest"
	"postpatch/probes"
)

// TestDeadNeighboursHoldUpNobody: to addresses of the runner's own network that nobody has,
// the system keeps every echo until it has given up finding them, which takes seconds. They
// take the room to send of the socket that all share, and others are to be sent all the same.
func TestDeadNeighboursHoldUpNobody(t *testing.T) {
	if !realtest.OwnNetwork(t) {
		return
	}
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal("opening /dev/net/tun: ", err)
	}
	tap := os.NewFile(uintptr(fd), "tap") // whatever asks there for an address hears nothing
	defer func() { _ = tap.Close() }()
	request, err := unix.NewIfreq("tap0")
	if err != nil {
		t.Fatal(err)
	}
	request.SetUint16(unix.IFF_TAP | unix.IFF_NO_PI)
	if err := unix.IoctlIfreq(fd, unix.TUNSETIFF, request); err != nil {
		t.Fatal("making the device: ", err)
	}
	set := func(what uint, value func(*unix.Ifreq) error) { realtest.SetInterface(t, "tap0", what, value) }
	set(unix.SIOCSIFADDR, func(r *unix.Ifreq) error { return r.SetInet4Addr([]byte{10, 9, 255, 1}) })
	set(unix.SIOCSIFNETMASK, func(r *unix.Ifreq) error { return r.SetInet4Addr([]byte{255, 255, 0, 0}) })
	set(unix.SIOCSIFFLAGS, realtest.Up)

	const dead, alive = 900, 300
	var all []netip.Addr
	for n := range dead {
		all = append(all, netip.AddrFrom4([4]byte{10, 9, byte(1 + n>>8), byte(n)}))
	}
	for n := range alive {
		all = append(all, netip.AddrFrom4([4]byte{127, 1, byte(n >> 8), byte(n)}))
	}
	shared := &probes.Shared{}
	defer crowd(shared)()
	args := map[string]any{"count": 10, "interval": 50 * time.Millisecond}
	up := counts(toldWithin(t, patience{5 * time.Second, shared}, args, all)[dead:])
	if up["loss=0 received=10"] != alive {
		t.Errorf("of %d hosts that are up is told: %v", alive, up)
	}
}
