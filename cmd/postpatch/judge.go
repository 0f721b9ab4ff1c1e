package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"postpatch/baseline"
	"postpatch/probes"
	"postpatch/probes/host"
	"postpatch/runner/report"
	"postpatch/suites"
)

func newJudge(a app) *cobra.Command {
	// Nothing is asked, so no script of a suite can run.
	c := judgeJob{inputs: inputs{scripts: true, atOnce: 1}}
	cmd := &cobra.Command{
		Use:   "judge RUN SUITE…",
		Short: "Judge a stored run again, by edited suites or another plan, without contacting any host",
		Long: "Holds what a capture or a verify saw against suites and a plan as they are now. What the suites ask\n" +
			"and the run did not is unknown, and never passed. The baseline is the run's own, unless one is named.\n" +
			"Nothing is written to the store.",
		Example: "  postpatch judge november-verify web.suite.yaml --plan november.plan.yaml",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, names []string) error {
			defer c.frugal(a)()
			c.name, c.suites = names[0], names[1:]
			c.progress = "never" // it is over before a line could be read
			summary, err := rejudge(cmd.Context(), a, c)
			if err != nil {
				return err
			}
			return exitWith(summary.ExitCode)
		},
	}
	c.choiceFlags(cmd.Flags())
	c.directoryFlags(cmd.Flags(), a)
	c.outputs.flags(cmd)
	c.ignoredFlag(cmd)
	cmd.Flags().StringVar(&c.baseline, "baseline", "", "the baseline's name (default: the one of the run)")
	return cmd
}

type judgeJob struct {
	inputs
	outputs
	suites   []string
	baseline string
	collect  func(report.Host) // may be nil
}

func rejudge(ctx context.Context, a app, c judgeJob) (report.Summary, error) {
	p, r, err := c.ready(ctx, a)
	if err != nil {
		return report.Summary{}, err
	}
	defer func() { _ = p.store.Close() }()
	if p.views, err = c.open(a); err != nil {
		return report.Summary{}, err
	}
	defer p.views.discard()
	summary, _, err := p.judge(ctx, r.of(p.job))
	if err != nil {
		return report.Summary{}, err
	}
	return summary, p.views.Finish(summary)
}

// ready reads all that it takes to judge a stored run.
func (c judgeJob) ready(ctx context.Context, a app) (performance, replay, error) {
	j, err := c.load(ctx, a, c.suites)
	if err != nil {
		return performance{}, replay{}, err
	}
	j.logins.Close() // nobody is asked
	store, err := openStore(c.store, c.trust)
	if err != nil {
		return performance{}, replay{}, err
	}
	stored, err := store.Read(ctx, c.name)
	if err != nil {
		return performance{}, replay{}, err
	}
	changed, err := stored.Covers(suiteInfos(j))
	if err != nil {
		return performance{}, replay{}, err
	}
	own := stored.Manifest().Baseline
	p := performance{job: j, run: newRun("judge", c.name, j), collect: c.collect, store: store}
	p.on = stored.Manifest().Started
	p.run.Notes = storedNotes(stored.Manifest(), changed, j)
	if name := cmp.Or(c.baseline, own); name != "" {
		if name == c.name {
			return p, replay{}, fmt.Errorf("a run is no baseline of its own: name another than %q with --baseline", name)
		}
		against, notes, err := findBaseline(ctx, store, name, j)
		if err != nil {
			return p, replay{}, err
		}
		m := against.Manifest()
		if name != own && stored.Manifest().Started.Before(m.Finished) {
			return p, replay{}, fmt.Errorf("baseline %q was taken after run %q; `postpatch diff` compares any two runs",
				name, c.name)
		}
		p.against = against
		p.run.Baseline = &report.Baseline{Name: m.Run, Taken: m.Finished, Store: c.store}
		p.run.Notes = slices.Concat(p.run.Notes, notes, clockNotes(m, stored.Manifest().Started), planNotes(j))
	}
	if m := stored.Manifest(); m.Command == "verify" {
		if err := p.lookBack(ctx, moment{cmp.Or(c.baseline, own), suites.Pass(m.Pass), m.Started}); err != nil {
			return p, replay{}, err
		}
	}
	p.listIgnored = rerun{inputs: c.inputs, suites: c.suites}.ignored(c.name, c.baseline)
	return p, replay{
		run: c.name, started: stored.Manifest().Started, read: reading(p.against, stored),
		otherBaseline: cmp.Or(c.baseline, own) != own,
	}, nil
}

// storedNotes says where a stored run and the suites of now are not the same.
func storedNotes(m baseline.Manifest, changed []string, j job) []string {
	notes := []string{fmt.Sprintf("judged again from what run %s saw at %s", m.Run, m.Finished.UTC().Format(time.RFC3339))}
	notes = append(notes, storedParts(m)...)
	for _, name := range changed {
		notes = append(notes, fmt.Sprintf("suite %s has changed since run %s", name, m.Run))
	}
	var left []string
	for _, e := range m.Hosts {
		judged := func(h suites.Host) bool { return strings.EqualFold(h.Name, e.Host) }
		if !slices.ContainsFunc(j.set.Hosts, judged) {
			left = append(left, e.Host)
		}
	}
	if len(left) > 0 {
		notes = append(notes, fmt.Sprintf("in run %s and not judged now: %s", m.Run, shorten(left)))
	}
	return notes
}

// sinceBaseline says whether what is asked depends on when the baseline was taken.
func sinceBaseline(c *suites.Check) bool {
	asker, asks := c.Probe.(probes.Asker)
	return asks && slices.ContainsFunc(asker.Questions(), func(q host.Question) bool {
		_, dated := host.Dated(q, time.Time{}, time.Time{})
		return dated
	})
}
