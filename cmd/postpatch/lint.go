package main

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"postpatch/probes/all"
	"postpatch/runner"
	"postpatch/suites"
)

// linting is what lint is told.
type linting struct {
	format, output string
	schema         bool
}

func newLint(a app) *cobra.Command {
	var o linting
	cmd := &cobra.Command{
		Use:   "lint FILE|FOLDER…",
		Short: "Tell every problem of suites and plans, without contacting any host",
		Long: "Reads suites (*.suite.yaml), plans (*.plan.yaml) and credentials files (*.credentials.yaml) and tells\n" +
			"every problem with its file, line and column. Of a folder it reads all suites and plans in it and\n" +
			"below. Exit code 2 when there is any problem.\n\n" + formsHelp,
		Example: "  postpatch lint web.suite.yaml november.plan.yaml\n" +
			"  postpatch lint suites --format gitlab -o gl-code-quality-report.json",
		Args: cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error { return lint(a, o, args) },
	}
	cmd.Flags().StringVar(&o.format, "format", formText, "text, json, github, gitlab or azure")
	cmd.Flags().StringVarP(&o.output, "output", "o", "", "write it to this file, in UTF-8 (default: the screen)")
	cmd.Flags().BoolVar(&o.schema, "schema", false, "hold what has no problem against the JSON Schema, too, as editors do")
	return cmd
}

// linted is what lint has come to.
type linted struct {
	problems           []suites.Problem
	counts             suites.Counts
	plans, credentials int
}

func lint(a app, o linting, args []string) error {
	form, err := formOf(o.format)
	if err != nil {
		return err
	}
	if files, err := filesOf(args, new(linted)); err == nil {
		if err := apart([]string{o.output}, files); err != nil {
			return err
		}
	}
	l, err := lintAll(a, args)
	if err != nil {
		return err
	}
	if o.schema && len(l.problems) == 0 {
		if l.problems, err = bySchema(args); err != nil {
			return err
		}
	}
	slices.SortStableFunc(l.problems, func(p, q suites.Problem) int { return cmp.Compare(p.File, q.File) })
	var text bytes.Buffer
	if err := form(&text, l); err != nil {
		return err
	}
	switch {
	case o.output != "":
		if err := writeAtomic(o.output, text.Bytes()); err != nil {
			return err
		}
		if n := len(l.problems); n > 0 {
			a.talk("%s, told in %s\n", count(n, "problem"), o.output)
		}
	case o.format == formText && len(l.problems) > 0:
		a.talk("%s", text.Bytes())
	default:
		if _, err := a.stdout.Write(text.Bytes()); err != nil {
			return fmt.Errorf("writing the result: %w", err)
		}
	}
	if len(l.problems) > 0 {
		return exitError(runner.ExitNoVerdict)
	}
	return nil
}

// lintAll finds the problems of all that is given. Suites alone are only looked at; those
// that a plan is held against have to be built.
func lintAll(a app, args []string) (l linted, err error) {
	kinds, lib := all.Kinds(), a.library()
	lib.Lone = true
	files, err := filesOf(args, &l)
	if err != nil {
		return l, err
	}
	var suiteFiles []string
	var plans []*suites.Plan
	for _, file := range files {
		switch {
		case strings.HasSuffix(file, planEnding):
			plan, found := suites.LoadPlan(file, kinds)
			l.plans, l.problems = l.plans+1, append(l.problems, found...)
			if plans = append(plans, plan); plan != nil && len(files) == 1 {
				suiteFiles = plan.Suites // a plan alone stands for what it names
			}
		case strings.HasSuffix(file, credentialsEnding):
			l.credentials, l.problems = l.credentials+1, append(l.problems, credentialsIn(file)...)
		default:
			suiteFiles = append(suiteFiles, file)
		}
	}
	if len(suiteFiles) == 0 {
		return l, nil
	}
	if len(plans) == 0 {
		counts, found := lib.Lint(suiteFiles)
		l.counts, l.problems = counts, append(l.problems, found...)
		return l, nil
	}
	set, found := lib.Load(suiteFiles)
	l.problems = append(l.problems, found...)
	if len(l.problems) == 0 {
		l.counts = countsOf(set)
		for _, plan := range plans {
			l.problems = append(l.problems, against(a, plan, suiteFiles, set)...)
		}
	}
	return l, nil
}

func countsOf(set *suites.Set) suites.Counts {
	c := suites.Counts{Suites: len(set.Suites), Hosts: len(set.Hosts), Unasked: set.Unasked()}
	for _, h := range set.Hosts {
		c.Checks += len(h.Checks)
	}
	return c
}

// against holds what a plan names against the suites that it is for: its own, and
// where it has none those that were given.
func against(a app, plan *suites.Plan, given []string, set *suites.Set) []suites.Problem {
	isGiven := func(file string) bool {
		return slices.ContainsFunc(given, func(g string) bool { return filepath.Clean(g) == filepath.Clean(file) })
	}
	if missing := slices.ContainsFunc(plan.Suites, func(file string) bool { return !isGiven(file) }); missing {
		set, _ = a.library().Load(plan.Suites) // nobody asked for their problems
	}
	if set == nil {
		return nil
	}
	return plan.Against(set)
}

// tellProblems prints them and makes the exit code 2.
func tellProblems(a app, problems []suites.Problem) error {
	a.talk("%s", suites.Format(problems, os.ReadFile))
	return exitError(runner.ExitNoVerdict)
}

func count(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}
