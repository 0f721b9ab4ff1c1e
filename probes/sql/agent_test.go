package sql

import (
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes/fact"
	"postpatch/probes/lab/estate"
)

// told are the readings of one item, but for some that every job has.
func told(got map[string]string, item string) map[string]string {
	of := map[string]string{}
	for at, value := range got {
		name, isOf := strings.CutPrefix(at, item+" ")
		if isOf && name != "job_category" {
			of[name] = value
		}
	}
	return of
}

func before(d time.Duration) time.Time { return started().Add(-d) }

func after(d time.Duration) time.Time { return started().Add(d) }

// TestJobs holds what is told of a job by how its runs went.
func TestJobs(t *testing.T) {
	const hour = time.Hour
	for _, c := range []struct {
		name, why string
		job       estate.Job
		want      map[string]string // but for job_enabled: true
	}{
		{
			name: "it never ran",
			want: map[string]string{"job_outcome": "never run", "job_last_run": "1900-01-01T00:00:00Z"},
		},
		{
			name: "it ran since the start", job: estate.Job{
				Runs: []estate.Run{{Started: after(hour), Took: 90*time.Minute + 5*time.Second}},
				Next: after(25 * hour),
			},
			want: map[string]string{
				"job_outcome": "succeeded", "job_last_run": "2026-11-20T04:12:44Z", "job_took": "1h30m5s",
				"job_next_run": "2026-11-21T04:12:44Z",
			},
		},
		{
			name: "it has not run since the start", why: "a nightly that is due must not fail",
			job:  estate.Job{Runs: []estate.Run{{Started: before(hour)}}},
			want: map[string]string{"job_outcome": "succeeded", "job_last_run": "2026-11-20T02:12:44Z", "job_took": "0s"},
		},
		{
			name: "it failed before the start", why: "that was not the patch",
			job: estate.Job{Runs: []estate.Run{{Outcome: "failed", Started: before(hour), Message: "No  such\ntable."}}},
			want: map[string]string{
				"job_outcome": "failed before the start", "job_last_run": "2026-11-20T02:12:44Z", "job_took": "0s",
				"job_message": "No such table.",
			},
		},
		{
			name: "it fails since the start",
			job: estate.Job{Runs: []estate.Run{
				{Started: before(hour)},
				{Outcome: "failed", Started: after(0), Message: "first"},
				{Outcome: "failed", Started: after(hour), Message: "Cannot open database. [SQLSTATE 42000] (Error 4060)"},
			}},
			want: map[string]string{
				"job_outcome": "failed", "job_last_run": "2026-11-20T04:12:44Z", "job_took": "0s", "job_failures": "2",
				"job_message": "Cannot open database. [SQLSTATE 42000] (Error 4060)",
			},
		},
		{
			name: "it failed, and has been well since",
			job:  estate.Job{Runs: []estate.Run{{Outcome: "failed", Started: after(hour)}, {Started: after(2 * hour)}}},
			want: map[string]string{
				"job_outcome": "succeeded", "job_last_run": "2026-11-20T05:12:44Z", "job_took": "0s", "job_failures": "1",
			},
		},
		{
			name: "the history is pruned", why: "the job itself knows how it ended, nobody knows why",
			job: estate.Job{Pruned: true, Runs: []estate.Run{{Outcome: "failed", Started: after(hour), Message: "lost"}}},
			want: map[string]string{
				"job_outcome": "failed", "job_last_run": "2026-11-20T04:12:44Z", "job_took": "0s",
			},
		},
		{
			name: "it was stopped", job: estate.Job{Runs: []estate.Run{{Outcome: "cancelled", Started: after(hour)}}},
			want: map[string]string{"job_outcome": "cancelled", "job_last_run": "2026-11-20T04:12:44Z", "job_took": "0s"},
		},
		{
			name: "nobody knows how it ended", job: estate.Job{Runs: []estate.Run{{Outcome: "unknown", Started: after(hour)}}},
			want: map[string]string{"job_outcome": "unknown", "job_last_run": "2026-11-20T04:12:44Z", "job_took": "0s"},
		},
		{
			name: "it runs now", job: estate.Job{Running: true, Runs: []estate.Run{{Started: before(hour)}}},
			want: map[string]string{
				"job_outcome": "succeeded", "job_last_run": "2026-11-20T02:12:44Z", "job_took": "0s", "job_running": "true",
			},
		},
		{
			name: "it is disabled", job: estate.Job{Disabled: true},
			want: map[string]string{
				"job_outcome": "never run", "job_last_run": "1900-01-01T00:00:00Z", "job_enabled": "false",
			},
		},
		{
			name: "it runs on other servers alone", job: estate.Job{Remote: true, Runs: []estate.Run{{Outcome: "failed"}}},
			want: map[string]string{"job_outcome": "elsewhere", "job_last_run": "1900-01-01T00:00:00Z"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.job.Remote {
				c.job.Pruned = true
			}
			got := observed(t, changed(func(s *estate.SQL) { s.Jobs = map[string]estate.Job{"Nightly": c.job} }))
			want := map[string]string{"job_enabled": "true"}
			maps.Copy(want, c.want)
			if diff := cmp.Diff(want, told(got, "job/Nightly")); diff != "" {
				t.Errorf("%s (-want +got):\n%s", c.why, diff)
			}
		})
	}
}

// TestJobsThatAreCounted holds which jobs are not told one by one.
func TestJobsThatAreCounted(t *testing.T) {
	failed := []estate.Run{{Outcome: "failed", Started: after(time.Hour)}}
	got := observed(t, changed(func(s *estate.SQL) {
		s.Jobs = map[string]estate.Job{
			"Nightly": {Runs: failed}, "Once only": {Once: true},
			"0E4D2C9A-1111-4222-8333-444455556666": {Category: "Report Server", Runs: failed},
			"1e4d2c9a-1111-4222-8333-444455556666": {Category: "Report Server", Disabled: true},
			"2e4d2c9a-1111-4222-8333-444455556666": {},
			"2e4d2c9a-1111-4222-8333-44445555666":  {}, // too short
		}
	}))
	for at, want := range map[string]string{
		" jobs": "6", " jobs_failing": "2", " jobs_left_out": "1",
		"jobs/Report Server numbered_jobs": "2", "jobs/Report Server numbered_disabled": "1",
		"jobs/Report Server numbered_failed":                   "1",
		"jobs/[Uncategorized (Local)] numbered_jobs":           "1",
		"job/Nightly job_outcome":                              "failed",
		"job/Nightly job_category":                             "[Uncategorized (Local)]",
		"job/Once only job_outcome":                            "",
		"job/2e4d2c9a-1111-4222-8333-44445555666 job_outcome":  "never run",
		"job/2e4d2c9a-1111-4222-8333-444455556666 job_outcome": "",
	} {
		if got[at] != want {
			t.Errorf("%s: got %q, want %q", at, got[at], want)
		}
	}
}

// TestAgentStarted holds what is said of Agent itself.
func TestAgentStarted(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*estate.SQL)
		want   string
	}{
		"it started after the instance":  {func(*estate.SQL) {}, "started"},
		"with the instance":              {func(s *estate.SQL) { s.Agent.Started = started() }, "started"},
		"it has not started since":       {func(s *estate.SQL) { s.Agent.Down = true }, "not started"},
		"it was started just before":     {func(s *estate.SQL) { s.Agent.Started = before(time.Minute) }, "not started"},
		"it has never run":               {func(s *estate.SQL) { s.Agent.Absent = true }, "never started"},
		"Express":                        {func(s *estate.SQL) { s.Agent.Absent, s.Edition = true, "Express Edition (64-bit)" }, "none in this edition"},
		"the login may not see sessions": {func(s *estate.SQL) { s.Denied = []string{"msdb.dbo.syssessions"} }, agentUnread},
		"the login may not see what runs": {
			func(s *estate.SQL) { s.Denied = []string{"msdb.dbo.sysjobactivity"} }, agentUnread,
		},
	} {
		got := observed(t, changed(func(s *estate.SQL) {
			s.Jobs = map[string]estate.Job{"Nightly": {Running: true}}
			c.change(s)
		}))
		if got[" agent"] != c.want || got[" agent_jobs"] != "read" || got["job/Nightly job_enabled"] != "true" {
			t.Errorf("%s: got %q, want %q; %v", name, got[" agent"], c.want, told(got, "job/Nightly"))
		}
		if runs := got["job/Nightly job_running"]; (runs != "") != (c.want == "started") {
			t.Errorf("%s: it runs: %q, though only a session since the start tells", name, runs)
		}
	}
}

// TestAgentNotRead holds that a login which may not see jobs loses nothing else.
func TestAgentNotRead(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*estate.SQL)
		want   string
	}{
		"the jobs are denied":        {func(s *estate.SQL) { s.Denied = []string{"msdb.dbo.sysjobs"} }, agentPart().notAllowed()},
		"categories are denied":      {func(s *estate.SQL) { s.Denied = []string{"msdb.dbo.syscategories"} }, agentPart().notAllowed()},
		"the runs are denied":        {func(s *estate.SQL) { s.Denied = []string{"msdb.dbo.sysjobservers"} }, agentPart().notAllowed()},
		"the history is denied":      {func(s *estate.SQL) { s.Denied = []string{"msdb.dbo.sysjobhistory"} }, agentPart().notAllowed()},
		"msdb is denied":             {func(s *estate.SQL) { s.Denied = []string{"msdb"} }, agentPart().notAllowed()},
		"the database is not to use": {func(s *estate.SQL) { s.Databases["msdb"] = estate.Database{State: "RECOVERY_PENDING"} }, unreadable},
	} {
		t.Run(name, func(t *testing.T) {
			got := observed(t, changed(func(s *estate.SQL) {
				s.Jobs = map[string]estate.Job{"Nightly": {}}
				c.change(s)
			}))
			if got[" agent_jobs"] != c.want || got[" agent"] != "" || got["job/Nightly job_enabled"] != "" {
				t.Errorf("got %q, want %q", got[" agent_jobs"], c.want)
			}
			if got["Orders state"] != "ONLINE" {
				t.Errorf("got %v", got)
			}
		})
	}
}

// TestAgentPart holds that a suite can leave the part out.
func TestAgentPart(t *testing.T) {
	s := serve(t, healthy(), selfSigned(t, 7))
	all, err := build(t, map[string]any{"part": []string{"integrity"}}).Observe(t.Context(), s.target())
	if err != nil {
		t.Fatal(err)
	}
	got := readings(all)
	if got[" integrity"] != "read" || got[" agent_jobs"] != "" || got[" backup_history"] != "" {
		t.Errorf("got %v", got)
	}
}

// TestStrangeNames holds that no name of a job is lost or taken for another.
func TestStrangeNames(t *testing.T) {
	long := strings.Repeat("ä", 128)
	got := observed(t, changed(func(s *estate.SQL) {
		s.Jobs = map[string]estate.Job{
			"]; DROP TABLE x --": {}, "a\nb\x00c": {}, "'": {}, "job/Nightly": {}, "NIGHTLY": {}, "Nightly": {}, long: {},
		}
	}))
	// A name in another case is a name again.
	for _, name := range []string{"]; DROP TABLE x --", "a\nb\x00c", "'", "job/Nightly", "NIGHTLY (2)", "Nightly", long} {
		if got["job/"+name+" job_enabled"] != "true" {
			t.Errorf("%.40q is not told", name)
		}
	}
	a := agent{jobs: []*job{{name: "x"}, {name: "x", enabled: true}, {name: strings.Repeat("y", 1<<20)}}}
	var items []string
	for _, r := range a.readings(0) {
		if r.Key.Name == "job_enabled" {
			items = append(items, r.Key.Item+" "+r.Value.String())
		}
	}
	want := []string{"job/x false", "job/x (2) true", "job/" + strings.Repeat("y", 128) + "… false"}
	if diff := cmp.Diff(want, items); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestTooManyJobs holds that no more are told than make sense, and that the count says so.
func TestTooManyJobs(t *testing.T) {
	a := agent{}
	for i := range mostJobs + 1 {
		a.jobs = append(a.jobs, &job{name: fmt.Sprint("job ", i)})
	}
	items := map[string]bool{}
	count := ""
	for _, r := range a.readings(0) {
		items[r.Key.Item] = true
		if r.Key.Name == "jobs" {
			count = r.Value.String()
		}
	}
	if len(items) != mostJobs+1 || count != "5001" { // with the instance itself
		t.Errorf("%d items, and it says %s", len(items), count)
	}
}

// TestSummerTime holds that runs and the instance's start are compared in the server's own
// time, and told in UTC.
func TestSummerTime(t *testing.T) {
	a := agent{instance: started(), byID: map[string]*job{}}
	j := &job{name: "Nightly", last: after(time.Hour), outcome: "succeeded"}
	a.jobs = append(a.jobs, j)
	for _, r := range a.readings(2 * time.Hour) {
		if r.Key.Name == "job_last_run" && !fact.Equal(r.Value, fact.Time(after(-time.Hour))) {
			t.Errorf("got %s", r.Value)
		}
	}
}

func TestAgentMoment(t *testing.T) {
	for _, c := range []struct {
		date, clock int64
		want        string
	}{
		{20261120, 31244, "2026-11-20 03:12:44"},
		{20261120, 0, "2026-11-20 00:00:00"},
		{20261120, 235959, "2026-11-20 23:59:59"},
		{20240229, 5, "2024-02-29 00:00:05"},
		{0, 0, ""},
		{20260229, 0, ""},
		{20261301, 0, ""},
		{20261100, 0, ""},
		{20261120, 240000, ""},
		{20261120, 6000, ""},
		{20261120, 60, ""},
		{20261120, -1, ""},
		{-20261120, 0, ""},
		{120, 0, ""},
		{1 << 62, 0, ""},
		{20261120, 1 << 62, ""},
	} {
		got := ""
		if at, ok := agentMoment(c.date, c.clock); ok {
			got = at.Format(time.DateTime)
		}
		if got != c.want {
			t.Errorf("%d %d: got %q, want %q", c.date, c.clock, got, c.want)
		}
	}
}

func TestAgentSpan(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0s", 5: "5s", 13005: "1h30m5s", 235959: "23h59m59s", 1000000: "100h0m0s", 60: "", 6000: "", -1: "", 1 << 62: "",
	} {
		got := ""
		if d, ok := agentSpan(n); ok {
			got = d.String()
		}
		if got != want {
			t.Errorf("%d: got %q, want %q", n, got, want)
		}
	}
}

// FuzzAgentTimes holds that whatever a server says is a moment that reads back the same, or
// none.
func FuzzAgentTimes(f *testing.F) {
	f.Add(int64(20261120), int64(31244))
	f.Add(int64(0), int64(0))
	f.Add(int64(99991231), int64(235959))
	f.Fuzz(func(t *testing.T, date, clock int64) {
		if at, ok := agentMoment(date, clock); ok {
			year, month, day := at.Date()
			hour, minute, second := at.Clock()
			if int64(year*10000+int(month)*100+day) != date || int64(hour*10000+minute*100+second) != clock {
				t.Errorf("%d %d reads as %v", date, clock, at)
			}
		}
		if d, ok := agentSpan(clock); ok {
			s := int64(d / time.Second)
			if s/3600*10000+s/60%60*100+s%60 != clock || d < 0 {
				t.Errorf("%d reads as %v", clock, d)
			}
		}
	})
}

// TestJobsOfOneName holds that no two items are one, whatever the jobs are called: two of
// one would make the whole host's baseline unreadable.
func TestJobsOfOneName(t *testing.T) {
	a := agent{jobs: []*job{{name: "X"}, {name: "X (2)"}, {name: "x"}, {name: "X"}}}
	seen := map[string]bool{}
	for _, r := range a.readings(0) {
		if key := strings.ToLower(r.Key.Item + " " + r.Key.Name); seen[key] {
			t.Errorf("%s is there twice", key)
		} else {
			seen[key] = true
		}
	}
	if !seen["job/x (2) job_enabled"] || !seen["job/x (3) job_enabled"] || !seen["job/x (4) job_enabled"] {
		t.Errorf("got %v", seen)
	}
}
