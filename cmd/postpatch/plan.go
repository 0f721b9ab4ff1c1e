package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"postpatch/probes/all"
	"postpatch/suites"
)

func newPlan(a app) *cobra.Command {
	var p planJob
	cmd := &cobra.Command{
		Use:   "plan FILE [SUITE…]",
		Short: "Print what a plan would run, without contacting any host",
		Long: "Tells of each wave its hosts, checks, questions and messages, how long a look at it takes, for how long\n" +
			"its hosts may settle, and its gate; and what has to change and may. No host is asked, and a directory\n" +
			"that keeps a suite's hosts only with --credentials. Questions and messages are those that a session\n" +
			"would send to a host that answers at once; the time is an estimate, from the newest\n" +
			"run of these suites in the store where there is one. Exit code 2 when the plan or its suites have a\n" +
			"problem.",
		Example: "  postpatch plan november.plan.yaml\n  postpatch plan november.plan.yaml --json",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, files []string) error {
			return p.run(cmd.Context(), a, files)
		},
	}
	cmd.AddCommand(newImportMSRC(a))
	f := cmd.Flags()
	f.StringVar(&p.in.store, "store", standardStore, storeHelp)
	p.in.storeFlag = f.Lookup("store")
	p.in.pacing.flags(f, &p.in.atOnce)
	p.in.directoryFlags(f, a)
	f.BoolVar(&p.json, "json", false, "print it as JSON")
	return cmd
}

type planJob struct {
	in   inputs
	json bool
}

func (p planJob) run(ctx context.Context, a app, files []string) error {
	if err := p.in.pacing.check(p.in.atOnce); err != nil {
		return err
	}
	var ask suites.Directory
	if p.in.credentials != "" {
		ask = p.in.directory(ctx, a, &job{}, true)
	}
	plan, set, err := loadPlanned(a, files, ask)
	if err != nil {
		return err
	}
	p.in.keepAsPlanned(plan)
	e := estimate{atOnce: p.in.atOnce, logons: p.in.pacing.logons}
	if isHere(p.in.store) || p.in.storeFlag.Changed { // elsewhere somebody would be contacted
		e.last = lastRun(ctx, p.in.store, set, plan.Of(set.Hosts))
	}
	v := viewPlan(plan, set, e)
	v.Store = p.in.store
	if !p.json {
		a.tell("%s", v.text(e))
		return nil
	}
	enc := json.NewEncoder(a.stdout)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// loadPlanned reads a plan and its suites, or those that are given, and tells all that
// is wrong with them.
func loadPlanned(a app, files []string, ask suites.Directory) (*suites.Plan, *suites.Set, error) {
	kinds, file, given := all.Kinds(), files[0], files[1:]
	plan, problems := suites.LoadPlan(file, kinds)
	if len(given) == 0 && plan != nil {
		given = plan.Suites
	}
	if len(given) == 0 && plan != nil {
		return nil, nil, fmt.Errorf("plan %q names no suites: write suites: [FILE], or give their files", plan.Name)
	}
	var set *suites.Set
	if len(given) > 0 {
		var found []suites.Problem
		library := a.library()
		library.Ask = ask
		set, found = library.Load(given)
		problems = append(problems, found...)
	}
	if len(problems) == 0 {
		problems = plan.Against(set)
	}
	if len(problems) > 0 {
		return nil, nil, tellProblems(a, problems)
	}
	return plan, set, nil
}

// isHere says whether a store is a folder of this machine that is there.
func isHere(store string) bool {
	info, err := os.Stat(store)
	return err == nil && info.IsDir()
}
