package sql

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"postpatch/probes/host"

	"postpatch/probes"
)

// recorded are the answers of a healthy instance to an unencrypted client, one message
// each.
func recorded(t testing.TB, target probes.Target, p probes.Probe) [][]byte {
	t.Helper()
	var mu sync.Mutex
	var stream []byte
	dial := target.Dial
	target.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		return recordingConn{conn, &mu, &stream}, err
	}
	if _, err := p.Observe(t.Context(), target); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	var messages [][]byte
	var message []byte
	for len(stream) >= packetHead {
		size := int(binary.BigEndian.Uint16(stream[2:]))
		message = append(message, stream[:size]...)
		if stream[1]&1 != 0 {
			messages, message = append(messages, message), nil
		}
		stream = stream[size:]
	}
	return messages
}

type recordingConn struct {
	net.Conn
	mu     *sync.Mutex
	stream *[]byte
}

func (c recordingConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.mu.Lock()
	defer c.mu.Unlock()
	*c.stream = append(*c.stream, b[:n]...)
	return n, err
}

// recite answers message after message, and then closes.
func recite(conn net.Conn, answers [][]byte) {
	defer func() { _ = conn.Close() }()
	for _, answer := range answers {
		for last := false; !last; {
			head := make([]byte, packetHead)
			if _, err := io.ReadFull(conn, head); err != nil {
				return
			}
			last = head[1]&1 != 0
			if _, err := io.CopyN(io.Discard, conn, int64(binary.BigEndian.Uint16(head[2:]))-packetHead); err != nil {
				return
			}
		}
		if _, err := conn.Write(answer); err != nil {
			return
		}
	}
}

// Whatever a server answers, at whatever moment: the check ends, and the process lives. A
// panic in a goroutine of the driver's could not be caught. The answers are the same every
// time, and not found by fuzzing: the driver reserves what a value claims to hold, up to
// 2 GiB, and the fuzzer soon finds values that claim so much.
func TestMangledAnswers(t *testing.T) {
	s := serve(t, healthy(), nil)
	p := build(t, map[string]any{"encrypt": "disable", "database": []string{"Orders"}})
	answers := recorded(t, s.target(), p)
	random := rand.New(rand.NewPCG(20261120, 7))
	for range 4000 {
		which := random.IntN(len(answers))
		mangled := slices.Clone(answers)
		mangled[which] = mangle(random, answers[which])
		near, far := net.Pipe()
		recited := make(chan struct{})
		go func() {
			defer close(recited)
			recite(far, mangled)
		}()
		target := (&server{}).target()
		target.Dial = func(context.Context, string, string) (net.Conn, error) { return near, nil }
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond) // for what waits for more
		_, _ = p.Observe(ctx, target)
		cancel()
		_ = near.Close()
		<-recited
	}
	leavesNone(t)
}

// A server names packets that have no room for their own header: the driver panics, and
// where it is called from a goroutine of database/sql's nobody could catch that.
func TestDriverPanics(t *testing.T) {
	s := serve(t, healthy(), nil)
	p := build(t, map[string]any{"encrypt": "disable"})
	answers := recorded(t, s.target(), p)
	size, small := []byte("4\x000\x009\x006\x00"), []byte("0\x000\x000\x004\x00")
	answers[1] = bytes.Replace(answers[1], size, small, 1)
	target := (&server{}).target()
	target.Dial = func(context.Context, string, string) (net.Conn, error) {
		near, far := net.Pipe()
		go recite(far, answers[:2])
		return near, nil
	}
	_, err := p.Observe(t.Context(), target)
	if err == nil || !strings.Contains(err.Error(), damaged) {
		t.Errorf("got %v", err)
	}
	leavesNone(t)

	d := newDoor(t.Context(), probe{params: params{Encrypt: "disable"}}, target)
	db := d.open(host.Credential{User: "probe"})
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var damage damageError
	if _, err := conn.BeginTx(t.Context(), nil); !errors.As(err, &damage) {
		t.Errorf("a transaction: %v", err)
	}
	if err := errors.Join(conn.Close(), db.Close()); err != nil {
		t.Error(err)
	}
	d.close()
	leavesNone(t)
}

// mangle changes some bytes of a message, cuts it or repeats a part of it. Mostly it stays
// one packet.
func mangle(random *rand.Rand, message []byte) []byte {
	body := slices.Clone(message[packetHead:])
	for range 1 + random.IntN(3) {
		at := random.IntN(len(body))
		switch random.IntN(5) {
		case 0:
			body = body[:max(at, 1)]
		case 1:
			body = slices.Concat(body[:at], body[at/2:])
		default:
			body[at] = byte(random.Uint32())
		}
	}
	whole := packet(body)
	if random.IntN(8) == 0 {
		whole[random.IntN(packetHead)] = byte(random.Uint32())
	}
	return whole
}

// packet is a message of one packet.
func packet(body []byte) []byte {
	body = body[:min(len(body), 4096-packetHead)]
	b := []byte{packetReply, 1}
	b = binary.BigEndian.AppendUint16(b, uint16(packetHead+len(body)))
	return append(append(b, 0, 51, 1, 0), body...)
}
