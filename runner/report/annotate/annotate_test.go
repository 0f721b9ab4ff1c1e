package annotate_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"postpatch/runner/report"
	"postpatch/runner/report/annotate"
	"postpatch/runner/report/jsonl"
	"postpatch/runner/report/reporttest"
)

var update = flag.Bool("update", false, "write the goldens anew")

func TestNight(t *testing.T) {
	for name, o := range map[string]annotate.Options{
		"github": {Form: annotate.GitHub}, "azure": {Form: annotate.Azure, Issues: true},
	} {
		t.Run(name, func(t *testing.T) {
			file, err := os.Open("../text/testdata/mixed.jsonl")
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = file.Close() }()
			var b bytes.Buffer
			if err := jsonl.Replay(file, annotate.New(&b, o)); err != nil {
				t.Fatal(err)
			}
			reporttest.Golden(t, "testdata/mixed."+name, b.Bytes(), *update)
		})
	}
}

func written(t *testing.T, s reporttest.Stream, o annotate.Options) []string {
	t.Helper()
	var b bytes.Buffer
	if err := s.To(annotate.New(&b, o)); err != nil {
		t.Fatal(err)
	}
	if b.Len() == 0 {
		return nil
	}
	return strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
}

// fleet has n hosts with one regression each, all of them different, and one that is away.
func fleet(n int) reporttest.Stream {
	s := reporttest.Stream{Summary: report.Summary{Verdict: "FAIL", Reason: "much", ExitCode: 1}}
	s.Hosts = append(s.Hosts, report.Host{Host: "away", Unreachable: "no answer"})
	for i := range n {
		s.Hosts = append(s.Hosts, report.Host{Host: fmt.Sprintf("h%05d", i), Checks: []report.Check{{
			ID: "os", Outcome: report.Regressed, Failing: true, File: "a.suite.yaml", Line: 3,
			Findings: []report.Finding{{Reading: "build", Outcome: report.Regressed, Now: fmt.Sprint(i), HasNow: true}},
		}}})
	}
	return s
}

// Of the eleventh annotation a system shows nothing, so the tenth counts what is left.
func TestNeverMoreThanTen(t *testing.T) {
	for n, more := range map[int]string{9: "", 10: "and 2 more", 500: "and 492 more", 6000: "and 5992 more"} {
		lines := written(t, fleet(n), annotate.Options{Form: annotate.GitHub})
		if len(lines) != 10 {
			t.Fatalf("%d: %d lines", n, len(lines))
		}
		last := lines[9]
		if more == "" && !strings.Contains(last, "UNREACHABLE away") || !strings.Contains(last, more) {
			t.Errorf("%d: the last one is %s", n, last)
		}
		if !strings.HasPrefix(lines[0], "::error file=a.suite.yaml,line=3,title=REGRESSION os on h00000::build: 0") {
			t.Errorf("%d: the first one is %s", n, lines[0])
		}
	}
}

func TestTheSameOnManyHostsIsOne(t *testing.T) {
	s := fleet(7)
	for i := range s.Hosts[1:] {
		s.Hosts[i+1].Checks[0].Findings[0].Now = "same"
	}
	lines := written(t, s, annotate.Options{Form: annotate.GitHub})
	const want = "title=REGRESSION os on h00000%2C h00001%2C h00002%2C h00003%2C h00004 and 2 more::build: same"
	if len(lines) != 2 || !strings.Contains(lines[0], want) ||
		!strings.HasPrefix(lines[1], "::warning title=UNREACHABLE away::no") {
		t.Errorf("got %q", lines)
	}
}

// What there was no room to keep is counted too.
func TestVeryManyOfTheSame(t *testing.T) {
	s := fleet(6000)
	for i := range s.Hosts[1:] {
		s.Hosts[i+1].Checks[0].Findings[0].Now = "same"
	}
	lines := written(t, s, annotate.Options{Form: annotate.GitHub})
	if len(lines) != 3 || !strings.Contains(lines[0], " and 4995 more::build: same") ||
		!strings.Contains(lines[2], "::and 1000 more, which") {
		t.Errorf("got %q", lines)
	}
}

// What is well, tolerated or no failure is told by nobody; a run that does not pass is
// always told of.
func TestOnlyWhatIsNotWell(t *testing.T) {
	s := reporttest.Hostile("x")
	s.Hosts = s.Hosts[:1]
	s.Hosts[0].Checks = s.Hosts[0].Checks[:7]
	s.Summary.ExitCode = 0
	if lines := written(t, s, annotate.Options{Form: annotate.Azure, Issues: true}); lines != nil {
		t.Errorf("got %q", lines)
	}
	s.Summary = report.Summary{Verdict: "NO VERDICT", Reason: "100% late", ExitCode: 2}
	want := "##vso[task.logissue type=error;]postpatch x: NO VERDICT, 100%AZP25 late\n" +
		"##vso[task.complete result=SucceededWithIssues;]NO VERDICT, 100%AZP25 late"
	if got := strings.Join(written(t, s, annotate.Options{Form: annotate.Azure, Issues: true}), "\n"); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestPath(t *testing.T) {
	path := func(file string) string { return "sub/" + file }
	lines := written(t, fleet(1), annotate.Options{Form: annotate.Azure, Path: path})
	if !strings.Contains(lines[0], ";sourcepath=sub/a.suite.yaml;linenumber=3;code=regressed;]") {
		t.Errorf("got %q", lines)
	}
}

// Each line is one command, of the few that are meant, whatever hosts say.
func FuzzAnnotations(f *testing.F) {
	for _, text := range append(reporttest.Nasty(), strings.Repeat("%];,:", 1<<16)) {
		f.Add(text)
	}
	github := regexp.MustCompile(`^::(?:error|warning) (?:file=[^,:]*,(?:line=\d+,)?)?title=[^,:]*::[^\r\n]*$`)
	azure := regexp.MustCompile(`^##vso\[task\.logissue type=(?:error|warning);` +
		`(?:sourcepath=[^;\]]*;(?:linenumber=\d+;)?)?` +
		`(?:code=[^;\]]*;)?\][^;\]]*$|^##vso\[task\.complete result=SucceededWithIssues;\].*$`)
	f.Fuzz(func(t *testing.T, text string) {
		s := reporttest.Hostile(text)
		for _, form := range []struct {
			options annotate.Options
			line    *regexp.Regexp
			most    int
		}{
			{annotate.Options{Form: annotate.GitHub}, github, 10},
			{annotate.Options{Form: annotate.Azure, Issues: true}, azure, 11},
		} {
			lines := written(t, s, form.options)
			if len(lines) == 0 || len(lines) > form.most {
				t.Fatalf("%d lines", len(lines))
			}
			for _, line := range lines {
				if !form.line.MatchString(line) || regexp.MustCompile(`##\w*\[`).MatchString(line[2:]) || len(line) > 1<<14 {
					t.Fatalf("%q", line)
				}
			}
		}
	})
}
