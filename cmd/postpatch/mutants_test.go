//go:build mutants

package main

import (
	"flag"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

var (
	// The judge and the store, which people stake a maintenance window on.
	mutated = flag.String("mutated", "runner/*.go,baseline/*.go,baseline/*/*.go", "the files to mutate, globs")
	only    = flag.String("only", "", "the mutants to try, a regular expression of what their line of the report says")
	by      = flag.String("by", "", "the packages whose tests are asked, by commas; empty for all")
	quick   = flag.Bool("quick", false, "leaves the program's own tests out, and those that take seconds")
)

const program = "cmd/postpatch"

// proving are the packages whose tests a mutant has to outlive, the quick ones first.
func proving(own string) []string {
	if *by != "" {
		return strings.Split(*by, ",")
	}
	all := []string{own}
	for _, pkg := range []string{
		"runner", "baseline", "baseline/bucket", "baseline/signing", "runner/report/text", "runner/report/junit",
		"probes/services", "probes/service", "probes/http", "probes/disk", "probes/all",
	} {
		if pkg != own {
			all = append(all, pkg)
		}
	}
	if *quick {
		return all
	}
	return append(all, program)
}

// TestMutants changes one condition or statement after another, and wants some test to
// fail of each. It runs for hours, and is for who changes the judge or the store:
// task mutants FILES=runner/sheet.go. One build holds every mutant of a package, and a
// number in a file says which of them is at work, so that a mutant costs no build, and
// that a program started by a test, which inherits no environment, has it as well. Each
// test tells first which mutants it comes by, and is not asked about the others.
func TestMutants(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	packages := map[string][]string{}
	for glob := range strings.SplitSeq(*mutated, ",") {
		files, err := filepath.Glob(filepath.Join(root, glob))
		if err != nil || len(files) == 0 {
			t.Fatal(glob, err)
		}
		for _, file := range files {
			rel, err := filepath.Rel(root, filepath.Dir(file))
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasSuffix(file, "_test.go") {
				packages[rel] = append(packages[rel], file)
			}
		}
	}
	for pkg, files := range packages {
		t.Run(pkg, func(t *testing.T) { tryAll(t, laboratory{root: root, dir: t.TempDir(), own: pkg}, files) })
	}
}

// tryAll tries the mutants of one package's files.
func tryAll(t *testing.T, l laboratory, files []string) {
	t.Helper()
	wanted := regexp.MustCompile(*only)
	mutants := l.prepare(t, files)
	for _, pkg := range proving(l.own) {
		l.survey(t, pkg)
	}
	killed, lived := map[string]int{}, map[string]int{}
	for _, m := range mutants {
		name := fmt.Sprintf("%s/%s:%d:%d: %s", l.own, m.file, m.line, m.column, m.what)
		if !wanted.MatchString(name) {
			continue
		}
		switch by := l.killer(t, m.number); by {
		case "":
			t.Errorf("%s lives", name)
			lived[m.file]++
		default:
			t.Logf("%s: killed by %s", name, by)
			killed[m.file]++
		}
	}
	for _, file := range files {
		base := filepath.Base(file)
		t.Logf("%s/%s: %d mutants killed, %d live", l.own, base, killed[base], lived[base])
	}
}

// killer says which test kills the mutant: "" for none. Those that killed the last
// ones are asked first, since what stands side by side is mostly tested together.
func (l *laboratory) killer(t *testing.T, number int) string {
	t.Helper()
	reaching := slices.DeleteFunc(slices.Clone(l.proofs), func(p proof) bool {
		return !p.reaches[number] || *quick && p.cost > 4*time.Second
	})
	isRecent := func(p proof) bool { return slices.Contains(l.recent, p.String()) }
	batches := [][]proof{{}}
	for _, p := range reaching {
		if isRecent(p) {
			batches[0] = append(batches[0], p)
		}
	}
	reaching = slices.DeleteFunc(reaching, isRecent)
	batches = append(batches, inBatches(reaching)...)
	l.switchTo(t, number)
	for _, batch := range batches {
		for _, alike := range inBatches(batch) {
			if failed := l.run(t, alike); failed != "" {
				return failed
			}
		}
	}
	return ""
}
