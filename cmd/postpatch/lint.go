package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"postpatch/probes/all"
	"postpatch/runner"
	"postpatch/suites"
)

func newLint(a app) *cobra.Command {
	return &cobra.Command{
		Use:   "lint FILE…",
		Short: "Tell every problem of suites and plans, without contacting any host",
		Long: "Reads suites (*.suite.yaml) and plans (*.plan.yaml) and tells every problem with its file, line\n" +
			"and column. Exit code 2 when there is any.",
		Example: "  postpatch lint web.suite.yaml november.plan.yaml",
		Args:    cobra.MinimumNArgs(1),
		RunE:    func(_ *cobra.Command, files []string) error { return lint(a, files) },
	}
}

func lint(a app, files []string) error {
	kinds := all.Kinds()
	var suiteFiles []string
	var problems []suites.Problem
	var plans []*suites.Plan
	for _, file := range files {
		if !strings.HasSuffix(file, ".plan.yaml") {
			suiteFiles = append(suiteFiles, file)
			continue
		}
		plan, found := suites.LoadPlan(file, kinds)
		plans, problems = append(plans, plan), append(problems, found...)
		if plan != nil && len(files) == 1 {
			suiteFiles = plan.Suites // a plan alone stands for what it names
		}
	}
	var set *suites.Set
	if len(suiteFiles) > 0 {
		var found []suites.Problem
		library := a.library()
		library.Lone = true
		set, found = library.Load(suiteFiles)
		problems = append(problems, found...)
	}
	if len(problems) == 0 {
		for _, plan := range plans {
			problems = append(problems, against(a, plan, suiteFiles, set)...)
		}
	}
	if len(problems) > 0 {
		return tellProblems(a, problems)
	}
	checks, hosts := 0, 0
	if set != nil {
		hosts = len(set.Hosts)
		for _, h := range set.Hosts {
			checks += len(h.Checks)
		}
	}
	_, err := fmt.Fprintf(a.stdout, "no problems: %s, %s, %s, %s%s\n", count(len(suiteFiles), "suite"),
		count(len(plans), "plan"), count(hosts, "host"), count(checks, "check"), notAsked(set))
	return err
}

// against holds what a plan names against the suites that it is for: its own, and
// where it has none those that were given.
func against(a app, plan *suites.Plan, given []string, set *suites.Set) []suites.Problem {
	isGiven := func(file string) bool { return slices.Contains(given, file) }
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
