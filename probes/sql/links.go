package sql

import (
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
	"postpatch/probes/internal/named"
	"postpatch/probes/internal/wildcard"
)

const (
	linksName  = "links"
	linksQuery = `SELECT name, product, provider, data_source, is_data_access_enabled, is_rpc_out_enabled
 FROM sys.servers WHERE is_linked = 1 ORDER BY name`
	// testLink connects to a linked server as the login would, and fails with the reason.
	// It is called by its name and not from a batch: what a provider fails with, TRY and
	// CATCH often do not catch.
	testLink = "sys.sp_testlinkedserver"
	// mostLinks is more than anybody links, and keeps a server from being asked for ever.
	mostLinks = 200
	// linkPatience is how long a link is waited for at least before it counts as one that
	// does not answer; remote login timeout, the server's own, is 10 s by default.
	linkPatience = 2 * time.Second
	noAnswer     = "no answer"
)

// linksPart is the linked servers, each of which is connected to: only where the suite
// wants it, and last, because one that hangs takes the connection along.
func linksPart() part {
	return part{
		name: linksName, state: "link_test", needs: "EXECUTE on " + testLink, optIn: true, partial: true,
		specs: linkReadings(), notes: linkNotes(), read: readLinks,
	}
}

func linkNotes() []string {
	return []string{
		"Linked servers are connected to where the suite wants it, by linked_server, or all of them by part: links.",
		"They are asked last, one call each beside the eight batches, within half of the time that is left.",
		"failed 18456 before and after is mostly a Windows login that the instance cannot pass on (double hop).",
		"failed 7416 is a login that has no mapping to the linked server.",
	}
}

func linkReadings() []probes.ReadingSpec {
	const reached = "Whether the instance reaches a linked server as this login: ok; failed, with the error's number; " +
		noAnswer + " within 2 s; "
	all := []probes.ReadingSpec{
		{
			Name: "link", Type: fact.TypeText, Severity: fact.Fail, Expect: "ok", Rule: fact.Rule{Op: fact.Ignore},
			Doc: reached + "absent. Of one that linked_server names.",
		},
		{
			Name: "other_link", Type: fact.TypeText, Severity: fact.Fail, Keep: "ok", Rule: fact.Rule{Op: fact.Ignore},
			Doc: reached + "not tested. Of one that linked_server does not name: what was ok has to stay it.",
		},
		{
			Name: "link_product", Type: fact.TypeText, Evidence: true,
			Doc: "Of a linked server: its product, such as SQL Server.",
		},
		{
			Name: "link_provider", Type: fact.TypeText, Severity: fact.Fail, Evidence: true,
			Doc: "Of a linked server: the OLE DB provider, such as MSOLEDBSQL.",
		},
		{
			Name: "link_source", Type: fact.TypeText, Severity: fact.Fail, Evidence: true,
			Doc: "Of a linked server: where it is.",
		},
		{
			Name: "link_data_access", Type: fact.TypeBool, Severity: fact.Fail,
			Doc: "Of a linked server: whether queries may go there.",
		},
		{
			Name: "link_rpc_out", Type: fact.TypeBool, Severity: fact.Fail,
			Doc: "Of a linked server: whether procedures may be called there.",
		},
	}
	for i := range all {
		all[i].Behind = "link_test"
	}
	return all
}

// readLinks lists the linked servers and tests those that the suite wants.
func readLinks(ctx context.Context, v *visit) ([]fact.Reading, error) {
	var rows []record
	if err := v.readSets(ctx, linksQuery, &rows); err != nil {
		return nil, err
	}
	var readings []fact.Reading
	var twins named.Twins
	var tests []linkTest
	wanted := wildcard.Patterns(v.probe.Linked)
	seen := map[string]bool{}
	for _, r := range rows {
		item, isNamed := v.probe.link(r["name"], rows)
		if isNamed {
			seen[item] = true
		}
		test := linkTest{name: r["name"], item: twins.Item("link/" + item), reading: "other_link"}
		if isNamed {
			test.reading = "link"
		}
		readings = append(readings, linkSettings(test.item, r)...)
		if len(wanted) == 0 || isNamed || wanted.Match(r["name"]) {
			tests = append(tests, test)
		}
	}
	for _, name := range v.probe.Linked {
		if wildcard.Exact(name) && !seen[name] {
			readings = append(readings, probes.Read(twins.Item("link/"+name), "link", fact.Text("absent")))
		}
	}
	more, err := v.testAll(ctx, tests)
	return append(readings, more...), err
}

// linkTest is one linked server to be tested, and where its state is told.
type linkTest struct{ name, item, reading string }

// testAll tests until there is no more time; what is not tested then is not known.
func (v *visit) testAll(ctx context.Context, tests []linkTest) ([]fact.Reading, error) {
	var readings []fact.Reading
	for i, test := range tests {
		state := fmt.Sprintf("not tested: more than %d", mostLinks)
		if i < mostLinks {
			var err error
			state, err = v.test(ctx, test.name, len(tests)-i)
			if err != nil && state == "" {
				return readings, err
			}
			if err != nil {
				return append(readings, probes.Read(test.item, test.reading, fact.Text(state))), lastOr(err, i == len(tests)-1)
			}
		}
		readings = append(readings, probes.Read(test.item, test.reading, fact.Text(state)))
	}
	return readings, nil
}

// lastOr is an error unless there was nothing more to ask.
func lastOr(err error, last bool) error {
	if last {
		return nil
	}
	return err
}

// link is what a linked server is called in the readings: as the suite writes it, if it
// names it.
func (p probe) link(name string, rows []record) (item string, isNamed bool) {
	if slices.Contains(p.Linked, name) {
		return name, wildcard.Exact(name)
	}
	for _, n := range p.Linked {
		there := slices.ContainsFunc(rows, func(r record) bool { return r["name"] == n })
		if strings.EqualFold(n, name) && wildcard.Exact(n) && !there {
			return n, true
		}
	}
	return name, false
}

func linkSettings(item string, r record) []fact.Reading {
	var readings []fact.Reading
	for _, c := range [][2]string{
		{"link_product", "product"}, {"link_provider", "provider"}, {"link_source", "data_source"},
	} {
		if text := r[c[1]]; text != "" {
			readings = append(readings, probes.Read(item, c[0], fact.Text(text)))
		}
	}
	return append(readings,
		probes.Read(item, "link_data_access", fact.Bool(r.isSet("is_data_access_enabled"))),
		probes.Read(item, "link_rpc_out", fact.Bool(r.isSet("is_rpc_out_enabled"))))
}

// test connects to one linked server in a fair part of the time that is left, but no less
// than it may need. The procedure has the server's own patience, and a provider that hangs
// hears no cancel: then the connection is given up, which is the error, and nothing else
// can be asked.
func (v *visit) test(ctx context.Context, name string, left int) (state string, lost error) {
	mine, cancel := ctx, context.CancelFunc(func() {})
	enough := true
	if !v.until.IsZero() {
		rest := time.Until(v.until)
		enough = rest >= v.probe.patience
		mine, cancel = within(ctx, max(rest/time.Duration(left), min(rest, v.probe.patience)))
	}
	defer cancel()
	answer := make(chan error, 1)
	go func() { answer <- v.call(mine, name) }()
	select {
	case err := <-answer:
		state, lost = linkState(mine, err)
	case <-ctx.Done():
		state, lost = noAnswer, errNoTime
	}
	if state == noAnswer && !enough {
		return "", errNoTime
	}
	return state, lost
}

// call runs the procedure. The driver's panics end no more than the call.
func (v *visit) call(ctx context.Context, name string) (err error) {
	defer func() {
		if damage := recover(); damage != nil {
			err = fmt.Errorf("testing a linked server: %v", damage)
		}
	}()
	rows, err := v.conn.QueryContext(ctx, testLink, stdsql.Named("servername", name))
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for more := true; more; more = rows.NextResultSet() {
		for rows.Next() {
			continue // it has nothing to tell
		}
	}
	return rows.Err()
}

// linkState is what the test of one came to; an error where nothing more can be asked.
func linkState(mine context.Context, err error) (string, error) {
	var answer mssql.Error
	switch {
	case err == nil:
		return "ok", nil
	case errors.As(err, &answer) && answer.Number != 0:
		number := answer.Number
		if len(answer.All) > 0 {
			number = answer.All[0].Number // the provider's comes before what follows from it
		}
		if number == 229 || number == 2812 { // no right to the procedure, or no such procedure
			return "", err
		}
		return fmt.Sprintf("failed %d", number), nil
	case errors.Is(err, context.Canceled): // the server heard it
		return noAnswer, nil
	case mine.Err() != nil:
		return noAnswer, errNoTime
	default:
		return "", err
	}
}
