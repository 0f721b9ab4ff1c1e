package sql

import (
	"cmp"
	"context"
	stdsql "database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	mssql "github.com/microsoft/go-mssqldb"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/internal/cells"
	"postpatch/probes/internal/reach"
)

// rowPrefix stands before the items of rows, for a database may have any name.
const rowPrefix = "row/"

func queryReadings() []probes.ReadingSpec {
	values := cells.Specs("What a column of a query's row holds; null when it has no value.", fact.Rule{})
	specs := []probes.ReadingSpec{
		{
			Name: "query", Type: fact.TypeText, Gate: true, Severity: fact.Fail, Expect: answeredWell, Waits: answersLater(),
			Doc: "ok; failed or waiting, with the server's error number (failed 208: there is no such table).",
		},
		{
			Name: "query_error", Type: fact.TypeText, Rule: fact.Rule{Op: fact.Ignore}, Evidence: true,
			Doc: "What the server said of a query that failed.",
		},
		{
			Name: "query_time", Type: fact.TypeDuration, Rule: fact.Rule{Op: fact.Ignore},
			Doc: "How long the query and its rows took.",
		},
		{
			Name: "count", Type: fact.TypeInt, Of: "rows", Rule: fact.Rule{Op: fact.Ignore},
			Doc: "How many rows the query returned; of the whole.",
		},
		{
			Name: "present", Type: fact.TypeBool, Severity: fact.Fail,
			Doc: "true of every row of the query; one that is gone fails, a value that changed is a warning.",
		},
	}
	return append(specs, slices.DeleteFunc(values, func(r probes.ReadingSpec) bool { return r.Name == "elements" })...)
}

func queryNotes() []string {
	return []string{
		"With query, a check looks at the login and the rows alone, and at what part names; database is where it runs.",
		"A query is one SELECT: lint refuses what writes, locks or runs something. What it does all the same is rolled back.",
		"It runs as the operator's login, so that login should be granted SELECT on what it is to read and nothing else.",
	}
}

// checkQuery finds the query and refuses one that does more than read.
func checkQuery(p params) (query string, err error) {
	field, query := "query", p.Query
	if p.QueryFile.Name != "" {
		if query != "" {
			return "", probes.Fieldf("query_file", "there is a query already")
		}
		field, query = "query_file", p.QueryFile.Text
	}
	if field == "query" && query == "" {
		if p.Key != "" || len(p.Columns) > 0 {
			field = "key"
			if p.Key == "" {
				field = "columns"
			}
			return "", probes.Fieldf(field, "is of a query's rows, and there is no query")
		}
		return "", nil
	}
	// Lines of Windows, and the mark that its editors begin a file with.
	query = strings.TrimSpace(strings.ReplaceAll(strings.TrimPrefix(query, "\ufeff"), "\r\n", "\n"))
	if why := onlyReads(query); why != nil {
		return "", probes.Fieldf(field, "%v", why)
	}
	if len(p.Databases) > 1 {
		return "", probes.Fieldf("database", "a query runs in one database, got %d", len(p.Databases))
	}
	seen := map[string]bool{strings.ToLower(p.Key): true}
	for _, column := range p.Columns {
		folded := strings.ToLower(column)
		if column == "" || seen[folded] {
			return "", probes.Fieldf("columns", "%q is there twice, or empty", column)
		}
		seen[folded] = true
	}
	return query, nil
}

// looksAround says whether the check looks at more than the login and the query's rows.
func (p probe) looksAround() bool { return p.query == "" || len(p.Parts) > 0 }

// ask asks what the check is after.
func (p probe) ask(ctx context.Context, conn *stdsql.Conn) (readings []fact.Reading, err error) {
	switch {
	case p.looksAround():
		readings, err = p.read(ctx, conn)
	case p.Instance != "":
		readings, err = p.readName(ctx, conn)
	}
	if err != nil || p.query == "" || isAnother(readings) {
		return readings, err
	}
	more, err := p.run(ctx, conn)
	return append(readings, more...), err
}

// readName finds out which instance a query would run on.
func (p probe) readName(ctx context.Context, conn *stdsql.Conn) ([]fact.Reading, error) {
	var name stdsql.NullString
	row := conn.QueryRowContext(ctx, `SELECT CAST(SERVERPROPERTY('InstanceName') AS nvarchar(128)) AS name`)
	if err := row.Scan(&name); err != nil {
		return nil, fmt.Errorf("reading the instance's name: %w", err)
	}
	readings, _ := p.whose(name.String)
	return readings, nil
}

// isAnother says whether what answered is not the instance that the suite names: of
// another one nothing else is read.
func isAnother(readings []fact.Reading) bool {
	return slices.ContainsFunc(readings, func(r fact.Reading) bool {
		return r.Key.Name == "right_instance" && r.Value.String() != "yes"
	})
}

// run runs the suite's own query. That it fails is a reading, as it would be to whoever
// uses the table; that it may not be asked, or does not end, is not.
func (p probe) run(ctx context.Context, conn *stdsql.Conn) ([]fact.Reading, error) {
	asked, cancel := almostAll(ctx)
	defer cancel()
	start := time.Now()
	rows, err := p.rows(ctx, asked, conn)
	took := probes.Read("", "query_time", fact.Duration(time.Since(start)))
	var answer mssql.Error
	switch said := errors.As(err, &answer) && answer.Number != 0; {
	case err == nil:
		readings, err := p.told(rows)
		if err != nil {
			return nil, fmt.Errorf("reading the query's rows: %w", err)
		}
		return append([]fact.Reading{probes.Read("", "query", fact.Text(answeredWell)), took}, readings...), nil
	case ctx.Err() == nil && asked.Err() != nil:
		return nil, fmt.Errorf("running the query: %w", reach.Tell("no answer in time", context.DeadlineExceeded))
	case !said:
		return nil, fmt.Errorf("running the query: %w", err)
	case isDenied(answer.Number):
		return nil, fmt.Errorf("running the query: the login may not; "+
			"it needs SELECT on what is read, as a user of the database: %w", err)
	case isElsewhere(answer.Number):
		return nil, fmt.Errorf("running the query: this copy of the database is not to be read: %w", err)
	default:
		return []fact.Reading{
			probes.Read("", "query", fact.Text(answerWord(answer.Number))), took,
			probes.Read("", "query_error", fact.Text(messageLine(answer.Message))),
		}, nil
	}
}

// almostAll leaves time to take the query back and to end the transaction.
func almostAll(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, limited := ctx.Deadline()
	if !limited {
		return context.WithCancel(ctx)
	}
	left := time.Until(deadline)
	return context.WithTimeout(ctx, left-min(left/5, 3*time.Second))
}

// told are the readings of the rows.
func (p probe) told(rows table) ([]fact.Reading, error) {
	columns := p.Columns
	for _, column := range slices.Concat(columns, []string{cmp.Or(p.Key, rows.columns[0])}) {
		if !slices.ContainsFunc(rows.columns, func(c string) bool { return strings.EqualFold(c, column) }) {
			return nil, fmt.Errorf("there is no column %q among %.300q", column, rows.columns)
		}
	}
	if columns == nil {
		columns = slices.DeleteFunc(slices.Clone(rows.columns), func(c string) bool { return strings.EqualFold(c, p.Key) })
	}
	readings := []fact.Reading{probes.Read("", "count", fact.Int(len(rows.rows)))}
	if p.Key == "" {
		if n := len(rows.rows); n != 1 {
			return nil, fmt.Errorf("%d rows: return one, or name the key that tells them apart", n)
		}
		return append(readings, cells.Fields(rowPrefix, rows.rows[0], columns, nil)...), nil
	}
	keyed, err := cells.ByKey(rows.rows, p.Key, cells.Words{One: "a row", Many: "rows", Or: ", or leave it out by WHERE"})
	if err != nil {
		return nil, err
	}
	for _, row := range keyed {
		item := rowPrefix + row.Key
		readings = append(readings, probes.Read(item, "present", fact.Bool(true)))
		readings = append(readings, cells.Fields(item+"/", row.Row, columns, nil)...)
	}
	return readings, nil
}
