package wsman

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// query is a parsed SELECT. Columns is nil for all of them.
type query struct {
	columns []string
	class   string
	where   condition // nil for every instance
}

var errQuery = errors.New("invalid query")

// parser reads WQL: SELECT columns FROM class [WHERE condition].
type parser struct {
	tokens []token
	depth  int
}

type tokenKind int

const (
	end tokenKind = iota
	word
	text
	number
	symbol
)

type token struct {
	kind tokenKind
	text string
}

const (
	maxQuery = 64 << 10
	maxNest  = 100
)

func parseQuery(source string) (query, error) {
	tokens, err := tokenize(source)
	if err != nil {
		return query{}, err
	}
	p := &parser{tokens: tokens}
	var q query
	if !p.keyword("SELECT") {
		return q, fmt.Errorf("%w: want SELECT", errQuery)
	}
	if !p.symbol("*") {
		for more := true; more; more = p.symbol(",") {
			name, ok := p.take(word)
			if !ok {
				return q, fmt.Errorf("%w: want a column", errQuery)
			}
			q.columns = append(q.columns, name)
		}
	}
	if !p.keyword("FROM") {
		return q, fmt.Errorf("%w: want FROM", errQuery)
	}
	class, ok := p.take(word)
	if !ok {
		return q, fmt.Errorf("%w: want a class", errQuery)
	}
	q.class = class
	if p.keyword("WHERE") {
		if q.where, err = p.or(); err != nil {
			return q, err
		}
	}
	if p.peek().kind != end {
		return q, fmt.Errorf("%w at %q", errQuery, p.peek().text)
	}
	return q, nil
}

func tokenize(s string) ([]token, error) {
	if len(s) > maxQuery {
		return nil, fmt.Errorf("%w: too long", errQuery)
	}
	var tokens []token
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case strings.IndexByte(" \t\r\n", c) >= 0:
			i++
		case c == '\'' || c == '"':
			value, length, ok := quoted(s[i:])
			if !ok {
				return nil, fmt.Errorf("%w: text without an end", errQuery)
			}
			tokens = append(tokens, token{text, value})
			i += length
		case isDigit(c) || c == '-' && i+1 < len(s) && isDigit(s[i+1]):
			j := i + 1
			for j < len(s) && (isDigit(s[j]) || s[j] == '.') {
				j++
			}
			tokens = append(tokens, token{number, s[i:j]})
			i = j
		case isLetter(c):
			j := i
			for j < len(s) && (isLetter(s[j]) || isDigit(s[j])) {
				j++
			}
			tokens = append(tokens, token{word, s[i:j]})
			i = j
		default:
			length := 1
			if i+1 < len(s) && (s[i:i+2] == "<>" || s[i:i+2] == "!=" || s[i:i+2] == "<=" || s[i:i+2] == ">=") {
				length = 2
			}
			tokens = append(tokens, token{symbol, s[i : i+length]})
			i += length
		}
	}
	return tokens, nil
}

// quoted reads a text in quotes; a backslash takes the next character as it is.
func quoted(s string) (value string, length int, ok bool) {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == s[0]:
			return b.String(), i + 1, true
		case s[i] == '\\' && i+1 < len(s):
			i++
			b.WriteByte(s[i])
		default:
			b.WriteByte(s[i])
		}
	}
	return "", 0, false
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_' }

func (p *parser) peek() token {
	if len(p.tokens) == 0 {
		return token{}
	}
	return p.tokens[0]
}

func (p *parser) take(kind tokenKind) (string, bool) {
	next := p.peek()
	if next.kind != kind || kind == word && isKeyword(next.text) {
		return "", false
	}
	p.tokens = p.tokens[1:]
	return next.text, true
}

func isKeyword(s string) bool {
	switch strings.ToUpper(s) {
	case "SELECT", "FROM", "WHERE", "AND", "OR", "NOT", "LIKE", "IS", "NULL", "TRUE", "FALSE":
		return true
	}
	return false
}

func (p *parser) keyword(name string) bool {
	if next := p.peek(); next.kind != word || !strings.EqualFold(next.text, name) {
		return false
	}
	p.tokens = p.tokens[1:]
	return true
}

func (p *parser) symbol(s string) bool {
	if next := p.peek(); next.kind != symbol || next.text != s {
		return false
	}
	p.tokens = p.tokens[1:]
	return true
}

func (p *parser) or() (condition, error) {
	left, err := p.and()
	for err == nil && p.keyword("OR") {
		var right condition
		right, err = p.and()
		left = either{left, right}
	}
	return left, err
}

func (p *parser) and() (condition, error) {
	left, err := p.not()
	for err == nil && p.keyword("AND") {
		var right condition
		right, err = p.not()
		left = both{left, right}
	}
	return left, err
}

func (p *parser) not() (condition, error) {
	if p.depth++; p.depth > maxNest {
		return nil, fmt.Errorf("%w: nested too deep", errQuery)
	}
	defer func() { p.depth-- }()
	if p.keyword("NOT") {
		c, err := p.not()
		return negated{c}, err
	}
	if p.symbol("(") {
		c, err := p.or()
		if err == nil && !p.symbol(")") {
			err = fmt.Errorf("%w: want )", errQuery)
		}
		return c, err
	}
	return p.comparison()
}

// comparison reads column op literal, in either order.
func (p *parser) comparison() (condition, error) {
	if column, ok := p.take(word); ok {
		if p.keyword("IS") {
			op := "="
			if p.keyword("NOT") {
				op = "<>"
			}
			if !p.keyword("NULL") {
				return nil, fmt.Errorf("%w: want NULL", errQuery)
			}
			return comparison{column: column, op: op}, nil
		}
		op, err := p.operator()
		if err != nil {
			return nil, err
		}
		literal, err := p.literal()
		return comparison{column, op, literal}, err
	}
	literal, err := p.literal()
	if err != nil {
		return nil, err
	}
	op, err := p.operator()
	column, ok := p.take(word)
	if err != nil || !ok || op == like {
		return nil, fmt.Errorf("%w: want a column", errQuery)
	}
	mirrored := map[string]string{"<": ">", ">": "<", "<=": ">=", ">=": "<="}
	if m, found := mirrored[op]; found {
		op = m
	}
	return comparison{column, op, literal}, nil
}

const like = "LIKE"

func (p *parser) operator() (string, error) {
	if p.keyword(like) {
		return like, nil
	}
	next := p.peek()
	switch next.text {
	case "=", "<", ">", "<=", ">=", "<>", "!=":
		if next.kind == symbol {
			p.tokens = p.tokens[1:]
			if next.text == "!=" {
				return "<>", nil
			}
			return next.text, nil
		}
	}
	return "", fmt.Errorf("%w: want an operator at %q", errQuery, next.text)
}

// literal reads a text, a whole number, TRUE, FALSE or NULL.
func (p *parser) literal() (any, error) {
	switch {
	case p.keyword("NULL"):
		return nil, nil
	case p.keyword("TRUE"):
		return true, nil
	case p.keyword("FALSE"):
		return false, nil
	}
	if s, ok := p.take(text); ok {
		return s, nil
	}
	if s, ok := p.take(number); ok {
		n, err := strconv.ParseFloat(s, 64)
		if err != nil {
			return nil, fmt.Errorf("%w: %q is no number", errQuery, s)
		}
		return n, nil
	}
	return nil, fmt.Errorf("%w: want a value at %q", errQuery, p.peek().text)
}
