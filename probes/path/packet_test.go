package path

import (
	"encoding/binary"
	"net/netip"
	"testing"
)

func ownNonce() [nonceSize]byte {
	return [nonceSize]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}
}

// marked is a mark of four.
func marked(six, bare bool, id uint16, nonce [nonceSize]byte) mark { return mark{six, bare, id, nonce} }

// replyTo is what comes back to a request.
func replyTo(six bool, p packet) []byte {
	b := marked(six, false, 4711, ownNonce()).request(p)
	b[0] = reply4
	if six {
		b[0] = reply6
	}
	return b
}

func TestPackets(t *testing.T) {
	for _, six := range []bool{false, true} {
		p := packet{seq: 99, size: 1400}
		asked := marked(six, false, 4711, ownNonce()).request(p)
		least := marked(six, false, 1, ownNonce()).request(packet{size: 1})
		if len(asked) != 1400-headOf(six) || len(least) != echoHead+nonceSize {
			t.Errorf("the request has %d bytes", len(asked))
		}
		if !six && checksum(asked) != 0 {
			t.Error("the checksum is wrong")
		}
		back := replyTo(six, p)
		seq, ok := marked(six, false, 4711, ownNonce()).parseReply(back)
		if seq != 99 || !ok {
			t.Errorf("got %d, %t", seq, ok)
		}
		bare := append(append([]byte{0x46}, make([]byte, 23)...), back...)
		if seq, ok := marked(false, true, 4711, ownNonce()).parseReply(bare); !six && (seq != 99 || !ok) {
			t.Errorf("with a header: %d, %t", seq, ok)
		}
		other := [16]byte{7}
		for name, ok := range map[string]bool{
			"the request":      okOf(marked(six, false, 4711, ownNonce()).parseReply(asked)),
			"another's id":     okOf(marked(six, false, 4712, ownNonce()).parseReply(back)),
			"another's nonce":  okOf(marked(six, false, 4711, other).parseReply(back)),
			"half of it":       okOf(marked(six, false, 4711, ownNonce()).parseReply(back[:echoHead+15])),
			"nothing":          okOf(marked(six, false, 4711, ownNonce()).parseReply(nil)),
			"no header":        okOf(marked(false, true, 4711, ownNonce()).parseReply(bare[:19])),
			"a header too big": okOf(marked(false, true, 4711, ownNonce()).parseReply(append([]byte{0x4f}, bare[1:30]...))),
			"one too small":    okOf(marked(false, true, 4711, ownNonce()).parseReply(append([]byte{0x42}, bare[1:]...))),
		} {
			if ok {
				t.Errorf("%s (%t) is taken", name, six)
			}
		}
	}
	if checksum([]byte{1, 2, 3}) != ^uint16(0x0402) {
		t.Error("an odd number of bytes has a wrong checksum")
	}
}

func okOf(_ uint16, ok bool) bool { return ok }

// extended is a sock_extended_err with an address behind it.
func extended(errno uint32, origin, kind, code byte, info uint32, from netip.Addr) []byte {
	b := binary.NativeEndian.AppendUint32(nil, errno)
	b = append(b, origin, kind, code, 0)
	b = binary.NativeEndian.AppendUint32(b, info)
	b = append(b, 0, 0, 0, 0)
	switch {
	case from.Is4():
		b = append(append(b, 2, 0, 0, 0), from.AsSlice()...)
	case from.Is6():
		b = append(append(b, 10, 0, 0, 0, 0, 0, 0, 0), from.AsSlice()...)
	}
	return b
}

func TestParseError(t *testing.T) {
	four, six := netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("fd00::1")
	quoted := marked(false, false, 4711, ownNonce()).request(packet{seq: 7, size: 84})
	for name, tt := range map[string]struct {
		six    bool
		quoted []byte
		data   []byte
		want   event
		local  int
	}{
		"too large":         {false, quoted, extended(90, 2, 3, 4, 1400, four), event{what: tooLarge, seq: 7, from: four, mtu: 1400}, 0},
		"of an old router":  {false, quoted[:8], extended(90, 2, 3, 4, 0, four), event{what: tooLarge, seq: 7, from: four}, 0},
		"expired":           {false, quoted, extended(113, 2, 11, 0, 0, four), event{what: expired, seq: 7, from: four}, 0},
		"unreachable":       {false, quoted, extended(113, 2, 3, 1, 0, four), event{what: unreachable, seq: 7, from: four}, 0},
		"something else":    {false, quoted, extended(71, 2, 12, 0, 0, four), event{seq: 7, from: four}, 0},
		"the runner's own":  {false, nil, extended(90, 1, 0, 0, 1450, netip.Addr{}), event{}, 1450},
		"no route of its":   {false, nil, extended(113, 1, 0, 0, 3, netip.Addr{}), event{}, 0},
		"another's":         {false, marked(false, false, 1, ownNonce()).request(packet{}), extended(90, 2, 3, 4, 1400, four), event{}, 0},
		"too little of it":  {false, quoted[:7], extended(90, 2, 3, 4, 1400, four), event{}, 0},
		"of IPv6":           {true, marked(true, false, 4711, ownNonce()).request(packet{seq: 7, size: 84}), extended(90, 3, 2, 0, 1280, six), event{what: tooLarge, seq: 7, from: six, mtu: 1280}, 0},
		"expired in IPv6":   {true, marked(true, false, 4711, ownNonce()).request(packet{seq: 7, size: 84}), extended(113, 3, 3, 0, 0, six), event{what: expired, seq: 7, from: six}, 0},
		"no way in IPv6":    {true, marked(true, false, 4711, ownNonce()).request(packet{seq: 7, size: 84}), extended(113, 3, 1, 0, 0, six), event{what: unreachable, seq: 7, from: six}, 0},
		"without an author": {false, quoted, extended(90, 2, 3, 4, 1400, four)[:16], event{what: tooLarge, seq: 7, mtu: 1400}, 0},
		"half of it":        {false, quoted, extended(90, 2, 3, 4, 1400, four)[:15], event{}, 0},
	} {
		got, local := marked(tt.six, false, 4711, ownNonce()).parseError(tt.quoted, tt.data)
		if got != tt.want || local != tt.local {
			t.Errorf("%s: got %+v, %d, want %+v, %d", name, got, local, tt.want, tt.local)
		}
	}
}

// FuzzPackets wants no panic, and nothing read but what stands there.
func FuzzPackets(f *testing.F) {
	four := netip.MustParseAddr("10.0.0.1")
	f.Add(false, false, replyTo(false, packet{seq: 7, size: 84}), extended(90, 2, 3, 4, 1400, four))
	six := netip.MustParseAddr("fd00::1")
	f.Add(true, false, replyTo(true, packet{seq: 7, size: 84}), extended(90, 3, 2, 0, 1280, six))
	f.Add(false, true, append(append([]byte{0x45}, make([]byte, 19)...), replyTo(false, packet{size: 84})...), []byte{})
	f.Fuzz(func(t *testing.T, six, bare bool, b, data []byte) {
		m := marked(six, bare, 4711, ownNonce())
		if seq, ok := m.parseReply(b); ok && !bare && seq != binary.BigEndian.Uint16(b[6:]) {
			t.Errorf("%d is read of %x", seq, b)
		}
		if e, local := m.parseError(b, data); e.mtu < 0 || e.mtu >= 1<<16 || local < 0 || !e.at.IsZero() {
			t.Errorf("%+v, %d are read of %x, %x", e, local, b, data)
		}
	})
}
