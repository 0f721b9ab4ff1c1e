package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"postpatch/runner"
	"postpatch/runner/report"
)

// app is what the program has of the world: where it writes and what it reads
// of its environment. Results go to stdout, talk goes to stderr.
type app struct {
	stdout, stderr                     io.Writer
	getenv                             func(string) string
	stdoutIsTerminal, stderrIsTerminal bool
	width                              int // of stdout
	stderrSize                         func() (columns, lines int)
	packs                              *[]string // folders, as --packs names them
	screen                             *screen   // what stdout writes to; nil in tests of a part
	plugin                             bool      // what is said here is said as a plugin of Nagios
}

// run carries out one command line and returns its exit code.
func run(ctx context.Context, args []string, a app) (code int) {
	if !a.plugin && asPlugin(args) {
		return runAsPlugin(ctx, args, a)
	}
	defer func() {
		// Go's own exit code for a panic is 2 as well: no verdict.
		if p := recover(); p != nil {
			a.talk("error: postpatch crashed: %v\n%s", p, debug.Stack())
			code = runner.ExitNoVerdict
		}
	}()
	a.screen = &screen{Writer: a.stdout}
	a.stdout = a.screen
	root := newRoot(a)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	var exit exitError
	failed := err != nil && (!errors.As(err, &exit) || exit == runner.ExitNoVerdict)
	err = outcome(err, a.screen.end(failed))
	switch {
	case err == nil:
		return runner.ExitOK
	case errors.As(err, &exit):
		return int(exit)
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		text := "interrupted: the run has no verdict, and what it left in the store is no baseline"
		if cut := (cutOff{}); errors.As(err, &cut) {
			text += "; " + cut.wayOut()
		}
		a.talk("%s\n", text)
		return runner.ExitInterrupted
	default:
		a.talk("error: %s\n", report.Clean(plainPaths(err.Error())))
		return runner.ExitNoVerdict
	}
}

// tell prints a result. That stdout is closed is seen by the exit code of whoever
// closed it, not by ours.
func (a app) tell(format string, args ...any) { _, _ = fmt.Fprintf(a.stdout, format, args...) }

// talk prints what is no result.
func (a app) talk(format string, args ...any) { _, _ = fmt.Fprintf(a.stderr, format, args...) }

// exitError ends the program with its code; all has been said already.
type exitError int

func (e exitError) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

func exitWith(code int) error {
	if code == runner.ExitOK {
		return nil
	}
	return exitError(code)
}

func newRoot(a app) *cobra.Command {
	a.packs = new([]string)
	root := &cobra.Command{
		Use:   "postpatch",
		Short: "Verify Windows servers after patching",
		Long: strings.TrimSpace(`
postpatch takes a baseline of servers before a maintenance window and verifies
them after it: what the patch broke, what was broken before, what was meant to
change. Exit codes: 0 nothing broken, 1 something regressed, failed or unmet,
2 no verdict, 3 something could not be observed, 130 interrupted.`),
		Example: "  postpatch demo\n" +
			"  postpatch lint web.suite.yaml\n" +
			"  postpatch capture web.suite.yaml --credentials patch.credentials.yaml\n" +
			"  postpatch verify web.suite.yaml --credentials patch.credentials.yaml --junit out/junit.xml",
		SilenceErrors: true, SilenceUsage: true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			if err := emptyFlags(cmd); err != nil || a.screen == nil {
				return err
			}
			return a.screen.begin()
		},
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
	}
	root.Version = version
	root.SetVersionTemplate(versionLine())
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	root.PersistentFlags().StringSliceVar(a.packs, "packs", nil,
		"folders of packs that suites use by name (env POSTPATCH_PACKS)")
	if a.screen != nil {
		a.screen.flag(root.PersistentFlags())
	}
	root.AddCommand(
		newPlan(a), newPrecheck(a), newCapture(a), newVerify(a), newGate(a), newDiff(a), newJudge(a), newReport(a),
		newHistory(a), newAccept(a), newBaselines(a), newInit(a), newLint(a), newFmt(a), newTrial(a), newSchema(a),
		newExplain(a), newDoctor(a), newDemo(a), newLab(a), newVersion(a), newMan(a),
	)
	return root
}

// emptyFlags refuses flags that were given and are empty: in a pipeline that is a
// variable that nobody set.
func emptyFlags(cmd *cobra.Command) error {
	var err error
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if value := f.Value.String(); value == "" || value == "[]" {
			err = fmt.Errorf("--%s is given and empty: is a variable not set?", f.Name)
		}
	})
	return err
}
