package tds

import (
	"encoding/binary"
	"errors"
	"unicode/utf16"
)

// The TDS versions, as LOGIN7 writes them.
const (
	tds72  = 0x72090002
	tds73B = 0x730B0003
	tds74  = 0x74000004
	tds80  = 0x08000000
)

const (
	loginHeader        = 94 // bytes before LOGIN7's variable part
	flagIntegrated     = 0x80
	flagExtension      = 0x10
	offsetFlags2       = 25
	offsetFlags3       = 27
	offsetHostName     = 36
	offsetUser         = 40
	offsetPassword     = 44
	offsetApp          = 48
	offsetDatabase     = 68
	offsetSSPI         = 78
	defaultPacketSize  = 4096
	smallestPacketSize = 512
)

// login is what a LOGIN7 message says.
type login struct {
	tdsVersion uint32
	packetSize int
	hostName   string
	user       string
	password   string
	app        string
	database   string
	integrated bool // Windows authentication
	features   bool // the client wants to hear of extensions
}

func parseLogin(body []byte) (login, error) {
	if len(body) < loginHeader || int64(binary.LittleEndian.Uint32(body)) > int64(len(body)) {
		return login{}, errors.New("LOGIN7 cut short")
	}
	l := login{
		tdsVersion: binary.LittleEndian.Uint32(body[4:]),
		packetSize: int(min(binary.LittleEndian.Uint32(body[8:]), maxPacketSize)),
		integrated: body[offsetFlags2]&flagIntegrated != 0 || binary.LittleEndian.Uint16(body[offsetSSPI+2:]) > 0,
		features:   body[offsetFlags3]&flagExtension != 0,
	}
	if l.packetSize == 0 {
		l.packetSize = defaultPacketSize
	}
	l.packetSize = max(l.packetSize, smallestPacketSize)
	var password []byte
	for _, field := range []struct {
		offset int
		store  func([]byte)
	}{
		{offsetHostName, func(b []byte) { l.hostName = fromUCS2(b) }},
		{offsetUser, func(b []byte) { l.user = fromUCS2(b) }},
		{offsetPassword, func(b []byte) { password = b }},
		{offsetApp, func(b []byte) { l.app = fromUCS2(b) }},
		{offsetDatabase, func(b []byte) { l.database = fromUCS2(b) }},
	} {
		at := int(binary.LittleEndian.Uint16(body[field.offset:]))
		size := 2 * int(binary.LittleEndian.Uint16(body[field.offset+2:]))
		if size > 0 && (at < loginHeader || at+size > len(body)) {
			return login{}, errors.New("LOGIN7 with a field outside of it")
		}
		if size > 0 {
			field.store(body[at : at+size])
		}
	}
	l.password = fromUCS2(reveal(password))
	return l, nil
}

// reveal undoes what a client does to the password's bytes.
func reveal(obfuscated []byte) []byte {
	clear := make([]byte, len(obfuscated))
	for i, b := range obfuscated {
		b ^= 0xa5
		clear[i] = b<<4 | b>>4
	}
	return clear
}

func toUCS2(s string) []byte {
	var b []byte
	for _, unit := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, unit)
	}
	return b
}

func fromUCS2(b []byte) string {
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(b[2*i:])
	}
	return string(utf16.Decode(units))
}
