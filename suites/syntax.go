package suites

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf8"
)

const tabbed = "a tab in the indentation"

const windowsHint = `put Windows paths in single quotes: 'C:\Windows'`

// syntax reports what the YAML parser says, at the line that is to blame.
func (r reader) syntax(data []byte, err error) {
	_, read, _ := parse(data)
	msg, reported := parserMessage(err)
	lines := bytes.SplitAfter(data, []byte("\n"))
	number := culprit(lines, read)
	if number == 0 || number > len(lines) {
		number = min(max(reported, 1), len(lines))
	}
	line := strings.TrimRight(string(lines[number-1]), "\r\n")
	if number > 1 {
		if above := strings.TrimRight(string(lines[number-2]), "\r\n"); glued(above) {
			number, line = number-1, above
		}
	}
	column, said, hint := explainSyntax(line, msg)
	if r.secret && said != tabbed {
		said, hint = "this is not YAML", "look at the quotes and the indentation of this line"
	}
	r.at(number, column, hint, said)
}

// parserMessage takes "yaml: line 3: did not…" apart.
func parserMessage(err error) (msg string, line int) {
	msg = strings.TrimPrefix(err.Error(), "yaml: ")
	if rest, found := strings.CutPrefix(msg, "line "); found {
		if number, after, found := strings.Cut(rest, ": "); found {
			if n, err := strconv.Atoi(number); err == nil {
				return after, n
			}
		}
	}
	return msg, 0
}

// culprit finds the line to blame: the first one that, with all lines before
// it, does not parse any more, and neither does any longer beginning of the
// file. The parser's own line is often that of the block that it was in. Read
// is how far the parser got. 0 means: not found at a sane price.
func culprit(lines [][]byte, read int) int {
	ends := make([]int, 1, len(lines)+1)
	for _, line := range lines {
		ends = append(ends, ends[len(ends)-1]+len(line))
	}
	data := bytes.Join(lines, nil)
	budget := 4<<20 + 3*len(data) // bytes to parse: about a second
	parses := func(n int) bool {
		budget -= ends[n] + 100
		_, _, err := parse(data[:ends[n]])
		return err == nil
	}
	low, high := 0, 1
	for high < len(lines) && ends[high] < read {
		high++
	}
	last := high
	for high-low > 1 && budget > 0 {
		middle := (low + high) / 2
		if parses(middle) {
			low = middle
		} else {
			high = middle
		}
	}
	// A beginning that ends inside a text or list of several lines does not
	// parse either, and may have led the search astray.
	for n := last - 1; n > low && budget > 0; n-- {
		if parses(n) {
			return n + 1
		}
	}
	if budget <= 0 && high-low > 1 {
		return 0
	}
	return low + 1
}

// explainSyntax says in a suite author's words what is wrong in a line.
func explainSyntax(line, msg string) (column int, said, hint string) {
	text := strings.TrimLeft(line, " ")
	start := len(line) - len(text)
	at := func(i int) int { return utf8.RuneCountInString(line[:i]) + 1 }
	if strings.HasPrefix(text, "\t") {
		return at(start), tabbed, "indent with spaces"
	}
	if strings.Contains(msg, "escape") || strings.Contains(msg, "hexdecimal") {
		if i := badEscape(line); i >= 0 {
			return at(i), "a backslash in double quotes begins an escape", windowsHint
		}
	}
	if s, found := suspects(line, msg); found {
		return at(s.at), s.said, s.hint
	}
	if i := openQuote(line); i >= 0 {
		return at(i), "a quote that is never closed", "close it, or use the other kind of quotes"
	}
	for _, e := range parserErrors() {
		if strings.Contains(msg, e.message) {
			if i := tokenStart(line, e.message); i >= 0 {
				start = i
			}
			return at(start), e.said, e.hint
		}
	}
	if name, found := strings.CutPrefix(msg, "unknown anchor '"); found {
		name = strings.TrimSuffix(name, "' referenced")
		if i := strings.Index(line, "*"+name); i >= 0 {
			start = i
		}
		return at(start), "the alias *" + name + " has no anchor &" + name, "put a text that begins with * in quotes"
	}
	return at(start), "this is not YAML: " + msg, ""
}

const indentHint = "look at the indentation: entries of one list or mapping begin in the same column"

// parserError puts a message of the parser into a suite author's words.
type parserError struct{ message, said, hint string }

func parserErrors() []parserError {
	return []parserError{
		{
			"mapping values are not allowed", `a ":" where none can be`,
			"put a text with a colon in quotes; keys of one mapping stand exactly below each other",
		},
		{"could not find expected ':'", `a key without ":"`, `write "key: value"`},
		{"incompatible YAML", "this version of YAML is not read", "leave the line out"},
		{"exceeded max depth", "nested too deeply", ""},
		{"did not find expected key", "this does not line up with the lines above", indentHint},
		{"did not find expected '-'", "this does not line up with the list above", indentHint},
		{
			"did not find expected ',' or", "a [ or { that is never closed, or a missing comma",
			"close it, and quote texts with , : ? [ or {",
		},
		{"block sequence entries are not", `a "-" where no list can begin`, "begin a list on a line of its own"},
		{"did not find expected node content", "a value is missing here", "quote texts that begin with , [ ] { } or ?"},
		{"<document start>", "neither a key nor an entry of a list", `write "key: value", or put the text in quotes`},
		{"cannot start any token", "a text cannot begin like this", "put it in quotes"},
	}
}

// badEscape finds the backslash in double quotes with which no escape begins; -1
// for none. Backslashes elsewhere on the line mean themselves.
func badEscape(line string) int {
	for i := 0; i < len(line); i++ {
		if !opensQuote(line, i) {
			continue
		}
		end := closing(line, i)
		if end < 0 {
			end = len(line)
		}
		for j := i + 1; j < end && line[i] == '"'; j++ {
			if line[j] != '\\' {
				continue
			}
			if !isEscape(line[j+1:]) {
				return j
			}
			j++
		}
		i = end
	}
	return -1
}

// isEscape says whether what follows a backslash makes an escape of it.
func isEscape(s string) bool {
	const simple = "0abt\tnvfre \"/\\N_LP"
	if s == "" || strings.IndexByte(simple, s[0]) >= 0 { // at a line's end it joins two lines
		return true
	}
	digits := map[byte]int{'x': 2, 'u': 4, 'U': 8}[s[0]]
	if digits == 0 || len(s) <= digits {
		return false
	}
	code, err := strconv.ParseUint(s[1:1+digits], 16, 32)
	return err == nil && code <= utf8.MaxRune && (code < 0xD800 || code > 0xDFFF)
}

// opensQuote says whether a value's quoted text begins at i.
func opensQuote(line string, i int) bool {
	return (line[i] == '"' || line[i] == '\'') && (i == 0 || strings.IndexByte(" [{,:", line[i-1]) >= 0)
}

// openQuote finds a value's quote that is not closed on its line; -1 for none.
func openQuote(line string) int {
	for i := 0; i < len(line); i++ {
		if !opensQuote(line, i) {
			continue
		}
		end := closing(line, i)
		if end < 0 {
			return i
		}
		i = end
	}
	return -1
}

// closing finds the end of the quoted text that begins at i; -1 for none.
func closing(line string, i int) int {
	for j := i + 1; j < len(line); j++ {
		switch {
		case line[i] == '"' && line[j] == '\\':
			j++
		case line[j] == line[i]:
			return j
		}
	}
	return -1
}

// tokenStart finds the place in a line that a parser's message is about.
func tokenStart(line, message string) int {
	switch {
	case strings.HasPrefix(message, "mapping values"):
		if i := strings.LastIndex(line, ": "); i >= 0 {
			return i
		}
		return strings.LastIndexByte(line, ':')
	case strings.HasPrefix(message, "did not find expected ','"), strings.HasSuffix(message, "node content"):
		return strings.IndexAny(line, "[{")
	case strings.HasPrefix(message, "cannot start"):
		return strings.IndexAny(line, "@`%\t")
	default:
		return -1
	}
}
