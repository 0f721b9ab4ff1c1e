package sql

import (
	"context"
	stdsql "database/sql"
	"fmt"
)

// batch puts one batch and hands each row to the function of its result, in order. With an
// error it tells how many results had come before: the driver reads on to the next result,
// so that the error may be that of the one behind it, too.
func (v *visit) batch(ctx context.Context, query string, read ...func(*stdsql.Rows) error) (whole int, err error) {
	rows, err := v.conn.QueryContext(ctx, query)
	if err != nil {
		return 0, err
	}
	defer func() { _ = rows.Close() }()
	for i, one := range read {
		if i > 0 && !rows.NextResultSet() {
			if err := rows.Err(); err != nil {
				return i, err
			}
			return i, fmt.Errorf("the answer ends after %d results of %d", i, len(read))
		}
		for rows.Next() {
			if err := one(rows); err != nil {
				return i, err
			}
		}
		if err := rows.Err(); err != nil {
			return i, err
		}
	}
	return len(read), rows.Err()
}
