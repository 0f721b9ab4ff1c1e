package tds

import "encoding/binary"

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
	kindVarchar // in the code page of the collation
	kindFloat
	kindReal
	kindDecimal
	kindMoney
	kindSmallMoney
	kindDate
	kindTime
	kindSmallDateTime
	kindGUID
	kindBinary
	kindXML
	kindNText
	kindOldText // text
	kindImage
	kindNull // of NULL alone
)

// sizeMax is the size of a type that is written with (max).
const sizeMax = 1 << 30

// colType is a column's type as COLMETADATA tells it.
type colType struct {
	kind     kind
	size     int  // of a text, in characters; of a numeric, in digits
	scale    int  // of a numeric: digits behind the point; of a time: how many fewer than seven
	padded   bool // of one size: char, nchar, binary
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
// Source: MS-TDS, "Data Type Definitions".
const (
	typeNull          = 0x1f
	typeInt1          = 0x30
	typeBit           = 0x32
	typeInt2          = 0x34
	typeInt4          = 0x38
	typeDateTime4     = 0x3a
	typeFloat4        = 0x3b
	typeMoney         = 0x3c
	typeDateTime      = 0x3d
	typeFloat8        = 0x3e
	typeMoney4        = 0x7a
	typeInt8          = 0x7f
	typeGUID          = 0x24
	typeIntN          = 0x26
	typeDate          = 0x28
	typeTime          = 0x29
	typeDateTime2     = 0x2a
	typeOffset        = 0x2b
	typeBitN          = 0x68
	typeDecimalN      = 0x6a
	typeNumericN      = 0x6c
	typeFloatN        = 0x6d
	typeMoneyN        = 0x6e
	typeDateTimeN     = 0x6f
	typeVarBinary     = 0xa5
	typeVarChar       = 0xa7
	typeBinary        = 0xad
	typeChar          = 0xaf
	typeNVarChar      = 0xe7
	typeNChar         = 0xef
	typeXML           = 0xf1
	typeImage         = 0x22
	typeText          = 0x23
	typeNText         = 0x63
	typeVariant       = 0x62
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
	case kindInt, kindNull:
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
	case kindSmallDateTime:
		return typeDateTime4, typeDateTimeN, 4
	case kindFloat:
		return typeFloat8, typeFloatN, 8
	case kindReal:
		return typeFloat4, typeFloatN, 4
	case kindMoney:
		return typeMoney, typeMoneyN, 8
	case kindSmallMoney:
		return typeMoney4, typeMoneyN, 4
	default:
		return 0, 0, 0
	}
}

// info is the type's TYPE_INFO.
func (t colType) info() []byte {
	switch t.kind {
	case kindText:
		return append(t.sizedInfo(typeNVarChar, typeNChar, 2), collation()...)
	case kindVarchar:
		return append(t.sizedInfo(typeVarChar, typeChar, 1), collation()...)
	case kindBinary:
		return t.sizedInfo(typeVarBinary, typeBinary, 1)
	case kindDate:
		return []byte{typeDate}
	case kindTime:
		return []byte{typeTime, byte(t.fraction())}
	case kindDateTime2:
		return []byte{typeDateTime2, byte(t.fraction())}
	case kindDateTimeOffset:
		return []byte{typeOffset, byte(t.fraction())}
	case kindDecimal:
		return []byte{typeNumericN, byte(decimalSize(t.size)), byte(t.size), byte(t.scale)}
	case kindGUID:
		return []byte{typeGUID, 16}
	case kindXML:
		return []byte{typeXML, 0} // of no schema
	case kindNText, kindOldText, kindImage:
		return t.oldInfo()
	case kindVariant:
		return binary.LittleEndian.AppendUint32([]byte{typeVariant}, variantSize)
	default: // of one size
	}
	plain, nullable, size := t.fixed()
	if t.nullable || t.kind == kindNull {
		return []byte{nullable, byte(size)}
	}
	return []byte{plain}
}

// sizedInfo is that of a type of so many characters of so many bytes.
func (t colType) sizedInfo(varying, fixed byte, width int) []byte {
	token, size := varying, width*max(t.size, 1)
	if t.padded {
		token = fixed
	}
	if t.size == sizeMax {
		size = nullLength
	}
	return binary.LittleEndian.AppendUint16([]byte{token}, uint16(size))
}

// oldInfo is that of a type whose values lie beside the row. The table's name, which
// would follow, is left empty.
func (t colType) oldInfo() []byte {
	token := map[kind]byte{kindNText: typeNText, kindOldText: typeText, kindImage: typeImage}[t.kind]
	b := binary.LittleEndian.AppendUint32([]byte{token}, 1<<31-2)
	if t.kind != kindImage {
		b = append(b, collation()...)
	}
	return append(b, 1, 0, 0) // a name of one part
}

// decimalSize is the bytes that a numeric of so many digits takes.
func decimalSize(precision int) int {
	switch {
	case precision <= 9:
		return 5
	case precision <= 19:
		return 9
	case precision <= 28:
		return 13
	}
	return 17
}
