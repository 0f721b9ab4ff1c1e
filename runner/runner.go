// Package runner visits hosts with their checks and judges what it sees.
package runner

import (
	"context"
	"crypto/x509"
	"errors"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"postpatch/baseline"
	"postpatch/probes"
	"postpatch/probes/host"
	"postpatch/suites"
)

// Options say how hosts are reached and how many at once.
type Options struct {
	// Hosts is how many hosts are visited at the same time; at least 1. Slots, when not nil,
	// say more of it, for all that asks within one run.
	Hosts int
	Slots *Slots
	// HostTime is how long a visit may take, whatever the host's checks say; 0 is for as
	// long as they may take together.
	HostTime time.Duration
	// Open opens a session to a Windows host.
	Open func(ctx context.Context, h suites.Host) (host.Session, error)
	// Dial, Resolve, Credential, Accounts, Shared and Roots are what probes are given; see probes.Target.
	Dial       func(ctx context.Context, network, address string) (net.Conn, error)
	Resolve    func(ctx context.Context, name string) (netip.Addr, error)
	Credential func(hostName, use string) (host.Credential, error)
	Accounts   *host.Accounts // one for all visits of a run
	Shared     *probes.Shared // likewise
	Roots      *x509.CertPool
	// Baseline is when the baseline was taken that the run is to be compared with;
	// zero for none.
	Baseline time.Time
	// Began is when the run began by the clock that dates its questions, or a try
	// of it before; zero where nobody kept it. A Baseline that is later is no time that
	// can be asked since.
	Began time.Time
	// Begin, when not nil, is told of every host as its visit starts; it may be
	// called by several goroutines at once.
	Begin func(hostName string)
}

// How long a check may take when its suite does not say. What is asked through a
// session takes longer, since a freshly patched host starts PowerShell ten times
// slower than usual.
const (
	checkTimeout   = 10 * time.Second
	sessionTimeout = 2 * time.Minute
)

// Visit is what one visit of a host came to.
type Visit struct {
	Host    suites.Host
	Seen    baseline.Host
	Session string // how the host was asked, see host.Teller; empty when it was not
	Started time.Time
	Took    time.Duration
	told    strain
	yield   func() // the turn, when the visit has been taken in
}

// Observe visits every host and calls done with each visit as it ends, one at a
// time. A host that does not answer delays no other, see Slots. It returns when all visits
// have ended; the error is done's first one, or ctx's when it was cancelled, and
// then hosts not yet visited are left out.
func Observe(ctx context.Context, hosts []suites.Host, o Options, done func(Visit) error) error {
	ctx, cancel := context.WithCancelCause(withLists(withTurns(ctx)))
	defer cancel(nil)
	visits := make(chan Visit)
	go func() {
		defer close(visits)
		o.slots().each(ctx, hosts, o, func(h suites.Host) strain {
			v := visit(ctx, h, o)
			if ctx.Err() == nil { // a visit that was cut short is no visit
				visits <- v
			}
			v.yield()
			return v.told
		})
	}()
	for v := range visits {
		if err := done(v); err != nil {
			cancel(err)
		}
	}
	return context.Cause(ctx)
}

// visit runs all checks of one host. What the session has brought is read when all else is
// done, and the visit keeps the turn for it until yield: read answers are many times as large
// as those that wait to be read, and no more hosts are to have them than are worked on.
func visit(ctx context.Context, h suites.Host, o Options) Visit {
	if o.Begin != nil {
		o.Begin(h.Name)
	}
	v := Visit{Started: time.Now()}
	h = h.Ready()
	v.Host = h
	ctx, b := newBudget(ctx, h, o.HostTime)
	defer b.end()
	asking, going := split(h.Checks)
	gone := make(chan struct{})
	visited := ctx
	ctx, v.yield = inTurn(ctx, func() {
		b.hear() // whoever waits for a turn has an answer
		select {
		case <-gone:
		case <-visited.Done():
		}
	})
	var seen []sighting
	var fromSession sessionResult
	var both sync.WaitGroup
	both.Go(func() { fromSession = throughSession(ctx, asking, o, b) })
	both.Go(func() {
		defer close(gone)
		seen = fromRunner(ctx, append(going, outsides(asking)...), o, b)
	})
	both.Wait()
	seen = append(seen[:len(going)], paired(fromSession.seen, seen[len(going):])...)
	v.Seen = snapshot(h, seen, fromSession.identity)
	v.Session, v.told = fromSession.how, strainOf(v.Seen, fromSession)
	v.Took = time.Since(v.Started)
	return v
}

// snapshot puts what was seen in the form in which it is stored and compared.
func snapshot(h suites.Host, seen []sighting, identity string) baseline.Host {
	b := baseline.Host{Host: h.Name, Identity: identity, Unreachable: unreachable(h, seen)}
	readings := 0
	for _, s := range seen {
		readings += len(s.readings)
	}
	b.Checks, b.Readings = slices.Grow(b.Checks, len(seen)), slices.Grow(b.Readings, readings)
	for _, s := range sorted(seen) {
		record := baseline.Check{Check: s.key, Kind: s.check.Kind.Name, Asked: s.check.Asked, Took: s.took}
		if s.err != nil {
			record.Error = clip(s.err.Error())
		} else if b.Unreachable != "" {
			record.Error = "the host is unreachable: " + b.Unreachable
		}
		b.Checks = append(b.Checks, record)
		for _, r := range s.readings {
			r.Key.Host, r.Key.Check = h.Name, s.key
			b.Readings = append(b.Readings, r)
		}
	}
	b.Sort()
	return b
}

// keyed is a sighting with its check's key.
type keyed struct {
	*sighting
	key string
}

// sorted puts sightings, whose readings are sorted, in the order in which they are
// stored: many small lists are sorted faster than one long one.
func sorted(seen []sighting) []keyed {
	all := make([]keyed, len(seen))
	for i := range seen {
		all[i] = keyed{&seen[i], seen[i].check.Key()}
	}
	slices.SortFunc(all, func(a, b keyed) int { return strings.Compare(a.key, b.key) })
	return all
}

// unreachable says why nothing at the host answered, or is empty. A host is
// unreachable when something found no answer at all and nothing that contacted
// the host itself found one.
func unreachable(h suites.Host, seen []sighting) string {
	var reason error
	for _, s := range seen {
		if s.elsewhere(h) {
			continue
		}
		if s.answered() {
			return ""
		}
		if errors.Is(s.err, probes.ErrNoAnswer) && (reason == nil || s.asked) {
			reason = s.err
		}
	}
	if reason == nil {
		return ""
	}
	return reason.Error()
}

// clip shortens what an error quotes of a host.
func clip(text string) string {
	const most = 2000
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}

// Interrupted says whether an error of Observe is ctx's own.
func Interrupted(err error) bool { return errors.Is(err, context.Canceled) }

// split tells the checks that ask through the host's session from those that go
// out from the runner.
func split(checks []*suites.Check) (asking, going []*suites.Check) {
	for _, c := range checks {
		if _, asks := asker(c); asks {
			asking = append(asking, c)
		} else {
			going = append(going, c)
		}
	}
	return asking, slices.Clip(going)
}
