//go:build real

package realtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"testing"
)

// TestAddressesStayFree draws so many that two would be the same, were they not kept.
func TestAddressesStayFree(t *testing.T) {
	text, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range")
	if err != nil {
		t.Fatal(err)
	}
	var given int
	if _, err := fmt.Sscan(string(text), &given); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for range 400 {
		addr := FreeAddress(t)
		if number, err := strconv.Atoi(port(t, addr)); err != nil || given > 21_000 && number >= given {
			t.Fatalf("%s, while the system gives the ports from %d on to anybody: %v", addr, given, err)
		}
		if seen[addr] {
			t.Fatalf("%s is given twice", addr)
		}
		seen[addr] = true
	}
}

// TestAnAddressInUse is not free, be it used over TCP or UDP.
func TestAnAddressInUse(t *testing.T) {
	var lc net.ListenConfig
	for network, listen := range map[string]func(addr string) (io.Closer, error){
		"tcp": func(addr string) (io.Closer, error) { return lc.Listen(t.Context(), "tcp", addr) },
		"udp": func(addr string) (io.Closer, error) { return lc.ListenPacket(t.Context(), "udp", addr) },
	} {
		addr := FreeAddress(t)
		if err := free(t.Context(), addr); err != nil {
			t.Errorf("nobody uses it: %v", err)
		}
		used, err := listen(addr)
		if err != nil {
			t.Fatal(err)
		}
		if free(t.Context(), addr) == nil {
			t.Errorf("%s is in use over %s, and free", addr, network)
		}
		_ = used.Close()
	}
}

// failing is a test that may fail.
type failing struct {
	testing.TB
	said string
}

func (f *failing) Helper() {}

func (f *failing) Fatalf(format string, args ...any) {
	f.said = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

// TestADaemonThatEnds is not waited for, and is not taken for who answers in its place.
func TestADaemonThatEnds(t *testing.T) {
	watched := &failing{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		Serve(watched, FreeAddress(t), exec.CommandContext(t.Context(), "sh", "-c", "echo the port is taken; exit 1"))
	}()
	<-done
	if !strings.Contains(watched.said, "it has ended by itself\nthe port is taken\n") {
		t.Errorf("got %q", watched.said)
	}
	ended := make(chan struct{})
	err := await(t, func(context.Context) error {
		close(ended)
		return nil
	}, ended)
	if err == nil {
		t.Error("somebody else answered, and the daemon was up")
	}
	if err := await(t, func(context.Context) error { return nil }, make(chan struct{})); err != nil {
		t.Errorf("it runs and is ready: %v", err)
	}
	tries := 0
	if err := await(t, func(context.Context) error {
		if tries++; tries < 3 {
			return errors.New("not yet")
		}
		return nil
	}, nil); err != nil || tries != 3 {
		t.Errorf("ready at the third try: %v after %d", err, tries)
	}
}
