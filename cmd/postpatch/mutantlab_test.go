//go:build mutants

package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// laboratory is where the mutants of one package are tried.
type laboratory struct {
	root, dir, own string
	proofs         []proof
	recent         []string // the tests that killed last, the last one first
}

// proof is one test, and one story of the scripts is one.
type proof struct {
	pkg, name string
	took      time.Duration // by the clock
	cost      time.Duration // of processor time
	reaches   map[int]bool  // the mutants that it comes by
}

func (p proof) String() string { return p.pkg + " " + p.name }

// prepare writes the overlay and leaves out the mutants that do not compile.
func (l *laboratory) prepare(t *testing.T, files []string) []mutant {
	t.Helper()
	sources, replaced, pkg := map[string][]byte{}, map[string]string{}, ""
	var mutants []mutant
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		tree, err := parser.ParseFile(token.NewFileSet(), "", source, parser.PackageClauseOnly)
		if err != nil {
			t.Fatal(err)
		}
		base := filepath.Base(file)
		pkg, sources[base], replaced[file] = tree.Name.Name, source, l.path(base)
		mutants = append(mutants, mutantsOf(t, file, source, len(mutants))...)
	}
	replaced[filepath.Join(l.root, l.own, "zz_mutants.go")] = l.path("zz_mutants.go")
	l.write(t, "zz_mutants.go", switches(pkg, l.path("number"), len(mutants)))
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": replaced})
	if err != nil {
		t.Fatal(err)
	}
	l.write(t, "overlay.json", overlay)
	for range 40 {
		for base, source := range sources {
			ofFile := slices.DeleteFunc(slices.Clone(mutants), func(m mutant) bool { return m.file != base })
			l.write(t, base, applied(source, ofFile))
		}
		output, err := l.tool(t, "build", "-gcflags=-e", "-overlay", l.path("overlay.json"), "./"+l.own)
		if err == nil {
			return mutants
		}
		mutants = without(t, mutants, string(output))
	}
	t.Fatal(l.own, "does not compile")
	return nil
}

// without leaves out the mutants on the lines that the compiler did not like.
func without(t *testing.T, mutants []mutant, output string) []mutant {
	t.Helper()
	bad := map[string]bool{}
	for _, m := range regexp.MustCompile(`(\w+\.go:\d+):`).FindAllStringSubmatch(output, -1) {
		bad[m[1]] = true
	}
	var kept []mutant
	for _, m := range mutants {
		if m.safe || !bad[fmt.Sprintf("%s:%d", m.file, m.begins)] {
			kept = append(kept, m)
		} else {
			t.Logf("not tried: %s:%d: %s", m.file, m.line, m.what)
		}
	}
	if len(kept) == len(mutants) {
		t.Fatal(output)
	}
	return kept
}

// survey builds a package's tests and finds out which mutants each comes by.
func (l *laboratory) survey(t *testing.T, pkg string) {
	t.Helper()
	parts, err := l.tool(t, "list", "-deps", "-test", "./"+pkg)
	if err != nil {
		t.Fatalf("%s: %s", pkg, parts)
	}
	if !slices.Contains(strings.Fields(string(parts)), "postpatch/"+l.own) {
		return
	}
	args := []string{"test", "-c", "-vet", "off", "-overlay", l.path("overlay.json"), "-o", l.built(pkg), "./" + pkg}
	if output, err := l.tool(t, args...); err != nil {
		t.Fatalf("%s: %s", pkg, output)
	}
	for _, name := range l.tests(t, pkg) {
		p := proof{pkg: pkg, name: name, took: time.Minute, cost: time.Minute, reaches: map[int]bool{}}
		l.switchTo(t, surveying)
		reached := l.path("number.reached")
		_ = os.Remove(reached)
		began := time.Now()
		failed, cost := l.cost(t, []proof{p})
		if failed != "" {
			t.Errorf("%s fails without a mutant: %s", p, failed)
			continue
		}
		p.took, p.cost = time.Since(began), cost
		text, _ := os.ReadFile(reached)
		for line := range strings.Lines(string(text)) {
			k, _ := strconv.Atoi(strings.TrimSpace(line))
			p.reaches[k] = true
		}
		if len(p.reaches) > 0 {
			l.proofs = append(l.proofs, p)
		}
	}
	t.Logf("%s: %d tests in all come by mutants", pkg, len(l.proofs))
}

// tests are the names of a package's tests, and of the stories of its scripts.
func (l *laboratory) tests(t *testing.T, pkg string) []string {
	t.Helper()
	if _, err := os.Stat(l.built(pkg)); err != nil {
		return nil // it has none
	}
	command := exec.CommandContext(t.Context(), l.built(pkg), "-test.list", "^(Test|Fuzz|Example)")
	command.Dir = filepath.Join(l.root, pkg)
	output, err := command.Output()
	if err != nil {
		t.Fatal(pkg, err)
	}
	names := slices.DeleteFunc(strings.Fields(string(output)), func(name string) bool { return name == "TestScripts" })
	stories, err := filepath.Glob(filepath.Join(l.root, pkg, "testdata/script/*.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	for _, story := range stories {
		names = append(names, "TestScripts/"+strings.TrimSuffix(filepath.Base(story), ".txtar"))
	}
	return names
}

// inBatches sorts tests and puts those together that one process can run: of one
// package, the quick ones before the slow ones.
func inBatches(all []proof) [][]proof {
	slow := func(p proof) int {
		n, _ := slices.BinarySearch([]time.Duration{200 * time.Millisecond, time.Second, 4 * time.Second}, p.cost)
		return n
	}
	kind := func(p proof) string {
		story := strings.Contains(p.name, "/")
		return fmt.Sprint(p.pkg == program, slow(p), p.pkg, story)
	}
	all = slices.SortedStableFunc(slices.Values(all), func(a, b proof) int { return cmp.Compare(kind(a), kind(b)) })
	var batches [][]proof
	for i, p := range all {
		if i == 0 || kind(all[i-1]) != kind(p) {
			batches = append(batches, nil)
		}
		batches[len(batches)-1] = append(batches[len(batches)-1], p)
	}
	return batches
}

func (l *laboratory) path(name string) string { return filepath.Join(l.dir, name) }

func (l *laboratory) built(pkg string) string {
	return l.path(strings.ReplaceAll(pkg, "/", "-") + ".test")
}

func (l *laboratory) write(t *testing.T, name string, b []byte) {
	t.Helper()
	if err := os.WriteFile(l.path(name), b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func (l *laboratory) switchTo(t *testing.T, number int) {
	t.Helper()
	l.write(t, "number", []byte(strconv.Itoa(number)))
}

// run runs tests of one package in one process, and tells which of them failed, ""
// for none. A mutant that never ends is known by the processor time that it uses up,
// and by the clock only when it uses none: the machine may have other work.
func (l *laboratory) run(t *testing.T, tests []proof) string {
	t.Helper()
	failed, _ := l.cost(t, tests)
	return failed
}

// cost is run, with the processor time that it took.
func (l *laboratory) cost(t *testing.T, tests []proof) (failed string, cost time.Duration) {
	t.Helper()
	var took, limit time.Duration
	var names, stories []string
	for _, p := range tests {
		took, limit = took+p.took, limit+4*p.cost
		name, story, _ := strings.Cut(p.name, "/")
		names, stories = append(names, name), append(stories, story)
	}
	pattern := "^(" + strings.Join(slices.Compact(names), "|") + ")$"
	if stories[0] != "" {
		pattern += "/^(" + strings.Join(stories, "|") + ")$"
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute+20*took)
	defer cancel()
	limits := fmt.Sprintf(`ulimit -t %d; ulimit -v 5000000; exec "$@"`, 3+int(limit.Seconds()))
	command := exec.CommandContext(ctx, "sh", "-c", limits, "sh", l.built(tests[0].pkg),
		"-test.failfast", "-test.timeout", (2*time.Minute + 10*took).String(), "-test.run", pattern)
	command.Dir = filepath.Join(l.root, tests[0].pkg)
	output, err := command.CombinedOutput()
	if command.ProcessState == nil {
		t.Fatal(err)
	}
	cost = command.ProcessState.UserTime() + command.ProcessState.SystemTime()
	if err == nil {
		return "", cost
	}
	if m := regexp.MustCompile(`--- FAIL: (\S+)`).FindStringSubmatch(string(output)); m != nil {
		l.killedBy(tests, m[1])
		return tests[0].pkg + " " + m[1], cost
	}
	if m := regexp.MustCompile(`panic: (.{1,60})|out of memory`).FindString(string(output)); m != "" {
		return tests[0].pkg + " " + m, cost
	}
	return tests[0].pkg + " " + err.Error(), cost
}

// killedBy remembers the test for the next mutants.
func (l *laboratory) killedBy(tests []proof, name string) {
	for _, p := range tests {
		if p.took > 2*time.Second {
			continue
		}
		if p.name == name || strings.HasPrefix(name, p.name+"/") || strings.HasPrefix(p.name, name+"/") && len(tests) == 1 {
			const most = 4
			l.recent = slices.DeleteFunc(l.recent, func(s string) bool { return s == p.String() })
			l.recent = slices.Insert(l.recent, 0, p.String())
			l.recent = l.recent[:min(most, len(l.recent))]
		}
	}
}

func (l *laboratory) tool(t *testing.T, args ...string) ([]byte, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, "go", args...)
	command.Dir = l.root
	return command.CombinedOutput()
}
