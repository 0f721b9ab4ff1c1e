package tds

import (
	"encoding/binary"
	"time"
)

// kind is the family of a column's type.
type kind int

// The kinds of column that the simulated tables and functions have.
const (
	kindInt kind = iota
	kindTinyInt
	kindSmallInt
	kindBigInt
	kindBit
	kindText // nvarchar
	kindDateTime
	kindDateTime2
	kindDateTimeOffset
	kindVariant
	kindGUID // uniqueidentifier
)

// colType is a column's type as COLMETADATA tells it.
type colType struct {
	kind     kind
	size     int // of a text, in characters
	nullable bool
}

// column is a column of a result, as COLMETADATA announces it.
type column struct {
	name  string
	typ   colType
	table bool   // taken from a table, not computed
	of    string // what the statement calls that table
}

// The bytes of the type tokens.
const (
	typeInt1          = 0x30
	typeBit           = 0x32
	typeInt2          = 0x34
	typeInt4          = 0x38
	typeDateTime      = 0x3d
	typeInt8          = 0x7f
	typeIntN          = 0x26
	typeBitN          = 0x68
	typeDateTimeN     = 0x6f
	typeDateTime2     = 0x2a
	typeOffset        = 0x2b
	typeNVarChar      = 0xe7
	typeVariant       = 0x62
	typeGUID          = 0x24
	variantSize       = 8009
	longestText       = 4000
	fractionDigits    = 7
	nullLength        = 0xffff
	nvarcharProps     = 7
	ticksPerSecond    = 300
	hundredNanos      = 100
	columnIsNullable  = 0x01
	columnIsUpdatable = 0x08
	columnIsComputed  = 0x20
)

// collation is SQL_Latin1_General_CP1_CI_AS.
func collation() []byte { return []byte{0x09, 0x04, 0xd0, 0x00, 0x34} }

// fixed returns the token of a type that has no null, its nullable sister and
// the bytes it takes.
func (t colType) fixed() (plain, nullable byte, size int) {
	switch t.kind {
	case kindInt:
		return typeInt4, typeIntN, 4
	case kindTinyInt:
		return typeInt1, typeIntN, 1
	case kindSmallInt:
		return typeInt2, typeIntN, 2
	case kindBigInt:
		return typeInt8, typeIntN, 8
	case kindBit:
		return typeBit, typeBitN, 1
	case kindDateTime:
		return typeDateTime, typeDateTimeN, 8
	case kindText, kindDateTime2, kindDateTimeOffset, kindVariant, kindGUID:
	}
	return 0, 0, 0
}

// info is the type's TYPE_INFO.
func (t colType) info() []byte {
	switch t.kind {
	case kindText:
		b := binary.LittleEndian.AppendUint16([]byte{typeNVarChar}, uint16(2*max(t.size, 1)))
		return append(b, collation()...)
	case kindDateTime2:
		return []byte{typeDateTime2, fractionDigits}
	case kindDateTimeOffset:
		return []byte{typeOffset, fractionDigits}
	case kindVariant:
		return binary.LittleEndian.AppendUint32([]byte{typeVariant}, variantSize)
	case kindGUID:
		return []byte{typeGUID, guidSize}
	case kindInt, kindTinyInt, kindSmallInt, kindBigInt, kindBit, kindDateTime:
	}
	plain, nullable, size := t.fixed()
	if t.nullable {
		return []byte{nullable, byte(size)}
	}
	return []byte{plain}
}

// encode appends a value: nil, int64, bool, string or time.Time, as the type
// wants it.
func (t colType) encode(b []byte, v any) []byte {
	switch t.kind {
	case kindText:
		s, isText := v.(string)
		if !isText {
			return binary.LittleEndian.AppendUint16(b, nullLength)
		}
		units := toUCS2(s)
		units = units[:min(len(units), 2*max(t.size, 1))]
		b = binary.LittleEndian.AppendUint16(b, uint16(len(units)))
		return append(b, units...)
	case kindDateTime2, kindDateTimeOffset:
		at, isTime := v.(time.Time)
		if !isTime {
			return append(b, 0)
		}
		raw := dateTime2(at)
		if t.kind == kindDateTimeOffset {
			_, seconds := at.Zone()
			raw = binary.LittleEndian.AppendUint16(raw, uint16(int16(seconds/60)))
		}
		return append(append(b, byte(len(raw))), raw...)
	case kindVariant:
		return append(b, variant(v)...)
	case kindGUID:
		return append(b, guidBytes(v)...)
	case kindInt, kindTinyInt, kindSmallInt, kindBigInt, kindBit, kindDateTime:
	}
	_, _, size := t.fixed()
	if t.nullable {
		if v == nil {
			return append(b, 0)
		}
		b = append(b, byte(size))
	}
	return append(b, fixedBytes(v, size)...)
}

// fixedBytes is a number, a bit or a datetime in size bytes.
func fixedBytes(v any, size int) []byte {
	var n int64
	switch v := v.(type) {
	case int64:
		n = v
	case bool:
		if v {
			n = 1
		}
	case time.Time:
		at := v.UTC()
		midnight := at.Truncate(24 * time.Hour)
		days := int64(midnight.Sub(time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC)) / (24 * time.Hour))
		ticks := int64(at.Sub(midnight)) * ticksPerSecond / int64(time.Second)
		n = ticks<<32 | int64(uint32(days))
	}
	return binary.LittleEndian.AppendUint64(nil, uint64(n))[:size]
}

// dateTime2 is a time of day in 100 ns and the day since the year one, in UTC.
func dateTime2(at time.Time) []byte {
	at = at.UTC()
	midnight := at.Truncate(24 * time.Hour)
	const yearOne = -62135596800 // in Unix seconds
	days := uint64((midnight.Unix() - yearOne) / (24 * 60 * 60))
	b := binary.LittleEndian.AppendUint64(nil, uint64(at.Sub(midnight)/hundredNanos))[:5]
	return append(b, binary.LittleEndian.AppendUint64(nil, days)[:3]...)
}

// variant is a sql_variant: length, type, properties, value.
func variant(v any) []byte {
	var inner []byte
	switch v := v.(type) {
	case string:
		units := toUCS2(v)
		inner = append([]byte{typeNVarChar, nvarcharProps}, collation()...)
		inner = binary.LittleEndian.AppendUint16(inner, uint16(max(len(units), 2)))
		inner = append(inner, units...)
	case int64:
		inner = append([]byte{typeInt4, 0}, fixedBytes(v, 4)...)
	case bool:
		inner = append([]byte{typeBit, 0}, fixedBytes(v, 1)...)
	case time.Time:
		inner = append([]byte{typeDateTime, 0}, fixedBytes(v, 8)...)
	}
	return append(binary.LittleEndian.AppendUint32(nil, uint32(len(inner))), inner...)
}
