package ntlm

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"unicode/utf16"
)

// The flags of a negotiation (MS-NLMP 2.2.2.5) that this server reads or sets.
const (
	flagUnicode       = 0x00000001
	flagOEM           = 0x00000002
	flagRequestTarget = 0x00000004
	flagSign          = 0x00000010
	flagSeal          = 0x00000020
	flagNTLM          = 0x00000200
	flagAnonymous     = 0x00000800
	flagHasDomain     = 0x00001000
	flagHasComputer   = 0x00002000
	flagAlwaysSign    = 0x00008000
	flagTargetDomain  = 0x00010000
	flagTargetServer  = 0x00020000
	flagExtended      = 0x00080000 // extended session security
	flagTargetInfo    = 0x00800000
	flagVersion       = 0x02000000
	flag128           = 0x20000000
	flagKeyExchange   = 0x40000000
	flag56            = 0x80000000
)

const (
	signature  = "NTLMSSP\x00"
	maxMessage = 64 << 10 // far above what names and AV pairs need

	flagsAt1, type1Itself = 12, 16
	type3Itself           = 64 // without version and MIC, which old clients leave out
	micAt, micSize        = 72, 16
)

// kindOf returns the number of a message; 0 for what is no message of NTLM.
func kindOf(token []byte) uint32 {
	if len(token) < len(signature)+4 || len(token) > maxMessage || string(token[:len(signature)]) != signature {
		return 0
	}
	return binary.LittleEndian.Uint32(token[len(signature):])
}

// IsMessage says whether a token is a bare message of NTLM, and no wrapping of
// one.
func IsMessage(token []byte) bool { return kindOf(token) != 0 }

// IsNegotiate says whether a token is a type 1 message, which begins anew.
func IsNegotiate(token []byte) bool { return kindOf(token) == 1 }

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrMalformed}, args...)...)
}

// field returns the payload that the eight bytes at a place point to.
func field(message []byte, at int) ([]byte, error) {
	if at+8 > len(message) {
		return nil, malformed("no field at byte %d", at)
	}
	size := int(binary.LittleEndian.Uint16(message[at:]))
	begin := uint64(binary.LittleEndian.Uint32(message[at+4:]))
	if size == 0 {
		return nil, nil
	}
	if begin+uint64(size) > uint64(len(message)) {
		return nil, malformed("the field at byte %d leaves the message", at)
	}
	return message[begin:][:size], nil
}

// parseNegotiate returns the flags of a type 1 message. The names in it are
// the client's own and mean nothing; they must only be there. Some clients end
// the message after the flags, and Windows takes it.
func parseNegotiate(token []byte) (flags uint32, err error) {
	if kindOf(token) != 1 || len(token) < type1Itself {
		return 0, malformed("want a type 1 message")
	}
	flags = binary.LittleEndian.Uint32(token[flagsAt1:])
	for at, flag := range map[int]uint32{16: flagHasDomain, 24: flagHasComputer} {
		if flags&flag != 0 {
			if _, err := field(token, at); err != nil {
				return 0, err
			}
		}
	}
	return flags, nil
}

// response is a type 3 message.
type response struct {
	flags        uint32
	nt           []byte
	domain, user string
	workstation  string
	sessionKey   []byte
	raw          []byte
}

// parseAuthenticate reads a type 3 message. Without Unicode its names are
// taken as Latin letters.
func parseAuthenticate(token []byte) (response, error) {
	r := response{raw: token}
	if kindOf(token) != 3 || len(token) < type3Itself {
		return r, malformed("want a type 3 message")
	}
	r.flags = binary.LittleEndian.Uint32(token[60:])
	var names [3][]byte
	targets := map[int]*[]byte{20: &r.nt, 28: &names[0], 36: &names[1], 44: &names[2], 52: &r.sessionKey, 12: new([]byte)}
	for at, target := range targets {
		value, err := field(token, at)
		if err != nil {
			return r, err
		}
		*target = value
	}
	for i, target := range []*string{&r.domain, &r.user, &r.workstation} {
		text, err := decode(names[i], r.flags)
		if err != nil {
			return r, err
		}
		*target = text
	}
	return r, nil
}

// mic returns the message's MIC, and the message as it was when the MIC was
// computed: with nothing in its place (MS-NLMP 3.1.5.1.2).
func (r response) mic() (mic, without []byte, err error) {
	if len(r.raw) < micAt+micSize {
		return nil, nil, malformed("the MIC is announced and not there")
	}
	without = bytes.Clone(r.raw)
	clear(without[micAt:][:micSize])
	return r.raw[micAt:][:micSize], without, nil
}

func decode(text []byte, flags uint32) (string, error) {
	if flags&flagUnicode == 0 {
		runes := make([]rune, len(text))
		for i, b := range text {
			runes[i] = rune(b)
		}
		return string(runes), nil
	}
	if len(text)%2 != 0 {
		return "", malformed("a name of half a character")
	}
	units := make([]uint16, 0, len(text)/2)
	for pair := range slices.Chunk(text, 2) {
		units = append(units, binary.LittleEndian.Uint16(pair))
	}
	return string(utf16.Decode(units)), nil
}

// encode writes a text in UTF-16, as all of NTLM but the oldest names.
func encode(text string) []byte {
	var out []byte
	for _, unit := range utf16.Encode([]rune(text)) {
		out = binary.LittleEndian.AppendUint16(out, unit)
	}
	return out
}

// challenge is what a type 2 message says.
type challenge struct {
	flags  uint32
	nonce  [8]byte
	target string
	info   []byte // AV pairs
}

// marshal writes a type 2 message as Windows Server 2022 does.
func (c challenge) marshal() []byte {
	target := encode(c.target)
	if c.flags&flagUnicode == 0 {
		target = []byte(c.target)
	}
	const itself = 56
	out := append([]byte(signature), 2, 0, 0, 0)
	out = appendField(out, len(target), itself)
	out = binary.LittleEndian.AppendUint32(out, c.flags)
	out = append(out, c.nonce[:]...)
	out = append(out, make([]byte, 8)...)
	out = appendField(out, len(c.info), itself+len(target))
	out = append(out, 10, 0, 0x7c, 0x4f, 0, 0, 0, 15) // 10.0.20348, NTLMSSP revision 15
	return append(append(out, target...), c.info...)
}

func appendField(out []byte, size, offset int) []byte {
	out = binary.LittleEndian.AppendUint16(out, uint16(size))
	out = binary.LittleEndian.AppendUint16(out, uint16(size))
	return binary.LittleEndian.AppendUint32(out, uint32(offset))
}

// The AV pairs (MS-NLMP 2.2.2.1) that this server writes or reads.
const (
	avEnd         = 0
	avComputer    = 1
	avDomain      = 2
	avDNSComputer = 3
	avDNSDomain   = 4
	avFlags       = 6
	avTimestamp   = 7
	avBindings    = 10

	avFlagMIC = 2
)

func appendPair(out []byte, id uint16, value []byte) []byte {
	out = binary.LittleEndian.AppendUint16(out, id)
	out = binary.LittleEndian.AppendUint16(out, uint16(len(value)))
	return append(out, value...)
}

// parsePairs reads AV pairs up to their end.
func parsePairs(data []byte) (map[uint16][]byte, error) {
	pairs := map[uint16][]byte{}
	for {
		if len(data) < 4 {
			return nil, malformed("the AV pairs have no end")
		}
		id, size := binary.LittleEndian.Uint16(data), int(binary.LittleEndian.Uint16(data[2:]))
		if len(data) < 4+size {
			return nil, malformed("AV pair %d leaves the message", id)
		}
		if id == avEnd {
			return pairs, nil
		}
		pairs[id] = data[4:][:size]
		data = data[4+size:]
	}
}
