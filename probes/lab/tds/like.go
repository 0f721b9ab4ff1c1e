package tds

import (
	"slices"
	"strings"
)

func (sc scope) like(n like) (compiled, error) {
	var parts [3]compiled
	wide := false
	parts[2] = constant(colType{kind: kindVarchar, size: 1}, "")
	for i, e := range []node{n.of, n.pattern, n.escape} {
		if e == nil {
			continue
		}
		c, err := sc.expr(e)
		if err != nil {
			return compiled{}, err
		}
		wide = wide || c.typ.kind == kindText
		if c.typ.isOld() && c.typ.kind != kindXML {
			c.typ.kind = kindText
		}
		parts[i] = sc.convertTo(c, colType{kind: kindText, size: sizeMax, nullable: true})
	}
	return compiled{boolean(), func(row []any) any {
		text, ok := parts[0].eval(row).(string)
		pattern, isText := parts[1].eval(row).(string)
		escape, known := parts[2].eval(row).(string)
		if !ok || !isText || !known {
			return nil
		}
		escapes := []rune(escape)
		if len(escapes) > 1 || n.escape != nil && len(escapes) == 0 {
			return sc.run.fail(failf(506, 16, "The invalid escape character \"%s\" was specified in a LIKE predicate.", escape))
		}
		var mark rune
		if len(escapes) == 1 {
			mark = escapes[0]
		}
		in := wildcards([]rune(strings.ToLower(pattern)), mark)
		found := matches([]rune(strings.ToLower(text)), in)
		if trimmed := strings.TrimRight(text, " "); !wide && !found { // blanks at the end of a varchar are nothing
			found = matches([]rune(strings.ToLower(trimmed)), in)
		}
		return found != n.not
	}}, nil
}

// wildcard is what one place of a pattern lets through.
type wildcard struct {
	any, many bool
	not       bool
	ranges    [][2]rune
}

func (w wildcard) fits(r rune) bool {
	return w.any || slices.ContainsFunc(w.ranges, func(in [2]rune) bool { return in[0] <= r && r <= in[1] }) != w.not
}

// wildcards reads a pattern: %, _, [a-z] and [^a-z]; after the escape, nothing is special.
func wildcards(pattern []rune, escape rune) []wildcard {
	var all []wildcard
	for i := 0; i < len(pattern); i++ {
		r := pattern[i]
		switch {
		case escape != 0 && r == escape && i+1 < len(pattern):
			i++
			all = append(all, wildcard{ranges: [][2]rune{{pattern[i], pattern[i]}}})
		case r == '%':
			all = append(all, wildcard{many: true})
		case r == '_':
			all = append(all, wildcard{any: true})
		case r == '[':
			end := slices.Index(pattern[i:], ']')
			if end < 0 { // nothing fits
				return append(all, wildcard{})
			}
			all = append(all, set(pattern[i+1:i+end]))
			i += end
		default:
			all = append(all, wildcard{ranges: [][2]rune{{r, r}}})
		}
	}
	return all
}

func set(inner []rune) wildcard {
	var w wildcard
	if len(inner) > 0 && inner[0] == '^' {
		w.not, inner = true, inner[1:]
	}
	for i := 0; i < len(inner); i++ {
		if i+2 < len(inner) && inner[i+1] == '-' {
			w.ranges = append(w.ranges, [2]rune{inner[i], inner[i+2]})
			i += 2
			continue
		}
		w.ranges = append(w.ranges, [2]rune{inner[i], inner[i]})
	}
	return w
}

// matches goes back to the last % where something does not fit, and no further.
func matches(text []rune, pattern []wildcard) bool {
	t, p := 0, 0
	star, mark := -1, 0
	for t < len(text) {
		switch {
		case p < len(pattern) && pattern[p].many:
			star, mark = p, t
			p++
		case p < len(pattern) && pattern[p].fits(text[t]):
			t++
			p++
		case star >= 0:
			mark++
			t, p = mark, star+1
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p].many {
		p++
	}
	return p == len(pattern)
}
