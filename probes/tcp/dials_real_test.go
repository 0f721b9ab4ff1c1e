//go:build real && linux

package tcp_test

import (
	"net"
	"net/netip"
	"os"
	"runtime"
	"sync"
	"testing"
	"time"

	"postpatch/cmd/postpatch/realtest"
	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/probetest"
	"postpatch/probes/tcp"
)

// openFiles counts this process's files and sockets.
func openFiles(t *testing.T) int {
	t.Helper()
	open, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(open)
}

// Five times ten thousand ports are found open, each closed here first, so that it keeps a
// port for a minute: with an address of one's own to dial from, the system runs out of
// them, searches for long and fails.
func TestFiftyThousandDials(t *testing.T) {
	if !realtest.OwnNetwork(t) {
		return
	}
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp", "0.0.0.0:7001")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				_, _ = conn.Read(make([]byte, 1)) // until the other side has closed
				_ = conn.Close()
			}()
		}
	}()
	goroutines, files := runtime.NumGoroutine(), openFiles(t)
	for round := range 5 {
		if open := dialAll(t, 10_000); open != 10_000 {
			t.Errorf("round %d: %d of 10000 are open", round+1, open)
		}
		for end := time.Now().Add(20 * time.Second); ; runtime.Gosched() {
			g, f := runtime.NumGoroutine(), openFiles(t)
			if g <= goroutines && f <= files {
				break
			}
			if time.Now().After(end) {
				t.Fatalf("round %d leaves %d goroutines and %d files, before it were %d and %d", round+1, g, f, goroutines, files)
			}
		}
	}
}

// dialAll looks at a port of so many addresses, and returns how many are open.
func dialAll(t *testing.T, many int) (open int) {
	t.Helper()
	probe, err := tcp.Kind.Build(map[string]any{"port": []int{7001}})
	if err != nil {
		t.Fatal(err)
	}
	hosts := make(chan int)
	var mu sync.Mutex
	var workers sync.WaitGroup
	for range 256 {
		workers.Go(func() {
			for n := range hosts {
				address := netip.AddrFrom4([4]byte{127, 1, byte(n >> 8), byte(n)}).String()
				readings, err := probe.Observe(t.Context(), probetest.Routed(address, probes.Routes{}))
				mu.Lock()
				if err == nil && len(readings) == 2 && readings[0].Value == fact.Value(fact.Text("open")) {
					open++
				} else {
					t.Logf("%s: %v, %v", address, readings, err)
				}
				mu.Unlock()
			}
		})
	}
	for n := range many {
		hosts <- n
	}
	close(hosts)
	workers.Wait()
	return open
}
