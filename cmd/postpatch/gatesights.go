package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"postpatch/baseline"
	"postpatch/runner"
	"postpatch/suites"
)

// standing is whether what a run saw counts, by the baseline that it compared with.
type standing int

const (
	counted     standing = iota
	beforeThat           // the run is older than the baseline: it has seen nothing of the patch
	withAnother          // it compared with another baseline than the one that counts
)

// judgeable says whether what a run saw of a host counts.
func (e *evidence) judgeable(r storedRun, h suites.Host) standing {
	all := e.baselinesOf(h)
	switch {
	case len(all) == 0: // the host is new since, and judged as such
		return counted
	case slices.ContainsFunc(all, func(m baseline.Manifest) bool { return m.Run == r.head.Baseline }):
		return counted
	case !slices.ContainsFunc(all, func(m baseline.Manifest) bool { return !r.head.Started.Before(m.Finished) }):
		return beforeThat
	default:
		return withAnother
	}
}

// baselinesOf are the baselines of a host that count: the named ones, or the newest.
func (e *evidence) baselinesOf(h suites.Host) []baseline.Manifest {
	if e.named {
		return e.baselines
	}
	i := slices.IndexFunc(e.baselines, func(m baseline.Manifest) bool {
		return slices.ContainsFunc(m.Hosts, func(entry baseline.HostEntry) bool {
			return strings.EqualFold(entry.Host, h.Name) || h.Was != "" && strings.EqualFold(entry.Host, h.Was)
		})
	})
	if i < 0 {
		return nil
	}
	return e.baselines[i : i+1]
}

func (e *evidence) baselineWords(h suites.Host) string {
	var names []string
	for _, m := range e.baselinesOf(h) {
		names = append(names, m.Run)
	}
	return strings.Join(names, ", ")
}

// of gathers what is known of a wave.
func (e *evidence) of(ctx context.Context, w suites.Wave) (runner.WaveSeen, error) {
	j := e.job.of(w)
	seen := runner.WaveSeen{Wave: w, More: e.more(w)}
	sights := make(map[string][]runner.Sight, len(j.set.Hosts))
	planning := runner.NewPlanning(j.plan)
	for i := range e.runs {
		if err := e.look(ctx, &e.runs[i], look{j, planning, sights}); err != nil {
			return seen, err
		}
	}
	for _, h := range j.set.Hosts {
		seen.Hosts = append(seen.Hosts, runner.Fold(h.Name, sights[h.Name]))
	}
	gone, err := e.vanished(ctx, j)
	if err != nil {
		return seen, err
	}
	for _, h := range gone {
		seen.Hosts = append(seen.Hosts, runner.HostSeen{Host: h.Host, Is: runner.HostUnknown, Why: h.Checks[0].Error})
	}
	if nowhere, ok := planning.Nowhere(); ok {
		for _, c := range nowhere.Checks {
			seen.Lacks = append(seen.Lacks, c.ID)
		}
	}
	return seen, nil
}

// look is a look at the runs for the hosts of one wave.
type look struct {
	job      job
	planning *runner.Planning
	sights   map[string][]runner.Sight // by host
}

// passesBefore are the passes against which a run is held, where the plan wants something
// of it that only they can show.
func (e *evidence) passesBefore(ctx context.Context, r storedRun) ([]runner.Earlier, error) {
	pass := suites.Pass(r.head.Pass)
	if wanted := e.job.plan.Passes[pass]; wanted == "" || wanted == suites.RebootAllowed {
		return nil, nil
	}
	past, err := lookBack(ctx, e.store, moment{r.head.Baseline, pass, r.head.Started}, e.job.plan.Settle)
	return past.earlier, err
}

// look judges what a run saw of the hosts of a wave, where that can still count.
func (e *evidence) look(ctx context.Context, r *storedRun, l look) error {
	var hosts []suites.Host
	sights := map[string]runner.Sight{}
	var older []string
	for _, h := range l.job.set.Hosts {
		from, to, has := e.has(*r, h.Name)
		s := runner.Sight{Run: r.head.Run, From: from, To: to}
		switch over := func(later runner.Sight) bool { return later.Is != runner.HostUnknown && later.Replaces(s) }; {
		case !has || slices.ContainsFunc(l.sights[h.Name], over):
		case e.judgeable(*r, h) == beforeThat:
			older = append(older, e.baselineWords(h))
		default:
			hosts, sights[h.Name] = append(hosts, h), s
		}
	}
	e.tellOf(*r, l.job, older)
	if len(hosts) == 0 {
		return nil
	}
	if err := e.read(ctx, r); err != nil {
		return err
	}
	past, err := e.passesBefore(ctx, *r)
	if err != nil {
		return err
	}
	before := performance{against: r.against}
	known := storedNames(r.against)
	work := func(yield func(func() (runner.Sight, error)) bool) {
		for _, h := range hosts {
			if !yield(func() (runner.Sight, error) {
				was, err := before.before(ctx, known, h)
				if err != nil {
					return runner.Sight{}, err
				}
				planning := l.planning.At(l.job.set.Waivers, r.head.Started)
				planning.After(suites.Pass(r.head.Pass), past)
				return e.sight(ctx, *r, h, judgedBy{planning, was})
			}) {
				return
			}
		}
	}
	i := 0
	return runner.InOrder(judgedAtOnce(), work, func(found runner.Sight) error {
		h := hosts[i]
		i++
		if s := sights[h.Name]; found.Is != runner.HostUnseen {
			s.Is, s.Why, s.Partly = found.Is, found.Why, found.Partly
			l.sights[h.Name] = append(l.sights[h.Name], s)
		}
		return nil
	})
}

// read reads a run, and what it was compared with.
func (e *evidence) read(ctx context.Context, r *storedRun) error {
	var err error
	if r.manifest != nil && r.snapshot == nil {
		if r.snapshot, err = e.store.Read(ctx, r.head.Run); err != nil {
			return err
		}
	}
	for _, other := range e.runs {
		if other.against != nil && other.head.Baseline == r.head.Baseline {
			r.against = other.against
			return nil
		}
	}
	if r.against, err = e.store.Read(ctx, r.head.Baseline); err != nil {
		return fmt.Errorf("run %s cannot be judged: %w", r.head.Run, err)
	}
	return nil
}

// judgedBy is what a host is held against.
type judgedBy struct {
	planning *runner.Planning
	was      *baseline.Host
}

// sight judges what a run saw of a host; unseen where it has nothing of it after all.
func (e *evidence) sight(ctx context.Context, r storedRun, h suites.Host, by judgedBy) (runner.Sight, error) {
	if err := ctx.Err(); err != nil {
		return runner.Sight{}, err
	}
	from, as := storedHosts(r.glimpse), h.Name
	if r.snapshot != nil {
		from, as = r.snapshot, r.names[strings.ToLower(h.Name)]
	}
	seen, found, err := from.Host(ctx, as)
	if err != nil || !found {
		return runner.Sight{Is: runner.HostUnseen}, err
	}
	seen.Rename(h.Name)
	again := replay{run: r.head.Run, started: r.head.Started}
	unasked := again.unaskedOf(h, seen)
	v := runner.Visit{Host: h, Seen: again.asAsked(h, seen), Started: r.head.Started}
	s := runner.SightOf(runner.Judge(v, by.was, by.planning), func(check string) bool { return unasked[check] })
	if another := e.judgeable(r, h); another != counted && s.Is == runner.HostWell && !s.Partly {
		s.Is, s.Why = runner.HostUnknown, "the run compared with "+r.head.Baseline+", and what counts is "+e.baselineWords(h)
	}
	if part := comparedWith(r); part != "" && s.Is == runner.HostWell {
		s.Is, s.Why = runner.HostUnknown, "the run was compared with "+r.head.Baseline+", which has a part alone, by "+part
	}
	return s, nil
}

// comparedWith is the choice of which a run's baseline is a part; "" where it is whole.
func comparedWith(r storedRun) string {
	if r.against == nil {
		return ""
	}
	return r.against.Manifest().Part
}

// unaskedOf are the checks of a host to which the run has no answer.
func (r replay) unaskedOf(h suites.Host, seen baseline.Host) map[string]bool {
	records := map[string]baseline.Check{}
	for _, record := range seen.Checks {
		records[record.Check] = record
	}
	unasked := map[string]bool{}
	for _, c := range h.Checks {
		record, tried := records[c.Key()]
		unasked[c.Key()] = r.unasked(c, record, tried) != ""
	}
	return unasked
}

// tellOf notes what the reader has to know of a run whose hosts are looked at.
func (e *evidence) tellOf(r storedRun, j job, older []string) {
	in := 0
	for _, h := range j.set.Hosts {
		_, has := r.names[strings.ToLower(h.Name)]
		if r.manifest == nil {
			_, has = r.glimpse.Written(h.Name)
		}
		if has {
			in++
		}
	}
	switch {
	case in == 0:
		return
	case len(older) > 0:
		e.note("run %s is older than the baseline %s of %s: it is no evidence, unless the baselines from before the patch "+
			"are named with --baseline", r.head.Run, older[0], hostWords(len(older)))
	case r.manifest == nil && e.trusting:
		e.note("run %s is going on, or was cut off: nobody has signed it yet, so that it is no evidence", r.head.Run)
		return
	case r.manifest == nil:
		e.note("run %s is going on, or was cut off: it has %d of %s of wave %s", r.head.Run, in,
			hostWords(len(j.set.Hosts)), waveWords(j.waves))
	}
	if len(older) == in {
		return
	}
	for _, now := range suiteInfos(j) {
		if same := func(was baseline.SuiteInfo) bool { return was == now }; !slices.ContainsFunc(r.head.Suites, same) {
			e.changed.since("suite "+now.Name, r.head.Run)
		}
	}
	if r.head.Plan != j.plan.Digest {
		e.changed.since("the plan", r.head.Run)
	}
}

// outdated are the runs since which something has changed, by what it is.
type outdated map[string][]string

func (c outdated) since(what, run string) {
	if !slices.Contains(c[what], run) {
		c[what] = append(c[what], run)
	}
}

// notes tells of them. Runs are judged by what is said now; what was not asked then stays
// unknown.
func (c outdated) notes() []string {
	var notes []string
	for _, what := range slices.Sorted(maps.Keys(c)) {
		runs, word := slices.Sorted(slices.Values(c[what])), "run"
		if len(runs) > 1 {
			word = "runs"
		}
		notes = append(notes, fmt.Sprintf("%s has changed since %s %s: judged as it is now", what, word, shorten(runs)))
	}
	return notes
}
