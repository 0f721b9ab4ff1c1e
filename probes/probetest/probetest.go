// Package probetest holds the checks that every kind must pass.
package probetest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"reflect"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"slices"
	"testing"
	"time"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
)

// Suite says how a kind is put to the test.
type Suite struct {
	Kind probes.Kind
	Args map[string]any // what the check's author wrote
	// Healthy points at a server, started for the test, at which all is well;
	// for a probe that asks through a session, the target holds its answers.
	Healthy func(t *testing.T) probes.Target
	// Silent and Refused point at a server that accepts and says nothing, and at
	// one that is not there. When nil, what Healthy gives is led to built-in ones.
	Silent, Refused func(t *testing.T) probes.Target
}

const (
	deadline = 300 * time.Millisecond // of an Observe that gets no answer
	healthy  = 20 * time.Second       // of an Observe that does; generous, for busy machines
	watchdog = 10 * time.Second       // beyond the deadline, until an Observe counts as hung
)

// Run checks that the kind is complete, that it reports what it declares and
// the same twice, that it ends in time and alone whatever the server does, and
// that it never panics.
func Run(t *testing.T, s Suite) {
	t.Helper()
	t.Run("the kind is complete", func(t *testing.T) { report(t, incomplete(s.Kind)) })
	t.Run("an unknown parameter is refused", func(t *testing.T) {
		var field *probes.FieldError
		if _, err := s.Kind.Build(map[string]any{"no such parameter": ""}); !errors.As(err, &field) {
			t.Errorf("got %v, want a FieldError", err)
		}
	})
	t.Run("the same twice", s.twice)
	if _, asks := s.build(t).(probes.Asker); asks {
		t.Run("no answers are an error", s.unanswered)
		return
	}
	t.Run("a silent server", func(t *testing.T) { s.survives(t, s.pointed(t, s.Silent, silent)) })
	t.Run("a server that is not there", func(t *testing.T) { s.survives(t, s.pointed(t, s.Refused, refused)) })
	for name, misbehave := range faults() {
		t.Run("a server with "+name, func(t *testing.T) {
			s.survives(t, lead(s.Healthy(t), faulty(t, misbehave)))
		})
	}
}

// Refuses holds that the kind takes none of the arguments, and says which of them
// is wrong.
func Refuses(t *testing.T, kind probes.Kind, all map[string]map[string]any) {
	t.Helper()
	for name, args := range all {
		var field *probes.FieldError
		if _, err := kind.Build(args); !errors.As(err, &field) {
			t.Errorf("%s: got %v, want a FieldError", name, err)
		}
	}
}

// Observe builds a check of the kind and observes the target once, within the time of a
// healthy one.
func Observe(t testing.TB, k probes.Kind, target probes.Target, args map[string]any) ([]fact.Reading, error) {
	t.Helper()
	probe, err := k.Build(args)
	if err != nil {
		t.Fatalf("building the probe: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), healthy)
	defer cancel()
	said := rowsOf(target.Answers)
	readings, err := probe.Observe(ctx, target)
	if !reflect.DeepEqual(said, rowsOf(target.Answers)) {
		t.Error("the probe has changed rows of the answers, which hosts share")
	}
	for _, problem := range Unknown(k, readings) {
		t.Error(problem)
	}
	return readings, err
}

// rowsOf are copies of all rows.
func rowsOf(answers host.Answers) map[string][]host.Row {
	all := map[string][]host.Row{}
	for question, answer := range answers.All() {
		for _, row := range answer.Rows {
			row = maps.Clone(row)
			for name, cell := range row {
				cell.List = slices.Clone(cell.List)
				row[name] = cell
			}
			all[question] = append(all[question], row)
		}
	}
	return all
}

func (s Suite) build(t *testing.T) probes.Probe {
	t.Helper()
	probe, err := s.Kind.Build(s.Args)
	if err != nil {
		t.Fatalf("building the probe: %v", err)
	}
	return probe
}

// pointed is the target of own or, when there is none, a healthy one led to the
// addresses of a stand-in.
func (s Suite) pointed(
	t *testing.T, own func(*testing.T) probes.Target, standIn func(*testing.T) addresses,
) probes.Target {
	t.Helper()
	if own != nil {
		return own(t)
	}
	return lead(s.Healthy(t), standIn(t))
}

// twice observes a healthy server twice.
func (s Suite) twice(t *testing.T) {
	probe, target := s.build(t), s.Healthy(t)
	before := inUse()
	first, err := observe(t, probe, target, healthy)
	if err != nil {
		t.Fatalf("observing a healthy server: %v", err)
	}
	if len(first) == 0 {
		t.Error("no readings of a healthy server")
	}
	report(t, undeclared(s.Kind, first))
	second, err := observe(t, probe, target, healthy)
	if err != nil {
		t.Fatalf("observing a healthy server again: %v", err)
	}
	report(t, unstable(s.Kind, first, second))
	leavesNone(t, before)
}

func (s Suite) unanswered(t *testing.T) {
	target := s.Healthy(t)
	target.Answers = probes.Target{}.Answers
	if readings, err := observe(t, s.build(t), target, deadline); err == nil {
		t.Errorf("got %v and no error", readings)
	}
}

// survives observes a server that does not behave: any readings and any error
// will do, as long as there is one of them and Observe ends.
func (s Suite) survives(t *testing.T, target probes.Target) {
	t.Helper()
	probe := s.build(t)
	before := inUse()
	readings, err := observe(t, probe, target, deadline)
	if len(readings) == 0 && err == nil {
		t.Error("no readings and no error")
	}
	report(t, undeclared(s.Kind, readings))
	leavesNone(t, before)
}

type observation struct {
	readings []fact.Reading
	err      error
	panicked string
}

// observe calls Observe with a deadline and does not wait for ever for it.
func observe(t *testing.T, p probes.Probe, target probes.Target, limit time.Duration) ([]fact.Reading, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	done := make(chan observation, 1)
	go func() {
		var o observation
		defer func() {
			if p := recover(); p != nil {
				o.panicked = fmt.Sprintf("%v\n%s", p, debug.Stack())
			}
			done <- o
		}()
		o.readings, o.err = p.Observe(ctx, target)
	}()
	select {
	case o := <-done:
		if o.panicked != "" {
			t.Fatalf("Observe panicked: %s", o.panicked)
		}
		report(t, unreadable(o.err))
		return o.readings, o.err
	case <-time.After(limit + watchdog):
		t.Fatalf("Observe has not returned %s after its deadline", watchdog)
		return nil, nil
	}
}

// goroutines counts them once nobody runs and the number stands still, so that what
// earlier tests leave to end by itself is not in the count, and what a server is still
// about to start is.
func goroutines() int {
	n, limit := runtime.NumGoroutine(), time.Now().Add(watchdog)
	for still := 0; still < 3 && time.Now().Before(limit); still++ {
		time.Sleep(time.Millisecond)
		running := busy() // looked at first: who runs no more has started what it starts
		if now := runtime.NumGoroutine(); now != n || running {
			n, still = now, 0
		}
	}
	return n
}

// busy says whether any goroutine but this one runs, or would if the system let it.
func busy() bool {
	s := []metrics.Sample{{Name: "/sched/goroutines/runnable:goroutines"}, {Name: "/sched/goroutines/running:goroutines"}}
	metrics.Read(s)
	return s[0].Value.Uint64() > 0 || s[1].Value.Uint64() > 1
}

// use is what a process has in use.
type use struct{ goroutines, files int }

func inUse() use { return use{goroutines(), openFiles()} }

// openFiles counts this process's files and sockets, where the system tells.
func openFiles() int {
	if runtime.GOOS != "linux" { // on Wine the folder is there, and what it holds is Wine's own
		return 0
	}
	open, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0
	}
	return len(open)
}

// leavesNone waits until there are no more goroutines and sockets than before: what serves
// a closed connection needs a moment to notice.
func leavesNone(t *testing.T, before use) {
	t.Helper()
	for limit := time.Now().Add(watchdog); ; time.Sleep(time.Millisecond) {
		now := use{runtime.NumGoroutine(), openFiles()}
		if now.goroutines <= before.goroutines && now.files <= before.files {
			return
		}
		if time.Now().After(limit) {
			stacks := make([]byte, 1<<16)
			t.Fatalf("in use before were %+v, and after %+v:\n%s", before, now, stacks[:runtime.Stack(stacks, true)])
		}
	}
}

func report(t *testing.T, problems []string) {
	t.Helper()
	for _, problem := range problems {
		t.Error(problem)
	}
}
