package wsman

import (
	"cmp"
	"strconv"
	"strings"
	"time"
)

// condition is a WHERE clause. Holds is asked with a row's columns; uses lists
// the columns by name.
type condition interface {
	holds(row) bool
	uses() []string
}

type (
	either  struct{ a, b condition }
	both    struct{ a, b condition }
	negated struct{ c condition }

	// comparison holds a literal that is nil, bool, float64 or string.
	comparison struct {
		column  string
		op      string
		literal any
	}
)

func (e either) holds(r row) bool  { return e.a.holds(r) || e.b.holds(r) }
func (b both) holds(r row) bool    { return b.a.holds(r) && b.b.holds(r) }
func (n negated) holds(r row) bool { return !n.c.holds(r) }

func (e either) uses() []string     { return append(e.a.uses(), e.b.uses()...) }
func (b both) uses() []string       { return append(b.a.uses(), b.b.uses()...) }
func (n negated) uses() []string    { return n.c.uses() }
func (c comparison) uses() []string { return []string{c.column} }

func (c comparison) holds(r row) bool {
	value := r.get(c.column)
	switch {
	case c.literal == nil:
		return c.op == "=" && value == nil || c.op == "<>" && value != nil
	case value == nil:
		return false // null compares with nothing
	}
	if c.op == like {
		pattern, isText := c.literal.(string)
		return isText && matches(strings.ToLower(plain(value)), strings.ToLower(pattern))
	}
	order, fits := compare(value, c.literal)
	if !fits {
		return false
	}
	switch c.op {
	case "=":
		return order == 0
	case "<>":
		return order != 0
	case "<":
		return order < 0
	case ">":
		return order > 0
	case "<=":
		return order <= 0
	default:
		return order >= 0
	}
}

// compare orders a column's value against a literal, by the column's type.
func compare(value, literal any) (order int, fits bool) {
	switch value := value.(type) {
	case bool:
		asked, ok := literal.(bool)
		if s, isText := literal.(string); isText {
			asked, ok = strings.EqualFold(s, "true"), true
		}
		return cmp.Compare(strconv.FormatBool(value), strconv.FormatBool(asked)), ok
	case time.Time:
		s, _ := literal.(string)
		asked, ok := parseDMTF(s)
		return value.Compare(asked), ok
	case string:
		asked, ok := literal.(string)
		return strings.Compare(strings.ToLower(value), strings.ToLower(asked)), ok
	default:
		have, err := strconv.ParseFloat(plain(value), 64)
		asked, ok := literal.(float64)
		if s, isText := literal.(string); isText {
			n, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
			asked, ok = n, err == nil
		}
		return cmp.Compare(have, asked), ok && err == nil
	}
}

// parseDMTF reads WMI's own form of a time: 20261123021000.000000+060, the
// offset in minutes.
func parseDMTF(s string) (time.Time, bool) {
	if len(s) != 25 {
		return time.Time{}, false
	}
	t, err := time.Parse("20060102150405.000000", s[:21])
	minutes, err2 := strconv.Atoi(s[21:])
	return t.Add(-time.Duration(minutes) * time.Minute), err == nil && err2 == nil
}

// matches is LIKE: % is anything, _ one character, [a-f] and [^a] a class.
func matches(s, pattern string) bool {
	// Back up only to the last %, so that no pattern takes exponential time.
	var i, j, backS int
	backP := -1
	for i < len(s) {
		if j < len(pattern) && pattern[j] == '%' {
			backP, backS = j+1, i
			j++
			continue
		}
		if length, ok := matchOne(s[i], pattern[j:]); ok {
			i++
			j += length
			continue
		}
		if backP < 0 {
			return false
		}
		backS++
		i, j = backS, backP
	}
	return strings.Trim(pattern[j:], "%") == ""
}

// matchOne matches one character and returns the length of the pattern's part.
func matchOne(c byte, pattern string) (length int, ok bool) {
	if pattern == "" {
		return 0, false
	}
	closing := strings.IndexByte(pattern, ']')
	switch {
	case pattern[0] == '_':
		return 1, true
	case pattern[0] != '[' || closing < 2:
		return 1, pattern[0] == c
	}
	set, inverted := strings.CutPrefix(pattern[1:closing], "^")
	found := false
	for i := 0; i < len(set); i++ {
		if i+2 < len(set) && (set[i+1] == '-' || set[i+1] == '=') {
			found = found || set[i] <= c && c <= set[i+2]
			i += 2
			continue
		}
		found = found || set[i] == c
	}
	return closing + 1, found != inverted
}
