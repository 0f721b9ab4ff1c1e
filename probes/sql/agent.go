package sql

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	mssql "github.com/microsoft/go-mssqldb"

	"postpatch/probes"
	"postpatch/probes/fact"
)

// sysjobservers has the newest run of each job, however the history is pruned: by default
// that keeps 100 rows of a job and 1000 of all. Its server 0 is this one (from memory).
// Of what runs only the sessions of Agent tell that began since the instance did: in an
// earlier one a job may run for ever, since nobody was left to say that it ended. Agent
// starts after the instance, and tempdb is made when that does.
// Source: Microsoft, "SQL Server Agent Tables (Transact-SQL)".
const agentQuery = `SELECT TOP (5001) CAST(job_id AS nvarchar(36)) AS id, name, enabled, category_id, delete_level
 FROM msdb.dbo.sysjobs ORDER BY date_created, job_id;
SELECT category_id, name FROM msdb.dbo.syscategories WHERE category_class = 1;
SELECT CAST(job_id AS nvarchar(36)) AS id, last_run_outcome, last_run_date, last_run_time, last_run_duration
 FROM msdb.dbo.sysjobservers WHERE server_id = 0;
SELECT TOP (200) CAST(job_id AS nvarchar(36)) AS id, step_id, run_date, run_time, CAST(message AS nvarchar(400)) AS text
 FROM msdb.dbo.sysjobhistory WHERE run_status = 0 ORDER BY instance_id DESC;
SELECT TOP (1) agent_start_date FROM msdb.dbo.syssessions ORDER BY session_id DESC;
SELECT CAST(a.job_id AS nvarchar(36)) AS id, a.session_id, a.start_execution_date, a.stop_execution_date,
 a.next_scheduled_run_date
 FROM msdb.dbo.sysjobactivity AS a
 JOIN msdb.dbo.syssessions AS s ON s.session_id = a.session_id
 JOIN sys.databases AS d ON d.name = 'tempdb' AND s.agent_start_date >= d.create_date`

// Of the results of that query, so many tell of jobs; what is behind them only sysadmin may
// see unless somebody has granted it. Source: Microsoft, "dbo.syssessions (Transact-SQL)".
// That a login may not is said before a result begins, while the one before is read.
const jobResults = 4

// mostJobs are told; a server has one more at most, so that the count shows it.
const mostJobs = 5000

// The words of whether Agent has started.
const (
	agentStarted    = "started"
	agentNotStarted = "not started"
	agentNever      = "never started"
	agentNone       = "none in this edition"
	agentUnread     = notChecked + "needs SELECT on msdb.dbo.syssessions and msdb.dbo.sysjobactivity"
)

// express is the EngineEdition without Agent.
// Source: Microsoft, "SERVERPROPERTY (Transact-SQL)".
const express = 4

// agentPart is SQL Server Agent and its jobs.
func agentPart() part {
	return part{
		name: "agent", state: "agent_jobs",
		needs: "SELECT on msdb.dbo.sysjobs, sysjobservers, sysjobhistory and syscategories",
		grants: []string{
			"dbo.sysjobs", "dbo.sysjobservers", "dbo.sysjobhistory", "dbo.syscategories", "dbo.syssessions",
			"dbo.sysjobactivity",
		},
		specs: agentReadings(), read: readAgent,
		notes: []string{
			"Jobs are told where the login may SELECT from msdb.dbo.sysjobs, sysjobservers, sysjobhistory and syscategories.",
			"Whether Agent has started, and what it runs, from msdb.dbo.syssessions and sysjobactivity.",
			"SQLAgentReaderRole shows jobs through procedures alone, and is not enough.",
			"A job that fails since the instance was started, and did not before, has regressed; no run since says nothing.",
			"Jobs that bear a number for a name, as report subscriptions do, are counted by their category.",
		},
	}
}

func readAgent(ctx context.Context, v *visit) ([]fact.Reading, error) {
	a := agent{instance: v.startedLocally(), byID: map[string]*job{}, categories: map[int64]string{}}
	whole, err := v.batch(ctx, agentQuery, a.addJob, a.addCategory, a.addRun, a.addFailure, a.addSession, a.addActivity)
	state := a.state(v.edition)
	if err != nil {
		var answer mssql.Error
		if whole < jobResults-1 || !errors.As(err, &answer) || !isDenied(answer.Number) {
			return nil, err
		}
		state = agentUnread
	}
	return append(a.readings(v.offset), probes.Read("", "agent", fact.Text(state))), nil
}

// startedLocally is when the instance was started, in its own time; zero when it does not
// tell.
func (v *visit) startedLocally() time.Time {
	for _, d := range v.databases {
		if strings.EqualFold(d.name, "tempdb") && d.created.Valid {
			return d.created.Time
		}
	}
	return time.Time{}
}

// state says whether Agent has started since the instance was. That is as good as its
// clock: in the hour that comes twice in autumn the order of the two may be lost, which
// is told as not started. Whether it still runs, its service tells.
func (a *agent) state(edition int) string {
	switch {
	case edition == express:
		return agentNone
	case a.session.IsZero():
		return agentNever
	case a.instance.IsZero():
		return unreadable
	case a.session.Before(a.instance):
		return agentNotStarted
	default:
		return agentStarted
	}
}

func agentReadings() []probes.ReadingSpec {
	const jobs = "agent_jobs" // as in agentPart
	ignored := fact.Rule{Op: fact.Ignore}
	specs := []probes.ReadingSpec{
		{
			Name: "agent", Type: fact.TypeText, Rule: ignored, Severity: fact.Fail, Keep: agentStarted, Behind: jobs,
			Waits:  []fact.Value{fact.Text(agentNotStarted)},
			Unseen: []fact.Value{fact.Text(agentUnread), fact.Text(unreadable)},
			Doc: "started; not started, since the instance was; never started; none in this edition; or not checked. That " +
				"it still runs is not said.",
		},
		{
			Name: "jobs", Type: fact.TypeInt, Of: "jobs", Rule: ignored, Behind: jobs,
			Doc: "How many jobs there are; 5001 stands for more, and those beyond 5000 are not told.",
		},
		{
			Name: "jobs_failing", Type: fact.TypeInt, Of: "jobs", Rule: ignored, Behind: jobs,
			Doc: "Of how many jobs the newest run failed, since the instance was started.",
		},
		{
			Name: "jobs_left_out", Type: fact.TypeInt, Of: "jobs", Rule: ignored, Behind: jobs,
			Doc: "How many jobs are left out, since they are deleted once they have run.",
		},
	}
	for _, r := range slices.Concat(jobReadings(), groupReadings()) {
		r.Partial = true
		if r.Behind == "" {
			r.Behind = jobs
		}
		specs = append(specs, r)
	}
	return specs
}

// jobReadings are those of one job.
func jobReadings() []probes.ReadingSpec {
	ignored := fact.Rule{Op: fact.Ignore}
	return []probes.ReadingSpec{
		{
			Name: "job_enabled", Type: fact.TypeBool, Keep: "true",
			Doc: "Of a job: whether Agent may run it when it is due.",
		},
		{
			Name: "job_outcome", Type: fact.TypeText, Rule: ignored, Keep: "!= " + jobFailed,
			Excused: []fact.Value{fact.Text(jobFailedBefore)},
			Doc: "Of a job's newest run: succeeded, failed, cancelled, retry, in progress, never run, elsewhere; " +
				"failed before the start, where it has not run since the instance was started.",
		},
		{
			Name: "job_message", Type: fact.TypeText, Rule: ignored, Evidence: true,
			Doc: "What the step said that failed in that run, where the history has it; its first 300 characters.",
		},
		{
			Name: "job_failures", Type: fact.TypeInt, Of: "failures", Rule: ignored, Evidence: true,
			Doc: "How often the job failed since the instance was started, among the 200 newest failures of all jobs and steps.",
		},
		{
			Name: "job_last_run", Type: fact.TypeTime, Rule: ignored, Evidence: true,
			Doc: "When the job's newest run began; 1900-01-01 when it never ran.",
		},
		{
			Name: "job_took", Type: fact.TypeDuration, Rule: ignored, Doc: "How long that run took.",
		},
		{
			Name: "job_category", Type: fact.TypeText, Severity: fact.Note, Doc: "The job's category.",
		},
		{
			Name: "job_running", Type: fact.TypeBool, Rule: ignored, Evidence: true, Behind: "agent",
			Doc: "true while the job runs; absent else.",
		},
		{
			Name: "job_next_run", Type: fact.TypeTime, Rule: ignored, Evidence: true, Behind: "agent",
			Doc: "When the job is due, where Agent has told.",
		},
	}
}

// groupReadings are those of the jobs of a category that bear numbers.
func groupReadings() []probes.ReadingSpec {
	return []probes.ReadingSpec{
		{
			Name: "numbered_jobs", Type: fact.TypeInt, Of: "jobs", Rule: fact.Rule{Op: fact.AtLeast, Percent: 50},
			Doc: "Of a category: how many jobs bear a number for a name.",
		},
		{
			Name: "numbered_disabled", Type: fact.TypeInt, Of: "jobs", Rule: fact.Rule{Op: fact.AtMost},
			Doc: "How many of them are disabled.",
		},
		{
			Name: "numbered_failed", Type: fact.TypeInt, Of: "jobs", Rule: fact.Rule{Op: fact.AtMost},
			Doc: "Of how many of them the newest run failed, since the instance was started.",
		},
	}
}
