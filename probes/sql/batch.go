package sql

import (
	"context"
	stdsql "database/sql"
	"fmt"
)

// batch puts one batch and hands each row to the function of its result, in order. What
// was handed over before an error stays.
func (v *visit) batch(ctx context.Context, query string, read ...func(*stdsql.Rows) error) error {
	rows, err := v.conn.QueryContext(ctx, query)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for i, one := range read {
		if i > 0 && !rows.NextResultSet() {
			if err := rows.Err(); err != nil {
				return err
			}
			return fmt.Errorf("the answer ends after %d results of %d", i, len(read))
		}
		for rows.Next() {
			if err := one(rows); err != nil {
				return err
			}
		}
		if err := rows.Err(); err != nil {
			return err
		}
	}
	return rows.Err()
}
