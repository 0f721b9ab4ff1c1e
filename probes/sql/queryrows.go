package sql

import (
	"context"
	stdsql "database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	mssql "github.com/microsoft/go-mssqldb"

	"postpatch/probes/host"
	"postpatch/probes/internal/cells"
)

const (
	// longestValue is in bytes, of what a snapshot keeps of one column of one row.
	longestValue = 16 << 10
	// longestSent is what the server sends of a long value, in bytes of two to the
	// character at most: cut off there, it is still longer than longestValue.
	longestSent = 4 * longestValue
)

// table is what the query returned.
type table struct {
	columns []string
	rows    []host.Row
}

// rows runs the query in a transaction that always ends in a rollback. It reads for as
// long as asked goes; what is left of ctx is for the rollback.
func (p probe) rows(ctx, asked context.Context, conn *stdsql.Conn) (found table, err error) {
	if _, err := conn.ExecContext(asked, p.settings(asked)); err != nil {
		return table{}, err
	}
	tx, err := conn.BeginTx(ctx, &stdsql.TxOptions{Isolation: stdsql.LevelReadCommitted})
	if err != nil {
		return table{}, err
	}
	defer func() {
		if ended := tx.Rollback(); ended != nil && err == nil {
			err = fmt.Errorf("ending its transaction: %w", ended)
		}
	}()
	// With a line behind it, no driver takes it for the name of a procedure.
	rows, err := tx.QueryContext(asked, p.query+"\n")
	if err != nil {
		return table{}, err
	}
	defer func() { _ = rows.Close() }()
	return collect(rows)
}

// settings are the session's: who else waits goes first, and nothing waits for long.
func (p probe) settings(ctx context.Context) string {
	wait := 10 * time.Second
	if deadline, limited := ctx.Deadline(); limited {
		wait = min(wait, time.Until(deadline)/2)
	}
	text := fmt.Sprintf("SET DEADLOCK_PRIORITY LOW; SET LOCK_TIMEOUT %d; SET TEXTSIZE %d;",
		max(wait.Milliseconds(), 1), longestSent)
	if len(p.Databases) > 0 {
		text += " USE " + bracketed(p.Databases[0]) + ";"
	}
	return text
}

// bracketed is a name as T-SQL takes it whatever it holds.
func bracketed(name string) string { return "[" + strings.ReplaceAll(name, "]", "]]") + "]" }

// collect reads all rows, or as many as there may be: what is beyond is not read.
func collect(rows *stdsql.Rows) (table, error) {
	types, err := rows.ColumnTypes()
	if err != nil {
		return table{}, err
	}
	found := table{}
	for i, t := range types {
		if err := found.add(t.Name()); err != nil {
			return table{}, fmt.Errorf("reading column %d of the query: %w", i+1, err)
		}
	}
	if len(found.columns) == 0 {
		return table{}, errors.New("the query returned no columns")
	}
	values, into := make([]any, len(types)), make([]any, len(types))
	for i := range values {
		into[i] = &values[i]
	}
	for rows.Next() {
		if len(found.rows) == cells.MostRows {
			return table{}, fmt.Errorf("more than %d rows: narrow the query by WHERE, or count in it", cells.MostRows)
		}
		if len(found.rows)*len(types) > cells.MostValues {
			return table{}, fmt.Errorf("more than %d values: select fewer columns, or narrow the query by WHERE",
				cells.MostValues)
		}
		if err := rows.Scan(into...); err != nil {
			return table{}, err
		}
		row := make(host.Row, len(values))
		for i, v := range values {
			cell, err := cellOf(v, types[i].DatabaseTypeName())
			if err != nil {
				return table{}, fmt.Errorf("reading %s of row %d: %w", found.columns[i], len(found.rows)+1, err)
			}
			row[found.columns[i]] = cell
		}
		found.rows = append(found.rows, row)
	}
	switch err := rows.Err(); {
	case err != nil:
		return table{}, err
	case rows.NextResultSet():
		return table{}, errors.New("the query returned more than one result: one SELECT is due")
	}
	return found, rows.Err()
}

// add adds a column. What stands behind the key in an item has to be told from it.
func (t *table) add(column string) error {
	switch {
	case column == "":
		return errors.New("it has no name: give it one by AS")
	case strings.Contains(column, "/"):
		return fmt.Errorf("its name %.200q holds a /: give it another by AS", column)
	}
	for _, other := range t.columns {
		if strings.EqualFold(other, column) {
			return fmt.Errorf("another one is called %.200q, too: give it another name by AS", column)
		}
	}
	t.columns = append(t.columns, column)
	return nil
}

// cellOf writes a value as a text that is the same whenever the value is: numbers
// exactly, bytes in hexadecimal digits, times without a zone as they stand in the table,
// for nobody but the owner knows in which one they are.
func cellOf(v any, typ string) (host.Cell, error) {
	text := ""
	switch v := v.(type) {
	case nil:
		return host.Cell{Null: true}, nil
	case bool:
		text = strconv.FormatBool(v)
	case int64:
		text = strconv.FormatInt(v, 10)
	case float64:
		text = decimal(v, typ)
	case string:
		text = v
		if typ == "CHAR" || typ == "NCHAR" { // filled up to their length
			text = strings.TrimRight(v, " ")
		}
	case time.Time:
		text = v.Format(layout(typ))
		if typ == "DATETIMEOFFSET" {
			text = v.UTC().Format(time.RFC3339Nano)
		}
	case []byte:
		var err error
		if text, err = ofBytes(v, typ); err != nil {
			return host.Cell{}, err
		}
	default:
		return host.Cell{}, fmt.Errorf("a value of type %s cannot be compared: CAST it to a text", typ)
	}
	if len(text) > longestValue {
		return host.Cell{}, fmt.Errorf("a value of %d bytes, more than %d: take a part of it, or a HASHBYTES of it",
			len(text), longestValue)
	}
	return host.Cell{Text: text}, nil
}

// decimal writes a number that is kept to a base of two, in the fewest digits that mean it.
func decimal(v float64, typ string) string {
	bits := 64
	if typ == "REAL" {
		bits = 32
	}
	const most = 1e21 // from here on zeros tell nothing
	if v == 0 {
		return "0" // and never -0
	}
	if -most < v && v < most {
		return strconv.FormatFloat(v, 'f', -1, bits)
	}
	return strconv.FormatFloat(v, 'g', -1, bits)
}

func layout(typ string) string {
	switch typ {
	case "DATE":
		return time.DateOnly
	case "TIME":
		return "15:04:05.999999999"
	default:
		return "2006-01-02T15:04:05.999999999"
	}
}

// ofBytes writes what the driver hands over as bytes.
func ofBytes(v []byte, typ string) (string, error) {
	switch typ {
	case "DECIMAL", "MONEY", "SMALLMONEY":
		return string(v), nil // digits already
	case "UNIQUEIDENTIFIER":
		var id mssql.UniqueIdentifier
		err := id.Scan(v)
		return id.String(), err
	case "SQL_VARIANT": // a number's digits, or bytes: nobody can tell
		return "", errors.New("a sql_variant may hold anything: CAST it to a type")
	default:
		return "0x" + strings.ToUpper(hex.EncodeToString(v)), nil
	}
}
