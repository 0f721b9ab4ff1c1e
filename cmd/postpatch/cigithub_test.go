//go:build unix

package main

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// githubShell is how a step of `shell: bash` is run.
const githubShell = "bash --noprofile --norc -eo pipefail"

type githubWorkflow struct{ On, Jobs yaml.Node }

// githubCall is how a workflow can be used by another.
type githubCall struct {
	Call struct {
		Outputs map[string]struct{ Value string }
	} `yaml:"workflow_call"`
}

type githubJob struct {
	Needs, Uses, Environment, Secrets string
	With, Env, Outputs                map[string]string
	Defaults                          struct{ Run struct{ Shell string } }
	Steps                             []githubStep
}

type githubStep struct {
	ID, If, Uses, Run string
	With, Env         map[string]string
}

// github plays the workflows as far as these examples need it.
type github struct {
	*ciRun
	artifacts map[string]string // folders
}

func TestCIGitHub(t *testing.T) {
	t.Parallel()
	playCI(t, func(r *ciRun) bool {
		g := github{ciRun: r, artifacts: map[string]string{}}
		r.env["GITHUB_RUN_ID"] = "4711"
		values := map[string]string{"github.run_attempt": "1"}
		for name, secret := range r.secrets {
			values["secrets."+name] = secret
		}
		_, ok := g.workflow("patch.yml", values)
		return ok
	})
}

// workflow runs its jobs in the order of the file, in which each needs the one before.
func (g *github) workflow(name string, values map[string]string) (outputs map[string]string, ok bool) {
	g.t.Helper()
	var w githubWorkflow
	readYAML(g.t, ciFolder+"github/"+name, &w)
	before := ""
	values = maps.Clone(values)
	for i := 0; i < len(w.Jobs.Content); i += 2 {
		id := w.Jobs.Content[i].Value
		var job githubJob
		if err := w.Jobs.Content[i+1].Decode(&job); err != nil {
			g.t.Fatal(err)
		}
		if job.Needs != before {
			g.t.Fatalf("job %s needs %q, and the one before it is %q", id, job.Needs, before)
		}
		before = id
		made, ok := g.job(job, values)
		if !ok {
			return nil, false
		}
		for output, value := range made {
			values["needs."+id+".outputs."+output] = value
			values["jobs."+id+".outputs."+output] = value
		}
	}
	var on githubCall
	if w.On.Kind == yaml.MappingNode {
		if err := w.On.Decode(&on); err != nil {
			g.t.Fatal(err)
		}
	}
	outputs = map[string]string{}
	for name, output := range on.Call.Outputs {
		outputs[name] = g.expand(output.Value, values)
	}
	return outputs, true
}

func (g *github) job(job githubJob, values map[string]string) (outputs map[string]string, ok bool) {
	g.t.Helper()
	values = maps.Clone(values)
	if job.Uses != "" {
		if job.Secrets != "inherit" {
			g.t.Errorf("%s has no secrets", job.Uses)
		}
		for name, value := range job.With {
			values["inputs."+name] = g.expand(value, values)
		}
		return g.workflow(strings.TrimPrefix(job.Uses, "./.github/workflows/"), values)
	}
	if g.expand(job.Environment, values) == "undecided" && !g.ask(values["inputs.wave"]) {
		return nil, false
	}
	if job.Defaults.Run.Shell != "bash" {
		g.t.Error("without shell: bash a pipe hides an exit code")
	}
	env := map[string]string{}
	for name, value := range job.Env {
		env[name] = g.expand(value, values)
	}
	dir, kept := g.newFolder(), len(g.artifacts)
	ok = true
	for _, step := range job.Steps {
		if ok || step.If == "always()" {
			ok = g.step(dir, step, values, env) && ok
		}
	}
	if len(g.artifacts) == kept {
		g.t.Errorf("the job of %v keeps nothing of what it saw", values["inputs.wave"])
	}
	outputs = map[string]string{}
	for name, value := range job.Outputs {
		outputs[name] = g.expand(value, values)
	}
	return outputs, ok
}

func (g *github) step(dir string, step githubStep, values, env map[string]string) bool {
	g.t.Helper()
	with := map[string]string{}
	for name, value := range step.With {
		with[name] = g.expand(value, values)
	}
	action, _, _ := strings.Cut(step.Uses, "@")
	switch action {
	case "":
		return g.run(dir, step, values, env)
	case "actions/checkout":
		g.merge(g.repo, dir)
	case "actions/download-artifact":
		if with["merge-multiple"] != "true" {
			g.t.Error("each artifact gets a folder of its own")
		}
		for name, folder := range g.artifacts {
			if fits, err := filepath.Match(with["pattern"], name); err != nil || fits {
				g.merge(folder, filepath.Join(dir, with["path"]))
			}
		}
	case "actions/upload-artifact":
		if g.artifacts[with["name"]] != "" {
			g.t.Errorf("there is an artifact %q already", with["name"])
		}
		g.artifacts[with["name"]] = filepath.Join(g.folder, "artifacts", with["name"])
		g.merge(filepath.Join(dir, with["path"]), g.artifacts[with["name"]])
	case "dorny/test-reporter":
		g.publish(dir, with["path"])
	default:
		g.t.Errorf("action %q", action)
	}
	return true
}

func (g *github) run(dir string, step githubStep, values, env map[string]string) bool {
	g.t.Helper()
	if strings.Contains(step.Run, "${{") {
		g.t.Errorf("a value becomes part of the script: %s", step.Run)
	}
	output := filepath.Join(g.folder, "output")
	write(g.t, output, "")
	env = maps.Clone(env)
	env["GITHUB_OUTPUT"] = output
	summary := filepath.Join(g.folder, "summary.md")
	write(g.t, summary, "")
	env["GITHUB_ACTIONS"], env["GITHUB_STEP_SUMMARY"], env["GITHUB_WORKSPACE"] = "true", summary, dir
	for name, value := range step.Env {
		env[name] = g.expand(value, values)
	}
	out, code := g.sh(dir, githubShell, step.Run, env)
	g.checkTold(out, summary)
	made, err := os.ReadFile(output)
	if err != nil {
		g.t.Fatal(err)
	}
	for line := range strings.Lines(string(made)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		values["steps."+step.ID+".outputs."+name] = value
	}
	return code == 0
}

// checkTold wants a summary of each run, and annotations of what is not well.
func (g *github) checkTold(out, summary string) {
	g.t.Helper()
	told := regexp.MustCompile(`(?m)^VERDICT  (READY|PASS)?`).FindAllStringSubmatch(out, -1)
	text, err := os.ReadFile(summary)
	if n := len(regexp.MustCompile(`(?m)^## `).FindAll(text, -1)); err != nil || n != len(told) {
		g.t.Errorf("%d verdicts and %d summaries, %v", len(told), n, err)
	}
	annotated := regexp.MustCompile(`(?m)^::(error|warning) [^:]*title=`).MatchString(out)
	for _, verdict := range told {
		if annotated == (verdict[1] != "") {
			g.t.Errorf("annotated: %t in\n%s", annotated, out)
		}
	}
}

// expand replaces ${{ expressions }}: a value, or "value == 'a' && 'b' || 'c'".
func (g *github) expand(text string, values map[string]string) string {
	g.t.Helper()
	expression := regexp.MustCompile(`\$\{\{ (\S+)(?: == '([^']*)' && '([^']*)' \|\| '([^']*)')? \}\}`)
	expanded := expression.ReplaceAllStringFunc(text, func(found string) string {
		parts := expression.FindStringSubmatch(found)
		value := values[parts[1]]
		switch {
		case parts[4] == "":
			return value
		case value == parts[2]:
			return parts[3]
		default:
			return parts[4]
		}
	})
	if strings.Contains(expanded, "${{") {
		g.t.Fatalf("cannot expand %q", expanded)
	}
	return expanded
}

func readYAML(t *testing.T, file string, into any) {
	t.Helper()
	content, err := os.ReadFile(file)
	if err == nil {
		err = yaml.Unmarshal(content, into)
	}
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}
