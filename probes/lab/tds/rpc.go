package tds

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
)

const (
	executeSQL   = "sp_executesql"
	executeSQLID = 10
)

// param is one parameter of a call.
type param struct {
	name  string // with its @; empty when given by position
	typ   colType
	value any
}

// rpc is a call of a stored procedure.
type rpc struct {
	name   string
	params []param
}

// statement returns the text that sp_executesql is to run, and its parameters
// by name in lower case.
func (c rpc) statement() (string, map[string]param, error) {
	if len(c.params) == 0 {
		return "", nil, failf(201, 16, "Procedure '%s' expects parameter '@statement'.", executeSQL)
	}
	text, isText := c.params[0].value.(string)
	if !isText {
		return "", nil, failf(214, 16, "Procedure expects parameter '@statement' of type 'ntext/nchar/nvarchar'.")
	}
	params := map[string]param{}
	if len(c.params) < 3 {
		return text, params, nil
	}
	declarations, _ := c.params[1].value.(string)
	names := strings.Split(declarations, ",")
	for i, p := range c.params[2:] {
		if p.name == "" && i < len(names) {
			p.name, _, _ = strings.Cut(strings.TrimSpace(names[i]), " ")
		}
		params[strings.ToLower(p.name)] = p
	}
	return text, params, nil
}

// reader takes bytes off a request; what is not there reads as zero and leaves
// an error behind.
type reader struct {
	body []byte
	err  error
}

func (r *reader) take(n int) []byte {
	if r.err == nil && (n < 0 || n > len(r.body)) {
		r.err = fmt.Errorf("call cut short: want %d bytes, have %d", n, len(r.body))
	}
	if r.err != nil {
		return make([]byte, min(max(n, 0), 8))
	}
	taken := r.body[:n]
	r.body = r.body[n:]
	return taken
}

func (r *reader) byte() byte     { return r.take(1)[0] }
func (r *reader) uint16() uint16 { return binary.LittleEndian.Uint16(r.take(2)) }
func (r *reader) uint32() uint32 { return binary.LittleEndian.Uint32(r.take(4)) }

// parseRPC reads one call; what follows it in the same message is left out.
func parseRPC(body []byte) (rpc, error) {
	r := &reader{body: body}
	var call rpc
	if size := r.uint16(); size == nullLength {
		id := r.uint16()
		call.name = fmt.Sprintf("#%d", id)
		if id == executeSQLID {
			call.name = executeSQL
		}
	} else {
		call.name = fromUCS2(r.take(2 * int(size)))
	}
	r.take(2) // options
	for r.err == nil && len(r.body) > 0 {
		p := param{name: fromUCS2(r.take(2 * int(r.byte())))}
		r.take(1) // status
		p.typ, p.value = r.value()
		call.params = append(call.params, p)
	}
	return call, r.err
}

// value reads a TYPE_INFO and the value after it.
func (r *reader) value() (colType, any) {
	switch token := r.byte(); token {
	case typeNull:
		return colType{kind: kindNull, nullable: true}, nil
	case typeInt1, typeBit:
		return integer(r.take(1), token == typeBit)
	case typeInt2:
		return integer(r.take(2), false)
	case typeInt4:
		return integer(r.take(4), false)
	case typeInt8:
		return integer(r.take(8), false)
	case typeIntN, typeBitN:
		r.take(1) // the longest it may be
		size := int(r.byte())
		if size == 0 {
			return colType{kind: kindInt, nullable: true}, nil
		}
		return integer(r.take(size), token == typeBitN)
	case typeFloat4, typeMoney4:
		return r.number(token, 4)
	case typeFloat8, typeMoney:
		return r.number(token, 8)
	case typeFloatN, typeMoneyN:
		r.take(1)
		return r.number(token, int(r.byte()))
	case typeDecimalN, typeNumericN:
		return r.exact()
	case typeDateTime:
		return r.oldDate(8)
	case typeDateTime4:
		return r.oldDate(4)
	case typeDateTimeN:
		r.take(1)
		return r.oldDate(int(r.byte()))
	case typeDate, typeTime, typeDateTime2, typeOffset:
		return r.date(token)
	case typeGUID:
		r.take(1)
		var g guid
		if size := int(r.byte()); size == 0 {
			return colType{kind: kindGUID, nullable: true}, nil
		} else if copy(g[:], r.take(size)) != len(g) {
			return colType{}, r.wrong(token)
		}
		return colType{kind: kindGUID, nullable: true}, g
	case typeNVarChar, typeNChar:
		return r.text(kindText)
	case typeVarChar, typeChar:
		return r.text(kindVarchar)
	case typeVarBinary, typeBinary:
		return r.text(kindBinary)
	case typeNText, typeText:
		return r.oldText(token)
	default:
		return colType{}, r.wrong(token)
	}
}

// wrong is a value that no client sends.
func (r *reader) wrong(token byte) any {
	if r.err == nil {
		r.err = fmt.Errorf("parameter of type %#x", token)
	}
	return nil
}

func integer(b []byte, bit bool) (colType, any) {
	var n int64
	for i, digit := range b[:min(len(b), 8)] {
		n |= int64(digit) << (8 * i)
	}
	switch {
	case bit:
		return colType{kind: kindBit, nullable: true}, n != 0
	case len(b) == 1:
		return colType{kind: kindTinyInt, nullable: true}, n
	case len(b) == 2:
		return colType{kind: kindSmallInt, nullable: true}, int64(int16(n))
	case len(b) == 4:
		return colType{kind: kindInt, nullable: true}, int64(int32(n))
	default:
		return colType{kind: kindBigInt, nullable: true}, n
	}
}

// text reads a short text or binary, or one of unknown length in chunks.
func (r *reader) text(k kind) (colType, any) {
	t := colType{kind: k, size: 1, nullable: true}
	longest := r.uint16()
	if k != kindBinary {
		r.take(5) // collation
	}
	var raw []byte
	if longest != nullLength {
		size := r.uint16()
		if size == nullLength {
			return t, nil
		}
		raw = r.take(int(size))
	} else {
		t.size = sizeMax
		if binary.LittleEndian.Uint64(r.take(8)) == ^uint64(0) {
			return t, nil
		}
		for r.err == nil {
			size := r.uint32()
			if size == 0 {
				break
			}
			raw = append(raw, r.take(int(size))...)
		}
	}
	return t.decoded(raw)
}

// oldText reads a text or ntext, which jTDS and old clients send.
func (r *reader) oldText(token byte) (colType, any) {
	t := colType{kind: kindText, size: sizeMax, nullable: true}
	if token == typeText {
		t.kind = kindVarchar
	}
	r.take(4 + 5) // the longest it may be, collation
	size := r.uint32()
	if size == 1<<32-1 {
		return t, nil
	}
	return t.decoded(r.take(int(min(size, maxMessage))))
}

// decoded makes a value of bytes, and of the type one of their length.
func (t colType) decoded(raw []byte) (colType, any) {
	var v any = slices.Clone(raw)
	n := len(raw)
	switch t.kind {
	case kindText:
		v, n = fromUCS2(raw), n/2
	case kindVarchar:
		v = fromCodePage(raw)
	default: // bytes they are
	}
	if t.size != sizeMax {
		t.size = max(n, 1)
	}
	return t, v
}
