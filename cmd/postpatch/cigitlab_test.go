//go:build unix

package main

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// gitlabShell is how the runner has bash run a job's lines: as one script.
const gitlabShell = "bash -eo pipefail"

type gitlabPipeline struct {
	Stages    []string
	Variables map[string]string
	Default   struct {
		BeforeScript []string `yaml:"before_script"`
	}
	jobs []gitlabJob // in the order of the file
}

type gitlabJob struct {
	name         string
	Stage, When  string
	Needs        []string
	Script       lines
	Variables    map[string]string
	Trigger      struct{ Include, Strategy string }
	Rules        []struct{ If, When string }
	AllowFailure yaml.Node `yaml:"allow_failure"`
	Artifacts    struct {
		When    string
		Reports struct{ JUnit, Dotenv string }
	}
}

// lines is a script of one line or several.
type lines []string

func (l *lines) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		*l = lines{n.Value}
		return nil
	}
	return n.Decode((*[]string)(l))
}

func readGitLab(t *testing.T, file string) gitlabPipeline {
	t.Helper()
	var p gitlabPipeline
	readYAML(t, ciFolder+"gitlab/"+file, &p)
	var document yaml.Node
	readYAML(t, ciFolder+"gitlab/"+file, &document)
	for i, keys := 0, document.Content[0].Content; i < len(keys); i += 2 {
		if slices.Contains([]string{"stages", "variables", "default", "workflow"}, keys[i].Value) {
			continue
		}
		job := gitlabJob{name: keys[i].Value}
		if err := keys[i+1].Decode(&job); err != nil {
			t.Fatal(err)
		}
		p.jobs = append(p.jobs, job)
	}
	return p
}

// gitlab plays a pipeline as far as these examples need it.
type gitlab struct {
	*ciRun
	dotenv map[string]map[string]string // by job
}

func TestCIGitLab(t *testing.T) {
	t.Parallel()
	playCI(t, func(r *ciRun) bool {
		g := gitlab{ciRun: r, dotenv: map[string]map[string]string{}}
		r.env["CI_PIPELINE_ID"] = "4711"
		maps.Copy(r.env, r.secrets) // of the project, and in every job
		return g.pipeline(".gitlab-ci.yml", map[string]string{"STORE": filepath.Join(r.folder, "store")})
	})
}

// pipeline runs the stages, until a job of one fails. What it was begun with stands above
// what the file says.
func (g *gitlab) pipeline(file string, given map[string]string) bool {
	g.t.Helper()
	p := readGitLab(g.t, file)
	ran := 0
	for _, stage := range p.Stages {
		ok := true
		for _, job := range p.jobs {
			if job.Stage == stage {
				ran++
				ok = g.job(p, job, given) && ok
			}
		}
		if !ok {
			return false
		}
	}
	if ran != len(p.jobs) {
		g.t.Errorf("%s: a job has a stage that is none", file)
	}
	return true
}

func (g *gitlab) job(p gitlabPipeline, job gitlabJob, given map[string]string) bool {
	g.t.Helper()
	env := maps.Clone(p.Variables)
	if env == nil {
		env = map[string]string{}
	}
	known := maps.Clone(g.env)
	for _, need := range job.Needs {
		maps.Copy(known, g.dotenv[need])
	}
	for name, value := range job.Variables {
		env[name] = os.Expand(value, func(name string) string { return known[name] })
	}
	maps.Copy(env, given)
	if job.Trigger.Include != "" {
		if job.Trigger.Strategy != "depend" {
			g.t.Errorf("nobody waits for %s", job.name)
		}
		return g.pipeline(job.Trigger.Include, env)
	}
	if g.when(job, env) == "manual" && !g.ask(env["WAVE"]) {
		return false
	}
	dir := g.checkout()
	script := strings.Join(slices.Concat(p.Default.BeforeScript, job.Script), "\n")
	_, code := g.sh(dir, gitlabShell, script, env)
	if job.Artifacts.Reports.JUnit != "" {
		if job.Artifacts.When != "always" {
			g.t.Errorf("%s publishes nothing when it fails", job.name)
		}
		g.publish(dir, job.Artifacts.Reports.JUnit)
	}
	if code == 0 && job.Artifacts.Reports.Dotenv != "" {
		g.dotenv[job.name] = dotenvOf(g.t, filepath.Join(dir, job.Artifacts.Reports.Dotenv))
	}
	var allowed struct {
		Codes []int `yaml:"exit_codes"`
	}
	if job.AllowFailure.Kind == yaml.MappingNode {
		if err := job.AllowFailure.Decode(&allowed); err != nil {
			g.t.Fatal(err)
		}
	}
	return code == 0 || slices.Contains(allowed.Codes, code)
}

// when is what the first rule says that fits; all are of the form $NAME == "text".
func (g *gitlab) when(job gitlabJob, env map[string]string) string {
	g.t.Helper()
	for _, rule := range job.Rules {
		name, want, _ := strings.Cut(rule.If, " == ")
		if rule.If == "" || env[strings.TrimPrefix(name, "$")] == strings.Trim(want, `"`) {
			return rule.When
		}
	}
	return job.When
}

func dotenvOf(t *testing.T, file string) map[string]string {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]string{}
	for line := range strings.Lines(string(content)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		values[name] = value
	}
	return values
}
