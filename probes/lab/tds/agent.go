package tds

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"postpatch/probes/lab/estate"
)

// The tables of SQL Server Agent in msdb. Source: Microsoft, "SQL Server Agent Tables
// (Transact-SQL)", and a page for each of them.

// jobID is a uniqueidentifier, as the text that CAST makes of it.
func jobID() column { return tableColumn("job_id", colType{kind: kindText, size: 36}) }

func idOfJob(name string, j estate.Job) string {
	if j.ID != "" {
		return strings.ToUpper(j.ID)
	}
	sum := sha256.Sum256([]byte(name))
	return strings.ToUpper(fmt.Sprintf("%x-%x-%x-%x-%x", sum[:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16]))
}

// eachJob visits the jobs in the order in which they were made.
func (sc scope) eachJob(visit func(name string, j estate.Job)) {
	for _, name := range slices.Sorted(maps.Keys(sc.sql.Jobs)) {
		visit(name, sc.sql.Jobs[name])
	}
}

// The types of their columns.
func agentInt() colType  { return colType{kind: kindInt} }
func agentTiny() colType { return colType{kind: kindTinyInt} }
func agentName() colType { return colType{kind: kindText, size: 128} }
func agentTime() colType { return colType{kind: kindDateTime, nullable: true} }

func agentText(size int) colType { return colType{kind: kindText, size: size, nullable: true} }

func ints(names ...string) []column {
	var all []column
	for _, name := range names {
		all = append(all, tableColumn(name, agentInt()))
	}
	return all
}

// uncategorized is the category that a job has when nobody gives it one.
const uncategorized = "[Uncategorized (Local)]"

// categories are those of the jobs, by their ids: the first ones every instance has.
func (sc scope) categories() []string {
	all := []string{uncategorized, "Jobs from MSX", "Database Maintenance"}
	sc.eachJob(func(_ string, j estate.Job) {
		if j.Category != "" && !slices.Contains(all, j.Category) {
			all = append(all, j.Category)
		}
	})
	return all
}

func (sc scope) jobCategories() table {
	t := table{columns: []column{
		tableColumn("category_id", agentInt()), tableColumn("category_class", agentInt()),
		tableColumn("category_type", agentTiny()), tableColumn("name", agentName()),
	}}
	for id, name := range sc.categories() {
		t.rows = append(t.rows, []any{int64(id), int64(1), int64(1), name})
	}
	t.rows = append(t.rows, []any{int64(98), int64(2), int64(3), "[Uncategorized]"}) // of alerts
	return t
}

func (sc scope) jobsTable() table {
	t := table{columns: slices.Concat([]column{
		jobID(), tableColumn("originating_server_id", agentInt()), tableColumn("name", agentName()),
		tableColumn("enabled", agentTiny()), tableColumn("description", agentText(512)),
	}, ints("start_step_id", "category_id", "notify_level_eventlog", "delete_level"), []column{
		tableColumn("date_created", colType{kind: kindDateTime}), tableColumn("date_modified", colType{kind: kindDateTime}),
		tableColumn("version_number", agentInt()),
	})}
	created := time.Date(2024, 3, 4, 9, 0, 0, 0, time.UTC)
	sc.eachJob(func(name string, j estate.Job) {
		enabled, once := int64(1), int64(0)
		if j.Disabled {
			enabled = 0
		}
		if j.Once {
			once = 3 // however it ends
		}
		category := max(slices.Index(sc.categories(), cmp.Or(j.Category, uncategorized)), 0)
		t.rows = append(t.rows, []any{
			idOfJob(name, j), int64(0), name, enabled, "No description available.",
			int64(1), int64(category), int64(0), once, created, created, int64(3),
		})
	})
	return t
}

// statusOf is a run_status. Source: "dbo.sysjobhistory (Transact-SQL)".
func statusOf(r estate.Run) int64 {
	return int64(slices.Index([]string{"failed", "succeeded", "retry", "cancelled", "in progress", "unknown"},
		cmp.Or(r.Outcome, "succeeded")))
}

// intDate and intTime are how Agent writes a moment: 20261120 and 31244 for 03:12:44.
func intDate(t time.Time) int64 { return int64(t.Year()*10000 + int(t.Month())*100 + t.Day()) }
func intTime(t time.Time) int64 { return int64(t.Hour()*10000 + t.Minute()*100 + t.Second()) }

// intDuration is how it writes how long something took; hours may go beyond 23.
func intDuration(d time.Duration) int64 {
	s := int64(d / time.Second)
	return s/3600*10000 + s/60%60*100 + s%60
}

// jobServers tells the newest run of each job that runs here, whatever became of the history.
func (sc scope) jobServers() table {
	t := table{columns: []column{
		jobID(), tableColumn("server_id", agentInt()), tableColumn("last_run_outcome", agentTiny()),
		tableColumn("last_outcome_message", agentText(4000)),
		tableColumn("last_run_date", agentInt()), tableColumn("last_run_time", agentInt()),
		tableColumn("last_run_duration", agentInt()),
	}}
	sc.eachJob(func(name string, j estate.Job) {
		row := []any{idOfJob(name, j), int64(0), int64(5), nil, int64(0), int64(0), int64(0)}
		if j.Remote {
			row[1] = int64(1)
		}
		if len(j.Runs) > 0 {
			last := slices.MaxFunc(j.Runs, func(a, b estate.Run) int {
				return moment(a.Started, a.Age).Compare(moment(b.Started, b.Age))
			})
			at := moment(last.Started, last.Age)
			row = append(row[:2], statusOf(last), outcomeMessage(last), intDate(at), intTime(at), intDuration(last.Took))
		}
		t.rows = append(t.rows, row)
	})
	return t
}

func outcomeMessage(r estate.Run) string {
	return "The job " + cmp.Or(r.Outcome, "succeeded") + ".  The Job was invoked by Schedule 9 (Nightly).  " +
		"The last step to run was step 1 (Step 1)."
}

// jobHistory tells of each run its one step and, as step 0, what the job came to.
func (sc scope) jobHistory() table {
	t := table{columns: slices.Concat([]column{
		tableColumn("instance_id", agentInt()), jobID(), tableColumn("step_id", agentInt()),
		tableColumn("step_name", agentName()),
	}, ints("sql_message_id", "sql_severity"), []column{
		tableColumn("message", agentText(4000)),
	}, ints("run_status", "run_date", "run_time", "run_duration", "operator_id_emailed", "operator_id_netsent",
		"operator_id_paged", "retries_attempted"), []column{tableColumn("server", agentName())})}
	type told struct {
		job string
		run estate.Run
	}
	var all []told
	sc.eachJob(func(name string, j estate.Job) {
		for _, r := range j.Runs {
			if r.Started = moment(r.Started, r.Age); !j.Pruned {
				all = append(all, told{idOfJob(name, j), r})
			}
		}
	})
	slices.SortStableFunc(all, func(a, b told) int { return a.run.Started.Compare(b.run.Started) })
	for _, h := range all {
		at := h.run.Started
		step := cmp.Or(h.run.Message, "Executed as user: NT SERVICE\\SQLSERVERAGENT. The step succeeded.")
		for _, told := range []struct {
			id            int64
			name, message string
		}{{1, "Step 1", step}, {0, "(Job outcome)", outcomeMessage(h.run)}} {
			t.rows = append(t.rows, []any{
				int64(len(t.rows) + 1), h.job, told.id, told.name, int64(0), int64(0), told.message, statusOf(h.run),
				intDate(at), intTime(at), intDuration(h.run.Took), int64(0), int64(0), int64(0), int64(0),
				strings.ToUpper(sc.session.server.host().Name),
			})
		}
	}
	return t
}

// agentStarts are when Agent was started, each time: a month before the instance, and
// since then unless it is down.
func (sc scope) agentStarts() []time.Time {
	instance := started(sc.sql)
	switch {
	case sc.sql.Agent.Absent:
		return nil
	case sc.sql.Agent.Down:
		return []time.Time{instance.AddDate(0, -1, 0)}
	case !sc.sql.Agent.Started.IsZero():
		return []time.Time{instance.AddDate(0, -1, 0), sc.sql.Agent.Started}
	default:
		return []time.Time{instance.AddDate(0, -1, 0), instance.Add(time.Minute)}
	}
}

func (sc scope) agentSessions() table {
	t := table{columns: []column{
		tableColumn("session_id", agentInt()), tableColumn("agent_start_date", colType{kind: kindDateTime}),
	}}
	for i, at := range sc.agentStarts() {
		t.rows = append(t.rows, []any{int64(i + 1), at})
	}
	return t
}

// jobActivity has a row for each job in each session. In the first one they were running
// when the server was switched off, and will always be so.
func (sc scope) jobActivity() table {
	t := table{columns: []column{
		tableColumn("session_id", agentInt()), jobID(), tableColumn("run_requested_date", agentTime()),
		tableColumn("run_requested_source", agentText(128)), tableColumn("queued_date", agentTime()),
		tableColumn("start_execution_date", agentTime()),
		tableColumn("last_executed_step_id", colType{kind: kindInt, nullable: true}),
		tableColumn("last_executed_step_date", agentTime()), tableColumn("stop_execution_date", agentTime()),
		tableColumn("job_history_id", colType{kind: kindInt, nullable: true}),
		tableColumn("next_scheduled_run_date", agentTime()),
	}}
	for i, session := range sc.agentStarts() {
		sc.eachJob(func(name string, j estate.Job) {
			row := []any{int64(i + 1), idOfJob(name, j), nil, nil, nil, nil, nil, nil, nil, nil, nil}
			if !j.Next.IsZero() {
				row[10] = j.Next
			}
			if i == 0 || j.Running {
				row[2], row[3], row[5] = session, "1", session
			}
			t.rows = append(t.rows, row)
		})
	}
	return t
}
