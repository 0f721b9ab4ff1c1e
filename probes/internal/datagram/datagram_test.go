package datagram_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"postpatch/probes"
	"postpatch/probes/internal/datagram"
	"postpatch/probes/internal/reach"
	"postpatch/probes/probetest"
)

func ask(t *testing.T, target probes.Target, wait time.Duration, q datagram.Question) (datagram.Answer, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), wait)
	defer cancel()
	conn, err := datagram.Dial(ctx, target, "srv.test:7")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	return datagram.Ask(ctx, conn, q)
}

// served is in a bubble, and answers packets.
func served(answer func([]byte) []byte) probes.Target {
	return probetest.InMemory(map[string]func(net.Conn){"udp/7": func(conn net.Conn) {
		packet := make([]byte, datagram.Most)
		for {
			n, err := conn.Read(packet)
			if err != nil {
				return
			}
			if reply := answer(packet[:n]); reply != nil {
				_, _ = conn.Write(reply)
			}
		}
	}})
}

func TestAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		isB := func(packet []byte) bool { return string(packet) == "b" }
		asked := 0
		target := served(func(packet []byte) []byte {
			if asked++; asked == 1 { // somebody else's answer, and the question is asked again
				return packet
			}
			time.Sleep(time.Millisecond)
			return []byte("b")
		})
		got, err := ask(t, target, time.Minute, datagram.Question{Packet: []byte("a"), Fits: isB})
		if err != nil || string(got.Packet) != "b" || got.Latency <= 0 {
			t.Errorf("got %q after %s, %v", got.Packet, got.Latency, err)
		}
	})
}

// On Windows what does not fit is an error, and no answer.
func TestLargeAnswer(t *testing.T) {
	large := bytes.Repeat([]byte("b"), 20_000)
	target := probetest.Target(probetest.ServePackets(t, func([]byte) []byte { return large }))
	got, err := ask(t, target, time.Minute, datagram.Question{Packet: []byte("a")})
	if err != nil || !bytes.Equal(got.Packet, large) {
		t.Errorf("got %d bytes, %v", len(got.Packet), err)
	}
}

func TestSilence(t *testing.T) {
	for name, once := range map[string]bool{"again and again": false, "once": true} {
		synctest.Test(t, func(t *testing.T) {
			asked := 0
			target := served(func([]byte) []byte {
				asked++
				return nil
			})
			_, err := ask(t, target, time.Minute, datagram.Question{Packet: []byte("a"), Once: once})
			synctest.Wait() // until the server has counted
			if want := map[bool]int{true: 1, false: datagram.Tries}[once]; !errors.Is(err, probes.ErrNoAnswer) || asked != want {
				t.Errorf("%s: asked %d times, %v", name, asked, err)
			}
		})
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
	away := datagram.Unsent(t.Context(), fmt.Errorf("write: %w", syscall.EHOSTUNREACH), false)
	if !errors.Is(away, probes.ErrNoAnswer) {
		t.Errorf("what the network said of the packet before: %v", away)
	}
	err := datagram.Silence(over, errors.New("closed"), true)
	if !errors.Is(err, datagram.ErrStray) || errors.Is(err, probes.ErrNoAnswer) {
		t.Errorf("strays alone: %v", err)
	}
}

// A socket that the end of the time has closed before anybody asks is silence, as it would have been
// a moment later.
func TestTooLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		conn, err := datagram.Dial(ctx, served(nil), "srv.test:7")
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		_, err = datagram.Ask(ctx, conn, datagram.Question{Packet: []byte("a")})
		if !errors.Is(err, probes.ErrNoAnswer) || err.Error() != "no answer by UDP" {
			t.Errorf("got %v", err)
		}
	})
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
