package echo

import (
	"bytes"
	"encoding/binary"
	"testing"
)

// replyOf is what comes back to a request.
func replyOf(t testing.TB, six bool, id, seq uint16, carried []byte) []byte {
	t.Helper()
	packet, err := request(six, id, seq, carried)
	if err != nil {
		t.Fatal(err)
	}
	packet[0] = 0
	if six {
		packet[0] = 129
	}
	return packet
}

// under puts an IPv4 header before a packet.
func under(options int, packet []byte) []byte {
	head := make([]byte, 20+4*options)
	head[0] = 0x45 + byte(options)
	return append(head, packet...)
}

func TestParseReply(t *testing.T) {
	carried := bytes.Repeat([]byte{7}, nonceSize)
	for _, six := range []bool{false, true} {
		good := replyOf(t, six, 4711, 99, append(bytes.Clone(carried), "and more"...))
		got, ok := parseReply(six, 4711, good)
		if want := (reply{seq: 99, nonce: nonce(carried)}); got != want || !ok {
			t.Errorf("got %+v, %t, want %+v", got, ok, want)
		}
		asked, err := request(six, 4711, 99, carried)
		if err != nil {
			t.Fatal(err)
		}
		for name, packet := range map[string][]byte{
			"nothing":            {},
			"half a head":        good[:5],
			"no whole nonce":     good[:8+nonceSize-1],
			"the request":        asked,
			"another's id":       replyOf(t, six, 4712, 99, carried),
			"with a code":        append([]byte{good[0], 1}, good[2:]...),
			"the other family's": replyOf(t, !six, 4711, 99, carried),
			"a host that cannot be reached": append([]byte{map[bool]byte{false: 3, true: 1}[six], 1, 0, 0, 0, 0, 0, 0},
				under(0, asked)...),
		} {
			if got, ok := parseReply(six, 4711, packet); ok {
				t.Errorf("%s (%t) is taken for %+v", name, six, got)
			}
		}
	}
}

func TestStripIPv4(t *testing.T) {
	for options := range 11 {
		if got := stripIPv4(under(options, []byte("rest"))); string(got) != "rest" {
			t.Errorf("with %d options: %q", options, got)
		}
	}
	for name, packet := range map[string][]byte{
		"short": make([]byte, 19), "IPv6": append([]byte{0x65}, make([]byte, 40)...),
		"a head too short": append([]byte{0x44}, make([]byte, 40)...),
		"a head too long":  append([]byte{0x4f}, make([]byte, 40)...),
	} {
		if got := stripIPv4(packet); got != nil {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// FuzzParseReply wants no panic, and no nonce but one that stands in the packet.
func FuzzParseReply(f *testing.F) {
	for _, six := range []bool{false, true} {
		f.Add(six, uint16(4711), under(0, replyOf(f, six, 4711, 1, make([]byte, 56))))
		f.Add(six, uint16(1), replyOf(f, six, 1, 1, []byte("0123456789abcdef")))
		f.Add(six, uint16(0), []byte{0x45})
	}
	f.Fuzz(func(t *testing.T, six bool, id uint16, packet []byte) {
		if !six {
			packet = stripIPv4(packet)
		}
		r, ok := parseReply(six, id, packet)
		if ok && (binary.BigEndian.Uint16(packet[4:]) != id || binary.BigEndian.Uint16(packet[6:]) != r.seq ||
			!bytes.Equal(packet[8:8+nonceSize], r.nonce[:])) {
			t.Errorf("%v is taken for %+v", packet, r)
		}
	})
}
