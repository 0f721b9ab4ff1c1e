package runner_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"postpatch/baseline"
	"postpatch/probes/host"
	"postpatch/runner"
	"postpatch/runner/report"
	"postpatch/suites"
)

const (
	sec = time.Second
	min = time.Minute
)

// booted is a machine that has just been restarted, and is otherwise well.
func booted(at time.Duration) condition { return condition{boot: at} }

func with(c condition, change func(*condition)) condition {
	change(&c)
	return c
}

func services(boot time.Duration, nameState ...string) condition {
	states := map[string]string{}
	for i := 0; i < len(nameState); i += 2 {
		states[nameState[i]] = nameState[i+1]
	}
	return condition{boot: boot, services: states}
}

func logins(boot time.Duration, login string) condition { return condition{boot: boot, login: login} }

// settling is a story of one host after a patch.
type settling struct {
	name, why string
	life      []moment
	// outcomes are those that are not passed, by check.
	outcomes map[string]report.Outcome
	failing  bool
	from, to time.Duration // how long it takes
	// after is how long after the start something came up: "service W3SVC".
	after map[string]time.Duration
	looks map[string]int // at a check, at most
	says  string         // a finding's words
}

func stories() []settling {
	regressed := func(ids ...string) map[string]report.Outcome { return come(report.Regressed, ids...) }
	unknown := func(ids ...string) map[string]report.Outcome { return come(report.Unknown, ids...) }
	off, up := condition{off: true}, booted(1*min)
	return []settling{
		{
			name: "a clean reboot", why: "one look, and one minute in which it holds",
			life: []moment{{0, off}, {90 * sec, up}}, from: 150 * sec, to: 190 * sec,
			looks: map[string]int{"service": 2, "sql": 2, "eventlog": 2},
		},
		{
			name: "rebooted before it is waited for", why: "nothing is waited for but that it holds",
			life: []moment{{0, booted(-10 * min)}}, from: 1 * min, to: 65 * sec,
		},
		{
			name: "rebooted an hour ago, and ill since", why: "its time is over: a second look, and no more",
			life: []moment{{0, services(-1*time.Hour, "W3SVC", "stopped")}}, outcomes: regressed("service"), failing: true,
			from: 1 * min, to: 65 * sec,
		},
		{
			name: "rebooted an hour ago, and ill by chance", why: "what one look shows and the next does not is no fault",
			life:  []moment{{0, services(-1*time.Hour, "W3SVC", "stopped")}, {20 * sec, booted(-1 * time.Hour)}},
			after: map[string]time.Duration{"service W3SVC": 1*time.Hour + 1*min},
			from:  2 * min, to: 125 * sec,
		},
		{
			name: "slow to shut down", why: "that it answers is no proof: it has not been restarted yet",
			life: []moment{{5 * min, off}, {7 * min, booted(6 * min)}}, from: 8 * min, to: 9 * min,
		},
		{
			name: "never rebooted", why: "the plan wants a restart, and there was none when waiting was over",
			outcomes: come(report.Unmet, "os"), failing: true, from: 31 * min, to: 32 * min,
		},
		{
			name: "never back", why: "a host that does not answer is unknown, never well",
			life: []moment{{0, off}}, outcomes: unknown("os", "service", "sql", "eventlog"), from: 30 * min, to: 61 * min,
		},
		{
			name: "back at the last moment", why: "half an hour is half an hour",
			life: []moment{{0, off}, {29 * min, booted(28 * min)}}, from: 30 * min, to: 32 * min,
		},
		{
			name: "does not tell when it was started", why: "a probe's error is no proof of a restart",
			life:     []moment{{0, off}, {2 * min, with(booted(1*min), mute)}},
			outcomes: unknown("os", "reboot"), from: 31 * min, to: 37 * min,
		},
		{
			name: "tells late when it was started", why: "an error is none of not having been restarted either",
			life: []moment{{0, off}, {2 * min, with(booted(1*min), mute)}, {6 * min, up}}, from: 7 * min, to: 8 * min,
		},
		{
			name: "another machine answers", why: "its checks say nothing of the host",
			life:     []moment{{0, off}, {2 * min, condition{other: true, boot: 1 * min}}},
			outcomes: unknown("os", "service", "sql", "eventlog"), from: 30 * min, to: 62 * min,
		},
		{
			name: "another machine answers for a while", why: "an address may lead elsewhere until the host is back",
			life: []moment{{0, condition{other: true, boot: -1 * min}}, {3 * min, booted(2 * min)}}, from: 4 * min, to: 5 * min,
		},
		{
			name: "rebooted twice", why: "it is waited for again, and its time begins anew",
			life: []moment{
				{0, off}, {2 * min, services(1*min, "W3SVC", "start pending")}, {4 * min, off}, {6 * min, booted(5 * min)},
			},
			outcomes: come(report.Drifted, "os"), says: "rebooted twice", from: 7 * min, to: 8 * min,
		},
		{
			name: "rebooted twice, the second time unseen", why: "what was ill before a restart says nothing of after it",
			life: []moment{
				{0, off},
				{2 * min, services(1*min, "W3SVC", "stopped")},
				{4 * min, services(210*sec, "W3SVC", "stopped")},
				{9 * min, booted(210 * sec)},
			},
			outcomes: come(report.Drifted, "os"), says: "rebooted twice",
			after: map[string]time.Duration{"service W3SVC": 330 * sec}, from: 10 * min, to: 11 * min,
		},
		{
			name: "gone while it is waited for", why: "what was well does not speak for what is gone",
			life:     []moment{{0, off}, {2 * min, services(1*min, "W3SVC", "start pending")}, {4 * min, off}},
			outcomes: unknown("os", "service", "sql", "eventlog"), from: 34 * min, to: 36 * min,
		},
		{
			name: "gone as it has to hold", why: "a pass that does not hold is none",
			life:     []moment{{0, off}, {2 * min, up}, {150 * sec, off}},
			outcomes: unknown("os", "service", "sql", "eventlog"), from: 32 * min, to: 34 * min,
		},
		{
			name: "a delayed start", why: "two minutes after the last automatic service, by Windows' own sign",
			life: []moment{
				{0, off}, {90 * sec, services(60*sec, "Agent", "not yet started")}, {3 * min, booted(60 * sec)},
			},
			after: map[string]time.Duration{"service Agent": 2 * min}, from: 4 * min, to: 5 * min,
		},
		{
			name: "a delayed start that never comes", why: "when its time is over it is a fault like another",
			life: []moment{
				{0, off}, {90 * sec, services(60*sec, "Agent", "not yet started")}, {5 * min, services(60*sec, "Agent", "stopped")},
			},
			outcomes: regressed("service"), failing: true, from: 7 * min, to: 9 * min,
		},
		{
			name: "a delayed start that fails", why: "an error is waited for, too: recovery may start it again",
			life: []moment{
				{0, off},
				{90 * sec, services(60*sec, "Agent", "not yet started")},
				{3 * min, services(60*sec, "Agent", "stopped")},
				{4 * min, booted(60 * sec)},
			},
			after: map[string]time.Duration{"service Agent": 3 * min}, from: 5 * min, to: 6 * min,
		},
		{
			name: "a trigger start that stays idle", why: "what its trigger allows is no fault, and not waited for",
			life: []moment{{0, off}, {90 * sec, services(60*sec, "Agent", "idle")}}, from: 150 * sec, to: 190 * sec,
		},
		{
			name: "an automatic service that stays stopped", why: "six minutes after the start it is a fault",
			life:     []moment{{0, off}, {90 * sec, services(60*sec, "W3SVC", "stopped")}},
			outcomes: regressed("service"), failing: true, from: 7 * min, to: 9 * min,
		},
		{
			name: "an automatic service that is gone", why: "nothing tells that it is on its way",
			life:     []moment{{0, off}, {90 * sec, services(60*sec, "W3SVC", "gone")}},
			outcomes: regressed("service"), failing: true, from: 7 * min, to: 9 * min,
		},
		{
			name: "stopped, and then running", why: "five minutes after the start is in time",
			life:  []moment{{0, off}, {90 * sec, services(60*sec, "W3SVC", "stopped")}, {6 * min, booted(60 * sec)}},
			after: map[string]time.Duration{"service W3SVC": 5 * min}, from: 7 * min, to: 8 * min,
		},
		{
			name: "two services, one after the other", why: "each has its own time",
			life: []moment{
				{0, off},
				{90 * sec, services(60*sec, "W3SVC", "stopped", "Agent", "not yet started")},
				{2 * min, services(60*sec, "Agent", "not yet started")},
				{4 * min, booted(60 * sec)},
			},
			after: map[string]time.Duration{"service W3SVC": 1 * min, "service Agent": 3 * min}, from: 5 * min, to: 6 * min,
		},
		{
			name: "starting for ten minutes", why: "start pending is the host's own word, and it has an SQL Server's time",
			life: []moment{
				{0, off}, {90 * sec, services(60*sec, "W3SVC", "start pending")}, {12 * min, booted(60 * sec)},
			},
			after: map[string]time.Duration{"service W3SVC": 11 * min}, from: 13 * min, to: 14 * min,
		},
		{
			name: "starting for ever", why: "no word is good for longer than the role's time",
			life:     []moment{{0, off}, {90 * sec, services(60*sec, "W3SVC", "start pending")}},
			outcomes: regressed("service"), failing: true, from: 31 * min, to: 33 * min,
		},
		{
			name: "one stuck, one that ends", why: "what ended is not waited for beside what is starting",
			life: []moment{
				{0, off},
				{90 * sec, services(60*sec, "W3SVC", "start pending", "Agent", "stopped")},
				{20 * min, services(60*sec, "Agent", "stopped")},
			},
			outcomes: regressed("service"), failing: true,
			after: map[string]time.Duration{"service W3SVC": 19 * min}, from: 21 * min, to: 22 * min,
		},
		{
			name: "SQL in script upgrade for ten minutes", why: "18401 is its own sign: wait",
			life:  []moment{{0, off}, {90 * sec, logins(60*sec, "waiting 18401")}, {12 * min, booted(60 * sec)}},
			after: map[string]time.Duration{"sql": 11 * min}, from: 13 * min, to: 14 * min,
			looks: map[string]int{"service": 2, "sql": 30}, // what is well is asked once more, as it has to hold
		},
		{
			name: "SQL in script upgrade for an hour", why: "its time is half an hour",
			life:     []moment{{0, off}, {90 * sec, logins(60*sec, "waiting 18401")}},
			outcomes: regressed("sql"), failing: true, from: 31 * min, to: 33 * min,
		},
		{
			name: "SQL refuses logins", why: "a role's time is for all that fails of it",
			life:  []moment{{0, off}, {90 * sec, logins(60*sec, "failed 233")}, {20 * min, booted(60 * sec)}},
			after: map[string]time.Duration{"sql": 19 * min}, from: 21 * min, to: 22 * min,
		},
		{
			name: "SQL refuses the password", why: "a login that is refused is tried once more, or its account is locked",
			life:     []moment{{0, off}, {90 * sec, logins(60*sec, "failed 18456")}},
			outcomes: regressed("sql"), failing: true, from: 2 * min, to: 4 * min,
			looks: map[string]int{"refused login": 2},
		},
		{
			name: "SQL refuses the account for a moment", why: "no domain controller had answered yet",
			life:  []moment{{0, off}, {90 * sec, logins(60*sec, "failed 18456")}, {100 * sec, booted(60 * sec)}},
			after: map[string]time.Duration{"sql": 95 * sec}, from: 2 * min, to: 5 * min,
		},
		{
			name: "SQL refuses the password while others come up", why: "nor is it tried while something else is waited for",
			life: []moment{
				{0, off},
				{90 * sec, condition{boot: 60 * sec, login: "failed 18456", services: map[string]string{"W3SVC": "start pending"}}},
				{5 * min, logins(60*sec, "failed 18456")},
			},
			outcomes: regressed("sql"), failing: true, after: map[string]time.Duration{"service W3SVC": 4 * min},
			from: 5 * min, to: 8 * min, looks: map[string]int{"refused login": 2},
		},
		{
			name: "SQL refuses the password, and the host restarts again", why: "twice is twice, whatever happens between",
			life: []moment{
				{0, off},
				{90 * sec, logins(60*sec, "failed 18456")},
				{110 * sec, off},
				{4 * min, logins(220*sec, "failed 18456")},
				{270 * sec, off},
				{7 * min, logins(400*sec, "failed 18456")},
			},
			outcomes: map[string]report.Outcome{"sql": report.Regressed, "os": report.Drifted}, failing: true,
			from: 5 * min, to: 12 * min, looks: map[string]int{"refused login": 2},
		},
		{
			name: "SQL's upgrade fails", why: "912 says that waiting is in vain",
			life: []moment{
				{0, off},
				{90 * sec, logins(60*sec, "waiting 18401")},
				{4 * min, with(logins(60*sec, "failed 233"), event("Application/MSSQLSERVER/912"))},
			},
			outcomes: map[string]report.Outcome{"sql": report.Regressed, "eventlog": report.Drifted}, failing: true,
			from: 4 * min, to: 7 * min,
		},
		{
			name: "SQL's upgrade failed before the patch", why: "an event that the baseline knows says nothing of now",
			life: []moment{
				{-2 * time.Hour, with(condition{}, event("Application/MSSQLSERVER/912"))},
				{0, off},
				{90 * sec, with(logins(60*sec, "waiting 18401"), event("Application/MSSQLSERVER/912"))},
				{12 * min, with(booted(60*sec), event("Application/MSSQLSERVER/912"))},
			},
			after: map[string]time.Duration{"sql": 11 * min}, from: 13 * min, to: 14 * min,
		},
		{
			name: "an event of another kind", why: "a new error is a drift, and no reason to stop waiting",
			life: []moment{
				{0, off},
				{90 * sec, with(logins(60*sec, "waiting 18401"), event("System/disk/7"))},
				{12 * min, with(booted(60*sec), event("System/disk/7"))},
			},
			outcomes: come(report.Drifted, "eventlog"),
			after:    map[string]time.Duration{"sql": 11 * min}, from: 13 * min, to: 14 * min,
		},
		{
			name: "up, down, up", why: "that it flaps is told, and that it holds in the end counts",
			life: []moment{
				{0, off}, {90 * sec, up}, {120 * sec, services(60*sec, "W3SVC", "stopped")}, {200 * sec, booted(60 * sec)},
			},
			outcomes: come(report.Drifted, "service"), says: "well, stopped, well | not to flap; it became ill again once",
			after: map[string]time.Duration{"service W3SVC": 140 * sec}, from: 4 * min, to: 5 * min,
		},
		{
			name: "up, and down for good", why: "the first pass did not hold",
			life: []moment{
				{0, off}, {90 * sec, up}, {120 * sec, services(60*sec, "W3SVC", "stopped")},
			},
			outcomes: regressed("service"), failing: true, from: 7 * min, to: 9 * min,
		},
		{
			name: "down, up, down, up", why: "each time that it goes down it has to hold anew",
			life: []moment{
				{0, off},
				{90 * sec, services(60*sec, "W3SVC", "stopped")},
				{120 * sec, booted(60 * sec)},
				{150 * sec, services(60*sec, "W3SVC", "stopped")},
				{210 * sec, booted(60 * sec)},
			},
			outcomes: come(report.Drifted, "service"), says: "stopped, well, stopped, well",
			after: map[string]time.Duration{"service W3SVC": 150 * sec}, from: 4 * min, to: 6 * min,
		},
		{
			name: "down for good after its time", why: "what fails late in the pass fails",
			life: []moment{
				{0, off},
				{90 * sec, services(60*sec, "W3SVC", "start pending")},
				{10 * min, booted(60 * sec)},
				{10*min + 30*sec, services(60*sec, "W3SVC", "stopped")},
			},
			outcomes: regressed("service"), failing: true, from: 11 * min, to: 14 * min,
		},
		{
			name: "it flaps for ever", why: "what never holds is not well, whatever the last look has seen",
			life: flaps(90*sec, 45*sec, 60*min), outcomes: regressed("service"), failing: true, from: 3 * min, to: 44 * min,
		},
		{
			name: "it flaps by the half minute for ever", why: "it is up at both ends of the minute in which it has to hold",
			life: slices.Concat([]moment{
				{0, off},
				{90 * sec, services(60*sec, "W3SVC", "stopped")},
				{120 * sec, booted(60 * sec)},
				{190 * sec, services(60*sec, "W3SVC", "stopped")},
			}, flaps(200*sec, 30*sec, 60*min)[1:]),
			outcomes: regressed("service"), failing: true, from: 3 * min, to: 44 * min,
		},
		{
			name: "well just after its time", why: "six minutes are six minutes: nobody has seen it well when they were over",
			life: []moment{
				{0, off}, {90 * sec, services(60*sec, "W3SVC", "stopped")}, {480 * sec, booted(60 * sec)},
			},
			outcomes: regressed("service"), failing: true, from: 7 * min, to: 9 * min,
		},
		{
			name: "well just after its time, as another is starting", why: "a later look counts, whatever it was made for",
			life: []moment{
				{0, off}, {90 * sec, services(60*sec, "W3SVC", "stopped", "Agent", "start pending")}, {480 * sec, booted(60 * sec)},
			},
			after: map[string]time.Duration{"service W3SVC": 420 * sec, "service Agent": 420 * sec}, from: 9 * min, to: 10 * min,
		},
		{
			name: "it configures updates before it answers", why: "its services could not start before that",
			life: []moment{
				{0, off}, {12 * min, services(1*min, "W3SVC", "stopped")}, {15 * min, booted(1 * min)},
			},
			after: map[string]time.Duration{"service W3SVC": 14 * min}, from: 16 * min, to: 17 * min,
		},
		{
			name: "started a while before it is waited for", why: "nobody has seen when it answered: it may be just now",
			life:  []moment{{0, services(-14*min, "W3SVC", "stopped")}, {3 * min, booted(-14 * min)}},
			after: map[string]time.Duration{"service W3SVC": 17 * min}, from: 4 * min, to: 5 * min,
		},
		{
			name: "its time counts from its start", why: "a host that takes ten minutes to start has six from then on",
			life: []moment{
				{0, off}, {10 * min, services(9*min, "W3SVC", "stopped")}, {14 * min, booted(9 * min)},
			},
			after: map[string]time.Duration{"service W3SVC": 5 * min}, from: 15 * min, to: 16 * min,
		},
		{
			name: "the host's clock is an hour ahead", why: "how long it has been running is the same by every clock",
			life: []moment{
				{0, off}, {90 * sec, with(services(60*sec, "W3SVC", "stopped"), ahead)}, {5 * min, with(booted(60*sec), ahead)},
			},
			after: map[string]time.Duration{"service W3SVC": 4 * min}, from: 6 * min, to: 7 * min,
		},
	}
}

func come(o report.Outcome, ids ...string) map[string]report.Outcome {
	m := map[string]report.Outcome{}
	for _, id := range ids {
		m[id] = o
	}
	return m
}

func mute(c *condition)  { c.mute = true }
func ahead(c *condition) { c.ahead = 1 * time.Hour }

func event(item string) func(*condition) { return func(c *condition) { c.events = []string{item} } }

// flaps is a service that goes down and up again from a moment on.
func flaps(from, every, to time.Duration) []moment {
	life := []moment{{0, condition{off: true}}}
	for at, up := from, true; at < to; at, up = at+every, !up {
		c := booted(60 * sec)
		if !up {
			c = services(60*sec, "W3SVC", "stopped")
		}
		life = append(life, moment{at, c})
	}
	return life
}

func TestAwait(t *testing.T) {
	for _, s := range stories() {
		t.Run(s.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { s.check(t, waitFor(t, story{life: s.life})) })
		})
	}
}

func (s settling) check(t *testing.T, w window) {
	t.Helper()
	failing := false
	for _, c := range w.judged.Checks {
		want := s.outcomes[c.ID]
		if want == "" {
			want = report.Passed
		}
		failing = failing || c.Failing
		if c.Outcome != want {
			t.Errorf("%s: want %s, got %s %s %+v", c.ID, want, c.Outcome, c.Error, c.Findings)
		}
	}
	for check, most := range s.looks {
		if got := w.looks[check]; got > most {
			t.Errorf("%s: looked at %d times, want at most %d", check, got, most)
		}
	}
	if failing != s.failing {
		t.Errorf("failing: want %v, got %v", s.failing, failing)
	}
	if w.took < s.from || w.took > s.to {
		t.Errorf("took %s, want %s to %s", w.took, s.from, s.to)
	}
	got := map[string]time.Duration{}
	var words []string
	for _, c := range w.judged.Checks {
		for _, late := range c.Settled {
			got[strings.TrimSpace(c.ID+" "+late.Item)] = late.After
		}
		for _, f := range c.Findings {
			words = append(words, f.Now+" | "+f.Wanted)
		}
	}
	for what, after := range s.after {
		if late, found := got[what]; !found || late < after || late > after+40*sec {
			t.Errorf("%s: settled after %s (%v), want %s or little more", what, late, found, after)
		}
		delete(got, what)
	}
	if len(got) > 0 {
		t.Errorf("settled late, too: %v", got)
	}
	if s.says != "" && !strings.Contains(strings.Join(words, "\n"), s.says) {
		t.Errorf("want %q among\n%s", s.says, strings.Join(words, "\n"))
	}
	if t.Failed() {
		t.Logf("%s; looks %v, unreachable %q", s.why, w.looks, w.judged.Unreachable)
	}
}

// The early pass is one look, as soon as the host is back.
func TestAwaitOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := waitFor(t, story{once: true, life: []moment{
			{0, condition{off: true}}, {90 * sec, services(60*sec, "W3SVC", "stopped")}, {3 * min, booted(60 * sec)},
		}})
		if w.looks["service"] != 1 || w.took > 2*min || w.judged.Outcome != report.Regressed {
			t.Errorf("looks %v, took %s, outcome %s", w.looks, w.took, w.judged.Outcome)
		}
		if len(w.visit.Seen.Checks) != 4 || w.judged.Settled != 0 {
			t.Errorf("checks %v, settled %s", w.visit.Seen.Checks, w.judged.Settled)
		}
	})
}

// What is not done at the deadline is handed over with what it had seen.
func TestAwaitIsCutShort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := waitFor(t, story{deadline: 3 * min, life: []moment{
			{0, condition{off: true}}, {90 * sec, services(60*sec, "W3SVC", "start pending")},
		}})
		if !w.cut || w.took != 3*min || !errors.Is(w.err, context.DeadlineExceeded) {
			t.Errorf("cut %v after %s: %v", w.cut, w.took, w.err)
		}
		outcomes := map[string]report.Outcome{}
		for _, c := range w.judged.Checks {
			outcomes[c.ID] = c.Outcome
		}
		want := map[string]report.Outcome{
			"os": report.Passed, "service": report.Unknown, "sql": report.Passed, "eventlog": report.Passed,
		}
		if diff := cmp.Diff(want, outcomes); diff != "" {
			t.Errorf("outcomes (-want +got):\n%s", diff)
		}
		if why := w.judged.Checks[1].Error; why != "it was not settled yet: W3SVC state was start pending" {
			t.Errorf("service is unknown: %s", why)
		}
	})
}

// A host that is cut short before it was ever seen has seen nothing.
func TestAwaitIsCutShortBeforeAnyLook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := waitFor(t, story{deadline: 3 * min, life: []moment{{0, condition{off: true}}}})
		if !w.cut || len(w.visit.Seen.Readings) > 0 {
			t.Errorf("cut %v, seen %+v", w.cut, w.visit.Seen)
		}
	})
}

// A host that is waited for takes no place of another.
func TestAwaitTakesNoPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		late, prompt := newMachine(t, []moment{{0, condition{off: true}}, {20 * min, booted(19 * min)}}), newMachine(t,
			[]moment{{0, condition{off: true}}, {1 * min, booted(30 * sec)}})
		before := late.baseline(t)
		late.zero, prompt.zero = time.Now(), time.Now()
		hosts := slices.Concat(late.hosts, prompt.hosts)
		hosts[1].Name = "prompt"
		var done []string
		at := map[string]time.Duration{}
		run := late.watch(before, hosts)
		run.Options.Hosts = 1
		run.Open = func(_ context.Context, h suites.Host) (host.Session, error) {
			if h.Name == "prompt" {
				return prompt, nil
			}
			return late, nil
		}
		if err := runner.Await(t.Context(), run, func(v runner.Visit) error {
			done, at[v.Host.Name] = append(done, v.Host.Name), time.Since(late.zero)
			return nil
		}, nil); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"prompt", "H"}, done); diff != "" || at["prompt"] > 3*min {
			t.Errorf("done at %v (-want +got):\n%s", at, diff)
		}
	})
}

// Where the store fails nothing more is asked, and everything ends.
func TestAwaitEndsWhenTheStoreFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMachine(t, []moment{{0, booted(-10 * min)}})
		before := m.baseline(t)
		m.zero = time.Now()
		hosts := slices.Concat(m.hosts, m.hosts, m.hosts)
		full := errors.New("the disk is full")
		calls := 0
		err := runner.Await(t.Context(), m.watch(before, hosts), func(runner.Visit) error { calls++; return full },
			func(runner.Visit) error { t.Error("a visit is handed over after the store has failed"); return nil })
		if !errors.Is(err, full) || calls != 1 {
			t.Errorf("%v after %d calls", err, calls)
		}
	})
}

// A baseline that cannot be read is told, and nothing is asked.
func TestAwaitWithoutABaseline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMachine(t, nil)
		run := m.watch(baseline.Host{}, m.hosts)
		damage := errors.New("the baseline is damaged")
		run.Before = func(context.Context, suites.Host) (*baseline.Host, error) { return nil, damage }
		err := runner.Await(t.Context(), run, func(runner.Visit) error { return nil }, nil)
		if !errors.Is(err, damage) || m.calls > 0 {
			t.Errorf("%v after %d calls", err, m.calls)
		}
	})
}
