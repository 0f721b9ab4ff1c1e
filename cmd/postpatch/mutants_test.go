//go:build mutants

package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The judge and the store, which people stake a maintenance window on.
var mutated = flag.String("mutated", "runner/*.go,baseline/*.go,baseline/*/*.go", "the files to mutate, globs")

// depth is how many stages of tests are tried.
var depth = flag.Int("depth", 20, "how many stages of tests a mutant has to outlive, the quick ones first")

const program = "cmd/postpatch"

// proof is one package's tests that a mutant has to outlive.
type proof struct {
	pkg  string
	args []string
}

// proofs are the tests, the quick ones first; of the program's, those that are named
// after the file.
func proofs(own, file string) []proof {
	quick := "Fuzz|Mutations|Limits|EveryDamage|DamageOfA|Bomb|EveryByte|TheJudgingTable|TestNoDamage"
	all := []proof{{own, []string{"-test.skip", quick}}, {own, []string{"-test.run", quick}}}
	for _, pkg := range []string{
		"runner", "baseline", "baseline/bucket", "baseline/signing", "runner/report/text", "runner/report/junit",
		"probes/services", "probes/service", "probes/http", "probes/disk", "probes/all",
	} {
		if pkg != own {
			all = append(all, proof{pkg, nil})
		}
	}
	stories := "Missing|JudgedAgain|Accept|Sample|Scenarios|Baselines|Scripts"
	named := fmt.Sprintf("(?i)%[1]s|Scripts/.*%[1]s", file)
	return append(all, proof{program, []string{"-test.run", named}}, proof{program, []string{"-test.run", stories}})
}

// TestMutants changes one condition or statement after another, and wants some test to
// fail of each. It runs for hours, and is for who changes the judge or the store:
// task mutants FILES=runner/sheet.go. One build holds every mutant of a file, and a
// number in a file says which of them is at work, so that a mutant costs no build, and
// that a program started by a test, which inherits no environment, has it as well.
func TestMutants(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	killed := 0
	for glob := range strings.SplitSeq(*mutated, ",") {
		files, err := filepath.Glob(filepath.Join(root, glob))
		if err != nil || len(files) == 0 {
			t.Fatal(glob, err)
		}
		for _, file := range files {
			if !strings.HasSuffix(file, "_test.go") {
				t.Run(filepath.Base(file), func(t *testing.T) { killed += tryAll(t, root, file) })
			}
		}
	}
	t.Logf("%d mutants killed", killed)
}

// tryAll tries one file's mutants and tells how many were killed.
func tryAll(t *testing.T, root, file string) int {
	t.Helper()
	rel, err := filepath.Rel(root, file)
	if err != nil {
		t.Fatal(err)
	}
	l := laboratory{root: root, dir: t.TempDir(), own: filepath.Dir(rel), built: map[string]string{}}
	l.proofs = proofs(l.own, strings.TrimSuffix(filepath.Base(file), ".go"))
	mutants := l.prepare(t, file)
	killed := 0
	for _, m := range mutants {
		name := fmt.Sprintf("%s:%d:%d: %s", rel, m.line, m.column, m.what)
		switch by := l.killer(t, m.number); by {
		case "":
			t.Errorf("%s lives", name)
		default:
			t.Logf("%s: killed by %s", name, by)
			killed++
		}
	}
	return killed
}

// laboratory is where the mutants of one file are tried.
type laboratory struct {
	root, dir, own string
	proofs         []proof
	// built are the test programs by package.
	built map[string]string
}

// prepare writes the overlay and leaves out the mutants that do not compile.
func (l laboratory) prepare(t *testing.T, file string) []mutant {
	t.Helper()
	source, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	mutants := mutantsOf(t, file, source)
	for range 40 {
		changed, names := applied(source, mutants), filepath.Join(l.dir, "names.go")
		overlay, err := json.Marshal(map[string]map[string]string{"Replace": {
			file: l.path("mutant.go"), filepath.Join(filepath.Dir(file), "zz_mutants.go"): names,
		}})
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(
			os.WriteFile(l.path("mutant.go"), changed, 0o600),
			os.WriteFile(names, switches(t, source, l.path("number")), 0o600),
			os.WriteFile(l.path("overlay.json"), overlay, 0o600),
		); err != nil {
			t.Fatal(err)
		}
		output, err := l.tool(t, "build", "-overlay", l.path("overlay.json"), "./"+l.own)
		if err == nil {
			return mutants
		}
		mutants = without(t, mutants, filepath.Base(file), string(output))
	}
	t.Fatal(file, "does not compile")
	return nil
}

// without leaves out the mutants on the line that the compiler did not like.
func without(t *testing.T, mutants []mutant, base, output string) []mutant {
	t.Helper()
	m := regexp.MustCompile(`(?:mutant\.go|` + regexp.QuoteMeta(base) + `):(\d+):`).FindStringSubmatch(output)
	if m == nil {
		t.Fatal(output)
	}
	line, _ := strconv.Atoi(m[1])
	var kept []mutant
	for _, m := range mutants {
		if m.line != line || m.safe {
			kept = append(kept, m)
		} else {
			t.Logf("not tried: %s:%d: %s", base, m.line, m.what)
		}
	}
	if len(kept) == len(mutants) {
		t.Fatal(output)
	}
	return kept
}

func (l laboratory) path(name string) string { return filepath.Join(l.dir, name) }

// killer says which tests kill the mutant: "" for none.
func (l laboratory) killer(t *testing.T, number int) string {
	t.Helper()
	for i, s := range l.proofs {
		if i >= *depth {
			return ""
		}
		if l.program(t, s.pkg) == "" {
			continue
		}
		l.switchTo(t, number)
		if failed := l.run(t, s); failed != "" {
			return s.pkg + " " + failed
		}
	}
	return ""
}

func (l laboratory) switchTo(t *testing.T, number int) {
	t.Helper()
	if err := os.WriteFile(l.path("number"), []byte(strconv.Itoa(number)), 0o600); err != nil {
		t.Fatal(err)
	}
}

// program builds a package's tests, and wants them to pass without a mutant.
func (l laboratory) program(t *testing.T, pkg string) string {
	t.Helper()
	if built, ok := l.built[pkg]; ok {
		return built
	}
	built := l.path(strings.ReplaceAll(pkg, "/", "-") + ".test")
	args := []string{"test", "-c", "-vet", "off", "-overlay", l.path("overlay.json"), "-o", built, "./" + pkg}
	if output, err := l.tool(t, args...); err != nil {
		t.Fatalf("%s: %s", pkg, output)
	}
	if _, err := os.Stat(built); err != nil {
		built = ""
	}
	l.built[pkg] = built
	l.switchTo(t, 0)
	for _, s := range l.proofs {
		if s.pkg == pkg && built != "" {
			if failed := l.run(t, s); failed != "" {
				t.Fatalf("%s fails without a mutant: %s", pkg, failed)
			}
		}
	}
	return built
}

// run tells which test failed, "" for none.
func (l laboratory) run(t *testing.T, s proof) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	args := append([]string{"-test.failfast", "-test.timeout", "2m"}, s.args...)
	command := exec.CommandContext(ctx, l.built[s.pkg], args...)
	command.Dir = filepath.Join(l.root, s.pkg)
	output, err := command.CombinedOutput()
	if err == nil {
		return ""
	}
	if m := regexp.MustCompile(`--- FAIL: (\S+)|panic: (.{1,60})|(out of memory)`).FindString(string(output)); m != "" {
		return m
	}
	return err.Error()
}

func (l laboratory) tool(t *testing.T, args ...string) ([]byte, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, "go", args...)
	command.Dir = l.root
	return command.CombinedOutput()
}
