package nagios_test

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"

	"postpatch/runner/report"
	"postpatch/runner/report/nagios"
	"postpatch/runner/report/reporttest"
)

func written(t *testing.T, s reporttest.Stream) string {
	t.Helper()
	var b bytes.Buffer
	if err := s.To(nagios.New(&b)); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestLine(t *testing.T) {
	s := reporttest.Stream{
		Run: report.Run{Command: "verify", Hosts: 3, Checks: 141, Baseline: &report.Baseline{Name: "march"}},
		Summary: report.Summary{
			Verdict: "FAIL", Reason: "1 check regressed, 1 host unreachable", ExitCode: 1, Unseen: 1, Took: 68 * time.Second,
			Counts: map[report.Outcome]int{report.Passed: 93, report.Regressed: 1, report.Unknown: 47},
		},
	}
	const want = "POSTPATCH CRITICAL - verify FAIL, 1 check regressed, 1 host unreachable" +
		" (3 hosts, 141 checks), baseline march |" +
		" 'skipped'=0;;;0; 'passed'=93;;;0; 'fixed'=0;;;0; 'expected'=0;;;0; 'drifted'=0;;;0; 'pre-existing'=0;;;0;" +
		" 'waived'=0;;;0; 'unknown'=47;;;0; 'unmet'=0;;;0; 'failed'=0;;;0; 'regressed'=1;;;0; 'unreachable_hosts'=1;;;0;3" +
		" 'time'=68.000s;;;0;\n"
	if got := written(t, s); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestStatus(t *testing.T) {
	for exit, want := range map[int]nagios.Status{
		0: nagios.OK, 1: nagios.Critical, 2: nagios.Unknown, 3: nagios.Unknown, 130: nagios.Unknown, -1: nagios.Unknown,
	} {
		if got := nagios.StatusOf(exit); got != want {
			t.Errorf("exit %d: %v, want %v", exit, got, want)
		}
	}
}

func TestSaid(t *testing.T) {
	for exit := range 5 {
		want := nagios.StatusOf(exit)
		if got, ok := nagios.Said(nagios.Line(want, "x")); got != want || !ok {
			t.Errorf("exit %d: %v %t", exit, got, ok)
		}
	}
	if got, ok := nagios.Said("POSTPATCH OKAY - x"); got != nagios.Unknown || ok {
		t.Errorf("%v %t", got, ok)
	}
}

// What is pre-existing or waived wakes nobody.
func TestWhatIsToleratedIsOK(t *testing.T) {
	s := reporttest.Stream{Summary: report.Summary{
		Verdict: "PASS", Counts: map[report.Outcome]int{report.PreExisting: 3, report.Waived: 2, report.Drifted: 1},
	}}
	if got := written(t, s); !strings.HasPrefix(got, "POSTPATCH OK - ") {
		t.Error(got)
	}
}

// A line is one line with one bar, and short.
func FuzzLine(f *testing.F) {
	for _, text := range append(reporttest.Nasty(), strings.Repeat("|'=", 1<<16)) {
		f.Add(text)
	}
	line := regexp.MustCompile(`^POSTPATCH CRITICAL - [^|\n]+ \|(?: '[^'=|]+'=[0-9.]+s?;;;0;\d*)+\n$`)
	f.Fuzz(func(t *testing.T, text string) {
		got := written(t, reporttest.Hostile(text))
		hidden := strings.ContainsFunc(strings.TrimSuffix(got, "\n"), func(r rune) bool { return !unicode.IsPrint(r) })
		if !line.MatchString(got) || hidden || len(got) > 2048 || regexp.MustCompile(`##\w*\[`).MatchString(got) {
			t.Errorf("%q", got)
		}
	})
}
