package datagram_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"postpatch/probes"
	"postpatch/probes/internal/datagram"
	"postpatch/probes/internal/reach"
	"postpatch/probes/probetest"
)

func ask(t *testing.T, wait time.Duration, q datagram.Question, answer func([]byte) []byte) (datagram.Answer, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), wait)
	defer cancel()
	conn, err := datagram.Dial(ctx, probetest.Target(probetest.ServePackets(t, answer)), "srv.test:7")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	return datagram.Ask(ctx, conn, q)
}

func TestAnswers(t *testing.T) {
	isB := func(packet []byte) bool { return string(packet) == "b" }
	var asked atomic.Int32
	got, err := ask(t, time.Minute, datagram.Question{Packet: []byte("a"), Fits: isB}, func(packet []byte) []byte {
		if asked.Add(1) == 1 { // somebody else's answer, and the question is asked again
			return packet
		}
		return []byte("b")
	})
	if err != nil || string(got.Packet) != "b" || got.Latency <= 0 {
		t.Errorf("got %q after %s, %v", got.Packet, got.Latency, err)
	}
}

// On Windows what does not fit is an error, and no answer.
func TestLargeAnswer(t *testing.T) {
	large := bytes.Repeat([]byte("b"), 20_000)
	got, err := ask(t, time.Minute, datagram.Question{Packet: []byte("a")}, func([]byte) []byte { return large })
	if err != nil || !bytes.Equal(got.Packet, large) {
		t.Errorf("got %d bytes, %v", len(got.Packet), err)
	}
}

func TestSilence(t *testing.T) {
	for name, once := range map[string]bool{"again and again": false, "once": true} {
		q := datagram.Question{Packet: []byte("a"), Once: once}
		_, err := ask(t, 50*time.Millisecond, q, func([]byte) []byte { return nil })
		if !errors.Is(err, probes.ErrNoAnswer) {
			t.Errorf("%s: %v", name, err)
		}
	}
	over, cancel := context.WithDeadline(t.Context(), time.Unix(0, 0))
	defer cancel()
	// The check's own time ends with the last wait, and either may be noticed first.
	for name, err := range map[string]error{
		"the socket first": datagram.Silence(t.Context(), os.ErrDeadlineExceeded, false),
		"the check first":  datagram.Silence(over, os.ErrDeadlineExceeded, false),
	} {
		if err.Error() != "no answer by UDP" || !errors.Is(err, probes.ErrNoAnswer) {
			t.Errorf("%s: %v", name, err)
		}
	}
	away := datagram.Unsent(t.Context(), fmt.Errorf("write: %w", syscall.EHOSTUNREACH))
	if !errors.Is(away, probes.ErrNoAnswer) {
		t.Errorf("what the network said of the packet before: %v", away)
	}
	err := datagram.Silence(over, errors.New("closed"), true)
	if !errors.Is(err, datagram.ErrStray) || errors.Is(err, probes.ErrNoAnswer) {
		t.Errorf("strays alone: %v", err)
	}
}

func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	target := probetest.Target(probetest.ServePackets(t, func([]byte) []byte {
		cancel()
		return nil
	}))
	conn, err := datagram.Dial(ctx, target, "srv.test:7")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_, err = datagram.Ask(ctx, conn, datagram.Question{Packet: []byte("a")})
	if !errors.Is(err, context.Canceled) || errors.Is(err, probes.ErrNoAnswer) || reach.State(err) != "" {
		t.Errorf("got %v", err)
	}
}
