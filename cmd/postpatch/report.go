package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"postpatch/baseline"
	"postpatch/runner/report"
	"postpatch/runner/report/jsonl"
)

func newReport(a app) *cobra.Command {
	var out outputs
	var from stored
	var exitCode bool
	cmd := &cobra.Command{
		Use:   "report [RUN | FILE.jsonl | -]",
		Short: "Make the reports of a stored run again, in any form, without asking or judging anything",
		Long: "Tells what a capture, verify or precheck came to, exactly as the run itself told it, in every form that\n" +
			"a run can be told in: the verdict is the one of then. Without a name it is the newest run of the store.\n" +
			"A file is one that --json has written; - reads it from standard input. To hold what was seen against\n" +
			"suites as they are now, see `postpatch judge`.",
		Example: "  postpatch report november-verify --junit out/junit.xml\n" +
			"  postpatch report out/november.jsonl -v",
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, names []string) error {
			out.progress = "never" // it is over before a line could be read
			if !cmd.Flags().Changed("ci") {
				out.ci = ciNone // the run itself has told the pipeline
			}
			from.name = strings.Join(names, "")
			summary, err := retell(cmd.Context(), a, from, out)
			if err != nil || !exitCode {
				return err
			}
			return exitWith(summary.ExitCode)
		},
	}
	out.flags(cmd)
	out.ignoredFlag(cmd)
	f := cmd.Flags()
	f.StringVar(&from.store, "store", standardStore, storeHelp)
	trustFlag(f, &from.trust)
	f.BoolVar(&exitCode, "exit-code", false, "exit with the verdict's exit code, whatever --accept-failing made of it")
	return cmd
}

// retell tells a run to the views again.
func retell(ctx context.Context, a app, from stored, out outputs) (report.Summary, error) {
	results, err := from.open(ctx)
	if err != nil {
		return report.Summary{}, err
	}
	defer func() { _ = results.Close() }()
	v, err := out.open(a)
	if err != nil {
		return report.Summary{}, err
	}
	defer v.discard()
	last := &lastWord{Handler: v}
	if err := jsonl.Replay(results, last); err != nil {
		return report.Summary{}, fmt.Errorf("%s: %w", from.called(), err)
	}
	return last.summary, nil
}

// lastWord keeps the summary of the run that it hands on.
type lastWord struct {
	report.Handler
	summary report.Summary
}

// Finish implements report.Handler.
func (l *lastWord) Finish(s report.Summary) error {
	l.summary = s
	return l.Handler.Finish(s)
}

// stored is where the results of a run are: in a file of lines, or in the store.
type stored struct {
	name         string // "" is the newest run
	store, trust string
}

func (s stored) isFile() bool {
	return s.name == "-" || strings.ContainsAny(s.name, `/\`) || strings.HasSuffix(strings.ToLower(s.name), ".jsonl")
}

func (s stored) called() string {
	switch {
	case s.name == "-":
		return "standard input"
	case s.isFile():
		return "file " + report.CleanLine(s.name)
	default:
		return "run " + report.CleanLine(s.name)
	}
}

// open opens the lines of the run. Those of the store have been compared with their digest.
func (s *stored) open(ctx context.Context) (io.ReadCloser, error) {
	switch {
	case s.name == "-":
		return io.NopCloser(os.Stdin), nil
	case s.isFile():
		file, err := os.Open(s.name)
		if err != nil {
			return nil, fmt.Errorf("reading results: %w", err)
		}
		return file, nil
	}
	store, err := openStore(s.store, s.trust)
	if err != nil {
		return nil, err
	}
	defer func() { _ = store.Close() }()
	if s.name == "" {
		if s.name, err = newestRun(ctx, store); err != nil {
			return nil, err
		}
	}
	snapshot, err := store.Read(ctx, s.name)
	if err != nil {
		return nil, err
	}
	text, ok, err := snapshot.Results(ctx)
	if err == nil && !ok {
		err = fmt.Errorf("run %s has kept no results: it is of a version that stored none; "+
			"`postpatch judge %s SUITE…` judges again what it saw", s.name, shellWords([]string{s.name}))
	}
	return text, err
}

// newestRun is the run of the store that was finished last. One that was begun later and
// came to no end is not passed over: what an earlier one came to would be taken for it.
func newestRun(ctx context.Context, store *baseline.Store) (string, error) {
	entries, err := store.Entries(ctx)
	if err != nil {
		return "", err
	}
	var newest baseline.Entry
	var others []baseline.Entry
	for _, e := range entries {
		if e.Cut || e.Err != nil {
			others = append(others, e)
		} else {
			newest = e // they come oldest first
		}
	}
	for _, e := range others {
		why := "is damaged"
		if e.Cut {
			why = "was cut off, or is still going"
		}
		head, ok, _ := store.Head(ctx, e.Run)
		if ok && head.Started.After(newest.Manifest.Started) || !ok && e.Err != nil {
			return "", fmt.Errorf("run %s may be the newest and %s: name the run that is to be told", e.Run, why)
		}
	}
	if newest.Run == "" {
		return "", errors.New("the store has no finished run")
	}
	return newest.Run, nil
}
