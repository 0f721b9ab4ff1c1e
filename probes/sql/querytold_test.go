package sql

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/runner/runnertest"
)

// jobs are the readings of a query over jobs, each a name and a status.
func jobs(t *testing.T, pairs ...string) runnertest.Seen {
	t.Helper()
	rows := table{columns: []string{"name", "status"}}
	for i := 0; i < len(pairs); i += 2 {
		rows.rows = append(rows.rows, host.Row{"name": {Text: pairs[i]}, "status": {Text: pairs[i+1]}})
	}
	told, err := probe{params: params{Key: "name"}}.told(rows)
	if err != nil {
		t.Fatal(err)
	}
	return runnertest.Seen{Readings: append([]fact.Reading{
		probes.Read("", "login", fact.Text("ok")), probes.Read("", "query", fact.Text("ok")),
	}, told...)}
}

func instead(login, query string) runnertest.Seen {
	s := runnertest.Seen{Readings: []fact.Reading{probes.Read("", "login", fact.Text(login))}}
	if query != "" {
		s.Readings = append(s.Readings, probes.Read("", "query", fact.Text(query)),
			probes.Read("", "query_error", fact.Text("Invalid object name 'dbo.Jobs'.")))
	}
	return s
}

func TestWhatAPatchDoesToRows(t *testing.T) {
	before := jobs(t, "Nightly", "ready", "Prices", "ready")
	for name, tt := range map[string]struct {
		after runnertest.Seen
		want  []string
	}{
		"another order":    {jobs(t, "Prices", "ready", "Nightly", "ready"), []string{"passed"}},
		"a value":          {jobs(t, "Nightly", "failed", "Prices", "ready"), []string{"drifted", "row/Nightly/status value: drifted ready -> failed"}},
		"a row is gone":    {jobs(t, "Nightly", "ready"), []string{"drifted failing", "row/Prices: drifted there -> gone", "row/Prices/status: drifted there -> gone"}},
		"a row is new":     {jobs(t, "Nightly", "ready", "Prices", "ready", "x", "y"), []string{"drifted", "row/x: drifted  -> new", "row/x/status: drifted  -> new"}},
		"all are gone":     {jobs(t), []string{"drifted failing", "row/Nightly: drifted there -> gone", "row/Nightly/status: drifted there -> gone", "row/Prices: drifted there -> gone", "row/Prices/status: drifted there -> gone"}},
		"no such table":    {instead("ok", "failed 208"), []string{"regressed failing", "query: regressed ok -> failed 208"}},
		"no login":         {instead("failed 18456", ""), []string{"regressed failing", "login: regressed ok -> failed 18456"}},
		"nobody could ask": {runnertest.Seen{Readings: instead("ok", "").Readings, Err: errors.New("no answer in time")}, []string{"unknown"}},
	} {
		t.Run(name, func(t *testing.T) {
			const check = "- sql: {query: SELECT name FROM t, key: name}"
			got := runnertest.Told(t, Kind, check, [2]runnertest.Seen{before, tt.after})
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("told (-want +got):\n%s", d)
			}
		})
	}
}
