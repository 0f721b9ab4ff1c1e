package main

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"postpatch/baseline"
	"postpatch/runner"
	"postpatch/runner/report"
	"postpatch/suites"
)

func newAccept(a app) *cobra.Command {
	// Nothing is asked, so no script of a suite can run.
	c := acceptJob{judgeJob: judgeJob{inputs: inputs{scripts: true, atOnce: 1}}}
	cmd := &cobra.Command{
		Use:   "accept RUN SUITE…",
		Short: "Write the plan by which the drift of a stored run is expected, without contacting any host",
		Long: "Judges a stored verify again and writes a plan that allows each drift in it: this change, to this\n" +
			"value, on these hosts, and no other. With --plan it is that plan with the changes added. What regressed,\n" +
			"failed or is unmet is never accepted, and told with what to do instead. Read what was written before\n" +
			"you use it. Exit code 0 also when there is nothing to accept; nothing is written then.",
		Example: "  postpatch accept november-verify web.suite.yaml --plan november.plan.yaml -o accepted.plan.yaml\n" +
			"  postpatch judge november-verify web.suite.yaml --plan accepted.plan.yaml",
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, names []string) error {
			c.name, c.suites = names[0], names[1:]
			return accept(cmd.Context(), a, c)
		},
	}
	c.choiceFlags(cmd.Flags())
	c.directoryFlags(cmd.Flags(), a)
	cmd.Flags().StringVar(&c.baseline, "baseline", "", "the baseline's name (default: the one of the run)")
	cmd.Flags().StringVarP(&c.output, "output", "o", "", "write the plan to this file (default: to stdout)")
	cmd.Flags().BoolVar(&c.force, "force", false, "replace the file that is there")
	return cmd
}

type acceptJob struct {
	judgeJob
	output string
	force  bool
}

func accept(ctx context.Context, a app, c acceptJob) error {
	if err := c.writable(); err != nil {
		return err
	}
	p, r, err := c.ready(ctx, a)
	if err != nil {
		return err
	}
	defer func() { _ = p.store.Close() }()
	if p.against == nil {
		return fmt.Errorf("run %q was compared with nothing: name the baseline with --baseline", c.name)
	}
	first, err := verdictsBy(ctx, p, r)
	if err != nil {
		return err
	}
	refused := refusals(first.hosts)
	if len(first.drifts) == 0 {
		refused.tell(a)
		a.talk("nothing to accept: run %s shows no drift that a plan could allow\n", report.CleanLine(c.name))
		return nil
	}
	accepted, err := c.accepted(ctx, p, r, first)
	if err != nil {
		return err
	}
	refused.add(accepted.left)
	refused.tell(a)
	return c.write(a, accepted)
}

// acceptance is a plan that was tried out.
type acceptance struct {
	text    []byte
	changes int
	left    []refusal // what drifts all the same
}

// accepted makes the plan and judges by it: it has to make the drift expected, and
// nothing else may come out otherwise. Where one thing is no drift any more another
// may show, which it had covered.
func (c acceptJob) accepted(ctx context.Context, p performance, r replay, first verdicts) (acceptance, error) {
	const rounds = 5 // two were ever needed
	changes := newChanges()
	for drifts := first.drifts; ; {
		more := changes.add(drifts)
		text, plan, err := c.compose(changes.sorted(), p.job.plan)
		if err != nil {
			return acceptance{}, err
		}
		tried := p
		tried.job.plan = plan
		again, err := verdictsBy(ctx, tried, r)
		if err != nil {
			return acceptance{}, err
		}
		drifts = again.drifts
		if more && len(drifts) > 0 && changes.rounds < rounds {
			continue
		}
		left, err := onlyDrift(first.hosts, again.hosts)
		return acceptance{text, len(changes.all), left}, err
	}
}

// verdicts are what a run came to.
type verdicts struct {
	hosts  []report.Host
	drifts []driftOn
}

type driftOn struct {
	host string
	runner.Drift
}

// verdictsBy judges without telling anybody.
func verdictsBy(ctx context.Context, p performance, r replay) (verdicts, error) {
	var seen verdicts
	p.views = &views{Handler: &seen}
	p.look = func(v runner.Visit, before *baseline.Host, judged report.Host) {
		for _, d := range runner.Drifts(v, before, judged) {
			seen.drifts = append(seen.drifts, driftOn{v.Host.Name, d})
		}
	}
	_, _, err := p.judge(ctx, r.of(p.job))
	return seen, err
}

// Start implements report.Handler.
func (v *verdicts) Start(report.Run) error { return nil }

// Host implements report.Handler.
func (v *verdicts) Host(h report.Host) error {
	v.hosts = append(v.hosts, h)
	return nil
}

// Finish implements report.Handler.
func (v *verdicts) Finish(report.Summary) error { return nil }

// writable refuses early what could not be written: a plan is what people wrote,
// and is not replaced like a report.
func (c acceptJob) writable() error {
	if c.output == "" || c.force {
		return nil
	}
	if info, err := os.Stat(c.output); err == nil && info.Mode().IsRegular() {
		return fmt.Errorf("%q is there already: name another file with -o, or replace it with --force", c.output)
	}
	return nil
}

func (c acceptJob) write(a app, accepted acceptance) error {
	if c.output == "" {
		_, err := a.stdout.Write(accepted.text)
		return err
	}
	if err := writeAtomic(c.output, accepted.text); err != nil {
		return err
	}
	again := append([]string{"postpatch", "judge", c.name}, c.suites...)
	if c.store != "evidence" {
		again = append(again, "--store", c.store)
	}
	a.talk("%s accepted in %s; read it, then: %s\n", count(accepted.changes, "change"), c.output,
		shellWords(append(again, "--plan", c.output)))
	return nil
}

// planFile is the name that the written plan has, or would have.
func (c acceptJob) planFile() string {
	switch {
	case c.output != "":
		return c.output
	case c.plan != "":
		return c.plan
	default:
		return "accepted.plan.yaml" // in the folder where the suites were named
	}
}

// keptOf says what of a plan adding to it has to leave as it is.
func keptOf(p *suites.Plan) string {
	return fmt.Sprintf("%q %q %q %d %d %q %d %d %q", p.Name, p.Reboot, absolute(p.Suites), len(p.Must), len(p.Waivers),
		p.Hosts, len(p.Waves), len(p.Drift), absolute([]string{p.Store}))
}
