package sql

import (
	"context"
	"crypto/tls"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"time"

	mssql "github.com/microsoft/go-mssqldb"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/internal/reach"
)

// The error numbers that mean "not yet": upgrade scripts run, or databases are
// being recovered.
const (
	scriptUpgrade = 18401
	notReady      = 17187
)

// notYet are the readings of login that mean it.
func notYet() []fact.Value { return []fact.Value{waitingFor(scriptUpgrade), waitingFor(notReady)} }

func waitingFor(number int32) fact.Text { return fact.Text(fmt.Sprintf("waiting %d", number)) }

// refusal tells what a server said from what it did not say.
func (d *door) refusal(ctx context.Context, err error) ([]fact.Reading, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	login := func(word string) ([]fact.Reading, error) {
		return []fact.Reading{probes.Read("", "login", fact.Text(word))}, nil
	}
	var answer mssql.Error
	switch {
	case refused(d.failed):
		return login("refused")
	case errors.Is(ctx.Err(), context.Canceled):
		return nil, fmt.Errorf("connecting to SQL Server at %q: %w", d.at, err)
	case d.failed != nil:
		return nil, fmt.Errorf("connecting to SQL Server at %q: %w", d.at, d.unanswered())
	case ctx.Err() != nil:
		return nil, fmt.Errorf("waiting for SQL Server at %q to let the login in: %w", d.at, reach.Cause(ctx, err))
	case d.untrusted != nil:
		return login("certificate refused")
	case errors.As(err, &answer) && answer.Number != 0:
		return login(loginWord(answer))
	default:
		return nil, fmt.Errorf("logging in to SQL Server at %q: %w", d.at, plain(err))
	}
}

// unanswered is why nothing was connected to.
func (d *door) unanswered() error {
	if reach.State(d.failed) == reach.NoAnswer {
		return reach.Silent(reach.Tell("no answer within "+d.waited.Round(time.Millisecond).String(), d.failed))
	}
	return reach.Silent(d.failed)
}

// plain puts an error of the driver into an operator's words.
func plain(err error) error {
	var stream mssql.StreamError
	var record tls.RecordHeaderError
	var answer mssql.Error
	switch {
	case errors.As(err, &answer):
		return err
	case errors.As(err, &stream), errors.As(err, &record), isNonsense(err.Error()):
		return reach.Tell("it does not speak SQL Server's protocol: "+err.Error(), err)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, driver.ErrBadConn),
		errors.Is(err, net.ErrClosed), reach.State(err) == reach.Reset,
		strings.HasSuffix(err.Error(), ": EOF"): // which the driver does not always wrap
		return reach.Tell("it closed the connection", err)
	default:
		return err
	}
}

// isNonsense knows the driver's errors over packets that no SQL Server sends;
// they have no type.
func isNonsense(text string) bool {
	for _, part := range []string{
		"invalid packet", "expected packet type", "invalid empty PRELOGIN", "unexpected packet",
	} {
		if strings.Contains(text, part) {
			return true
		}
	}
	return false
}

// loginWord tells "not yet" from "no". The first error is the cause: a database
// that cannot be opened comes before the login that fails with it.
func loginWord(answer mssql.Error) string {
	number := answer.Number
	if len(answer.All) > 0 {
		number = answer.All[0].Number
	}
	if number == scriptUpgrade || number == notReady {
		return string(waitingFor(number))
	}
	return fmt.Sprintf("failed %d", number)
}

// refused reports whether the host itself said that nothing listens.
func refused(err error) bool {
	const windows = syscall.Errno(10061) // WSAECONNREFUSED; means nothing elsewhere
	return errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, windows)
}
