package sql

import (
	"cmp"
	stdsql "database/sql"
	"maps"
	"slices"
	"strings"
	"time"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/internal/named"
)

// What a run of a job came to. Source: Microsoft, "dbo.sysjobservers (Transact-SQL)".
const (
	jobFailed       = "failed"
	jobFailedBefore = "failed before the start"
	jobNeverRun     = "never run"
	jobElsewhere    = "elsewhere"
)

func outcomes() []string {
	return []string{jobFailed, "succeeded", "retry", "cancelled", "in progress"}
}

// job is one row of sysjobs, with what else is known of it. Times are the server's own.
type job struct {
	id, name string
	enabled  bool
	once     bool // it is deleted when it has run
	category int64

	outcome  string
	last     time.Time // when its newest run began; zero when it never ran
	took     time.Duration
	failures int
	message  string
	session  int64 // of Agent, that the rest is of; 0 when there is none
	running  bool
	next     time.Time
}

// agent is what msdb knows of Agent.
type agent struct {
	instance, session time.Time // when they were started, in the server's own time; zero when nobody knows
	jobs              []*job
	byID              map[string]*job
	categories        map[int64]string
}

func (a *agent) addJob(rows *stdsql.Rows) error {
	var id, name stdsql.NullString
	var enabled, category, once stdsql.NullInt64
	if err := rows.Scan(&id, &name, &enabled, &category, &once); err != nil {
		return err
	}
	j := &job{
		id: id.String, name: cmp.Or(name.String, id.String), enabled: enabled.Int64 != 0, once: once.Int64 != 0,
		category: category.Int64, outcome: jobElsewhere,
	}
	a.jobs, a.byID[j.id] = append(a.jobs, j), j
	return nil
}

func (a *agent) addCategory(rows *stdsql.Rows) error {
	var id stdsql.NullInt64
	var name stdsql.NullString
	if err := rows.Scan(&id, &name); err != nil {
		return err
	}
	a.categories[id.Int64] = name.String
	return nil
}

func (a *agent) addRun(rows *stdsql.Rows) error {
	var id stdsql.NullString
	var outcome, date, clock, took stdsql.NullInt64
	if err := rows.Scan(&id, &outcome, &date, &clock, &took); err != nil {
		return err
	}
	j := a.byID[id.String]
	if j == nil {
		return nil
	}
	j.outcome = jobNeverRun
	at, ran := agentMoment(date.Int64, clock.Int64)
	if !ran {
		return nil
	}
	j.last, j.outcome = at, "unknown"
	if n := outcome.Int64; outcome.Valid && 0 <= n && n < int64(len(outcomes())) {
		j.outcome = outcomes()[n]
	}
	if j.outcome == jobFailed && at.Before(a.instance) {
		j.outcome = jobFailedBefore
	}
	j.took, _ = agentSpan(took.Int64)
	return nil
}

// addFailure takes in a run or a step that failed; the newest comes first, and of one run
// what the job came to before its steps. A step may fail in a run that succeeds.
func (a *agent) addFailure(rows *stdsql.Rows) error {
	var id, message stdsql.NullString
	var step, date, clock stdsql.NullInt64
	if err := rows.Scan(&id, &step, &date, &clock, &message); err != nil {
		return err
	}
	j := a.byID[id.String]
	at, known := agentMoment(date.Int64, clock.Int64)
	switch {
	case j == nil, !known:
	case step.Int64 == 0:
		if !at.Before(a.instance) {
			j.failures++
		}
	case j.message == "" && j.hasFailed() && !at.Before(j.last):
		j.message = messageLine(message.String)
	}
	return nil
}

func (j *job) hasFailed() bool { return j.outcome == jobFailed || j.outcome == jobFailedBefore }

func (a *agent) addSession(rows *stdsql.Rows) error {
	var at stdsql.NullTime
	if err := rows.Scan(&at); err != nil {
		return err
	}
	a.session = at.Time
	return nil
}

// addActivity takes in what a session of Agent since the instance was started knows of a
// job; the newest counts.
func (a *agent) addActivity(rows *stdsql.Rows) error {
	var id stdsql.NullString
	var session stdsql.NullInt64
	var began, ended, next stdsql.NullTime
	if err := rows.Scan(&id, &session, &began, &ended, &next); err != nil {
		return err
	}
	j := a.byID[id.String]
	if j == nil || session.Int64 <= j.session {
		return nil
	}
	j.session, j.running, j.next = session.Int64, began.Valid && !ended.Valid, next.Time
	return nil
}

// readings tells of all jobs: of most one by one, of those that bear a number together.
func (a *agent) readings(offset time.Duration) []fact.Reading {
	var all []fact.Reading
	groups := map[string]*group{}
	var twins named.Twins
	for _, j := range a.jobs {
		twins.Keep("job/" + short(j.name))
	}
	failing, once := 0, 0
	for _, j := range a.jobs[:min(len(a.jobs), mostJobs)] {
		if j.outcome == jobFailed {
			failing++
		}
		category := short(a.categories[j.category])
		switch {
		case j.once:
			once++
		case isNumbered(j.name):
			if groups[category] == nil {
				groups[category] = &group{}
			}
			groups[category].add(j)
		default:
			item := twins.Item("job/" + short(j.name)) // another server may have sent one of the same name
			all = append(all, j.readings(item, category, offset)...)
		}
	}
	for _, category := range slices.Sorted(maps.Keys(groups)) {
		all = append(all, groups[category].readings("jobs/"+category)...)
	}
	return append(all,
		probes.Read("", "jobs", fact.Int(len(a.jobs))), probes.Read("", "jobs_failing", fact.Int(failing)),
		probes.Read("", "jobs_left_out", fact.Int(once)))
}

func (j *job) readings(item, category string, offset time.Duration) []fact.Reading {
	last := never()
	if !j.last.IsZero() {
		last = j.last.Add(-offset)
	}
	all := []fact.Reading{
		probes.Read(item, "job_enabled", fact.Bool(j.enabled)), probes.Read(item, "job_outcome", fact.Text(j.outcome)),
		probes.Read(item, "job_category", fact.Text(category)), probes.Read(item, "job_last_run", fact.Time(last)),
	}
	if !j.last.IsZero() {
		all = append(all, probes.Read(item, "job_took", fact.Duration(j.took)))
	}
	if j.message != "" {
		all = append(all, probes.Read(item, "job_message", fact.Text(j.message)))
	}
	if j.failures > 0 {
		all = append(all, probes.Read(item, "job_failures", fact.Int(j.failures)))
	}
	if j.running {
		all = append(all, probes.Read(item, "job_running", fact.Bool(true)))
	}
	if !j.next.IsZero() {
		all = append(all, probes.Read(item, "job_next_run", fact.Time(j.next.Add(-offset))))
	}
	return all
}

// group counts jobs of one category that bear numbers, of which there are hundreds where
// reports are sent, and others from day to day.
type group struct{ all, disabled, failed int }

func (g *group) add(j *job) {
	g.all++
	if !j.enabled {
		g.disabled++
	}
	if j.outcome == jobFailed {
		g.failed++
	}
}

func (g *group) readings(item string) []fact.Reading {
	return []fact.Reading{
		probes.Read(item, "numbered_jobs", fact.Int(g.all)), probes.Read(item, "numbered_disabled", fact.Int(g.disabled)),
		probes.Read(item, "numbered_failed", fact.Int(g.failed)),
	}
}

// isNumbered says whether a name is nothing but a GUID.
func isNumbered(name string) bool {
	name = strings.TrimSpace(name)
	if len(name) != 36 {
		return false
	}
	for i, c := range []byte(name) {
		hyphen := i == 8 || i == 13 || i == 18 || i == 23
		if hyphen != (c == '-') || !hyphen && !strings.ContainsRune("0123456789abcdefABCDEF", rune(c)) {
			return false
		}
	}
	return true
}

// short cuts a name that no server has: sysname has 128 characters.
func short(name string) string {
	const most = 128
	if runes := []rune(name); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return name
}

// agentMoment reads a day and a time of day as Agent keeps them, 20261120 and 31244, in
// the server's own time. It is not ok where they are none, as with a job that never ran.
func agentMoment(date, clock int64) (t time.Time, ok bool) {
	year, month, day := date/10000, date/100%100, date%100
	hour, minute, second := clock/10000, clock/100%100, clock%100
	if year < 1900 || year > 9999 || clock < 0 || hour > 23 || minute > 59 || second > 59 {
		return time.Time{}, false
	}
	t = time.Date(int(year), time.Month(month), int(day), int(hour), int(minute), int(second), 0, time.UTC)
	if int64(t.Year()) != year || int64(t.Month()) != month || int64(t.Day()) != day {
		return time.Time{}, false // there is no such day
	}
	return t, true
}

// agentSpan reads how long something took as Agent keeps it: 13005 for an hour and a half
// and five seconds; hours may go beyond 23.
func agentSpan(n int64) (d time.Duration, ok bool) {
	hours, minutes, seconds := n/10000, n/100%100, n%100
	const most = 214748 // of an int
	if n < 0 || minutes > 59 || seconds > 59 || hours > most {
		return 0, false
	}
	return time.Duration(hours)*time.Hour + time.Duration(minutes)*time.Minute + time.Duration(seconds)*time.Second, true
}
