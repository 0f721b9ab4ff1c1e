package text_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"postpatch/runner/report"
	"postpatch/runner/report/jsonl"
	"postpatch/runner/report/text"
)

func streams() map[string]stream {
	return map[string]stream{
		"mixed": mixed(), "all-pass": allPass(), "capture": capture(), "fleet": fleet(), "many-well": manyWell(),
		"hostile": hostile(), "unreachable": unreached(), "long-values": longValues(), "diff": comparison(),
		"unbased": unbased(), "dark": dark(), "halves": halves(), "waivers": waivers(),
		"precheck": precheck(),
	}
}

// TestReports compares what is written of testdata/<stream>.jsonl with
// testdata/<stream>[.<look>].out. Run it with -update to write both, and read
// the difference.
func TestReports(t *testing.T) {
	update := flag.Lookup("update").Value.String() == "true"
	if update {
		for name, s := range streams() {
			var b bytes.Buffer
			if err := s.play(jsonl.New(&b)); err != nil {
				t.Fatal(err)
			}
			write(t, filepath.Join("testdata", name+".jsonl"), b.Bytes())
		}
	}
	for _, c := range []struct {
		stream, look string
		options      text.Options
	}{
		{"mixed", "", text.Options{}},
		{"mixed", "ascii", text.Options{ASCII: true}},
		{"mixed", "color", text.Options{Color: true}},
		{"mixed", "quiet", text.Options{Verbosity: text.Quiet}},
		{"mixed", "v", text.Options{Verbosity: text.Verbose}},
		{"mixed", "narrow", text.Options{Width: 70}},
		{"mixed", "ignored", text.Options{ShowIgnored: true, Width: 90, ASCII: true}},
		{"mixed", "vv", text.Options{Verbosity: text.Raw}},
		{"all-pass", "", text.Options{}},
		{"capture", "", text.Options{}},
		{"precheck", "", text.Options{}},
		{"fleet", "", text.Options{}},
		{"fleet", "v", text.Options{Verbosity: text.Verbose, ASCII: true}},
		{"many-well", "", text.Options{}},
		{"hostile", "", text.Options{}},
		{"hostile", "vv", text.Options{Verbosity: text.Raw}},
		{"unreachable", "", text.Options{}},
		{"long-values", "", text.Options{}},
		{"long-values", "color", text.Options{Color: true, Width: 80}},
		{"long-values", "vv", text.Options{Verbosity: text.Raw}},
		{"diff", "", text.Options{}},
		{"unbased", "", text.Options{}},
		{"unbased", "v", text.Options{Verbosity: text.Verbose}},
		{"unbased", "narrow", text.Options{Width: 80, ASCII: true}},
		{"dark", "", text.Options{}},
		{"halves", "", text.Options{}},
		{"waivers", "", text.Options{}},
		{"waivers", "narrow", text.Options{Width: 70, Verbosity: text.Verbose, ASCII: true}},
	} {
		name := strings.TrimSuffix(c.stream+"."+c.look, ".")
		t.Run(name, func(t *testing.T) {
			got := replayed(t, c.stream, c.options)
			golden := filepath.Join("testdata", name+".out")
			if update {
				write(t, golden, []byte(got))
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func replayed(t *testing.T, name string, o text.Options) string {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", name+".jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	var b strings.Builder
	if err := jsonl.Replay(f, text.New(&b, o)); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func write(t *testing.T, name string, data []byte) {
	t.Helper()
	if err := os.WriteFile(name, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestTheVerdictIsTheLastLineAndTheOnlyOneWhenQuiet(t *testing.T) {
	for name := range streams() {
		for verbosity := text.Quiet; verbosity <= text.Raw; verbosity++ {
			rows := strings.Split(strings.TrimSuffix(replayed(t, name, text.Options{Verbosity: verbosity}), "\n"), "\n")
			if !strings.HasPrefix(rows[len(rows)-1], "VERDICT  ") {
				t.Errorf("%s: the last line is %q", name, rows[len(rows)-1])
			}
			if n := strings.Count("\n"+strings.Join(rows, "\n"), "\nVERDICT "); n != 1 {
				t.Errorf("%s: %d lines look like a verdict", name, n)
			}
			if verbosity == text.Quiet && len(rows) != 1 {
				t.Errorf("%s: %d lines when quiet", name, len(rows))
			}
		}
	}
}

func TestNothingOfAHostReachesTheTerminalRaw(t *testing.T) {
	for verbosity := text.Quiet; verbosity <= text.Raw; verbosity++ {
		got := replayed(t, "hostile", text.Options{Verbosity: verbosity})
		if i := strings.IndexFunc(got, func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }); i >= 0 {
			t.Errorf("verbosity %d: %q at byte %d", verbosity, got[i], i)
		}
	}
}

func TestLinesKeepToTheWidth(t *testing.T) {
	for name := range streams() {
		if name == "hostile" {
			continue // names of hosts and files are never cut
		}
		for _, width := range []int{60, 80, 100, 160} {
			for row := range strings.SplitSeq(replayed(t, name, text.Options{Width: width}), "\n") {
				whole := strings.HasPrefix(row, "VERDICT  ") || regexp.MustCompile("^ *[Nn]ext |^ {9}postpatch ").MatchString(row)
				if n := report.Columns(row); n > width && !whole {
					t.Errorf("%s at width %d has a line of %d: %s", name, width, n, row)
				}
			}
		}
	}
}

func TestASCIIUsesNoOtherSigns(t *testing.T) {
	got := replayed(t, "mixed", text.Options{ASCII: true, Verbosity: text.Verbose})
	if i := strings.IndexFunc(got, func(r rune) bool { return r > unicode.MaxASCII }); i >= 0 {
		t.Errorf("got %q", got[i:i+4])
	}
}

func TestColourChangesNoWord(t *testing.T) {
	for name := range streams() {
		if name == "long-values" || name == "hostile" {
			continue // without colours what differs stands in brackets
		}
		plain := replayed(t, name, text.Options{})
		coloured := replayed(t, name, text.Options{Color: true})
		for _, code := range []string{"0", "1", "2", "31", "32", "33", "35", "36"} {
			coloured = strings.ReplaceAll(coloured, "\x1b["+code+"m", "")
		}
		if diff := cmp.Diff(plain, coloured); diff != "" {
			t.Errorf("%s (-plain +coloured):\n%s", name, diff)
		}
	}
}

// Every outcome of every check has to be told somewhere, also one of a check
// without findings, and one of a later version.
func TestNoBadOutcomeIsLost(t *testing.T) {
	for _, o := range append(report.Outcomes(), "splendid") {
		if !report.Worse(o, report.Passed) {
			continue
		}
		bare := check("service/bare-of-findings", "")
		bare.Outcome = o
		with := check("service/with-finding", "", finding(o, "state", "a", "b", ""))
		with.Outcome = o
		var b strings.Builder
		s := summary(stream{run: verifyRun(0, 0), hosts: []report.Host{host("h", 0, bare, with)}}, "FAIL", "", 1)
		if err := s.play(text.New(&b, text.Options{})); err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"service/bare-of-findings", "service/with-finding"} {
			if !strings.Contains(b.String(), want) {
				t.Errorf("%s: %s is not told:\n%s", o, want, b.String())
			}
		}
	}
}

// What fails a run is decided before; a view only tells it.
func TestADriftThatFailsNothingIsAWarningWhateverItsSeverity(t *testing.T) {
	for _, c := range []struct {
		failing bool
		want    string
	}{{true, "\nDRIFT THAT FAILS (1)"}, {false, "\nDRIFT (1)"}} {
		drift := check("services", "", drifted("fail", "state", "running", "stopped", "same"))
		drift.Failing = c.failing
		var b strings.Builder
		s := summary(stream{run: verifyRun(0, 0), hosts: []report.Host{host("h", 0, drift)}}, "PASS", "", 0)
		if err := s.play(text.New(&b, text.Options{})); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(b.String(), c.want) {
			t.Errorf("failing %v: want %q in it, got\n%s", c.failing, c.want, b.String())
		}
	}
}

func TestWhatIsNotKnownOfARebootIsAsked(t *testing.T) {
	not, plan := host("not", 1), host("(plan)", 0, ofPlan(check("os.build", "")))
	not.RebootKnown = true
	twice, busy := rebooted(host("twice", 1), 2, 10, 0), rebooted(host("busy", 1), 2, 10, 0)
	twice.Reboot = report.Reboot{State: report.Rebooted, Times: 2}
	busy.Reboot = report.Reboot{State: report.RebootConfiguring, Times: 1}
	hosts := []report.Host{rebooted(host("did", 1), 2, 10, 0), not, host("unknown", 1), plan, twice, busy}
	for _, c := range []struct {
		hosts []report.Host
		want  map[string]string // the last column of the row that starts with
	}{
		{hosts, map[string]string{
			"HOST": "rebooted", "did": "02:10:00Z", "not": "-", "unknown": "?", "(plan)": "1",
			"twice": "02:10:00Z (2 times)", "busy": "02:10:00Z, configuring",
		}},
		{hosts[2:4], map[string]string{"HOST": "same", "unknown": "1"}},
	} {
		var b strings.Builder
		s := summary(stream{run: verifyRun(0, 0), hosts: c.hosts}, "PASS", "", 0)
		if err := s.play(text.New(&b, text.Options{})); err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		for row := range strings.Lines(b.String()) {
			words := strings.Fields(row)
			if len(words) > 1 && c.want[words[0]] != "" {
				fields := regexp.MustCompile(`  +`).Split(strings.TrimSpace(row), -1)
				got[words[0]] = fields[len(fields)-1]
			}
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("(-want +got):\n%s\n%s", diff, b.String())
		}
	}
}

// Whatever the width, a sentence of ours is whole; only values of hosts are cut.
func TestOwnSentencesAreWhole(t *testing.T) {
	for name, want := range map[string][]string{
		"unbased": {
			"the plan says reboot: required, and the host has not rebooted since the baseline",
			"established connection failed because connected host has failed to respond: trying it over ssh: handshake",
			"ask the team on duty before it is taken off the list",
			"then, then, is not known",
			"3 checks had nothing to be compared with",
			"REGRESSION (3 checks, 4 items)",
		},
		"many-well":   {"the plan says reboot: required, and the host has not rebooted since the baseline"},
		"unreachable": {strings.TrimSpace(strings.Repeat("no route to the host, ", 30)) + " given up"},
		"long-values": {strings.TrimSpace(strings.Repeat("the auditors want it, ", 12))},
	} {
		for _, width := range []int{60, 80, 100, 140} {
			got := strings.Join(strings.Fields(replayed(t, name, text.Options{Width: width})), " ")
			for _, sentence := range want {
				if !strings.Contains(got, sentence) {
					t.Errorf("%s at width %d lacks %q", name, width, sentence)
				}
			}
		}
	}
}

func TestAViewChangesNothingItIsGiven(t *testing.T) {
	given, want := hostile(), hostile()
	if err := given.play(text.New(io.Discard, text.Options{})); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(fmt.Sprintf("%#v", want.hosts[0].Checks), fmt.Sprintf("%#v", given.hosts[0].Checks)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAWritersErrorIsReturned(t *testing.T) {
	r, w := io.Pipe()
	_ = r.Close()
	if err := allPass().play(text.New(w, text.Options{})); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("got error %v, want the writer's", err)
	}
}

func TestColorFor(t *testing.T) {
	for name, c := range map[string]struct {
		flag     string
		env      map[string]string
		terminal bool
		want     bool
	}{
		"a terminal":                     {"auto", nil, true, true},
		"no terminal":                    {"auto", nil, false, false},
		"a dumb terminal":                {"auto", map[string]string{"TERM": "dumb"}, true, false},
		"a pipeline's terminal":          {"auto", map[string]string{"CI": "true"}, true, false},
		"a pipeline that wants colours":  {"auto", map[string]string{"CI": "true", "FORCE_COLOR": "1"}, false, true},
		"NO_COLOR on a terminal":         {"auto", map[string]string{"NO_COLOR": "1"}, true, false},
		"NO_COLOR that is empty":         {"auto", map[string]string{"NO_COLOR": ""}, true, true},
		"FORCE_COLOR without a terminal": {"auto", map[string]string{"FORCE_COLOR": "1"}, false, true},
		"CLICOLOR_FORCE":                 {"", map[string]string{"CLICOLOR_FORCE": "1"}, false, true},
		"FORCE_COLOR=0 forces nothing":   {"auto", map[string]string{"FORCE_COLOR": "0"}, false, false},
		"NO_COLOR beats FORCE_COLOR":     {"auto", map[string]string{"NO_COLOR": "1", "FORCE_COLOR": "1"}, true, false},
		"the flag beats NO_COLOR":        {"always", map[string]string{"NO_COLOR": "1"}, false, true},
		"the flag beats a terminal":      {"never", map[string]string{"FORCE_COLOR": "1"}, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			getenv := func(name string) string { return c.env[name] }
			if got := text.ColorFor(c.flag, getenv, c.terminal); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestMain(m *testing.M) {
	flag.Bool("update", false, "write testdata anew")
	os.Exit(m.Run())
}
