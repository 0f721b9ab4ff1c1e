package tds_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes/lab/estate"
)

func withJobs() estate.Host {
	h := healthy()
	run := func(outcome string, after, took time.Duration) estate.Run {
		return estate.Run{Outcome: outcome, Started: started().Add(after), Took: took}
	}
	h.SQL.Jobs = map[string]estate.Job{
		"Nightly": {Runs: []estate.Run{run("", -time.Hour, 26*time.Hour+5*time.Second), run("failed", 4*time.Hour, time.Minute)}},
		"Reports": {Category: "Report Server", Disabled: true, Running: true},
		"Weekly":  {Pruned: true, Runs: []estate.Run{run("cancelled", time.Hour, 0)}},
	}
	h.SQL.Databases["Orders"] = estate.Database{
		SuspectPages: []estate.SuspectPage{{Page: 7}, {File: 2, Page: 1 << 31, Event: 5}},
		CheckDB:      started(),
	}
	return h
}

// TestAgentTables holds what the tables of Agent say, in the forms that it keeps.
func TestAgentTables(t *testing.T) {
	for _, c := range []struct{ name, query, want string }{
		{"jobs", "SELECT name, enabled, category_id FROM msdb.dbo.sysjobs", "Nightly 1 0; Reports 0 3; Weekly 1 0"},
		{
			"categories of jobs", "SELECT name FROM msdb.dbo.syscategories WHERE category_class = 1",
			"[Uncategorized (Local)]; Jobs from MSX; Database Maintenance; Report Server",
		},
		{
			"the newest runs", "SELECT last_run_outcome, last_run_date, last_run_time, last_run_duration " +
				"FROM msdb.dbo.sysjobservers WHERE server_id = 0",
			"0 20261120 71244 100; 5 0 0 0; 3 20261120 41244 0",
		},
		{
			"the history", "SELECT step_id, run_status, run_date, run_time, run_duration FROM msdb.dbo.sysjobhistory " +
				"WHERE step_id = 0",
			"0 1 20261120 21244 260005; 0 0 20261120 71244 100",
		},
		{
			"steps come before what the job came to", "SELECT TOP (2) step_id FROM msdb.dbo.sysjobhistory ORDER BY instance_id",
			"1; 0",
		},
		{
			"sessions", "SELECT session_id, agent_start_date FROM msdb.dbo.syssessions",
			"1 2026-10-20 03:12:44; 2 2026-11-20 03:13:44",
		},
		{
			"what runs", "SELECT j.name FROM msdb.dbo.sysjobactivity a JOIN msdb.dbo.sysjobs j ON j.job_id = a.job_id " +
				"WHERE a.session_id = 2 AND a.start_execution_date IS NOT NULL AND a.stop_execution_date IS NULL",
			"Reports",
		},
		{
			"an earlier session never ends", "SELECT job_id FROM msdb.dbo.sysjobactivity WHERE session_id = 1 " +
				"AND start_execution_date IS NULL", "",
		},
		{
			"pages", "SELECT d.name, p.file_id, p.page_id, p.event_type, p.error_count FROM msdb.dbo.suspect_pages p " +
				"JOIN sys.databases d ON d.database_id = p.database_id",
			"Orders 1 7 2 1; Orders 2 2147483648 5 1",
		},
		{
			"CHECKDB", "SELECT CAST(DATABASEPROPERTYEX('Orders', 'LastGoodCheckDbTime') AS datetime), " +
				"CAST(DATABASEPROPERTYEX('master', 'LastGoodCheckDbTime') AS datetime), " +
				"CAST(DATABASEPROPERTYEX('Archive', 'LastGoodCheckDbTime') AS datetime)",
			"2026-11-20 03:12:44 1900-01-01 00:00:00 <nil>",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			rows, err := open(t, serve(t, withJobs()), plain).QueryContext(t.Context(), c.query)
			if err != nil {
				t.Fatal(err)
			}
			got, err := rowsOf(t, rows, time.DateTime)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, strings.Join(got, "; ")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
