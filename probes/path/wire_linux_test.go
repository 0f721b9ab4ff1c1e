package path

import (
	"context"
	"net/netip"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A flood of what answers nothing ends a wait neither too early nor never.
func TestStraysWithoutEnd(t *testing.T) {
	fd, err := unix.Open("/dev/zero", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	s := &socket{mark: mark{nonce: ownNonce()}, fd: fd, packet: make([]byte, 100)}
	defer func() { _ = s.close() }()
	until := time.Now().Add(20 * time.Millisecond)
	e, err := s.receive(t.Context(), until)
	if early := time.Now().Before(until); e.what != nothing || err != nil || early {
		t.Errorf("got %+v, %v, early: %t", e, err, early)
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(20*time.Millisecond, cancel)
	if e, err = s.receive(ctx, time.Now().Add(time.Hour)); e.what != nothing || err != nil {
		t.Errorf("given up: %+v, %v", e, err)
	}
}

// What others ping fills no raw socket, which would lose the replies to its own echoes.
func TestOthersEchoes(t *testing.T) {
	for _, to := range []string{"127.0.0.1", "::1"} {
		var sockets []*socket
		for range 3 {
			s, err := openSocket(netip.MustParseAddr(to), unix.SOCK_RAW)
			switch {
			case err != nil && os.Getenv("CI") == "true":
				t.Fatal(err)
			case err != nil:
				t.Skip(err)
			}
			defer func() { _ = s.close() }()
			sockets = append(sockets, s)
		}
		for _, s := range sockets { // and all replies are there before any is read
			if err := s.send(packet{seq: 7, size: 65535, ttl: 64}); err != nil {
				t.Fatal(err)
			}
		}
		for i, s := range sockets {
			if e, err := s.receive(t.Context(), time.Now().Add(time.Second)); e.what != replied || err != nil {
				t.Errorf("%s, %d: %+v, %v", to, i, e, err)
			}
		}
	}
}
