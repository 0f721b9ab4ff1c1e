package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"postpatch/baseline"
	"postpatch/runner/report"
	"postpatch/runner/report/history"
	"postpatch/runner/report/jsonl"
	"postpatch/runner/report/text"
	"postpatch/suites"
)

func newHistory(a app) *cobra.Command {
	j := historyJob{}
	cmd := &cobra.Command{
		Use:   "history [RUN…]",
		Short: "Hold maintenance windows side by side: what broke when, who is slow to settle, what flaps",
		Long: "Tells of the store's finished verify runs, those of one plan as one window: what broke in which window,\n" +
			"which hosts are slow to settle, which checks go back and forth. No host is contacted, and nothing is\n" +
			"judged again. With names it is these runs alone. Exit codes: 0 told, 2 there is nothing to tell of.",
		Example: "  postpatch history\n" +
			"  postpatch history --since 2026-01-01 --suite exchange --host 'ex*' --json=year.json",
		RunE: func(cmd *cobra.Command, names []string) error {
			defer (&outputs{}).frugal(a)()
			j.names = names
			j.capped = len(names) == 0 || cmd.Flags().Changed("last")
			return j.tell(cmd.Context(), a)
		},
	}
	f := cmd.Flags()
	f.StringVar(&j.store, "store", standardStore, storeHelp)
	trustFlag(f, &j.trust)
	f.IntVar(&j.last, "last", 12, "how many windows, of which the newest")
	f.StringVar(&j.since, "since", "", "only windows that were begun on this day or later, in UTC: 2026-01-31")
	f.StringVar(&j.suite, "suite", "", "only the checks of this suite: a name or a glob")
	f.StringVar(&j.host, "host", "", "only hosts that are called so: a name or a glob")
	f.StringVar(&j.check, "check", "", "only checks with this id or of this kind: a name or a glob")
	f.StringVar(&j.json, "json", "", "write it all as one JSON document, to stdout or to =FILE")
	f.Lookup("json").NoOptDefVal = stdoutFile
	f.StringVar(&j.color, "color", "auto", "colour on stdout: auto, always or never")
	f.BoolVarP(&j.verbose, "verbose", "v", false, "list all, with hosts and owners")
	return cmd
}

type historyJob struct {
	names              []string
	store, trust       string
	last               int
	capped             bool // whether last counts
	since              string
	suite, host, check string
	json, color        string
	verbose            bool

	from time.Time // since
}

func (j *historyJob) tell(ctx context.Context, a app) error {
	if err := j.validate(); err != nil {
		return err
	}
	store, err := openStore(j.store, j.trust)
	if err != nil {
		return err
	}
	defer func() { _ = store.Close() }()
	c := history.New(history.Options{
		Store: j.store, Choice: j.choice(),
		Host: func(host string) bool { return fits(j.host, host) },
		Check: func(c report.Check) bool {
			return fits(j.suite, c.Suite) && (fits(j.check, c.ID) || fits(j.check, c.Kind))
		},
	})
	runs, err := j.runs(ctx, store, c)
	if err != nil {
		return err
	}
	groups := j.chosen(c, history.GroupRuns(runs))
	if err := take(ctx, store, c, groups); err != nil {
		return err
	}
	if c.Taken() == 0 {
		return fmt.Errorf("there is no window to tell of: %s", j.why(c.History(groups)))
	}
	h := c.History(groups)
	if h.Empty() {
		return fmt.Errorf("%s: nothing in %d windows is called so", strings.Join(j.choice(), " "), len(h.Windows))
	}
	return j.show(a, h)
}

func (j *historyJob) validate() error {
	switch j.color {
	case "auto", "always", "never":
	default:
		return fmt.Errorf("--color %q: want auto, always or never", j.color)
	}
	if j.last < 1 {
		return fmt.Errorf("--last %d: want 1 or more", j.last)
	}
	if j.since == "" {
		return nil
	}
	from, err := time.Parse(time.DateOnly, j.since)
	if err != nil {
		return fmt.Errorf("--since %q: want a day as 2026-01-31", j.since)
	}
	j.from = from
	return nil
}

// fits says whether a name is as a pattern has it; every name is where there is none.
func fits(pattern, name string) bool { return pattern == "" || suites.Glob(pattern, name) }

// choice says in words what is told of.
func (j *historyJob) choice() []string {
	var words []string
	for _, flag := range []flagValue{
		{"--since", j.since, ""}, {"--suite", j.suite, ""}, {"--host", j.host, ""}, {"--check", j.check, ""},
	} {
		if flag.value != flag.standard {
			words = append(words, report.CleanLine(flag.name+" "+report.ShellWord(flag.value)))
		}
	}
	return words
}

// why says what the history of nothing lacks.
func (j *historyJob) why(h history.History) string {
	reasons := h.CannotTell
	if len(j.choice()) > 0 {
		reasons = append(slices.Clone(reasons), "chosen was "+strings.Join(j.choice(), " "))
	}
	if len(reasons) == 0 {
		return "the store has no finished run of verify that has kept its results"
	}
	return strings.Join(reasons, "; ")
}

// runs lists the verify runs that are asked for. What cannot be one of them is told of, by
// name: a window that is not there may be the one that matters.
func (j *historyJob) runs(ctx context.Context, store *baseline.Store, c *history.Collector) ([]history.Run, error) {
	entries, err := store.Entries(ctx)
	if err != nil {
		return nil, err
	}
	for _, name := range j.names {
		if err := isVerify(entries, name); err != nil {
			return nil, err
		}
	}
	var runs []history.Run
	var cut, bare []string
	for _, e := range entries {
		m := e.Manifest
		switch {
		case len(j.names) > 0 && !slices.Contains(j.names, e.Run):
		case e.Cut:
			if head, ok, _ := store.Head(ctx, e.Run); !ok || head.Command == "verify" {
				cut = append(cut, e.Run)
			}
		case e.Err != nil:
			c.CannotTell(fmt.Sprintf("run %s is damaged, and left out: %v", e.Run, e.Err))
		case m.Command != "verify":
		case !slices.ContainsFunc(m.Suites, func(s baseline.SuiteInfo) bool { return fits(j.suite, s.Name) }):
		case m.Results == nil:
			bare = append(bare, e.Run)
		default:
			runs = append(runs, historyRun(m))
		}
	}
	if len(cut) > 0 {
		c.CannotTell("cut off, or still going: " + shorten(cut))
	}
	if len(bare) > 0 {
		c.CannotTell("verified by a version that stored no results (`postpatch judge RUN SUITE…` judges them again): " +
			shorten(bare))
	}
	return runs, nil
}

// isVerify says what is wrong with a name that the operator gave.
func isVerify(entries []baseline.Entry, name string) error {
	i := slices.IndexFunc(entries, func(e baseline.Entry) bool { return e.Run == name })
	switch {
	case i < 0:
		return fmt.Errorf("the store has no run %q; `postpatch baselines ls` lists them", name)
	case !entries[i].Cut && entries[i].Err == nil && entries[i].Manifest.Command != "verify":
		return fmt.Errorf("run %q is of %s, and a window is what verify runs have seen; `postpatch report %s` tells it",
			name, entries[i].Manifest.Command, report.ShellWord(name))
	}
	return nil
}

// historyRun is a run as the history wants it.
func historyRun(m baseline.Manifest) history.Run {
	r := history.Run{
		Name: m.Run, Plan: m.PlanName, Wave: m.Wave, Pass: m.Pass, Baseline: m.Baseline, Part: m.Part, Started: m.Started,
	}
	for _, s := range m.Suites {
		r.Suites = append(r.Suites, s.Name)
	}
	for _, h := range m.Hosts {
		r.Hosts = append(r.Hosts, h.Host)
	}
	return r
}

// chosen leaves the newest windows.
func (j *historyJob) chosen(c *history.Collector, groups []history.Group) []history.Group {
	groups = slices.DeleteFunc(groups, func(g history.Group) bool { return g.Began().Before(j.from) })
	if more := len(groups) - j.last; more > 0 && j.capped {
		groups = groups[more:]
		c.CannotTell(fmt.Sprintf("windows before these, which are not told of: %d (--last %d tells of all)",
			more, more+j.last))
	}
	return groups
}

// take reads the results of all runs. One that cannot be read is named, and the others are
// told of all the same.
func take(ctx context.Context, store *baseline.Store, c *history.Collector, groups []history.Group) error {
	for _, g := range groups {
		for _, r := range g {
			err := c.Take(r, func(h report.Handler) error { return retold(ctx, store, r.Name, h) })
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err != nil {
				c.CannotTell(fmt.Sprintf("run %s cannot be read, and is left out: %v", r.Name, err))
			}
		}
	}
	return nil
}

// retold tells what the store has of a run.
func retold(ctx context.Context, store *baseline.Store, run string, h report.Handler) error {
	results, ok, err := store.Told(ctx, run)
	switch {
	case err != nil:
		return err
	case !ok:
		return errors.New("it has kept no results")
	}
	defer func() { _ = results.Close() }()
	return jsonl.Replay(results, h)
}

// show prints the history, and writes it as JSON where that is asked for.
func (j *historyJob) show(a app, h history.History) error {
	look := history.Look{
		Color: text.ColorFor(j.color, a.getenv, a.atTerminal()),
		ASCII: !a.atTerminal() || a.getenv("TERM") == "dumb",
		Width: a.width, Verbose: j.verbose,
	}
	switch j.json {
	case "":
	case stdoutFile:
		return h.JSON(a.stdout)
	default:
		if err := writeTo(j.json, h.JSON); err != nil {
			return err
		}
	}
	return h.Text(a.stdout, look)
}

// writeTo writes a file whole, or not at all.
func writeTo(path string, write func(io.Writer) error) error {
	f, err := createAtomic(path)
	if err != nil {
		return err
	}
	if err := write(f); err != nil {
		f.discard()
		return named(f.name(), err)
	}
	return f.commit()
}
