//go:build unix

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// ciFolder holds the pipelines that people copy.
const ciFolder = "../../examples/ci/"

// ciStory is a maintenance window, and what a pipeline has to make of it.
type ciStory struct {
	states  string // what the lab becomes, by wave
	first   string // the state that it begins in
	refuse  bool   // whether who is asked says no
	calls   string // of postpatch, each with its exit code
	patched string // the waves
	asked   string // for which waves somebody was asked
	passes  bool
	reports string // of these files, published
}

// ciStories are played by every pipeline.
func ciStories() map[string]ciStory {
	const before = "precheck 0, capture 0, "
	return map[string]ciStory{
		"all is well": {
			states:  "pilot=pilot rest=rest",
			calls:   before + "verify pilot 0, gate pilot 0, verify rest 0, gate rest 0, verify late 0",
			patched: "pilot rest", passes: true, reports: "precheck capture pilot rest late",
		},
		"the pilot regresses": {
			states: "pilot=pilot-broken rest=rest",
			calls:  before + "verify pilot 1, gate pilot 1", patched: "pilot", reports: "precheck capture pilot",
		},
		"the pilot does not come back, and nobody goes on": {
			states: "pilot=pilot-away rest=rest", refuse: true,
			calls: before + "verify pilot 3, gate pilot 3", patched: "pilot", asked: "rest",
			reports: "precheck capture pilot",
		},
		"the pilot comes back late, and somebody goes on": {
			states:  "pilot=pilot-away rest=rest",
			calls:   before + "verify pilot 3, gate pilot 3, verify rest 0, gate rest 3, verify late 0",
			patched: "pilot rest", asked: "rest", passes: true, reports: "precheck capture pilot rest late",
		},
		"the baseline is lost": {
			states: "pilot=spoilt rest=rest",
			calls:  before + "verify pilot 2", patched: "pilot", reports: "precheck capture",
		},
		"a service is down before the patch": {
			states: "pilot=pilot rest=rest", first: "broken",
			calls: "precheck 1", reports: "precheck",
		},
		"a host is away before the patch": {
			states: "pilot=pilot rest=rest", first: "pilot-away",
			calls: "precheck 3", reports: "precheck",
		},
	}
}

// ciRun is a pipeline that is being played, on a lab.
type ciRun struct {
	t         *testing.T
	story     ciStory
	folder    string            // of all that is below
	repo      string            // what a checkout brings
	env       map[string]string // of every command
	secrets   map[string]string // by their names at the vendor
	jobs      int
	asked     []string
	published map[string]bool // the reports, by their base names
}

// playCI plays every story with one vendor's pipeline.
func playCI(t *testing.T, play func(*ciRun) bool) {
	t.Helper()
	for name, story := range ciStories() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newCIRun(t, story)
			r.check(play(r))
		})
	}
}

func newCIRun(t *testing.T, story ciStory) *ciRun {
	t.Helper()
	l := startTestLab(t, "testdata/ci/shop.estate.yaml")
	if story.first != "" {
		if err := l.Switch(story.first); err != nil {
			t.Fatal(err)
		}
	}
	r := &ciRun{
		t: t, story: story, folder: t.TempDir(), published: map[string]bool{},
		secrets: map[string]string{"PATCH_PASSWORD": "open-sesame", "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"},
	}
	bin, repo := filepath.Join(r.folder, "bin"), filepath.Join(r.folder, "repo")
	r.repo = repo
	for _, dir := range []string{bin, repo, filepath.Join(r.folder, "store")} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"november.plan.yaml", "shop.suite.yaml", "patch.credentials.yaml"} {
		r.copy(filepath.Join("testdata/ci", name), filepath.Join(repo, name))
	}
	document := l.Addresses("")
	addresses, err := json.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	lab, calls := filepath.Join(r.folder, "lab.json"), filepath.Join(r.folder, "calls")
	write(t, lab, string(addresses))
	// The pipelines know of no lab, and what they call is noted.
	command := func(file, script string) {
		write(t, file, "#!/bin/sh\n"+script)
		if err := os.Chmod(file, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	command(filepath.Join(bin, "postpatch"), fmt.Sprintf(`
call="$*"
case $1 in gate) ;; *) set -- "$@" --connect-to %q ;; esac
code=0
%q "$@" || code=$?
echo "$call => $code" >> %q
exit "$code"
`, lab, lookPath(t, "postpatch"), calls))
	command(filepath.Join(repo, "patch-servers"), fmt.Sprintf("exec %q \"$1\"\n", lookPath(t, "lab-patch")))
	r.env = map[string]string{
		"PATH": bin + ":/usr/local/bin:/usr/bin:/bin", "HOME": r.folder,
		"LAB_CONTROL": document.Control, "LAB_STATES": story.states, "LAB_PATCHED": filepath.Join(r.folder, "patched"),
	}
	return r
}

func lookPath(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func (r *ciRun) copy(from, to string) {
	r.t.Helper()
	content, err := os.ReadFile(from)
	if err == nil {
		err = os.MkdirAll(filepath.Dir(to), 0o755)
	}
	info, statErr := os.Stat(from)
	if err := errors.Join(err, statErr); err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(to, content, info.Mode()); err != nil {
		r.t.Fatal(err)
	}
}

// merge copies a folder's files into another, which may have some of them.
func (r *ciRun) merge(from, to string) {
	r.t.Helper()
	files, err := filepath.Glob(filepath.Join(from, "*"))
	if err != nil {
		r.t.Fatal(err)
	}
	for _, file := range files {
		target := filepath.Join(to, filepath.Base(file))
		if info, err := os.Stat(file); err == nil && info.IsDir() {
			r.merge(file, target)
		} else {
			r.copy(file, target)
		}
	}
}

// newFolder is a job's; nothing is in it, and it need not be there yet.
func (r *ciRun) newFolder() string {
	r.jobs++
	return filepath.Join(r.folder, fmt.Sprintf("job%d", r.jobs))
}

// checkout is a job's folder with what is in the repository.
func (r *ciRun) checkout() string {
	r.t.Helper()
	dir := r.newFolder()
	r.merge(r.repo, dir)
	return dir
}

// sh runs a script as a vendor does, and returns what it printed and its exit code.
func (r *ciRun) sh(dir, shell, script string, env map[string]string) (output string, code int) {
	r.t.Helper()
	file := filepath.Join(r.folder, "script.sh")
	write(r.t, file, script)
	words := append(strings.Fields(shell), file)
	cmd := exec.CommandContext(r.t.Context(), words[0], words[1:]...)
	cmd.Dir = dir
	for _, of := range []map[string]string{r.env, env} {
		for _, name := range slices.Sorted(maps.Keys(of)) {
			cmd.Env = append(cmd.Env, name+"="+of[name])
		}
	}
	out, err := cmd.CombinedOutput()
	r.t.Logf("$ %s\n%s", strings.TrimSpace(script), out)
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return string(out), exit.ExitCode()
	} else if err != nil {
		r.t.Fatal(err)
	}
	return string(out), 0
}

// ask is where somebody decides about a wave.
func (r *ciRun) ask(wave string) bool {
	r.asked = append(r.asked, wave)
	return !r.story.refuse
}

// publish takes the reports that a pattern finds in a job's folder.
func (r *ciRun) publish(dir, pattern string) {
	r.t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil || pattern == "" {
		r.t.Fatalf("publishing %q: %v", pattern, err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil || !bytes.Contains(content, []byte("<testsuites")) {
			r.t.Errorf("%s is no report: %v", file, err)
		}
		r.published[strings.TrimSuffix(filepath.Base(file), ".xml")] = true
	}
}

// called is what the pipeline did, in short.
func (r *ciRun) called() (calls, patched string) {
	r.t.Helper()
	noted, err := os.ReadFile(filepath.Join(r.folder, "calls"))
	if err != nil {
		r.t.Fatal(err)
	}
	var short []string
	for line := range strings.Lines(string(noted)) {
		command, code, _ := strings.Cut(strings.TrimSpace(line), " => ")
		name, _, _ := strings.Cut(command, " ")
		if of := regexp.MustCompile(`--(?:wave|after|pass) (\S+)`).FindStringSubmatch(command); of != nil {
			name += " " + of[1]
		}
		short = append(short, name+" "+code)
	}
	waves, err := os.ReadFile(r.env["LAB_PATCHED"])
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		r.t.Fatal(err)
	}
	return strings.Join(short, ", "), strings.Join(strings.Fields(string(waves)), " ")
}

func (r *ciRun) check(passed bool) {
	r.t.Helper()
	calls, patched := r.called()
	if d := cmp.Diff(strings.Split(r.story.calls, ", "), strings.Split(calls, ", ")); d != "" {
		r.t.Errorf("calls (-want +got):\n%s", d)
	}
	if patched != r.story.patched {
		r.t.Errorf("patched %q, want %q", patched, r.story.patched)
	}
	if asked := strings.Join(r.asked, " "); asked != r.story.asked {
		r.t.Errorf("asked for %q, want %q", asked, r.story.asked)
	}
	if passed != r.story.passes {
		r.t.Errorf("passed: %t, want %t", passed, r.story.passes)
	}
	want := strings.Fields(r.story.reports)
	slices.Sort(want)
	if d := cmp.Diff(want, slices.Sorted(maps.Keys(r.published))); d != "" {
		r.t.Errorf("published (-want +got):\n%s", d)
	}
}
