// Package sql observes a SQL Server instance: whether it lets a login in, what
// it runs, and the state of its databases.
package sql

import (
	"context"
	"crypto/x509"
	"fmt"
	"slices"
	"strings"
	"time"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/internal/reach"
	"postpatch/probes/internal/wildcard"
)

// Kind is what a suite calls "sql".
var Kind = probes.Define(probes.Kind{
	Name: "sql",
	Doc:  "A SQL Server instance: does it let a login in, which build runs, are its databases up.",
	Item: "empty for the instance; the name of a database, as the suite or else the server writes it; ag/AG1, " +
		"replica/AG1/SQL02, copy/AG1/Orders, remote/AG1/SQL02/Orders, listener/AG1/shop, link/ERP",
	Items:      probes.AnyCase,
	Credential: "sql",
	Settles:    "sql",
	Main:       "database",
	Example:    "- sql: {database: [Orders, msdb]}\n  why: the shop cannot sell without them\n",
	Readings:   slices.Concat(instanceReadings(), versionReadings(), databaseReadings(), partReadings()),
	Notes:      partNotes(),
}, params{Encrypt: "true"}, newProbe)

type params struct {
	Databases []string `param:"database" doc:"Databases that must be there and ONLINE; all others are compared too."`
	Port      int      `param:"port" doc:"The TCP port; 1433 when not given."`
	Address   string   `param:"address" doc:"The name or IP address to connect to; the host's own when not given."`
	Encrypt   string   `param:"encrypt" doc:"Which traffic is encrypted: true, strict (TDS 8), false (login), disable."`
	Parts     []string `param:"part" doc:"What else is looked at: availability, backups, links; all but links if none."`
	Linked    []string `param:"linked_server" doc:"Linked servers that must be reached; by a * those that were."`
	Verify    bool     `param:"verify" doc:"Check the server's certificate against the runner's trusted roots."`
}

func instanceReadings() []probes.ReadingSpec {
	return []probes.ReadingSpec{
		{
			Name: "login", Type: fact.TypeText, Gate: true, Severity: fact.Fail, Expect: "ok",
			Silence: []fact.Value{fact.Text("refused")}, Waits: notYet(),
			Doc: "ok; failed or waiting, with the server's error number (waiting 18401: its update scripts run); " +
				"refused when nothing listens; certificate refused.",
		},
		{
			Name: "login_time", Type: fact.TypeDuration, Rule: fact.Rule{Op: fact.Ignore},
			Doc: "How long connecting and logging in took.",
		},
		{
			Name: "version", Type: fact.TypeText, Doc: "The build, such as 16.0.4165.4.",
		},
		{
			Name: "update", Type: fact.TypeText, Doc: "The cumulative update, such as CU16; none before the first.",
		},
		{
			Name: "kb", Type: fact.TypeText, Doc: "The KB article of the update, such as KB5048033, or none.",
		},
		{
			Name: "edition", Type: fact.TypeText, Severity: fact.Fail, Doc: "The edition, as the server names it.",
		},
		{
			Name: "started", Type: fact.TypeTime, Rule: fact.Rule{Op: fact.Ignore},
			Doc: "When the instance was started: since then there is this tempdb.",
		},
		{
			Name: "encryption", Type: fact.TypeText,
			Doc: "The TLS version that protected at least the login, or none.",
		},
		{
			Name: "auth_scheme", Type: fact.TypeText,
			Doc: "How the login was proved: SQL, NTLM or KERBEROS.",
		},
	}
}

func databaseReadings() []probes.ReadingSpec {
	return []probes.ReadingSpec{
		{
			Name: "state", Type: fact.TypeText, Severity: fact.Fail, Expect: "ONLINE",
			Waits: []fact.Value{fact.Text("RECOVERING")},
			Doc: "State of a database that the suite names, such as ONLINE or SUSPECT; absent when the login sees no " +
				"such one.",
		},
		{
			Name: "opened", Type: fact.TypeBool, Rule: fact.Rule{Op: fact.Ignore}, Expect: "true", Behind: copyRole,
			Doc: "Whether the login can open a database that the suite names; not told of a secondary that is not readable.",
		},
		{
			Name: "other_state", Type: fact.TypeText, Severity: fact.Fail,
			Doc: "State of a database that the suite does not name: nothing is expected of it, but no change either.",
		},
		{
			Name: "access", Type: fact.TypeText, Severity: fact.Fail,
			Doc: "MULTI_USER, or who else alone may enter the database.",
		},
		{
			Name: "read_only", Type: fact.TypeBool, Severity: fact.Fail, Doc: "Whether the database is read-only.",
		},
		{
			Name: "recovery", Type: fact.TypeText, Doc: "The database's recovery model.",
		},
		{
			Name: "compatibility", Type: fact.TypeInt, Doc: "The database's compatibility level, such as 160.",
		},
	}
}

type probe struct {
	params
	roots *x509.CertPool // nil for the runner's own
	parts []part
	// patience is how long a linked server is waited for at least.
	patience time.Duration
}

func newProbe(p params) (probes.Probe, error) {
	if p.Port < 0 || p.Port > 65535 {
		return nil, probes.Fieldf("port", "must be 1 to 65535, got %d", p.Port)
	}
	if _, known := encryptions()[p.Encrypt]; !known {
		return nil, probes.Fieldf("encrypt", "must be true, strict, false or disable, got %q", p.Encrypt)
	}
	for i, name := range p.Databases {
		if strings.TrimSpace(name) == "" {
			return nil, probes.Fieldf("database", "a database's name is empty")
		}
		if slices.ContainsFunc(p.Databases[:i], func(n string) bool { return strings.EqualFold(n, name) }) {
			return nil, probes.Fieldf("database", "%q is named twice", name)
		}
	}
	if err := wildcard.Patterns(p.Linked).Check("linked_server"); err != nil {
		return nil, err
	}
	parts, err := chosen(p.Parts)
	if err != nil {
		return nil, err
	}
	if len(p.Linked) > 0 && !slices.Contains(p.Parts, linksName) {
		parts = append(parts, linksPart())
	}
	return probe{params: p, parts: parts, patience: linkPatience}, nil
}

// Aims implements probes.Aimer.
func (p probe) Aims() []string { return []string{p.Address} }

// Observe implements probes.Probe.
func (p probe) Observe(ctx context.Context, t probes.Target) (readings []fact.Reading, err error) {
	// The driver panics over some answers that no SQL Server gives.
	defer func() {
		if damage := recover(); damage != nil {
			err = fmt.Errorf("reading the answer of SQL Server at %q: it does not speak SQL Server's protocol: %v",
				p.at(t), damage)
		}
	}()
	credential, err := t.Credential("sql")
	if err != nil {
		return nil, fmt.Errorf("finding the credential for SQL Server: %w", err)
	}
	d := newDoor(ctx, p, t)
	db := d.open(credential)
	defer func() { _ = db.Close() }()
	readings, conn, err := d.logIn(ctx, db)
	if conn == nil {
		return readings, err
	}
	defer func() { _ = conn.Close() }()
	more, err := p.read(ctx, conn)
	if err == nil {
		err = ctx.Err()
	}
	if err != nil { // the closed socket's error says nothing
		err = fmt.Errorf("asking SQL Server at %q: %w", p.at(t), plain(reach.Cause(ctx, err)))
	}
	return append(readings, more...), err
}
