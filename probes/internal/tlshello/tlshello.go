// Package tlshello offers versions of TLS and cipher suites to a server, one hello at a
// time, and reads which of them it takes: also those that Go itself speaks no more.
package tlshello

import (
	"crypto/ecdh"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"

	"golang.org/x/crypto/cryptobyte"
)

// The versions, newest first.
const (
	TLS13 uint16 = 0x0304
	TLS12 uint16 = 0x0303
	TLS11 uint16 = 0x0302
	TLS10 uint16 = 0x0301
	SSL30 uint16 = 0x0300
)

// Versions are those that can be offered, newest first.
func Versions() []uint16 { return []uint16{TLS13, TLS12, TLS11, TLS10, SSL30} }

// VersionName is what people call a version.
func VersionName(version uint16) string {
	switch {
	case version == SSL30:
		return "SSL 3.0"
	case version > SSL30 && version <= TLS13:
		return fmt.Sprintf("TLS 1.%d", version-TLS10)
	default:
		return fmt.Sprintf("0x%04x", version)
	}
}

// Offer is what a client says first.
type Offer struct {
	Version uint16   // the newest that is offered, and with TLS 1.3 the only one
	Suites  []uint16 // at most some hundreds
	Name    string   // the server's; empty or an IP address presents none
}

// Bytes is the offer as one record.
func (o Offer) Bytes() ([]byte, error) {
	random := make([]byte, 64)
	_, _ = rand.Read(random) // which never fails
	share, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	var b cryptobyte.Builder
	b.AddUint8(typeHandshake)
	b.AddUint16(min(o.Version, TLS10))
	b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
		b.AddUint8(clientHello)
		b.AddUint24LengthPrefixed(func(b *cryptobyte.Builder) { o.hello(b, random, share.PublicKey().Bytes()) })
	})
	return b.Bytes()
}

func (o Offer) hello(b *cryptobyte.Builder, random, share []byte) {
	b.AddUint16(min(o.Version, TLS12))
	b.AddBytes(random[:32])
	b.AddUint8LengthPrefixed(func(b *cryptobyte.Builder) {
		if o.Version >= TLS13 { // as boxes on the way expect it (RFC 8446, D.4)
			b.AddBytes(random[32:])
		}
	})
	b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
		for _, suite := range o.Suites {
			b.AddUint16(suite)
		}
		b.AddUint16(0x00ff) // no renegotiation without its protection (RFC 5746)
	})
	b.AddUint8LengthPrefixed(func(b *cryptobyte.Builder) { b.AddUint8(0) })
	if o.Version > SSL30 {
		b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { o.extensions(b, share) })
	}
}

func (o Offer) extensions(b *cryptobyte.Builder, share []byte) {
	extension := func(number uint16, body func(*cryptobyte.Builder)) {
		b.AddUint16(number)
		b.AddUint16LengthPrefixed(body)
	}
	words := func(all ...uint16) func(*cryptobyte.Builder) {
		return func(b *cryptobyte.Builder) {
			b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
				for _, one := range all {
					b.AddUint16(one)
				}
			})
		}
	}
	if name := strings.TrimSuffix(strings.Trim(o.Name, "[]"), "."); !isAddress(name) {
		extension(extServerName, func(b *cryptobyte.Builder) {
			b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
				b.AddUint8(0)
				b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes([]byte(name)) })
			})
		})
	}
	extension(extGroups, words(0x001d, 0x0017, 0x0018, 0x0019, 0x001e, 0x0100, 0x0101, 0x0102))
	extension(extPoints, func(b *cryptobyte.Builder) { b.AddBytes([]byte{1, 0}) })
	extension(extMasterSecret, func(*cryptobyte.Builder) {})
	if o.Version >= TLS12 {
		extension(extSignatures, words(0x0403, 0x0503, 0x0603, 0x0807, 0x0804, 0x0805, 0x0806, 0x0809, 0x080a, 0x080b,
			0x0401, 0x0501, 0x0601, 0x0203, 0x0201, 0x0402, 0x0202))
	}
	if o.Version >= TLS13 {
		extension(extVersions, func(b *cryptobyte.Builder) {
			b.AddUint8LengthPrefixed(func(b *cryptobyte.Builder) { b.AddUint16(o.Version) })
		})
		extension(extModes, func(b *cryptobyte.Builder) { b.AddBytes([]byte{1, 1}) })
		extension(extShare, func(b *cryptobyte.Builder) {
			b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
				b.AddUint16(0x001d)
				b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(share) })
			})
		})
	}
}

// isAddress says whether a name is none that a server could be asked for.
func isAddress(name string) bool {
	_, err := netip.ParseAddr(name)
	return err == nil || name == "" || len(name) > 255
}

// Answer is what the server chose.
type Answer struct{ Version, Suite uint16 }

// Alert is a server that declines, in the words of RFC 8446.
type Alert uint8

// Error implements error.
func (a Alert) Error() string {
	if name, known := alerts()[a]; known {
		return "the server declines: " + name
	}
	return fmt.Sprintf("the server declines with alert %d", uint8(a))
}

func alerts() map[Alert]string {
	return map[Alert]string{
		0: "close notify", 10: "unexpected message", 20: "bad record MAC", 40: "handshake failure",
		47: "illegal parameter", 50: "decode error", 70: "protocol version", 71: "insufficient security",
		80: "internal error", 86: "inappropriate fallback", 109: "missing extension", 112: "unrecognized name",
		120: "no application protocol",
	}
}

// ErrNoTLS is an answer that is none of TLS.
var ErrNoTLS = errors.New("the answer is no TLS")

const (
	typeAlert     = 21
	typeHandshake = 22
	clientHello   = 1
	serverHello   = 2

	extServerName   = 0
	extGroups       = 10
	extPoints       = 11
	extSignatures   = 13
	extMasterSecret = 23
	extVersions     = 43
	extModes        = 45
	extShare        = 51

	mostRecord  = 1<<14 + 2048 // bytes in a record
	mostRecords = 16           // until a server's hello is whole
	mostHello   = 1 << 15      // bytes of it
)

// Read reads the server's answer to an offer. An Alert says that it declines.
func Read(from io.Reader) (Answer, error) {
	var message []byte
	for range mostRecords {
		kind, body, err := record(from)
		switch {
		case err != nil:
			return Answer{}, err
		case kind == typeAlert && len(body) == 2 && body[0] == 1 && body[1] != 0:
			continue // a warning: the name is not one that it knows
		case kind == typeAlert && len(body) == 2:
			return Answer{}, Alert(body[1])
		case kind != typeHandshake || len(body) == 0:
			return Answer{}, ErrNoTLS
		}
		if message = append(message, body...); len(message) < 4 {
			continue
		}
		size := int(message[1])<<16 | int(message[2])<<8 | int(message[3])
		if message[0] != serverHello || size > mostHello {
			return Answer{}, ErrNoTLS
		}
		if len(message) >= 4+size {
			return parse(message[4 : 4+size])
		}
	}
	return Answer{}, ErrNoTLS
}

// record reads one; many a server that has no TLS says something else at once.
func record(from io.Reader) (kind byte, body []byte, err error) {
	var head [5]byte
	if n, err := io.ReadFull(from, head[:]); err != nil {
		if n > 0 && head[0] != typeAlert && head[0] != typeHandshake {
			return 0, nil, ErrNoTLS
		}
		return 0, nil, err
	}
	size := int(head[3])<<8 | int(head[4])
	if head[0] != typeAlert && head[0] != typeHandshake || head[1] != 3 || size > mostRecord {
		return 0, nil, ErrNoTLS
	}
	body = make([]byte, size)
	_, err = io.ReadFull(from, body)
	return head[0], body, err
}

// parse reads a ServerHello or, what looks the same, a HelloRetryRequest.
func parse(body []byte) (Answer, error) {
	var a Answer
	var session, extensions cryptobyte.String
	s := cryptobyte.String(body)
	if !s.ReadUint16(&a.Version) || !s.Skip(32) || !s.ReadUint8LengthPrefixed(&session) ||
		!s.ReadUint16(&a.Suite) || !s.Skip(1) {
		return Answer{}, ErrNoTLS
	}
	if s.Empty() {
		return a, nil
	}
	if !s.ReadUint16LengthPrefixed(&extensions) {
		return Answer{}, ErrNoTLS
	}
	for !extensions.Empty() {
		var number uint16
		var value cryptobyte.String
		if !extensions.ReadUint16(&number) || !extensions.ReadUint16LengthPrefixed(&value) {
			return Answer{}, ErrNoTLS
		}
		if number == extVersions && !value.ReadUint16(&a.Version) {
			return Answer{}, ErrNoTLS
		}
	}
	return a, nil
}
