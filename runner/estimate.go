package runner

import (
	"cmp"
	"time"

	"postpatch/probes/host"
	"postpatch/suites"
)

// Questions are what a visit of the host puts through its session, merged; none where no
// check asks through one. A capture asks a few less: what is asked since the baseline.
func Questions(h suites.Host) []host.Question {
	asking, _ := split(h.Checks)
	if len(asking) == 0 {
		return nil
	}
	questions := []host.Question{host.IdentityQuestion()}
	for _, c := range asking {
		a, _ := asker(c)
		questions = append(questions, a.Questions()...)
	}
	return host.Merge(questions)
}

// Longest is how long a visit of the host takes at most, where nothing answers in time.
func Longest(h suites.Host) time.Duration {
	var session time.Duration
	var free [Lanes]time.Duration // when each of those that go out from the runner is
	for _, c := range h.Checks {
		if _, asks := asker(c); asks {
			session = max(session, timeoutOf(c, sessionTimeout))
			continue
		}
		first := 0
		for i, at := range free {
			if at < free[first] {
				first = i
			}
		}
		free[first] += timeoutOf(c, cmp.Or(c.Kind.Timeout, checkTimeout))
	}
	for _, at := range free {
		session = max(session, at)
	}
	return session
}
