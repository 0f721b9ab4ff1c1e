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
func TestWithoutATerminalWhoIsNotWellAndALineEveryHalfMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out screen
		p := progress.New(&out, progress.Options{})
		start(t, p, 500)
		for i := range 6 {
			p.Begin(fmt.Sprintf("SRV-%d", i))
			<-time.After(time.Second)
		}
		host(t, p, report.Host{
			Host: "SRV-1", Outcome: report.Regressed, Took: 5200 * time.Millisecond,
			Counts: map[report.Outcome]int{report.Regressed: 2, report.Passed: 40},
		})
		host(t, p, report.Host{Host: "SRV-2", Unreachable: "i/o timeout", Took: 4 * time.Second})
		<-time.After(25 * time.Second)
		host(t, p, report.Host{
			Host: "SRV-0", Outcome: report.Unmet, Took: 31 * time.Second,
			Counts: map[report.Outcome]int{report.Unmet: 3},
		})
		host(t, p, report.Host{Host: "SRV-5", Outcome: report.Expected}) // well
		<-time.After(30 * time.Second)
		if err := p.Finish(report.Summary{}); err != nil {
			t.Fatal(err)
		}
		<-time.After(5 * time.Minute) // nothing may come after it
		want := []string{
			"00:00:06Z SRV-1 REGRESSION: 2 regressed, 40 passed (5s)   1/500 hosts done\n",
			"00:00:06Z SRV-2 UNREACHABLE: i/o timeout (4s)   2/500 hosts done\n",
			"00:00:30Z 2/500 hosts done, 2 regressed, 1 host unreachable; asking 4, 494 to come; longest: " +
				"SRV-0 (30s), SRV-3 (27s), SRV-4 (26s)\n",
			"00:00:31Z SRV-0 UNMET: 3 unmet (31s)   3/500 hosts done\n",
			"00:01:00Z 4/500 hosts done, 2 regressed, 3 unmet, 1 host unreachable, 1 host ok, 4/min, about 2h4m left; " +
				"asking 2, 494 to come; longest: SRV-3 (57s), SRV-4 (56s)\n",
		}
		if diff := cmp.Diff(want, out.all()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

func TestOfASmallRunEveryHostIsTold(t *testing.T) {
	for _, test := range []struct {
		why     string
		options progress.Options
		asked   bool
		want    []string
	}{
		{why: "small", asked: true, want: []string{
			"00:00:00Z web01<ESC>[2J ok: 1 expected, 44 passed (0s)   1/2 hosts done\n",
			"00:00:00Z web02 NO VERDICT: another machine answers (0s)   2/2 hosts done\n",
		}},
		{why: "quiet", options: progress.Options{Quiet: true}, asked: true},
		{why: "a terminal", options: progress.Options{Terminal: true}, asked: true},
		{why: "read from a store, where nobody waits for it"},
	} {
		t.Run(test.why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var out screen
				p := progress.New(&out, test.options)
				start(t, p, 2)
				if test.asked {
					p.Begin("web01\x1b[2J")
					p.Begin("web02")
				}
				host(t, p, report.Host{
					Host: "web01\x1b[2J", Outcome: report.Expected,
					Counts: map[report.Outcome]int{report.Expected: 1, report.Passed: 44},
				})
				host(t, p, report.Host{Host: "web02", Problem: "another machine answers"})
				p.Close()
				if diff := cmp.Diff(test.want, out.all()); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			})
		})
	}
}

// Ten thousand hosts that are all broken are no ten thousand lines, and none of them is
// lost.
func TestALogStaysShortWhateverBreaks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out screen
		p := progress.New(&out, progress.Options{})
		start(t, p, 10_000)
		for i := range 10_000 { // 17 minutes
			name := fmt.Sprint("srv", i)
			p.Begin(name)
			host(t, p, report.Host{Host: name, Outcome: report.Failed, Counts: map[report.Outcome]int{report.Failed: 1}})
			<-time.After(100 * time.Millisecond)
		}
		p.Close()
		lines, told := out.all(), 0
		for _, line := range lines {
			if strings.Contains(line, " FAILED: ") {
				told++
				continue
			}
			var n int
			if _, rest, found := strings.Cut(line, "/min, about "); !found {
				t.Errorf("%q tells no pace", line)
			} else if _, rest, found = strings.Cut(rest, ", "); !found {
				t.Errorf("%q leaves nobody out", line)
			} else if _, err := fmt.Sscanf(rest, "%d more not well", &n); err != nil {
				t.Errorf("%q: %v", line, err)
			}
			told += n
		}
		if len(lines) > 240 {
			t.Errorf("%d lines", len(lines))
		}
		if told < 9_700 || told > 10_000 { // those after the last heartbeat are in no line
			t.Errorf("%d of 10000 hosts are told or counted", told)
		}
	})
}

// The pace is that of the last minute: what was done before says little of the hosts that
// are left.
func TestThePaceIsThatOfTheLastMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out screen
		p := progress.New(&out, progress.Options{Quiet: true})
		start(t, p, 200)
		finish := func(hosts int, every time.Duration) {
			for range hosts {
				<-time.After(every)
				host(t, p, report.Host{Outcome: report.Passed})
			}
		}
		<-time.After(500 * time.Millisecond) // not at the very time of a heartbeat
		finish(110, time.Second)
		finish(8, 10*time.Second)
		<-time.After(2 * time.Minute)
		p.Close()
		var got []string
		for _, line := range out.all() {
			_, pace, _ := strings.Cut(line, "hosts ok")
			pace, _, _ = strings.Cut(pace, ";")
			got = append(got, pace)
		}
		want := []string{
			", 58/min, about 3m left", ", 59/min, about 2m20s left", ", 59/min, about 1m50s left",
			", 50/min, about 1m50s left", ", 23/min, about 3m50s left", ", 5/min, about 17m left",
			", 4/min, about 21m left", ", 1/min, about 1h22m left", "", "",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

func TestPhases(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out screen
		p := progress.New(&out, progress.Options{})
		start(t, p, 1)
		p.Phase("look 1 of 3")
		<-time.After(31 * time.Second)
		p.Phase("")
		p.Begin("a")
		host(t, p, report.Host{Host: "a", Outcome: report.Passed})
		<-time.After(30 * time.Second)
		p.Close()
		want := []string{
			"00:00:30Z look 1 of 3: 0/1 hosts done; 1 to come\n",
			"00:00:31Z a ok (0s)   1/1 hosts done\n",
			"00:01:00Z 1/1 hosts done, 1 host ok; all hosts are done, what they come to is put together\n",
		}
		if diff := cmp.Diff(want, out.all()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
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
		<-time.After(time.Minute)
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
				<-time.After(time.Duration(i) * time.Second)
				if err := p.Host(report.Host{Host: name, Outcome: report.Passed}); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		<-time.After(30 * time.Second)
		p.Close()
		lines := out.all()
		if len(lines) != 2 || !strings.Contains(lines[1], " 50/50 hosts done, 50 hosts ok") {
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
		p.Wait("sql01", "it is not settled: sql/Orders\x1b[2J login")
		host(t, p, report.Host{Host: "web01", Outcome: report.Passed})
		<-time.After(11 * time.Second)
		p.Close()
		want := []string{
			"00:00:20Z web01 ok (0s)   1/2 hosts done\n",
			"00:00:30Z 1/2 hosts done, 1 host ok; waiting for 1; longest: sql01 (30s: it is not settled: sql/Orders<ESC>[2J login)\n",
		}
		if diff := cmp.Diff(want, out.all()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}
