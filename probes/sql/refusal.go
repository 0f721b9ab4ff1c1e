package sql

import (
	"context"
	"crypto/tls"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"syscall"
	"time"

	mssql "github.com/microsoft/go-mssqldb"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/internal/reach"
)

// refusal tells what a server said from what it did not say.
func (d *door) refusal(ctx context.Context, err error) ([]fact.Reading, error) {
	d.mu.Lock()
	failed, untrusted := d.failed, d.untrusted
	d.mu.Unlock()
	login := func(word string) ([]fact.Reading, error) {
		return []fact.Reading{probes.Read("", "login", fact.Text(word))}, nil
	}
	var answer mssql.Error
	switch {
	case nothingListens(failed):
		return login("refused")
	case errors.Is(ctx.Err(), context.Canceled):
		return nil, fmt.Errorf("connecting to SQL Server at %q: %w", d.at, reach.Cause(ctx, err))
	case failed != nil:
		return nil, fmt.Errorf("connecting to SQL Server at %q: %w", d.at, d.unanswered())
	case ctx.Err() != nil:
		return nil, fmt.Errorf("waiting for SQL Server at %q to let the login in: %w", d.at, reach.Cause(ctx, err))
	case untrusted != nil:
		return login("certificate refused")
	case errors.As(err, &answer) && answer.Number != 0:
		return loginAnswer(answer), nil
	default:
		return nil, fmt.Errorf("logging in to SQL Server at %q: %w", d.at, d.plain(ctx, err))
	}
}

// unanswered is why nothing was connected to.
func (d *door) unanswered() error {
	if reach.State(d.failed) == reach.NoAnswer {
		return reach.Silent(reach.Tell("no answer within "+d.waited.Round(time.Millisecond).String(), d.failed))
	}
	return reach.Silent(d.failed)
}

// plain puts an error of the driver, once there is a connection, into an operator's
// words. What became of the connection is known by itself: the driver tells some of it
// in words only.
func (d *door) plain(ctx context.Context, err error) error {
	conn := d.connection()
	lost := conn.fate()
	var answer mssql.Error
	switch {
	case ctx.Err() != nil: // the closed socket's error says nothing
		return reach.Cause(ctx, err)
	case errors.As(err, &answer) && answer.Number != 0:
		return err
	case errors.Is(lost, errEndless):
		return reach.Tell(lost.Error(), err, lost)
	case d.probe.Encrypt != strict && conn.isForeign():
		return reach.Tell(foreign+err.Error(), err)
	case lost != nil, isEnd(err):
		return reach.Tell("it closed the connection", err, lost)
	case d.isIn():
		return reach.Tell(damaged+err.Error(), err)
	case isNonsense(err):
		return reach.Tell(foreign+err.Error(), err)
	default: // it cannot encrypt, say
		return err
	}
}

// What an answer is of which the driver makes nothing.
const (
	foreign = "it does not speak SQL Server's protocol: "
	damaged = "its answer breaks off or is damaged: " // of one that has let the login in
)

// isEnd says whether TLS, or the driver, has been told that the connection is over.
func isEnd(err error) bool {
	var stream mssql.StreamError // which ends in the middle of what it holds
	return !errors.As(err, &stream) && (errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, driver.ErrBadConn) || errors.Is(err, net.ErrClosed))
}

// isNonsense says whether the driver could not make sense of what came over a connection
// that was well.
func isNonsense(err error) bool {
	var stream mssql.StreamError
	var record tls.RecordHeaderError
	var reading *net.OpError // the driver's own, over a packet that cannot be
	var caught runtime.Error // by itself
	var damage damageError   // by us
	return errors.As(err, &stream) || errors.As(err, &record) || errors.As(err, &reading) ||
		errors.As(err, &caught) || errors.As(err, &damage)
}

// nothingListens reports whether the host itself said that nothing listens.
func nothingListens(err error) bool {
	const windows = syscall.Errno(10061) // WSAECONNREFUSED; means nothing elsewhere
	return errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, windows)
}
