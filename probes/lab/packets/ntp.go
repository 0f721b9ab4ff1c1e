package packets

import (
	"cmp"
	"encoding/binary"
	"net/netip"
	"time"

	"postpatch/probes/lab/estate"
)

// NewNTP answers NTP as RFC 5905 has it for a server, versions 1 to 4.
func NewNTP(host func() estate.Host) *Server {
	return newServer(host, func(h estate.Host, packet []byte) ([]byte, estate.Fault) {
		if h.NTP == nil {
			return nil, estate.Drop
		}
		return tell(*h.NTP, packet, time.Now().Add(h.OS.Clock+h.NTP.Offset)), h.NTP.Fault
	})
}

const (
	ntpSize   = 48
	modeAsk   = 3
	modeTell  = 4
	noLeap    = 3 // the alarm: not synchronized
	kissed    = 0 // the stratum of who declines
	precision = 0xE9
)

// tell makes the answer; nil for what is no question.
func tell(n estate.NTP, packet []byte, now time.Time) []byte {
	if len(packet) < ntpSize || packet[0]&7 != modeAsk {
		return nil
	}
	version := packet[0] >> 3 & 7
	if version == 0 || version > 4 {
		return nil
	}
	answer := make([]byte, ntpSize)
	answer[0] = version<<3 | modeTell
	answer[1], answer[2], answer[3] = byte(cmp.Or(n.Stratum, 3)), packet[2], precision
	binary.BigEndian.PutUint32(answer[4:], 0x0800) // 31 ms there and back
	binary.BigEndian.PutUint32(answer[8:], 0x0a3d) // 40 ms off, perhaps
	copy(answer[12:16], reference(n))              // and where it comes from
	put(answer[16:], now.Add(-34*time.Second))     // when the clock was set
	copy(answer[24:32], packet[40:48])             // the client's own number
	put(answer[32:], now)
	put(answer[40:], now)
	switch {
	case n.Unsynchronized:
		answer[0] |= noLeap << 6
		answer[1] = kissed
		clear(answer[4:24])
	case n.Kiss != "":
		answer[0] |= noLeap << 6
		answer[1] = kissed
		clear(answer[12:16])
		copy(answer[12:16], n.Kiss)
	case n.Fault == estate.Error:
		answer[0] |= noLeap << 6
		answer[1] = 16
	}
	return answer
}

func reference(n estate.NTP) []byte {
	if n.Stratum == 1 {
		return []byte((cmp.Or(n.Reference, "LOCL") + "\x00\x00\x00\x00")[:4])
	}
	address, err := netip.ParseAddr(cmp.Or(n.Reference, "10.0.0.1"))
	if err != nil || !address.Is4() {
		return []byte{10, 0, 0, 1}
	}
	four := address.As4()
	return four[:]
}

// put writes a time of NTP: seconds since 1900, and parts of one.
func put(at []byte, now time.Time) {
	const until1970 = 2_208_988_800
	binary.BigEndian.PutUint32(at, uint32(now.Unix()+until1970))
	binary.BigEndian.PutUint32(at[4:], uint32(uint64(now.Nanosecond())<<32/1e9))
}
