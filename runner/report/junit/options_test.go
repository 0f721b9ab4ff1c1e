package junit_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postpatch/runner/report"
	"postpatch/runner/report/junit"
)

// told is a document in short: "class name: state type".
func told(d document) []string {
	var lines []string
	for _, s := range d.Suites {
		for _, c := range s.Cases {
			state := "passed"
			switch {
			case c.Failure != nil:
				state = "failure " + c.Failure.Type
			case c.Error != nil:
				state = "error " + c.Error.Type
			case c.Skipped != nil:
				state = "skipped"
			}
			lines = append(lines, c.Classname+" "+c.Name+": "+state)
		}
	}
	return lines
}

func without(lines []string, drop func(string) bool) []string {
	return slices.DeleteFunc(slices.Clone(lines), drop)
}

func TestScopes(t *testing.T) {
	all := []string{
		"web.a check/skipped: skipped", "web.a check/passed: passed", "web.a check/fixed: passed",
		"web.a check/expected: passed", "web.a check/drifted: passed", "web.a check/pre-existing: skipped",
		"web.a check/waived: skipped", "web.a check/unknown: error check-error",
		"web.a check/unmet: failure expectation-unmet", "web.a check/failed: failure failed",
		"web.a check/regressed: failure regression",
		"web.b host reachable: error unreachable", "web.b service/W3SVC: skipped", "base.b disk/C:: skipped",
	}
	unchanged := func(line string) bool { return strings.Contains(line, "check/passed") }
	mild := func(line string) bool { return strings.HasSuffix(line, "passed") || strings.HasSuffix(line, "skipped") }
	hosts := night()[:2]
	hosts[0].Host, hosts[1].Host = "a", "b"
	for scope, want := range map[junit.Scope][]string{
		"": all, junit.All: all,
		junit.Changed: append(without(all, unchanged), "postpatch.verify what is not changed: passed"),
		junit.Failed:  append(without(all, mild), "postpatch.verify what is not failed: passed"),
	} {
		if diff := cmp.Diff(want, told(parsed(t, played(t, junit.Options{Scope: scope}, hosts...)))); diff != "" {
			t.Errorf("%s: (-want +got):\n%s", scope, diff)
		}
	}
}

func TestWhatFailedBeforeIsAsTheOperatorWants(t *testing.T) {
	before := report.Host{Host: "a", Checks: []report.Check{one(report.PreExisting, nil)}}
	worse := report.Host{Host: "a", Checks: []report.Check{one(report.PreExisting, nil)}}
	worse.Checks[0].Failing = true
	for as, want := range map[junit.PreExisting]string{
		"": "skipped", junit.AsSkipped: "skipped", junit.AsFailure: "failure pre-existing", junit.AsPass: "passed",
	} {
		for _, g := range []junit.Granularity{junit.ByCheck, junit.ByCategory, junit.ByHost} {
			o := junit.Options{PreExisting: as, Granularity: g}
			got := told(parsed(t, played(t, o, before)))
			if len(got) != 1 || !strings.HasSuffix(got[0], ": "+want) {
				t.Errorf("%q by %s: got %v, want %s", as, g, got, want)
			}
			got = told(parsed(t, played(t, o, worse)))
			if len(got) != 1 || !strings.HasSuffix(got[0], ": failure drift") {
				t.Errorf("%q by %s, and it drifts further: got %v", as, g, got)
			}
		}
	}
	pass := parsed(t, played(t, junit.Options{PreExisting: junit.AsPass}, before)).Suites[0].Cases[0]
	if !strings.HasPrefix(pass.SystemOut, "PRE-EXISTING: state: running -> stopped") {
		t.Errorf("it passes, and says %q", pass.SystemOut)
	}
}

// A case that tells of several checks is never better than one of them that matters.
func TestSeveralChecksInOneCase(t *testing.T) {
	const driftFails = report.Drifted + "!"
	of := func(outcomes ...report.Outcome) (checks []report.Check) {
		for i, o := range outcomes {
			c := one(report.Outcome(strings.TrimSuffix(string(o), "!")), nil)
			c.ID, c.Kind, c.Failing = strconv.Itoa(i+1), "service", o == driftFails
			for i := range c.Findings {
				c.Findings[i].Item = ""
			}
			checks = append(checks, c)
		}
		return checks
	}
	for name, c := range map[string]struct {
		checks []report.Check
		lost   string
		want   string // by category
		says   string
		byHost string // where it is another
	}{
		"all pass": {
			of(report.Passed, report.Passed), "", "passed", "2 checks: 2 unchanged", "",
		},
		"one fails": {
			of(report.Passed, report.Unknown, report.Regressed, report.Skipped),
			"",
			"failure regression", "1 of 4 checks regressed: 3: state: running -> stopped", "",
		},
		"one is unknown": {
			of(report.Passed, report.Unknown), "", "error check-error", "1 of 2 checks unknown: 2", "",
		},
		"one failed before": {
			of(report.Passed, report.PreExisting),
			"", "skipped",
			"2 checks: 1 unchanged, 1 pre-existing\n2: PRE-EXISTING: state", "",
		},
		"one is waived": {
			of(report.Waived, report.Fixed), "", "skipped", "1: WAIVED: ", "",
		},
		"one is asked no more, at the end": {
			of(report.Passed, report.Skipped), "", "passed", "2: skipped", "",
		},
		"one is asked no more, at the begin": {
			of(report.Skipped, report.Passed), "", "passed", "1: skipped", "",
		},
		"one is asked no more, and one failed before": {
			of(report.Skipped, report.PreExisting, report.Passed), "", "skipped", "PRE-EXISTING", "",
		},
		"all are asked no more": {
			of(report.Skipped, report.Skipped), "", "skipped", "2 checks: 2 skipped", "",
		},
		"a drift fails": {
			of(report.Passed, driftFails),
			"",
			"failure drift", "1 of 2 checks changed as it may not: 2: state", "",
		},
		"a drift fails, and one is unknown": {
			of(report.Unknown, driftFails), "", "failure drift", "1 of 2 checks changed as it may not: 2: state", "",
		},
		"one fails, and one is asked no more": {
			of(report.Skipped, report.Regressed), "", "failure regression",
			"1 of 2 checks regressed: 2: state: running -> stopped (expected running)|1 of 2 checks regressed: " +
				"2: state: running -> stopped (expected running)\n\n2: state", "",
		},
		"a drift warns": {
			of(report.Drifted, report.Passed), "", "passed", "1: DRIFTED: state", "",
		},
		"of a later version": {
			of("splendid", report.Passed), "", "error check-error", "1 of 2 checks splendid: 1", "",
		},
		"only one": {
			of(report.Regressed), "", "failure regression", "1: state: running", "",
		},
		"nobody answers": {
			of(report.Unknown, report.Unknown),
			"no route", "skipped", "2 checks: host unreachable",
			"error unreachable",
		},
		"nobody answers, and others saw it": {
			of(report.Unknown, report.Passed),
			"no route", "skipped", "host unreachable",
			"error unreachable",
		},
		"nobody answers, and others saw it fail": {
			of(report.Unknown, report.Regressed),
			"no route", "failure regression",
			"1 of 2 checks regressed", "failure regression",
		},
		"nobody answers, and nobody asks": {nil, "no route", "", "", "error unreachable"},
	} {
		t.Run(name, func(t *testing.T) {
			h := report.Host{Host: "a", Checks: c.checks, Unreachable: c.lost}
			for g, want := range map[junit.Granularity]string{junit.ByCategory: c.want, junit.ByHost: c.byHost} {
				if want == "" && c.byHost == "" {
					want = c.want
				}
				d := parsed(t, played(t, junit.Options{Granularity: g}, h))
				counted(t, d)
				cases := d.Suites[0].Cases
				if g == junit.ByCategory && c.lost != "" { // the first is the host's own
					cases = cases[1:]
				}
				if want == "" {
					if len(cases) != 0 {
						t.Errorf("by %s: got %+v", g, cases)
					}
					continue
				}
				got := cases[0]
				state, says := "passed", got.SystemOut
				for element, r := range map[string]*result{"failure": got.Failure, "error": got.Error, "skipped": got.Skipped} {
					if r != nil {
						state, says = strings.TrimSpace(element+" "+r.Type), r.Message+"|"+r.Body
					}
				}
				wantName := map[junit.Granularity]string{junit.ByCategory: "web.a|service", junit.ByHost: "postpatch.a|checks"}[g]
				if state != want || got.Classname+"|"+got.Name != wantName || len(cases) != 1 {
					t.Errorf("by %s: got %s of %d, %s %s, want %s", g, state, len(cases), got.Classname, got.Name, want)
				}
				wantSays := c.says
				if g == junit.ByHost && c.lost != "" {
					wantSays = c.lost
				}
				if !strings.Contains(says, wantSays) || got.Failure != nil && strings.Contains(says, ": skipped") {
					t.Errorf("by %s: it says %q, want %q", g, says, wantSays)
				}
			}
		})
	}
}

// Of many checks that are not well a case tells as much as there is room for, all of the
// worst first and the others by their headlines.
func TestACaseOfManyKeepsToTheLimit(t *testing.T) {
	h := report.Host{Host: "a"}
	for i := range 300 {
		h.Checks = append(h.Checks, one(report.Drifted, func(c *report.Check) { c.ID = fmt.Sprintf("service/S%03d", i) }))
	}
	h.Checks = append(h.Checks, one(report.Regressed, func(c *report.Check) { c.ID = "the point" }))
	f := parsed(t, played(t, junit.Options{Granularity: junit.ByHost}, h)).Suites[0].Cases[0].Failure
	if !strings.HasPrefix(f.Body, "1 of 301 checks regressed: the point: ") || !strings.Contains(f.Body, "more checks") ||
		!strings.Contains(f.Body, "REGRESSED W3SVC state\n  before  running\n  now     stopped\n") ||
		len([]rune(f.Body)) > 4000 {
		t.Errorf("it says:\n%s", f.Body)
	}
}

// What came up late passes, says so, and is a flaky one for Surefire's readers.
func TestWhatCameUpLate(t *testing.T) {
	late := one(report.Passed, func(c *report.Check) {
		for range 12 {
			c.Settled = append(c.Settled, report.Settled{
				Item: "W3SVC", Reading: "state", After: 2 * time.Minute, Was: "stopped, starting",
			})
		}
	})
	broken := one(report.Regressed, func(c *report.Check) { c.Settled = late.Settled })
	const says = "W3SVC state 2m0s after the host's start: was stopped, starting"
	for flavor, want := range map[junit.Flavor]int{junit.Default: 0, junit.Extended: 0, junit.Surefire: 11} {
		data := played(t, junit.Options{Flavor: flavor}, report.Host{Host: "a", Checks: []report.Check{late, broken}})
		got := strings.Count(string(data), `<flakyFailure message="`)
		if got != want || want > 0 && !strings.Contains(string(data),
			`<flakyFailure message="`+says+`" type="came-up-late"><stackTrace>`+says+`</stackTrace></flakyFailure>`) {
			t.Errorf("%s: %d flaky ones, want %d: %s", flavor, got, want, data)
		}
		c := parsed(t, data).Suites[0].Cases
		if c[0].Failure != nil || !strings.HasPrefix(c[0].SystemOut, "CAME UP LATE: "+says) || c[1].Failure == nil {
			t.Errorf("%s: got %+v", flavor, c)
		}
	}
}

// file is what the command writes into.
type file struct{ *os.File }

func (f file) FillIn(begin []byte) error {
	_, err := f.WriteAt(begin, 0)
	return err
}

// A document is the same whether its first line is written last or filled in.
func TestAFileIsWrittenAsItComes(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "out.xml"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	many := night()
	for range 500 {
		many = append(many, night()[0])
	}
	play(t, junit.New(file{f}, junit.Options{}), many...)
	got, err := os.ReadFile(f.Name())
	if err != nil {
		t.Fatal(err)
	}
	if want := played(t, junit.Options{}, many...); !bytes.Equal(want, got) {
		t.Errorf("%d bytes, and %d where it is written at the end", len(got), len(want))
	}
	counted(t, parsed(t, got))
}

// broken is a file on a disk that gets full, or that cannot be written twice.
type broken struct {
	room   int
	filled error
}

func (b *broken) Write(p []byte) (int, error) {
	if b.room -= len(p); b.room < 0 {
		return 0, errFull
	}
	return len(p), nil
}

func (b *broken) FillIn([]byte) error { return b.filled }

func (b *broken) Close() error { return b.filled }

var errFull = errors.New("no space left on device")

func TestAFullDiskIsTold(t *testing.T) {
	host := night()[0]
	for name, to := range map[string]*broken{
		"at the first line": {0, nil}, "on the way": {100_000, nil}, "when it is filled in": {1 << 30, errFull},
	} {
		v := junit.New(to, junit.Options{})
		err := v.Start(report.Run{})
		for range 100 {
			err = errors.Join(err, v.Host(host))
		}
		if err = errors.Join(err, v.Finish(report.Summary{})); !errors.Is(err, errFull) {
			t.Errorf("%s: got error %v", name, err)
		}
	}
}
