package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"postpatch/baseline"
	"postpatch/suites"
)

// evidence is what the store keeps of a plan's waves.
type evidence struct {
	job      job // of all hosts of the plan
	store    *baseline.Store
	now      time.Time
	trusting bool // only runs that somebody has signed count
	// baselines are those that count: the named ones, or all of the plan's suites, of which
	// the newest of each host counts. The newest come first.
	baselines []baseline.Manifest
	named     bool
	runs      []storedRun // the newest come first
	planless  []baseline.Manifest
	changed   outdated
	notes     []string
}

// storedRun is a verify run of the plan.
type storedRun struct {
	head     baseline.Head
	manifest *baseline.Manifest // nil while the run is not finished
	names    map[string]string  // of the manifest's hosts, by what they are in lower case
	glimpse  *baseline.Glimpse  // nil where the manifest tells enough, see peek
	// Both are read once they are needed.
	snapshot, against *baseline.Snapshot
}

// find finds the plan's runs and the baselines that they count with. What is damaged
// and could be one of them is an error: it may hold what decides.
func (e *evidence) find(ctx context.Context, named []string) error {
	entries, err := e.store.Entries(ctx)
	if err != nil {
		return err
	}
	e.named = len(named) > 0
	for _, name := range named {
		found := func(entry baseline.Entry) bool { return entry.Run == name && entry.Manifest.Command == "capture" }
		if i := slices.IndexFunc(entries, found); i < 0 {
			return fmt.Errorf("--baseline: the store has no finished capture %q; `postpatch baselines ls` lists them", name)
		}
	}
	for _, entry := range entries {
		head, ok, err := e.headOf(ctx, entry)
		switch {
		case err != nil:
			return err
		case !ok:
			continue
		case head.Command == "capture" && entry.Cut: // it is no baseline
		case head.Command == "capture" && !e.counts(head, named):
		case head.Command == "capture" && entry.Err != nil:
			return entry.Err
		case head.Command == "capture":
			e.baselines = append(e.baselines, entry.Manifest)
		case head.Command == "verify" && e.isOfPlan(head):
			if err := e.add(entry, head); err != nil {
				return err
			}
		case head.Command == "verify" && head.Plan == "" && !entry.Cut && entry.Err == nil:
			e.planless = append(e.planless, entry.Manifest)
		}
	}
	newest := func(a, b baseline.Manifest) int { return b.Finished.Compare(a.Finished) }
	slices.SortStableFunc(e.baselines, newest)
	slices.SortStableFunc(e.runs, func(a, b storedRun) int { return b.head.Started.Compare(a.head.Started) })
	return e.peek(ctx)
}

// peek looks at the runs of which the manifest does not tell enough: those without one,
// and those during which another was begun, so that it counts when a host was stored.
func (e *evidence) peek(ctx context.Context) error {
	for i := range e.runs {
		r := &e.runs[i]
		during := func(o storedRun) bool {
			began := o.head.Started
			return o.head.Run != r.head.Run && !began.Before(r.head.Started) && !began.After(r.manifest.Finished)
		}
		if r.manifest != nil && (e.trusting || !slices.ContainsFunc(e.runs, during)) {
			continue
		}
		glimpse, err := e.store.Peek(ctx, r.head.Run)
		damage := (*baseline.Damage)(nil)
		switch {
		case err == nil:
			r.glimpse = glimpse
		case r.manifest == nil || !errors.As(err, &damage) || damage.Kind != baseline.Unfinished:
			return err
		} // else it is of the first versions, which wrote no beginning
	}
	return nil
}

// counts says whether a capture can be a baseline that counts.
func (e *evidence) counts(h baseline.Head, named []string) bool {
	if e.named {
		return slices.Contains(named, h.Run)
	}
	return h.Part == "" && hasSuites(baseline.Manifest{Head: h}, e.job) // a part compares with nothing what it has not
}

// headOf is what a run was begun as. It is not ok of one that nothing tells of.
func (e *evidence) headOf(ctx context.Context, entry baseline.Entry) (baseline.Head, bool, error) {
	if entry.Err == nil && !entry.Cut {
		return entry.Manifest.Head, true, nil
	}
	head, ok, err := e.store.Head(ctx, entry.Run)
	switch {
	case err != nil && entry.Err != nil:
		return head, false, entry.Err
	case err != nil:
		return head, false, fmt.Errorf("run %s may be one of the plan: %w", entry.Run, err)
	case !ok && entry.Err != nil:
		return head, false, entry.Err
	}
	return head, ok, nil
}

// isOfPlan says whether a run is one of the plan. The first versions wrote no name.
func (e *evidence) isOfPlan(h baseline.Head) bool {
	if h.PlanName == "" {
		return h.Plan != "" && h.Plan == e.job.plan.Digest
	}
	return h.PlanName == e.job.plan.Name
}

// add takes in a run that can be evidence.
func (e *evidence) add(entry baseline.Entry, head baseline.Head) error {
	switch {
	case entry.Err != nil:
		return entry.Err
	case head.Pass == string(suites.PassEarly):
		e.note("run %s is of the early pass, which is no evidence: what comes up late is not up yet", head.Run)
		return nil
	}
	r := storedRun{head: head, names: map[string]string{}}
	if !entry.Cut {
		r.manifest = &entry.Manifest
		for _, h := range entry.Manifest.Hosts {
			r.names[strings.ToLower(h.Host)] = h.Host
		}
	}
	if head.Started.After(e.now) {
		e.note("run %s began at %s, and now it is %s: a clock is or was wrong, and nothing that others saw is taken as older",
			head.Run, utc(head.Started), utc(e.now))
	}
	e.runs = append(e.runs, r)
	return nil
}

// has says whether a run has a host, and between which moments it was seen.
func (e *evidence) has(r storedRun, host string) (from, to time.Time, ok bool) {
	if from = r.head.Started; from.After(e.now) {
		from = time.Time{}
	}
	written, ok := time.Time{}, false
	if r.glimpse != nil {
		written, ok = r.glimpse.Written(host)
	}
	told := !e.trusting && !written.Before(r.head.Started) // nobody has signed when a file was written
	if r.manifest == nil {
		if to = written; !told {
			to = time.Unix(1<<40, 0) // no clock tells: no run is later
		}
		return from, to, ok && !e.trusting // nor has anybody signed what it has
	}
	if to = r.manifest.Finished; told && written.Before(to) {
		to = written
	}
	_, ok = r.names[strings.ToLower(host)]
	return from, to, ok
}

// more says whether a run is going on, or can be taken up, that looks at all of a wave.
func (e *evidence) more(w suites.Wave) bool {
	return slices.ContainsFunc(e.runs, func(r storedRun) bool { return r.manifest == nil && e.comes(r, w) })
}

// comes says whether an unfinished run brings what is missing of a wave: it has to ask
// what the suites do now, or it could not be taken up, and to compare with what counts.
func (e *evidence) comes(r storedRun, w suites.Wave) bool {
	asks := e.job
	if r.head.Wave != "" {
		waves, err := e.job.plan.FindWaves(strings.Split(r.head.Wave, ","))
		if err != nil || !slices.ContainsFunc(waves, func(o suites.Wave) bool { return o.Name == w.Name }) {
			return false
		}
		asks = e.job.of(waves...)
	}
	wrong := func(h suites.Host) bool { return e.judgeable(r, h) != counted }
	infos := suiteInfos(e.job)
	slices.SortFunc(infos, func(a, b baseline.SuiteInfo) int { return strings.Compare(a.Name, b.Name) })
	return r.head.Asked == askedOf(asks) && r.head.Plan == e.job.plan.Digest &&
		slices.Equal(r.head.Suites, infos) && !slices.ContainsFunc(hostsOf(e.job, w), wrong)
}

func (e *evidence) note(format string, args ...any) {
	if note := fmt.Sprintf(format, args...); !slices.Contains(e.notes, note) {
		e.notes = append(e.notes, note)
	}
}

func utc(t time.Time) string { return t.UTC().Format(time.RFC3339) }
