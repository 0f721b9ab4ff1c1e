package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"gopkg.in/yaml.v3"

	"postpatch/probes/lab/estate"
	"postpatch/runner"
	"postpatch/runner/report"
	"postpatch/suites"
)

// trialFlags are those of test.
type trialFlags struct {
	estate   string
	hosts    []string
	vars     map[string]string
	write    string
	junit    string
	json     string
	coverage bool
	verbose  int
}

func newTrial(a app) *cobra.Command {
	var f trialFlags
	cmd := &cobra.Command{
		Use:   "test SUITE…",
		Short: "Run suites and packs against simulated servers, and hold them against their tests",
		Long: "Plays the cases of the test beside each suite (web.test.yaml of web.suite.yaml) in a lab: what is healthy\n" +
			"has to pass, and what is broken has to be caught (postpatch explain test). Exit code 1 when a case comes\n" +
			"out differently. Without such a file, --estate shows what each check makes of an estate where nothing\n" +
			"changes; --write-estate writes one to begin with.",
		Example: "  postpatch test web.suite.yaml\n" +
			"  postpatch test web.suite.yaml --write-estate web.estate.yaml\n" +
			"  postpatch test web.suite.yaml --estate web.estate.yaml",
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, files []string) error {
			if f.write != "" {
				if len(files) > 1 || f.estate != "" {
					return errors.New("--write-estate: want one suite, and no --estate")
				}
				return writeEstate(cmd.Context(), a, f, files[0])
			}
			return testAll(cmd.Context(), a, f, files)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.estate, "estate", "", "simulated servers to run against, in place of the test's own")
	flags.StringSliceVar(&f.hosts, "hosts", nil, "hosts of a pack (default: the test's, or all of the estate)")
	flags.StringToStringVar(&f.vars, "var", nil, "a variable of a pack: NAME=VALUE")
	flags.StringVar(&f.write, "write-estate", "", "write a healthy estate for the suite's hosts to this file, and end")
	flags.StringVar(&f.junit, "junit", "", "write JUnit XML to this file, a test case for each case")
	flags.StringVar(&f.json, "json", "", "write the results as JSON to this file")
	flags.BoolVar(&f.coverage, "coverage", false, "list for each check which cases have seen it fail, by which readings")
	flags.CountVarP(&f.verbose, "verbose", "v", "print the report of each case")
	return cmd
}

// tested is one suite with what its cases came to.
type tested struct {
	trial *trial
	set   *suites.Set
	cases []testedCase
}

// testedCase is a case that was played.
type testedCase struct {
	name        string
	end         staged
	comesTo     string
	differences []string
}

func testAll(ctx context.Context, a app, f trialFlags, files []string) error {
	trials := make([]*trial, len(files))
	for i, file := range files {
		var err error
		if trials[i], err = findTrial(file, f); err != nil {
			return err
		}
	}
	read := append(slices.Clone(files), f.estate)
	for _, t := range trials {
		read = append(read, t.file)
	}
	if err := apart([]string{f.junit, f.json, f.write}, read); err != nil {
		return err
	}
	all := make([]tested, len(trials))
	differ := 0
	for i, t := range trials {
		var err error
		if all[i], err = t.run(ctx, a, f); err != nil {
			return err
		}
		tellTested(a, all[i], f)
		for _, c := range all[i].cases {
			if len(c.differences) > 0 {
				differ++
			}
		}
	}
	if err := writeTested(all, f); err != nil {
		return err
	}
	if differ > 0 {
		return exitError(runner.ExitBroken)
	}
	return nil
}

// findTrial reads a suite's test, or makes one in which nothing changes.
func findTrial(file string, f trialFlags) (*trial, error) {
	path := file
	if !strings.HasSuffix(file, trialEnding) {
		path = trialOf(file)
	}
	t, err := readTrial(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && path != file && f.estate != "":
		if t, err = stillTrial(file); err != nil {
			return nil, err
		}
	case errors.Is(err, fs.ErrNotExist) && path != file:
		return nil, fmt.Errorf("testing %s: there is no %s beside it: write one (postpatch explain test), "+
			"or name an --estate", file, path)
	case err != nil:
		return nil, err
	}
	if f.estate != "" {
		t.Estate = part{path: f.estate}
	}
	if t.Estate.empty() {
		return nil, fmt.Errorf("reading test %q: it has no estate: name one there, or by --estate", path)
	}
	return t, t.give(f)
}

// stillTrial is a test of a suite that has none: nothing changes.
func stillTrial(file string) (*trial, error) {
	still := trialCase{Name: "nothing changes"}
	if err := still.complete(ending{}); err != nil {
		return nil, err
	}
	return &trial{Suite: file, Cases: []trialCase{still}}, nil
}

// give adds what the flags say of a pack.
func (t *trial) give(f trialFlags) error {
	names := f.hosts
	if len(names) == 0 && t.Hosts.Kind == 0 && isPack(t.Suite) && t.Estate.path != "" {
		e, err := estate.Load(t.Estate.path)
		if err != nil {
			return err
		}
		for _, h := range e.Hosts(e.States()[0]) {
			names = append(names, h.Name)
		}
	}
	if len(names) > 0 {
		t.Hosts = yaml.Node{Kind: yaml.SequenceNode}
		for _, name := range names {
			t.Hosts.Content = append(t.Hosts.Content, scalar(name))
		}
	}
	if len(f.vars) == 0 {
		return nil
	}
	vars := yaml.Node{Kind: yaml.MappingNode}
	for _, name := range slices.Sorted(maps.Keys(f.vars)) {
		vars.Content = append(vars.Content, scalar(name), scalar(f.vars[name]))
	}
	vars.Content = withoutDoubles(append(vars.Content, t.Vars.Content...))
	t.Vars = vars
	return nil
}

// isPack says whether a suite leaves its hosts to who uses it.
func isPack(file string) bool {
	content, err := readText(file)
	if err != nil {
		return false // who loads it says so
	}
	keys, told := topKeys(content)
	return told && !slices.Contains(keys, "hosts")
}

// run plays all cases.
func (t *trial) run(ctx context.Context, a app, f trialFlags) (tested, error) {
	done := tested{trial: t}
	out := outputs{color: "auto", progress: "never", verbose: max(0, f.verbose-1), aloud: f.verbose > 0}
	for _, c := range t.Cases {
		s := t.scenario(c, t.reader(a.library(), &done.set))
		end, err := play(ctx, a, s, out)
		if exit := exitError(0); errors.As(err, &exit) {
			return done, err // all has been said
		}
		if err != nil {
			return done, fmt.Errorf("testing %s: case %q: %w", t.Suite, c.Name, err)
		}
		done.inOrder(end.hosts)
		done.cases = append(done.cases, testedCase{
			name: c.Name, end: end, comesTo: c.Expect.words(), differences: s.differences(end.hosts, end.summary),
		})
	}
	return done, nil
}

// inOrder puts hosts into the order of the suite; a run tells them as they are done.
func (t tested) inOrder(hosts []report.Host) {
	at := map[string]int{}
	for i, h := range t.set.Hosts {
		at[h.Name] = i
	}
	slices.SortStableFunc(hosts, func(a, b report.Host) int { return cmp.Compare(at[a.Host], at[b.Host]) })
}

// isWrong says of a check's outcome that it has seen something.
func isWrong(o report.Outcome) bool {
	switch o {
	case report.Drifted, report.PreExisting, report.Waived, report.Unmet, report.Failed, report.Regressed:
		return true
	default:
		return false
	}
}
