package suites

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"postpatch/probes"
	"postpatch/probes/fact"
)

const tuesday = `plan: 2026-11-patch-tuesday
suites: [suites/*.suite.yaml, suites/a.suite.yaml]
reboot: required
must_change:
  os.build: ">= 20348.4405"
  service/W3SVC.state: [running, starting]
may_change: [service.start_mode, os.*, "dns/*.example.org.answers"]
`

func TestLoadPlan(t *testing.T) {
	folder := t.TempDir()
	file := filepath.Join(folder, "tuesday.plan.yaml")
	for name, text := range map[string]string{
		"tuesday.plan.yaml": tuesday, "suites/b.suite.yaml": "", "suites/a.suite.yaml": "", "suites/other.txt": "",
	} {
		if err := os.MkdirAll(filepath.Join(folder, "suites"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, filepath.FromSlash(name)), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	plan, problems := LoadPlan(file, testKinds())
	if len(problems) > 0 {
		t.Fatal(Format(problems, os.ReadFile))
	}
	suites := []string{filepath.Join(folder, "suites", "a.suite.yaml"), filepath.Join(folder, "suites", "b.suite.yaml")}
	if diff := cmp.Diff(suites, plan.Suites); diff != "" {
		t.Errorf("suites (-want +got):\n%s", diff)
	}
	if plan.Name != "2026-11-patch-tuesday" || plan.Reboot != RebootRequired || len(plan.Digest) != 64 ||
		plan.File != file {
		t.Errorf("plan: %+v", plan)
	}
	may := []MayChange{
		{Pattern: Pattern{"service", "", "start_mode"}},
		{Pattern: Pattern{"os", "", "*"}},
		{Pattern: Pattern{"dns", "*.example.org", "answers"}},
	}
	if diff := cmp.Diff(may, plan.May, cmpopts.IgnoreUnexported(MayChange{})); diff != "" {
		t.Errorf("may change (-want +got):\n%s", diff)
	}
	if len(plan.Must) != 2 || plan.Must[0].Pattern.String() != "os.build" ||
		!plan.Must[0].Predicate.Holds(fact.Text("20348.4406")) ||
		plan.Must[1].Pattern.String() != "service/W3SVC.state" || !plan.Must[1].Predicate.Holds(fact.Text("Starting")) {
		t.Errorf("must change: %+v", plan.Must)
	}
}

func TestAPlanAllowsRebootsUnlessItSaysOtherwise(t *testing.T) {
	file := filepath.Join(t.TempDir(), "p.plan.yaml")
	if err := os.WriteFile(file, []byte("plan: p\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	plan, problems := LoadPlan(file, testKinds())
	if len(problems) > 0 || plan.Reboot != RebootAllowed || plan.Suites != nil {
		t.Errorf("plan: %+v, %v", plan, problems)
	}
}

func TestPatternMatches(t *testing.T) {
	for _, c := range []struct {
		pattern             string
		kind, item, reading string
		want                bool
	}{
		{"service.state", "service", "Spooler", "state", true},
		{"service.state", "service", "Spooler", "path", false},
		{"service.state", "services", "Spooler", "state", false},
		{"service.*", "service", "Spooler", "path", true},
		{"service/sp*.state", "service", "Spooler", "state", true},
		{"service/sp*.state", "service", "W3SVC", "state", false},
		{"web/http://*/a.b/?.status", "web", "http://srv01/a.b/c", "status", true},
		{"dns/*.ttl", "dns", "a.b.c", "ttl", true},
		{"iis/=http *:80:.state", "iis", "HTTP *:80:", "state", true},
		{"iis/=http *:80:.state", "iis", "http 1:80:", "state", false},
		{"iis/=.state", "iis", "", "state", true},
		{"iis/=.state", "iis", "pool/a", "state", false},
	} {
		p, ok := splitPattern(c.pattern)
		if !ok || p.String() != c.pattern {
			t.Errorf("%q reads as %+v", c.pattern, p)
		}
		check := &Check{Kind: &probes.Kind{Name: c.kind}, Items: probes.AnyCase}
		if got := p.Matches(check, c.item, c.reading); got != c.want {
			t.Errorf("%q of %s/%s.%s: %v, want %v", c.pattern, c.kind, c.item, c.reading, got, c.want)
		}
	}
}

func TestGlob(t *testing.T) {
	for _, c := range []struct {
		pattern, s string
		want       bool
	}{
		{"*", "", true},
		{"", "a", false},
		{"a", "A", true},
		{"a*c", "abbc", true},
		{"a*c", "abcd", false},
		{"*b*", "abc", true},
		{"?", "", false},
		{"a?c", "abc", true},
		{"*ab", "aab", true},
		{"a**", "a", true},
		{"[a]", "a", false}, // no classes: a bracket is a bracket
	} {
		if got := Glob(c.pattern, c.s); got != c.want {
			t.Errorf("Glob(%q, %q) = %v", c.pattern, c.s, got)
		}
	}
}
