package probetest

import (
	"errors"
	"net"
	"syscall"
	"testing"
	"time"

	"postpatch/probes"
)

// TestRefusedPortsAreTaken by nobody who listens at them, so that nobody else can.
func TestRefusedPortsAreTaken(t *testing.T) {
	before := inUse()
	t.Run("until the test ends", func(t *testing.T) {
		at := refused(t)
		if listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", at.tcp); err == nil {
			_ = listener.Close()
			t.Error("the TCP port is free")
		}
		if conn, err := new(net.ListenConfig).ListenPacket(t.Context(), "udp", at.udp); err == nil {
			_ = conn.Close()
			t.Error("the UDP port is free")
		}
		for _, network := range []string{"tcp", "udp"} {
			if err := asked(t, lead(probes.Target{}, at), network); !errors.Is(err, syscall.ECONNREFUSED) {
				t.Errorf("%s: got %v, want a refusal", network, err)
			}
		}
	})
	leavesNone(t, before)
}

// asked is the error of asking a server for an answer.
func asked(t *testing.T, target probes.Target, network string) error {
	t.Helper()
	conn, err := target.Dial(t.Context(), network, "")
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(time.Now().Add(watchdog)); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Write([]byte{1}); err != nil {
		return err
	}
	_, err = conn.Read(make([]byte, 1))
	return err
}
