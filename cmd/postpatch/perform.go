package main

import (
	"context"
	"fmt"
	"os"
	"os/user"
	"strings"
	"time"

	"postpatch/baseline"
	"postpatch/runner"
	"postpatch/runner/report"
)

// performance is one run over the hosts: observe, store, judge, report.
type performance struct {
	job     job
	command string
	name    string
	store   *baseline.Store
	against *baseline.Snapshot // nil for capture
	// stored are the baseline's hosts by their names in lower case: Windows knows
	// no case in names, and two suites may write one differently.
	stored  map[string]string
	options runner.Options
	views   *views
	run     report.Run
	planned string // the plan's digest
	// next names the commands a reader wants after this summary.
	next    func(s report.Summary, b blind) []string
	collect func(report.Host) // may be nil
}

// perform carries the run out. Its results stand in the store and in the views;
// the returned summary has the exit code.
func (p performance) perform(ctx context.Context) (report.Summary, error) {
	defer p.job.logins.Close()
	writer, err := p.store.Create(p.name)
	if err != nil {
		return report.Summary{}, err
	}
	if err := p.views.Start(p.run); err != nil {
		return report.Summary{}, err
	}
	p.stored = map[string]string{}
	if p.against != nil {
		p.options.Baseline = p.against.Manifest().Finished
		for _, entry := range p.against.Manifest().Hosts {
			p.stored[strings.ToLower(entry.Host)] = entry.Host
		}
	}
	tally := runner.NewTally(p.run.Started)
	var blind blind
	planning := runner.NewPlanning(p.job.plan)
	p.options.Begin = p.views.begin
	err = runner.Observe(ctx, p.job.set.Hosts, p.options, func(v runner.Visit) error {
		if err := writer.Put(v.Seen); err != nil {
			return err
		}
		before, err := p.before(v.Host.Name)
		if err != nil {
			return err
		}
		judged := runner.Judge(v, before, planning)
		runner.AddRemoved(&judged, before, p.job.known[v.Host.Name])
		tally.Add(judged)
		blind.note(judged)
		if p.collect != nil {
			p.collect(judged)
		}
		return p.views.Host(judged)
	})
	p.views.stop()
	if err != nil {
		return report.Summary{}, err
	}
	if nowhere, ok := planning.Nowhere(); ok && p.against != nil {
		tally.Add(nowhere)
		if err := p.views.Host(nowhere); err != nil {
			return report.Summary{}, err
		}
	}
	summary := tally.Summary(time.Now().UTC())
	if err := writer.Finish(p.manifest(summary.Finished)); err != nil {
		return report.Summary{}, err
	}
	summary.Next = p.next(summary, blind)
	if err := p.views.Finish(summary); err != nil {
		return report.Summary{}, err
	}
	return summary, p.views.commit()
}

// before returns the host's part of the baseline: nil without one, empty for a
// host that the baseline does not have.
func (p performance) before(host string) (*baseline.Host, error) {
	if p.against == nil {
		return nil, nil
	}
	before, _, err := p.against.Host(p.stored[strings.ToLower(host)])
	if err != nil {
		return nil, err
	}
	before.Host = host
	for i := range before.Readings {
		before.Readings[i].Key.Host = host
	}
	return &before, nil
}

func (p performance) manifest(finished time.Time) baseline.Manifest {
	m := baseline.Manifest{
		Run: p.name, Command: p.command, Tool: "postpatch " + version, By: operator(),
		Started: p.run.Started, Finished: finished, Plan: p.planned, Suites: suiteInfos(p.job),
	}
	if p.run.Baseline != nil {
		m.Baseline = p.run.Baseline.Name
	}
	return m
}

func suiteInfos(j job) []baseline.SuiteInfo {
	var infos []baseline.SuiteInfo
	for _, s := range j.set.Suites {
		infos = append(infos, baseline.SuiteInfo{Name: s.Name, Digest: s.Digest})
	}
	return infos
}

// operator is who runs this, for the record.
func operator() string {
	name := "unknown"
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	machine, err := os.Hostname()
	if err != nil {
		machine = "unknown"
	}
	return name + "@" + machine
}

// newRun begins the report of a run.
func newRun(command, name string, j job) report.Run {
	r := report.Run{
		Command: command, Tool: "postpatch " + version, Name: name,
		Started: time.Now().UTC().Truncate(time.Millisecond), Hosts: len(j.set.Hosts),
	}
	for _, s := range j.set.Suites {
		r.Suites = append(r.Suites, s.Name)
	}
	for _, h := range j.set.Hosts {
		r.Checks += len(h.Checks)
	}
	if j.plan != nil {
		r.Plan = j.plan.Name
	}
	return r
}

// runName is the name a run gets when the operator gives none.
func runName(j job, command string) string {
	names := make([]string, 0, len(j.set.Suites))
	for _, s := range j.set.Suites {
		names = append(names, s.Name)
	}
	return fmt.Sprintf("%s-%s-%s", strings.Join(names[:1], ""), command, time.Now().UTC().Format("20060102T150405.000Z"))
}
