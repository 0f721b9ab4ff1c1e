package tds

import (
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// function is one whose arguments are converted before it sees them: a letter of args
// for each, t for a text, i for an int, d for a date, v for any; in capitals it takes
// nulls too, otherwise a null makes the result null. The ones after | may be left out.
type function struct {
	args string
	typ  func(args []compiled) colType
	eval func(v []any) any
}

func fixedType(t colType) func([]compiled) colType { return func([]compiled) colType { return t } }

// asText is the type of the first argument, as a text of so many characters; 0 for as
// many as that has.
func asText(size int) func([]compiled) colType {
	return func(args []compiled) colType {
		t := colType{kind: kindVarchar, size: size, nullable: true}
		for _, a := range args {
			if a.typ.kind == kindText {
				t.kind = kindText
			}
		}
		if size == 0 {
			t.size = 30
			if args[0].typ.isText() {
				t.size = args[0].typ.size
			}
		}
		if t.kind == kindText && t.size != sizeMax {
			t.size = min(t.size, longestText)
		}
		return t
	}
}

// function compiles one of the tables of functions.
func (sc scope) function(called string, args []compiled) (compiled, bool, error) {
	var f function
	known := false
	for _, all := range []map[string]function{
		sc.textFunctions(), sc.numberFunctions(), sc.dateFunctions(), sc.serverFunctions(), sc.nameFunctions(),
	} {
		if found, here := all[called]; here {
			f, known = found, true
		}
	}
	if !known {
		return compiled{}, false, nil
	}
	needed, optional, _ := strings.Cut(f.args, "|")
	all := needed + optional
	if len(args) < len(needed) || len(args) > len(all) {
		return compiled{}, true, failf(174, 15, "The %s function requires %d "+
			"argument(s).", strings.ToLower(called), len(needed))
	}
	converted := make([]compiled, len(args))
	for i, a := range args {
		switch all[i] {
		case 't', 'T':
			converted[i] = sc.convertTo(a, colType{kind: kindText, size: sizeMax, nullable: true})
		case 'i', 'I':
			converted[i] = sc.convertTo(a, colType{kind: kindInt, nullable: true})
		case 'd':
			converted[i] = sc.dated(a)
		default:
			converted[i] = a
		}
	}
	return compiled{f.typ(args), func(row []any) any {
		v := evalAll(converted, row)
		for i := range v {
			if v[i] == nil && strings.ToLower(all[i:i+1]) == all[i:i+1] {
				return nil
			}
		}
		return f.eval(v)
	}}, true, nil
}

func (sc scope) textFunctions() map[string]function {
	number := fixedType(colType{kind: kindInt, nullable: true})
	change := func(f func(string) string) function {
		return function{args: "t", typ: asText(0), eval: func(v []any) any { return f(v[0].(string)) }}
	}
	return map[string]function{
		"UPPER": change(strings.ToUpper), "LOWER": change(strings.ToLower),
		"LTRIM":   change(func(s string) string { return strings.TrimLeft(s, " ") }),
		"RTRIM":   change(func(s string) string { return strings.TrimRight(s, " ") }),
		"TRIM":    change(func(s string) string { return strings.Trim(s, " ") }),
		"REVERSE": change(reversed),
		"LEN": {args: "t", typ: number, eval: func(v []any) any {
			return int64(utf8.RuneCountInString(strings.TrimRight(v[0].(string), " ")))
		}},
		"DATALENGTH": {args: "v", typ: number, eval: func(v []any) any { return int64(len(variant(v[0]))) }},
		"LEFT": {args: "ti", typ: asText(0), eval: func(v []any) any {
			return sc.substring("left", v[0].(string), 1, v[1].(int64))
		}},
		"RIGHT": {args: "ti", typ: asText(0), eval: func(v []any) any {
			n, count := int64(utf8.RuneCountInString(v[0].(string))), v[1].(int64)
			return sc.substring("right", v[0].(string), max(n-count, 0)+1, count)
		}},
		"SUBSTRING": {args: "tii", typ: asText(0), eval: func(v []any) any {
			return sc.substring("substring", v[0].(string), v[1].(int64), v[2].(int64))
		}},
		"REPLACE": {args: "ttt", typ: asText(longestText), eval: func(v []any) any {
			return replaced(v[0].(string), v[1].(string), v[2].(string))
		}},
		"STUFF": {args: "tiiT", typ: asText(longestText), eval: stuff},
		"CHARINDEX": {args: "tt|i", typ: number, eval: func(v []any) any {
			start := int64(1)
			if len(v) > 2 {
				start = v[2].(int64)
			}
			return charIndex(v[0].(string), v[1].(string), start)
		}},
		"REPLICATE": {args: "ti", typ: asText(longestText), eval: func(v []any) any {
			n := v[1].(int64)
			if n < 0 {
				return nil
			}
			return strings.Repeat(v[0].(string), int(min(n, 2*longestText/int64(max(len(v[0].(string)), 1)))))
		}},
		"SPACE": {args: "i", typ: asText(2 * longestText), eval: func(v []any) any {
			return strings.Repeat(" ", int(min(max(v[0].(int64), 0), 2*longestText)))
		}},
		"CHAR": {args: "i", typ: asText(1), eval: func(v []any) any { return fromCodePage([]byte{byte(v[0].(int64))}) }},
		"NCHAR": {args: "i", typ: fixedType(colType{kind: kindText, size: 1, nullable: true}), eval: func(v []any) any {
			return string(rune(v[0].(int64) & 0xffff))
		}},
		"UNICODE": {args: "t", typ: number, eval: firstRune}, "ASCII": {args: "t", typ: number, eval: firstRune},
		"QUOTENAME": {
			args: "t|t", typ: fixedType(colType{kind: kindText, size: 258, nullable: true}), eval: quoteName,
		},
	}
}

func reversed(s string) string {
	runes := []rune(s)
	for i := range len(runes) / 2 {
		runes[i], runes[len(runes)-1-i] = runes[len(runes)-1-i], runes[i]
	}
	return string(runes)
}

func firstRune(v []any) any {
	for _, r := range v[0].(string) {
		return int64(r)
	}
	return nil
}

func (sc scope) substring(function, s string, start, count int64) any {
	if count < 0 {
		return sc.run.fail(failf(537, 16, "Invalid length parameter passed to the %s function.", function))
	}
	runes := []rune(s)
	from, to := max(start, 1), min(start+count, int64(len(runes))+1)
	if from >= to {
		return ""
	}
	return string(runes[from-1 : to-1])
}

// replaced pays no regard to case.
func replaced(s, old, with string) any {
	if old == "" {
		return s
	}
	var out strings.Builder
	lower, find := strings.ToLower(s), strings.ToLower(old)
	if len(lower) != len(s) { // letters whose case has another length
		return strings.ReplaceAll(s, old, with)
	}
	for {
		i := strings.Index(lower, find)
		if i < 0 || out.Len() > maxMessage {
			return out.String() + s
		}
		out.WriteString(s[:i] + with)
		s, lower = s[i+len(find):], lower[i+len(find):]
	}
}

func stuff(v []any) any {
	runes, start, count := []rune(v[0].(string)), v[1].(int64), v[2].(int64)
	if start < 1 || start > int64(len(runes)) || count < 0 {
		return nil
	}
	with, _ := v[3].(string)
	end := min(start-1+count, int64(len(runes)))
	return string(runes[:start-1]) + with + string(runes[end:])
}

func charIndex(find, s string, start int64) any {
	runes, wanted := []rune(strings.ToLower(s)), strings.ToLower(find)
	from := max(start, 1) - 1
	if from > int64(len(runes)) || find == "" {
		return int64(0)
	}
	rest := string(runes[from:])
	before, _, found := strings.Cut(rest, wanted)
	if !found {
		return int64(0)
	}
	return from + int64(utf8.RuneCountInString(before)) + 1
}

// quoteName makes null of a name that is too long, or of a quote that is none.
func quoteName(v []any) any {
	s := v[0].(string)
	quote := "["
	if len(v) > 1 {
		quote = v[1].(string)
	}
	if utf8.RuneCountInString(s) > 128 || utf8.RuneCountInString(quote) != 1 {
		return nil
	}
	for _, pair := range []string{"[]", "()", "<>", "{}", "''", `""`, "``"} {
		if strings.Contains(pair, quote) {
			return pair[:1] + strings.ReplaceAll(s, pair[1:], pair[1:]+pair[1:]) + pair[1:]
		}
	}
	return nil
}

func (sc scope) numberFunctions() map[string]function {
	same := func(args []compiled) colType {
		t := args[0].typ
		t.nullable = true
		if t.isText() || t.kind == kindNull {
			t = colType{kind: kindFloat, nullable: true}
		}
		return t
	}
	return map[string]function{
		"ABS": {args: "v", typ: same, eval: func(v []any) any {
			switch n := v[0].(type) {
			case int64:
				return max(n, -n)
			case float64:
				return math.Abs(n)
			case decimal:
				if n.n.Sign() < 0 {
					return decimal{n.rescaled(n.scale).n.Neg(n.n), n.scale}
				}
				return n
			}
			return nil
		}},
		"ISNUMERIC": {args: "V", typ: fixedType(colType{kind: kindInt}), eval: func(v []any) any {
			if s, isText := v[0].(string); isText {
				_, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
				return number64(err == nil)
			}
			_, isTime := v[0].(time.Time)
			return number64(v[0] != nil && !isTime)
		}},
		"SIGN": {args: "i", typ: fixedType(colType{kind: kindInt, nullable: true}), eval: func(v []any) any {
			n := v[0].(int64)
			return number64(n > 0) - number64(n < 0)
		}},
	}
}
