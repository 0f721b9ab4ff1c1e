package sql

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	stdsql "database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	mssql "github.com/microsoft/go-mssqldb"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/internal/reach"
)

const (
	defaultPort = 1433
	// maxAnswer is more than any instance has to say about its databases.
	maxAnswer = 32 << 20
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

// name is what the server is called where it is connected to.
func (p probe) name(t probes.Target) string {
	if p.Address != "" {
		return p.Address
	}
	return t.Address
}

func (p probe) port() int {
	if p.Port == 0 {
		return defaultPort
	}
	return p.Port
}

// at is where the server is, as "name:port".
func (p probe) at(t probes.Target) string { return net.JoinHostPort(p.name(t), strconv.Itoa(p.port())) }

// door is the way into one server: the driver's dialer, and what it learnt on
// the way. It opens once; so no retry, whoever asks for it, can double a login
// and lock the account.
type door struct {
	ctx   context.Context // the check's: the driver forgets its own once it has dialled
	dial  func(ctx context.Context, network, address string) (net.Conn, error)
	probe probe
	host  string
	at    string // the host with its port
	name  string // that the certificate must bear

	mu        sync.Mutex
	dialled   bool
	failed    error         // why nothing was connected to
	waited    time.Duration // until it failed
	untrusted error         // why the certificate was refused
	untaken   error         // why the login was not sent
	tls       string

	way     host.SQLWay    // the operator's
	roots   *x509.CertPool // nil for the system's
	proving *proving       // nil for other logins than Windows'
}

func newDoor(ctx context.Context, p probe, t probes.Target) *door {
	return &door{
		ctx: ctx, dial: t.Dial, probe: p, host: p.name(t), at: p.at(t), name: p.certificateName(t), tls: "none",
	}
}

// HostName tells the driver that names are looked up by the dialer.
func (d *door) HostName() string { return "" }

// DialContext implements the driver's Dialer. The connection ends with the
// check, because after it is made the driver waits for ever.
func (d *door) DialContext(_ context.Context, network, address string) (net.Conn, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.dialled {
		return nil, d.again(address)
	}
	d.dialled = true
	start := time.Now()
	conn, err := d.dial(d.ctx, network, d.at)
	if err != nil {
		d.failed, d.waited = err, time.Since(start)
		return nil, err
	}
	stop := context.AfterFunc(d.ctx, func() { _ = conn.Close() })
	return &limited{Conn: d.guard(conn), stop: stop, left: maxAnswer}, nil
}

// limited is a connection that gives only so much and takes everything.
type limited struct {
	net.Conn
	stop func() bool
	left int
}

func (l *limited) Read(b []byte) (int, error) {
	if l.left <= 0 {
		return 0, fmt.Errorf("reading more than %d bytes", maxAnswer)
	}
	n, err := l.Conn.Read(b[:min(len(b), l.left)])
	l.left -= n
	return n, err
}

// Write implements net.Conn. It never fails: a driver that cannot send its
// farewell leaves the goroutine behind that still hands it rows. What could not
// be sent shows in the next Read, because there is no connection any more.
func (l *limited) Write(b []byte) (int, error) {
	if _, err := l.Conn.Write(b); err != nil {
		_ = l.Conn.Close()
	}
	return len(b), nil
}

// Close implements net.Conn.
func (l *limited) Close() error {
	l.stop()
	return l.Conn.Close()
}

// logIn connects and logs in. Without a connection, the readings or the error
// say why.
func (d *door) logIn(ctx context.Context, db *stdsql.DB) ([]fact.Reading, *stdsql.Conn, error) {
	start := time.Now()
	conn, err := db.Conn(ctx)
	took := time.Since(start)
	proved := d.settle(err)
	if err != nil {
		if readings, mine, is := d.ownTrouble(ctx); is {
			return readings, nil, mine
		}
		readings, err := d.refusal(ctx, err)
		return append(readings, proved...), nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return append(proved, []fact.Reading{
		probes.Read("", "login", fact.Text("ok")),
		probes.Read("", "login_time", fact.Duration(took)),
		probes.Read("", "encryption", fact.Text(d.tls)),
	}...), conn, nil
}

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
