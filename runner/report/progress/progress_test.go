package progress_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"postpatch/runner/report"
	"postpatch/runner/report/progress"
)

// screen takes what is written, by whichever goroutine.
type screen struct {
	mu     sync.Mutex
	writes []string
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writes = append(s.writes, string(p))
	return len(p), nil
}

func (s *screen) all() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.writes...)
}

func start(t *testing.T, p *progress.Progress, hosts int) {
	t.Helper()
	if err := p.Start(report.Run{Hosts: hosts}); err != nil {
		t.Fatal(err)
	}
}

func host(t *testing.T, p *progress.Progress, h report.Host) {
	t.Helper()
	if err := p.Host(h); err != nil {
		t.Fatal(err)
	}
}

// In a bubble of synctest it is midnight of 1 January 2000.
func TestWithoutATerminalALineEveryHalfMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out screen
		p := progress.New(&out, progress.Options{})
		start(t, p, 500)
		for i := range 6 {
			p.Begin(fmt.Sprintf("SRV-%d", i))
			time.Sleep(time.Second)
		}
		host(t, p, report.Host{Host: "SRV-1", Counts: map[report.Outcome]int{report.Regressed: 2, report.Passed: 40}})
		host(t, p, report.Host{Host: "SRV-2", Unreachable: "i/o timeout"})
		time.Sleep(25 * time.Second)
		host(t, p, report.Host{Host: "SRV-0", Counts: map[report.Outcome]int{report.Failed: 1, report.Unmet: 3}})
		time.Sleep(30 * time.Second)
		if err := p.Finish(report.Summary{}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Minute) // nothing may come after it
		want := []string{
			"00:00:30Z 2/500 hosts done, 2 regressed, 1 unreachable, waiting for: " +
				"SRV-0 (30s), SRV-3 (27s), SRV-4 (26s), 1 more\n",
			"00:01:00Z 3/500 hosts done, 2 regressed, 1 failed, 3 unmet, 1 unreachable, waiting for: " +
				"SRV-3 (57s), SRV-4 (56s), SRV-5 (55s)\n",
		}
		if diff := cmp.Diff(want, out.all()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

func TestAtATerminalOneLineIsDrawnAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out screen
		p := progress.New(&out, progress.Options{Terminal: true, Width: 60})
		start(t, p, 3)
		p.Begin("SRV-SQL-01\x1b[2J")
		time.Sleep(2500 * time.Millisecond)
		host(t, p, report.Host{Host: "SRV-SQL-01\x1b[2J"})
		p.Begin(strings.Repeat("long", 30))
		time.Sleep(200 * time.Millisecond)
		p.Close()
		var got []string
		for _, w := range out.all() {
			line, drawn := strings.CutPrefix(w, "\r\x1b[K")
			if !drawn || strings.ContainsAny(line, "\n\x1b") || len(line) > 59 {
				t.Errorf("%q is no line of a terminal of 60 columns", w)
			}
			got = append(got, line)
		}
		want := []string{
			"0/3 hosts done, waiting for: SRV-SQL-01<ESC>[2J (0s)",
			"0/3 hosts done, waiting for: SRV-SQL-01<ESC>[2J (1s)",
			"0/3 hosts done, waiting for: SRV-SQL-01<ESC>[2J (2s)",
			"1/3 hosts done, waiting for: longlonglonglonglonglonglon...",
			"", // the line is left empty for the report
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

func TestALineIsDrawnFiveTimesASecondAtMost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out screen
		p := progress.New(&out, progress.Options{Terminal: true})
		start(t, p, 1000)
		for range 1000 { // a host every 10 ms
			host(t, p, report.Host{})
			time.Sleep(10 * time.Millisecond)
		}
		p.Close()
		if n := len(out.all()); n < 40 || n > 51 {
			t.Errorf("drawn %d times in 10 seconds", n)
		}
	})
}

func twice(p *progress.Progress) error {
	return errors.Join(p.Start(report.Run{}), p.Start(report.Run{}))
}

func TestItEndsWhateverWasCalled(t *testing.T) {
	for name, use := range map[string]func(p *progress.Progress) error{
		"nothing":        func(*progress.Progress) error { return nil },
		"never finished": func(p *progress.Progress) error { return p.Start(report.Run{}) },
		"finished and closed": func(p *progress.Progress) error {
			return errors.Join(p.Start(report.Run{}), p.Finish(report.Summary{}))
		},
		"started twice":       twice,
		"started when closed": func(p *progress.Progress) error { p.Close(); return p.Start(report.Run{}) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { // fails when a goroutine is left
				p := progress.New(io.Discard, progress.Options{Terminal: true})
				if err := use(p); err != nil {
					t.Error(err)
				}
				p.Close()
				p.Close()
			})
		})
	}
}

func TestABrokenPipeEndsNoRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, w := io.Pipe()
		_ = r.Close()
		p := progress.New(w, progress.Options{})
		start(t, p, 1)
		time.Sleep(time.Minute)
		if err := errors.Join(p.Host(report.Host{}), p.Finish(report.Summary{})); err != nil {
			t.Error(err)
		}
	})
}

func TestHostsBeginAndEndAtTheSameTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out screen
		p := progress.New(&out, progress.Options{})
		start(t, p, 50)
		var all sync.WaitGroup
		for i := range 50 {
			all.Go(func() {
				name := fmt.Sprint(i)
				p.Begin(name)
				time.Sleep(time.Duration(i) * time.Second)
				if err := p.Host(report.Host{Host: name}); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		time.Sleep(30 * time.Second)
		p.Close()
		lines := out.all()
		if len(lines) != 2 || !strings.HasSuffix(lines[1], " 50/50 hosts done\n") {
			t.Errorf("got %q", lines)
		}
	})
}

// A host that is waited for is told with the reason, and since when, however often it
// is asked again.
func TestWhatAHostIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out screen
		p := progress.New(&out, progress.Options{})
		start(t, p, 2)
		p.Begin("sql01")
		p.Wait("web01", "it does not answer: "+strings.Repeat("no route\x1b[2J ", 20))
		<-time.After(20 * time.Second)
		p.Begin("sql01")
		p.Wait("sql01", "it is not settled: sql/Orders login")
		host(t, p, report.Host{Host: "web01"})
		<-time.After(11 * time.Second)
		p.Close()
		want := []string{"00:00:30Z 1/2 hosts done, waiting for: sql01 (30s: it is not settled: sql/Orders login)\n"}
		if diff := cmp.Diff(want, out.all()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}
