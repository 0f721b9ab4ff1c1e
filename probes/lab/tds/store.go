package tds

import (
	"context"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"postpatch/probes/lab/estate"
)

// store holds the users' tables of an instance, as they were written to.
type store struct {
	mu     sync.Mutex
	tables map[string]*userTable // by database, schema and name in lower case
}

func newStore() *store { return &store{tables: map[string]*userTable{}} }

// userTable is a table that is no view of the server's. Its rows are replaced and never
// written into, so that who reads them needs no lock.
type userTable struct {
	parts    [3]string // database, schema, name
	columns  []column
	rows     [][]any
	dropped  bool
	seed     *estate.Table // what the estate says; nil for one that a client made
	holder   *session      // who writes, to the end of its transaction
	released chan struct{} // closed when it is over
}

func keyOf(parts [3]string) string { return strings.ToLower(strings.Join(parts[:], "\x00")) }

// find is a table by its name; nil for none.
func (st *store) find(parts [3]string, seed *estate.Table) *userTable {
	st.mu.Lock()
	defer st.mu.Unlock()
	t, known := st.tables[keyOf(parts)]
	if known && (t.seed == nil || seed != nil && reflect.DeepEqual(t.seed, seed)) {
		if t.dropped {
			return nil
		}
		return t
	}
	if seed == nil {
		return nil
	}
	t = seeded(parts, seed)
	st.tables[keyOf(parts)] = t
	return t
}

// seeded is a table as the estate has it. What does not fit its column is null.
func seeded(parts [3]string, seed *estate.Table) *userTable {
	t := &userTable{parts: parts, seed: seed}
	for _, c := range seed.Columns {
		typ, err := columnType(c.Type)
		if err != nil {
			typ = colType{kind: kindText, size: sizeMax, nullable: true}
		}
		t.columns = append(t.columns, column{name: c.Name, typ: typ, table: true})
	}
	for _, described := range seed.Rows {
		row := make([]any, len(t.columns))
		for i := range row {
			if i < len(described) {
				row[i] = seededValue(described[i], t.columns[i].typ)
			}
		}
		t.rows = append(t.rows, row)
	}
	return t
}

// columnType reads a type as CREATE TABLE has it.
func columnType(text string) (colType, error) {
	lexemes, err := lex(text)
	if err != nil {
		return colType{}, err
	}
	p := &parser{lexemes: lexemes}
	t, err := p.typeName(1)
	if err != nil {
		return t, err
	}
	t.nullable = !p.acceptAll("NOT", "NULL")
	if p.peek().kind != lexEnd {
		return t, p.unexpected()
	}
	return t, nil
}

// seededValue makes a value of the column out of what YAML reads.
func seededValue(v any, t colType) any {
	from := colType{kind: kindText, size: sizeMax}
	switch n := v.(type) {
	case int:
		v, from = int64(n), colType{kind: kindBigInt}
	case int64:
		from = colType{kind: kindBigInt}
	case float64:
		from = colType{kind: kindFloat}
	case bool:
		from = colType{kind: kindBit}
	case time.Time:
		from = colType{kind: kindDateTimeOffset}
	case string:
		if raw, isHex := strings.CutPrefix(n, "0x"); isHex && (t.kind == kindBinary || t.kind == kindImage) {
			lexemes, err := lex("0x" + raw)
			if err == nil && len(lexemes) == 1 {
				e, _ := (&parser{lexemes: lexemes}).primary()
				b, _ := e.(literal)
				return b.value
			}
		}
	}
	converted, err := conv{from: from, to: t}.value(v)
	if err != nil {
		return nil
	}
	return converted
}

// acquire waits until nobody else writes a table; a writer keeps it from then on.
func (st *store) acquire(ctx context.Context, s *session, t *userTable, write bool) error {
	var late <-chan time.Time
	if limit := s.settings.lockTimeout; limit >= 0 {
		timer := time.NewTimer(time.Duration(limit) * time.Millisecond)
		defer timer.Stop()
		late = timer.C
	}
	for {
		st.mu.Lock()
		locked := t.seed != nil && t.seed.Locked
		if !locked && (t.holder == nil || t.holder == s) {
			if write && t.holder == nil {
				t.holder, t.released = s, make(chan struct{})
			}
			st.mu.Unlock()
			return nil
		}
		released := t.released
		st.mu.Unlock()
		if locked {
			released = nil // by somebody who does not come back
		}
		select {
		case <-released:
		case <-late:
			return failf(1222, 16, "Lock request time out period exceeded.")
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// release lets the others at what a session wrote.
func (st *store) release(s *session) {
	st.mu.Lock()
	defer st.mu.Unlock()
	for _, t := range st.tables {
		if t.holder == s {
			t.holder = nil
			close(t.released)
		}
	}
}

func (st *store) rowsOf(t *userTable) [][]any {
	st.mu.Lock()
	defer st.mu.Unlock()
	return t.rows
}

// replace gives a table other rows, or drops it.
func (st *store) replace(t *userTable, rows [][]any, dropped bool) {
	st.mu.Lock()
	defer st.mu.Unlock()
	t.rows, t.dropped = rows, dropped
}

func (st *store) add(t *userTable) {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.tables[keyOf(t.parts)] = t
}

// describedTable is what the estate says of a table; nil for none.
func describedTable(db estate.Database, schema, name string) *estate.Table {
	for full, t := range db.Tables {
		parts := strings.SplitN(full, ".", 2)
		if len(parts) == 1 {
			parts = slices.Insert(parts, 0, "dbo")
		}
		if strings.EqualFold(parts[0], schema) && strings.EqualFold(parts[1], name) {
			return &t
		}
	}
	return nil
}
