package tds

import (
	"strings"
	"time"
)

// dayZero is the day that a datetime counts from.
func dayZero() time.Time { return time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC) }

// layouts are CONVERT's styles, as Go writes them.
// Source: Microsoft, "CAST and CONVERT (Transact-SQL)", date and time styles.
func layouts() map[int]string {
	return map[int]string{
		1: "01/02/06", 3: "02/01/06", 4: "02.01.06", 8: "15:04:05", 12: "060102", 14: "15:04:05.000",
		20: "2006-01-02 15:04:05", 21: "2006-01-02 15:04:05.000", 23: "2006-01-02", 25: "2006-01-02 15:04:05.000",
		101: "01/02/2006", 102: "2006.01.02", 103: "02/01/2006", 104: "02.01.2006", 105: "02-01-2006", 108: "15:04:05",
		110: "01-02-2006", 111: "2006/01/02", 112: "20060102", 114: "15:04:05.000",
		120: "2006-01-02 15:04:05", 121: "2006-01-02 15:04:05.000", 126: "2006-01-02T15:04:05.000",
		127: "2006-01-02T15:04:05.000",
	}
}

// dateText writes a date as CONVERT does. The newer types have a style of their own
// where none is said.
func dateText(at time.Time, t colType, style int) string {
	fraction := ""
	if t.fraction() > 0 {
		fraction = "." + strings.Repeat("0", t.fraction())
	}
	if style == 0 {
		switch t.kind {
		case kindDate:
			return at.Format(time.DateOnly)
		case kindTime:
			return at.Format("15:04:05" + fraction)
		case kindDateTime2:
			return at.Format("2006-01-02 15:04:05" + fraction)
		case kindDateTimeOffset:
			return at.Format("2006-01-02 15:04:05" + fraction + " -07:00")
		default: // the older ones
		}
		text := at.Format("Jan _2 2006 ") + strings.Replace(at.Format("03:04PM"), "0", " ", 1)
		if h := at.Hour() % 12; h == 0 || h >= 10 {
			text = at.Format("Jan _2 2006 03:04PM")
		}
		return text
	}
	layout, known := layouts()[style]
	if !known {
		layout = "2006-01-02 15:04:05.000"
	}
	if t.kind != kindDateTime {
		layout = strings.Replace(layout, ".000", fraction, 1)
	}
	if t.kind == kindDateTimeOffset && strings.Contains(layout, "05") && style < 126 {
		layout += " -07:00"
	}
	return at.Format(layout)
}

// dateTexts are the ways in which a date may be written.
func dateTexts() []string {
	return []string{
		"2006-01-02 15:04:05.9999999 -07:00", "2006-01-02T15:04:05.9999999-07:00", "2006-01-02T15:04:05.9999999Z07:00",
		"2006-01-02 15:04:05.9999999", "2006-01-02T15:04:05.9999999", "2006-01-02 15:04", "2006-01-02", "20060102",
		"20060102 15:04:05.9999999", "20060102 15:04", "15:04:05.9999999", "15:04", "Jan 2 2006", "Jan 2 2006 3:04PM",
		"Jan 2, 2006", "2 Jan 2006", "01/02/2006", "1/2/2006", "1/2/2006 15:04:05",
	}
}

func (c conv) date(v any) (any, error) {
	switch v := v.(type) {
	case time.Time:
		if c.from.kind == kindTime && c.to.kind == kindDate || c.from.kind == kindDate && c.to.kind == kindTime {
			return nil, c.cannot()
		}
		return c.to.shape(v), nil
	case string:
		text := strings.Join(strings.Fields(v), " ")
		if text == "" {
			return c.to.shape(dayZero()), nil
		}
		for _, layout := range dateTexts() {
			at, err := time.Parse(layout, text)
			if err != nil {
				continue
			}
			if at.Year() == 0 {
				at = at.AddDate(1900, 0, 0)
			}
			if _, offset := at.Zone(); offset == 0 {
				at = at.UTC()
			}
			if c.to.kind == kindDateTime && at.Year() < 1753 {
				return nil, failf(242, 16, "The conversion of a %s data type to a datetime data type resulted in an "+
					"out-of-range value.", c.from.word())
			}
			return c.to.shape(at), nil
		}
		return nil, failf(241, 16, "Conversion failed when converting date and/or time from character string.")
	case int64, float64, decimal, bool:
		if c.to.kind != kindDateTime && c.to.kind != kindSmallDateTime {
			return nil, c.cannot()
		}
		days, err := conv{from: c.from, to: colType{kind: kindFloat}}.float(v)
		f, _ := days.(float64)
		if err != nil || f < -53690 || f > 2958463 {
			return nil, c.overflow()
		}
		return c.to.shape(dayZero().Add(time.Duration(f*24*float64(time.Hour)/1e6) * 1e6)), nil
	}
	return nil, c.cannot()
}

// shape leaves of a time what its type can hold.
func (t colType) shape(at time.Time) time.Time {
	if t.kind != kindDateTimeOffset { // the time that its clock shows
		at = time.Date(at.Year(), at.Month(), at.Day(), at.Hour(), at.Minute(), at.Second(), at.Nanosecond(), time.UTC)
	}
	switch t.kind {
	case kindDate:
		return time.Date(at.Year(), at.Month(), at.Day(), 0, 0, 0, 0, time.UTC)
	case kindTime:
		return time.Date(1900, 1, 1, at.Hour(), at.Minute(), at.Second(), at.Nanosecond(), time.UTC)
	case kindSmallDateTime:
		return at.Round(time.Minute)
	case kindDateTime: // in 300ths of a second
		midnight := time.Date(at.Year(), at.Month(), at.Day(), 0, 0, 0, 0, time.UTC)
		ticks := (int64(at.Sub(midnight))*ticksPerSecond + int64(time.Second)/2) / int64(time.Second)
		millis := (ticks*1000 + ticksPerSecond/2) / ticksPerSecond
		return midnight.Add(time.Duration(millis) * time.Millisecond)
	case kindDateTime2, kindDateTimeOffset:
		unit := time.Second
		for range t.fraction() {
			unit /= 10
		}
		return at.Round(unit)
	default:
		return at
	}
}
