package echo

import (
	"errors"
	"net/netip"
	"os"
	"runtime"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// loopback is one of this machine's own addresses.
func loopback(n int) netip.Addr { return netip.AddrFrom4([4]byte{127, 1, byte(n >> 8), byte(n)}) }

// openFiles counts this process's files and sockets.
func openFiles(t *testing.T) int {
	t.Helper()
	open, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(open)
}

// permitted skips where the system gives no socket; where everything has to be tried it
// fails.
func permitted(t *testing.T) {
	t.Helper()
	for _, six := range []bool{false, true} {
		c, _, err := open(six, func(reply) {})
		if err != nil {
			notPermitted(t, err)
		}
		_ = c.close()
	}
}

// pingAll pings all at once, and returns how many were up without a loss.
func pingAll(t *testing.T, s *Sweep, plan Plan, all ...netip.Addr) (up int) {
	t.Helper()
	var mu sync.Mutex
	var pings sync.WaitGroup
	for _, to := range all {
		pings.Go(func() {
			got, err := s.Ping(t.Context(), to, plan)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err != nil:
				t.Errorf("%s: %v", to, err)
			case got.Received == got.Sent && got.Sent == plan.Count && got.RTT > 0 && got.RTT < plan.Wait:
				up++
			default:
				t.Logf("%s: %+v", to, got)
			}
		})
	}
	pings.Wait()
	return up
}

// Whatever was pinged, nothing is left of it.
func TestSocketsAndGoroutines(t *testing.T) {
	permitted(t)
	const many = 3000
	all := []netip.Addr{netip.IPv6Loopback()}
	for n := range many {
		all = append(all, loopback(n))
	}
	s := New()
	files, goroutines := openFiles(t), runtime.NumGoroutine()
	for size, all := range map[int][]netip.Addr{nonceSize: all, 56: all, 20_000: all[:50]} {
		plan := Plan{Count: 2, Interval: 10 * time.Millisecond, Wait: 10 * time.Second, Size: size}
		if up := pingAll(t, s, plan, all...); up != len(all) {
			t.Errorf("%d of %d are up, with %d bytes", up, len(all), size)
		}
		if now := openFiles(t); now != files {
			t.Errorf("%d files are open, before it %d", now, files)
		}
	}
	limit := time.Now().Add(10 * time.Second) // a goroutine that has done all may not have gone yet
	for runtime.NumGoroutine() > goroutines {
		if time.Now().After(limit) {
			t.Fatalf("%d goroutines, before it %d", runtime.NumGoroutine(), goroutines)
		}
		runtime.Gosched()
	}
}

// Each socket sees its own replies only.
func TestTwoSockets(t *testing.T) {
	permitted(t)
	var pings sync.WaitGroup
	for range 3 {
		pings.Go(func() {
			s, plan := New(), Plan{Count: 3, Interval: 10 * time.Millisecond, Wait: 10 * time.Second, Size: 24}
			if up := pingAll(t, s, plan, loopback(1), loopback(2), netip.IPv6Loopback()); up != 3 {
				t.Errorf("%d of 3 are up", up)
			}
		})
	}
	pings.Wait()
}

func notPermitted(t *testing.T, err error) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(err)
	}
	t.Skip(err)
}

// unread opens a socket that nobody reads until its lock is given back.
func unread(t *testing.T, take func(reply)) *socket {
	t.Helper()
	permitted(t)
	s, err := openSocket(false, true)
	if err != nil {
		notPermitted(t, err)
	}
	t.Cleanup(func() { _ = s.close() })
	s.take = take
	s.reading.Lock()
	return s
}

// came waits until a reply is in the socket.
func came(t *testing.T, s *socket) {
	t.Helper()
	for {
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(s.fd), Events: unix.POLLIN}}, 10_000)
		switch {
		case n == 1 && err == nil:
			return
		case !errors.Is(err, unix.EINTR):
			t.Fatalf("no reply has come: %d, %v", n, err)
		}
	}
}

// readLate has a socket that nobody reads send an echo, and reads the reply long after it
// has come, which was between before and after.
func readLate(t *testing.T, s *socket) (before, after time.Time) {
	t.Helper()
	before = time.Now()
	if err := s.send(loopback(1), 7, make([]byte, 56), time.Second); err != nil {
		t.Fatal(err)
	}
	came(t, s)
	after = time.Now()
	for time.Since(after) < 20*time.Millisecond {
		runtime.Gosched()
	}
	s.reading.Unlock()
	defer s.reading.Lock()
	if lost, err := s.receive(false); err != nil || lost != 0 {
		t.Fatalf("%d lost, %v", lost, err)
	}
	return before, after
}

const slack = time.Millisecond // of the clocks of the system and of this process

// dating waits until the system dates what arrives, and keeps it at that until the test
// ends: it begins a while after the first socket of all has asked for it, and gives the
// packets up to then the time at which they are read.
func dating(t *testing.T) {
	t.Helper()
	var at time.Time
	s := unread(t, func(r reply) { at = r.at })
	for limit := time.Now().Add(10 * time.Second); ; {
		if _, after := readLate(t, s); !at.After(after.Add(slack)) {
			return
		}
		if time.Now().After(limit) {
			t.Fatal("the system does not date what arrives, or nobody reads the date")
		}
	}
}

// A reply is dated by the system, however late it is read.
func TestArrival(t *testing.T) {
	dating(t)
	var got []reply
	s := unread(t, func(r reply) { got = append(got, r) })
	before, after := readLate(t, s)
	if len(got) != 1 {
		t.Fatalf("got %v", got)
	}
	r := got[0]
	if r.from != loopback(1) || r.seq != 7 || r.at.Before(before.Add(-slack)) || r.at.After(after.Add(slack)) {
		t.Errorf("got %+v, sent from %s to %s", r, before, after)
	}
}

// The system counts what a full socket drops: some versions of it twice.
func TestDropped(t *testing.T) {
	took := 0
	s := unread(t, func(reply) { took++ })
	const packets = 100_000
	for seq := range packets {
		if err := s.send(loopback(1), uint16(seq), make([]byte, nonceSize), time.Second); err != nil {
			t.Fatal(err)
		}
	}
	s.reading.Unlock()
	lost, err := s.receive(false)
	if err != nil || lost == 0 || took == 0 || took == packets {
		t.Errorf("took %d, lost %d of %d: %v", took, lost, packets, err)
	}
}

// The filter passes what is parsed and nothing else.
func TestFilter(t *testing.T) {
	carried := make([]byte, 56)
	for _, six := range []bool{false, true} {
		machine, err := bpf.NewVM(filterOf(six, 4711))
		if err != nil {
			t.Fatal(err)
		}
		seen := func(options int, packet []byte) bool {
			if !six {
				packet = under(options, packet)
			}
			n, err := machine.Run(packet)
			return err == nil && n >= max(1, len(packet))
		}
		asked, _ := request(six, 4711, 1, carried)
		for options := range 3 {
			if !seen(options, replyOf(t, six, 4711, 1, carried)) {
				t.Errorf("six=%t: a reply is not let through", six)
			}
			for _, other := range [][]byte{
				asked, replyOf(t, six, 4710, 1, carried), replyOf(t, six, 4711^0xff00, 1, carried), {}, {3},
			} {
				if seen(options, other) {
					t.Errorf("six=%t: %v is let through", six, other[:min(8, len(other))])
				}
			}
		}
	}
}
