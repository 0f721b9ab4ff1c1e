package sql

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes/lab/estate"
	"postpatch/runner/runnertest"
)

// patched is the instance after its restart for the patch.
func patched(s *estate.SQL) { s.Started = started().Add(72 * time.Hour) }

// TestPatchNights holds what a change of jobs and pages comes to.
func TestPatchNights(t *testing.T) {
	afterPatch := started().Add(73 * time.Hour)
	job := func(j estate.Job) func(*estate.SQL) {
		return func(s *estate.SQL) { s.Jobs = map[string]estate.Job{"Nightly": j} }
	}
	last := func(outcome string, at time.Time) func(*estate.SQL) {
		return job(estate.Job{Runs: []estate.Run{{Outcome: outcome, Started: at}}})
	}
	pages := func(of ...estate.SuspectPage) func(*estate.SQL) {
		return func(s *estate.SQL) { s.Databases["Orders"] = estate.Database{SuspectPages: of} }
	}
	deny := func(what string) func(*estate.SQL) {
		return func(s *estate.SQL) {
			job(estate.Job{})(s)
			s.Denied = []string{what}
		}
	}
	report := func(failed bool) func(*estate.SQL) {
		return func(s *estate.SQL) {
			r := estate.Job{Category: "Report Server", Runs: []estate.Run{{Started: afterPatch}}}
			if failed {
				r.Runs[0].Outcome = "failed"
			}
			s.Jobs = map[string]estate.Job{"0E4D2C9A-1111-4222-8333-444455556666": r}
		}
	}
	mended := make([]estate.SuspectPage, mostSuspects)
	for i := range mended {
		mended[i] = estate.SuspectPage{Page: int64(i), Event: 5}
	}
	for _, c := range []struct {
		name          string
		before, after func(*estate.SQL)
		want          []string
	}{
		{"all is well", last("succeeded", after(time.Hour)), last("succeeded", afterPatch), []string{"passed"}},
		{
			"a nightly has not run since", last("succeeded", after(time.Hour)), last("succeeded", after(time.Hour)),
			[]string{"passed"},
		},
		{
			"its first run fails", last("succeeded", after(time.Hour)), last("failed", afterPatch),
			[]string{"regressed failing", "job/Nightly job_outcome: regressed succeeded -> failed"},
		},
		{
			"it failed before the patch, after the capture", last("succeeded", after(time.Hour)), last("failed", after(2*time.Hour)),
			[]string{"passed"},
		},
		{"it failed before, and fails", last("failed", after(time.Hour)), last("failed", afterPatch), []string{"passed"}},
		{"it failed before, and is well", last("failed", after(time.Hour)), last("succeeded", afterPatch), []string{"passed"}},
		{
			"it had never run, and fails", job(estate.Job{}), last("failed", afterPatch),
			[]string{"regressed failing", "job/Nightly job_outcome: regressed never run -> failed"},
		},
		{
			"it was stopped, and then fails", last("cancelled", after(time.Hour)), last("failed", afterPatch),
			[]string{"regressed failing", "job/Nightly job_outcome: regressed cancelled -> failed"},
		},
		{"it is stopped by the restart", last("succeeded", after(time.Hour)), last("cancelled", after(71*time.Hour)), []string{"passed"}},
		{
			"it is disabled", job(estate.Job{}), job(estate.Job{Disabled: true}),
			[]string{"regressed failing", "job/Nightly job_enabled: regressed true -> false"},
		},
		{
			"it is enabled", job(estate.Job{Disabled: true}), job(estate.Job{}),
			[]string{"drifted", "job/Nightly job_enabled: drifted false -> true"},
		},
		{
			"it is gone", job(estate.Job{}), func(*estate.SQL) {},
			[]string{
				"regressed failing", "job/Nightly: drifted there -> gone", "job/Nightly job_enabled: regressed true -> ",
				"job/Nightly job_outcome: regressed never run -> ",
			},
		},
		{"it is new", func(*estate.SQL) {}, job(estate.Job{}), []string{"drifted", "job/Nightly: drifted  -> new"}},
		{"it runs at the moment", job(estate.Job{Running: true}), job(estate.Job{}), []string{"passed"}},
		{
			"Agent does not come back", job(estate.Job{}), func(s *estate.SQL) {
				job(estate.Job{})(s)
				s.Agent.Down = true
			},
			[]string{"regressed failing", "agent: regressed started -> not started"},
		},
		{
			"Agent never starts by itself", func(s *estate.SQL) { s.Agent.Down = true },
			func(s *estate.SQL) { s.Agent.Down = true },
			[]string{"passed"},
		},
		{"the login may no longer see jobs", job(estate.Job{}), deny("msdb.dbo.sysjobs"), []string{
			"unknown", "agent_jobs: drifted read -> not checked: needs SELECT on msdb.dbo.sysjobs, sysjobservers, " +
				"sysjobhistory and syscategories",
		}},
		{"nor whether Agent has started", job(estate.Job{}), deny("msdb.dbo.syssessions"), []string{"unknown"}},
		{
			"it can now, and Agent has not started", deny("msdb.dbo.syssessions"), func(s *estate.SQL) {
				job(estate.Job{})(s)
				s.Agent.Down = true
			},
			[]string{"failed failing", "agent: failed " + agentUnread + " -> not started"},
		},
		{"it never could", deny("msdb.dbo.sysjobs"), deny("msdb.dbo.sysjobs"), []string{"passed"}},
		{
			"it can now, and a job fails", deny("msdb.dbo.sysjobs"), last("failed", afterPatch),
			[]string{
				"failed failing", "agent_jobs: drifted not checked: needs SELECT on msdb.dbo.sysjobs, sysjobservers, " +
					"sysjobhistory and syscategories -> read",
				"job/Nightly job_outcome: failed  -> failed",
			},
		},
		{
			"subscriptions fail", report(false), report(true),
			[]string{"drifted", "jobs/Report Server numbered_failed: drifted 0 -> 1"},
		},
		{"a bad page stays", pages(estate.SuspectPage{Page: 7}), pages(estate.SuspectPage{Page: 7}), []string{"passed"}},
		{
			"a page turns bad", pages(), pages(estate.SuspectPage{Page: 7}),
			[]string{"regressed failing", "Orders bad_pages: regressed  -> 1:7"},
		},
		{
			"another page turns bad", pages(estate.SuspectPage{Page: 7}), pages(estate.SuspectPage{Page: 8}),
			[]string{"drifted failing", "Orders bad_pages: drifted 1:7 -> 1:8"},
		},
		{"a bad page is mended", pages(estate.SuspectPage{Page: 7}), pages(estate.SuspectPage{Page: 7, Event: 5}), []string{"passed"}},
		{
			"the table is full", pages(), pages(mended...),
			[]string{
				"unknown", "suspect_pages: drifted has room -> full: pages that turn bad now are not recorded",
			},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			var seen [2]runnertest.Seen
			for i, change := range []func(*estate.SQL){c.before, c.after} {
				h := changed(func(s *estate.SQL) {
					if i == 1 {
						patched(s)
					}
					change(s)
				})
				s := serve(t, h, selfSigned(t, 7))
				seen[i].Readings, seen[i].Err = build(t, nil).Observe(t.Context(), s.target())
			}
			if diff := cmp.Diff(c.want, runnertest.Told(t, Kind, "- sql: {}", seen)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
