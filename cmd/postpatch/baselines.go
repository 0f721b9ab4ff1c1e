package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"postpatch/baseline"
	"postpatch/probes/fact"
	"postpatch/runner"
	"postpatch/runner/report"
)

func newBaselines(a app) *cobra.Command {
	var folder, trust string
	cmd := &cobra.Command{
		Use:   "baselines",
		Short: "List, show, check or remove what the store keeps",
		Long: "The store keeps every run, of capture and of verify alike, each written once. Its names are those of\n" +
			"--name, or made of suite and time. A run that is still going looks like one that was cut off: leave it.",
		Example: "  postpatch baselines ls\n  postpatch baselines show november web01",
		Args:    cobra.NoArgs,
		RunE:    func(*cobra.Command, []string) error { return errors.New("baselines: want ls, show, verify or rm") },
	}
	cmd.PersistentFlags().StringVar(&folder, "store", standardStore, storeHelp)
	trustFlag(cmd.PersistentFlags(), &trust)
	add := func(use, short string, args cobra.PositionalArgs, do func(context.Context, *baseline.Store, []string) error) {
		cmd.AddCommand(&cobra.Command{Use: use, Short: short, Args: args, RunE: func(c *cobra.Command, names []string) error {
			store, err := openStore(folder, trust)
			if err != nil {
				return err
			}
			defer func() { _ = store.Close() }()
			return do(c.Context(), store, names)
		}})
	}
	s := shelf{a}
	add("ls", "List the runs, oldest first; cut off and damaged ones last", cobra.NoArgs, s.list)
	add("show RUN [HOST]", "Show a run's hosts, or all readings of one", cobra.RangeArgs(1, 2), s.show)
	add("verify [RUN…]", "Compare every byte of runs, or of all, with its digest", cobra.ArbitraryArgs, s.verify)
	add("rm RUN…", "Remove runs; a baseline only with those compared with it", cobra.MinimumNArgs(1), s.remove)
	return cmd
}

// shelf shows a store.
type shelf struct{ app }

// table prints rows in columns. What a host or a file said is made harmless.
func (s shelf) table(rows [][]string) error {
	w := tabwriter.NewWriter(s.stdout, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		for i := range row {
			row[i] = report.Clean(row[i])
		}
		_, _ = fmt.Fprintln(w, strings.Join(row, "\t"))
	}
	return w.Flush()
}

func (s shelf) list(ctx context.Context, store *baseline.Store, _ []string) error {
	entries, err := store.Entries(ctx)
	if err != nil {
		return err
	}
	rows := [][]string{{"RUN", "OF", "FINISHED", "HOSTS", "CHECKS", "UNSEEN", "BASELINE", "SUITES"}}
	var wrong []error
	for _, e := range entries {
		switch {
		case e.Cut:
			rows = append(rows, []string{e.Run, "cut off, or still going"})
		case e.Err != nil:
			rows = append(rows, []string{e.Run, "damaged"})
			wrong = append(wrong, e.Err)
		default:
			rows = append(rows, line(e.Manifest))
		}
	}
	return errors.Join(append(wrong, s.table(rows))...)
}

func line(m baseline.Manifest) []string {
	checks, unseen := 0, 0
	for _, h := range m.Hosts {
		checks, unseen = checks+h.Checks, unseen+h.Unseen
	}
	names := make([]string, len(m.Suites))
	for i, suite := range m.Suites {
		names[i] = suite.Name
	}
	against := m.Baseline
	if against == "" {
		against = "-"
	}
	return []string{
		m.Run, m.Command, m.Finished.UTC().Format(time.RFC3339), fmt.Sprint(len(m.Hosts)), fmt.Sprint(checks),
		fmt.Sprint(unseen), against, shorten(names),
	}
}

func (s shelf) show(ctx context.Context, store *baseline.Store, names []string) error {
	snapshot, err := store.Read(ctx, names[0])
	if err != nil {
		return err
	}
	if len(names) == 2 {
		return s.showHost(ctx, snapshot, names[1])
	}
	m := snapshot.Manifest()
	s.tell("%s   %s by %s, %s\n", m.Run, m.Command, report.Clean(m.By), report.Clean(m.Tool))
	s.tell("%s to %s\n", m.Started.UTC().Format(time.RFC3339), m.Finished.UTC().Format(time.RFC3339))
	if m.Baseline != "" {
		s.tell("compared with %s\n", report.Clean(m.Baseline))
	}
	if m.Part != "" {
		s.tell("a part of the checks alone, by %s\n", report.Clean(m.Part))
	}
	if by := snapshot.SignedBy(); by != "" {
		s.tell("signed by %s\n", report.Clean(by))
	}
	for _, suite := range m.Suites {
		s.tell("suite %s, SHA-256 %s\n", report.Clean(suite.Name), report.Clean(suite.Digest))
	}
	s.tell("\n")
	rows := [][]string{{"HOST", "CHECKS", "UNSEEN", "BYTES", "MACHINE"}}
	for _, h := range m.Hosts {
		machine := h.Identity
		if machine == "" {
			machine = "not known"
		}
		rows = append(rows, []string{h.Host, fmt.Sprint(h.Checks), fmt.Sprint(h.Unseen), fmt.Sprint(h.Bytes), machine})
	}
	return s.table(rows)
}

func (s shelf) showHost(ctx context.Context, snapshot *baseline.Snapshot, name string) error {
	h, found, err := snapshot.Host(ctx, storedNames(snapshot).of(name))
	if err != nil {
		return err
	}
	if !found {
		return fmt.Errorf("run %s has no host %q; `postpatch baselines show %s` lists them",
			snapshot.Manifest().Run, name, snapshot.Manifest().Run)
	}
	if h.Unreachable != "" {
		s.tell("unreachable: %s\n", report.Clean(h.Unreachable))
	}
	moves := make(map[fact.Key]baseline.Move, len(h.Moves))
	for _, m := range h.Moves {
		moves[m.Key] = m
	}
	rows := [][]string{{"CHECK", "ITEM", "READING", "VALUE"}}
	for _, r := range runner.Learnt(h) {
		rows = append(rows, []string{r.Key.Check, r.Key.Item, r.Key.Name, r.Value.String()})
	}
	for _, c := range h.Checks {
		if c.Error != "" {
			rows = append(rows, []string{c.Check, "", "", "could not be observed: " + c.Error})
		}
		for _, r := range h.Readings {
			if r.Key.Check == c.Check {
				value := r.Value.String()
				if m, found := moves[r.Key]; found {
					value += "   (moves by itself: " + m.String() + ")"
				}
				rows = append(rows, []string{c.Check, r.Key.Item, r.Key.Name, value})
			}
		}
	}
	return s.table(rows)
}

// verify tells of every run; one that is damaged does not hide the others. Of all
// runs, those that were cut off are no damage.
func (s shelf) verify(ctx context.Context, store *baseline.Store, names []string) error {
	if len(names) == 0 {
		entries, err := store.Entries(ctx)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if e.Cut {
				s.tell("cut off, or still going  %s\n", e.Run)
				continue
			}
			names = append(names, e.Run)
		}
		if len(names) == 0 {
			return errors.New("the store has no finished run")
		}
	}
	var wrong []error
	for _, name := range names {
		told, err := readWhole(ctx, store, name)
		if err != nil {
			wrong = append(wrong, err)
			continue
		}
		s.tell("ok  %s  %s\n", name, report.Clean(told))
	}
	return errors.Join(wrong...)
}

// readWhole reads a run to its last byte, and tells what is in it.
func readWhole(ctx context.Context, store *baseline.Store, name string) (string, error) {
	snapshot, err := store.Read(ctx, name)
	if err != nil {
		return "", err
	}
	hosts, readings := 0, 0
	for _, e := range snapshot.Manifest().Hosts {
		if err := ctx.Err(); err != nil {
			return "", err
		}
		h, _, err := snapshot.Host(ctx, e.Host)
		if err != nil {
			return "", err
		}
		hosts, readings = hosts+1, readings+len(h.Readings)
	}
	told := fmt.Sprintf("%d hosts, %d readings", hosts, readings)
	if by := snapshot.SignedBy(); by != "" {
		told += ", signed by " + by
	}
	return told, nil
}

// remove refuses before it removes anything.
func (s shelf) remove(ctx context.Context, store *baseline.Store, names []string) error {
	entries, err := store.Entries(ctx)
	if err != nil {
		return err
	}
	for _, name := range names {
		if !slices.ContainsFunc(entries, func(e baseline.Entry) bool { return e.Run == name }) {
			return fmt.Errorf("the store has no run %q; nothing was removed", name)
		}
	}
	for _, e := range entries {
		if slices.Contains(names, e.Manifest.Baseline) && !slices.Contains(names, e.Run) {
			return fmt.Errorf("run %q was compared with %q, and could not be judged again without it: "+
				"name both to remove both; nothing was removed", e.Run, e.Manifest.Baseline)
		}
	}
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		if err := store.Remove(ctx, name); err != nil {
			return err
		}
		s.tell("removed  %s\n", name)
	}
	return nil
}
