package runner_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"postpatch/baseline"
	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/runner"
	"postpatch/runner/report"
	"postpatch/suites"
)

// condition is what a machine is like from a moment on.
type condition struct {
	off      bool
	other    bool          // another machine has its address
	mute     bool          // it answers, and does not tell when it was started
	ahead    time.Duration // its clock
	boot     time.Duration
	services map[string]string // those that are not running
	login    string            // "" is ok
	events   []string
	build    string // "" is that of before
}

// moment is when a condition begins, by the time at which it is begun to wait.
type moment struct {
	at time.Duration
	condition
}

// machine is a server with a life of its own.
type machine struct {
	zero  time.Time
	life  []moment
	looks map[string]int // by check
	calls int            // sessions
	hosts []suites.Host  // this one
	plan  *suites.Plan
	mu    sync.Mutex // guards looks and calls
}

const longAgo = -30 * 24 * time.Hour

func (m *machine) now() condition {
	c := condition{boot: longAgo}
	since := time.Since(m.zero)
	for _, moment := range m.life {
		if moment.at <= since {
			c = moment.condition
			if c.boot == 0 {
				c.boot = longAgo
			}
		}
	}
	return c
}

func (m *machine) count(check string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.looks[check]++
}

// Ask implements host.Session.
func (m *machine) Ask(_ context.Context, questions []host.Question) (host.Answers, error) {
	m.mu.Lock()
	m.calls++
	m.mu.Unlock()
	var answers host.Answers
	c := m.now()
	if c.off {
		return answers, fmt.Errorf("connecting: %w", probes.ErrNoAnswer)
	}
	id := "4C4C"
	if c.other {
		id = "9999"
	}
	for _, q := range questions {
		answers.Put(q, host.Answer{Rows: []host.Row{{"UUID": {Text: id}, "Name": {Text: "x"}}}})
	}
	return answers, nil
}

// Close implements host.Session.
func (*machine) Close(context.Context) error { return nil }

// inside is a probe that asks through the session.
type inside struct {
	probeFunc
	class string
}

func (i inside) Questions() []host.Question {
	return []host.Question{host.WQL{Class: i.class, Columns: []string{"Name"}}}
}

var errMute = errors.New("access is denied")

func kind(k probes.Kind, p probes.Probe) probes.Kind {
	k.Example = "- " + k.Name + ": {}\n"
	return probes.Define(k, struct{}{}, func(struct{}) (probes.Probe, error) { return p, nil })
}

// kinds are all that this machine can be asked.
func (m *machine) kinds() []probes.Kind {
	ignore := fact.Rule{Op: fact.Ignore}
	return []probes.Kind{
		kind(probes.Kind{Name: "os", Readings: []probes.ReadingSpec{
			{Name: "boot_time", Type: fact.TypeTime, Rule: ignore, Role: probes.BootTime},
			{Name: "uptime", Type: fact.TypeDuration, Rule: ignore, Role: probes.Uptime},
			{Name: "clock_skew", Type: fact.TypeDuration, Rule: ignore, Role: probes.ClockSkew},
			{Name: "boots", Type: fact.TypeSet, Rule: ignore, Role: probes.Boots},
			{Name: "build", Type: fact.TypeText, Severity: fact.Note},
		}}, inside{m.boot, "Win32_OperatingSystem"}),
		kind(probes.Kind{Name: "service", Readings: []probes.ReadingSpec{
			{
				Name: "state", Type: fact.TypeText, Rule: ignore, Keep: "running", Excused: []fact.Value{fact.Text("idle")},
				Waits: []fact.Value{fact.Text("start pending")}, Pending: []fact.Value{fact.Text("not yet started")},
			},
		}}, inside{m.service, "Win32_Service"}),
		kind(probes.Kind{Name: "sql", Settles: "sql", Readings: []probes.ReadingSpec{
			{
				Name: "login", Type: fact.TypeText, Severity: fact.Fail, Expect: "ok",
				Waits: []fact.Value{fact.Text("waiting 18401")}, Refused: []fact.Value{fact.Text("failed 18456")},
			},
		}}, probeFunc(m.sql)),
		kind(probes.Kind{Name: "eventlog", Final: map[string][]string{"sql": {"*/912"}}, Readings: []probes.ReadingSpec{
			{Name: "count", Type: fact.TypeInt, Severity: fact.Warn},
		}}, inside{m.log, "Win32_NTLogEvent"}),
	}
}

func (m *machine) boot(context.Context, probes.Target) ([]fact.Reading, error) {
	m.count("os")
	c := m.now()
	if c.mute {
		return nil, errMute
	}
	return []fact.Reading{
		probes.Read("", "boot_time", fact.Time(m.zero.Add(c.boot+c.ahead))),
		probes.Read("", "uptime", fact.Duration(time.Since(m.zero)-c.boot)),
		probes.Read("", "clock_skew", fact.Duration(c.ahead)),
		probes.Read("", "boots", fact.SetOf(m.boots()...)),
		probes.Read("", "build", fact.Text(cmp.Or(c.build, "20348.1"))),
	}, nil
}

// boots are the starts that the machine's log has by now.
func (m *machine) boots() []string {
	all := []string{m.zero.Add(longAgo).UTC().Format(time.RFC3339) + " planned"}
	for _, moment := range m.life {
		if moment.boot != 0 && !moment.off && !moment.other && moment.at <= time.Since(m.zero) {
			all = append(all, m.zero.Add(moment.boot+moment.ahead).UTC().Format(time.RFC3339)+" planned")
		}
	}
	return all
}

func (m *machine) service(context.Context, probes.Target) ([]fact.Reading, error) {
	m.count("service")
	states := map[string]string{"W3SVC": "running", "Agent": "running"}
	maps.Copy(states, m.now().services)
	var all []fact.Reading
	for name, state := range states {
		if state != "gone" {
			all = append(all, probes.Read(name, "state", fact.Text(state)))
		}
	}
	return all, nil
}

func (m *machine) sql(context.Context, probes.Target) ([]fact.Reading, error) {
	m.count("sql")
	c := m.now()
	if c.off {
		return nil, fmt.Errorf("connecting: %w", probes.ErrNoAnswer)
	}
	if c.login == "failed 18456" {
		m.count("refused login")
	}
	return []fact.Reading{probes.Read("", "login", fact.Text(cmp.Or(c.login, "ok")))}, nil
}

func (m *machine) log(context.Context, probes.Target) ([]fact.Reading, error) {
	m.count("eventlog")
	all := []fact.Reading{probes.Read("System/any/1", "count", fact.Int(1))}
	for _, item := range m.now().events {
		all = append(all, probes.Read(item, "count", fact.Int(1)))
	}
	return all, nil
}

const machineSuite = `suite: s
hosts: [H]
checks: [{os: {}}, {service: {}}, {sql: {}}, {eventlog: {}}]
`

// window waits for a machine, and says what it comes to.
type window struct {
	*machine
	visit  runner.Visit
	judged report.Host
	took   time.Duration
	cut    bool
	err    error
}

// story is what becomes of a machine, and how it is waited for.
type story struct {
	life     []moment
	deadline time.Duration // 0 for none
	once     bool
	plan     string // "" wants a restart, and nothing else
}

// settle are the times of these tests.
func settle() suites.Settle {
	return suites.Settle{
		Default: 6 * time.Minute, Roles: map[string]time.Duration{"sql": 30 * time.Minute},
		Return: 30 * time.Minute, Stable: time.Minute, Poll: 5 * time.Second, Slower: 50,
	}
}

// newMachine is a machine whose life begins in an hour.
func newMachine(t *testing.T, life []moment) *machine {
	t.Helper()
	m := &machine{zero: time.Now().Add(time.Hour), looks: map[string]int{}, life: life}
	set, problems := suites.LoadBytes("s.suite.yaml", []byte(machineSuite), m.kinds())
	if len(problems) > 0 {
		t.Fatal(suites.Format(problems, nil))
	}
	m.hosts, m.plan = set.Hosts, &suites.Plan{Name: "p", Reboot: suites.RebootRequired}
	return m
}

// baseline looks at the machine as it is now, and lets the hour pass until its life
// begins.
func (m *machine) baseline(t *testing.T) baseline.Host {
	t.Helper()
	var before baseline.Host
	o := m.watch(before, nil).Options
	keep := func(v runner.Visit) error { before = v.Seen; return nil }
	if err := runner.Observe(t.Context(), m.hosts, o, keep); err != nil {
		t.Fatal(err)
	}
	<-time.After(time.Until(m.zero)) // of simulated time
	m.calls = 0
	clear(m.looks)
	return before
}

// watch is a run that waits for a reboot.
func (m *machine) watch(before baseline.Host, hosts []suites.Host) runner.Watch {
	plan := m.plan
	return runner.Watch{
		Hosts:   hosts,
		Options: runner.Options{Hosts: 2, Open: func(context.Context, suites.Host) (host.Session, error) { return m, nil }},
		Waiting: runner.Waiting{
			Settle: settle(), Reboot: plan.Reboot,
			Before: func(_ context.Context, h suites.Host) (*baseline.Host, error) {
				own := before
				own.Readings = slices.Clone(before.Readings)
				own.Rename(h.Name)
				return &own, nil
			},
			Judge: func(v runner.Visit, b *baseline.Host) report.Host {
				return runner.Judge(v, b, runner.NewPlanning(plan))
			},
		},
	}
}

// waitFor runs a maintenance window whose reboot is wanted, in a bubble of simulated time.
func waitFor(t *testing.T, s story) window {
	t.Helper()
	w := window{machine: newMachine(t, s.life)}
	if s.plan != "" {
		plan, problems := suites.LoadPlanBytes("p.plan.yaml", []byte(s.plan), w.kinds())
		if len(problems) > 0 {
			t.Fatal(suites.Format(problems, nil))
		}
		w.plan = plan
	}
	before := w.baseline(t)
	run := w.watch(before, w.hosts)
	run.Once = s.once
	ctx := t.Context()
	if s.deadline > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, s.deadline)
		defer cancel()
	}
	take := func(v runner.Visit) error { w.visit = v; return nil }
	start := time.Now()
	w.err = runner.Await(ctx, run, take, func(v runner.Visit) error { w.cut = true; return take(v) })
	w.took = time.Since(start)
	if w.err != nil && s.deadline == 0 {
		t.Fatal(w.err)
	}
	w.judged = run.Judge(w.visit, &before)
	return w
}
