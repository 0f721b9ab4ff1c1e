package main

import (
	"context"
	"fmt"
	"os"
	"os/user"
	"slices"
	"strings"
	"time"

	"postpatch/baseline"
	"postpatch/runner"
	"postpatch/runner/report"
	"postpatch/suites"
)

// performance is one run over the hosts: observe, store, judge, report.
type performance struct {
	job     job
	command string
	name    string
	store   *baseline.Store
	against *baseline.Snapshot // nil for capture
	options runner.Options
	limits  runner.Limits // their number of hosts is that of the options
	views   *views
	run     report.Run
	planned string // the plan's digest
	resume  bool   // take the run up where it was cut off
	learn   learning
	waiting *runner.Waiting                  // for hosts to settle; nil looks once
	until   time.Time                        // when the run has to be done; zero for no limit
	pass    string                           // of a verify, see suites.Pass
	past    past                             // what it is held against beside the baseline
	say     func(format string, args ...any) // what is no result
	// on is when what is judged was seen, if that was not in this run: a waiver that
	// held then holds still.
	on      time.Time
	resumed string // the command that takes the run up
	again   string // the command that asks all hosts and checks anew
	staged  bool   // of a demo: the store is gone when somebody reads of it
	// next names the commands a reader wants after this summary.
	next    func(s report.Summary, b blind) []string
	collect func(report.Host) // may be nil
	look    looker            // may be nil
	// listIgnored is the command that lists what rules hide; empty where there is none.
	listIgnored string
}

// looker sees of every host what it was judged by.
type looker func(v runner.Visit, before *baseline.Host, judged report.Host)

// perform carries the run out. Its results stand in the store and in the views;
// the returned summary has the exit code.
func (p performance) perform(ctx context.Context) (report.Summary, error) {
	defer p.job.logins.Close()
	if p.against != nil {
		p.options.Baseline = p.against.Manifest().Finished
	}
	p.options.Begin, p.options.Slots = p.views.begin, p.slots()
	easeCollection(os.Getenv, p.options.Hosts)
	taking, err := p.take(ctx)
	if err != nil {
		return report.Summary{}, err
	}
	if err := p.views.keep(taking.writer); err != nil {
		return report.Summary{}, err
	}
	summary, blind, err := p.judge(ctx, taking.visits)
	if err != nil {
		return report.Summary{}, cutOff{p.name, err}
	}
	summary.Notes = slices.Concat(summary.Notes, taking.notes(p.until), pacingNotes(p.options.Slots))
	summary.Next, summary.Again = p.next(summary, blind), p.again
	if len(taking.late) > 0 {
		summary.Next, summary.Unfinished = append([]string{p.resumed}, summary.Next...), true
	} else if !p.staged {
		p.views.again = p.reported()
		summary.Retell = p.views.again
	}
	if !p.views.kept(summary) { // there is nothing to make them again of
		p.views.again, summary.Retell = "", ""
	}
	if err := taking.finish(ctx, summary.Finished); err != nil {
		return report.Summary{}, cutOff{p.name, err}
	}
	return summary, p.views.Finish(summary)
}

// reported is the command that makes the reports of this run again.
func (p performance) reported() string {
	store := flagWords(flagValue{"--store", p.store.Name(), standardStore})
	return shellWords(append([]string{"postpatch", "report", p.name}, store...))
}

// judged is one host with what it was judged by.
type judged struct {
	visit  runner.Visit
	before *baseline.Host
	host   report.Host
}

// judges judge what was seen of a host, several at once, and take what comes of it,
// one at a time.
type judges struct {
	judge func(v runner.Visit, before *baseline.Host) judged
	take  func(judged) error
}

// visits have every host judged that was seen.
type visits func(ctx context.Context, j judges) error

// judge holds what was seen of every host against the suites and the baseline,
// and shows what each comes to.
func (p performance) judge(ctx context.Context, seen visits) (report.Summary, blind, error) {
	var blind blind
	began := time.Now() // its clock only goes on, whatever becomes of the one that is told
	planning := p.planning()
	p.run.Notes = slices.Concat(partNotes(p.job), p.run.Notes, p.job.set.LeftOut, overNotes(planning.Over()))
	if err := p.views.Start(p.run); err != nil {
		return report.Summary{}, blind, err
	}
	tally := runner.NewTally(p.run.Started)
	if p.command == "precheck" {
		tally.Precheck()
	}
	renames := renames{against: p.against, known: p.job.known}
	err := seen(ctx, judges{
		judge: func(v runner.Visit, before *baseline.Host) judged {
			h := runner.Judge(v, before, planning)
			runner.AddRemoved(&h, before, p.job.known[v.Host.Name], p.job.listed)
			return judged{v, before, h}
		},
		take: func(j judged) error {
			j.host.Notes = append(j.host.Notes, renames.of(j.visit)...)
			tally.Add(j.host)
			blind.note(j.host)
			if p.collect != nil {
				p.collect(j.host)
			}
			if p.look != nil {
				p.look(j.visit, j.before, j.host)
			}
			return p.views.Host(j.host)
		},
	})
	p.views.stop()
	if err != nil {
		return report.Summary{}, blind, err
	}
	beside, err := p.job.vanished(ctx, p.against)
	if err != nil {
		return report.Summary{}, blind, err
	}
	if nowhere, ok := planning.Nowhere(); ok && p.against != nil {
		beside = append(beside, nowhere)
	}
	for _, h := range beside {
		tally.Add(h)
		if err := p.views.Host(h); err != nil {
			return report.Summary{}, blind, err
		}
	}
	summary := tally.Summary(time.Now().UTC())
	if p.against != nil {
		summary.Notes = append(summary.Notes, planning.Idle()...)
	}
	summary.Took = time.Since(began)
	if len(summary.Ignored) > 0 {
		summary.ListIgnored = p.listIgnored
	}
	return summary, blind, nil
}

// planning is what the operator and the owners say of the patch.
func (p performance) planning() *runner.Planning {
	planning := runner.NewPlanning(p.job.plan)
	on := p.run.Started
	if !p.on.IsZero() {
		on = p.on
	}
	planning.Waive(p.job.set.Waivers, on)
	planning.After(suites.Pass(p.pass), p.past.earlier)
	if p.past.window != nil {
		planning.Since(*p.past.window)
	}
	return planning
}

// overNotes names the waivers that are over.
func overNotes(over []string) []string {
	switch len(over) {
	case 0:
		return nil
	case 1:
		return []string{"this waiver is over, and what it covered fails: mend it, or give the waiver another day: " + over[0]}
	default:
		return []string{fmt.Sprintf("%d waivers are over, and what they covered fails: mend it, or give them another day: %s",
			len(over), shorten(over))}
	}
}

// storedNames are a snapshot's hosts by their names in lower case: Windows knows
// no case in names, and two suites may write one differently.
func storedNames(s *baseline.Snapshot) hostNames {
	names := hostNames{}
	if s != nil {
		for _, entry := range s.Manifest().Hosts {
			names.add(entry.Host)
		}
	}
	return names
}

// hostNames are the names of stored hosts by what they are in lower case. One that is
// in lower case is not kept: most are.
type hostNames map[string]string

func (n hostNames) add(host string) {
	if lower := strings.ToLower(host); lower != host {
		n[lower] = host
	}
}

// of returns the name that a host would be stored under.
func (n hostNames) of(host string) string {
	lower := strings.ToLower(host)
	if name, found := n[lower]; found {
		return name
	}
	return lower
}

// nameIn returns the name that a snapshot has for a host: its own or, where the suite
// says that it was renamed, the one that it had.
func nameIn(s *baseline.Snapshot, names hostNames, h suites.Host) string {
	name := names.of(h.Name)
	if h.Was != "" && !s.Has(name) {
		return names.of(h.Was)
	}
	return name
}

// before returns the host's part of the baseline: nil without one, empty for a
// host that the baseline does not have.
func (p performance) before(ctx context.Context, names hostNames, host suites.Host) (*baseline.Host, error) {
	if p.against == nil {
		return nil, nil
	}
	before, _, err := p.against.Host(ctx, nameIn(p.against, names, host))
	before.Rename(host.Name)
	return &before, err
}

// storedHosts are the hosts of a run, finished or not.
type storedHosts interface {
	Host(ctx context.Context, name string) (h baseline.Host, found bool, err error)
}

// storedHost is a stored host under the name that the suites have for it; empty for
// one that is not there.
func storedHost(ctx context.Context, from storedHosts, names hostNames, host string) (baseline.Host, error) {
	h, _, err := from.Host(ctx, names.of(host))
	if err != nil {
		return baseline.Host{}, err
	}
	h.Rename(host)
	return h, nil
}

func (p performance) head() baseline.Head {
	h := baseline.Head{
		Pass: p.pass, Run: p.name, Command: p.command, Tool: "postpatch " + version, By: operator(),
		Started: p.run.Started, Plan: p.planned, Suites: suiteInfos(p.job), Asked: askedOf(p.job),
	}
	if p.run.Baseline != nil {
		h.Baseline = p.run.Baseline.Name
	}
	if p.job.plan != nil {
		h.PlanName, h.Wave = p.job.plan.Name, waveWords(p.job.waves)
	}
	h.Part = p.job.part
	if p.learn.samples > 1 {
		h.Samples, h.Every = p.learn.samples, p.learn.every.String()
	}
	return h
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
		Started: time.Now().UTC().Truncate(time.Millisecond), Hosts: len(j.set.Hosts), Part: j.part,
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
