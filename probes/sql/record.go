package sql

import (
	"context"
	stdsql "database/sql"
	"errors"
	"fmt"
	"strconv"
)

// record is a row by the names of its columns, as text; null is not there.
type record map[string]string

// What a part that was not looked at, or not to its end, may return beside the server's
// own errors: it came back empty because the login may not see it, or it took too long.
var (
	errNotAllowed = errors.New("the login may not see it")
	errNoTime     = errors.New("no answer in time")
)

// readSets reads one batch with as many results as there are lists to fill.
func (v *visit) readSets(ctx context.Context, query string, into ...*[]record) error {
	rows, err := v.conn.QueryContext(ctx, query)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for i, list := range into {
		if i > 0 && !rows.NextResultSet() {
			if err := rows.Err(); err != nil {
				return err
			}
			return fmt.Errorf("the answer has %d results of %d", i, len(into))
		}
		if *list, err = readRecords(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

func readRecords(rows *stdsql.Rows) ([]record, error) {
	names, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	var all []record
	cells := make([]stdsql.NullString, len(names))
	into := make([]any, len(names))
	for i := range cells {
		into[i] = &cells[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		r := record{}
		for i, c := range cells {
			if c.Valid {
				r[names[i]] = c.String
			}
		}
		all = append(all, r)
	}
	return all, rows.Err()
}

// isSet says whether a bit is 1.
func (r record) isSet(name string) bool {
	set, err := strconv.ParseBool(r[name])
	return err == nil && set
}

// number is a column that is a whole number, and there.
func (r record) number(name string) (int64, bool) {
	n, err := strconv.ParseInt(r[name], 10, 64)
	return n, err == nil
}
