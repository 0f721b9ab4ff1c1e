package sql

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"reflect"
	"sync/atomic"

	mssql "github.com/microsoft/go-mssqldb"
)

// damageError is what the driver panicked over: an answer that no SQL Server gives.
type damageError struct{ over any }

func (e damageError) Error() string { return fmt.Sprint(e.over) }

// caught makes an error of a panic. It has to be caught where the driver is called: above,
// database/sql holds locks that it would never give back, or the panic ends the process,
// because it calls some of the driver from goroutines of its own.
func caught(err *error) {
	if over := recover(); over != nil {
		*err = damageError{over}
	}
	legible(err)
}

// legible replaces an error of the driver's that panics when it is read: a damaged stream
// of which it has nothing to say.
func legible(err *error) {
	if stream, ok := errors.AsType[mssql.StreamError](*err); ok && stream.InnerError == nil {
		*err = damageError{"Invalid TDS stream"}
	}
}

// guarded is the driver without its panics.
type guarded struct{ driver.Connector }

// Connect implements driver.Connector.
func (g guarded) Connect(ctx context.Context) (conn driver.Conn, err error) {
	defer caught(&err)
	conn, err = g.Connector.Connect(ctx)
	if own, ok := conn.(*mssql.Conn); ok && err == nil {
		return &guardedConn{Conn: own}, nil
	}
	return conn, err
}

type guardedConn struct {
	*mssql.Conn
	damaged atomic.Bool
}

// caught is like the function, and lets the connection not be used again.
func (c *guardedConn) caught(err *error) {
	if over := recover(); over != nil {
		c.damaged.Store(true)
		*err = damageError{over}
	}
	legible(err)
}

// IsValid implements driver.Validator.
func (c *guardedConn) IsValid() bool { return !c.damaged.Load() && c.Conn.IsValid() }

// Close implements driver.Conn.
func (c *guardedConn) Close() (err error) {
	defer c.caught(&err)
	return c.Conn.Close()
}

// Ping implements driver.Pinger.
func (c *guardedConn) Ping(ctx context.Context) (err error) {
	defer c.caught(&err)
	return c.Conn.Ping(ctx)
}

// ResetSession implements driver.SessionResetter.
func (c *guardedConn) ResetSession(ctx context.Context) (err error) {
	defer c.caught(&err)
	return c.Conn.ResetSession(ctx)
}

// Prepare implements driver.Conn.
func (c *guardedConn) Prepare(query string) (driver.Stmt, error) {
	return c.PrepareContext(context.Background(), query)
}

// PrepareContext implements driver.ConnPrepareContext.
func (c *guardedConn) PrepareContext(ctx context.Context, query string) (stmt driver.Stmt, err error) {
	defer c.caught(&err)
	stmt, err = c.Conn.PrepareContext(ctx, query)
	if own, ok := stmt.(*mssql.Stmt); ok && err == nil {
		return &guardedStmt{own, c}, nil
	}
	return stmt, err
}

// BeginTx implements driver.ConnBeginTx.
func (c *guardedConn) BeginTx(ctx context.Context, opts driver.TxOptions) (tx driver.Tx, err error) {
	defer c.caught(&err)
	tx, err = c.Conn.BeginTx(ctx, opts)
	if err != nil {
		return nil, err
	}
	return guardedTx{tx, c}, nil
}

type guardedTx struct {
	driver.Tx
	conn *guardedConn
}

// Commit implements driver.Tx.
func (t guardedTx) Commit() (err error) {
	defer t.conn.caught(&err)
	return t.Tx.Commit()
}

// Rollback implements driver.Tx.
func (t guardedTx) Rollback() (err error) {
	defer t.conn.caught(&err)
	return t.Tx.Rollback()
}

type guardedStmt struct {
	*mssql.Stmt
	conn *guardedConn
}

// ExecContext implements driver.StmtExecContext.
func (s *guardedStmt) ExecContext(ctx context.Context, args []driver.NamedValue) (res driver.Result, err error) {
	defer s.conn.caught(&err)
	return s.Stmt.ExecContext(ctx, args)
}

// QueryContext implements driver.StmtQueryContext.
func (s *guardedStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (rows driver.Rows, err error) {
	defer s.conn.caught(&err)
	rows, err = s.Stmt.QueryContext(ctx, args)
	if own, ok := rows.(*mssql.Rows); ok && err == nil {
		return &guardedRows{own, s.conn}, nil
	}
	return rows, err
}

type guardedRows struct {
	*mssql.Rows
	conn *guardedConn
}

// Next implements driver.Rows.
func (r *guardedRows) Next(dest []driver.Value) (err error) {
	defer r.conn.caught(&err)
	return r.Rows.Next(dest)
}

// NextResultSet implements driver.RowsNextResultSet.
func (r *guardedRows) NextResultSet() (err error) {
	defer r.conn.caught(&err)
	return r.Rows.NextResultSet()
}

// Close implements driver.Rows.
func (r *guardedRows) Close() (err error) {
	defer r.conn.caught(&err)
	return r.Rows.Close()
}

// ColumnTypeScanType implements driver.RowsColumnTypeScanType.
func (r *guardedRows) ColumnTypeScanType(i int) (t reflect.Type) {
	var damage error
	t = reflect.TypeFor[any]()
	defer r.conn.caught(&damage)
	return r.Rows.ColumnTypeScanType(i)
}

// ColumnTypeDatabaseTypeName implements driver.RowsColumnTypeDatabaseTypeName.
func (r *guardedRows) ColumnTypeDatabaseTypeName(i int) (name string) {
	var damage error
	defer r.conn.caught(&damage)
	return r.Rows.ColumnTypeDatabaseTypeName(i)
}

// ColumnTypeLength implements driver.RowsColumnTypeLength.
func (r *guardedRows) ColumnTypeLength(i int) (length int64, ok bool) {
	var damage error
	defer r.conn.caught(&damage)
	return r.Rows.ColumnTypeLength(i)
}

// ColumnTypePrecisionScale implements driver.RowsColumnTypePrecisionScale.
func (r *guardedRows) ColumnTypePrecisionScale(i int) (precision, scale int64, ok bool) {
	var damage error
	defer r.conn.caught(&damage)
	return r.Rows.ColumnTypePrecisionScale(i)
}
