package tds

import "slices"

// sources parses the tables of FROM. A comma is a cross join.
func (p *parser) sources() ([]source, error) {
	first, err := p.source()
	if err != nil {
		return nil, err
	}
	all := []source{first}
	for {
		kind, found := p.join()
		if !found {
			if slices.ContainsFunc([]string{"INNER", "LEFT", "RIGHT", "FULL", "CROSS", "OUTER"}, p.peek().is) {
				p.next()
				return nil, p.unexpected()
			}
			return all, nil
		}
		joined, err := p.source()
		if err != nil {
			return nil, err
		}
		joined.join = kind
		if kind < joinCross {
			if err := p.expect("ON"); err != nil {
				return nil, err
			}
			if joined.on, err = p.condition(); err != nil {
				return nil, err
			}
		}
		all = append(all, joined)
	}
}

// join parses the words between two tables.
func (p *parser) join() (joinKind, bool) {
	switch {
	case p.accept(","), p.acceptAll("CROSS", "JOIN"):
		return joinCross, true
	case p.acceptAll("CROSS", "APPLY"):
		return joinCrossApply, true
	case p.acceptAll("OUTER", "APPLY"):
		return joinOuterApply, true
	case p.accept("JOIN"), p.acceptAll("INNER", "JOIN"):
		return joinInner, true
	case p.acceptAll("LEFT", "JOIN"), p.acceptAll("LEFT", "OUTER", "JOIN"):
		return joinLeft, true
	case p.acceptAll("RIGHT", "JOIN"), p.acceptAll("RIGHT", "OUTER", "JOIN"):
		return joinRight, true
	case p.acceptAll("FULL", "JOIN"), p.acceptAll("FULL", "OUTER", "JOIN"):
		return joinFull, true
	}
	return joinInner, false
}

func (p *parser) source() (s source, err error) {
	defer func() { p.depth-- }()
	if err := p.deeper(); err != nil {
		return s, err
	}
	switch {
	case p.peek().is("(") && p.ahead(1).is("VALUES"):
		p.next()
		p.next()
		if s.values, err = p.rows(); err != nil {
			return s, err
		}
		if err = p.expect(")"); err != nil {
			return s, err
		}
	case p.peek().is("(") && (p.ahead(1).is("SELECT") || p.ahead(1).is("WITH")):
		query, err := p.bracketed()
		if err != nil {
			return s, err
		}
		s.query = &query
	case p.accept("("):
		if s.group, err = p.sources(); err != nil {
			return s, err
		}
		return s, p.expect(")")
	default:
		if s.parts, err = p.nameParts(); err != nil {
			return s, err
		}
		s.alias = s.parts[len(s.parts)-1]
	}
	return s, p.sourceAlias(&s)
}

// sourceAlias parses what comes behind a table: an alias, its columns, hints.
func (p *parser) sourceAlias(s *source) (err error) {
	if p.accept("AS") || p.atName() && !p.atStatement() {
		if s.alias, err = p.name(); err != nil {
			return err
		}
		if p.peek().is("(") && len(s.parts) == 0 {
			if s.columns, err = p.names(); err != nil {
				return err
			}
		}
	}
	if len(s.parts) == 0 {
		if s.alias == "" {
			return p.unexpected() // a derived table must be called something
		}
		return nil
	}
	if p.peek().is("WITH") && p.ahead(1).is("(") {
		p.next()
	}
	if p.peek().is("(") {
		s.dirty = p.ahead(1).is("NOLOCK") || p.ahead(1).is("READUNCOMMITTED")
		return p.skipBrackets()
	}
	return nil
}

// rows parses lists in brackets, as VALUES has them; nil is DEFAULT.
func (p *parser) rows() ([][]node, error) {
	var all [][]node
	for {
		if err := p.expect("("); err != nil {
			return nil, err
		}
		var row []node
		for {
			var e node
			if !p.accept("DEFAULT") {
				var err error
				if e, err = p.scalar(); err != nil {
					return nil, err
				}
			}
			if row = append(row, e); !p.accept(",") {
				break
			}
		}
		if err := p.expect(")"); err != nil {
			return nil, err
		}
		if all = append(all, row); !p.accept(",") {
			return all, nil
		}
	}
}
