package tds

import (
	"math"
	"slices"
	"strings"
	"time"
)

// dateFunctions are those whose first argument is a part of a date, and no expression.
func dateFunctions() []string {
	return []string{"DATEADD", "DATEDIFF", "DATEDIFF_BIG", "DATEPART", "DATENAME"}
}

// datePart is a part of a date by its name or by one of its short ones.
// Source: Microsoft, "DATEPART (Transact-SQL)".
func datePart(n node) (string, bool) {
	word, isName := n.(name)
	if !isName || len(word.parts) != 1 {
		return "", false
	}
	for _, names := range [][]string{
		{"year", "yy", "yyyy"},
		{"quarter", "qq", "q"},
		{"month", "mm", "m"},
		{"dayofyear", "dy", "y"},
		{"day", "dd", "d"},
		{"week", "wk", "ww"},
		{"weekday", "dw", "w"},
		{"hour", "hh"},
		{"minute", "mi", "n"},
		{"second", "ss", "s"},
		{"millisecond", "ms"},
		{"microsecond", "mcs"},
		{"nanosecond", "ns"},
	} {
		if slices.Contains(names, strings.ToLower(word.parts[0])) {
			return names[0], true
		}
	}
	return "", false
}

// unitOf is the length of the parts that have one.
func unitOf(part string) time.Duration {
	return map[string]time.Duration{
		"week": 7 * 24 * time.Hour, "day": 24 * time.Hour, "dayofyear": 24 * time.Hour, "weekday": 24 * time.Hour,
		"hour": time.Hour, "minute": time.Minute, "second": time.Second, "millisecond": time.Millisecond,
		"microsecond": time.Microsecond, "nanosecond": time.Nanosecond,
	}[part]
}

// dateCall compiles the functions of a part of a date.
func (sc scope) dateCall(n call) (compiled, error) {
	want := 3
	if n.name == "DATEPART" || n.name == "DATENAME" {
		want = 2
	}
	function := strings.ToLower(n.name)
	if len(n.args) != want {
		return compiled{}, failf(174, 15, "The %s function requires %d argument(s).", function, want)
	}
	part, known := datePart(n.args[0])
	if !known {
		word := "?"
		if named, isName := n.args[0].(name); isName {
			word = strings.Join(named.parts, ".")
		}
		return compiled{}, failf(155, 15, "'%s' is not a recognized %s option.", word, function)
	}
	first, err := sc.expr(n.args[1])
	if err != nil {
		return compiled{}, err
	}
	if want == 2 {
		return sc.partOf(n.name, part, first)
	}
	second, err := sc.expr(n.args[2])
	if err != nil {
		return compiled{}, err
	}
	second = sc.dated(second)
	if n.name == "DATEADD" {
		return sc.dateAdd(part, first, second)
	}
	return sc.dateDiff(n.name, part, sc.dated(first), second)
}

// dated takes a text or a number for a datetime.
func (sc scope) dated(c compiled) compiled {
	switch {
	case c.typ.isDate():
		return c
	case c.typ.isText():
		return sc.convertTo(c, colType{kind: kindDateTime2, nullable: true})
	}
	return sc.convertTo(c, colType{kind: kindDateTime, nullable: true})
}

func (sc scope) dateAdd(part string, count, at compiled) (compiled, error) {
	t := at.typ
	t.nullable = true
	if t.kind == kindDate && unitOf(part) != 0 && unitOf(part) < 24*time.Hour {
		return compiled{}, failf(9810, 16, "The datepart %s is not supported by date function dateadd for data type "+
			"date.", part)
	}
	count = sc.convertTo(count, colType{kind: kindInt, nullable: true})
	return compiled{t, func(row []any) any {
		n, ok := count.eval(row).(int64)
		from, isTime := at.eval(row).(time.Time)
		if !ok || !isTime {
			return nil
		}
		if n != int64(int32(n)) {
			return sc.run.fail(overflow(colType{kind: kindInt}))
		}
		var to time.Time
		switch part {
		case "year":
			to = addMonths(from, 12*n)
		case "quarter":
			to = addMonths(from, 3*n)
		case "month":
			to = addMonths(from, n)
		default:
			unit := unitOf(part)
			perDay := int64(max(24*time.Hour/unit, 1))
			if unit > 24*time.Hour {
				to = from.AddDate(0, 0, int(7*n))
				break
			}
			to = from.AddDate(0, 0, int(n/perDay)).Add(time.Duration(n%perDay) * unit)
		}
		least := 1
		if t.kind == kindDateTime || t.kind == kindSmallDateTime {
			least = 1753
		}
		if to.Year() < least || to.Year() > 9999 {
			return sc.run.fail(failf(517, 16, "Adding a value to a '%s' column caused an overflow.", t.word()))
		}
		return t.shape(to)
	}}, nil
}

// addMonths keeps the day where the month has it, and takes its last one otherwise.
func addMonths(at time.Time, n int64) time.Time {
	first := time.Date(at.Year(), at.Month(), 1, at.Hour(), at.Minute(), at.Second(), at.Nanosecond(), at.Location())
	first = first.AddDate(0, int(n), 0)
	last := first.AddDate(0, 1, -1).Day()
	return first.AddDate(0, 0, min(at.Day(), last)-1)
}

// dateDiff counts the boundaries between two dates.
func (sc scope) dateDiff(function, part string, from, to compiled) (compiled, error) {
	t := colType{kind: kindInt, nullable: true}
	if function == "DATEDIFF_BIG" {
		t.kind = kindBigInt
	}
	return compiled{t, func(row []any) any {
		a, ok := from.eval(row).(time.Time)
		b, isTime := to.eval(row).(time.Time)
		if !ok || !isTime {
			return nil
		}
		n := boundaries(part, a.UTC(), b.UTC())
		if t.kind == kindInt && (n > math.MaxInt32 || n < math.MinInt32) {
			return sc.run.fail(failf(535, 16, "The datediff function resulted in an overflow. The number of dateparts "+
				"separating two "+
				"date/time instances is too large. Try to use datediff with a less precise datepart."))
		}
		return n
	}}, nil
}

func boundaries(part string, a, b time.Time) int64 {
	switch part {
	case "year":
		return int64(b.Year() - a.Year())
	case "quarter":
		return int64(4*(b.Year()-a.Year()) + (int(b.Month())-1)/3 - (int(a.Month())-1)/3)
	case "month":
		return int64(12*(b.Year()-a.Year()) + int(b.Month()) - int(a.Month()))
	case "week": // which begins on Sunday, whatever is set
		sunday := func(at time.Time) int64 { return (daysOf(at) + 1) / 7 }
		return sunday(b) - sunday(a)
	}
	unit := unitOf(part)
	perDay := int64(24 * time.Hour / unit)
	within := func(at time.Time) int64 {
		midnight := time.Date(at.Year(), at.Month(), at.Day(), 0, 0, 0, 0, time.UTC)
		return int64(at.Sub(midnight) / unit)
	}
	return (daysOf(b)-daysOf(a))*perDay + within(b) - within(a)
}

// daysOf counts from the year one, whose first day was a Monday.
func daysOf(at time.Time) int64 {
	const yearOne = -62135596800 // in Unix seconds
	midnight := time.Date(at.Year(), at.Month(), at.Day(), 0, 0, 0, 0, time.UTC)
	return (midnight.Unix() - yearOne) / (24 * 60 * 60)
}

func (sc scope) partOf(function, part string, of compiled) (compiled, error) {
	of = sc.dated(of)
	if function == "DATENAME" {
		return compiled{colType{kind: kindText, size: 30, nullable: true}, func(row []any) any {
			at, isTime := of.eval(row).(time.Time)
			switch {
			case !isTime:
				return nil
			case part == "month":
				return at.Month().String()
			case part == "weekday":
				return at.Weekday().String()
			}
			return plainText(partNumber(part, at), colType{kind: kindInt})
		}}, nil
	}
	return compiled{colType{kind: kindInt, nullable: true}, func(row []any) any {
		at, isTime := of.eval(row).(time.Time)
		if !isTime {
			return nil
		}
		return partNumber(part, at)
	}}, nil
}

func partNumber(part string, at time.Time) int64 {
	switch part {
	case "year":
		return int64(at.Year())
	case "quarter":
		return int64(at.Month()-1)/3 + 1
	case "month":
		return int64(at.Month())
	case "dayofyear":
		return int64(at.YearDay())
	case "day":
		return int64(at.Day())
	case "week":
		first := time.Date(at.Year(), 1, 1, 0, 0, 0, 0, time.UTC)
		return int64(at.YearDay()-1+int(first.Weekday()))/7 + 1
	case "weekday":
		return int64(at.Weekday()) + 1
	case "hour":
		return int64(at.Hour())
	case "minute":
		return int64(at.Minute())
	case "second":
		return int64(at.Second())
	}
	return int64(time.Duration(at.Nanosecond()) / unitOf(part))
}

// dateFunction are the functions of dates whose arguments are all expressions.
func (sc scope) dateFunctions() map[string]function {
	offset := fixedType(colType{kind: kindDateTimeOffset, nullable: true})
	year := func(part string) function {
		return function{args: "d", typ: fixedType(colType{kind: kindInt, nullable: true}), eval: func(v []any) any {
			at, _ := v[0].(time.Time)
			return partNumber(part, at)
		}}
	}
	return map[string]function{
		"YEAR": year("year"), "MONTH": year("month"), "DAY": year("day"),
		"SWITCHOFFSET": {args: "dv", typ: offset, eval: func(v []any) any {
			at, _ := v[0].(time.Time)
			zone, ok := offsetOf(v[1])
			if !ok {
				return sc.run.fail(failf(9812, 16, "The timezone provided to builtin function switchoffset is invalid."))
			}
			return at.In(zone)
		}},
		"TODATETIMEOFFSET": {args: "dv", typ: offset, eval: func(v []any) any {
			at, _ := v[0].(time.Time)
			zone, ok := offsetOf(v[1])
			if !ok {
				return sc.run.fail(failf(9812, 16, "The timezone provided to builtin function todatetimeoffset is invalid."))
			}
			return time.Date(at.Year(), at.Month(), at.Day(), at.Hour(), at.Minute(), at.Second(), at.Nanosecond(), zone)
		}},
		"DATEFROMPARTS": {args: "iii", typ: fixedType(colType{kind: kindDate, nullable: true}), eval: func(v []any) any {
			y, m, d := int(v[0].(int64)), int(v[1].(int64)), int(v[2].(int64))
			at := time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC)
			if y < 1 || y > 9999 || at.Day() != d || int(at.Month()) != m {
				return sc.run.fail(failf(289, 16, "Cannot construct data type date, some of the arguments have values which are "+
					"not valid."))
			}
			return at
		}},
		"MSDB.DBO.AGENT_DATETIME": {
			args: "ii", typ: fixedType(colType{kind: kindDateTime, nullable: true}), eval: sc.agentDateTime,
		},
		"ISDATE": {args: "t", typ: fixedType(colType{kind: kindInt}), eval: func(v []any) any {
			_, err := conv{from: colType{kind: kindText}, to: colType{kind: kindDateTime}}.date(v[0])
			return number64(err == nil)
		}},
	}
}

// offsetOf reads +02:00, or minutes.
func offsetOf(v any) (*time.Location, bool) {
	minutes, isNumber := v.(int64)
	if text, isText := v.(string); isText {
		at, err := time.Parse("-07:00", text)
		if err != nil {
			return nil, false
		}
		_, seconds := at.Zone()
		minutes, isNumber = int64(seconds/60), true
	}
	if !isNumber || minutes < -14*60 || minutes > 14*60 {
		return nil, false
	}
	return time.FixedZone("", int(minutes)*60), true
}

// agentDateTime makes a datetime of the numbers in which SQL Server Agent keeps it,
// 20261120 and 31244. It fails where they are none, zero included: it is text that is
// converted inside.
func (sc scope) agentDateTime(v []any) any {
	date, clock := v[0].(int64), v[1].(int64)
	y, m, d := int(date/10000), int(date/100%100), int(date%100)
	at := time.Date(y, time.Month(m), d, int(clock/10000), int(clock/100%100), int(clock%100), 0, time.UTC)
	if y < 1753 || y > 9999 || at.Day() != d || int(at.Month()) != m || clock < 0 || clock/10000 > 23 ||
		clock/100%100 > 59 || clock%100 > 59 {
		return sc.run.fail(failf(242, 16, "The conversion of a nvarchar data type to a datetime data type resulted in an "+
			"out-of-range value."))
	}
	return at
}
