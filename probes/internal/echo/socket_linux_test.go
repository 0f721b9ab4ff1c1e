package echo

import (
	"net/netip"
	"os"
	"runtime"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/bpf"
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
	for runtime.NumGoroutine() > goroutines && time.Now().Before(limit) {
		runtime.Gosched()
	}
	if now := runtime.NumGoroutine(); now > goroutines {
		t.Errorf("%d goroutines, before it %d", now, goroutines)
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

// A reply is dated by the system, however late it is read.
func TestArrival(t *testing.T) {
	var got []reply
	s := unread(t, func(r reply) { got = append(got, r) })
	before := time.Now()
	if err := s.send(loopback(1), 7, make([]byte, 56)); err != nil {
		t.Fatal(err)
	}
	after := time.Now() // the loopback interface has answered by now
	for time.Since(after) < 20*time.Millisecond {
		runtime.Gosched()
	}
	s.reading.Unlock()
	lost, err := s.receive(false)
	if err != nil || lost != 0 || len(got) != 1 {
		t.Fatalf("got %v, %d lost, %v", got, lost, err)
	}
	r := got[0]
	const slack = time.Millisecond // of the two clocks
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
		if err := s.send(loopback(1), uint16(seq), make([]byte, nonceSize)); err != nil {
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
