package runner

import (
	"slices"
	"strings"
	"time"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/suites"
)

// step is what is to be done next with a host that is waited for.
type step struct {
	done   bool
	at     time.Time
	checks []*suites.Check
}

// patience is how often something may become ill again in the time that it has to
// hold, until it is taken at its word.
const patience = 3

// next says what is to be done with the host after a look.
func (w *watched) next(now time.Time) step {
	if w.visit.Seen.Unreachable != "" {
		return w.nextOfLost(now)
	}
	if w.Once {
		return step{done: true}
	}
	if left, until := w.waitedFor(now); len(left) > 0 {
		w.tell(w.words())
		at := now.Add(w.backoff())
		if at.After(until) {
			at = until
		}
		return step{at: at, checks: left}
	}
	holds := w.history.held().Add(w.Settle.Stable)
	if !now.Before(holds) && !w.history.whole.Before(holds) {
		return step{done: true}
	}
	if now.After(w.last()) {
		return step{done: true}
	}
	w.tell("has to hold for " + w.Settle.Stable.String())
	soon := now.Add(w.Settle.Stable / holdLooks)
	if fickle := w.fickle(); len(fickle) > 0 && soon.Before(holds) {
		return step{at: soon, checks: fickle}
	}
	return step{at: later(holds, now), checks: w.host.Checks}
}

// holdLooks is into how many parts the time is cut in which something has to hold that
// went down before: a service that is up for half a minute, and down for another, is up
// at its begin and at its end.
const holdLooks = 6

// fickle are the checks of which something became ill again, with those that tell when
// the host was started.
func (w *watched) fickle() []*suites.Check {
	again := map[string]bool{}
	for at, s := range w.history.spells {
		again[at.check] = again[at.check] || s.downs > 0
	}
	var all []*suites.Check
	found := false
	for _, c := range w.host.Checks {
		_, asks := asker(c)
		if again[c.Key()] || asks && hasRole(c, probes.BootTime) {
			all = append(all, c)
			found = found || again[c.Key()]
		}
	}
	if !found {
		return nil
	}
	return all
}

// nextOfLost is for a host that has not answered: it may be in another start.
func (w *watched) nextOfLost(now time.Time) step {
	end := later(w.began, w.lost).Add(w.Settle.Return)
	if !now.Before(end) || w.losses > patience {
		return step{done: true}
	}
	w.tell("does not answer")
	at := now.Add(w.backoff())
	if at.After(end) {
		at = end
	}
	return step{at: at, checks: w.host.Checks}
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// backoff is the time to the next look, longer the more have been in vain.
func (w *watched) backoff() time.Duration {
	wait := w.Settle.Poll
	for range min(w.history.asked, 10) {
		wait = w.longer(wait)
	}
	return wait
}

// waitedFor are the checks that may yet become well, with those that tell when the host
// was started and that waiting is in vain, and when the first of them is waited for no
// longer.
func (w *watched) waitedFor(now time.Time) (left []*suites.Check, until time.Time) {
	open, roles := map[string]bool{}, map[string]bool{}
	for at, s := range w.history.spells {
		limit := w.limit(at, s)
		if !s.ill || !now.Before(limit) {
			continue
		}
		open[at.check], roles[w.roleOf(at.check)] = true, true
		if until.IsZero() || limit.Before(until) {
			until = limit
		}
	}
	if len(open) == 0 {
		return nil, until
	}
	for _, c := range w.host.Checks {
		_, asks := asker(c)
		if open[c.Key()] || asks && hasRole(c, probes.BootTime) || endsAny(c, roles) {
			left = append(left, c)
		}
	}
	return left, until
}

// endsAny says whether a check may tell that it is in vain to wait for one of the roles.
func endsAny(c *suites.Check, roles map[string]bool) bool {
	for role := range c.Kind.Final {
		if roles[role] {
			return true
		}
	}
	return false
}

// limit is how long something that is ill is waited for.
func (w *watched) limit(at spot, s *spell) time.Time {
	var roles []string
	role := w.roleOf(at.check)
	switch {
	case w.history.final[role], w.refused.now[at.check]:
		return w.history.first
	case s.waits:
		roles = w.roles()
	default:
		roles = []string{role}
	}
	limit := w.settles().Add(w.Settle.Limit(w.host, roles...))
	if s.lags {
		limit = later(limit, w.began.Add(w.Settle.Return))
	}
	if s.downs > 0 && s.downs <= patience {
		limit = later(limit, s.since.Add(w.Settle.Stable))
	}
	return limit
}

func (w *watched) roleOf(check string) string {
	for _, c := range w.host.Checks {
		if c.Key() == check {
			return c.Kind.Settles
		}
	}
	return ""
}

// roles are all that the host's checks say it is.
func (w *watched) roles() []string {
	var all []string
	for _, c := range w.host.Checks {
		if c.Kind.Settles != "" {
			all = append(all, c.Kind.Settles)
		}
	}
	return all
}

// last is when the host is waited for no longer whatever becomes ill again.
func (w *watched) last() time.Time {
	limit := later(w.settles().Add(w.Settle.Limit(w.host, w.roles()...)), w.history.first)
	for _, s := range w.history.spells {
		if s.lags {
			limit = later(limit, w.began.Add(w.Settle.Return))
		}
	}
	return limit.Add(4 * patience * w.Settle.Stable)
}

// start is when the host was started or, where that is not known, when it was first
// looked at.
func (w *watched) start() time.Time {
	if !w.history.boot.IsZero() {
		return w.history.boot
	}
	if !w.history.first.IsZero() {
		return w.history.first
	}
	return w.began
}

// settles is when its time to settle begins. A start may last: while Windows configures
// updates it does not answer, and its services have to wait. So the time begins when it
// was seen to answer again or, where nobody looked before and it was started but lately,
// when somebody did.
func (w *watched) settles() time.Time {
	start := w.start()
	if w.back.IsZero() && start.After(w.began.Add(-w.Settle.Return)) {
		return later(start, w.began)
	}
	return later(start, w.back)
}

// bootTime is when the host was started by the clock of this machine, which need not
// be the host's: how long it has been running is the same by both.
func (w *watched) bootTime(now time.Time) time.Time {
	seen := newSide(&w.visit.Seen)
	for _, c := range w.host.Checks {
		for _, spec := range c.Kind.Readings {
			up, known := seen.of(c.Key()).at(place{"", spec.Name}).(fact.Duration)
			if spec.Role == probes.Uptime && known {
				return now.Add(-time.Duration(up))
			}
		}
	}
	return time.Time{}
}

// words tell what the host is waited for: the first of it, and how much more.
func (w *watched) words() string {
	var all []string
	for at, s := range w.history.spells {
		if s.ill {
			_, id, _ := strings.Cut(at.check, "/")
			all = append(all, strings.Join(strings.Fields(id+" "+at.item+" "+at.reading), " "))
		}
	}
	slices.Sort(all)
	return "not settled: " + upTo(1, all)
}
