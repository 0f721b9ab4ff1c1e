package runner_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/runner"
	"postpatch/suites"
)

// probeFunc is a probe of this test.
type probeFunc func(ctx context.Context, t probes.Target) ([]fact.Reading, error)

func (f probeFunc) Observe(ctx context.Context, t probes.Target) ([]fact.Reading, error) {
	return f(ctx, t)
}

// asking is a probe that looks inside the host.
type asking struct{ probeFunc }

func (asking) Questions() []host.Question {
	return []host.Question{host.WQL{Class: "Win32_Service", Columns: []string{"Name"}}}
}

// away is a probe whose target is not the host.
type away struct{ probeFunc }

func (away) Aims() []string { return []string{"other"} }

// named is a probe whose suite names the host under test itself.
type named struct{ probeFunc }

func (named) Aims() []string { return []string{"", "H"} }

var port = probes.Define(probes.Kind{
	Name: "port", Doc: "A port.", Readings: []probes.ReadingSpec{{
		Name: "state", Type: fact.TypeText, Doc: "open or not.", Silence: []fact.Value{fact.Text("refused")},
	}},
}, struct{}{}, func(struct{}) (probes.Probe, error) { return nil, nil })

func portCheck(id string, p probes.Probe) *suites.Check {
	return &suites.Check{Suite: "s", ID: id, Kind: new(port), Probe: p}
}

func reports(state string) probeFunc {
	return func(context.Context, probes.Target) ([]fact.Reading, error) {
		return []fact.Reading{probes.Read("443", "state", fact.Text(state))}, nil
	}
}

func fails(err error) probeFunc {
	return func(context.Context, probes.Target) ([]fact.Reading, error) { return nil, err }
}

// session is a Windows host of this test: it answers every question with a row.
type session struct{ asked, closed *atomic.Int32 }

func (s session) Ask(_ context.Context, questions []host.Question) (host.Answers, error) {
	s.asked.Add(1)
	var answers host.Answers
	for _, q := range questions {
		answers.Put(q, host.Answer{Rows: []host.Row{{"UUID": {Text: "4C4C"}, "Name": {Text: "W3SVC"}}}})
	}
	return answers, nil
}

func (s session) Close(context.Context) error {
	s.closed.Add(1)
	return nil
}

// broken is a session that panics over what a hostile host says.
type broken struct {
	session
	closing bool // or only when it is closed
}

func (b broken) Ask(ctx context.Context, questions []host.Question) (host.Answers, error) {
	if b.closing {
		return b.session.Ask(ctx, questions)
	}
	panic("oops")
}

func (b broken) Close(ctx context.Context) error {
	if b.closing {
		panic("oops")
	}
	return b.session.Close(ctx)
}

// dating asks since the baseline, and keeps what it was put.
type dating struct {
	asking
	session
	put *[]string
}

func (d dating) Questions() []host.Question {
	return []host.Question{host.Collector{Name: "log", Args: map[string][]string{"since": {host.SinceBaseline}}}}
}

func (d dating) Ask(ctx context.Context, questions []host.Question) (host.Answers, error) {
	for _, q := range questions {
		*d.put = append(*d.put, q.String())
	}
	return d.session.Ask(ctx, questions)
}

// What is asked since the baseline is put with its time, and answered to the probe
// under the question that it asked.
func TestQuestionsSinceTheBaseline(t *testing.T) {
	for since, baseline := range map[string]time.Time{"boot": {}, "7200": time.Now().Add(-119 * time.Minute)} {
		var put []string
		d := dating{session: session{new(atomic.Int32), new(atomic.Int32)}, put: &put}
		d.asking = asking{func(_ context.Context, target probes.Target) ([]fact.Reading, error) {
			rows, err := target.Answers.To(d.Questions()[0])
			if len(rows) != 1 {
				t.Errorf("%s: answered with %v", since, rows)
			}
			return nil, err
		}}
		open := func(context.Context, suites.Host) (host.Session, error) { return d, nil }
		hosts := []suites.Host{{Name: "H", Checks: []*suites.Check{portCheck("in", d)}}}
		o := runner.Options{Hosts: 1, Open: open, Baseline: baseline}
		err := runner.Observe(t.Context(), hosts, o, func(v runner.Visit) error {
			if why := v.Seen.Checks[0].Error; why != "" {
				t.Errorf("%s: %s", since, why)
			}
			return nil
		})
		if want := `log since=["` + since + `"]`; err != nil || !slices.Contains(put, want) {
			t.Errorf("put %q, %v; want %s among them", put, err, want)
		}
	}
}

// A session that panics is the error of its own host, and of no other.
func TestSessionsThatPanic(t *testing.T) {
	s := session{new(atomic.Int32), new(atomic.Int32)}
	inside := asking{reports("open")}
	var hosts []suites.Host
	for _, name := range []string{"asked", "closed", "opened", "well"} {
		checks := []*suites.Check{portCheck("in", inside), portCheck("out", reports("open"))}
		hosts = append(hosts, suites.Host{Name: name, Checks: checks})
	}
	open := func(_ context.Context, h suites.Host) (host.Session, error) {
		switch h.Name {
		case "asked", "closed":
			return broken{s, h.Name == "closed"}, nil
		case "opened":
			panic("oops")
		}
		return s, nil
	}
	got := map[string]string{}
	err := runner.Observe(t.Context(), hosts, runner.Options{Hosts: 2, Open: open}, func(v runner.Visit) error {
		for _, c := range v.Seen.Checks {
			got[v.Host.Name+" "+c.Check] = c.Error
		}
		return nil
	})
	want := map[string]string{
		"asked s/in": `asking "asked": the session panicked: oops`, "asked s/out": "",
		"closed s/in": `asking "closed": the session panicked: oops`, "closed s/out": "",
		"opened s/in": `asking "opened": the session panicked: oops`, "opened s/out": "",
		"well s/in": "", "well s/out": "",
	}
	if d := cmp.Diff(want, got); d != "" || err != nil {
		t.Errorf("errors (-want +got), %v:\n%s", err, d)
	}
	if asked, closed := s.asked.Load(), s.closed.Load(); asked != 2 || closed != 2 {
		t.Errorf("%d sessions were asked, %d closed; want 2 and 2: those of asked and well", asked, closed)
	}
}

// observe visits one host and returns its checks as "id: error or value".
func observe(t *testing.T, o runner.Options, checks ...*suites.Check) (runner.Visit, []string) {
	t.Helper()
	var visit runner.Visit
	hosts := []suites.Host{{Name: "h", Address: "h", Checks: checks}}
	if err := runner.Observe(t.Context(), hosts, o, func(v runner.Visit) error {
		visit = v
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, c := range visit.Seen.Checks {
		line := strings.TrimPrefix(c.Check, "s/") + ": " + c.Error
		for _, r := range visit.Seen.Readings {
			if r.Key.Check == c.Check {
				line += "[" + r.Value.String() + "]"
			}
		}
		lines = append(lines, line)
	}
	return visit, lines
}

func TestOneSessionForAllQuestions(t *testing.T) {
	s := session{new(atomic.Int32), new(atomic.Int32)}
	o := runner.Options{Open: func(context.Context, suites.Host) (host.Session, error) { return s, nil }}
	inside := asking{func(_ context.Context, target probes.Target) ([]fact.Reading, error) {
		rows, err := target.Answers.To(host.WQL{Class: "Win32_Service"})
		return []fact.Reading{probes.Read("", "state", fact.Text(rows[0].Get("Name").Text))}, err
	}}
	visit, got := observe(t, o, portCheck("a", inside), portCheck("b", inside), portCheck("c", reports("open")))
	if d := cmp.Diff([]string{"a: [W3SVC]", "b: [W3SVC]", "c: [open]"}, got); d != "" {
		t.Errorf("checks (-want +got):\n%s", d)
	}
	if s.asked.Load() != 1 || s.closed.Load() != 1 {
		t.Errorf("asked %d times, closed %d times; want once", s.asked.Load(), s.closed.Load())
	}
	if visit.Seen.Identity != "4c4c" {
		t.Errorf("identity %q", visit.Seen.Identity)
	}
}

func TestUnreachable(t *testing.T) {
	silent := fmt.Errorf("opening a session: %w", probes.ErrNoAnswer)
	for name, test := range map[string]struct {
		checks []*suites.Check
		want   bool
	}{
		"no answer at all": {[]*suites.Check{portCheck("a", fails(silent))}, true},
		"a closed port beside no answer": {
			[]*suites.Check{portCheck("a", fails(silent)), portCheck("b", reports("refused"))}, true,
		},
		"an open port beside no answer": {
			[]*suites.Check{portCheck("a", fails(silent)), portCheck("b", reports("open"))}, false,
		},
		"what answers elsewhere proves nothing": {
			[]*suites.Check{portCheck("a", fails(silent)), portCheck("b", away{reports("open")})}, true,
		},
		"silence elsewhere proves nothing": {
			[]*suites.Check{portCheck("a", away{fails(silent)}), portCheck("b", reports("refused"))}, false,
		},
		"what is named as the host itself counts": {
			[]*suites.Check{portCheck("a", fails(silent)), portCheck("b", named{reports("open")})}, false,
		},
		"what was never tried is no answer": {
			[]*suites.Check{portCheck("a", fails(silent)), portCheck("b", fails(probes.ErrNotTried))}, true,
		},
		"what was never tried alone is no silence": {[]*suites.Check{portCheck("b", fails(probes.ErrNotTried))}, false},
		"an error is an answer": {
			[]*suites.Check{portCheck("a", fails(silent)), portCheck("b", fails(errors.New("access denied")))}, false,
		},
		"closed ports alone are what was asked about": {[]*suites.Check{portCheck("b", reports("refused"))}, false},
	} {
		t.Run(name, func(t *testing.T) {
			visit, got := observe(t, runner.Options{}, test.checks...)
			if (visit.Seen.Unreachable != "") != test.want {
				t.Errorf("unreachable %q", visit.Seen.Unreachable)
			}
			for _, line := range got {
				if test.want && strings.Contains(line, ": [") {
					t.Errorf("on an unreachable host: %s", line)
				}
			}
		})
	}
}

func TestProbesThatMisbehave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hangs := portCheck("hangs", probeFunc(func(ctx context.Context, _ probes.Target) ([]fact.Reading, error) {
			<-ctx.Done()
			return nil, context.Cause(ctx)
		}))
		hangs.Timeout = 3 * time.Second
		start := time.Now()
		_, got := observe(t, runner.Options{}, hangs,
			portCheck("panics", probeFunc(func(context.Context, probes.Target) ([]fact.Reading, error) { panic("oops") })),
			portCheck("twice", probeFunc(func(context.Context, probes.Target) ([]fact.Reading, error) {
				r := probes.Read("443", "state", fact.Text("open"))
				return []fact.Reading{r, r}, nil
			})),
			portCheck("undeclared", probeFunc(func(context.Context, probes.Target) ([]fact.Reading, error) {
				return []fact.Reading{probes.Read("", "colour", fact.Text("red"))}, nil
			})),
			portCheck("well", reports("open")),
		)
		want := []string{
			"hangs: no result within 3s",
			`panics: checking panics on "h": the probe panicked: oops`,
			`twice: checking twice: the probe reported state of "443" twice[open][open]`,
			`undeclared: checking undeclared: the probe reported "colour", which its kind does not declare so[red]`,
			"well: [open]",
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("checks (-want +got):\n%s", d)
		}
		if took := time.Since(start); took != 3*time.Second {
			t.Errorf("the visit took %s, want the hanging check's 3s", took)
		}
	})
}

// A host that hangs must not hold up the others.
func TestHostsDoNotWaitForEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := portCheck("a", probeFunc(func(ctx context.Context, _ probes.Target) ([]fact.Reading, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}))
		hosts := []suites.Host{{Name: "slow", Checks: []*suites.Check{slow}}}
		for i := range 20 {
			h := suites.Host{Name: fmt.Sprintf("h%d", i), Checks: []*suites.Check{portCheck("a", reports("open"))}}
			hosts = append(hosts, h)
		}
		var order []string
		err := runner.Observe(t.Context(), hosts, runner.Options{Hosts: 2}, func(v runner.Visit) error {
			order = append(order, v.Host.Name)
			return nil
		})
		if err != nil || len(order) != 21 || order[20] != "slow" {
			t.Errorf("order %v, %v; want the slow host last", order, err)
		}
	})
}

func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	waits := portCheck("a", probeFunc(func(ctx context.Context, _ probes.Target) ([]fact.Reading, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}))
	var hosts []suites.Host
	for i := range 5 {
		hosts = append(hosts, suites.Host{Name: fmt.Sprint(i), Checks: []*suites.Check{waits}})
	}
	hosts[0].Checks = []*suites.Check{portCheck("a", reports("open"))}
	var seen []string
	err := runner.Observe(ctx, hosts, runner.Options{Hosts: 1}, func(v runner.Visit) error {
		seen = append(seen, v.Host.Name)
		cancel()
		return nil
	})
	if !runner.Interrupted(err) || !slices.Equal(seen, []string{"0"}) {
		t.Errorf("seen %v, %v; want host 0 alone and an interruption", seen, err)
	}
}

func TestTakingInFails(t *testing.T) {
	full := errors.New("disk full")
	hosts := []suites.Host{{Name: "h", Checks: []*suites.Check{portCheck("a", reports("open"))}}}
	err := runner.Observe(t.Context(), hosts, runner.Options{}, func(runner.Visit) error { return full })
	if !errors.Is(err, full) || runner.Interrupted(err) {
		t.Errorf("got %v", err)
	}
}
