package tds

import (
	"encoding/binary"
	"math"
	"math/big"
	"slices"
	"time"
)

// encode appends a value: nil, int64, bool, string, time.Time, float64, decimal, guid or
// []byte, as the type wants it.
func (t colType) encode(b []byte, v any) []byte {
	switch t.kind {
	case kindText, kindVarchar, kindBinary:
		return t.encodeSized(b, v)
	case kindXML:
		s, isText := v.(string)
		return chunks(b, toUCS2(s), isText)
	case kindNText, kindOldText, kindImage:
		return t.encodeOld(b, v)
	case kindDate, kindTime, kindDateTime2, kindDateTimeOffset:
		at, isTime := v.(time.Time)
		if !isTime {
			return append(b, 0)
		}
		raw := t.timeBytes(at)
		return append(append(b, byte(len(raw))), raw...)
	case kindDecimal:
		d, isDecimal := v.(decimal)
		if !isDecimal {
			return append(b, 0)
		}
		raw := decimalBytes(d.rescaled(t.scale), decimalSize(t.size))
		return append(append(b, byte(len(raw))), raw...)
	case kindGUID:
		g, isGUID := v.(guid)
		if !isGUID {
			return append(b, 0)
		}
		return append(append(b, byte(len(g))), g[:]...)
	case kindVariant:
		return append(b, variant(v)...)
	default: // of one size
	}
	_, _, size := t.fixed()
	if t.nullable || t.kind == kindNull {
		if v == nil {
			return append(b, 0)
		}
		b = append(b, byte(size))
	}
	return append(b, fixedBytes(v, size)...)
}

// raw is a text or a binary in the bytes of its type; false for null.
func (t colType) raw(v any) ([]byte, bool) {
	switch v := v.(type) {
	case string:
		if t.kind == kindVarchar || t.kind == kindOldText {
			return toCodePage(v), true
		}
		return toUCS2(v), true
	case []byte:
		return v, true
	}
	return nil, false
}

func (t colType) encodeSized(b []byte, v any) []byte {
	raw, known := t.raw(v)
	if t.size == sizeMax {
		return chunks(b, raw, known)
	}
	if !known {
		return binary.LittleEndian.AppendUint16(b, nullLength)
	}
	width := 1
	if t.kind == kindText {
		width = 2
	}
	size := width * max(t.size, 1)
	raw = raw[:min(len(raw), size)]
	if t.padded {
		blank := []byte{' ', 0}[:width]
		if t.kind == kindBinary {
			blank = []byte{0}
		}
		raw = slices.Clone(raw)
		for len(raw) < size {
			raw = append(raw, blank...)
		}
	}
	b = binary.LittleEndian.AppendUint16(b, uint16(len(raw)))
	return append(b, raw...)
}

// chunks is a value of a type of any length (PLP): here in pieces, as the server sends
// what is long.
// Source: MS-TDS, "Partially Length-prefixed Bytes".
func chunks(b, raw []byte, known bool) []byte {
	const piece = 8000
	if !known {
		return binary.LittleEndian.AppendUint64(b, math.MaxUint64)
	}
	b = binary.LittleEndian.AppendUint64(b, uint64(len(raw)))
	for chunk := range slices.Chunk(raw, piece) {
		b = binary.LittleEndian.AppendUint32(b, uint32(len(chunk)))
		b = append(b, chunk...)
	}
	return binary.LittleEndian.AppendUint32(b, 0)
}

// encodeOld is a value behind a pointer, whose bytes mean nothing to a client.
func (t colType) encodeOld(b []byte, v any) []byte {
	raw, known := t.raw(v)
	if !known {
		return append(b, 0)
	}
	b = append(b, 16)
	b = append(b, "dummy textptr\x00\x00\x00"...)
	b = append(b, "dummyTS\x00"...)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(raw)))
	return append(b, raw...)
}

// fixedBytes is a number, a bit or a datetime in size bytes.
func fixedBytes(v any, size int) []byte {
	var n int64
	switch v := v.(type) {
	case int64:
		n = v
	case bool:
		n = number64(v)
	case float64:
		n = int64(math.Float64bits(v))
		if size == 4 {
			n = int64(math.Float32bits(float32(v)))
		}
	case decimal: // money: the upper half comes first
		n = v.rescaled(4).n.Int64()
		if size == 8 {
			n = n<<32 | int64(uint64(n)>>32)
		}
	case time.Time:
		n = dateTimeNumber(v, size)
	}
	return binary.LittleEndian.AppendUint64(nil, uint64(n))[:size]
}

// dateTimeNumber is the days since 1900 with the 300ths of a second of the day or, in
// four bytes, its minutes.
func dateTimeNumber(v time.Time, size int) int64 {
	at := v.UTC()
	midnight := time.Date(at.Year(), at.Month(), at.Day(), 0, 0, 0, 0, time.UTC)
	days := int64(midnight.Sub(dayZero()) / (24 * time.Hour))
	if size == 4 {
		return int64(at.Sub(midnight)/time.Minute)<<16 | days&0xffff
	}
	ticks := (int64(at.Sub(midnight))*ticksPerSecond + int64(time.Second)/2) / int64(time.Second)
	return ticks<<32 | int64(uint32(days))
}

// timeBytes is one of the newer types of date and time: the time of day, the day since
// the year one, the minutes from UTC, as far as it has them.
func (t colType) timeBytes(at time.Time) []byte {
	_, seconds := at.Zone()
	at = at.UTC()
	midnight := time.Date(at.Year(), at.Month(), at.Day(), 0, 0, 0, 0, time.UTC)
	var b []byte
	if t.kind != kindDate {
		units := uint64(at.Sub(midnight) / hundredNanos)
		for range t.scale {
			units /= 10
		}
		size := 5
		switch {
		case t.fraction() <= 2:
			size = 3
		case t.fraction() <= 4:
			size = 4
		}
		b = binary.LittleEndian.AppendUint64(nil, units)[:size]
	}
	if t.kind != kindTime {
		b = append(b, binary.LittleEndian.AppendUint64(nil, uint64(daysOf(at)))[:3]...)
	}
	if t.kind == kindDateTimeOffset {
		b = binary.LittleEndian.AppendUint16(b, uint16(int16(seconds/60)))
	}
	return b
}

// decimalBytes is a sign, 1 for no minus, and the number.
func decimalBytes(d decimal, size int) []byte {
	b := make([]byte, size)
	if d.n.Sign() >= 0 {
		b[0] = 1
	}
	raw := new(big.Int).Abs(d.n).Bytes()
	slices.Reverse(raw)
	copy(b[1:], raw)
	return b
}

// variant is a sql_variant: length, type, properties, value.
// Source: MS-TDS, "sql_variant Values".
func variant(v any) []byte {
	var inner []byte
	t := variantType(v)
	switch v := v.(type) {
	case string:
		units := toUCS2(v)
		units = units[:min(len(units), 2*longestText)]
		inner = append([]byte{typeNVarChar, nvarcharProps}, collation()...)
		inner = binary.LittleEndian.AppendUint16(inner, uint16(max(len(units), 2)))
		inner = append(inner, units...)
	case []byte:
		inner = binary.LittleEndian.AppendUint16([]byte{typeVarBinary, 2}, uint16(max(len(v), 1)))
		inner = append(inner, v...)
	case decimal:
		inner = append([]byte{typeNumericN, 2, byte(t.size), byte(t.scale)}, decimalBytes(v, decimalSize(t.size))...)
	case guid:
		inner = append([]byte{typeGUID, 0}, v[:]...)
	case nil:
	default:
		plain, _, size := t.fixed()
		inner = append([]byte{plain, 0}, fixedBytes(v, size)...)
	}
	return append(binary.LittleEndian.AppendUint32(nil, uint32(len(inner))), inner...)
}
