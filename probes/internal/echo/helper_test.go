package echo

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"
)

// helperAt is where the buffers of these tests are said to be.
const helperAt = 0x7ff6_1234_0000

// answer4 is what Windows writes for an IPv4 echo, with the carried bytes at an offset.
func answer4(from string, status, ms uint32, carried []byte, offset int) []byte {
	b := make([]byte, helperRoom(len(carried)))
	copy(b, netip.MustParseAddr(from).AsSlice())
	binary.LittleEndian.PutUint32(b[4:], status)
	binary.LittleEndian.PutUint32(b[8:], ms)
	binary.LittleEndian.PutUint16(b[12:], uint16(len(carried)))
	binary.LittleEndian.PutUint64(b[16:], uint64(helperAt+offset))
	if offset >= 0 && offset < len(b) {
		copy(b[offset:], carried)
	}
	return b
}

func answer6(from string, status, ms uint32, carried []byte) []byte {
	b := make([]byte, helperRoom(len(carried)))
	copy(b[6:], netip.MustParseAddr(from).AsSlice())
	binary.LittleEndian.PutUint32(b[28:], status)
	binary.LittleEndian.PutUint32(b[32:], ms)
	copy(b[helperHead6:], carried)
	return b
}

func TestWhatTheHelperSays(t *testing.T) {
	mark := []byte("0123456789abcdef")
	carried := slices.Concat(mark, make([]byte, 40))
	for name, test := range map[string]struct {
		six    bool
		buffer []byte
		from   string // "" for no answer
		rtt    time.Duration
	}{
		"an answer":             {buffer: answer4("10.0.0.1", 0, 7, carried, 40), from: "10.0.0.1", rtt: 7 * time.Millisecond},
		"elsewhere":             {buffer: answer4("10.0.0.1", 0, 0, carried, 48), from: "10.0.0.1"},
		"at its end":            {buffer: answer4("10.0.0.1", 0, 0, mark, helperRoom(16)-16), from: "10.0.0.1"},
		"one byte beyond":       {buffer: answer4("10.0.0.1", 0, 0, mark, helperRoom(16)-15)},
		"before it":             {buffer: answer4("10.0.0.1", 0, 0, carried, -1)},
		"without a mark":        {buffer: answer4("10.0.0.1", 0, 0, carried[:15], 40)},
		"unreachable":           {buffer: answer4("10.0.0.254", 11003, 0, carried, 40)},
		"timed out":             {buffer: answer4("0.0.0.0", 11010, 0, carried, 40)},
		"cut":                   {buffer: make([]byte, helperHead4-1)},
		"IPv6":                  {six: true, buffer: answer6("fe80::1", 0, 2, carried), from: "fe80::1", rtt: 2 * time.Millisecond},
		"IPv6, unreachable":     {six: true, buffer: answer6("fe80::1", 11003, 2, carried)},
		"IPv6, without a mark":  {six: true, buffer: answer6("fe80::1", 0, 2, nil)[:helperHead4]},
		"IPv6, nothing written": {six: true},
	} {
		h, ok := parseHelped(test.six, test.buffer, helperAt)
		if ok != (test.from != "") || ok && (h.from.String() != test.from || h.rtt != test.rtt || h.nonce != nonce(mark)) {
			t.Errorf("%s: got %+v, %t", name, h, ok)
		}
	}
}

func TestARoundTripOfWholeMilliseconds(t *testing.T) {
	const ms = time.Millisecond
	for _, test := range [][3]time.Duration{ // measured, told, want
		{300 * time.Microsecond, 0, 300 * time.Microsecond},
		{9 * ms, 0, ms}, // we looked late
		{7*ms + 5, 7 * ms, 7*ms + 5},
		{6 * ms, 7 * ms, 7 * ms}, // the clocks differ
	} {
		if got := refined(test[0], test[1]); got != test[2] {
			t.Errorf("%v: got %v", test, got)
		}
	}
}

func TestStatusesHaveWords(t *testing.T) {
	for code, want := range map[ipStatus]string{
		0: "success", 11002: "network unreachable", 11010: "timed out", 11050: "general failure", 1231: "Windows' error 1231",
	} {
		if got := error(code).Error(); !strings.HasPrefix(got, want) {
			t.Errorf("%d: %s", code, got)
		}
	}
	if !errors.Is(error(ipNoResources), ipNoResources) {
		t.Error("a status is not itself")
	}
}

func FuzzWhatTheHelperSays(f *testing.F) {
	f.Add(false, answer4("10.0.0.1", 0, 7, make([]byte, 56), 40), uint64(helperAt))
	f.Add(true, answer6("::1", 0, 7, make([]byte, 56)), uint64(helperAt))
	f.Fuzz(func(t *testing.T, six bool, buffer []byte, at uint64) {
		h, ok := parseHelped(six, buffer, at)
		if ok && (h.status != ipSuccess || len(buffer) < helperHead4 || !h.from.IsValid() || h.from.Is6() != six) {
			t.Errorf("got %+v of %x", h, buffer)
		}
	})
}
