package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"postpatch/baseline"
	"postpatch/runner"
	"postpatch/runner/report"
	"postpatch/suites"
)

// taking is a run while it is being stored: what it has of a try before, and what
// has yet to be asked.
type taking struct {
	performance
	writer *baseline.Writer
	had    map[string]bool // the hosts that it has, by their names in lower case
	names  hostNames       // of these
	known  hostNames       // of the baseline's hosts
	lateness
}

// take begins the run in the store, or takes it up where it was cut off.
func (p *performance) take(ctx context.Context) (*taking, error) {
	begin := p.store.Create
	if p.resume {
		begin = p.store.Resume
	}
	writer, err := begin(ctx, p.head())
	if err != nil {
		return nil, err
	}
	t := &taking{writer: writer, had: map[string]bool{}, names: hostNames{}, known: storedNames(p.against)}
	t.done = map[string]bool{}
	for _, host := range writer.Stored() {
		t.had[strings.ToLower(host)] = true
		t.names.add(host)
	}
	at, finished := writer.Finished()
	switch {
	case finished:
		p.run.Notes = append(p.run.Notes, fmt.Sprintf("run %s was finished at %s: nothing was asked again",
			p.name, at.UTC().Format(time.RFC3339)))
	case len(t.had) > 0:
		p.run.Notes = append(p.run.Notes, fmt.Sprintf("taken up: %d of %d hosts are from before, since %s",
			len(t.had), len(p.job.set.Hosts), writer.Started().UTC().Format(time.RFC3339)))
	}
	t.performance = *p
	return t, nil
}

// visits hands over what the run has, and then what it asks now.
func (t *taking) visits(ctx context.Context, j judges) error {
	isStored := func(h suites.Host) bool { return t.had[strings.ToLower(h.Name)] }
	var stored, left []suites.Host
	for _, h := range t.job.set.Hosts {
		if isStored(h) {
			stored = append(stored, h)
		} else {
			left = append(left, h)
		}
	}
	r := replay{
		run: t.name, started: t.writer.Started(),
		read: func(ctx context.Context, host suites.Host) (*baseline.Host, baseline.Host, error) {
			seen, err := storedHost(ctx, t.writer, t.names, host.Name)
			if err != nil {
				return nil, baseline.Host{}, err
			}
			was, err := t.before(ctx, t.known, host)
			return was, seen, err
		},
	}
	if err := r.visits(stored)(ctx, j); err != nil {
		return err
	}
	if _, finished := t.writer.Finished(); finished && len(left) > 0 {
		return fmt.Errorf("run %s is finished and has no host %q", t.name, left[0].Name)
	}
	within, cancel := t.within(ctx)
	defer cancel()
	err := t.sample(within, left)
	if err == nil {
		err = t.observe(ctx, within, left, j)
	}
	if isLate := errors.Is(context.Cause(within), errDeadline) && ctx.Err() == nil; isLate && late(err) {
		return t.tooLate(ctx, left, j)
	}
	return err
}

// late says whether an error is none but the deadline's.
func late(err error) bool {
	return err == nil || errors.Is(err, errDeadline) || errors.Is(err, context.DeadlineExceeded)
}

// storedAtOnce is how many hosts are being stored and judged at the same time, beside
// those that are visited: what a disk takes for one file, it takes for several. Where
// hosts are visited one by one, so are they stored.
const storedAtOnce = 8

// observe asks the hosts within one context, and stores what they say within another.
func (t *taking) observe(ctx, within context.Context, left []suites.Host, j judges) error {
	behind := runner.NewBehind(min(storedAtOnce, t.options.Hosts), j.take)
	done := func(v runner.Visit) error {
		t.done[v.Host.Name] = true
		return behind.Do(func() (judged, error) { return t.keep(ctx, v, j) })
	}
	j.take = behind.Take
	err := t.ask(ctx, within, left, visited{j, done})
	if kept := behind.Wait(); kept != nil {
		return kept
	}
	return err
}

// keep stores what was seen of a host, and judges it.
func (t *taking) keep(ctx context.Context, v runner.Visit, j judges) (judged, error) {
	v, err := t.learned(ctx, v)
	if err != nil {
		return judged{}, err
	}
	if err := t.writer.Put(ctx, v.Seen); err != nil {
		return judged{}, err
	}
	before, err := t.before(ctx, t.known, v.Host)
	if err != nil {
		return judged{}, err
	}
	return j.judge(v, before), nil
}

// visited is what becomes of the visits of a run.
type visited struct {
	judges
	done func(runner.Visit) error
}

// ask visits the hosts, once or until they have settled.
func (t *taking) ask(ctx, within context.Context, left []suites.Host, j visited) error {
	if t.waiting == nil {
		return runner.Observe(within, left, t.options, j.done)
	}
	run := runner.Watch{Hosts: left, Options: t.options, Waiting: *t.waiting}
	run.Before = func(ctx context.Context, h suites.Host) (*baseline.Host, error) { return t.before(ctx, t.known, h) }
	if run.Tell == nil {
		run.Tell = t.views.wait
	}
	interim := t.planning() // what it remembers of a look is not what the run comes to
	run.Judge = func(v runner.Visit, before *baseline.Host) report.Host { return runner.Judge(v, before, interim) }
	return runner.Await(within, run, j.done, func(v runner.Visit) error {
		if !errors.Is(context.Cause(within), errDeadline) {
			return nil
		}
		return t.cut(ctx, j.judges, v)
	})
}

func (t *taking) finish(ctx context.Context, at time.Time) error {
	if _, finished := t.writer.Finished(); finished || len(t.late) > 0 {
		return nil
	}
	return t.writer.Finish(ctx, at, t.job.sign)
}

// cutOff is the error of a run that came to no end: what it stored is kept.
type cutOff struct {
	run string
	err error
}

func (e cutOff) Error() string { return e.err.Error() + "; " + e.wayOut() }

func (e cutOff) Unwrap() error { return e.err }
func (e cutOff) wayOut() string {
	if lost := (*baseline.LostError)(nil); errors.As(e.err, &lost) {
		return "what was stored cannot be taken up: begin anew, under another --name"
	}
	return "what was stored is kept: the same command with --name " + e.run + " --resume takes it up"
}

// cutRun is the run that --resume takes up: the one of that name or, without a name,
// the newest that was cut off and asks the same. It is not ok when the run has yet to
// be begun.
func (in *inputs) cutRun(
	ctx context.Context, store *baseline.Store, command string, j job,
) (head baseline.Head, taken bool, err error) {
	if !in.resume {
		return baseline.Head{}, false, nil
	}
	if in.name != "" {
		return store.Head(ctx, in.name)
	}
	cut, err := store.Begun(ctx)
	if err != nil {
		return baseline.Head{}, false, err
	}
	i := slices.IndexFunc(cut, func(h baseline.Head) bool { return h.Command == command && h.Asked == askedOf(j) })
	if i < 0 {
		return baseline.Head{}, false, errors.New("--resume: no run of these suites and hosts was cut off; " +
			"name one with --name, or leave --resume out to begin one")
	}
	return cut[i], true, nil
}

// askedOf is a digest of all that a job asks of its hosts: of a line for each check of
// each host, sorted. They are made host by host, since all of them are many.
func askedOf(j job) string {
	hosts := make([]string, len(j.set.Hosts)) // as the lines begin
	order := make([]int, len(j.set.Hosts))
	for i, h := range j.set.Hosts {
		hosts[i], order[i] = strconv.Quote(strings.ToLower(h.Name)), i
	}
	slices.SortStableFunc(order, func(a, b int) int { return strings.Compare(hosts[a], hosts[b]) })
	sum := sha256.New()
	var lines []string
	for n, i := range order {
		for _, c := range j.set.Hosts[i].Checks {
			lines = append(lines, fmt.Sprintf("%s %q %s\n", hosts[i], c.Key(), c.Asked))
		}
		if n+1 < len(order) && hosts[order[n+1]] == hosts[i] {
			continue // one host more of the name, written otherwise
		}
		slices.Sort(lines)
		for _, line := range lines {
			_, _ = io.WriteString(sum, line) // a digest takes everything
		}
		lines = lines[:0]
	}
	return hex.EncodeToString(sum.Sum(nil))
}
