package tds

import (
	"bytes"
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"
)

// conv is one conversion of a value.
type conv struct {
	from, to colType
	style    int
}

// value converts; the error is the one that the server would give.
func (c conv) value(v any) (any, error) {
	if v == nil {
		return nil, nil
	}
	switch c.to.kind {
	case kindVariant:
		return v, nil
	case kindNull:
		return v, nil
	case kindText, kindVarchar, kindXML, kindNText, kindOldText:
		return c.text(v)
	case kindInt, kindTinyInt, kindSmallInt, kindBigInt, kindBit:
		return c.whole(v)
	case kindFloat, kindReal:
		return c.float(v)
	case kindDecimal, kindMoney, kindSmallMoney:
		return c.decimal(v)
	case kindGUID:
		return c.guid(v)
	case kindBinary, kindImage:
		return c.binary(v)
	default:
		return c.date(v)
	}
}

// cannot is for types between which there is no way.
func (c conv) cannot() error {
	return failf(529, 16, "Explicit conversion from data type %s to %s is not allowed.", c.from.word(), c.to.word())
}

func (c conv) text(v any) (any, error) {
	var text string
	switch v := v.(type) {
	case []byte:
		text = c.binaryText(v)
	case time.Time:
		text = dateText(v, c.from, c.style)
	default:
		text = plainText(v, c.from)
	}
	if c.to.kind != kindText && c.to.kind != kindVarchar || c.to.size == sizeMax {
		return text, nil
	}
	runes := []rune(text)
	if len(runes) > c.to.size {
		if c.from.isWhole() { // a number that does not fit is a star
			return "*", nil
		}
		if c.from.isNumber() || c.from.kind == kindGUID {
			return nil, failf(8115, 16, "Arithmetic overflow error converting %s to data type %s.", c.from.word(), c.to.word())
		}
		runes = runes[:c.to.size]
	}
	text = string(runes)
	if c.to.padded {
		text += strings.Repeat(" ", c.to.size-len(runes))
	}
	return text, nil
}

// binaryText takes the bytes for characters but, with a style, writes them out.
func (c conv) binaryText(b []byte) string {
	hexed := strings.ToUpper(hexOf(b))
	switch {
	case c.style == 1:
		return "0x" + hexed
	case c.style == 2:
		return hexed
	case c.to.kind == kindText:
		return fromUCS2(b)
	default:
		return fromCodePage(b)
	}
}

// plainText is a value as CAST writes it.
func plainText(v any, t colType) string {
	switch v := v.(type) {
	case string:
		return v
	case bool:
		return strconv.Itoa(int(number64(v)))
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return floatText(v)
	case decimal:
		if t.kind == kindMoney || t.kind == kindSmallMoney {
			return v.rescaled(2).String()
		}
		return v.String()
	case guid:
		return v.String()
	default:
		return ""
	}
}

// floatText has six digits, and an exponent where that is shorter.
func floatText(f float64) string {
	text := strconv.FormatFloat(f, 'g', 6, 64)
	if mantissa, exponent, found := strings.Cut(text, "e"); found {
		n, _ := strconv.Atoi(exponent)
		sign := "+"
		if n < 0 {
			sign, n = "-", -n
		}
		text = mantissa + "e" + sign + strings.Repeat("0", max(3-len(strconv.Itoa(n)), 0)) + strconv.Itoa(n)
	}
	return text
}

func number64(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// limits are the smallest and the greatest whole number of a kind.
func (t colType) limits() (least, most int64) {
	switch t.kind {
	case kindTinyInt:
		return 0, math.MaxUint8
	case kindSmallInt:
		return math.MinInt16, math.MaxInt16
	case kindInt:
		return math.MinInt32, math.MaxInt32
	default:
		return math.MinInt64, math.MaxInt64
	}
}

func (c conv) overflow() error {
	return failf(8115, 16, "Arithmetic overflow error converting expression to data type %s.", c.to.word())
}

func (c conv) whole(v any) (any, error) {
	n := new(big.Int)
	switch v := v.(type) {
	case bool:
		n.SetInt64(number64(v))
	case int64:
		n.SetInt64(v)
	case float64:
		if math.IsNaN(v) || math.Abs(v) > math.MaxInt64 {
			return nil, c.overflow()
		}
		n.SetInt64(int64(v))
	case decimal:
		n = v.truncated()
		if c.from.kind == kindMoney || c.from.kind == kindSmallMoney { // which alone is rounded
			n = v.rescaled(0).n
		}
	case string:
		return c.wholeText(v)
	case []byte:
		n.SetBytes(v[max(len(v)-8, 0):])
		n.SetInt64(int64(n.Uint64()))
	case time.Time:
		if c.from.kind != kindDateTime && c.from.kind != kindSmallDateTime {
			return nil, c.cannot()
		}
		n.SetInt64(int64(math.Round(v.Sub(dayZero()).Hours() / 24)))
	default:
		return nil, c.cannot()
	}
	least, most := c.to.limits()
	switch {
	case c.to.kind == kindBit:
		return n.Sign() != 0, nil
	case !n.IsInt64() || n.Int64() < least || n.Int64() > most:
		return nil, c.overflow()
	}
	return n.Int64(), nil
}

func (c conv) wholeText(text string) (any, error) {
	text = strings.TrimSpace(text)
	if c.to.kind == kindBit {
		switch strings.ToLower(text) {
		case "true":
			return true, nil
		case "false", "":
			return false, nil
		}
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if text == "" {
		n, err = 0, nil
	}
	least, most := c.to.limits()
	switch {
	case err != nil && c.to.kind == kindBigInt:
		return nil, failf(8114, 16, "Error converting data type %s to bigint.", c.from.word())
	case err != nil:
		return nil, failf(245, 16, "Conversion failed when converting the %s value '%s' to data type "+
			"%s.", c.from.word(), text,
			c.to.word())
	case c.to.kind == kindBit:
		return n != 0, nil
	case n < least || n > most:
		return nil, failf(248, 16, "The conversion of the %s value '%s' overflowed an %s "+
			"column.", c.from.word(), text, c.to.word())
	}
	return n, nil
}

func (c conv) float(v any) (any, error) {
	var f float64
	switch v := v.(type) {
	case bool:
		f = float64(number64(v))
	case int64:
		f = float64(v)
	case float64:
		f = v
	case decimal:
		f = v.float()
	case string:
		var err error
		text := strings.TrimSpace(v)
		if f, err = strconv.ParseFloat(orElse(text, "0"), 64); err != nil || strings.ContainsAny(text, "xXpP_nN") {
			return nil, failf(8114, 16, "Error converting data type %s to %s.", c.from.word(), c.to.word())
		}
	case time.Time:
		f = v.Sub(dayZero()).Hours() / 24
	default:
		return nil, c.cannot()
	}
	if c.to.kind == kindReal {
		f = float64(float32(f))
	}
	if math.IsInf(f, 0) {
		return nil, c.overflow()
	}
	return f, nil
}

func (c conv) decimal(v any) (any, error) {
	precision, scale := c.to.digits()
	var d decimal
	ok := true
	switch v := v.(type) {
	case bool:
		d = decimalOf(number64(v))
	case int64:
		d = decimalOf(v)
	case float64:
		d, ok = decimalFrom(v, scale)
	case decimal:
		d = v
	case string:
		if d, ok = parseDecimal(v); !ok && c.to.kind == kindDecimal {
			return nil, failf(8114, 16, "Error converting data type %s to numeric.", c.from.word())
		} else if !ok {
			return nil, failf(235, 16, "Cannot convert a char value to money. The char value has incorrect syntax.")
		}
	default:
		return nil, c.cannot()
	}
	if !ok {
		return nil, c.overflow()
	}
	d = d.rescaled(scale)
	if d.precision() > precision {
		return nil, failf(8115, 16, "Arithmetic overflow error converting %s to data type %s.", c.from.word(), c.to.word())
	}
	return d, nil
}

func (c conv) guid(v any) (any, error) {
	switch v := v.(type) {
	case guid:
		return v, nil
	case string:
		if g, ok := parseGUID(v); ok {
			return g, nil
		}
		return nil, failf(8169, 16, "Conversion failed when converting from a character string to uniqueidentifier.")
	case []byte:
		var g guid
		copy(g[:], v)
		return g, nil
	}
	return nil, c.cannot()
}

func (c conv) binary(v any) (any, error) {
	var raw []byte
	switch v := v.(type) {
	case []byte:
		raw = v
	case guid:
		raw = bytes.Clone(v[:])
	case string:
		raw = toCodePage(v)
		if c.from.kind == kindText {
			raw = toUCS2(v)
		}
	case bool:
		raw = []byte{byte(number64(v))}
	case int64:
		_, _, size := c.from.fixed()
		raw = fixedBytes(v, max(size, 1))
		for i := range len(raw) / 2 { // the other way round than on the wire
			raw[i], raw[len(raw)-1-i] = raw[len(raw)-1-i], raw[i]
		}
	default:
		return nil, c.cannot()
	}
	if c.to.kind == kindBinary && c.to.size != sizeMax {
		raw = raw[:min(len(raw), c.to.size)]
		if c.to.padded {
			raw = append(bytes.Clone(raw), make([]byte, c.to.size-len(raw))...)
		}
	}
	return raw, nil
}
