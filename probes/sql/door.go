package sql

import (
	"context"
	"crypto/x509"
	stdsql "database/sql"
	"net"
	"strconv"
	"sync"
	"time"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
)

const defaultPort = 1433

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
	conn      *limited      // nil while there is none
	failed    error         // why nothing was connected to
	waited    time.Duration // until it failed
	in        bool          // the login was let in
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
	d.in = true
	return append(proved, []fact.Reading{
		probes.Read("", "login", fact.Text("ok")),
		probes.Read("", "login_time", fact.Duration(took)),
		probes.Read("", "encryption", fact.Text(d.tls)),
	}...), conn, nil
}
