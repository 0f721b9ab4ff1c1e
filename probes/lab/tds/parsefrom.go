package tds

import "slices"

// atClause reports whether a clause after the select list, a new statement, or the
// end comes next.
func (p *parser) atClause() bool {
	return p.atStatement() || slices.ContainsFunc([]string{"WHERE", "ORDER", "GROUP", "JOIN", "INNER", "ON"}, p.peek().is)
}

// sources parses the tables of FROM.
func (p *parser) sources() ([]source, error) {
	first, err := p.source()
	if err != nil {
		return nil, err
	}
	all := []source{first}
	for {
		inner := p.accept("INNER")
		if !p.accept("JOIN") {
			if inner {
				return nil, p.unexpected()
			}
			return all, nil
		}
		joined, err := p.source()
		if err != nil {
			return nil, err
		}
		if err := p.expect("ON"); err != nil {
			return nil, err
		}
		if joined.on, err = p.expression(); err != nil {
			return nil, err
		}
		all = append(all, joined)
	}
}

func (p *parser) source() (source, error) {
	var s source
	for {
		part, err := p.name()
		if err != nil {
			return source{}, err
		}
		s.parts, s.alias = append(s.parts, part), part
		if !p.accept(".") {
			break
		}
	}
	as := p.accept("AS")
	if l := p.peek(); as || l.kind == lexName || l.kind == lexWord && !p.atClause() {
		alias, err := p.name()
		if err != nil {
			return source{}, err
		}
		s.alias = alias
	}
	return s, nil
}

// groups parses GROUP BY.
func (p *parser) groups() ([]node, error) {
	if !p.accept("GROUP") {
		return nil, nil
	}
	if err := p.expect("BY"); err != nil {
		return nil, err
	}
	var all []node
	for {
		e, err := p.expression()
		if err != nil {
			return nil, err
		}
		if all = append(all, e); !p.accept(",") {
			return all, nil
		}
	}
}
