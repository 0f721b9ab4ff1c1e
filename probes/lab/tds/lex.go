package tds

import (
	"strings"
	"unicode"
)

// tokenKind is what a word of T-SQL is.
type tokenKind int

const (
	lexEnd    tokenKind = iota
	lexWord             // a keyword or a name
	lexName             // a name in brackets or double quotes
	lexText             // a literal, without its quotes
	lexNumber           // digits alone: a point and a sign are words of their own
	lexSign             // ( ) , . ; = < > + - * and their pairs
)

type lexeme struct {
	kind tokenKind
	text string
}

// is reports whether it is this keyword or sign, in any case.
func (l lexeme) is(word string) bool {
	return (l.kind == lexWord || l.kind == lexSign) && strings.EqualFold(l.text, word)
}

// lex cuts a batch into words; comments and blanks are gone.
func lex(text string) ([]lexeme, error) {
	var lexemes []lexeme
	rest := []rune(text)
	for len(rest) > 0 {
		size, found, err := lexOne(rest)
		if err != nil {
			return nil, err
		}
		if found.kind != lexEnd {
			lexemes = append(lexemes, found)
		}
		rest = rest[size:]
	}
	return lexemes, nil
}

// lexOne reads one word; a lexEnd is a comment or a blank.
func lexOne(rest []rune) (int, lexeme, error) {
	second := rune(0)
	if len(rest) > 1 {
		second = rest[1]
	}
	switch c := rest[0]; {
	case unicode.IsSpace(c):
		return 1, lexeme{}, nil
	case c == '-' && second == '-':
		return span(rest, func(r rune) bool { return r != '\n' }), lexeme{}, nil
	case c == '/' && second == '*':
		end := strings.Index(string(rest[2:]), "*/")
		if end < 0 {
			return 0, lexeme{}, failf(113, 15, "Missing end comment mark '*/'.")
		}
		return 4 + len([]rune(string(rest[2:])[:end])), lexeme{}, nil
	case c == '\'':
		return quoted(rest, '\'', lexText)
	case (c == 'N' || c == 'n') && second == '\'':
		size, found, err := quoted(rest[1:], '\'', lexText)
		return size + 1, found, err
	case c == '[':
		return quoted(rest, ']', lexName)
	case c == '"':
		return quoted(rest, '"', lexName)
	case unicode.IsDigit(c):
		size := span(rest, unicode.IsDigit)
		return size, lexeme{lexNumber, string(rest[:size])}, nil
	case inWord(c):
		size := span(rest, inWord)
		return size, lexeme{lexWord, string(rest[:size])}, nil
	case strings.ContainsRune("<>!", c) && (second == '=' || c == '<' && second == '>'):
		return 2, lexeme{lexSign, string(rest[:2])}, nil
	case strings.ContainsRune("(),.;=<>+-*", c):
		return 1, lexeme{lexSign, string(c)}, nil
	default:
		return 0, lexeme{}, failf(102, 15, "Incorrect syntax near '%c'.", c)
	}
}

func inWord(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("_@#$", r)
}

func span(runes []rune, in func(rune) bool) int {
	for i, r := range runes {
		if !in(r) {
			return i
		}
	}
	return len(runes)
}

// quoted reads up to the closing quote; a doubled one stands for itself.
func quoted(rest []rune, quote rune, kind tokenKind) (int, lexeme, error) {
	var text []rune
	for i := 1; i < len(rest); i++ {
		if rest[i] != quote {
			text = append(text, rest[i])
			continue
		}
		if i+1 < len(rest) && rest[i+1] == quote {
			text = append(text, quote)
			i++
			continue
		}
		return i + 1, lexeme{kind, string(text)}, nil
	}
	return 0, lexeme{}, failf(105, 15, "Unclosed quotation mark after the character string.")
}
