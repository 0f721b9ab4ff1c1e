package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"runtime/debug"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"postpatch/baseline"
	"postpatch/baseline/bucket"
	"postpatch/probes/all"
	"postpatch/probes/host"
	"postpatch/probes/host/winrm/auth"
	"postpatch/runner"
	"postpatch/runner/report"
	"postpatch/suites"
)

// What healthy servers do over a maintenance window raises no alarm.
func TestCleanWindows(t *testing.T) {
	collectLess(t)
	for number := range uint64(windows()) {
		t.Run(fmt.Sprintf("%04d", number), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := drawWindow(number)
				seen := w.play(t)
				if seen.summary.ExitCode != runner.ExitOK {
					t.Errorf("exit %d\n%s", seen.summary.ExitCode, w.told(number, seen))
				}
			})
		})
	}
}

// Whatever one of the servers has that is wrong, the window does not pass, and the report
// names the server and the check.
func TestFaultyWindows(t *testing.T) {
	collectLess(t)
	all := faults()
	for number := range uint64(windows()) {
		f := all[number%uint64(len(all))]
		t.Run(fmt.Sprintf("%04d %s", number, f.name), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w, g := drawFaulty(number, f)
				seen := w.play(t)
				wrong := seen.misses(f, g.name)
				for _, h := range seen.hosts {
					if check, _ := notWell(h, "*"); h.Host != g.name && check != "" {
						wrong = append(wrong, h.Host+" has nothing wrong, and fails by "+check)
					}
				}
				if len(wrong) > 0 {
					t.Errorf("%s on %s: %s\n%s", f.name, g.name, strings.Join(wrong, "; "), w.told(number, seen))
				}
			})
		})
	}
}

// misses is what the report should say of the fault, and does not.
func (s seen) misses(f fault, name string) []string {
	var wrong []string
	for _, h := range s.hosts {
		if h.Host == name && h.Unreachable != "" && f.orAway {
			f.at, f.exit = "", runner.ExitIncomplete
		}
	}
	if s.summary.ExitCode != f.exitOf() {
		wrong = append(wrong, fmt.Sprintf("exit %d, want %d", s.summary.ExitCode, f.exitOf()))
	}
	for _, h := range s.hosts {
		if h.Host != name {
			continue
		}
		check, kind := notWell(h, f.at)
		switch {
		case f.at == "" && h.Unreachable == "" && h.Problem == "":
			wrong = append(wrong, "the host passes for whole")
		case f.at != "" && check == "":
			wrong = append(wrong, "no check "+f.at+" tells it")
		case !strings.Contains(s.text, name) || !strings.Contains(s.text, kind):
			wrong = append(wrong, "the text does not name "+kind)
		}
		return wrong
	}
	return append(wrong, "the host is not in the report")
}

// notWell is the first check of several patterns that does not let the host pass, with
// its kind.
func notWell(h report.Host, patterns string) (check, kind string) {
	for _, c := range h.Checks {
		if matches(patterns, c.ID) && (c.Failing || c.Outcome == report.Unknown) {
			return c.ID, c.Kind
		}
	}
	return "", ""
}

// collectLess leaves more garbage: windows are short, and leave little behind.
func collectLess(t *testing.T) {
	t.Helper()
	was := debug.SetGCPercent(400)
	t.Cleanup(func() { debug.SetGCPercent(was) })
}

// Chance draws every sort of window often enough for a thousand to tell something.
func TestWindowsAreDrawn(t *testing.T) {
	const drawn = 1000
	seen := map[string]int{}
	for number := range uint64(drawn) {
		w := drawWindow(number)
		seen["reboot "+w.reboot]++
		for _, g := range w.guests {
			seen["role "+g.role]++
			seen[g.product]++
			for _, line := range g.story {
				if strings.HasPrefix(line, "noise: ") || strings.HasPrefix(line, "and once more") {
					seen[line]++
				}
			}
		}
	}
	for what, n := range seen {
		if n < drawn/20 {
			t.Errorf("%s: %d of %d", what, n, drawn)
		}
	}
	if want := 3 + 5 + len(releases()) + len(noises()) + 1; len(seen) != want {
		t.Errorf("%d sorts were drawn, want %d: %v", len(seen), want, seen)
	}
	names := map[string]bool{}
	for _, f := range faults() {
		names[f.name] = true
	}
	if len(names) != len(faults()) || len(names) < 50 {
		t.Errorf("%d faults by %d names", len(faults()), len(names))
	}
}

// windows is how many of each sort there are.
func windows() int {
	if testing.Short() || underRace {
		return 60
	}
	return 1000
}

// seen is what a window came to.
type seen struct {
	summary report.Summary
	hosts   []report.Host
	text    string
}

// told is what a reader needs to play a window again.
func (w *window) told(number uint64, s seen) string {
	var b strings.Builder
	fmt.Fprintf(&b, "seed %d, window %d; captured %s, verified %s\n", windowSeed, number,
		w.captured.Format(time.RFC3339), w.verified.Format(time.RFC3339))
	for _, g := range w.guests {
		b.WriteString(strings.Join(g.story, "\n  ") + "\n")
	}
	_, plan := w.texts()
	return b.String() + plan + s.text
}

// play captures before, lets the window pass and verifies after it, with waiting.
func (w *window) play(t *testing.T) seen {
	t.Helper()
	place, err := bucket.At("mem://")
	if err != nil {
		t.Fatal(err)
	}
	store := baseline.Open(place)
	defer func() { _ = store.Close() }()
	time.Sleep(time.Until(w.captured))
	capture := w.performance(t, "capture", store)
	if _, err := perform(t.Context(), capture); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Until(w.verified))
	verify := w.performance(t, "verify", store)
	if verify.against, err = store.Read(t.Context(), "capture"); err != nil {
		t.Fatal(err)
	}
	verify.run.Baseline = &report.Baseline{Name: "capture", Taken: verify.against.Manifest().Finished}
	if err := (waits{wait: true}).apply(&verify); err != nil {
		t.Fatal(err)
	}
	verify.waiting.Alive = func(ctx context.Context, h suites.Host) error { return w.guest(h.Name).alive(ctx) }
	s, err := perform(t.Context(), verify)
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range w.guests {
		g.end()
	}
	return s
}

func (w *window) guest(name string) *guest {
	for _, g := range w.guests {
		if strings.EqualFold(g.name, name) {
			return g
		}
	}
	return nil
}

func (w *window) performance(t *testing.T, command string, store *baseline.Store) performance {
	t.Helper()
	suite, plan := w.texts()
	set, problems := suites.LoadBytes("night.suite.yaml", []byte(suite), all.Kinds())
	if len(problems) > 0 {
		t.Fatal(suites.Format(problems, nil))
	}
	j := job{logins: auth.NewLogins(), set: set, known: keysOf(set)}
	o := runner.Options{
		Hosts: hostsAtOnce, Accounts: &host.Accounts{},
		Open: func(_ context.Context, h suites.Host) (host.Session, error) {
			return w.guest(h.Name).windowNight, nil
		},
		Dial: func(ctx context.Context, _, address string) (net.Conn, error) {
			name, port, err := net.SplitHostPort(address)
			if g := w.guest(name); err == nil && g != nil {
				return g.dial(ctx, port)
			}
			return nil, errors.Join(err, fmt.Errorf("nobody is at %s", address))
		},
		Credential: func(string, string) (host.Credential, error) {
			return host.Credential{
				User: "probe", Password: host.NewSecret("lab"), SQL: host.SQLWay{Encrypt: "disable"}, // by a pipe
			}, nil
		},
	}
	if command == "verify" {
		if j.plan, problems = suites.LoadPlanBytes("night.plan.yaml", []byte(plan), all.Kinds()); len(problems) > 0 {
			t.Fatal(suites.Format(problems, nil))
		}
	}
	p := performance{job: j, command: command, name: command, store: store, options: o}
	p.run = newRun(command, command, j)
	p.options.Began = p.run.Started
	p.learn, p.say = learning{samples: 1}, func(string, ...any) {}
	p.next = func(report.Summary, blind) []string { return nil }
	return p
}

func perform(ctx context.Context, p performance) (seen, error) {
	var s seen
	var out bytes.Buffer
	p.collect = func(h report.Host) { s.hosts = append(s.hosts, h) }
	a := app{stdout: &out, stderr: &out, getenv: func(string) string { return "" }}
	summary, err := runWithViews(ctx, a, outputs{color: "never", progress: "never"}, p)
	s.summary, s.text = summary, out.String()
	return s, err
}

// matches says whether one of several patterns, with a bar between them, means a check.
func matches(patterns, id string) bool {
	for pattern := range strings.SplitSeq(patterns, "|") {
		if suites.Glob(pattern, id) {
			return true
		}
	}
	return false
}
