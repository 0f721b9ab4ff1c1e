package sql

import (
	"context"
	stdsql "database/sql"
	"fmt"
)

// begun stands first in a batch of several statements. The server goes on with the next
// statement when one fails, and where the very first one fails, the driver forgets what
// comes after it: the next query then waits for ever, whatever its context.
const begun = "SELECT 1 AS begun;\n"

// batch puts one batch and hands each row to the function of its result, in order. With an
// error it tells how many results had come before: the driver reads on to the next result,
// so that the error may be that of the one behind it, too.
func (v *visit) batch(ctx context.Context, query string, read ...func(*stdsql.Rows) error) (whole int, err error) {
	rows, err := v.conn.QueryContext(ctx, begun+query)
	if err != nil {
		return 0, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() { // the one row that begins it
	}
	for i, one := range read {
		if err := rows.Err(); err != nil {
			return max(0, i-1), err
		}
		if !rows.NextResultSet() {
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
	}
	if err := rows.Err(); err != nil {
		return len(read) - 1, err
	}
	return len(read), nil
}
