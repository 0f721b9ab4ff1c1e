package path

import (
	"context"
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
