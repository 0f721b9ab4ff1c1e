// Package parts reads the rows of collectors that ask a host several things: each
// row names its part, and a part that failed has an error in the place of its
// values.
package parts

import (
	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/internal/gather"
	"postpatch/probes/internal/named"
)

// Parts are rows by the name of their part; those that failed are left out.
type Parts struct {
	reader *gather.Reader
	rows   map[string][]host.Row
	failed map[string]bool
}

// Of sorts rows under their parts, and notes those that failed.
func Of(r *gather.Reader, rows []host.Row) Parts {
	p := Parts{reader: r, rows: map[string][]host.Row{}, failed: map[string]bool{}}
	for _, row := range rows {
		part := named.Within(gather.Text(row, "Part"), mostName)
		switch reason := named.Within(gather.Text(row, "Error"), mostReason); {
		case part == "":
			r.Failf("a row", "it does not say of what it is")
		case reason != "":
			p.failed[part] = true
			r.Failf(part, "%s", reason)
		default:
			p.rows[part] = append(p.rows[part], row)
		}
	}
	return p
}

const (
	mostName   = 100
	mostReason = 400
	mostTold   = 256
)

// One is the row of a part that every host has once that answers.
func (p Parts) One(part string) (row host.Row, ok bool) {
	rows := p.rows[part]
	if p.failed[part] {
		return nil, false
	}
	if len(rows) != 1 {
		p.reader.Failf(part, "the host told it in %d rows, where there is one", len(rows))
		return nil, false
	}
	return rows[0], true
}

// Some are the rows of a part, of which there may be none. A list of which one
// row failed is no whole list.
func (p Parts) Some(part string) (rows []host.Row, whole bool) {
	return p.rows[part], !p.failed[part]
}

// Answers makes a reading of whether something answers and, where it does not, one
// of the reason in the host's words.
func (p Parts) Answers(row host.Row, reading, reason string) (answers bool) {
	answers, known := p.Bool(row, "Answers", reading)
	if known && !answers {
		p.reader.Add("", reason, fact.Text(named.Within(gather.Text(row, "Reason"), mostTold)))
	}
	return answers
}

// Bool makes a reading of a column that is true or false; anything else is noted.
func (p Parts) Bool(row host.Row, column, reading string) (value, known bool) {
	value, known = row.Get(column).Bool()
	switch {
	case known:
		p.reader.Add("", reading, fact.Bool(value))
	case row.Get(column).Null:
		p.reader.Failf(reading, "the host does not tell it")
	default:
		p.reader.Failf(reading, "want true or false, got %q", named.Within(row.Get(column).Text, mostName))
	}
	return value, known
}
