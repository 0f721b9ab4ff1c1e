package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes/all"
	"postpatch/suites"
)

// planned is what `postpatch plan` prints of a plan.
func planned(t *testing.T, file string) string {
	t.Helper()
	var out, talk bytes.Buffer
	code := run(t.Context(), []string{"plan", file}, app{
		stdout: &out, stderr: &talk, width: 100, getenv: func(string) string { return "" },
	})
	if code != 0 || talk.Len() > 0 {
		t.Fatalf("plan: exit %d\n%s", code, talk.String())
	}
	return out.String()
}

// Every plan of the examples is told in lines that a terminal has room for.
func TestExamplePlans(t *testing.T) {
	files, err := filepath.Glob("../../examples/*.plan.yaml")
	more, _ := filepath.Glob("../../examples/*/*.plan.yaml")
	if err != nil || len(files) == 0 || len(more) == 0 {
		t.Fatal(files, more, err)
	}
	for _, file := range append(files, more...) {
		var out, talk bytes.Buffer
		a := app{stdout: &out, stderr: &talk, width: 100, getenv: func(string) string { return "" }}
		if code := run(t.Context(), []string{"lint", file}, a); code != 0 {
			t.Errorf("%s: lint: exit %d\n%s", file, code, talk.String())
		}
		for line := range strings.Lines(planned(t, file)) {
			if n := utf8.RuneCountInString(line) - 1; n > pageWidth || strings.HasSuffix(line, " \n") {
				t.Errorf("%s: %d characters: %q", file, n, line)
			}
		}
	}
}

// The README's plan is the example, and its page what comes out.
func TestREADMEPlan(t *testing.T) {
	const path = "../../README.md"
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	readme := string(content)
	example, err := os.ReadFile("../../examples/november.plan.yaml")
	if err != nil {
		t.Fatal(err)
	}
	start, end := block(t, readme, "plan")
	_, want, _ := strings.Cut(string(example), "\n") // without what it says of the README
	if d := cmp.Diff(want, readme[start:end]); d != "" {
		t.Errorf("the example (-) and the README (+):\n%s", d)
	}
	start, end = block(t, readme, "planned")
	got := "$ postpatch plan november.plan.yaml\n" + planned(t, "../../examples/november.plan.yaml")
	got = strings.ReplaceAll(got, "../../examples/evidence", "evidence")
	if *update {
		write(t, path, readme[:start]+got+readme[end:])
		return
	}
	if d := cmp.Diff(readme[start:end], got); d != "" {
		t.Errorf("the README's page is not what comes out (-README +now); go test ./cmd/postpatch -update:\n%s", d)
	}
}

// How long a look takes follows from what the hosts of a stored run took.
func TestTheTimeOfALook(t *testing.T) {
	set, problems := suites.LoadBytes("s.suite.yaml",
		[]byte("suite: s\nhosts: [a, b, c, d, e]\nchecks:\n  - os: {}\n"), all.Kinds())
	if len(problems) > 0 {
		t.Fatal(suites.Format(problems, nil))
	}
	for name, c := range map[string]struct {
		atOnce        int
		mean, longest time.Duration
		about, atMost time.Duration // atMost is where nothing answers
	}{
		"no run":               {2, 0, 0, 0, 6 * time.Minute},
		"one after the other":  {1, 10 * time.Second, 15 * time.Second, 50 * time.Second, 10 * time.Minute},
		"all at once":          {50, 10 * time.Second, 15 * time.Second, 15 * time.Second, 2 * time.Minute},
		"two at once":          {2, 10 * time.Second, 15 * time.Second, 25 * time.Second, 6 * time.Minute},
		"longer than it could": {50, time.Minute, time.Hour, 2 * time.Minute, 2 * time.Minute},
	} {
		e := estimate{atOnce: c.atOnce, last: pace{mean: c.mean, longest: c.longest}}
		if c.mean > 0 {
			e.last.run = "before"
		}
		l := e.cost(set.Hosts)
		if l.About.of() != c.about || l.Longest.of() != c.atMost {
			t.Errorf("%s: about %s, at most %s, want %s and %s", name, l.About.of(), l.Longest.of(), c.about, c.atMost)
		}
		if l.Messages != (span{5, 5}) || l.All != 25 || l.PowerShell != 5 || l.Questions.Least != l.Questions.Most {
			t.Errorf("%s: %+v", name, l)
		}
	}
}

// A plan that is written into another folder keeps its suites and its store.
func TestAnAcceptedPlanKeepsItsStore(t *testing.T) {
	moved := rebase(filepath.Join("plans", "november.plan.yaml"), filepath.Join("out", "accepted.plan.yaml"))
	for old, want := range map[string]string{
		"suites: [a.suite.yaml]\nstore: ./evidence\n": "suites: [../plans/a.suite.yaml]\nstore: ../plans/evidence\n",
		"suites: &s x\nstore: *s\n":                   "suites: &s ../plans/x\nstore: *s\n",
		"store: s3://bucket?region=eu\n":              "store: s3://bucket?region=eu\n",
	} {
		got, err := addTo([]byte(old), "may_change", nil, moved)
		got, _ = bytes.CutSuffix(got, []byte("may_change:\n"))
		if d := cmp.Diff(want, string(got)); err != nil || d != "" {
			t.Errorf("%v (-want +got):\n%s", err, d)
		}
	}
}
