package tds

import (
	"slices"
	"strings"
	"time"
)

// deepest is how deep expressions may nest, since each level is a call of ours.
const deepest = 64

type parser struct {
	lexemes []lexeme
	last    lexeme // the one before
	depth   int
	first   bool // nothing of the batch was read yet
}

// parseBatch parses a whole batch before any of it runs, as the server does.
func parseBatch(text string) ([]statement, error) {
	lexemes, err := lex(text)
	if err != nil {
		return nil, err
	}
	p := &parser{lexemes: lexemes, first: true}
	return p.statements("")
}

// statements parses up to a word, or to the end.
func (p *parser) statements(until string) ([]statement, error) {
	var all []statement
	for {
		for p.accept(";") {
		}
		if p.peek().kind == lexEnd && until == "" || until != "" && p.accept(until) {
			return all, nil
		}
		more, err := p.statement()
		if err != nil {
			return nil, err
		}
		all = append(all, more...)
	}
}

func (p *parser) peek() lexeme { return p.ahead(0) }

// ahead is the lexeme that comes so many after the next one.
func (p *parser) ahead(n int) lexeme {
	if n >= len(p.lexemes) {
		return lexeme{}
	}
	return p.lexemes[n]
}

func (p *parser) next() lexeme {
	l := p.peek()
	if len(p.lexemes) > 0 {
		p.lexemes, p.last = p.lexemes[1:], l
	}
	return l
}

func (p *parser) accept(word string) bool {
	if !p.peek().is(word) {
		return false
	}
	p.next()
	return true
}

// acceptAll takes all of the words, or none.
func (p *parser) acceptAll(words ...string) bool {
	for i, word := range words {
		if !p.ahead(i).is(word) {
			return false
		}
	}
	for range words {
		p.next()
	}
	return true
}

func (p *parser) expect(words ...string) error {
	for _, word := range words {
		if !p.accept(word) {
			return p.unexpected()
		}
	}
	return nil
}

// unexpected is what the server says of the next word; at the end, of the last one.
func (p *parser) unexpected() error {
	l := p.peek()
	switch {
	case l.kind == lexEnd:
		return failf(102, 15, "Incorrect syntax near '%s'.", p.last.text)
	case l.reserved:
		return failf(156, 15, "Incorrect syntax near the keyword '%s'.", l.text)
	default:
		return failf(102, 15, "Incorrect syntax near '%s'.", l.text)
	}
}

// atName reports whether a name comes next.
func (p *parser) atName() bool {
	l := p.peek()
	return l.kind == lexName || l.kind == lexWord && !l.reserved && !strings.HasPrefix(l.text, "@")
}

func (p *parser) atVariable() bool {
	l := p.peek()
	return l.kind == lexWord && strings.HasPrefix(l.text, "@")
}

func (p *parser) name() (string, error) {
	if !p.atName() {
		return "", p.unexpected()
	}
	return p.next().text, nil
}

// nameParts parses a name with points in it; one between two points may be left out.
func (p *parser) nameParts() ([]string, error) {
	first, err := p.name()
	if err != nil {
		return nil, err
	}
	parts := []string{first}
	for p.accept(".") {
		if p.peek().is(".") {
			parts = append(parts, "")
			continue
		}
		part, err := p.name()
		if err != nil {
			return nil, err
		}
		parts = append(parts, part)
	}
	if len(parts) > 4 {
		return nil, failf(117, 15, "The object name '%s' contains more than the maximum number of prefixes. The maximum "+
			"is 3.",
			strings.Join(parts, "."))
	}
	return parts, nil
}

// names parses a list of names in brackets.
func (p *parser) names() ([]string, error) {
	if err := p.expect("("); err != nil {
		return nil, err
	}
	var all []string
	for {
		word, err := p.name()
		if err != nil {
			return nil, err
		}
		if all = append(all, word); !p.accept(",") {
			return all, p.expect(")")
		}
	}
}

func (p *parser) deeper() error {
	if p.depth++; p.depth > deepest {
		return failf(191, 15, "Some part of your SQL statement is nested too deeply. "+
			"Rewrite the query or break it up into smaller queries.")
	}
	return nil
}

func one(st statement, err error) ([]statement, error) { return []statement{st}, err }

// statement parses one, which is several where DECLARE has several variables.
func (p *parser) statement() ([]statement, error) {
	defer func() { p.depth-- }()
	if err := p.deeper(); err != nil {
		return nil, err
	}
	first := p.first
	p.first = false
	switch {
	case p.peek().is("SELECT"), p.peek().is("WITH"), p.peek().is("("):
		return p.query()
	case p.accept("USE"):
		database, err := p.name()
		return one(useStatement{database}, err)
	case p.accept("WAITFOR"):
		return one(p.wait())
	case p.accept("SET"):
		return one(p.set())
	case p.accept("DECLARE"):
		return p.declare()
	case p.accept("IF"):
		return one(p.ifStatement())
	case p.accept("BEGIN"):
		return p.begin()
	case p.accept("COMMIT"):
		return one(p.tran("COMMIT"))
	case p.accept("ROLLBACK"):
		return one(p.tran("ROLLBACK"))
	case p.accept("SAVE"):
		return one(p.tran("SAVE"))
	case p.accept("PRINT"):
		text, err := p.scalar()
		return one(printStatement{text}, err)
	case p.accept("RAISERROR"):
		return one(p.raise())
	case p.peek().is("THROW"):
		return one(p.throw())
	case p.accept("RETURN"):
		if !p.atStatement() {
			_ = p.next()
		}
		return one(returnStatement{}, nil)
	case p.accept("EXEC"), p.accept("EXECUTE"), first && p.atName():
		return one(p.exec())
	default:
		return one(p.write())
	}
}

// query parses a SELECT that is a statement of its own.
func (p *parser) query() ([]statement, error) {
	st, err := p.selectStatement()
	if err != nil {
		return nil, err
	}
	if p.accept("OPTION") {
		if err := p.skipBrackets(); err != nil {
			return nil, err
		}
	}
	if !p.atStatement() {
		return nil, p.unexpected()
	}
	return one(st, nil)
}

// atStatement reports whether a new statement, or the end of one, comes next.
func (p *parser) atStatement() bool {
	l := p.peek()
	return l.kind == lexEnd || slices.ContainsFunc([]string{
		";", ")", "SELECT", "USE", "SET", "WAITFOR", "DECLARE", "IF", "ELSE", "BEGIN", "END", "COMMIT", "ROLLBACK", "SAVE",
		"PRINT", "RAISERROR", "THROW", "RETURN", "EXEC", "EXECUTE", "INSERT", "UPDATE", "DELETE", "CREATE", "DROP",
		"TRUNCATE", "ALTER", "BACKUP", "RESTORE", "GRANT", "REVOKE", "DENY", "DBCC", "KILL", "SHUTDOWN", "RECONFIGURE",
		"MERGE", "CHECKPOINT", "WITH",
	}, l.is)
}

func (p *parser) wait() (statement, error) {
	if err := p.expect("DELAY"); err != nil {
		return nil, err
	}
	l := p.next()
	for _, layout := range []string{time.TimeOnly, "15:04:05.000", "15:04"} {
		if at, err := time.Parse(layout, l.text); l.kind == lexText && err == nil {
			return waitStatement{at.Sub(at.Truncate(24 * time.Hour))}, nil
		}
	}
	return nil, failf(148, 15, "Incorrect time syntax in time string '%s' used with WAITFOR.", l.text)
}

// skipBrackets passes over a list whose meaning is not for the lab.
func (p *parser) skipBrackets() error {
	if err := p.expect("("); err != nil {
		return err
	}
	for depth := 1; depth > 0; {
		switch l := p.next(); {
		case l.kind == lexEnd:
			return p.unexpected()
		case l.is("("):
			depth++
		case l.is(")"):
			depth--
		}
	}
	return nil
}
