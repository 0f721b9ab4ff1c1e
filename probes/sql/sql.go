// Package sql observes a SQL Server instance: whether it lets a login in, what it runs, the
// state of its databases, and what a suite's own query returns.
//
// That query needs no --allow-scripts. It is one SELECT, by which nothing on the host is run
// and nothing stays changed: it can read what the operator's login may read, as any check
// does, and can at the worst be slow, which the check's time ends.
package sql

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/internal/wildcard"
)

// Kind is what a suite calls "sql".
var Kind = probes.Define(probes.Kind{
	Name: "sql",
	Doc:  "A SQL Server instance: does it let a login in, which build runs, are its databases up.",
	Item: "empty for the instance; a database's name, as the suite or else the server writes it; service/…, ag/AG1, " +
		"replica/AG1/SQL02, copy/AG1/Orders, remote/AG1/SQL02/Orders, listener/AG1/shop, job/…, jobs/…, link/ERP, " +
		"row/ and the key of a query's row",
	Items:      probes.AnyCase,
	Credential: "sql",
	Settles:    "sql",
	Main:       "database",
	Words:      map[string][]string{"encrypt": {encryptAll, encryptStrict}, "intent": {readOnly}, "part": partNames()},
	Example: "- sql: {database: [Orders, msdb]}\n  why: the shop cannot sell without them\n" +
		"- sql: {query: 'SELECT name, status FROM dbo.Queues', key: name, database: Orders}\n" +
		"  id: queues\n  expect: {value: running}\n",
	Readings: slices.Concat(browserReadings(), instanceReadings(), hintReadings(), nameReadings(), versionReadings(),
		databaseReadings(), databaseDetails(), partReadings(), queryReadings()),
	Setup: grantScript(),
	Notes: slices.Concat(databaseNotes(), partNotes(), queryNotes()),
}, params{}, newProbe)

type params struct {
	Databases []string    `param:"database" doc:"Databases that must be there and ONLINE; all others are compared too."`
	Instance  string      `param:"instance" absent:"default" doc:"A named instance; SQL Server Browser knows its port."`
	Port      int         `param:"port" absent:"1433" doc:"The TCP port."`
	Address   string      `param:"address" absent:"the host under test" doc:"The name or IP address to connect to."`
	Encrypt   string      `param:"encrypt" absent:"its own" doc:"More encryption than the credentials' entry has."`
	Verify    bool        `param:"verify" doc:"Check the certificate even where the credentials file says insecure."`
	Intent    string      `param:"intent" doc:"What applications say to a listener; enters the first database."`
	Query     string      `param:"query" doc:"One SELECT of the suite's own, whose rows are compared."`
	QueryFile probes.File `param:"query_file" doc:"The same from a file of the suite's folder."`
	Key       string      `param:"key" doc:"The column that tells the query's rows apart; without it one row is due."`
	Columns   []string    `param:"columns" absent:"all" doc:"The query's columns that are compared."`
	Linked    []string    `param:"linked_server" doc:"Linked servers that must be reached; by a * those that were."`
	Parts     []string    `param:"part" absent:"all but links" doc:"What is looked at besides; see the notes."`
}

func instanceReadings() []probes.ReadingSpec {
	return []probes.ReadingSpec{
		{
			Name: "login", Type: fact.TypeText, Gate: true, Severity: fact.Fail, Expect: "ok",
			Silence: []fact.Value{fact.Text("refused")}, Waits: loginWords(stanceWait), Refused: loginWords(stanceRefused),
			Doc: "ok; failed or waiting, with the server's error number (waiting 18401: its update scripts run); " +
				"refused when nothing listens; certificate refused.",
		},
		{
			Name: "login_time", Type: fact.TypeDuration, Rule: fact.Rule{Op: fact.Ignore},
			Doc: "How long connecting and logging in took.",
		},
		{
			Name: "round_trip", Type: fact.TypeDuration, Rule: fact.Rule{Op: fact.Ignore},
			Doc: "How long the first answer took, once the login was in.",
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
			Name: "auth_scheme", Type: fact.TypeText, Severity: fact.Fail,
			Doc: "How the login was proved, as the server says: SQL, NTLM or KERBEROS; a fall to NTLM means a lost SPN, mostly.",
		},
		{
			Name: "login_note", Type: fact.TypeText, Rule: fact.Rule{Op: fact.Ignore}, Evidence: true,
			Doc: "Why the certificate was refused, or why the login went by NTLM.",
		},
	}
}

func databaseReadings() []probes.ReadingSpec {
	return []probes.ReadingSpec{
		{
			Name: "state", Type: fact.TypeText, Gate: true, Severity: fact.Fail, Expect: "ONLINE",
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
			Name: "compatibility", Type: fact.TypeInt, Of: "level", Doc: "The database's compatibility level, such as 160.",
		},
	}
}

type probe struct {
	params
	parts []part
	found int    // the port that the Browser told; 0 where it was not asked
	query string // "" for none
	// patience is how long a linked server is waited for at least.
	patience time.Duration
}

func newProbe(p params) (probes.Probe, error) {
	if p.Port < 0 || p.Port > 65535 {
		return nil, probes.Fieldf("port", "must be 1 to 65535, got %d", p.Port)
	}
	if err := cmp.Or(checkEncryption(p), checkIntent(p)); err != nil {
		return nil, err
	}
	if err := checkNames(p); err != nil {
		return nil, err
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
	query, err := checkQuery(p)
	if err != nil {
		return nil, err
	}
	if len(p.Linked) > 0 && !slices.Contains(p.Parts, linksName) {
		parts = append(parts, linksPart())
	}
	return probe{params: p, parts: parts, query: query, patience: linkPatience}, nil
}

// Aims implements probes.Aimer.
func (p probe) Aims() []string { return []string{p.Address} }

// Reports implements probes.Chooser.
func (p probe) Reports(reading string) bool {
	of := func(specs []probes.ReadingSpec) bool {
		return slices.ContainsFunc(specs, func(s probes.ReadingSpec) bool { return s.Name == reading })
	}
	for _, looked := range allParts() {
		if of(looked.readings()) {
			return p.looksAround() && slices.ContainsFunc(p.parts, func(l part) bool { return l.name == looked.name })
		}
	}
	if of(queryReadings()) {
		return p.query != ""
	}
	way := slices.Concat(browserReadings(), hintReadings(), nameReadings())
	return p.looksAround() || of(way) || slices.Contains([]string{"login", "login_time", "encryption"}, reading)
}

// observe is Observe, for as long as the driver takes.
func (p probe) observe(ctx context.Context, t probes.Target) ([]fact.Reading, error) {
	credential, err := p.credential(t)
	if err != nil {
		return nil, fmt.Errorf("finding the credential for SQL Server: %w", err)
	}
	p, whereabouts, err := p.locate(ctx, t)
	if err != nil || p.isNamed() && p.Port == 0 {
		return whereabouts, err
	}
	d := newDoor(ctx, p, t)
	defer d.close()
	if err := d.enter(credential, t); err != nil {
		return nil, fmt.Errorf("preparing the login to SQL Server at %q: %w", d.at, err)
	}
	leave, before, err := d.leave(ctx, t, credential)
	if err != nil || before != nil {
		return append(whereabouts, before...), err
	}
	defer leave.ended(nil, false) // whatever comes; what was said before counts
	db, err := d.open(credential)
	if err != nil {
		return nil, fmt.Errorf("preparing the login to SQL Server at %q: %w", d.at, err)
	}
	defer func() { _ = db.Close() }()
	readings, conn, err := d.logIn(ctx, db)
	leave.ended(readings, conn != nil)
	readings = append(whereabouts, readings...)
	if conn == nil {
		return readings, err
	}
	defer func() { _ = conn.Close() }()
	more, err := p.ask(ctx, conn)
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		err = fmt.Errorf("asking SQL Server at %q: %w", p.at(t), d.plain(ctx, err))
	}
	return append(readings, more...), err
}
