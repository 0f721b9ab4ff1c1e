package auth

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"unicode/utf16"
)

// Flags of a challenge, MS-NLMP 2.2.2.5.
const (
	ntlmUnicode    = 1 << 0
	ntlmSign       = 1 << 4
	ntlmSeal       = 1 << 5
	ntlmDatagram   = 1 << 6
	ntlmAnonymous  = 1 << 11
	ntlmExtended   = 1 << 19 // extended session security
	ntlmTargetInfo = 1 << 23
	ntlm128        = 1 << 29
	ntlmKeyExch    = 1 << 30
)

// challenge is what we read of the host's message ourselves, before the library
// does: it trusts lengths, and takes any flags.
type challenge struct{ computer string }

// readChallenge holds a challenge against MS-NLMP 2.2.1.2: the flags that make
// the session safe, unless TLS does that, and every length.
func readChallenge(b []byte, unsealed bool) (challenge, error) {
	const fixed, most = 48, 1 << 16
	if len(b) < 12 || !bytes.HasPrefix(b, []byte("NTLMSSP\x00")) {
		return challenge{}, errors.New("the host's token is not NTLM")
	}
	if kind := binary.LittleEndian.Uint32(b[8:]); kind != 2 {
		return challenge{}, fmt.Errorf("the host's message is of type %d, not the challenge, type 2", kind)
	}
	if len(b) < fixed || len(b) > most {
		return challenge{}, fmt.Errorf("the host's challenge has %d bytes, not %d to %d", len(b), fixed, most)
	}
	if err := checkFlags(binary.LittleEndian.Uint32(b[20:]), unsealed); err != nil {
		return challenge{}, err
	}
	if _, err := buffer(b, 12); err != nil {
		return challenge{}, fmt.Errorf("the target name of the host's challenge %w", err)
	}
	info, err := buffer(b, 40)
	if err != nil {
		return challenge{}, fmt.Errorf("the target info of the host's challenge %w", err)
	}
	return readTargetInfo(info)
}

func checkFlags(flags uint32, unsealed bool) error {
	const ofSealing = ntlmSign | ntlmSeal | ntlmKeyExch
	for _, needed := range []struct {
		flag uint32
		what string
	}{
		{ntlmUnicode, "Unicode"},
		{ntlmSign, "signing"},
		{ntlmSeal, "sealing"},
		{ntlmExtended, "extended session security"},
		{ntlmTargetInfo, "target info, without which there is no NTLMv2"},
		{ntlm128, "128-bit keys"},
		{ntlmKeyExch, "key exchange"},
	} {
		if unsealed && needed.flag&ofSealing != 0 {
			continue
		}
		if flags&needed.flag == 0 {
			return fmt.Errorf("%w: its challenge clears %s (flags %#08x)", ErrDowngrade, needed.what, flags)
		}
	}
	if flags&ntlmAnonymous != 0 {
		return fmt.Errorf("%w: its challenge asks for nobody's account (flags %#08x)", ErrDowngrade, flags)
	}
	if flags&ntlmDatagram != 0 {
		return fmt.Errorf("%w: its challenge asks for datagrams (flags %#08x)", ErrDowngrade, flags)
	}
	return nil
}

// buffer is the payload that the eight bytes at the offset point to.
func buffer(b []byte, at int) ([]byte, error) {
	length := uint64(binary.LittleEndian.Uint16(b[at:]))
	start := uint64(binary.LittleEndian.Uint32(b[at+4:]))
	if start+length > uint64(len(b)) {
		return nil, fmt.Errorf("reaches to byte %d of %d", start+length, len(b))
	}
	return b[start : start+length], nil
}

// readTargetInfo walks the AV_PAIRs of MS-NLMP 2.2.2.1.
func readTargetInfo(info []byte) (challenge, error) {
	const end, computer, flags, timestamp = 0, 1, 6, 7
	var c challenge
	for {
		if len(info) < 4 {
			return challenge{}, errors.New("the target info of the host's challenge has no end")
		}
		id, length := binary.LittleEndian.Uint16(info), int(binary.LittleEndian.Uint16(info[2:]))
		info = info[4:]
		if id == end {
			return c, nil
		}
		if length > len(info) {
			return challenge{}, fmt.Errorf("pair %d of the host's target info has %d bytes of %d", id, len(info), length)
		}
		value := info[:length]
		info = info[length:]
		switch {
		case id == flags && length != 4, id == timestamp && length != 8:
			return challenge{}, fmt.Errorf("pair %d of the host's target info is %d bytes long", id, length)
		case id == computer:
			c.computer = fromUTF16(value)
		}
	}
}

func fromUTF16(b []byte) string {
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(b[2*i:])
	}
	return string(utf16.Decode(units))
}
