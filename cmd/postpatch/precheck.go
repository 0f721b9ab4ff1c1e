package main

import (
	"cmp"
	"context"
	"time"

	"github.com/spf13/cobra"

	"postpatch/probes/all"
	"postpatch/runner"
	"postpatch/runner/report"
	"postpatch/suites"
)

func newPrecheck(a app) *cobra.Command {
	var c precheckJob
	cmd := &cobra.Command{
		Use:   "precheck SUITE…",
		Short: "Tell whether the patch may begin",
		Long: "Observes every check of the suites and, on each Windows host, whether it is the machine that is meant,\n" +
			"whether a reboot is pending, free disk and the age of its databases' backups (precheck: in the plan says\n" +
			"how much). Exit code 0: the patch may begin; 1: something fails that no waiver covers; 3: something\n" +
			"could not be observed. The run is stored, and is never a baseline.",
		Example: "  postpatch precheck --plan november.plan.yaml --credentials patch.credentials.yaml",
		RunE: func(cmd *cobra.Command, files []string) error {
			c.suites = files
			summary, err := precheck(cmd.Context(), a, c)
			if err != nil {
				return err
			}
			return exitWith(summary.ExitCode)
		},
	}
	c.inputs.flags(cmd, a)
	c.outputs.flags(cmd)
	deadlineFlag(cmd.Flags(), &c.deadline)
	return cmd
}

type precheckJob struct {
	inputs
	outputs
	suites   []string
	deadline string
}

func precheck(ctx context.Context, a app, c precheckJob) (report.Summary, error) {
	c.extend = prechecked(time.Now())
	j, store, err := c.prepare(ctx, a, c.suites)
	if err != nil {
		return report.Summary{}, err
	}
	defer func() { _ = store.Close() }()
	cut, _, err := c.cutRun(ctx, store, "precheck", j)
	if err != nil {
		return report.Summary{}, err
	}
	p := performance{job: j, command: "precheck", store: store, options: options(j, c.atOnce), resume: c.resume}
	c.pacing.apply(&p)
	p.name = cmp.Or(c.name, cut.Run, runName(j, "precheck"))
	p.run = newRun("precheck", p.name, j)
	if j.plan != nil {
		p.planned = j.plan.Digest
	}
	if p.until, err = deadlineOf(c.deadline, j.plan, "precheck", time.Now()); err != nil {
		return report.Summary{}, err
	}
	p.resumed = rerun{inputs: c.inputs, suites: c.suites, waits: waits{deadline: c.deadline}}.resumed("precheck", p.name)
	p.again = rerun{inputs: c.inputs, suites: c.suites}.anew("precheck")
	p.next = func(s report.Summary, b blind) []string {
		again := rerun{inputs: c.inputs, suites: c.suites}
		if s.ExitCode == runner.ExitOK {
			return []string{again.commandOf("capture")}
		}
		return append(again.doctor(b), again.commandOf("precheck"))
	}
	return runWithViews(ctx, a, c.outputs, p)
}

// prechecked adds to the suites what the plan, or nobody, says has to be so before a
// patch that begins at a time.
func prechecked(at time.Time) func(*suites.Set, *suites.Plan) (*suites.Set, []suites.Problem) {
	return func(set *suites.Set, plan *suites.Plan) (*suites.Set, []suites.Problem) {
		var wanted suites.Precheck
		if plan != nil {
			wanted = plan.Precheck
		}
		return set.Prechecked(wanted, all.Kinds(), at)
	}
}
