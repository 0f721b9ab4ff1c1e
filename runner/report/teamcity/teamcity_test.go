package teamcity_test

import (
	"bytes"
	"flag"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"postpatch/runner/report"
	"postpatch/runner/report/jsonl"
	"postpatch/runner/report/reporttest"
	"postpatch/runner/report/teamcity"
)

var update = flag.Bool("update", false, "write the goldens anew")

func TestNight(t *testing.T) {
	file, err := os.Open("../text/testdata/mixed.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	var b bytes.Buffer
	if err := jsonl.Replay(file, teamcity.New(&b, teamcity.Options{})); err != nil {
		t.Fatal(err)
	}
	reporttest.Golden(t, "testdata/mixed.txt", b.Bytes(), *update)
	read(t, b.String())
}

func written(t *testing.T, s reporttest.Stream, o teamcity.Options) string {
	t.Helper()
	var b bytes.Buffer
	if err := s.To(teamcity.New(&b, o)); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

type message struct {
	name string
	of   map[string]string
}

// read is what TeamCity makes of the lines; it wants each to be one message, and every
// test and suite to end where it began.
func read(t *testing.T, text string) (all []message) {
	t.Helper()
	const value = `'((?:[ -&(-Z\\^-{}~]|\|['|\[\]nr]|\|0x[0-9A-F]{4})*)'`
	line := regexp.MustCompile(`^##teamcity\[(\w+)((?: \w+=` + value + `)+)\]$`)
	attribute := regexp.MustCompile(` (\w+)=` + value)
	open := map[string][]string{}
	for row := range strings.Lines(text) {
		found := line.FindStringSubmatch(strings.TrimSuffix(row, "\n"))
		if found == nil {
			t.Fatalf("no message: %q", row)
		}
		m := message{found[1], map[string]string{}}
		for _, a := range attribute.FindAllStringSubmatch(found[2], -1) {
			m.of[a[1]] = unescaped(a[2])
		}
		all = append(all, m)
		flow, what := m.of["flowId"], m.of["name"]
		switch kind, isEnd := strings.CutSuffix(m.name, "Finished"); {
		case isEnd:
			last := len(open[flow]) - 1
			if last < 0 || open[flow][last] != kind+what {
				t.Fatalf("%v ends and is not the last to have begun: %q", m, open[flow])
			}
			open[flow] = open[flow][:last]
		case strings.HasSuffix(m.name, "Started"):
			open[flow] = append(open[flow], strings.TrimSuffix(m.name, "Started")+what)
		}
	}
	for flow, left := range open {
		if len(left) > 0 {
			t.Fatalf("%q has no end in flow %q", left, flow)
		}
	}
	return all
}

func unescaped(s string) string {
	var units []uint16
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] != '|':
			units = append(units, uint16(s[i]))
		case s[i+1] == '0':
			n, _ := strconv.ParseUint(s[i+3:i+7], 16, 16)
			units, i = append(units, uint16(n)), i+6
		default:
			c := s[i+1]
			if c == 'n' {
				c = '\n'
			}
			units, i = append(units, uint16(c)), i+1
		}
	}
	return string(utf16.Decode(units))
}

func TestEachOutcome(t *testing.T) {
	s := reporttest.Hostile("x")
	got := map[string]string{}
	s.Hosts = s.Hosts[:1]
	for i := range s.Hosts[0].Checks {
		s.Hosts[0].Checks[i].ID = string(s.Hosts[0].Checks[i].Outcome)
	}
	for _, m := range read(t, written(t, s, teamcity.Options{})) {
		if m.name == "testFailed" || m.name == "testIgnored" {
			got[strings.TrimPrefix(m.of["name"], "x: ")] = m.name
		}
	}
	want := map[string]string{
		"skipped": "testIgnored", "pre-existing": "testIgnored", "waived": "testIgnored", "unknown": "testFailed",
		"unmet": "testFailed", "failed": "testFailed", "regressed": "testFailed",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// Tests that a JUnit file has are not told twice, and the file is whole when it is named.
func TestAFileIsImported(t *testing.T) {
	var names []string
	for _, m := range read(t, written(t, reporttest.Hostile("x"), teamcity.Options{JUnit: "out/[a]'s.xml"})) {
		names = append(names, m.name)
		if m.name == "importData" && (m.of["path"] != "out/[a]'s.xml" || m.of["type"] != "junit") {
			t.Errorf("%v", m)
		}
	}
	if names[0] != "importData" || names[1] != "buildStatus" || strings.Contains(strings.Join(names, " "), "test") {
		t.Errorf("got %q", names)
	}
}

func FuzzMessages(f *testing.F) {
	for _, text := range append(reporttest.Nasty(), strings.Repeat("|'", 1<<16)) {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s := reporttest.Hostile(text)
		out := written(t, s, teamcity.Options{})
		for _, m := range read(t, out) {
			if m.name == "testSuiteStarted" && m.of["name"] != report.Brief(text, 300) {
				t.Errorf("host %q is told as %q", text, m.of["name"])
			}
		}
		if len(out) > 1<<21 {
			t.Errorf("%d bytes", len(out))
		}
	})
}
