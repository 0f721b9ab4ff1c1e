package lab

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
)

// claimPort is where a lab claims its addresses: below the ports that systems hand out,
// and of no protocol that a host of an estate has.
const claimPort = 21127

// claim takes a part of the estate's network that no other lab of this machine has. A door
// that is closed gives its port back, and who asks the system for one may get it: at an
// address of this lab's own nobody asks. The first part that is free is taken, so that a
// lab alone is always at the same addresses. Where none can be had, as on macOS, labs share
// the first.
func (l *Lab) claim(ctx context.Context) {
	base := number(l.estate.Network.Masked().Addr())
	last := number(l.estate.Address(len(l.now.Load().hosts) - 1))
	needed := last>>8 - base>>8 + 1
	parts := min(uint32(1)<<(32-l.estate.Network.Bits())>>8, 256)
	for part := uint32(0); part+needed <= max(parts, needed); part++ {
		if claims := claimParts(ctx, base+part<<8, needed); claims != nil {
			l.part, l.claims = part, claims
			return
		}
	}
}

// claimParts holds a socket in each of so many parts of 256 addresses; nil when another lab
// has one of them. Nobody is served there: the first addresses of a network are no host's,
// and in a later part it is a port that no host has.
func claimParts(ctx context.Context, base, parts uint32) []io.Closer {
	var config net.ListenConfig
	var claims []io.Closer
	for part := range parts {
		at := netip.AddrPortFrom(address(base+part<<8+1), claimPort)
		held, err := config.ListenPacket(ctx, "udp4", at.String())
		if err != nil {
			_ = release(claims)
			return nil
		}
		claims = append(claims, held)
	}
	return claims
}

func release(claims []io.Closer) error {
	var problems []error
	for _, c := range claims {
		problems = append(problems, c.Close())
	}
	return errors.Join(problems...)
}

// address is that of the i-th host, in the part of the network that the lab has.
func (l *Lab) address(i int) string {
	return address(number(l.estate.Address(i)) + l.part<<8).String()
}

func number(a netip.Addr) uint32 {
	bytes := a.As4()
	return binary.BigEndian.Uint32(bytes[:])
}

func address(n uint32) netip.Addr {
	return netip.AddrFrom4([4]byte(binary.BigEndian.AppendUint32(nil, n)))
}
