package progress_test

import (
	"fmt"
	"io"
	"math/rand/v2"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hinshun/vt10x"

	"postpatch/runner/report"
	"postpatch/runner/report/progress"
)

// terminal is an emulated one, which also keeps what it was sent.
type terminal struct {
	vt10x.Terminal
	screen
}

func newTerminal(columns, lines int) *terminal {
	return &terminal{Terminal: vt10x.New(vt10x.WithSize(columns, lines))}
}

func (t *terminal) Write(p []byte) (int, error) {
	_, _ = t.screen.Write(p)
	return t.Terminal.Write(p)
}

func (t *terminal) options() progress.Options {
	return progress.Options{Terminal: true, Size: t.Size}
}

// say writes a line.
func say(t *testing.T, w io.Writer, text string) {
	t.Helper()
	if _, err := io.WriteString(w, text+"\r\n"); err != nil {
		t.Fatal(err)
	}
}

// shows is what stands on the terminal, without spaces at the ends of lines and lines at
// the end.
func (t *terminal) shows() []string {
	var rows []string
	for row := range strings.SplitSeq(t.String(), "\n") {
		rows = append(rows, strings.TrimRight(row, " "))
	}
	for len(rows) > 0 && rows[len(rows)-1] == "" {
		rows = rows[:len(rows)-1]
	}
	return rows
}

// ill is a host that is not well.
func ill(name string, o report.Outcome, n int) report.Host {
	return report.Host{Host: name, Outcome: o, Counts: map[report.Outcome]int{o: n, report.Passed: 40}}
}

// half is a run of 40 hosts that is half done.
func half(t *testing.T, p *progress.Progress) {
	t.Helper()
	start(t, p, 40)
	for i := range 24 {
		p.Begin(fmt.Sprintf("SRV-%02d", i))
	}
	for i := range 17 {
		<-time.After(500 * time.Millisecond)
		host(t, p, report.Host{Host: fmt.Sprintf("SRV-%02d", i), Outcome: report.Passed})
	}
	host(t, p, ill("SRV-17", report.Unknown, 2))
	host(t, p, ill("SRV-18", report.Regressed, 1))
	host(t, p, report.Host{Host: "SRV-19", Unreachable: "i/o timeout"})
	p.Wait("SRV-20", "is not settled: service/MSSQLSERVER is start pending")
	<-time.After(2150 * time.Millisecond)
}

func TestTheBlockAtATerminal(t *testing.T) {
	for _, test := range []struct {
		columns, lines int
		ascii          bool
		want           []string
	}{
		{100, 24, false, []string{
			"$ postpatch verify",
			"████████████░░░░░░░░░░░░  20/40 hosts done  10s  113/min  about 10s left",
			"1 regressed  1 host unreachable  2 unknown  17 hosts ok",
			"worst  SRV-18 REGRESSION  SRV-17 UNKNOWN  SRV-19 UNREACHABLE",
			"asking 3, waiting for 1, 16 to come",
			"  SRV-20     10s  is not settled: service/MSSQLSERVER is start pending",
			"  SRV-21     10s",
			"  SRV-22     10s",
		}},
		{60, 24, true, []string{
			"$ postpatch verify",
			"####.....  20/40 hosts done  10s  113/min  about 10s left",
			"1 regressed  1 host unreachable  2 unknown  17 hosts ok",
			"worst  SRV-18 REGRESSION  SRV-17 UNKNOWN  SRV-19 UNREACH...",
			"asking 3, waiting for 1, 16 to come",
			"  SRV-20     10s  is not settled: service/MSSQLSERVER is...",
			"  SRV-21     10s",
			"  SRV-22     10s",
		}},
		{30, 4, false, []string{
			"20/40 hosts done  10s  113/m…", // and the line above is out of sight
			"1 regressed  1 host unreacha…",
			"worst  SRV-18 REGRESSION  SR…",
		}},
	} {
		t.Run(fmt.Sprintf("%d by %d", test.columns, test.lines), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				out := newTerminal(test.columns, test.lines)
				say(t, out, "$ postpatch verify")
				o := out.options()
				o.ASCII = test.ascii
				p := progress.New(out, o)
				half(t, p)
				got := out.shows()
				p.Close()
				if test.lines == 4 {
					test.want = append([]string{"$ postpatch verify"}, test.want...)
					got = append([]string{"$ postpatch verify"}, got[len(got)-3:]...)
				}
				if diff := cmp.Diff(test.want, got); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
				if test.lines > 4 {
					if diff := cmp.Diff([]string{"$ postpatch verify"}, out.shows()); diff != "" {
						t.Errorf("left behind (-want +got):\n%s", diff)
					}
					if at := out.Cursor(); at.X != 0 || at.Y != 1 {
						t.Errorf("the cursor is at column %d of line %d", at.X, at.Y)
					}
				}
			})
		})
	}
}

// That fewer hosts are asked than could be is told, with the reason, until it is over.
func TestARunThatIsSlowedDown(t *testing.T) {
	for _, terminal := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			var out screen
			p := progress.New(&out, progress.Options{Terminal: terminal, Size: func() (int, int) { return 120, 24 }})
			start(t, p, 40)
			p.Begin("SRV-00")
			p.Slowed("slowed down to 20 at once: \x1b[2Jquota faults")
			<-time.After(31 * time.Second)
			first := strings.Join(out.all(), "")
			p.Slowed("")
			<-time.After(2 * time.Second)
			told := len(out.all())
			<-time.After(28 * time.Second)
			then := strings.Join(out.all()[told:], "")
			p.Close()
			const want = "asking 1, 39 to come, slowed down to 20 at once: "
			if !strings.Contains(first, want) || strings.Contains(first, "\x1b[2J") || strings.Contains(then, "slowed") {
				t.Errorf("terminal %t: %q, and then %q", terminal, first, then)
			}
		})
	}
}

func TestTheBlockHasColours(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := newTerminal(100, 24)
		o := out.options()
		o.Color = true
		p := progress.New(out, o)
		half(t, p)
		p.Close()
		frames := strings.Join(out.all(), "")
		for _, want := range []string{
			"\x1b[31m1 regressed\x1b[0m  \x1b[33m1 host unreachable\x1b[0m", "\x1b[31mSRV-18 REGRESSION\x1b[0m",
		} {
			if !strings.Contains(frames, want) {
				t.Errorf("%q is not drawn", want)
			}
		}
	})
}

// What others have to say stands above the block, and stays.
func TestOthersSpeakAboveTheBlock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := newTerminal(100, 24)
		p := progress.New(out, out.options())
		start(t, p, 2)
		p.Begin("web01")
		<-time.After(time.Second)
		say(t, p, "look 1 of 2 is done")
		<-time.After(time.Second)
		during := out.shows()
		p.Close()
		say(t, p, "the end")
		if len(during) != 4 || during[0] != "look 1 of 2 is done" || !strings.Contains(during[1], "0/2 hosts done") {
			t.Errorf("during the run: %q", during)
		}
		if diff := cmp.Diff([]string{"look 1 of 2 is done", "the end"}, out.shows()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

func TestABlockIsDrawnFiveTimesASecondAtMost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out screen
		p := progress.New(&out, progress.Options{Terminal: true})
		start(t, p, 1000)
		for range 1000 { // a host every 10 ms
			host(t, p, report.Host{})
			<-time.After(10 * time.Millisecond)
		}
		p.Close()
		if n := len(out.all()); n < 40 || n > 51 {
			t.Errorf("drawn %d times in 10 seconds", n)
		}
	})
}

func TestNothingIsDrawnWhileNothingChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out screen
		p := progress.New(&out, progress.Options{Terminal: true})
		start(t, p, 2)
		p.Begin("web01")
		<-time.After(10100 * time.Millisecond)
		p.Close()
		if n := len(out.all()); n > 12 { // the seconds that it takes
			t.Errorf("drawn %d times in 10 seconds", n)
		}
	})
}

// A terminal that is made narrower breaks the lines that are longer: the block takes more
// rows than it had lines, and all of them are drawn over.
func TestTheBlockAtATerminalOfAnotherSize(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out screen
		var columns, lines atomic.Int64
		columns.Store(100)
		lines.Store(24)
		p := progress.New(&out, progress.Options{Terminal: true, Size: func() (int, int) {
			return int(columns.Load()), int(lines.Load())
		}})
		half(t, p)
		before := out.all()
		rows := 0
		for _, l := range linesOf(before[len(before)-1]) {
			rows += max(1, (report.Columns(l)+39)/40)
		}
		columns.Store(40)
		<-time.After(time.Second)
		narrow := out.all()[len(before)]
		if want := fmt.Sprintf("\r\x1b[%dA", rows); rows <= 7 || !strings.HasPrefix(narrow, want) {
			t.Errorf("drawn over %q, want a begin with %q", narrow, want)
		}
		for _, l := range linesOf(narrow) {
			if report.Columns(l) > 39 {
				t.Errorf("%q is wider than the terminal", l)
			}
		}
		drawn := len(out.all())
		lines.Store(3)
		<-time.After(time.Second)
		low := out.all()[drawn]
		if n := len(linesOf(low)); n != 2 || !strings.HasPrefix(low, "\r\x1b[2A") {
			t.Errorf("%d lines at a terminal of three: %q", n, low)
		}
		p.Close()
	})
}

// linesOf are the lines of one drawing.
func linesOf(frame string) []string {
	frame = regexp.MustCompile("\x1b\\[[0-9]*[AJKm]|\r").ReplaceAllString(frame, "")
	return strings.Split(strings.TrimSuffix(frame, "\n"), "\n")
}

// Whatever hosts are called, and whatever they are waited for, nothing that was on the
// terminal is drawn over, nothing breaks into the next line, and nothing stays.
func TestTheBlockWithHostileNames(t *testing.T) {
	names := []string{
		"srv%d", "日本語サーバー%d", "\x1b[2J\x1b[H%d", "e\u0301\u0301%d", "\u202egpj%d", "%d\r\n\r\n", "😀%d\xff\x00",
		strings.Repeat("long", 300) + "%d", "##vso[task.complete]%d", "",
	}
	const columns, lines = 61, 30
	synctest.Test(t, func(t *testing.T) {
		out := newTerminal(columns, lines)
		say(t, out, "above")
		p := progress.New(out, progress.Options{Terminal: true, Size: func() (int, int) { return columns, lines }})
		start(t, p, 10_000)
		random := rand.New(rand.NewPCG(1, 2))
		all := report.Outcomes()
		for i := range 10_000 {
			name := names[random.IntN(len(names))]
			if name != "" {
				name = fmt.Sprintf(name, i)
			}
			p.Begin(name)
			if i%3 == 0 {
				p.Wait(name, names[random.IntN(len(names))])
			}
			<-time.After(7 * time.Millisecond)
			if i%7 != 0 {
				host(t, p, ill(name, all[random.IntN(len(all))], i%4))
			}
		}
		for _, frame := range out.all()[1:] {
			for _, l := range linesOf(frame) {
				if report.Columns(l) >= columns {
					t.Fatalf("%q is wider than the terminal", l)
				}
			}
			if n := len(linesOf(frame)); n > 8 {
				t.Fatalf("%d lines: %q", n, frame)
			}
		}
		if got := out.shows(); len(got) < 4 || got[0] != "above" {
			t.Errorf("on the terminal during the run: %q", got)
		}
		p.Close()
		if diff := cmp.Diff([]string{"above"}, out.shows()); diff != "" {
			t.Errorf("left behind (-want +got):\n%s", diff)
		}
	})
}

// A drawing of a run with thousands of hosts in flight has to cost little: it is done five
// times a second beside the run.
func BenchmarkDrawing(b *testing.B) {
	for _, hosts := range []int{100, 10_000} {
		b.Run(fmt.Sprint(hosts), func(b *testing.B) {
			p := progress.New(io.Discard, progress.Options{Terminal: true})
			for i := range hosts {
				p.Wait(fmt.Sprint("srv", i), "has not been restarted")
			}
			for b.Loop() {
				p.Draw(time.Now())
			}
		})
	}
}
