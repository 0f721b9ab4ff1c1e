package sql

import (
	"context"
	"fmt"
	"strings"
	"time"

	"postpatch/probes"
	"postpatch/probes/fact"
)

const (
	answersState = "answers"
	// notHere is what a database answers whose copy is not to be read, and is well.
	notHere = "not readable here"
)

// answersPart reads something in each database that the suite names: HAS_DBACCESS knows
// of no page that cannot be read.
func answersPart() part {
	return part{
		name: "answers", state: answersState, needs: "CONNECT to the databases", specs: answersReadings(),
		notes: []string{
			"answers reads a row of sys.objects in each database that is named; what else is to be read, query says.",
		},
		read: readAnswers,
	}
}

func answersReadings() []probes.ReadingSpec {
	return []probes.ReadingSpec{
		{
			Name: "answer", Type: fact.TypeText, Rule: fact.Rule{Op: fact.Ignore}, Behind: answersState,
			Expect: "one of " + answeredWell + ", " + notHere, Waits: answersLater(),
			Doc: "Of a database that the suite names, whether a row can be read: ok; not readable here, of a secondary; " +
				"failed or waiting, with the error number.",
		},
		{
			Name: "answer_time", Type: fact.TypeDuration, Rule: fact.Rule{Op: fact.Ignore}, Behind: answersState,
			Doc: "How long the databases that the suite names took to answer, all together.",
		},
	}
}

// readAnswers asks all of them in one batch.
func readAnswers(ctx context.Context, v *visit) ([]fact.Reading, error) {
	names := v.probe.Databases
	if len(names) == 0 {
		return nil, nil
	}
	start := time.Now()
	rows, err := v.conn.QueryContext(ctx, answersQuery(names))
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var readings, copies []fact.Reading
	for more := true; more; more = rows.NextResultSet() {
		for rows.Next() {
			var i, number int
			if err := rows.Scan(&i, &number); err != nil {
				return nil, err
			}
			if i < len(readings) || len(names) <= i {
				return nil, fmt.Errorf("an answer of database %d, which was not asked", i)
			}
			word := answerOf(int32(number))
			readings = append(readings, probes.Read(names[i], "answer", fact.Text(word)))
			if item := names[i]; word == notHere && !v.closed[item] { // the groups were not looked at, and it says so itself
				v.closed[item] = true
				copies = append(copies, probes.Read(item, copyRole, fact.Text(notReadable)))
			}
		}
		if err := rows.Err(); err != nil {
			return nil, err
		}
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	if len(readings) != len(names) {
		return nil, fmt.Errorf("%d answers of %d databases", len(readings), len(names))
	}
	readings = append(readings, copies...)
	return append(readings, probes.Read("", "answer_time", fact.Duration(time.Since(start)))), nil
}

func answerOf(number int32) string {
	switch {
	case number == 0:
		return answeredWell
	case isElsewhere(number):
		return notHere
	default:
		return answerWord(number)
	}
}

// answersQuery asks each database in a TRY of its own. That a database cannot be opened
// shows when the statement is compiled, which CATCH sees of a lower level alone: hence
// sp_executesql ("TRY...CATCH (Transact-SQL)", errors unaffected by it).
func answersQuery(names []string) string {
	var b strings.Builder
	b.WriteString("SET LOCK_TIMEOUT 5000;\n")
	for i, name := range names {
		inner := "DECLARE @id int; SELECT TOP (1) @id = object_id FROM " + bracketed(name) + ".sys.objects;"
		fmt.Fprintf(&b, `BEGIN TRY
 EXEC sys.sp_executesql N'%s';
 SELECT %d AS asked, 0 AS failed;
END TRY
BEGIN CATCH
 SELECT %d AS asked, ERROR_NUMBER() AS failed;
END CATCH;
`, strings.ReplaceAll(inner, "'", "''"), i, i)
	}
	return b.String()
}
