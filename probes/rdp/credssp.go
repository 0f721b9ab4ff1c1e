package rdp

import (
	"encoding/asn1"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"unicode/utf16"

	"postpatch/probes/internal/reach"
)

// challenge is what a server says of itself within CredSSP before anybody has logged on.
type challenge struct {
	version  int    // of CredSSP
	computer string // its name in the DNS
	build    string // "10.0.20348"
	status   uint32 // with which it declines; 0 for none
}

// tsRequest is TSRequest of [MS-CSSP] 2.2.1.
type tsRequest struct {
	Version    int         `asn1:"explicit,tag:0"`
	NegoTokens []negoToken `asn1:"explicit,optional,omitempty,tag:1"`
	AuthInfo   []byte      `asn1:"explicit,optional,tag:2"`
	PubKeyAuth []byte      `asn1:"explicit,optional,tag:3"`
	ErrorCode  int64       `asn1:"explicit,optional,tag:4"`
	Nonce      []byte      `asn1:"explicit,optional,tag:5"`
}

type negoToken struct {
	Token []byte `asn1:"explicit,tag:0"`
}

const (
	credsspVersion = 6
	mostCredSSP    = 64 << 10
	sequence       = 0x30
)

var errNoCredSSP = errors.New("what came is no answer of CredSSP")

// hello is the first message of CredSSP: NTLM's first one, which names nobody.
func hello() ([]byte, error) {
	ntlm := []byte("NTLMSSP\x00\x01\x00\x00\x00")
	const flags = 0xE2088297 // as Windows sends: Unicode, sealing, 128 bits, extended session security, a version
	ntlm = binary.LittleEndian.AppendUint32(ntlm, flags)
	ntlm = append(ntlm, make([]byte, 16)...)            // no domain, no workstation
	ntlm = append(ntlm, 10, 0, 0x7C, 0x4F, 0, 0, 0, 15) // a Windows of 10.0, as the flag promises
	return asn1.Marshal(tsRequest{Version: credsspVersion, NegoTokens: []negoToken{{ntlm}}})
}

// readMessage reads one message in DER.
func readMessage(in io.Reader) ([]byte, error) {
	message := make([]byte, 2, 64)
	if _, err := io.ReadFull(in, message); err != nil {
		return nil, err
	}
	if message[0] != sequence {
		return nil, errNoCredSSP
	}
	length := int(message[1])
	if length > 0x7F {
		more := make([]byte, length&0x7F)
		if len(more) == 0 || len(more) > 3 {
			return nil, errNoCredSSP
		}
		if _, err := io.ReadFull(in, more); err != nil {
			return nil, err
		}
		message, length = append(message, more...), 0
		for _, b := range more {
			length = length<<8 | int(b)
		}
	}
	if length > mostCredSSP {
		return nil, fmt.Errorf("%w: it has more than %d bytes", errNoCredSSP, mostCredSSP)
	}
	body := make([]byte, length)
	if _, err := io.ReadFull(in, body); err != nil {
		return nil, err
	}
	return append(message, body...), nil
}

// parseChallenge reads the server's answer to hello.
func parseChallenge(message []byte) (challenge, error) {
	var ts tsRequest
	if rest, err := asn1.Unmarshal(message, &ts); err != nil || len(rest) > 0 || ts.Version < 1 || ts.Version > 1000 {
		return challenge{}, errNoCredSSP
	}
	c := challenge{version: ts.Version, status: uint32(ts.ErrorCode)}
	if c.status != 0 {
		return c, nil
	}
	if len(ts.NegoTokens) == 0 || !c.ntlm(ts.NegoTokens[0].Token) {
		return challenge{}, fmt.Errorf("%w: it has no challenge of NTLM", errNoCredSSP)
	}
	return c, nil
}

// ntlm reads CHALLENGE_MESSAGE of [MS-NLMP] 2.2.1.2.
func (c *challenge) ntlm(token []byte) bool {
	const fixed, flagVersion = 48, 0x02000000
	if len(token) < fixed || string(token[:12]) != "NTLMSSP\x00\x02\x00\x00\x00" {
		return false
	}
	if flags := binary.LittleEndian.Uint32(token[20:]); flags&flagVersion != 0 && len(token) >= fixed+8 {
		c.build = fmt.Sprintf("%d.%d.%d", token[48], token[49], binary.LittleEndian.Uint16(token[50:]))
	}
	length, offset := uint64(binary.LittleEndian.Uint16(token[40:])), uint64(binary.LittleEndian.Uint32(token[44:]))
	if offset+length > uint64(len(token)) {
		return false
	}
	const last, dnsComputer = 0, 3
	for info := token[offset : offset+length]; len(info) >= 4; {
		kind, size := binary.LittleEndian.Uint16(info), int(binary.LittleEndian.Uint16(info[2:]))
		if info = info[4:]; size > len(info) || kind == last {
			break
		}
		if kind == dnsComputer {
			c.computer = reach.Printable(utf16Text(info[:size]), 255)
		}
		info = info[size:]
	}
	return true
}

func utf16Text(data []byte) string {
	units := make([]uint16, len(data)/2)
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(data[2*i:])
	}
	return string(utf16.Decode(units))
}
