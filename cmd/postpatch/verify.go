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
	"postpatch/runner/report"
	"postpatch/suites"
)

func newVerify(a app) *cobra.Command {
	v := verifyJob{}
	cmd := &cobra.Command{
		Use:   "verify SUITE…",
		Short: "Compare with the baseline, after the reboot",
		Long: "Observes every check again and compares it with the baseline: what regressed, what failed before,\n" +
			"what was fixed, what was meant to change (--plan). With --wait it waits until the hosts are back from\n" +
			"their reboot and have settled (`postpatch explain settle`). The exit code is the gate of a pipeline. A\n" +
			"run that was cut off is taken up with --resume: only hosts that it does not have are asked.",
		Example: "  postpatch verify web.suite.yaml --credentials patch.credentials.yaml --baseline november \\\n" +
			"      --plan november.plan.yaml --junit out/junit.xml\n" +
			"  postpatch verify --plan november.plan.yaml --wave pilot --wait --deadline 04:30",
		RunE: func(cmd *cobra.Command, files []string) error {
			v.suites = files
			summary, err := verify(cmd.Context(), a, v)
			if err != nil {
				return err
			}
			return exitWith(summary.ExitCode)
		},
	}
	v.inputs.flags(cmd, a)
	v.outputs.flags(cmd)
	v.ignoredFlag(cmd)
	v.waits.flags(cmd.Flags())
	v.telling.flags(cmd.Flags(), a)
	cmd.Flags().StringVar(&v.baseline, "baseline", "", "the baseline's name (default: the newest of these suites)")
	return cmd
}

type verifyJob struct {
	inputs
	outputs
	waits
	telling
	suites   []string
	baseline string
}

func verify(ctx context.Context, a app, c verifyJob) (report.Summary, error) {
	j, store, err := c.prepare(ctx, a, c.suites)
	if err != nil {
		return report.Summary{}, err
	}
	defer func() { _ = store.Close() }()
	cut, taken, err := c.cutRun(ctx, store, "verify", j)
	if err != nil {
		return report.Summary{}, err
	}
	if taken && c.baseline == "" { // there may be a newer one meanwhile
		c.baseline = cut.Baseline
	}
	against, notes, err := findBaseline(ctx, store, c.baseline, j)
	if err != nil {
		return report.Summary{}, err
	}
	p := performance{job: j, command: "verify", store: store, options: options(j, c.atOnce), resume: c.resume}
	c.pacing.apply(&p)
	p.against, p.name = against, cmp.Or(c.name, cut.Run, runName(j, "verify"))
	p.run = newRun("verify", p.name, j)
	m := against.Manifest()
	p.run.Baseline = &report.Baseline{Name: m.Run, Taken: m.Finished, Store: c.store}
	p.options.Began = p.run.Started
	if taken { // what was asked then was dated then
		p.options.Began = cut.Started
	}
	p.run.Notes = slices.Concat(notes, clockNotes(m, p.options.Began), planNotes(j))
	if j.plan != nil {
		p.planned = j.plan.Digest
	}
	if err := c.apply(&p); err != nil {
		return report.Summary{}, err
	}
	if err := p.lookBack(ctx, moment{m.Run, suites.Pass(p.pass), p.options.Began}); err != nil {
		return report.Summary{}, err
	}
	again := rerun{c.inputs, c.suites, m.Run, c.waits}
	p.resumed = strings.TrimSpace(again.resumed("verify", p.name) + " " + shellWords(c.telling.words()))
	p.again = again.anew("verify")
	p.next, p.listIgnored = again.after, again.ignored(p.name, "")
	return c.tellOwners(ctx, a, p)
}

// tellOwners carries the run out, and tells the channels what it came to.
func (c verifyJob) tellOwners(ctx context.Context, a app, p performance) (report.Summary, error) {
	n, err := c.notifier(ctx, a, p.job)
	if err != nil {
		return report.Summary{}, err
	}
	if n != nil {
		c.also = append(c.also, n)
	}
	summary, err := runWithViews(ctx, a, c.outputs, p)
	n.send(ctx, newSender(p.job.roots))
	return summary, err
}

// findBaseline reads the baseline whole and refuses one that cannot be trusted,
// before anything is sent to a host.
func findBaseline(
	ctx context.Context, store *baseline.Store, name string, j job,
) (against *baseline.Snapshot, notes []string, err error) {
	if name == "" {
		newest, found, err := store.Latest(ctx, time.Now(), func(m baseline.Manifest) bool {
			return m.Command == "capture" && hasSuites(m, j) && hasChecks(m, j)
		})
		if err != nil {
			return nil, nil, err
		}
		if !found {
			return nil, nil, fmt.Errorf("the store has no baseline of all these hosts and checks of suite %s: "+
				"name one with --baseline, or, before the patch, take one with `postpatch capture`", suiteNames(j))
		}
		name = newest.Run
	}
	against, err = store.Read(ctx, name)
	if err != nil {
		return nil, nil, err
	}
	if command := against.Manifest().Command; command != "capture" {
		// What a verify saw broken would pass for broken before.
		return nil, nil, fmt.Errorf("%q is a run of %s and no baseline; `postpatch diff` compares any two runs",
			name, command)
	}
	changed, err := against.Covers(suiteInfos(j))
	if err != nil {
		return nil, nil, err
	}
	return against, baselineNotes(against, changed, j), nil
}

func hasSuites(m baseline.Manifest, j job) bool {
	for _, s := range j.set.Suites {
		if !slices.ContainsFunc(m.Suites, func(i baseline.SuiteInfo) bool { return i.Name == s.Name }) {
			return false
		}
	}
	return true
}

// hasChecks says whether a baseline could have every check of the job: one that
// was taken of a part must not stand for the whole, nor for another part, unless it
// is asked for by name.
func hasChecks(m baseline.Manifest, j job) bool {
	if m.Part != "" && m.Part != j.part {
		return false
	}
	taken := map[string]int{}
	for _, h := range m.Hosts {
		taken[strings.ToLower(h.Host)] = h.Checks
	}
	return !slices.ContainsFunc(j.set.Hosts, func(h suites.Host) bool {
		return max(taken[strings.ToLower(h.Name)], taken[strings.ToLower(h.Was)]) < len(h.Checks)
	})
}

func suiteNames(j job) string {
	names := make([]string, len(j.set.Suites))
	for i, s := range j.set.Suites {
		names[i] = s.Name
	}
	return strings.Join(names, ", ")
}

// planNotes names the hosts at which nobody looks for what the plan wants.
func planNotes(j job) []string {
	if j.plan == nil {
		return nil
	}
	var notes []string
	for _, must := range j.plan.Must {
		var without []string
		for _, h := range j.set.Hosts {
			looks := func(c *suites.Check) bool { return c.Kind.Name == must.Pattern.Kind }
			if h.Chosen(must.Hosts) && !slices.ContainsFunc(h.Checks, looks) {
				without = append(without, h.Name)
			}
		}
		note := fmt.Sprintf("the plan wants %s, and no check looks for it on %s", must.Pattern, shorten(without))
		if n := len(without); n > 0 && n < len(j.set.Hosts) && !slices.Contains(notes, note) {
			notes = append(notes, note)
		}
	}
	return notes
}

// baselineNotes says where the baseline and the run do not cover the same.
func baselineNotes(against *baseline.Snapshot, changed []string, j job) []string {
	notes := storedParts(against.Manifest())
	for _, name := range changed {
		notes = append(notes, fmt.Sprintf("suite %s has changed since the baseline", name))
	}
	if n := len(against.Manifest().Resumed); n > 0 {
		notes = append(notes, fmt.Sprintf("the baseline was taken in %d goes, from %s to %s: what was patched in between "+
			"is in it", n+1, against.Manifest().Started.UTC().Format(time.RFC3339),
			against.Manifest().Finished.UTC().Format(time.RFC3339)))
	}
	var missing []string
	known := map[string]bool{}
	for _, h := range against.Manifest().Hosts {
		known[strings.ToLower(h.Host)] = true
	}
	for _, h := range j.set.Hosts {
		name := strings.ToLower(h.Name)
		if !known[name] {
			name = strings.ToLower(h.Was)
		}
		if !known[name] {
			missing = append(missing, h.Name)
		}
		delete(known, name)
	}
	if len(missing) > 0 {
		notes = append(notes, "not in the baseline, so nothing to compare with: "+shorten(missing))
	}
	if len(known) > 0 && len(j.waves) == 0 { // those of the other waves have another time
		notes = append(notes, fmt.Sprintf("in the baseline and not verified now: %s", shorten(sortedKeys(known))))
	}
	return notes
}
