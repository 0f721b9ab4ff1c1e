package runner

import (
	"fmt"
	"strings"
	"time"

	"postpatch/probes/fact"
	"postpatch/runner/report"
)

// A boot time alone proves nothing: Windows computes it from its clock, and whoever
// sets the clock moves it. Two things do not move. The log has a record of each start;
// and for how long Windows has been running only grows until it is started again, so
// that
//
//   - where it was not started since the baseline, it has been running for longer than
//     since the baseline;
//   - where it was, for less.
//
// A machine that was paused has stood still meanwhile, one that was put back to a
// snapshot runs on from there. The first has run for less than the clocks say, the
// second contradicts the log or the clocks. Of what contradicts itself nothing is
// proven.

// elapsed is how long after the baseline a host was looked at again, as far as its own
// clock and the runner's agree: in between lies the truth.
type elapsed struct {
	least, most time.Duration
	known       bool
}

func elapsedBetween(before, now session) elapsed {
	own, doubt := now.clock().Sub(before.clock()), before.skew+now.skew
	e := elapsed{max(0, own-doubt), own + doubt, before.hasSk && now.hasSk}
	e.known = e.known && e.most >= 0 && before.up >= 0 && now.up >= 0
	return e
}

// prove comes to a verdict of what the log and the uptime say.
func (p *Proof) prove() {
	before, now := p.before, p.now
	if !before.boot.IsZero() && !now.boot.IsZero() {
		p.log = startsSince(before, now)
	}
	missing := func(what, when string) { *p = untold(*p, "no "+what+" was observed "+when) }
	switch {
	case before.boot.IsZero():
		missing("boot time", "at the baseline")
	case now.boot.IsZero():
		missing("boot time", "now")
	case !before.hasUp:
		missing("uptime", "at the baseline")
	case !now.hasUp:
		missing("uptime", "now")
	case p.log.flaw != "":
		p.byUptime()
	case len(p.log.boots) > 0:
		p.byStarts()
	default:
		p.byNoStart()
	}
}

// startsSince are the starts since the baseline. Where the log has a flaw they prove
// nothing, and are those that it has after the baseline's boot time.
func startsSince(before, now session) bootLog {
	log := newBoots(before.log, now.log, before.boot, now.clock())
	if log.flaw != "" {
		log.boots = now.log.after(before.boot.Add(clockTolerance))
	}
	return log
}

// byStarts is for a log with starts since the baseline.
func (p *Proof) byStarts() {
	e := elapsedBetween(p.before, p.now)
	if fell := p.now.up < p.before.up; !fell && (!e.known || p.now.up > e.most+clockTolerance) {
		*p = untold(*p, fmt.Sprintf("its log has a start since the baseline, %s, and yet it has been running for %s, "+
			"at the baseline for %s", p.log.boots[0].text, span(p.now.up), span(p.before.up)))
		return
	}
	p.done()
}

// byNoStart is for a log that has what it had at the baseline, and nothing since.
func (p *Proof) byNoStart() {
	e := elapsedBetween(p.before, p.now)
	switch {
	case p.now.up < p.before.up:
		p.restored("its log has no start since")
	case e.known && p.now.up-p.before.up > e.most+clockTolerance:
		p.restored("only " + span(e.most) + " have passed since")
	case e.known && p.now.up < e.least-clockTolerance:
		*p = untold(*p, fmt.Sprintf("it has been running for %s, less than since the baseline, and its log has no "+
			"start since: was it paused?", span(p.now.up)))
	default:
		p.not()
	}
}

// byUptime is for a log that tells nothing.
func (p *Proof) byUptime() {
	e := elapsedBetween(p.before, p.now)
	fell := p.now.up < p.before.up
	switch {
	case p.before.up < 0 || p.now.up < 0:
		*p = untold(*p, "its boot time lies ahead of its clock, and "+p.log.flaw)
	case !e.known:
		*p = untold(*p, "nobody has held its clock against another one, and "+p.log.flaw)
	case p.now.up-p.before.up > e.most+clockTolerance:
		p.restored("only " + span(e.most) + " have passed since")
	case p.now.up < e.least-clockTolerance && p.now.log.flaw == "" && !p.now.log.near(p.now.boot):
		p.restored("its log has no start of " + fact.Time(p.now.boot).String())
	case p.now.up < e.least-clockTolerance:
		p.done()
	case p.now.up <= e.most+clockTolerance:
		*p = untold(*p, fmt.Sprintf("it has been running for %s, about as long as since the baseline, and %s",
			span(p.now.up), p.log.flaw))
	case fell:
		p.restored("it was started before the baseline")
	default:
		p.not()
	}
}

// done is that it has rebooted.
func (p *Proof) done() {
	if p.log.flaw != "" { // then those count that are later than the baseline by any clock
		p.log.boots = p.now.log.after(p.now.clock().Add(clockTolerance - elapsedBetween(p.before, p.now).least))
	}
	starts := p.log.texts()
	p.State, p.Boots = report.Rebooted, fewOf(starts)
	list := strings.Join(p.Boots, ", ")
	switch n := len(starts); {
	case p.log.flaw == "":
		p.Times = n
		p.Words = rebootedTimes(n) + ": " + list
	case n > 1:
		p.Words = fmt.Sprintf("rebooted at least %d times: %s; %s", n, list, p.log.flaw)
	default:
		p.Words = fmt.Sprintf("rebooted at %s, by its uptime of %s; %s",
			fact.Time(p.now.boot), span(p.now.up), p.log.flaw)
	}
}

func rebootedTimes(n int) string {
	switch n {
	case 1:
		return "rebooted"
	case 2:
		return "rebooted twice"
	default:
		return fmt.Sprintf("rebooted %d times", n)
	}
}

// not is that it has not rebooted.
func (p *Proof) not() {
	p.State = report.NotRebooted
	p.Words = fmt.Sprintf("answers, and has not rebooted since the baseline: running for %s", span(p.now.up))
	if moved := p.now.boot.Sub(p.before.boot); moved.Abs() > clockTolerance {
		p.Words += fmt.Sprintf("; its clock was set by %s", signed(moved))
	}
}

// restored is for a machine that does not run on from where the baseline saw it.
func (p *Proof) restored(because string) {
	why := fmt.Sprintf("it has been running for %s, at the baseline for %s, and %s",
		span(p.now.up), span(p.before.up), because)
	if p.now.boot.Before(p.before.boot.Add(-clockTolerance)) {
		why += "; its boot time is " + fact.Time(p.now.boot).String() + ", earlier than at the baseline"
	}
	*p = untold(*p, why+": was it put back to a snapshot, or restored?")
	p.note = "was perhaps put back to a snapshot, or restored: " + why
}

func signed(d time.Duration) string {
	if d < 0 {
		return span(d)
	}
	return "+" + span(d)
}
