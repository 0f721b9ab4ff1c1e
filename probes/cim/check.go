package cim

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"postpatch/probes"
)

const (
	mostColumns      = 30
	longestName      = 100
	longestNamespace = 200
	longestWhere     = 1000
)

// check refuses whatever could make another query of the one that the parameters
// say. Names are identifiers (DSP0004, annex A); the condition is the owner's
// own text, and stays one.
func check(p params) error {
	if !isName(p.Class) {
		return notAName("class", p.Class)
	}
	if why := harmful(p.Class); why != "" {
		return probes.Fieldf("class", "%s is not asked: %s", p.Class, why)
	}
	if !regexp.MustCompile(`^(?i:root)([/\\]\w+)*$`).MatchString(p.Namespace) || len(p.Namespace) > longestNamespace {
		return probes.Fieldf("namespace", "want names with / between, from root on, got %.100q", p.Namespace)
	}
	if err := checkColumns(p); err != nil {
		return err
	}
	if strings.TrimSpace(p.Where) == "" && huge(p.Class) {
		return probes.Fieldf("where", "missing: %s without a condition takes a host minutes", p.Class)
	}
	return checkWhere(p.Where)
}

func checkColumns(p params) error {
	if n := len(p.Columns) + len(p.Lists); n > mostColumns {
		return probes.Fieldf("columns", "want at most %d, got %d: make two checks of them", mostColumns, n)
	}
	seen := []string{p.Key}
	for _, columns := range []struct {
		field string
		names []string
	}{{"key", seen}, {"columns", p.Columns}, {"lists", p.Lists}} {
		for _, name := range columns.names {
			again := columns.field != "key" &&
				slices.ContainsFunc(seen, func(s string) bool { return strings.EqualFold(s, name) })
			switch {
			case !isName(name):
				return notAName(columns.field, name)
			case strings.HasPrefix(name, "__"):
				return probes.Fieldf(columns.field, "%s is WMI's own: not every way of asking brings it", name)
			case again && strings.EqualFold(name, p.Key):
				return probes.Fieldf(columns.field, "%s is the key already", name)
			case again:
				return probes.Fieldf(columns.field, "%s is there twice", name)
			}
			seen = append(seen, name)
		}
	}
	return nil
}

func isName(name string) bool {
	return len(name) <= longestName && regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`).MatchString(name)
}

func notAName(field, name string) error {
	return probes.Fieldf(field, "want a name of letters, digits and _, got %.100q", name)
}

// harmful says why a class must not be asked for: a query is no mere look there.
// Of Win32_Product Microsoft says that it checks every package and repairs it
// (KB974524). The classes beside it come from the same provider, Windows
// Installer's, and a query over a class asks those that derive from it, too.
func harmful(class string) string {
	switch strings.ToLower(class) {
	case "win32_product", "cim_product", "win32_softwarefeature", "cim_softwarefeature",
		"win32_softwareelement", "cim_softwareelement", "cim_logicalelement", "cim_managedsystemelement":
		return `it makes Windows check and repair every installed package; ` +
			`use registry: HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall\…`
	default:
		return ""
	}
}

// huge names classes with an instance for every file, or every event.
func huge(class string) bool {
	switch strings.ToLower(class) {
	case "cim_logicalfile", "cim_datafile", "cim_directory", "win32_directory", "win32_ntlogevent":
		return true
	default:
		return false
	}
}

// checkWhere refuses what is no condition. WQL only reads, so a suite can at the
// worst ask a slow query; what stands here can become no other than that.
func checkWhere(where string) error {
	wrong := func(format string, args ...any) error { return probes.Fieldf("where", format, args...) }
	if !utf8.ValidString(where) || strings.ContainsFunc(where, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return wrong("want one line of printable characters")
	}
	if n := utf8.RuneCountInString(where); n > longestWhere {
		return wrong("want at most %d characters, got %d", longestWhere, n)
	}
	bare, closed := withoutTexts(where)
	if !closed {
		return wrong("a text is opened and never closed")
	}
	open := 0
	for _, r := range bare {
		switch r {
		case ';', '{', '}', '`', '$':
			return wrong("%q can stand only inside a text in quotes", r)
		case '(':
			open++
		case ')':
			if open--; open < 0 {
				return wrong("a ) closes what was never opened")
			}
		}
	}
	if open > 0 {
		return wrong("a ( is never closed")
	}
	for word := range strings.FieldsFuncSeq(bare, func(r rune) bool { return !isPartOfName(r) }) {
		switch strings.ToUpper(word) {
		case "WHERE":
			return wrong("leave out the word WHERE itself")
		case "SELECT", "FROM", "ASSOCIATORS", "REFERENCES", "GROUP", "HAVING", "WITHIN":
			return wrong("%s begins another part of a query: want a condition alone", strings.ToUpper(word))
		}
	}
	return nil
}

func isPartOfName(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) }

// withoutTexts drops texts in quotes, in which a backslash takes the next
// character as it is. It is closed when each of them ends.
func withoutTexts(where string) (bare string, closed bool) {
	var b strings.Builder
	var quote byte
	for i := 0; i < len(where); i++ {
		switch c := where[i]; {
		case quote == 0 && (c == '\'' || c == '"'):
			quote = c
			b.WriteByte(' ')
		case quote == 0:
			b.WriteByte(c)
		case c == '\\':
			i++
		case c == quote:
			quote = 0
		}
	}
	return b.String(), quote == 0
}
