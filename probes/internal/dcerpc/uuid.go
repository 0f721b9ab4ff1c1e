package dcerpc

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
)

// UUID is an identifier as it travels: its first three parts are little-endian.
type UUID [16]byte

// ParseUUID reads "12345678-1234-abcd-ef00-01234567cffb".
func ParseUUID(text string) (UUID, error) {
	var u UUID
	parts := strings.Split(text, "-")
	if len(parts) != 5 || len(text) != 36 {
		return u, fmt.Errorf("%q is no UUID", text)
	}
	b, err := hex.DecodeString(strings.Join(parts, ""))
	if err != nil || len(b) != len(u) {
		return u, fmt.Errorf("%q is no UUID", text)
	}
	copy(u[:], b)
	binary.LittleEndian.PutUint32(u[0:], binary.BigEndian.Uint32(b[0:]))
	binary.LittleEndian.PutUint16(u[4:], binary.BigEndian.Uint16(b[4:]))
	binary.LittleEndian.PutUint16(u[6:], binary.BigEndian.Uint16(b[6:]))
	return u, nil
}

// String is the UUID as people write it.
func (u UUID) String() string {
	return fmt.Sprintf("%08x-%04x-%04x-%x-%x", binary.LittleEndian.Uint32(u[0:]), binary.LittleEndian.Uint16(u[4:]),
		binary.LittleEndian.Uint16(u[6:]), u[8:10], u[10:])
}

// Syntax is an interface, or a way to write its data, in a version.
type Syntax struct {
	ID           UUID
	Major, Minor uint16
}

func (s Syntax) append(b []byte) []byte {
	b = binary.LittleEndian.AppendUint16(append(b, s.ID[:]...), s.Major)
	return binary.LittleEndian.AppendUint16(b, s.Minor)
}

// ndr is how data is written: 8a885d04-1ceb-11c9-9fe8-08002b104860, version 2.
func ndr() Syntax {
	return Syntax{UUID{0x04, 0x5d, 0x88, 0x8a, 0xeb, 0x1c, 0xc9, 0x11, 0x9f, 0xe8, 8, 0, 0x2b, 0x10, 0x48, 0x60}, 2, 0}
}

// mapper is the endpoint mapper: e1af8308-5d1f-11c9-91a4-08002b14a0fa, version 3.
func mapper() Syntax {
	return Syntax{UUID{0x08, 0x83, 0xaf, 0xe1, 0x1f, 0x5d, 0xc9, 0x11, 0x91, 0xa4, 8, 0, 0x2b, 0x14, 0xa0, 0xfa}, 3, 0}
}
