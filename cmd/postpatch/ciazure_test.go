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

// azureShell is how `script` is run: it does not end at the first command that fails.
const azureShell = "bash --noprofile --norc"

type azurePipeline struct {
	Variables []struct{ Group, Name, Value string }
	Stages    []azureStage
}

type azureStage struct {
	Stage, Template string
	Parameters      map[string]string
	Jobs            []azureJob
}

type azureJob struct {
	Job, DependsOn, Condition, Pool string
	Variables                       map[string]string
	Steps                           []azureStep
}

type azureStep struct {
	Name, Script, Task, Condition string
	Env, Inputs                   map[string]string
}

// azure plays a pipeline as far as these examples need it.
type azure struct {
	*ciRun
	values map[string]string // that expressions know
}

func TestCIAzure(t *testing.T) {
	t.Parallel()
	playCI(t, func(r *ciRun) bool {
		a := azure{ciRun: r, values: map[string]string{}}
		r.env["BUILD_BUILDID"] = "4711"
		var p azurePipeline
		readYAML(t, ciFolder+"azure/azure-pipelines.yml", &p)
		for _, variable := range p.Variables {
			if variable.Name != "" {
				r.env[variable.Name] = variable.Value
			}
		}
		r.env["STORE"] = filepath.Join(r.folder, "store")
		for _, stage := range p.Stages {
			for _, stage := range a.expanded(stage) {
				if !a.stage(stage) {
					return false
				}
			}
		}
		return true
	})
}

// expanded is a stage, or those of a template.
func (a *azure) expanded(stage azureStage) []azureStage {
	a.t.Helper()
	if stage.Template == "" {
		return []azureStage{stage}
	}
	content, err := os.ReadFile(ciFolder + "azure/" + stage.Template)
	if err != nil {
		a.t.Fatal(err)
	}
	text := string(content)
	for name, value := range stage.Parameters {
		text = strings.ReplaceAll(text, "${{ parameters."+name+" }}", value)
	}
	var p azurePipeline
	if err := yaml.Unmarshal([]byte(text), &p); err != nil || strings.Contains(text, "${{") {
		a.t.Fatalf("%s, %v:\n%s", stage.Template, err, text)
	}
	return p.Stages
}

// stage runs its jobs in the order of the file.
func (a *azure) stage(stage azureStage) bool {
	a.t.Helper()
	passed := true
	for _, job := range stage.Jobs {
		result := "Skipped"
		if job.Condition == "" && (job.DependsOn == "" || a.values["dependencies."+job.DependsOn+".result"] == "Succeeded") ||
			job.Condition != "" && a.holds(job.Condition) {
			result = "Failed"
			if a.job(stage, job) {
				result = "Succeeded"
			}
		}
		a.values["dependencies."+job.Job+".result"] = result
		passed = passed && result != "Failed"
	}
	return passed
}

func (a *azure) job(stage azureStage, job azureJob) bool {
	a.t.Helper()
	dir, ok := a.checkout(), true
	for _, step := range job.Steps {
		if !ok && step.Condition != "always()" {
			continue
		}
		switch {
		case step.Task == "":
			ok = a.run(dir, stage, job, step)
		case step.Task == "PublishTestResults@2":
			a.publish(dir, step.Inputs["testResultsFiles"])
		case step.Task == "ManualValidation@1" && job.Pool == "server" && step.Inputs["onTimeout"] == "reject":
			ok = a.ask(stage.Stage)
		case step.Task == "Delay@1" && job.Pool == "server":
		default:
			a.t.Errorf("step %+v", step)
		}
	}
	return ok
}

func (a *azure) run(dir string, stage azureStage, job azureJob, step azureStep) bool {
	a.t.Helper()
	env := maps.Clone(job.Variables)
	if env == nil {
		env = map[string]string{}
	}
	secrets := map[string]string{"$(PatchPassword)": a.secrets["PATCH_PASSWORD"], "$(StorageKey)": "eA=="}
	for name, value := range step.Env {
		if env[name] = secrets[value]; env[name] == "" {
			a.t.Errorf("%s of %s: there is no secret %s", name, stage.Stage, value)
		}
	}
	env["TF_BUILD"], env["AGENT_TEMPDIRECTORY"], env["BUILD_SOURCESDIRECTORY"] = "True", a.folder, dir
	out, code := a.sh(dir, azureShell, step.Script, env)
	a.checkTold(out, code)
	set := regexp.MustCompile(`(?m)^##vso\[task\.setvariable variable=(\w+);isOutput=true\](.*)$`)
	for _, found := range set.FindAllStringSubmatch(out, -1) {
		a.values["stageDependencies."+stage.Stage+"."+job.Job+".outputs['"+step.Name+"."+found[1]+"']"] = found[2]
	}
	return code == 0
}

// checkTold wants what postpatch says to the agent: a summary of each run, and of a step that
// goes on after a verdict that is no pass that it is amber.
func (a *azure) checkTold(out string, code int) {
	a.t.Helper()
	told := regexp.MustCompile(`(?m)^VERDICT  (READY|PASS)?`).FindAllStringSubmatch(out, -1)
	summaries := regexp.MustCompile(`(?m)^##vso\[task\.uploadsummary\](.+)$`).FindAllStringSubmatch(out, -1)
	if len(summaries) != len(told) {
		a.t.Errorf("%d verdicts and %d summaries", len(told), len(summaries))
	}
	for _, found := range summaries {
		if text, err := os.ReadFile(found[1]); err != nil || !strings.HasPrefix(string(text), "## ") {
			a.t.Errorf("%s is no summary: %v", found[1], err)
		}
	}
	isAmber := strings.Contains(out, "\n##vso[task.complete result=SucceededWithIssues;]")
	for _, verdict := range told {
		if code == 0 && verdict[1] == "" && !isAmber {
			a.t.Errorf("a step is green after\n%s", out)
		}
	}
}

// holds knows false, ne(VALUE, 'text') and in(VALUE, 'text', …).
func (a *azure) holds(condition string) bool {
	a.t.Helper()
	parts := regexp.MustCompile(`^(ne|in)\((.+?), '(\w+)'(?:, '(\w+)')?\)$`).FindStringSubmatch(condition)
	switch {
	case condition == "false":
		return false
	case parts == nil:
		a.t.Fatalf("condition %q", condition)
	}
	value := a.values[parts[2]]
	is := value == parts[3] || parts[4] != "" && value == parts[4]
	return is == (parts[1] == "in")
}
