package tds

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// statement is what a batch may consist of; of T-SQL the lab knows these four.
type statement interface{ statement() }

type (
	selectStatement struct {
		top   int // -1 for all
		list  []selected
		from  []source // the first table and those joined to it; none for no table
		where node     // nil for all rows
		group []node   // GROUP BY
		order []ordering
	}
	useStatement  struct{ database string }
	setStatement  struct{} // any SET; the session has no settings
	waitStatement struct{ delay time.Duration }
)

func (selectStatement) statement() {}
func (useStatement) statement()    {}
func (setStatement) statement()    {}
func (waitStatement) statement()   {}

type selected struct {
	star  bool
	expr  node
	alias string
}

// source is a table in FROM.
type source struct {
	parts []string // of its name
	alias string   // the last part where there is no other
	on    node     // nil for the first one
}

type ordering struct {
	expr node
	desc bool
}

// node is an expression as it was written.
type node interface{ node() }

type (
	literal struct {
		typ   colType
		value any
	}
	variable struct{ name string } // @p1, @@VERSION
	name     struct{ parts []string }
	call     struct {
		name string
		args []node
		as   *colType // CAST and CONVERT: to what
	}
	binary2 struct {
		op          string
		left, right node
	}
	not    struct{ of node }
	isNull struct {
		of  node
		not bool
	}
	in struct {
		of   node
		list []node
		not  bool
	}
)

func (literal) node()  {}
func (variable) node() {}
func (name) node()     {}
func (call) node()     {}
func (binary2) node()  {}
func (not) node()      {}
func (isNull) node()   {}
func (in) node()       {}

// deepest is how deep expressions may nest, since each level is a call of ours.
const deepest = 64

type parser struct {
	lexemes []lexeme
	depth   int
}

// parseBatch parses a whole batch before any of it runs, as the server does.
func parseBatch(text string) ([]statement, error) {
	lexemes, err := lex(text)
	if err != nil {
		return nil, err
	}
	p := &parser{lexemes: lexemes}
	var statements []statement
	for {
		for p.accept(";") {
		}
		if p.peek().kind == lexEnd {
			return statements, nil
		}
		st, err := p.statement()
		if err != nil {
			return nil, err
		}
		statements = append(statements, st)
	}
}

func (p *parser) peek() lexeme {
	if len(p.lexemes) == 0 {
		return lexeme{}
	}
	return p.lexemes[0]
}

func (p *parser) next() lexeme {
	l := p.peek()
	if len(p.lexemes) > 0 {
		p.lexemes = p.lexemes[1:]
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

func (p *parser) expect(word string) error {
	if !p.accept(word) {
		return p.unexpected()
	}
	return nil
}

func (p *parser) unexpected() error {
	return failf(102, 15, "Incorrect syntax near '%s'.", p.peek().text)
}

func (p *parser) name() (string, error) {
	if k := p.peek().kind; k != lexWord && k != lexName {
		return "", p.unexpected()
	}
	return p.next().text, nil
}

func (p *parser) statement() (statement, error) {
	switch {
	case p.accept("SELECT"):
		return p.selectStatement()
	case p.accept("USE"):
		database, err := p.name()
		return useStatement{database}, err
	case p.accept("WAITFOR"):
		return p.wait()
	case p.accept("SET"):
		for !p.atStatement() {
			p.next()
		}
		return setStatement{}, nil
	default:
		return nil, p.unexpected()
	}
}

// atStatement reports whether a new statement, or the end, comes next.
func (p *parser) atStatement() bool {
	l := p.peek()
	return l.kind == lexEnd || slices.ContainsFunc([]string{";", "SELECT", "USE", "SET", "WAITFOR"}, l.is)
}

func (p *parser) wait() (statement, error) {
	if err := p.expect("DELAY"); err != nil {
		return nil, err
	}
	l := p.next()
	at, err := time.Parse(time.TimeOnly, l.text)
	if l.kind != lexText || err != nil {
		return nil, failf(148, 15, "Incorrect time syntax in time string '%s' used with WAITFOR.", l.text)
	}
	return waitStatement{at.Sub(at.Truncate(24 * time.Hour))}, nil
}

func (p *parser) selectStatement() (statement, error) {
	st := selectStatement{top: -1}
	if p.accept("TOP") {
		bracket := p.accept("(")
		n, err := strconv.Atoi(p.peek().text)
		if err != nil {
			return nil, p.unexpected()
		}
		p.next()
		st.top = n
		if bracket {
			if err := p.expect(")"); err != nil {
				return nil, err
			}
		}
	}
	for {
		item, err := p.selected()
		if err != nil {
			return nil, err
		}
		st.list = append(st.list, item)
		if !p.accept(",") {
			break
		}
	}
	if err := p.tail(&st); err != nil {
		return nil, err
	}
	if !p.atStatement() {
		return nil, p.unexpected()
	}
	return st, nil
}

func (p *parser) selected() (selected, error) {
	if p.accept("*") {
		return selected{star: true}, nil
	}
	e, err := p.expression()
	if err != nil {
		return selected{}, err
	}
	item := selected{expr: e}
	if n, isName := e.(name); isName {
		item.alias = n.parts[len(n.parts)-1]
	}
	l := p.peek()
	switch {
	case p.accept("AS"):
		if p.peek().kind == lexText {
			item.alias = p.next().text
			return item, nil
		}
		item.alias, err = p.name()
	case l.kind == lexName, l.kind == lexText, l.kind == lexWord && !l.is("FROM") && !p.atClause():
		item.alias = p.next().text
	}
	return item, err
}

// tail parses FROM, WHERE, GROUP BY and ORDER BY.
func (p *parser) tail(st *selectStatement) (err error) {
	if p.accept("FROM") {
		if st.from, err = p.sources(); err != nil {
			return err
		}
	}
	if p.accept("WHERE") {
		if st.where, err = p.expression(); err != nil {
			return err
		}
	}
	if st.group, err = p.groups(); err != nil {
		return err
	}
	if !p.accept("ORDER") {
		return nil
	}
	if err := p.expect("BY"); err != nil {
		return err
	}
	for {
		o := ordering{}
		if o.expr, err = p.expression(); err != nil {
			return err
		}
		o.desc = p.accept("DESC")
		if !o.desc {
			_ = p.accept("ASC")
		}
		st.order = append(st.order, o)
		if !p.accept(",") {
			return nil
		}
	}
}

func typeNamed(word string, size int) (colType, bool) {
	switch strings.ToLower(word) {
	case "int":
		return colType{kind: kindInt, nullable: true}, true
	case "tinyint":
		return colType{kind: kindTinyInt, nullable: true}, true
	case "smallint":
		return colType{kind: kindSmallInt, nullable: true}, true
	case "bigint":
		return colType{kind: kindBigInt, nullable: true}, true
	case "bit":
		return colType{kind: kindBit, nullable: true}, true
	case "nvarchar", "varchar", "nchar", "char", "sysname":
		if size <= 0 || size > longestText {
			size = 30 // what CAST takes when nothing is said
		}
		return colType{kind: kindText, size: size, nullable: true}, true
	case "datetime":
		return colType{kind: kindDateTime, nullable: true}, true
	case "datetime2":
		return colType{kind: kindDateTime2, nullable: true}, true
	case "datetimeoffset":
		return colType{kind: kindDateTimeOffset, nullable: true}, true
	}
	return colType{}, false
}
