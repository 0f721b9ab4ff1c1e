package tds

// selectStatement parses a whole query with what WITH, UNION and ORDER BY add to it.
func (p *parser) selectStatement() (selectStatement, error) {
	defer func() { p.depth-- }()
	if err := p.deeper(); err != nil {
		return selectStatement{}, err
	}
	var with []cte
	if p.accept("WITH") {
		for {
			c, err := p.cte()
			if err != nil {
				return selectStatement{}, err
			}
			if with = append(with, c); !p.accept(",") {
				break
			}
		}
	}
	st, err := p.queryTerm()
	if err != nil {
		return st, err
	}
	st.with = with
	for {
		var s setOperation
		switch {
		case p.accept("UNION"):
			s.op, s.all = "UNION", p.accept("ALL")
		case p.accept("EXCEPT"):
			s.op = "EXCEPT"
		case p.accept("INTERSECT"):
			s.op = "INTERSECT"
		}
		if s.op == "" {
			break
		}
		if s.query, err = p.queryTerm(); err != nil {
			return st, err
		}
		st.sets = append(st.sets, s)
	}
	if st.order, err = p.ordering(); err != nil {
		return st, err
	}
	return st, p.page(&st)
}

func (p *parser) cte() (c cte, err error) {
	if c.name, err = p.name(); err != nil {
		return c, err
	}
	if p.peek().is("(") {
		if c.columns, err = p.names(); err != nil {
			return c, err
		}
	}
	if err = p.expect("AS"); err != nil {
		return c, err
	}
	c.query, err = p.bracketed()
	return c, err
}

// queryTerm parses one SELECT, or several in brackets.
func (p *parser) queryTerm() (selectStatement, error) {
	if p.peek().is("(") {
		return p.bracketed()
	}
	var st selectStatement
	if err := p.expect("SELECT"); err != nil {
		return st, err
	}
	st.distinct = p.accept("DISTINCT")
	if !st.distinct {
		_ = p.accept("ALL")
	}
	var err error
	if p.accept("TOP") {
		if st.top, err = p.top(); err != nil {
			return st, err
		}
	}
	if st.list, err = p.selectList(); err != nil {
		return st, err
	}
	return st, p.tail(&st)
}

func (p *parser) top() (node, error) {
	if p.accept("(") {
		n, err := p.scalar()
		if err != nil {
			return nil, err
		}
		return n, p.expect(")")
	}
	l := p.next()
	if l.kind != lexNumber {
		return nil, p.unexpected()
	}
	return number(l.text, p)
}

func (p *parser) selectList() ([]selected, error) {
	var list []selected
	for {
		item, err := p.selected()
		if err != nil {
			return nil, err
		}
		if list = append(list, item); !p.accept(",") {
			return list, nil
		}
	}
}

func (p *parser) selected() (selected, error) {
	switch {
	case p.accept("*"):
		return selected{star: true}, nil
	case p.ahead(1).is(".") && p.ahead(2).is("*"):
		of, err := p.name()
		p.next()
		p.next()
		return selected{star: true, of: of}, err
	case p.ahead(1).is("=") && p.atVariable():
		item := selected{assign: p.next().text}
		p.next()
		e, err := p.scalar()
		item.expr = e
		return item, err
	case p.ahead(1).is("=") && (p.atName() || p.peek().kind == lexText):
		item := selected{alias: p.next().text}
		p.next()
		e, err := p.scalar()
		item.expr = e
		return item, err
	}
	e, err := p.scalar()
	if err != nil {
		return selected{}, err
	}
	item := selected{expr: e}
	if n, isName := e.(name); isName {
		item.alias = n.parts[len(n.parts)-1]
	}
	as := p.accept("AS")
	switch {
	case p.peek().kind == lexText:
		item.alias = p.next().text
	case as, p.atName() && !p.atStatement():
		item.alias, err = p.name()
	}
	return item, err
}

// tail parses INTO, FROM, WHERE, GROUP BY and HAVING.
func (p *parser) tail(st *selectStatement) (err error) {
	if p.accept("INTO") {
		if st.into, err = p.nameParts(); err != nil {
			return err
		}
	}
	if p.accept("FROM") {
		if st.from, err = p.sources(); err != nil {
			return err
		}
	}
	if p.accept("WHERE") {
		if st.where, err = p.condition(); err != nil {
			return err
		}
	}
	if p.accept("GROUP") {
		if err := p.expect("BY"); err != nil {
			return err
		}
		for {
			e, err := p.scalar()
			if err != nil {
				return err
			}
			if st.group = append(st.group, e); !p.accept(",") {
				break
			}
		}
	}
	if p.accept("HAVING") {
		st.having, err = p.condition()
	}
	return err
}

// ordering parses ORDER BY.
func (p *parser) ordering() ([]ordering, error) {
	if !p.accept("ORDER") {
		return nil, nil
	}
	if err := p.expect("BY"); err != nil {
		return nil, err
	}
	var all []ordering
	for {
		e, err := p.scalar()
		if err != nil {
			return nil, err
		}
		o := ordering{expr: e, desc: p.accept("DESC")}
		if !o.desc {
			_ = p.accept("ASC")
		}
		if all = append(all, o); !p.accept(",") {
			return all, nil
		}
	}
}

// page parses OFFSET and FETCH, which SQL Server has since 2012.
func (p *parser) page(st *selectStatement) (err error) {
	if len(st.order) == 0 || !p.accept("OFFSET") {
		return nil
	}
	if st.offset, err = p.scalar(); err != nil {
		return err
	}
	if !p.accept("ROWS") && !p.accept("ROW") {
		return p.unexpected()
	}
	if !p.accept("FETCH") {
		return nil
	}
	if !p.accept("NEXT") && !p.accept("FIRST") {
		return p.unexpected()
	}
	if st.fetch, err = p.scalar(); err != nil {
		return err
	}
	if !p.accept("ROWS") && !p.accept("ROW") {
		return p.unexpected()
	}
	return p.expect("ONLY")
}
