package tds

import (
	"slices"
	"strings"
)

// precedence lists the kinds from the strongest to the weakest: of two in one
// expression, the stronger wins.
// Source: Microsoft, "Data type precedence (Transact-SQL)".
func precedence() []kind {
	return []kind{
		kindVariant, kindXML, kindDateTimeOffset, kindDateTime2, kindDateTime, kindSmallDateTime, kindDate, kindTime,
		kindFloat, kindReal, kindDecimal, kindMoney, kindSmallMoney, kindBigInt, kindInt, kindSmallInt, kindTinyInt,
		kindBit, kindNText, kindOldText, kindImage, kindGUID, kindText, kindVarchar, kindBinary, kindNull,
	}
}

func (k kind) rank() int { return slices.Index(precedence(), k) }

// names of the types that CAST and CREATE TABLE know, without lengths.
func kindNamed(word string) (kind, bool) {
	k, known := map[string]kind{
		"int": kindInt, "integer": kindInt, "tinyint": kindTinyInt, "smallint": kindSmallInt, "bigint": kindBigInt,
		"bit": kindBit, "nvarchar": kindText, "nchar": kindText, "sysname": kindText, "varchar": kindVarchar,
		"char": kindVarchar, "datetime": kindDateTime, "smalldatetime": kindSmallDateTime, "datetime2": kindDateTime2,
		"datetimeoffset": kindDateTimeOffset, "date": kindDate, "time": kindTime, "float": kindFloat, "real": kindReal,
		"decimal": kindDecimal, "numeric": kindDecimal, "money": kindMoney, "smallmoney": kindSmallMoney,
		"uniqueidentifier": kindGUID, "binary": kindBinary, "varbinary": kindBinary, "xml": kindXML, "ntext": kindNText,
		"text": kindOldText, "image": kindImage, "sql_variant": kindVariant,
	}[strings.ToLower(word)]
	return k, known
}

// typeNamed is a type by its name and the numbers in brackets; size is the length of a
// text where none is said.
func typeNamed(word string, numbers []int, size int) (colType, error) {
	k, known := kindNamed(word)
	if !known {
		return colType{}, failf(243, 16, "Type %s is not a defined system type.", word)
	}
	t := colType{kind: k, nullable: true}
	first := -1
	if len(numbers) > 0 {
		first = numbers[0]
	}
	switch k {
	case kindText, kindVarchar, kindBinary:
		longest := 2 * longestText
		if k == kindText {
			longest = longestText
		}
		lower := strings.ToLower(word)
		t.padded = lower == "nchar" || lower == "char" || lower == "binary"
		t.size = size
		switch {
		case lower == "sysname":
			t.size, t.nullable = 128, false
		case first == sizeMax && len(numbers) > 0 && !t.padded:
			t.size = sizeMax
		case first > longest || first == 0:
			return colType{}, failf(131, 15, "The size (%d) given to the type '%s' exceeds the maximum allowed "+
				"(%d).", first, word,
				longest)
		case first > 0:
			t.size = first
		}
	case kindDecimal:
		t.size = 18
		if first >= 0 {
			t.size = first
		}
		if len(numbers) > 1 {
			t.scale = numbers[1]
		}
		if t.size < 1 || t.size > maxPrecision || t.scale > t.size || t.scale < 0 {
			return colType{}, failf(2750, 16, "Column or parameter #1: Specified column precision %d is greater than the "+
				"maximum "+
				"precision of 38.", t.size)
		}
	case kindFloat:
		if 0 <= first && first <= 24 {
			t.kind = kindReal
		}
	case kindDateTime2, kindDateTimeOffset, kindTime:
		if 0 <= first && first < fractionDigits {
			t.scale = fractionDigits - first
		}
	default: // without numbers
	}
	return t, nil
}

// typeWord is what the server calls a kind when it cannot convert it.
func (t colType) word() string {
	switch t.kind {
	case kindText, kindVarchar:
		word := "varchar"
		if t.padded {
			word = "char"
		}
		if t.kind == kindText {
			word = "n" + word
		}
		return word
	case kindDecimal:
		return "numeric"
	case kindBinary:
		return "varbinary"
	default: // one word
	}
	for _, word := range []string{
		"int", "tinyint", "smallint", "bigint", "bit", "datetime", "smalldatetime", "datetime2", "datetimeoffset", "date",
		"time", "float", "real", "money", "smallmoney", "uniqueidentifier", "xml", "ntext", "text", "image", "sql_variant",
	} {
		if k, _ := kindNamed(word); k == t.kind {
			return word
		}
	}
	return "int"
}

func (t colType) isText() bool { return t.kind == kindText || t.kind == kindVarchar }

func (t colType) isWhole() bool {
	return slices.Contains([]kind{kindInt, kindTinyInt, kindSmallInt, kindBigInt, kindBit}, t.kind)
}

func (t colType) isNumber() bool {
	switch t.kind {
	case kindFloat, kindReal, kindDecimal, kindMoney, kindSmallMoney:
		return true
	default:
		return t.isWhole()
	}
}

func (t colType) isDate() bool {
	switch t.kind {
	case kindDateTime, kindSmallDateTime, kindDateTime2, kindDateTimeOffset, kindDate, kindTime:
		return true
	default:
		return false
	}
}

// isOld knows the types that nothing can be compared or grouped by.
func (t colType) isOld() bool {
	return t.kind == kindNText || t.kind == kindOldText || t.kind == kindImage || t.kind == kindXML
}

// fraction is how many digits of a second a time has.
func (t colType) fraction() int { return fractionDigits - t.scale }

// digits is the precision that an exact number of the type needs.
func (t colType) digits() (precision, scale int) {
	switch t.kind {
	case kindDecimal:
		return t.size, t.scale
	case kindMoney:
		return 19, 4
	case kindSmallMoney:
		return 10, 4
	case kindBigInt:
		return 19, 0
	case kindSmallInt:
		return 5, 0
	case kindTinyInt:
		return 3, 0
	case kindBit:
		return 1, 0
	default:
		return 10, 0
	}
}
