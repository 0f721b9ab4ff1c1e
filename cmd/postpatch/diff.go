package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"postpatch/baseline"
	"postpatch/probes/all"
	"postpatch/runner"
	"postpatch/runner/report"
	"postpatch/suites"
	"postpatch/suites/expect"
)

func newDiff(a app) *cobra.Command {
	var out outputs
	var folder, trust string
	cmd := &cobra.Command{
		Use:   "diff A B",
		Short: "Compare two stored snapshots, without contacting any host",
		Long: "Compares run B with run A of the store by the kinds' own rules. A suite's expectations have no\n" +
			"part in it: it tells what changed, not what should be.",
		Example: "  postpatch diff november november-verify",
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, names []string) error {
			defer out.frugal(a)()
			if out.by != "" || out.junitSplit == byOwner {
				return errors.New("owners stand in suites, and diff reads none: take `postpatch judge` with --by or --owner")
			}
			store, err := openStore(folder, trust)
			if err != nil {
				return err
			}
			defer func() { _ = store.Close() }()
			out.progress = "never" // it is over before a line could be read
			v, err := out.open(a)
			if err != nil {
				return err
			}
			defer v.discard()
			summary, err := diffRuns(cmd.Context(), diffJob{store, folder, names}, v)
			if err != nil {
				return err
			}
			return exitWith(summary.ExitCode)
		},
	}
	out.flags(cmd)
	out.ignoredFlag(cmd)
	cmd.Flags().StringVar(&folder, "store", standardStore, storeHelp)
	trustFlag(cmd.Flags(), &trust)
	return cmd
}

type diffJob struct {
	store  *baseline.Store
	folder string
	runs   []string // before, and now
}

func diffRuns(ctx context.Context, d diffJob, to report.Handler) (report.Summary, error) {
	before, err := d.store.Read(ctx, d.runs[0])
	if err != nil {
		return report.Summary{}, err
	}
	now, err := d.store.Read(ctx, d.runs[1])
	if err != nil {
		return report.Summary{}, err
	}
	run := diffHeader(before.Manifest(), now.Manifest())
	if err := to.Start(run); err != nil {
		return report.Summary{}, err
	}
	differ, err := newDiffer(before, now)
	if err != nil {
		return report.Summary{}, err
	}
	tally := runner.NewTally(run.Started)
	work := func(yield func(func() (report.Host, error)) bool) {
		for _, entry := range now.Manifest().Hosts {
			if !yield(func() (report.Host, error) { return differ.host(ctx, entry.Host) }) {
				return
			}
		}
	}
	err = runner.InOrder(judgedAtOnce(), work, func(judged report.Host) error {
		tally.Add(judged)
		return to.Host(judged)
	})
	if err != nil {
		return report.Summary{}, err
	}
	summary := tally.Summary(time.Now().UTC())
	if len(summary.Ignored) > 0 {
		words := append([]string{"postpatch", "diff"}, d.runs...)
		if d.folder != standardStore {
			words = append(words, "--store", d.folder)
		}
		summary.ListIgnored = shellWords(append(words, "--show-ignored"))
	}
	return summary, to.Finish(summary)
}

func diffHeader(before, now baseline.Manifest) report.Run {
	run := report.Run{
		Command: "diff", Tool: "postpatch " + version, Name: now.Run, Started: time.Now().UTC(),
		Hosts:    len(now.Hosts),
		Baseline: &report.Baseline{Name: before.Run, Taken: before.Finished},
	}
	for _, s := range now.Suites {
		run.Suites = append(run.Suites, s.Name)
	}
	run.Notes = append(run.Notes, storedParts(before, now)...)
	var gone []string
	for _, h := range before.Hosts {
		if !slices.ContainsFunc(now.Hosts, func(n baseline.HostEntry) bool { return n.Host == h.Host }) {
			gone = append(gone, h.Host)
		}
	}
	if len(gone) > 0 {
		run.Notes = append(run.Notes, fmt.Sprintf("only in %s: %s", before.Run, shorten(gone)))
	}
	for _, h := range now.Hosts {
		run.Checks += h.Checks
	}
	return run
}

// differ compares the hosts of two stored runs.
type differ struct {
	before, now *baseline.Snapshot
	checks      map[string]*suites.Check // by kind: one that expects but what is to be kept
}

func newDiffer(before, now *baseline.Snapshot) (differ, error) {
	d := differ{before: before, now: now, checks: map[string]*suites.Check{}}
	for _, kind := range all.Kinds() {
		c := &suites.Check{Kind: &kind, Items: kind.Items, Compare: suites.Compare(kind, kind.Items, nil, nil)}
		for _, spec := range kind.Readings {
			if spec.Keep == "" {
				continue
			}
			p, err := expect.Parse(spec.Keep, spec.Type)
			if err != nil {
				return differ{}, err
			}
			c.Expect = append(c.Expect, suites.Expectation{
				Reading: spec.Name, Predicate: p, Default: true, Keep: true,
			})
		}
		d.checks[kind.Name] = c
	}
	return d, nil
}

// host judges a stored host by checks that expect nothing of their own.
func (d differ) host(ctx context.Context, name string) (report.Host, error) {
	if err := ctx.Err(); err != nil {
		return report.Host{}, err
	}
	before, now := baseline.Of{Snapshot: d.before, Host: name}, baseline.Of{Snapshot: d.now, Host: name}
	was, seen, err := baseline.Both(ctx, before, now)
	if err != nil {
		return report.Host{}, err
	}
	was, seen = runner.Observed(was), runner.Observed(seen)
	v := runner.Visit{Host: suites.Host{Name: name}, Seen: seen}
	known := map[string]bool{}
	for _, record := range seen.Checks {
		ofKind, found := d.checks[record.Kind]
		if !found {
			return report.Host{}, fmt.Errorf("the snapshot has checks of kind %q, which this version does not know", record.Kind)
		}
		c := new(suites.Check)
		*c = *ofKind
		c.Suite, c.ID, _ = strings.Cut(strings.Clone(record.Check), "/")
		v.Host.Checks = append(v.Host.Checks, c)
		known[record.Check] = true
	}
	judged := runner.Judge(v, &was, nil)
	runner.AddRemoved(&judged, &was, known, nil)
	return judged, nil
}
