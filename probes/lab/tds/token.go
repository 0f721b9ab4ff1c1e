package tds

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// The tokens of a reply.
const (
	tokenReturnStatus = 0x79
	tokenColumns      = 0x81
	tokenOrder        = 0xa9
	tokenError        = 0xaa
	tokenInfo         = 0xab
	tokenLoginAck     = 0xad
	tokenFeatureAck   = 0xae
	tokenRow          = 0xd1
	tokenNullRow      = 0xd2
	tokenEnvChange    = 0xe3
	tokenDone         = 0xfd
	tokenDoneProc     = 0xfe
	tokenDoneInProc   = 0xff
)

// The bits of a DONE token's status.
const (
	doneMore      = 0x01
	doneError     = 0x02
	doneCount     = 0x10
	doneAttention = 0x20
)

// The kinds of ENVCHANGE.
const (
	envDatabase   = 1
	envLanguage   = 2
	envPacketSize = 4
	envCollation  = 7
)

// The commands that a DONE token ends.
const (
	commandSelect = 0xc1
	commandNone   = 0xfd
)

// sqlError is what the server says in an ERROR token.
type sqlError struct {
	number int
	state  byte
	class  byte
	text   string
}

func (e *sqlError) Error() string { return strconv.Itoa(e.number) + ": " + e.text }

func failf(number int, class byte, format string, args ...any) error {
	return &sqlError{number: number, state: 1, class: class, text: fmt.Sprintf(format, args...)}
}

// asError makes an error of this server out of any error.
func asError(err error) *sqlError {
	if e, ok := errors.AsType[*sqlError](err); ok {
		return e
	}
	return &sqlError{number: 50000, state: 1, class: 16, text: err.Error()}
}

// version is a server's version as its estate writes it: 16.0.4165.4.
type version string

func (v version) part(i int) int {
	parts := strings.Split(string(v), ".")
	if i >= len(parts) {
		return 0
	}
	n, _ := strconv.Atoi(parts[i]) // what is no number is zero on the wire too
	return n
}

// bytes are the four bytes in which PRELOGIN and LOGINACK carry it.
func (v version) bytes() []byte {
	return binary.BigEndian.AppendUint16([]byte{byte(v.part(0)), byte(v.part(1))}, uint16(v.part(2)))
}

func shortText(s string) []byte { // B_VARCHAR
	units := toUCS2(s)
	units = units[:min(len(units), 2*255)]
	return append([]byte{byte(len(units) / 2)}, units...)
}

func longText(s string) []byte { // US_VARCHAR
	units := toUCS2(s)
	units = units[:min(len(units), 2*longestText)]
	return append(binary.LittleEndian.AppendUint16(nil, uint16(len(units)/2)), units...)
}

// sized is a token with its length in front of its body.
func sized(token byte, body []byte) []byte {
	return append(binary.LittleEndian.AppendUint16([]byte{token}, uint16(len(body))), body...)
}

func envChange(what byte, now, before []byte) []byte {
	return sized(tokenEnvChange, append(append([]byte{what}, now...), before...))
}

func notice(token byte, server string, e *sqlError) []byte {
	body := binary.LittleEndian.AppendUint32(nil, uint32(e.number))
	body = append(body, e.state, e.class)
	body = append(body, longText(e.text)...)
	body = append(body, shortText(server)...)
	body = append(body, shortText("")...) // no procedure
	return sized(token, binary.LittleEndian.AppendUint32(body, 1))
}

func loginAck(tdsVersion uint32, v version) []byte {
	body := binary.BigEndian.AppendUint32([]byte{1}, tdsVersion) // 1: T-SQL
	body = append(body, shortText("Microsoft SQL Server\x00\x00")...)
	return sized(tokenLoginAck, append(body, v.bytes()...))
}

func done(token byte, status, command uint16, rows int) []byte {
	b := binary.LittleEndian.AppendUint16([]byte{token}, status)
	b = binary.LittleEndian.AppendUint16(b, command)
	return binary.LittleEndian.AppendUint64(b, uint64(rows))
}

func columnsToken(columns []column) []byte {
	b := binary.LittleEndian.AppendUint16([]byte{tokenColumns}, uint16(len(columns)))
	for _, c := range columns {
		flags := uint16(columnIsComputed)
		if c.table {
			flags = columnIsUpdatable
		}
		if c.typ.nullable || c.typ.kind == kindVariant {
			flags |= columnIsNullable
		}
		b = binary.LittleEndian.AppendUint32(b, 0) // no user type
		b = binary.LittleEndian.AppendUint16(b, flags)
		b = append(b, c.typ.info()...)
		b = append(b, shortText(c.name)...)
	}
	return b
}

// rowToken is a ROW, or an NBCROW where a null lets the client skip columns.
func rowToken(columns []column, row []any, nullRows bool) []byte {
	bitmap := make([]byte, (len(columns)+7)/8)
	nulls := false
	for i := range columns {
		if row[i] == nil {
			nulls = true
			bitmap[i/8] |= 1 << (i % 8)
		}
	}
	nulls = nulls && nullRows
	b := []byte{tokenRow}
	if nulls {
		b = append([]byte{tokenNullRow}, bitmap...)
	}
	for i, c := range columns {
		if nulls && row[i] == nil {
			continue
		}
		b = c.typ.encode(b, row[i])
	}
	return b
}
