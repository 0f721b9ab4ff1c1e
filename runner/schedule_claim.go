package runner

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"net/netip"
	"slices"
	"time"

	"postpatch/baseline"
	"postpatch/probes"
	"postpatch/suites"
)

// claim is what a visit of the host takes.
func (s *Slots) claim(h suites.Host, network string) claim {
	c := claim{network: network}
	if len(h.Checks) > 0 {
		c.suite = h.Checks[0].Suite
	}
	if asking, _ := split(h.Checks); len(asking) > 0 && s.limits.Account != nil {
		if c.account = s.limits.Account(h); c.account != "" {
			c.logons = 1 // a visit has one session
		}
	}
	return c
}

const (
	lookups = 16              // of names at once
	lookup  = 2 * time.Second // may take each of them
	// mutes are how many lookups may end without a word before no more names are looked
	// up: a resolver that is down is to delay nobody.
	mutes = lookups
)

// networks are the hosts, in their order, with the networks that they are in; "" for those
// that nobody can tell, and for all unless it matters.
func (s *Slots) networks(ctx context.Context, hosts []suites.Host, o Options) iter.Seq2[suites.Host, string] {
	return func(yield func(suites.Host, string) bool) {
		if s.limits.PerNetwork == 0 || o.Resolve == nil {
			for _, h := range hosts {
				if !yield(h, "") {
					return
				}
			}
			return
		}
		type placed struct {
			host    suites.Host
			network string
		}
		work := func(yield func(func() (placed, error)) bool) {
			for _, h := range hosts {
				look := func() (placed, error) { return placed{h, s.network(ctx, h, o)}, nil }
				if !yield(look) {
					return
				}
			}
		}
		enough := errors.New("enough")
		_ = InOrder(lookups, work, func(p placed) error {
			if !yield(p.host, p.network) {
				return enough
			}
			return nil
		})
	}
}

// network is the one that a host is in: its address without what tells hosts apart in most
// networks.
func (s *Slots) network(ctx context.Context, h suites.Host, o Options) string {
	address, err := netip.ParseAddr(h.Address)
	if err != nil {
		select {
		case s.looking <- struct{}{}:
			defer func() { <-s.looking }()
		case <-ctx.Done():
			return ""
		}
		if s.mute.Load() >= mutes {
			return ""
		}
		ctx, cancel := context.WithTimeout(ctx, lookup)
		defer cancel()
		if address, err = o.Resolve(ctx, h.Address); err != nil {
			if ctx.Err() != nil {
				s.mute.Add(1)
			}
			return ""
		}
	}
	bits := 64
	if address = address.Unmap().WithZone(""); address.Is4() {
		bits = 24
	}
	network, err := address.Prefix(bits)
	if err != nil {
		return ""
	}
	return network.String()
}

// strainOf is what a visit tells of the pace. A host that answers nothing is down at any
// pace, and a session that nothing has answered is shut off.
func strainOf(b baseline.Host, s sessionResult) strain {
	switch {
	case b.Unreachable != "":
		return dead
	case s.busy:
		return busy
	}
	for _, one := range s.seen {
		untried := errors.Is(one.err, probes.ErrNotTried) && !errors.Is(one.err, errCut) // which was under way
		shut := errors.Is(one.err, probes.ErrNoAnswer) || untried
		if errors.Is(one.err, context.DeadlineExceeded) && !shut {
			return slow
		}
	}
	return calm
}

// waited is the claim of a host that is visited again and again.
func (s *Slots) waited(ctx context.Context, h suites.Host, o Options) claim {
	network := ""
	if s.limits.PerNetwork > 0 && o.Resolve != nil {
		network = s.network(ctx, h, o)
	}
	return s.claim(h, network)
}

// longFirst are the hosts in the order in which they come: by turns the one that took
// longest, so that none of these is the last that all wait for, and the one that stands
// first, so that somebody is told of while those are waited for.
func (s *Slots) longFirst(hosts []suites.Host) []suites.Host {
	if s.limits.Took == nil {
		return hosts
	}
	took := make([]time.Duration, len(hosts))
	var long []int
	for i, h := range hosts {
		if took[i] = s.limits.Took(h); took[i] > 0 {
			long = append(long, i)
		}
	}
	slices.SortStableFunc(long, func(a, b int) int { return cmp.Compare(took[b], took[a]) })
	ordered := make([]suites.Host, 0, len(hosts))
	begun := make([]bool, len(hosts))
	begin := func(i int) {
		if !begun[i] {
			begun[i] = true
			ordered = append(ordered, hosts[i])
		}
	}
	for i, next := 0, 0; i < len(hosts); i++ {
		for ; next < len(long) && begun[long[next]]; next++ {
		}
		if next < len(long) {
			begin(long[next])
		}
		begin(i)
	}
	return ordered
}
