package echo

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"time"
)

// Windows has an ICMP helper that needs no privilege. What it hands over is read here, on
// whatever system: layouts of 64-bit Windows, after
// https://learn.microsoft.com/windows/win32/api/ipexport/ns-ipexport-icmp_echo_reply and
// .../ns-ipexport-icmpv6_echo_reply_lh.

const (
	helperHead4 = 40 // bytes of ICMP_ECHO_REPLY: address, status, ms, size, a pointer, options
	helperHead6 = 36 // bytes of ICMPV6_ECHO_REPLY: a packed address of 26 bytes, status, ms
	// helperSlack is what the helper wants beyond: an ICMP error, and an IO_STATUS_BLOCK.
	helperSlack = 8 + 16
)

// helperRoom is how large a buffer for the answer to an echo has to be.
func helperRoom(carried int) int { return max(helperHead4, helperHead6) + carried + helperSlack }

// helped is what the helper says of one echo.
type helped struct {
	from   netip.Addr
	status ipStatus
	rtt    time.Duration // of whole milliseconds, rounded down
	nonce  nonce
}

// parseHelped reads the helper's buffer, which is at an address of this process's memory;
// not ok for what is no answer with a nonce in it, such as that an address cannot be reached.
func parseHelped(six bool, buffer []byte, at uint64) (h helped, ok bool) {
	little := binary.LittleEndian
	if len(buffer) < helperHead4 {
		return helped{}, false
	}
	var data uint64 // an offset
	if six {
		h.from = netip.AddrFrom16([16]byte(buffer[6:22])) // behind the port and the flow
		h.status, h.rtt = ipStatus(little.Uint32(buffer[28:])), milliseconds(little.Uint32(buffer[32:]))
		data = helperHead6
	} else {
		h.from = netip.AddrFrom4([4]byte(buffer[:4]))
		h.status, h.rtt = ipStatus(little.Uint32(buffer[4:])), milliseconds(little.Uint32(buffer[8:]))
		if little.Uint16(buffer[12:]) < nonceSize {
			return h, false
		}
		data = little.Uint64(buffer[16:]) - at // far outside for what points before it
	}
	if h.status != ipSuccess || data > uint64(len(buffer)-nonceSize) {
		return h, false
	}
	h.nonce = nonce(buffer[data:])
	return h, true
}

func milliseconds(n uint32) time.Duration { return time.Duration(n) * time.Millisecond }

// refined is a round trip that took so long by our own clock, and so many whole
// milliseconds by the helper's, which does not count how long we took to look.
func refined(measured, told time.Duration) time.Duration {
	return min(max(measured, told), told+time.Millisecond)
}

// ipStatus is an IP_STATUS of Windows, or another error of the system's.
type ipStatus uint32

const (
	ipSuccess     ipStatus = 0
	ipNoResources ipStatus = 11006
)

// Error implements error.
func (s ipStatus) Error() string {
	switch s {
	case ipSuccess:
		return "success"
	case 11001:
		return "the buffer is too small (11001)"
	case 11002:
		return "network unreachable (11002)"
	case 11003:
		return "host unreachable (11003)"
	case 11004:
		return "protocol unreachable (11004)"
	case 11005:
		return "port unreachable (11005)"
	case ipNoResources:
		return "no resources (11006)"
	case 11007:
		return "bad option (11007)"
	case 11008:
		return "hardware error (11008)"
	case 11009:
		return "the packet is too big (11009)"
	case 11010:
		return "timed out (11010)"
	case 11011:
		return "bad request (11011)"
	case 11012:
		return "bad route (11012)"
	case 11013:
		return "the time to live expired on the way (11013)"
	case 11014:
		return "the time to live expired before all parts had come (11014)"
	case 11015:
		return "parameter problem (11015)"
	case 11016:
		return "asked to send less (11016)"
	case 11017:
		return "the option is too big (11017)"
	case 11018:
		return "bad destination (11018)"
	case 11050:
		return "general failure (11050)"
	default:
		return fmt.Sprintf("Windows' error %d", uint32(s))
	}
}
