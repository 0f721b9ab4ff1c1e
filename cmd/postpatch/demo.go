package main

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"postpatch/examples"
	"postpatch/probes"
	"postpatch/probes/lab"
	"postpatch/probes/lab/estate"
	"postpatch/runner"
	"postpatch/runner/report"
)

func newDemo(a app) *cobra.Command {
	var out outputs
	var folder string
	cmd := &cobra.Command{
		Use:   "demo [FILE.scenario.yaml…]",
		Short: "Show a whole run against simulated servers, or play scenario files",
		Long: "Without arguments: starts a lab of four hosts, takes a baseline, patches and reboots them, verifies,\n" +
			"and prints what an operator would see. With scenario files: plays each one and exits 1 when\n" +
			"anything comes out differently from what the file says (`postpatch explain scenario`).",
		Example: "  postpatch demo\n  postpatch demo examples/demo/acme.scenario.yaml",
		RunE: func(cmd *cobra.Command, files []string) error {
			out.ci = ciNone // what a lab has lost is no pipeline's business
			if len(files) == 0 {
				return showDemo(cmd.Context(), a, out, folder)
			}
			return playAll(cmd.Context(), a, out, files)
		},
	}
	out.flags(cmd)
	out.ignoredFlag(cmd)
	cmd.Flags().StringVar(&folder, "out", filepath.Join("out", "demo"), "folder for the demo's files and reports")
	return cmd
}

// showDemo unpacks the built-in scenario, so that its files can be read and
// edited, and plays it aloud.
func showDemo(ctx context.Context, a app, out outputs, folder string) error {
	if err := unpack(folder); err != nil {
		return err
	}
	s, err := readScenario(filepath.Join(folder, "acme.scenario.yaml"))
	if err != nil {
		return err
	}
	if out.junit == "" {
		out.junit = filepath.Join(folder, "junit.xml")
	}
	if out.json == "" {
		out.json = filepath.Join(folder, "results.jsonl")
	}
	out.aloud = true
	end, err := play(ctx, a, s, out)
	if err != nil {
		return err
	}
	a.talk("\nThis was a lab; nothing left this machine. verify would exit %d. Suite, plan and estate: %s\n",
		end.summary.ExitCode, folder)
	return tellDifferences(a, s.Name, s.differences(end.hosts, end.summary))
}

func unpack(folder string) error {
	return fs.WalkDir(examples.Demo, "demo", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := examples.Demo.ReadFile(path)
		if err != nil {
			return err
		}
		if err := os.MkdirAll(folder, 0o777); err != nil {
			return fmt.Errorf("making the demo's folder: %w", err)
		}
		return os.WriteFile(filepath.Join(folder, filepath.Base(path)), content, 0o644)
	})
}

// playAll plays each scenario and tells them as a table, in which a line is one.
func playAll(ctx context.Context, a app, out outputs, files []string) error {
	all := make([]scenario, len(files))
	width := 0
	for i, file := range files {
		s, err := readScenario(file)
		if err != nil {
			return err
		}
		all[i], width = s, max(width, len(report.Clean(s.Name)))
	}
	otherwise := 0
	for _, s := range all {
		out.aloud = out.verbose > 0
		end, err := play(ctx, a, s, out)
		if err != nil {
			return fmt.Errorf("playing scenario %s: %w", s.Name, err)
		}
		if tellDifferences(a, s.Name, s.differences(end.hosts, end.summary)) != nil {
			otherwise++
			continue
		}
		a.tell("ok    %-*s  exit %d  %s\n", width, report.Clean(s.Name), end.summary.ExitCode, report.Clean(s.comesTo()))
	}
	switch {
	case otherwise > 0:
		a.tell("%d of %s came out otherwise than they say\n", otherwise, scenarios(len(all)))
		return exitError(runner.ExitBroken)
	case len(all) > 1:
		a.tell("%s, each as it says\n", scenarios(len(all)))
	}
	return nil
}

func scenarios(n int) string {
	if n == 1 {
		return "1 scenario"
	}
	return fmt.Sprintf("%d scenarios", n)
}

func tellDifferences(a app, name string, differences []string) error {
	if len(differences) == 0 {
		return nil
	}
	a.tell("FAIL  %s\n", name)
	for _, d := range differences {
		a.tell("      %s\n", report.Clean(d))
	}
	return exitError(runner.ExitBroken)
}

// staged is what a scenario came to.
type staged struct {
	summary report.Summary
	hosts   []report.Host
}

// play starts the scenario's lab, captures, switches and verifies.
func play(ctx context.Context, a app, s scenario, out outputs) (staged, error) {
	folder, err := os.MkdirTemp("", "postpatch-scenario-")
	if err != nil {
		return staged{}, err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	if err := s.unfold(folder); err != nil {
		return staged{}, err
	}
	e, err := estate.LoadWith(s.Estate.path, s.further...)
	if err != nil {
		return staged{}, err
	}
	l, err := lab.Start(ctx, e, lab.Options{})
	if err != nil {
		return staged{}, err
	}
	defer func() { _ = l.Close() }()
	st := stage{app: a, scenario: s, lab: l, estate: e, store: folder}
	if !out.aloud {
		st.app.stdout, st.app.stderr = io.Discard, io.Discard
	}
	if err := st.capture(ctx, out); err != nil {
		return staged{}, err
	}
	st.app.talk("\n    … the maintenance window: the servers are patched and rebooted …\n")
	summary, hosts, err := st.verify(ctx, out)
	return staged{summary, hosts}, err
}

// stage is a running lab with what is played on it.
type stage struct {
	app      app
	scenario scenario
	lab      *lab.Lab
	estate   *estate.Estate
	store    string
}

func (st stage) capture(ctx context.Context, out outputs) error {
	if err := st.lab.Switch(st.scenario.Before); err != nil {
		return err
	}
	out.junit, out.json, out.junitFlags = "", "", junitFlags{}
	st.app.talk("$ postpatch capture %s --name demo\n", shellWords(st.scenario.shown()))
	p, err := st.performance(ctx, "capture", "demo")
	if err != nil {
		return err
	}
	_, err = runWithViews(ctx, st.app, out, p)
	return err
}

func (st stage) verify(ctx context.Context, out outputs) (report.Summary, []report.Host, error) {
	p, err := st.performance(ctx, "verify", "demo-verify")
	if err != nil {
		return report.Summary{}, nil, err
	}
	wait, err := st.enter(&p)
	if err != nil {
		return report.Summary{}, nil, err
	}
	st.app.talk("$ postpatch verify %s --baseline demo%s\n", shellWords(st.scenario.shown()), wait)
	against, err := p.store.Read(ctx, "demo")
	if err != nil {
		return report.Summary{}, nil, err
	}
	p.against = against
	p.run.Baseline = &report.Baseline{Name: "demo", Taken: against.Manifest().Finished}
	var hosts []report.Host
	p.collect = func(h report.Host) { hosts = append(hosts, h) }
	summary, err := runWithViews(ctx, st.app, out, p)
	return summary, hosts, err
}

// enter puts the lab into the state that verify meets, or into the first of those.
func (st stage) enter(p *performance) (flag string, err error) {
	if len(st.scenario.Window) == 0 {
		return "", st.lab.Switch(st.scenario.After)
	}
	s := &staging{acts: st.scenario.Window, enter: st.lab.Switch}
	if p.waiting, err = s.waiting(*p); err != nil {
		return "", err
	}
	return " --wait", s.begin()
}

func (st stage) performance(ctx context.Context, command, name string) (performance, error) {
	in := inputs{
		plan: st.scenario.Plan.path, atOnce: hostsAtOnce, read: st.scenario.read,
		scripts: true, // which a lab answers and runs not
	}
	j, err := in.load(ctx, app{
		stderr: os.Stderr, getenv: func(string) string { return "" }, // a lab is entered by its own accounts
	}, st.scenario.files())
	if err != nil {
		return performance{}, err
	}
	if err := st.inEstate(j.set); err != nil {
		return performance{}, err
	}
	st.scenario.placeAt(j)
	j.routes, j.credentials = st.lab.Routes(), labKeys{st.estate, st.lab.HostKey}
	j.routes[probes.Elsewhere] = probes.Route{} // nothing leaves this machine
	if conf := st.lab.Krb5Conf(); conf != "" {
		j.krb5Conf = filepath.Join(st.store, "krb5.conf")
		if err := os.WriteFile(j.krb5Conf, []byte(conf), 0o644); err != nil {
			return performance{}, err
		}
	}
	if j.roots, err = withRoots(st.lab.CA(), "of the lab"); err != nil {
		return performance{}, err
	}
	store, err := openStore(st.store, "")
	if err != nil {
		return performance{}, err
	}
	again := rerun{
		inputs: inputs{plan: st.scenario.Plan.path, store: standardStore}, suites: st.scenario.files(), baseline: "demo",
	}
	p := performance{
		job: j, command: command, name: name, store: store, options: options(j, in.atOnce), staged: true,
		run: newRun(command, name, j),
		next: func(s report.Summary, b blind) []string {
			if st.scenario.isWhole() {
				return nil // its files are gone when this is read
			}
			if command == "capture" {
				return []string{again.command()}
			}
			return again.after(s, b)
		},
	}
	if command == "verify" && !st.scenario.isWhole() {
		p.again = again.anew(command)
	}
	return p, nil
}
