package suites

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Several files are read and built at once; what is told of them is the same each time,
// and the same as of one after the other. Lint, which keeps nothing, tells no less.
func TestManyFilesAreToldTheSameEachTime(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(8))
	t.Chdir(filepath.Join("testdata", "bad"))
	files, err := filepath.Glob("*.yaml")
	if err != nil || len(files) < 50 {
		t.Fatal(files, err)
	}
	files = append(files, "nowhere.suite.yaml", ".", files[0], "./"+files[1])
	load := func() []string {
		_, problems := Load(files, testKinds())
		return said(problems)
	}
	want := load()
	for range 5 {
		if diff := cmp.Diff(want, load()); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
	}
	runtime.GOMAXPROCS(1)
	if diff := cmp.Diff(want, load()); diff != "" {
		t.Errorf("one after the other (-want +got):\n%s", diff)
	}
	_, problems := Library{Kinds: testKinds()}.Lint(files)
	if diff := cmp.Diff(want, said(problems)); diff != "" {
		t.Errorf("lint (-want +got):\n%s", diff)
	}
}

func said(problems []Problem) (all []string) {
	for _, p := range problems {
		all = append(all, fmt.Sprintf("%v | %s", p, p.Hint))
	}
	return all
}

// Suites that share hosts and share what their kinds expect are built at the same time.
func TestManySuitesOfTheSameHosts(t *testing.T) {
	dir := t.TempDir()
	var files []string
	checks := 0
	for i := range 40 {
		text := fmt.Sprintf(`suite: s%d
vars: {least: 5, where: hq}
hosts: [a, {name: b, vars: {where: b%d}}, {name: "c%d", tags: [x]}]
checks:
  - ping: {}
    assert: after.rtt < before.rtt * 3 or host.vars.where == "b"
  - web: {url: "http://{{ host.name }}/{{ where }}"}
  - service: [A, B]
    hosts: [tag:x, "a*"]
    expect: {state: running}
`, i, i, i)
		file := filepath.Join(dir, fmt.Sprintf("%02d.suite.yaml", i))
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		files, checks = append(files, file), checks+8
	}
	set, problems := Load(files, testKinds())
	counts, more := Library{Kinds: testKinds()}.Lint(files)
	if len(problems)+len(more) > 0 {
		t.Fatal(Format(append(problems, more...), nil))
	}
	if want := (Counts{Suites: 40, Hosts: 42, Checks: checks}); cmp.Diff(want, counts) != "" || len(set.Hosts) != 42 {
		t.Errorf("got %+v, want %+v, and %d hosts", counts, want, len(set.Hosts))
	}
	var got []string
	for _, c := range set.Hosts[1].Checks {
		got = append(got, c.Key())
		if web, ok := c.Probe.(probe).params.(webParams); ok && web.URL != "http://b/b"+c.Suite[1:] {
			t.Errorf("%s asks %s", c.Key(), web.URL)
		}
		for _, a := range c.Assert {
			if a.Vars["where"] != "b"+c.Suite[1:] {
				t.Errorf("%s asserts of %v", c.Key(), a.Vars)
			}
		}
	}
	if len(got) != 80 || !slices.Equal(got[:3], []string{"s0/ping", "s0/web", "s1/ping"}) {
		t.Errorf("got %d checks: %v", len(got), got[:3])
	}
}

// No file of a fleet keeps the others from being told, however much is wrong in it.
func TestAFileWithTooManyProblems(t *testing.T) {
	dir := t.TempDir()
	bad := "suite: a\nhosts: b\nchecks:\n"
	for range maxProblems + 500 {
		bad += "  - []\n"
	}
	files := []string{filepath.Join(dir, "a.suite.yaml"), filepath.Join(dir, "b.suite.yaml")}
	if os.WriteFile(files[0], []byte(bad), 0o600) != nil || os.WriteFile(files[1], []byte("suite: b\n"), 0o600) != nil {
		t.Fatal("cannot write")
	}
	_, problems := Load(files, testKinds())
	if len(problems) != maxProblems+1+2 {
		t.Fatalf("got %d", len(problems))
	}
	last := problems[maxProblems]
	const said = "more than 1000 problems in this file; the rest is not told"
	if last.File != files[0] || last.Line != 4+maxProblems || last.Msg != said {
		t.Errorf("got %+v", last)
	}
	if problems[maxProblems+1].File != files[1] {
		t.Errorf("got %+v", problems[maxProblems+1])
	}
}
