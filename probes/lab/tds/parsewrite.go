package tds

import (
	"strings"
)

// write parses the statements that change something, or would.
func (p *parser) write() (statement, error) {
	switch {
	case p.accept("INSERT"):
		return p.insert()
	case p.accept("UPDATE"):
		return p.update()
	case p.accept("DELETE"):
		return p.delete()
	case p.acceptAll("CREATE", "TABLE"):
		return p.createTable()
	case p.acceptAll("DROP", "TABLE"):
		ifExists := p.acceptAll("IF", "EXISTS")
		parts, err := p.nameParts()
		return dropStatement{parts: parts, ifExists: ifExists}, err
	case p.acceptAll("TRUNCATE", "TABLE"):
		parts, err := p.nameParts()
		return dropStatement{parts: parts, truncate: true}, err
	default:
		return p.forbidden()
	}
}

// forbidden parses what an administrator may do: the whole rest, unread.
func (p *parser) forbidden() (statement, error) {
	word := strings.ToUpper(p.peek().text)
	var number int
	var text string
	switch {
	case p.acceptAll("DROP", "DATABASE"):
		number, text = 3701, "Cannot drop the database '"+p.peek().text+
			"', because it does not exist or you do not have permission."
	case p.accept("ALTER"), p.accept("CREATE"), p.accept("DROP"), p.accept("GRANT"), p.accept("REVOKE"),
		p.accept("DENY"), p.accept("BACKUP"), p.accept("RESTORE"), p.accept("MERGE"), p.accept("CHECKPOINT"):
		number, text = 262, word+" "+strings.ToUpper(p.peek().text)+" permission denied in database 'master'."
	case p.accept("DBCC"):
		number, text = 2571, "User 'guest' does not have permission to run DBCC "+p.peek().text+"."
	case p.accept("KILL"):
		number, text = 6102, "User does not have permission to use the KILL statement."
	case p.accept("SHUTDOWN"):
		number, text = 6004, "User does not have permission to perform this action."
	case p.accept("RECONFIGURE"):
		number, text = 5812, "You do not have permission to run the RECONFIGURE statement."
	default:
		return nil, p.unexpected()
	}
	for p.peek().kind != lexEnd && !p.peek().is(";") {
		p.next()
	}
	return forbiddenStatement{&sqlError{number: number, state: 1, class: 14, text: text}}, nil
}

func (p *parser) insert() (statement, error) {
	_ = p.accept("INTO")
	var st insertStatement
	var err error
	if st.parts, err = p.nameParts(); err != nil {
		return nil, err
	}
	if p.peek().is("(") && !p.ahead(1).is("SELECT") {
		if st.columns, err = p.names(); err != nil {
			return nil, err
		}
	}
	if st.output, err = p.output(); err != nil {
		return nil, err
	}
	switch {
	case p.accept("VALUES"):
		st.values, err = p.rows()
	case p.acceptAll("DEFAULT", "VALUES"):
		st.values = [][]node{{}}
	case p.accept("EXEC"), p.accept("EXECUTE"):
		exec, err := p.exec()
		if err != nil {
			return nil, err
		}
		call, _ := exec.(execStatement)
		st.exec = &call
	default:
		query, err := p.selectStatement()
		if err != nil {
			return nil, err
		}
		st.query = &query
	}
	return st, err
}

func (p *parser) output() ([]selected, error) {
	if !p.accept("OUTPUT") {
		return nil, nil
	}
	return p.selectList()
}

func (p *parser) update() (statement, error) {
	var st updateStatement
	var err error
	if st.target, err = p.nameParts(); err != nil {
		return nil, err
	}
	if err := p.expect("SET"); err != nil {
		return nil, err
	}
	for {
		parts, err := p.nameParts()
		if err != nil {
			return nil, err
		}
		if err := p.expect("="); err != nil {
			return nil, err
		}
		value, err := p.scalar()
		if err != nil {
			return nil, err
		}
		st.set = append(st.set, assignment{parts[len(parts)-1], value})
		if !p.accept(",") {
			break
		}
	}
	if st.output, err = p.output(); err != nil {
		return nil, err
	}
	st.from, st.where, err = p.fromWhere()
	return st, err
}

func (p *parser) delete() (statement, error) {
	_ = p.accept("FROM")
	var st deleteStatement
	var err error
	if st.target, err = p.nameParts(); err != nil {
		return nil, err
	}
	if st.output, err = p.output(); err != nil {
		return nil, err
	}
	st.from, st.where, err = p.fromWhere()
	return st, err
}

func (p *parser) fromWhere() (from []source, where node, err error) {
	if p.accept("FROM") {
		if from, err = p.sources(); err != nil {
			return nil, nil, err
		}
	}
	if p.accept("WHERE") {
		where, err = p.condition()
	}
	return from, where, err
}

func (p *parser) createTable() (statement, error) {
	var st createStatement
	var err error
	if st.parts, err = p.nameParts(); err != nil {
		return nil, err
	}
	if err := p.expect("("); err != nil {
		return nil, err
	}
	for {
		c := column{table: true}
		if c.name, err = p.name(); err != nil {
			return nil, err
		}
		if c.typ, err = p.typeName(1); err != nil {
			return nil, err
		}
		c.typ.nullable = true
		for !p.peek().is(",") && !p.peek().is(")") { // keys and the like are not for the lab
			switch {
			case p.acceptAll("NOT", "NULL"), p.acceptAll("PRIMARY", "KEY"):
				c.typ.nullable = false
			case p.accept("NULL"), p.accept("UNIQUE"), p.accept("CLUSTERED"):
			default:
				return nil, p.unexpected()
			}
		}
		if st.columns = append(st.columns, c); !p.accept(",") {
			return st, p.expect(")")
		}
	}
}
