package tds

import (
	"slices"
	"strings"
)

// setOptions are what SET knows beside variables.
// Source: Microsoft, "SET statements (Transact-SQL)".
func setOptions() []string {
	return strings.Fields(`ANSI_DEFAULTS ANSI_NULLS ANSI_NULL_DFLT_OFF ANSI_NULL_DFLT_ON ANSI_PADDING ANSI_WARNINGS
		ARITHABORT ARITHIGNORE CONCAT_NULL_YIELDS_NULL CONTEXT_INFO CURSOR_CLOSE_ON_COMMIT DATEFIRST DATEFORMAT
		DEADLOCK_PRIORITY FMTONLY FORCEPLAN IDENTITY_INSERT IMPLICIT_TRANSACTIONS LANGUAGE LOCK_TIMEOUT NOCOUNT NOEXEC
		NO_BROWSETABLE NUMERIC_ROUNDABORT OFFSETS PARSEONLY QUERY_GOVERNOR_COST_LIMIT QUOTED_IDENTIFIER
		REMOTE_PROC_TRANSACTIONS ROWCOUNT SHOWPLAN_ALL SHOWPLAN_TEXT SHOWPLAN_XML STATISTICS TEXTSIZE TRANSACTION
		XACT_ABORT`)
}

func (p *parser) set() (statement, error) {
	if p.atVariable() {
		st := assignStatement{variable: p.next().text}
		for _, op := range []string{"=", "+=", "-=", "*=", "/=", "%="} {
			if p.accept(op) {
				st.op = strings.TrimSuffix(op, "=")
				value, err := p.scalar()
				st.value = value
				return st, err
			}
		}
		return nil, p.unexpected()
	}
	option := strings.ToUpper(p.peek().text)
	if p.peek().kind != lexWord {
		return nil, p.unexpected()
	}
	p.next()
	if !slices.Contains(setOptions(), option) {
		return nil, failf(195, 15, "'%s' is not a recognized SET option.", option)
	}
	var words []string
	for !p.atStatement() {
		words = append(words, strings.ToUpper(p.next().text))
	}
	if len(words) == 0 {
		return nil, p.unexpected()
	}
	value := strings.Join(words, " ")
	for p.accept(",") {
		return nil, p.unexpected()
	}
	return setStatement{option, value}, nil
}

func (p *parser) declare() ([]statement, error) {
	var all []statement
	for {
		if !p.atVariable() {
			return nil, p.unexpected()
		}
		st := declareStatement{variable: p.next().text}
		_ = p.accept("AS")
		var err error
		if st.typ, err = p.typeName(1); err != nil {
			return nil, err
		}
		if p.accept("=") {
			if st.value, err = p.scalar(); err != nil {
				return nil, err
			}
		}
		if all = append(all, st); !p.accept(",") {
			return all, nil
		}
	}
}

func (p *parser) ifStatement() (statement, error) {
	condition, err := p.condition()
	if err != nil {
		return nil, err
	}
	st := ifStatement{condition: condition}
	if st.then, err = p.statement(); err != nil {
		return nil, err
	}
	for p.peek().is(";") && p.ahead(1).is("ELSE") {
		p.next()
	}
	if p.accept("ELSE") {
		st.otherwise, err = p.statement()
	}
	return st, err
}

// begin parses what BEGIN begins: a transaction, a TRY or a block.
func (p *parser) begin() ([]statement, error) {
	switch {
	case p.peek().is("TRAN"), p.peek().is("TRANSACTION"):
		return one(p.tran("BEGIN"))
	case p.accept("TRY"):
		body, err := p.statements("END")
		if err != nil {
			return nil, err
		}
		if err := p.expect("TRY", "BEGIN", "CATCH"); err != nil {
			return nil, err
		}
		catch, err := p.statements("END")
		if err != nil {
			return nil, err
		}
		return one(tryStatement{body, catch}, p.expect("CATCH"))
	}
	block, err := p.statements("END")
	if err == nil && len(block) == 0 {
		err = failf(102, 15, "Incorrect syntax near 'END'.")
	}
	// Several statements in the place of one, as after IF.
	return one(ifStatement{then: block}, err)
}

func (p *parser) tran(op string) (statement, error) {
	st := tranStatement{op: op}
	if !p.accept("TRAN") && !p.accept("TRANSACTION") {
		if op == "BEGIN" || op == "SAVE" || !p.accept("WORK") && !p.atStatement() {
			return nil, p.unexpected()
		}
	}
	if p.atName() && !p.atStatement() || p.atVariable() {
		st.name = p.next().text
	}
	if op == "SAVE" && st.name == "" {
		return nil, p.unexpected()
	}
	return st, nil
}

func (p *parser) raise() (statement, error) {
	args, err := p.arguments()
	if err != nil {
		return nil, err
	}
	if len(args) < 3 {
		return nil, p.unexpected()
	}
	if p.accept("WITH") {
		if _, err := p.name(); err != nil {
			return nil, err
		}
	}
	return raiseStatement{text: args[0], severity: args[1]}, nil
}

func (p *parser) throw() (statement, error) {
	p.next()
	if p.atStatement() {
		return throwStatement{}, nil
	}
	var args []node
	for {
		e, err := p.scalar()
		if err != nil {
			return nil, err
		}
		if args = append(args, e); !p.accept(",") {
			break
		}
	}
	if len(args) != 3 {
		return nil, p.unexpected()
	}
	return throwStatement{args[0], args[1], args[2]}, nil
}

// exec parses a call of a procedure, or of a text.
func (p *parser) exec() (statement, error) {
	var st execStatement
	if p.accept("(") {
		text, err := p.scalar()
		st.text = text
		if err != nil {
			return nil, err
		}
		return st, p.expect(")")
	}
	if p.atVariable() && p.ahead(1).is("=") { // what it returns
		p.next()
		p.next()
	}
	var err error
	if st.parts, err = p.nameParts(); err != nil {
		return nil, err
	}
	if p.atStatement() {
		return st, nil
	}
	for {
		a, err := p.argument()
		if err != nil {
			return nil, err
		}
		if st.args = append(st.args, a); !p.accept(",") {
			return st, nil
		}
	}
}

func (p *parser) argument() (argument, error) {
	var a argument
	if p.atVariable() && p.ahead(1).is("=") {
		a.name = p.next().text
		p.next()
	}
	var err error
	switch l := p.peek(); {
	case p.accept("DEFAULT"):
		a.value = literal{typ: colType{kind: kindNull, nullable: true}}
	case p.atName(): // a text needs no quotes here
		p.next()
		a.value = textLiteral(l)
	default:
		a.value, err = p.scalar()
	}
	if p.accept("OUTPUT") || p.accept("OUT") {
		v, isVariable := a.value.(variable)
		if !isVariable {
			return a, failf(179, 15, "Cannot use the OUTPUT option when passing a constant to a stored procedure.")
		}
		a.out = v.name
	}
	return a, err
}
