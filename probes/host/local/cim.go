package local

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"postpatch/probes/host"
)

// cimType is the type that WMI says a property has. Source: the Windows SDK's
// wbemcli.h, CIMTYPE_ENUMERATION.
type cimType int32

// The types whose values need more than to be written down.
const (
	cimUint32   cimType = 19
	cimUint16   cimType = 18
	cimChar16   cimType = 103
	cimDatetime cimType = 101
	cimArray    cimType = 0x2000 // beside another one
)

// cimCell makes of a property's value what the other ways of asking make of it. A
// value is nil, a bool, a whole number, a float, a string, or a list of these: COM
// gives WMI's unsigned numbers of 32 bits as signed ones, those of 64 bits as text.
func cimCell(kind cimType, value any) (host.Cell, error) {
	list, isList := value.([]any)
	if !isList {
		if value == nil {
			return host.Cell{Null: true}, nil
		}
		text, err := cimText(kind&^cimArray, value)
		return host.Cell{Text: text}, err
	}
	cell := host.Cell{List: make([]string, 0, len(list))}
	for _, item := range list {
		text := ""
		if item != nil {
			var err error
			if text, err = cimText(kind&^cimArray, item); err != nil {
				return host.Cell{}, err
			}
		}
		cell.List = append(cell.List, text)
	}
	return cell, nil
}

func cimText(kind cimType, value any) (string, error) {
	switch v := value.(type) {
	case bool:
		return strconv.FormatBool(v), nil
	case int8:
		return strconv.FormatInt(int64(v), 10), nil
	case uint8:
		return strconv.FormatUint(uint64(v), 10), nil
	case int16:
		if kind == cimChar16 || kind == cimUint16 {
			return strconv.FormatUint(uint64(uint16(v)), 10), nil
		}
		return strconv.FormatInt(int64(v), 10), nil
	case int32:
		if kind == cimUint32 {
			return strconv.FormatUint(uint64(uint32(v)), 10), nil
		}
		return strconv.FormatInt(int64(v), 10), nil
	case int64:
		return strconv.FormatInt(v, 10), nil
	case uint64:
		return strconv.FormatUint(v, 10), nil
	case float32:
		return floatText(float64(v), 7), nil
	case float64:
		return floatText(v, 15), nil
	case string:
		if kind == cimDatetime {
			return cimTime(v), nil
		}
		return v, nil
	default:
		return "", fmt.Errorf("a value of a type that is not read: %T", value)
	}
}

// floatText writes a number as .NET Framework does where no culture is asked.
func floatText(v float64, digits int) string {
	switch {
	case math.IsInf(v, 1):
		return "Infinity"
	case math.IsInf(v, -1):
		return "-Infinity"
	}
	return strconv.FormatFloat(v, 'G', digits, 64)
}

// cimTime brings WMI's own form of a time, yyyymmddHHMMSS.mmmmmm+UUU with UUU the
// minutes from UTC, to RFC 3339 in UTC; and that of an interval,
// ddddddddHHMMSS.mmmmmm:000, to .NET's. What is neither stays as it is. Source:
// Microsoft's "CIM_DATETIME" and "Interval Format". Wine writes the local time's
// offset with two digits.
func cimTime(text string) string {
	const whole, point = 14, 15
	if len(text) < point+1 || text[whole] != '.' {
		return text
	}
	sign := strings.IndexAny(text[point:], "+-:")
	if sign < 1 || sign > 6 {
		return text
	}
	micros, ok := digits((text[point:][:sign] + "000000")[:6])
	offset, known := digits(text[point+sign+1:])
	if !ok || !known || len(text) > point+sign+4 {
		return text
	}
	if text[point+sign] == ':' {
		return interval(text, micros)
	}
	at, err := time.Parse("20060102150405", text[:whole])
	if err != nil {
		return text
	}
	away := time.Duration(offset) * time.Minute
	if text[point+sign] == '-' {
		away = -away
	}
	at = at.Add(time.Duration(micros)*time.Microsecond - away)
	if at.Year() < 1 || at.Year() > 9999 {
		return text
	}
	return at.Format(time.RFC3339Nano)
}

// interval writes one as .NET's TimeSpan writes itself.
func interval(text string, micros int) string {
	days, ok := digits(text[:8])
	clock, err := time.Parse("150405", text[8:14])
	if !ok || err != nil {
		return text
	}
	written := clock.Format("15:04:05")
	if days > 0 {
		written = strconv.Itoa(days) + "." + written
	}
	if micros > 0 {
		written += fmt.Sprintf(".%06d0", micros)
	}
	return written
}

// digits reads a number of digits alone.
func digits(text string) (int, bool) {
	if text == "" || len(text) > 8 || strings.Trim(text, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.Atoi(text)
	return n, err == nil
}
