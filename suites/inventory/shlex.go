package inventory

import (
	"strings"
	"unicode/utf8"
)

// split cuts a line into words as a shell does, and as Ansible does it by
// Python's shlex: quotes keep space, a backslash takes the next character as it
// is, # begins a comment. The error is a place's column and what is open there.
func split(line string) (words []word, column int, open string) {
	s := splitter{rest: line, column: 1}
	for s.rest != "" {
		if ended := s.word(); ended {
			break
		}
		if s.open != "" {
			return nil, s.from, s.open
		}
	}
	return s.words, 0, ""
}

// splitter walks a line.
type splitter struct {
	rest   string
	column int
	words  []word
	from   int    // the column of a quote
	open   string // what is not closed
}

func (s *splitter) next() rune {
	c, size := utf8.DecodeRuneInString(s.rest)
	s.rest = s.rest[size:]
	s.column++
	return c
}

func isBlank(c rune) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

// word takes the next word; ended says that a comment begins, or the line ends.
func (s *splitter) word() (ended bool) {
	var b strings.Builder
	at, some := s.column, false
	for s.rest != "" {
		column := s.column
		switch c := s.next(); {
		case isBlank(c) && !some:
			at = s.column
		case isBlank(c):
			s.words = append(s.words, word{b.String(), at})
			return false
		case c == '#':
			s.rest = ""
		case c == '\'' || c == '"':
			some, s.from = true, column
			if !s.quoted(&b, c) {
				s.open = "a quote that is never closed"
				return false
			}
		case c == '\\':
			some, s.from = true, column
			if s.rest == "" {
				s.open = "a backslash with nothing behind it"
				return false
			}
			b.WriteRune(s.next())
		default:
			some = true
			b.WriteRune(c)
		}
	}
	if some {
		s.words = append(s.words, word{b.String(), at})
	}
	return true
}

// quoted takes what is in quotes.
func (s *splitter) quoted(b *strings.Builder, quote rune) (closed bool) {
	for s.rest != "" {
		c := s.next()
		switch {
		case c == quote:
			return true
		case c == '\\' && quote == '"' && s.rest != "":
			if c = s.next(); c != '\\' && c != quote {
				b.WriteByte('\\')
			}
		}
		b.WriteRune(c)
	}
	return false
}
