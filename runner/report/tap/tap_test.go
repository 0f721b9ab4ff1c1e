package tap_test

import (
	"bytes"
	"flag"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"postpatch/runner/report"
	"postpatch/runner/report/jsonl"
	"postpatch/runner/report/reporttest"
	"postpatch/runner/report/tap"
)

var update = flag.Bool("update", false, "write the goldens anew")

// night is a run of which something is to be told of nearly everything.
func night(t *testing.T) []byte {
	t.Helper()
	file, err := os.Open("../text/testdata/mixed.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	var b bytes.Buffer
	if err := jsonl.Replay(file, tap.New(&b)); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestNight(t *testing.T) {
	reporttest.Golden(t, "testdata/mixed.tap", night(t), *update)
}

func written(t *testing.T, s reporttest.Stream) string {
	t.Helper()
	var b bytes.Buffer
	if err := s.To(tap.New(&b)); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// point is a test point as a reader has it.
type point struct {
	ok        bool
	directive string
}

// read is what a reader makes of a stream; it wants each line to be one of the protocol.
func read(t *testing.T, text string) (points []point) {
	t.Helper()
	line := regexp.MustCompile(`^(not )?ok (\d+) - ((?:[^\\#]|\\[\\#])*?)(?: # (SKIP|TODO) (?:[^\\#]|\\[\\#])*)?$`)
	other := regexp.MustCompile(`^(?:TAP version 13|# .*|  ---|  \w+: "(?:[^"\\]|\\["\\])*"|  \.\.\.)$`)
	planned := 0
	for row := range strings.Lines(text) {
		row = strings.TrimSuffix(row, "\n")
		if strings.ContainsFunc(row, func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Fatalf("hidden characters: %q", row)
		}
		found := line.FindStringSubmatch(row)
		switch {
		case planned > 0:
			t.Fatalf("after the plan: %q", row)
		case strings.HasPrefix(row, "1.."):
			planned, _ = strconv.Atoi(row[3:])
		case found != nil:
			points = append(points, point{found[1] == "", found[4]})
			if found[2] != strconv.Itoa(len(points)) || strings.HasSuffix(found[3], "{") {
				t.Fatalf("point %d: %q", len(points), row)
			}
		case !other.MatchString(row):
			t.Fatalf("no line of the protocol: %q", row)
		}
	}
	if planned != len(points) {
		t.Fatalf("%d points, %d planned", len(points), planned)
	}
	return points
}

// What a reader counts as failed is what the verdict counts, and nothing else.
func TestWhatFailsIsWhatTheVerdictSays(t *testing.T) {
	s := reporttest.Hostile("x")
	s.Hosts = s.Hosts[:1]
	want := map[report.Outcome]point{
		report.Skipped: {true, "SKIP"}, report.Passed: {true, ""}, report.Fixed: {true, ""}, report.Expected: {true, ""},
		report.Drifted: {true, ""}, report.PreExisting: {false, "TODO"}, report.Waived: {false, "TODO"},
		report.Unknown: {false, ""}, report.Unmet: {false, ""}, report.Failed: {false, ""}, report.Regressed: {false, ""},
	}
	points := read(t, written(t, s))
	got := map[report.Outcome]point{}
	for i, o := range report.Outcomes() {
		got[o] = points[i]
	}
	if d := cmp.Diff(want, got, cmp.AllowUnexported(point{})); d != "" {
		t.Errorf("points (-want +got):\n%s", d)
	}
	if verdict := points[len(points)-1]; verdict.ok {
		t.Error("the verdict passes, and the run does not")
	}
	s.Hosts[0].Checks = s.Hosts[0].Checks[4:5]
	s.Hosts[0].Checks[0].Failing = true
	if points := read(t, written(t, s)); points[0].ok {
		t.Error("a drift that fails is ok")
	}
}

func TestAHostThatIsAwayIsOneFailure(t *testing.T) {
	s := reporttest.Hostile("x")
	var lost []report.Check
	for range 3 {
		lost = append(lost, report.Check{ID: "a", Suite: "b", Outcome: report.Unknown})
	}
	s.Hosts = []report.Host{{Host: "a", Unreachable: "no answer", Checks: lost}}
	skipped := point{true, "SKIP"}
	want := []point{{false, ""}, skipped, skipped, skipped, {false, ""}}
	if d := cmp.Diff(want, read(t, written(t, s)), cmp.AllowUnexported(point{})); d != "" {
		t.Errorf("points (-want +got):\n%s", d)
	}
}

// Of a stream that is cut off nobody can say that it passes: it has no plan.
func TestACutStreamHasNoPlan(t *testing.T) {
	var b bytes.Buffer
	h, s := tap.New(&b), reporttest.Hostile("x")
	if err := h.Start(s.Run); err != nil {
		t.Fatal(err)
	}
	if err := h.Host(s.Hosts[0]); err != nil || strings.Contains(b.String(), "\n1..") {
		t.Errorf("%v\n%s", err, &b)
	}
}

func FuzzTAP(f *testing.F) {
	for _, text := range append(reporttest.Nasty(), strings.Repeat("#\\{", 1<<16)) {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s := reporttest.Hostile(text)
		whole := 0
		if text != "" {
			whole = 2 // the host that is away, and the one that is another
		}
		out := written(t, s)
		if got, want := len(read(t, out)), 3*len(report.Outcomes())+whole+1; got != want {
			t.Errorf("%d points, want %d", got, want)
		}
		if len(out) > 1<<20 || regexp.MustCompile(`##\w*\[|(?m)^\s*::`).MatchString(out) {
			t.Errorf("%d bytes:\n%s", len(out), out)
		}
	})
}
