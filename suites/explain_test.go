package suites

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"postpatch/probes/all"
	"postpatch/probes/fact"
)

func TestExplainKind(t *testing.T) {
	for _, k := range testKinds() {
		golden(t, filepath.Join("testdata", "explain", k.Name+".out"), ExplainKind(k))
	}
}

// The examples of the pages are read as an owner's file would be, with the kinds
// that there are.
func TestTheExamplesOfThePagesAreRight(t *testing.T) {
	for _, topic := range Topics() {
		page, ok := ExplainTopic(topic)
		if !ok {
			t.Errorf("no page on %q", topic)
		}
		folder := t.TempDir()
		write := func(file, text string) string {
			file = filepath.Join(folder, file)
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			return file
		}
		file := write(topic+".yaml", example(page))
		var problems []Problem
		switch topic {
		case "hosts":
			write("servers.txt", "srv01\n")
			write("servers.csv", "Hostname,IP,Role,Env,Site\nsrv02,10.0.0.2,web,prod,hq\n")
			write("inventory.ini", "[exchange]\nex01\n")
			_, problems = Load([]string{file}, all.Kinds())
		case "plan", "precheck":
			if err := os.Mkdir(filepath.Join(folder, "suites"), 0o700); err != nil {
				t.Fatal(err)
			}
			write("suites/a.suite.yaml", "")
			_, problems = LoadPlan(file, all.Kinds())
		case "credentials":
			_, problems = LoadCredentials(file, nil, nil)
		case "notify":
			_, problems = LoadChannels(file, nil, nil)
		default:
			_, problems = withPacks().Load([]string{file})
		}
		if len(problems) > 0 {
			t.Errorf("%s: %s", topic, Format(problems, os.ReadFile))
		}
		for line := range strings.Lines(page) {
			if len(line) > 100 {
				t.Errorf("%s: a line of %d characters: %s", topic, len(line), line)
			}
		}
	}
	if _, ok := ExplainTopic("weather"); ok {
		t.Error("a page on the weather")
	}
}

// withPacks is what an owner has of packs; one is read as it is.
func withPacks() Library {
	return Library{Kinds: all.Kinds(), Built: os.DirFS("../examples/packs"), Lone: true}
}

// What owners copy is without a mistake.
func TestTheExamplesAreRight(t *testing.T) {
	files, err := filepath.Glob("../examples/*.suite.yaml")
	packs, _ := filepath.Glob("../examples/packs/*.suite.yaml")
	files = append(files, packs...)
	if err != nil || len(files) < 2 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		if _, problems := withPacks().Load([]string{file}); len(problems) > 0 {
			t.Error(Format(problems, os.ReadFile))
		}
	}
}

// What the page shows has to tell a server that has the update from one that
// has not, by readings as the kinds report them.
func TestThePagesPlanIsNotMetWithoutThePatch(t *testing.T) {
	folder := t.TempDir()
	page, _ := ExplainTopic("plan")
	if err := os.Mkdir(filepath.Join(folder, "suites"), 0o700); err != nil {
		t.Fatal(err)
	}
	for file, text := range map[string]string{"suites/a.suite.yaml": "", "p.plan.yaml": example(page)} {
		if err := os.WriteFile(filepath.Join(folder, file), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	plan, problems := LoadPlan(filepath.Join(folder, "p.plan.yaml"), all.Kinds())
	if len(problems) > 0 {
		t.Fatal(Format(problems, os.ReadFile))
	}
	for pattern, values := range map[string]struct{ before, after fact.Value }{
		"os.build":            {fact.Text("20348.4294"), fact.Text("20348.4405")},
		"service/W3SVC.state": {fact.Text("stopped"), fact.Text("running")},
	} {
		i := slices.IndexFunc(plan.Must, func(m MustChange) bool { return m.Pattern.String() == pattern })
		if i < 0 || len(plan.Must) != 2 {
			t.Fatalf("must change: %+v, want %s and another", plan.Must, pattern)
		}
		must := plan.Must[i].Predicate
		if must.Holds(values.before) || !must.Holds(values.after) {
			t.Errorf("%s %q: %t of %v and %t of %v", pattern, must,
				must.Holds(values.before), values.before, must.Holds(values.after), values.after)
		}
	}
}

// The page's change with a where is read, and comes to what it says.
func TestExplainMustChange(t *testing.T) {
	_, part, _ := strings.Cut(aboutMustChange, "\n\n")
	plan, problems := LoadPlanBytes("p.plan.yaml", []byte("plan: p\n"+example(part)), all.Kinds())
	if len(problems) > 0 {
		t.Fatal(Format(problems, nil))
	}
	must := plan.Must[0]
	for build, met := range map[string]bool{
		"20348.4405": true, "20348.4346": true, "20348.4350": false, "26100.1": false,
	} {
		if must.Met(fact.Text(build)) != met {
			t.Errorf("%s of %s: want %t", must.Words(), build, met)
		}
	}
	if len(plan.Must) != 2 || must.Update.KB == "" || must.Reason == "" || len(must.Hosts) != 1 {
		t.Errorf("must change: %+v", plan.Must)
	}
}

// example returns the indented block of a page.
func example(page string) string {
	var lines []string
	for line := range strings.Lines(page) {
		if code, found := strings.CutPrefix(line, "    "); found {
			lines = append(lines, code)
		} else if len(lines) > 0 {
			break
		}
	}
	return strings.Join(slices.Clip(lines), "")
}
