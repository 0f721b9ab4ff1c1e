package runner

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"postpatch/baseline"
	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/runner/report"
	"postpatch/suites"
)

// Waiting says how hosts are waited for after a reboot.
type Waiting struct {
	Settle suites.Settle
	Reboot suites.Reboot // whether a host counts as back before it has been restarted
	// Once looks at every host once, as soon as it is back: the early pass.
	Once bool
	// Alive asks a host that has checks to be asked through a session whether it
	// answers, without an account; nil asks by looking.
	Alive func(ctx context.Context, h suites.Host) error
	// Before reads a host's part of the baseline; nil without one.
	Before func(ctx context.Context, h suites.Host) (*baseline.Host, error)
	// Judge says what has been seen so far comes to. It is asked again and again of one
	// host, and is not to remember it.
	Judge func(v Visit, before *baseline.Host) report.Host
	// Tell, when not nil, is told what a host is waited for; it may be called by several
	// goroutines at once.
	Tell func(hostName, what string)
}

// Watch is a run that waits.
type Watch struct {
	Hosts []suites.Host
	Options
	Waiting
}

// Await is Observe for hosts that have just been patched. Every host is asked until it
// is back, looked at, and what is not well is asked again until it is, or until its
// time to settle is over; then what is well has to hold. A host that is waited for
// takes no place of another. A visit that ctx cut short is handed to cut with what it
// had seen; cut may be nil.
func Await(ctx context.Context, run Watch, done, cut func(Visit) error) error {
	within, cancel := context.WithCancelCause(withTurns(ctx))
	defer cancel(nil)
	type ended struct {
		visit Visit
		err   error
	}
	results := make(chan ended)
	slots := run.slots()
	var all sync.WaitGroup
	for _, h := range run.Hosts {
		all.Go(func() {
			w := &watched{
				Waiting: run.Waiting, o: run.Options, host: h, slots: slots, claim: slots.waited(within, h, run.Options),
				history: newHistory(), refused: newRefusals(),
			}
			err := w.watch(within)
			v := w.seen()
			if err != nil {
				v = w.soFar()
			}
			results <- ended{v, err}
		})
	}
	go func() {
		all.Wait()
		close(results)
	}()
	var failed error // the store, a view, or the baseline
	for r := range results {
		take := done
		if r.err != nil && within.Err() == nil {
			failed = r.err
		} else if r.err != nil {
			take = cut
		}
		if failed == nil && take != nil {
			failed = take(r.visit)
		}
		if failed != nil {
			cancel(failed)
		}
	}
	if failed != nil {
		return failed
	}
	return context.Cause(ctx)
}

// watched is one host that is waited for.
type watched struct {
	Waiting
	o       Options
	host    suites.Host
	slots   *Slots
	claim   claim
	before  *baseline.Host // while it is needed, see recalling
	began   time.Time      // when it was begun to wait
	silent  bool           // it has not answered since then
	back    time.Time      // when it answered again; zero where that was not seen
	lost    time.Time      // since when it does not answer; zero while it does
	losses  int
	visit   Visit
	history *history
	refused refusals
}

// watch looks at the host until it has settled. The error is ctx's, or the baseline's.
func (w *watched) watch(ctx context.Context) error {
	w.began = time.Now()
	w.visit = Visit{Host: w.host, Seen: baseline.Host{Host: w.host.Name}, Started: w.began}
	if err := w.untilBack(ctx); err != nil {
		return err
	}
	checks := w.host.Checks
	for {
		if err := w.look(ctx, checks); err != nil {
			return err
		}
		next := w.next(time.Now())
		if next.done {
			return nil
		}
		if err := pause(ctx, time.Until(next.at)); err != nil {
			return err
		}
		checks = next.checks
	}
}

// pause waits so long, or until ctx is done.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// inTurn does something while the host has one of the places of those that are asked
// at the same time. It returns what that told of the pace.
func (w *watched) inTurn(ctx context.Context, do func() strain) error {
	t, err := w.slots.take(ctx, w.claim)
	if err != nil {
		return err
	}
	told := calm
	defer func() { w.slots.release(t, told) }()
	told = do()
	return ctx.Err() // what was cut short is not to be believed
}

// untilBack asks the host until it is back, or until nobody waits for it any longer:
// what it comes to then is for the judge to say.
func (w *watched) untilBack(ctx context.Context) error {
	end := w.began.Add(w.Settle.Return)
	for wait := w.Settle.Poll; ; wait = w.longer(wait) {
		var why string
		err := w.recalling(ctx, func() error {
			return w.inTurn(ctx, func() (told strain) {
				why, told = w.away(ctx)
				return told
			})
		})
		left := time.Until(end)
		if err == nil && why == "" && w.silent {
			w.back = time.Now()
		}
		if err != nil || why == "" || left <= 0 {
			return err
		}
		w.tell(why)
		if err := pause(ctx, min(wait, left)); err != nil {
			return err
		}
	}
}

// longer is the time to the next question, when one was in vain.
func (w *watched) longer(wait time.Duration) time.Duration {
	const most = 6 // times the first: 5 s become 30 s
	return min(wait*3/2, w.Settle.Poll*most)
}

func (w *watched) tell(what string) {
	if w.Tell != nil {
		w.Tell(w.host.Name, what)
	}
}

// away says why the host is not back yet; it is empty when it is. That it cannot be
// asked is no proof of anything.
func (w *watched) away(ctx context.Context) (why string, told strain) {
	proving := w.proving()
	asks := len(proving) > 0
	if w.Alive != nil && asks {
		if err := w.Alive(ctx, w.host); err != nil {
			w.silent = true
			return "does not answer: " + err.Error(), dead
		}
	}
	if !asks || w.before == nil || w.Reboot != suites.RebootRequired {
		return "", dead // which tells nothing
	}
	h := w.host
	h.Checks = proving
	o := w.o
	o.Begin = nil
	v := visit(ctx, h, o)
	defer v.yield()
	w.silent = w.silent || v.Seen.Unreachable != ""
	return notBack(*w.before, v.Seen, proving), v.told
}

// proving are the checks that tell when the host was started.
func (w *watched) proving() []*suites.Check {
	var all []*suites.Check
	for _, c := range w.host.Checks {
		if _, asks := asker(c); asks && hasRole(c, probes.BootTime) {
			all = append(all, c)
		}
	}
	return all
}

func hasRole(c *suites.Check, role probes.Role) bool {
	for _, spec := range c.Kind.Readings {
		if spec.Role == role {
			return true
		}
	}
	return false
}

// notBack says why a host is not taken for restarted; it is empty when it is.
func notBack(before, seen baseline.Host, proving []*suites.Check) string {
	if seen.Unreachable != "" {
		return "does not answer: " + seen.Unreachable
	}
	proof := ProofOf(before, seen, proving)
	if proof.State.Done() {
		return ""
	}
	return proof.Words
}

// look looks at some checks of the host, all of them the first time, and takes in what
// it sees.
func (w *watched) look(ctx context.Context, checks []*suites.Check) error {
	v, err := w.ask(ctx, checks)
	if err != nil {
		return err
	}
	whole := len(checks) == len(w.host.Checks)
	if !whole && w.odd(v.Seen) { // it may be gone again, or another machine
		checks, whole = w.host.Checks, true
		if v, err = w.ask(ctx, checks); err != nil {
			return err
		}
	}
	return w.recalling(ctx, func() error {
		w.take(v, checks, whole)
		return nil
	})
}

// ask asks the checks, but for those that were refused too often: of them it tells what
// they had shown.
func (w *watched) ask(ctx context.Context, checks []*suites.Check) (v Visit, err error) {
	h := w.host
	h.Checks = w.refused.asked(checks)
	err = w.inTurn(ctx, func() strain {
		v = visit(ctx, h, w.o)
		v.yield() // what is waited for is kept
		return v.told
	})
	w.refused.count(h.Checks, v.Seen)
	v.Host, v.Seen = w.host, w.refused.with(checks, v.Seen)
	return v, err
}

// recalling does something with the host's part of the baseline at hand. It is not kept
// meanwhile: thousands of hosts may be waited for.
func (w *watched) recalling(ctx context.Context, do func() error) error {
	if w.Before != nil {
		var err error
		if w.before, err = w.Before(ctx, w.host); err != nil {
			return err
		}
		defer func() { w.before = nil }()
	}
	return do()
}

// odd says whether a look at some checks asks for one at all of them.
func (w *watched) odd(seen baseline.Host) bool {
	return seen.Unreachable != "" || seen.Identity != "" && seen.Identity != w.visit.Seen.Identity
}

// take makes what a look has seen part of what is known of the host.
func (w *watched) take(v Visit, checks []*suites.Check, whole bool) {
	now := time.Now()
	if whole {
		v.Started = w.visit.Started
		w.visit = v
	} else {
		w.visit.Seen = merged(w.visit.Seen, v.Seen)
	}
	w.visit.Took = now.Sub(w.visit.Started)
	switch {
	case w.visit.Seen.Unreachable == "":
		if !w.lost.IsZero() {
			w.back = now
		}
		w.lost = time.Time{}
	case w.lost.IsZero():
		w.lost, w.losses = now, w.losses+1
	}
	if w.lost.IsZero() {
		w.history.take(w.looked(now, checks, whole))
	}
}

// merged is what was seen of a host with what was seen later of some of its checks.
func merged(seen, later baseline.Host) baseline.Host {
	again := map[string]bool{}
	for _, c := range later.Checks {
		again[c.Check] = true
	}
	out := baseline.Host{Host: seen.Host, Identity: seen.Identity, Unreachable: seen.Unreachable}
	if later.Identity != "" {
		out.Identity = later.Identity
	}
	out.Checks = append(out.Checks, later.Checks...)
	for _, c := range seen.Checks {
		if !again[c.Check] {
			out.Checks = append(out.Checks, c)
		}
	}
	out.Readings = append(out.Readings, later.Readings...)
	for _, r := range seen.Readings {
		if !again[r.Key.Check] {
			out.Readings = append(out.Readings, r)
		}
	}
	out.Sort()
	return out
}

// soFar is what was seen of a host that nobody waits for any longer. What was not well
// may have been on its way: it is not known.
func (w *watched) soFar() Visit {
	v := w.visit
	why := map[string]string{}
	for at, s := range w.history.spells {
		if s.ill && (why[at.check] == "" || at.String() < why[at.check]) {
			why[at.check] = strings.TrimSpace(at.item+" "+at.reading) + " was " + s.words[len(s.words)-1]
		}
	}
	if len(why) == 0 {
		return v
	}
	v.Seen.Checks = slices.Clone(v.Seen.Checks)
	for i, c := range v.Seen.Checks {
		if what, ill := why[c.Check]; ill && c.Error == "" {
			v.Seen.Checks[i].Error = "it was not settled yet: " + what
		}
	}
	v.Seen.Readings = slices.DeleteFunc(slices.Clone(v.Seen.Readings), func(r fact.Reading) bool {
		return why[r.Key.Check] != ""
	})
	return v
}

// seen is what the host comes to, with what was learnt by waiting.
func (w *watched) seen() Visit {
	v := w.visit
	if !w.Once {
		v.Seen = w.history.stored(v.Seen, w.start(), w.Settle.Stable)
	}
	return v
}

// AddLate adds to what a host has come to that the run's time was over before it was
// done: whatever was seen of it, it is not known.
func AddLate(h *report.Host, why string) {
	late := report.Check{ID: "deadline", Kind: "plan", Outcome: report.Unknown, Error: why}
	if len(h.Checks) > 0 { // whose report it stands in
		late.Suite = h.Checks[0].Suite
	}
	h.Checks = append(h.Checks, late)
	h.Counts[report.Unknown]++
	if report.Worse(report.Unknown, h.Outcome) {
		h.Outcome = report.Unknown
	}
}
