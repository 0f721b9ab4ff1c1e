package runner_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"postpatch/baseline"
	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/runner"
	"postpatch/runner/report"
	"postpatch/suites"
	"postpatch/suites/assert"
	"postpatch/suites/expect"
)

// lamp is a kind of these tests: one lamp, "a", that is bright enough from 10 on, in a
// house that tells since when it has power.
var lamp = probes.Define(probes.Kind{
	Name: "lamp", Doc: "A lamp.", Item: "the lamp's name", Items: probes.AnyCase,
	Readings: []probes.ReadingSpec{
		{Name: "light", Type: fact.TypeInt, Doc: "How bright it is."},
		{Name: "shade", Type: fact.TypeText, Doc: "Its shade; never changes."},
		{Name: "power", Type: fact.TypeTime, Rule: fact.Rule{Op: fact.Ignore}, Role: probes.BootTime, Doc: "Since when."},
		{Name: "lit", Type: fact.TypeDuration, Rule: fact.Rule{Op: fact.Ignore}, Role: probes.Uptime, Doc: "For how long."},
		{Name: "skew", Type: fact.TypeDuration, Rule: fact.Rule{Op: fact.Ignore}, Role: probes.ClockSkew, Doc: "Of its clock."},
	},
}, struct{}{}, func(struct{}) (probes.Probe, error) { return nil, nil })

// lampProbe asks through a session, so that a run can know which machine answers.
type lampProbe struct{ probes.Probe }

func (lampProbe) Questions() []host.Question { return nil }

const lampKey = "house/lamp"

// What a side has of the lamp where it has no light: nothing of the check at all, only
// the house's power, only the lamp's shade.
const (
	nothingAtAll = -3
	noItem       = -2
	noReading    = -1
)

// lampSide is how the lamp was seen, before or now.
type lampSide struct {
	how   string // see hows
	light int    // or one of the above
}

// The ways to see a lamp.
const (
	noBaseline = "no baseline at all"
	notTried   = "not tried"
	unobserved = "not observed"
	silentHost = "unreachable"
	stranger   = "another machine"
	partly     = "partly"
	whole      = "whole"
)

// night is one combination: a lamp before and now, and all that is said of it.
type night struct {
	before, now lampSide
	wants       string // see wants
	rule        string
	severity    fact.Severity
	plan        string
	waiver      string // "", "in force", "over"
	learned     string // "", "inside", "outside"
}

func befores() []lampSide {
	all := []lampSide{{noBaseline, 0}, {notTried, 0}, {unobserved, 0}, {silentHost, 0}, {whole, nothingAtAll}}
	for _, how := range []string{partly, whole} {
		for _, light := range []int{noItem, noReading, 10, 5} {
			all = append(all, lampSide{how, light})
		}
	}
	return all
}

func nows() []lampSide {
	all := []lampSide{{notTried, 0}, {unobserved, 0}, {silentHost, 0}, {stranger, 10}, {whole, nothingAtAll}}
	for _, how := range []string{partly, whole} {
		for _, light := range []int{noItem, noReading, 10, 5, 12, 3} { // the same and otherwise, well and not
			all = append(all, lampSide{how, light})
		}
	}
	return all
}

func wants() []string {
	return []string{"nothing", "own", "default", "keep", "after", "before and after"}
}

func rules() []string { return []string{"same", "ignore", "within 2", "at least", "same or gone"} }

func severities() []fact.Severity { return []fact.Severity{fact.Warn, fact.Note, fact.Fail} }

const (
	mayAll      = "may change"
	mayTo12     = "may change to 12"
	mayGo       = "may go"
	must12      = "must change to 12"
	rebootDone  = "reboot required, and done"
	rebootNot   = "reboot required, and not done"
	rebootWrong = "reboot forbidden, and done"
)

func plans() []string {
	return []string{"", mayAll, mayTo12, mayGo, must12, rebootDone, rebootNot, rebootWrong}
}

func waivers() []string { return []string{"", "in force", "over"} }

func learnings() []string { return []string{"", "inside", "outside"} }

// nights hands over every way in which the lamp was seen before and now, with all that
// may be expected of it, every rule with every severity and every plan: all of these
// together. Waivers and learned ranges are spread over them, so that any two of rule,
// severity, plan, waiver and range come together with each way of seeing and each
// expectation; without a plan, and where a drift fails, all come together.
func nights(yield func(night)) {
	for _, before := range befores() {
		for _, now := range nows() {
			for _, wanted := range wants() {
				for r, rule := range rules() {
					n := night{before: before, now: now, wants: wanted, rule: rule}
					n.said(r, yield)
				}
			}
		}
	}
}

func (n night) said(r int, yield func(night)) {
	for s, severity := range severities() {
		for p, plan := range plans() {
			n.severity, n.plan = severity, plan
			a, b := r+5*s, p
			n.waiver, n.learned = waivers()[(a+b)%3], learnings()[(a+2*b)%3]
			yield(n)
		}
	}
	n.severity, n.plan = fact.Fail, ""
	for _, n.waiver = range waivers() {
		for _, n.learned = range learnings() {
			yield(n)
		}
	}
}

// Whatever comes together, a check comes to one outcome, and to that of the table in
// the README.
func TestTheJudgingTable(t *testing.T) {
	street := newStreet(t)
	wrong, all := 0, 0
	nights(func(n night) {
		all++
		h, s := street.judge(n)
		for _, problem := range slices.Concat(n.total(h, s), n.safe(h, s), n.ruled(h, s)) {
			if wrong++; wrong <= 20 {
				t.Errorf("%+v: %s\n\t%s: %v", n, problem, h.Checks[0].Error, told(h.Checks[0]))
			}
		}
	})
	if all < 200_000 || wrong > 20 {
		t.Errorf("%d of %d combinations are wrong", wrong, all)
	}
}

// total holds that every check has one outcome, and that the exit code follows from
// the outcomes alone.
func (n night) total(h report.Host, s report.Summary) (problems []string) {
	exit, counted := runner.ExitOK, 0
	if len(h.Checks) == 0 || h.Checks[0].ID != "lamp" {
		return []string{"the check is not told"}
	}
	for _, c := range h.Checks {
		if !slices.Contains(report.Outcomes(), c.Outcome) {
			problems = append(problems, fmt.Sprintf("outcome %q", c.Outcome))
		}
		if c.Outcome == report.Unknown && exit == runner.ExitOK {
			exit = runner.ExitIncomplete
		}
	}
	if h.Problem != "" {
		exit = runner.ExitNoVerdict
	}
	for _, c := range h.Checks {
		broken := slices.Contains([]report.Outcome{report.Regressed, report.Failed, report.Unmet}, c.Outcome)
		for _, f := range c.Findings {
			broken = broken || f.Waiver.Over || f.Outcome == report.Drifted && f.Severity == "fail"
		}
		if broken {
			exit = runner.ExitBroken
		}
	}
	for _, count := range s.Counts {
		counted += count
	}
	if counted != len(h.Checks) {
		problems = append(problems, fmt.Sprintf("%d checks are counted as %d", len(h.Checks), counted))
	}
	if s.ExitCode != exit {
		problems = append(problems, fmt.Sprintf("exit %d, and its outcomes come to %d", s.ExitCode, exit))
	}
	return problems
}

// safe holds what must not be, whatever the table says.
func (n night) safe(h report.Host, s report.Summary) (problems []string) {
	never := func(wrong bool, why string) {
		if wrong {
			problems = append(problems, fmt.Sprintf("exit %d: %s", s.ExitCode, why))
		}
	}
	sight, seen := n.now.light, n.now.how == whole || n.now.how == stranger && !n.knowsTheMachine()
	fails := n.now.how == whole && (sight < 10) || n.now.how == partly && sight >= 0 && sight < 10
	held := (n.before.how == partly || n.before.how == whole) && n.before.light >= 10
	bound := n.wants == "own" || n.wants == "after"
	never(!seen && s.ExitCode == runner.ExitOK, "passes, and is not observed")
	never(!seen && !report.Worse(h.Checks[0].Outcome, report.Waived), "as if it were observed whole")
	never(n.now.how == whole && sight == nothingAtAll && s.ExitCode == 0, "passes, and told nothing")
	never(bound && fails && held && s.ExitCode == 0 && n.waiver != "in force", "held before, fails now, and passes")
	never(bound && fails && held && s.ExitCode == 3 && n.waiver != "in force", "is broken, and only incomplete")
	never(bound && fails && h.Checks[0].Outcome == report.Passed, "fails, and is passed")
	never(n.waiver == "in force" && bound && fails && held && n.now.how == whole && sight != nothingAtAll &&
		n.plan != must12 && h.Checks[0].Outcome == report.Regressed, "is waived, and regressed")
	return problems
}

// knowsTheMachine says whether the baseline tells which machine it is of.
func (n night) knowsTheMachine() bool {
	return n.before.how != noBaseline && n.before.how != silentHost
}

// street is what the nights have in common.
type street struct {
	bright, twelve expect.Predicate
	after, back    suites.Assertion
	checks         map[[3]string]*suites.Check
	plans          map[string]*suites.Plan
}

func newStreet(t *testing.T) *street {
	t.Helper()
	s := &street{checks: map[[3]string]*suites.Check{}, plans: map[string]*suites.Plan{}}
	for source, into := range map[string]*expect.Predicate{">= 10": &s.bright, "12": &s.twelve} {
		p, err := expect.Parse(source, fact.TypeInt)
		if err != nil {
			t.Fatal(err)
		}
		*into = p
	}
	for source, into := range map[string]*suites.Assertion{
		"after.light >= 10": &s.after, "after.light == before.light": &s.back,
	} {
		a, problems := assert.Compile(source, map[string]fact.Type{"light": fact.TypeInt})
		if len(problems) > 0 {
			t.Fatal(source, problems)
		}
		into.Expr = a
	}
	return s
}

// check is the lamp's, of which nothing but that is expected and compared.
func (s *street) check(n night) *suites.Check {
	key := [3]string{n.wants, n.rule, n.severity.String()}
	if c, made := s.checks[key]; made {
		return c
	}
	c := &suites.Check{Suite: "house", ID: "lamp", Kind: new(lamp), Items: lamp.Items, Probe: lampProbe{}}
	rule, err := fact.ParseRule(n.rule)
	if err != nil {
		panic(err)
	}
	c.Compare = suites.Compare(lamp, lamp.Items, nil, []suites.Override{{
		Pattern: suites.Pattern{Kind: "lamp", Reading: "light"}, Rule: &rule, Severity: &n.severity,
	}})
	e := suites.Expectation{Reading: "light", Predicate: s.bright}
	switch n.wants {
	case "own":
		c.Expect = append(c.Expect, e)
	case "default", "keep":
		e.Default, e.Keep = true, n.wants == "keep"
		c.Expect = append(c.Expect, e)
	case "after":
		c.Assert = append(c.Assert, s.after)
	case "before and after":
		c.Assert = append(c.Assert, s.back)
	}
	s.checks[key] = c
	return c
}

func (s *street) judge(n night) (report.Host, report.Summary) {
	before, seen := n.sides()
	return s.come(n, before, seen)
}

// sides are what was seen of the lamp before and now.
func (n night) sides() (before *baseline.Host, seen baseline.Host) {
	power := time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)
	if n.before.how != noBaseline {
		was := n.before.host(power, power.Add(time.Hour))
		was.Moves = n.moves()
		before = &was
	}
	if n.plan == rebootDone || n.plan == rebootWrong {
		power = power.Add(47 * time.Hour)
	}
	return before, n.now.host(power, time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC))
}

// come is what these sides come to, by what is said of the lamp.
func (s *street) come(n night, before *baseline.Host, seen baseline.Host) (report.Host, report.Summary) {
	planning := runner.NewPlanning(s.planOf(n.plan))
	today := time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC)
	if n.waiver != "" {
		until := map[string]int{"in force": 24, "over": 23}[n.waiver]
		planning.Waive([]suites.Waiver{{
			Pattern: suites.Pattern{Kind: "lamp", Reading: "*"}, Until: time.Date(2026, 11, until, 0, 0, 0, 0, time.UTC),
		}}, today)
	}
	h := runner.Judge(visitOf(s.check(n), seen), before, planning)
	tally := runner.NewTally(today)
	tally.Add(h)
	return h, tally.Summary(today)
}

func (s *street) planOf(name string) *suites.Plan {
	p, made := s.plans[name]
	if made {
		return p
	}
	p = &suites.Plan{Name: "p", Reboot: suites.RebootAllowed}
	may := map[string]string{
		mayAll: "lamp.*", mayTo12: "{change: lamp.light, to: 12}", mayGo: "{change: lamp.light, to: gone}",
	}
	if source := may[name]; source != "" {
		text := "plan: p\nmay_change: [" + source + "]\n"
		read, problems := suites.LoadPlanBytes("p.plan.yaml", []byte(text), []probes.Kind{lamp})
		if len(problems) > 0 {
			panic(suites.Format(problems, nil))
		}
		p = read
	}
	switch name {
	case must12:
		light := suites.Pattern{Kind: "lamp", Reading: "light"}
		p.Must = []suites.MustChange{{Pattern: light, Predicate: s.twelve}}
	case rebootDone, rebootNot:
		p.Reboot = suites.RebootRequired
	case rebootWrong:
		p.Reboot = suites.RebootForbidden
	}
	s.plans[name] = p
	return p
}

// host is what a run has stored of the lamp at a time.
func (l lampSide) host(power, at time.Time) baseline.Host {
	h := baseline.Host{Host: "h", Identity: "m1"}
	record := baseline.Check{Check: lampKey, Kind: "lamp"}
	switch l.how {
	case notTried:
		return h
	case silentHost:
		h.Unreachable, h.Identity = "nothing answers", ""
		record.Error = "nothing answers"
	case unobserved, partly:
		record.Error = "the wire was cut"
	case stranger:
		h.Identity = "m2"
	}
	h.Checks = []baseline.Check{record}
	if l.how == unobserved || l.how == silentHost || l.light == nothingAtAll {
		return h
	}
	add := func(item, name string, v fact.Value) {
		key := fact.Key{Host: "h", Check: lampKey, Item: item, Name: name}
		h.Readings = append(h.Readings, fact.Reading{Key: key, Value: v})
	}
	add("", "power", fact.Time(power))
	add("", "lit", fact.Duration(at.Sub(power)))
	add("", "skew", fact.Duration(0))
	if l.light > noItem {
		add("a", "shade", fact.Text("green"))
	}
	if l.light > noReading {
		add("a", "light", fact.Int(l.light))
	}
	h.Sort()
	return h
}

// moves are what the samples of the baseline showed of the light: all that comes here,
// or that it moves, but not so far.
func (n night) moves() []baseline.Move {
	m := baseline.Move{Key: fact.Key{Host: "h", Check: lampKey, Item: "a", Name: "light"}}
	was := n.before.light
	seen := (n.before.how == whole || n.before.how == partly) && was != nothingAtAll
	switch {
	case n.learned == "" || !seen:
		return nil
	case n.learned == "inside":
		m.Seen, m.Absent = []fact.Value{fact.Int(0), fact.Int(20)}, true
	case was < 0:
		m.Seen, m.Absent = []fact.Value{fact.Int(100), fact.Int(101)}, true
	default:
		m.Seen = []fact.Value{fact.Int(was), fact.Int(was + 1)}
	}
	return []baseline.Move{m}
}
