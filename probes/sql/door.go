package sql

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	stdsql "database/sql"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"time"

	mssql "github.com/microsoft/go-mssqldb"
	"github.com/microsoft/go-mssqldb/msdsn"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
)

const defaultPort = 1433

// strict is TLS before anything else is said.
const strict = "strict"

func encryptions() map[string]msdsn.Encryption {
	return map[string]msdsn.Encryption{
		"true":    msdsn.EncryptionRequired,
		strict:    msdsn.EncryptionStrict,
		"false":   msdsn.EncryptionOff,
		"disable": msdsn.EncryptionDisabled,
	}
}

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

// certificateName is the name that the server's certificate must bear.
func (p probe) certificateName(t probes.Target) string {
	if _, err := netip.ParseAddr(t.Address); err == nil && p.Address == "" {
		return t.Host
	}
	return p.name(t)
}

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
	tls       string
}

func newDoor(ctx context.Context, p probe, t probes.Target) *door {
	return &door{
		ctx: ctx, dial: t.Dial, probe: p, host: p.name(t), at: p.at(t), name: p.certificateName(t), tls: "none",
	}
}

// open makes a pool of one connection, not yet made.
func (d *door) open(c host.Credential) *stdsql.DB {
	connector := mssql.NewConnectorConfig(msdsn.Config{
		Host:           d.host,
		Port:           uint64(d.probe.port()),
		Protocols:      []string{"tcp"},
		Database:       "master", // lets in those whose own database is broken
		User:           c.User,
		Password:       c.Password.Reveal(),
		AppName:        "postpatch",
		ReadOnlyIntent: d.probe.query != "", // which lets it in where only readers may
		Encryption:     encryptions()[d.probe.Encrypt],
		TLSConfig:      d.tlsConfig(),
		DialTimeout:    -1, // the check's deadline is enough
		DisableRetry:   true,
	})
	connector.Dialer = d
	db := stdsql.OpenDB(guarded{connector})
	db.SetMaxOpenConns(1)
	return db
}

// tlsConfig leaves verification to a function of ours: the driver hides why its
// own failed.
func (d *door) tlsConfig() *tls.Config {
	return &tls.Config{
		ServerName:                  d.name,
		MinVersion:                  tls.VersionTLS12,
		DynamicRecordSizingDisabled: true, // SQL Server wants a packet in one segment
		InsecureSkipVerify:          true,
		VerifyConnection: func(state tls.ConnectionState) error {
			err := d.verify(state)
			d.mu.Lock()
			defer d.mu.Unlock()
			d.tls, d.untrusted = tls.VersionName(state.Version), err
			return err
		},
	}
}

func (d *door) verify(state tls.ConnectionState) error {
	if !d.probe.Verify {
		return nil
	}
	others := x509.NewCertPool()
	for _, cert := range state.PeerCertificates[1:] {
		others.AddCert(cert)
	}
	_, err := state.PeerCertificates[0].Verify(x509.VerifyOptions{
		DNSName: d.name, Roots: d.probe.roots, Intermediates: others,
	})
	return err
}

// logIn connects and logs in. Without a connection, the readings or the error
// say why.
func (d *door) logIn(ctx context.Context, db *stdsql.DB) ([]fact.Reading, *stdsql.Conn, error) {
	start := time.Now()
	conn, err := db.Conn(ctx)
	took := time.Since(start)
	if err != nil {
		readings, err := d.refusal(ctx, err)
		return readings, nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.in = true
	return []fact.Reading{
		probes.Read("", "login", fact.Text("ok")),
		probes.Read("", "login_time", fact.Duration(took)),
		probes.Read("", "encryption", fact.Text(d.tls)),
	}, conn, nil
}
