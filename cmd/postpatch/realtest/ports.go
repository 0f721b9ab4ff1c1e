//go:build real

package realtest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"strconv"
	"testing"
)

// FreeAddress finds an address of 127.0.0.1 whose port is free over TCP and UDP, and stays
// so until something of the test listens there: the system gives the port to nobody who
// asks for any, and until the test ends no other test on this machine gets it from here.
func FreeAddress(t testing.TB) string {
	t.Helper()
	for range 100 {
		addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(anyPort(t)))
		// A name of the kernel's own stands for the port, which leaves nothing behind.
		kept, err := new(net.ListenConfig).Listen(t.Context(), "unix", "@postpatch-real-"+addr)
		if err != nil {
			continue // another test has it
		}
		if free(t.Context(), addr) == nil {
			t.Cleanup(func() { _ = kept.Close() })
			return addr
		}
		_ = kept.Close()
	}
	t.Fatal("found no free port")
	return ""
}

// anyPort draws a port below those that the system gives to who listens at port 0 or dials.
// Where it gives nearly all, chance has to do.
func anyPort(t testing.TB) int {
	t.Helper()
	const first, enough = 20_000, 1000
	text, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range")
	if err != nil {
		t.Fatal(err)
	}
	var end int
	if _, err := fmt.Sscan(string(text), &end); err != nil {
		t.Fatalf("the ports that the system gives are %q: %v", text, err)
	}
	if end < first+enough {
		end = 1 << 16
	}
	return first + rand.IntN(end-first)
}

// free says what hinders anybody from listening at an address, over TCP or UDP.
func free(ctx context.Context, addr string) error {
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	_ = ln.Close()
	pc, err := lc.ListenPacket(ctx, "udp", addr)
	if err != nil {
		return err
	}
	return pc.Close()
}
