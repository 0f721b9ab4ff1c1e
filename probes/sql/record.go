package sql

import (
	"context"
	stdsql "database/sql"
	"errors"
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
	read := make([]func(*stdsql.Rows) error, len(into))
	for i, list := range into {
		read[i] = func(rows *stdsql.Rows) error {
			r, err := readRecord(rows)
			*list = append(*list, r)
			return err
		}
	}
	_, err := v.batch(ctx, query, read...)
	return err
}

func readRecord(rows *stdsql.Rows) (record, error) {
	names, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	cells := make([]stdsql.NullString, len(names))
	into := make([]any, len(names))
	for i := range cells {
		into[i] = &cells[i]
	}
	if err := rows.Scan(into...); err != nil {
		return nil, err
	}
	r := record{}
	for i, c := range cells {
		if c.Valid {
			r[names[i]] = c.String
		}
	}
	return r, nil
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
