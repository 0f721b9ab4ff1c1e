package runner

import (
	"context"
	"slices"
	"sync"
	"time"

	"postpatch/probes/host"
	"postpatch/suites"
)

// asked is what all checks of a host that look inside it ask together.
type asked struct {
	questions []host.Question // merged
	limit     time.Duration
	undated   map[string][2]host.Question // as they are put, and as their probes ask
	unasked   []host.Question             // for want of a time to ask since
	ahead     error                       // why not
}

// askedOf gathers the questions of checks.
func askedOf(checks []*suites.Check, o Options) *asked {
	now := time.Now()
	all := &asked{undated: map[string][2]host.Question{}, ahead: o.ahead(now)}
	questions := []host.Question{host.IdentityQuestion()}
	for _, c := range checks {
		a, _ := asker(c)
		for _, q := range a.Questions() {
			dated, isDated := host.Dated(q, o.Baseline, now)
			if isDated && all.ahead != nil {
				all.unasked = append(all.unasked, q)
				continue
			}
			if isDated {
				all.undated[q.String()] = [2]host.Question{dated, q}
			}
			questions = append(questions, dated)
		}
		all.limit = max(all.limit, timeoutOf(c, sessionTimeout))
	}
	all.questions = host.Merge(questions)
	return all
}

// lists remembers what lists of checks ask, for as long as a run lasts: the hosts of a suite
// have one list, and to gather its questions anew for each took a twentieth of a host's time.
type lists struct {
	mu   sync.Mutex
	kept map[*suites.Check][]list // by the first of them
	n    int
}

type list struct {
	checks []*suites.Check
	asked  *asked
}

// mostLists is how many are kept. When there is no more room all are forgotten.
const mostLists = 256

type listsKey struct{}

// withLists gives a run its lists.
func withLists(ctx context.Context) context.Context {
	return context.WithValue(ctx, listsKey{}, new(lists))
}

// questionsOf is askedOf, gathered once for all hosts that have the same checks. What is asked
// since some time is gathered anew, for that grows.
func questionsOf(ctx context.Context, checks []*suites.Check, o Options) *asked {
	l, is := ctx.Value(listsKey{}).(*lists)
	if !is || len(checks) == 0 {
		return askedOf(checks, o)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, kept := range l.kept[checks[0]] {
		if slices.Equal(kept.checks, checks) {
			return kept.asked
		}
	}
	fresh := askedOf(checks, o)
	if len(fresh.undated)+len(fresh.unasked) > 0 {
		return fresh
	}
	if l.kept == nil || l.n >= mostLists {
		l.kept, l.n = map[*suites.Check][]list{}, 0
	}
	l.kept[checks[0]] = append(l.kept[checks[0]], list{slices.Clone(checks), fresh})
	l.n++
	return fresh
}
