package host

import (
	"maps"
	"strconv"
	"time"
)

// SinceBaseline is the value of a collector's argument "since" that stands for the
// time of the baseline that a run compares with, which no suite can know.
const SinceBaseline = "baseline"

// Dated returns the question with that time in place of SinceBaseline: the number
// of seconds up to now, or "boot" where there is no baseline. It is rounded up to
// ten minutes, so that the hosts of a run are asked the same, and what is packed for
// them is packed once. Any other question stays as it is, and is not dated.
func Dated(q Question, baseline, now time.Time) (_ Question, dated bool) {
	c, is := q.(Collector)
	if since := c.Args["since"]; !is || len(since) != 1 || since[0] != SinceBaseline {
		return q, false
	}
	c.Args = maps.Clone(c.Args)
	c.Args["since"] = []string{"boot"}
	if !baseline.IsZero() {
		const step = 10 * time.Minute
		steps := max(1, (now.Sub(baseline)+step-1)/step)
		c.Args["since"] = []string{strconv.FormatInt(int64(steps*step/time.Second), 10)}
	}
	return c, true
}

// Under lets the answer to one question be found by another, for which it was put.
func (a *Answers) Under(asked, q Question) {
	if answer, found := a.byKey[key(asked)]; found {
		a.Put(q, answer)
	}
}
