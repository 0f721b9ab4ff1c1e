package main

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"postpatch/runner"
	"postpatch/runner/report"
)

func newCapture(a app) *cobra.Command {
	var in inputs
	var out outputs
	var learn learning
	var acceptFailing bool
	var deadline string
	cmd := &cobra.Command{
		Use:   "capture SUITE…",
		Short: "Take the baseline, before the maintenance window",
		Long: "Observes every check of the suites and stores what it sees. Tells what already fails: exit code 1,\n" +
			"unless --accept-failing; the baseline is stored all the same. One that was cut off is taken up with\n" +
			"--resume, before the patch: only hosts that it does not have are asked. --samples looks several times,\n" +
			"and what moves by itself meanwhile is no change later, as long as it stays in the range seen.",
		Example: "  postpatch capture web.suite.yaml --credentials patch.credentials.yaml --name november",
		RunE: func(cmd *cobra.Command, files []string) error {
			if err := learn.check(cmd.Flags().Changed("every")); err != nil {
				return err
			}
			if acceptFailing && out.format == formNagios {
				return errors.New("--accept-failing: the line of --format nagios would say otherwise than the exit code")
			}
			summary, err := capture(cmd.Context(), a, captureJob{in, out, learn, files, deadline})
			if err != nil {
				return err
			}
			if acceptFailing && summary.ExitCode == runner.ExitBroken {
				// What fails is known and accepted; what was not seen is neither.
				if summary.Counts[report.Unknown] > 0 || summary.Unseen > 0 {
					return exitError(runner.ExitIncomplete)
				}
				return nil
			}
			return exitWith(summary.ExitCode)
		},
	}
	in.flags(cmd, a)
	out.flags(cmd)
	learn.flags(cmd.Flags())
	deadlineFlag(cmd.Flags(), &deadline)
	cmd.Flags().BoolVar(&acceptFailing, "accept-failing", false, "exit 0 although something fails already")
	return cmd
}

type captureJob struct {
	inputs
	outputs
	learning
	suites   []string
	deadline string
}

func capture(ctx context.Context, a app, c captureJob) (report.Summary, error) {
	j, store, err := c.prepare(ctx, a, c.suites)
	if err != nil {
		return report.Summary{}, err
	}
	defer func() { _ = store.Close() }()
	cut, _, err := c.cutRun(ctx, store, "capture", j)
	if err != nil {
		return report.Summary{}, err
	}
	p := performance{job: j, command: "capture", store: store, options: options(j, c.atOnce), resume: c.resume}
	c.pacing.apply(&p)
	p.learn = c.learning
	p.name = cmp.Or(c.name, cut.Run, runName(j, "capture"))
	p.run = newRun("capture", p.name, j)
	if p.until, err = deadlineOf(c.deadline, j.plan, "capture", time.Now()); err != nil {
		return report.Summary{}, err
	}
	again := rerun{inputs: c.inputs, suites: c.suites, baseline: p.name}
	p.resumed = rerun{inputs: c.inputs, suites: c.suites, waits: waits{deadline: c.deadline}}.resumed("capture", p.name)
	p.next = func(_ report.Summary, b blind) []string { return append(again.doctor(b), again.command()) }
	return runWithViews(ctx, a, c.outputs, p)
}

// runWithViews opens the views, performs, and drops half-written reports when
// the run came to no end.
func runWithViews(ctx context.Context, a app, o outputs, p performance) (report.Summary, error) {
	v, err := o.open(a)
	if err != nil {
		return report.Summary{}, err
	}
	defer v.discard()
	defer v.stop()
	p.views, p.say = v, v.say(a)
	return p.perform(ctx)
}
