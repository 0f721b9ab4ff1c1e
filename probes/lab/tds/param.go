package tds

import (
	"encoding/binary"
	"math"
	"math/big"
	"slices"
	"time"
)

// number reads a float or money of so many bytes.
func (r *reader) number(token byte, size int) (colType, any) {
	raw := r.take(size)
	money := token == typeMoney || token == typeMoney4 || token == typeMoneyN
	switch {
	case r.err != nil || size == 0:
		return colType{kind: kindFloat, nullable: true}, nil
	case money && size == 4:
		n := int64(int32(binary.LittleEndian.Uint32(raw)))
		return colType{kind: kindSmallMoney, nullable: true}, decimal{big.NewInt(n), 4}
	case money && size == 8:
		n := int64(binary.LittleEndian.Uint32(raw))<<32 | int64(binary.LittleEndian.Uint32(raw[4:]))
		return colType{kind: kindMoney, nullable: true}, decimal{big.NewInt(n), 4}
	case size == 4:
		f := math.Float32frombits(binary.LittleEndian.Uint32(raw))
		return colType{kind: kindReal, nullable: true}, r.finite(float64(f))
	case size == 8:
		return colType{kind: kindFloat, nullable: true}, r.finite(math.Float64frombits(binary.LittleEndian.Uint64(raw)))
	}
	return colType{}, r.wrong(token)
}

func (r *reader) finite(f float64) any {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return r.wrong(typeFloatN)
	}
	return f
}

// exact reads a numeric.
func (r *reader) exact() (colType, any) {
	r.take(1) // the longest it may be
	t := colType{kind: kindDecimal, size: int(r.byte()), scale: int(r.byte()), nullable: true}
	size := int(r.byte())
	if t.size < 1 || t.size > maxPrecision || t.scale > t.size {
		return t, r.wrong(typeNumericN)
	}
	if size == 0 {
		return t, nil
	}
	raw := slices.Clone(r.take(size))
	if r.err != nil || size > 17 {
		return t, r.wrong(typeNumericN)
	}
	digits := raw[1:]
	slices.Reverse(digits)
	n := new(big.Int).SetBytes(digits)
	if raw[0] == 0 {
		n.Neg(n)
	}
	return t, decimal{n, t.scale}
}

// oldDate reads a datetime, or a smalldatetime of four bytes.
func (r *reader) oldDate(size int) (colType, any) {
	raw := r.take(size)
	t := colType{kind: kindDateTime, nullable: true}
	switch {
	case r.err != nil || size == 0:
		return t, nil
	case size == 4:
		t.kind = kindSmallDateTime
		days, minutes := binary.LittleEndian.Uint16(raw), binary.LittleEndian.Uint16(raw[2:])
		return t, dayZero().AddDate(0, 0, int(days)).Add(time.Duration(minutes) * time.Minute)
	case size == 8:
		days, ticks := int32(binary.LittleEndian.Uint32(raw)), binary.LittleEndian.Uint32(raw[4:])
		at := dayZero().AddDate(0, 0, int(max(min(days, 2958463), -53690)))
		return t, t.shape(at.Add(time.Duration(ticks) * time.Second / ticksPerSecond))
	}
	return t, r.wrong(typeDateTimeN)
}

// date reads one of the newer types of date and time.
func (r *reader) date(token byte) (colType, any) {
	t := colType{nullable: true}
	t.kind = map[byte]kind{
		typeDate: kindDate, typeTime: kindTime, typeDateTime2: kindDateTime2, typeOffset: kindDateTimeOffset,
	}[token]
	if token != typeDate {
		t.scale = fractionDigits - int(r.byte())
		if t.scale < 0 || t.scale > fractionDigits {
			return t, r.wrong(token)
		}
	}
	size := int(r.byte())
	if size == 0 {
		return t, nil
	}
	raw := r.take(size)
	timeSize := map[byte]int{typeDate: size - 3, typeTime: size, typeDateTime2: size - 3, typeOffset: size - 5}[token]
	if r.err != nil || timeSize < 0 || timeSize > 5 {
		return t, r.wrong(token)
	}
	units := little(raw[:timeSize])
	for range t.scale {
		units *= 10
	}
	at := dayZero()
	if token != typeTime {
		days := little(raw[timeSize : timeSize+3])
		at = time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, int(min(days, 3652058)))
	}
	at = at.Add(time.Duration(min(units, uint64(24*time.Hour/hundredNanos)-1)) * hundredNanos)
	if token == typeOffset {
		minutes := int(int16(little(raw[timeSize+3:])))
		at = at.In(time.FixedZone("", 60*minutes))
	}
	return t, at
}

func little(b []byte) uint64 {
	var n uint64
	for i, digit := range b {
		n |= uint64(digit) << (8 * i)
	}
	return n
}
