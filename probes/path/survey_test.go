package path

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"postpatch/probes"
)

// hop is one on the way, with the interface that leads on from it.
type hop struct {
	mtu  int
	mute bool // whether it says nothing of what it drops
	vain bool // whether it says that a packet is too large, and not what is not
}

// way is a network in memory: the runner's own interface, hops, and the host behind them.
type way struct {
	own     int
	hops    []hop
	rtt     time.Duration
	lost    func(n int, p packet) bool // whether the n-th packet is lost
	refuses bool                       // whether the last hop says that there is no such host
	n       int
	due     []event
}

func at(n int) netip.Addr { return netip.AddrFrom4([4]byte{10, 0, 0, byte(n)}) }

func (w *way) send(p packet) error {
	if w.own > 0 && p.size > w.own {
		return tooBig(w.own)
	}
	w.n++
	if w.lost != nil && w.lost(w.n, p) {
		return nil
	}
	e := w.through(p)
	if e.what != nothing {
		e.seq, e.at = p.seq, time.Now().Add(w.rtt)
		w.due = append(w.due, e)
	}
	return nil
}

func (w *way) through(p packet) event {
	for i, h := range w.hops {
		e := event{from: at(i + 1)}
		switch {
		case p.ttl == i+1:
			e.what = expired
		case p.size > h.mtu:
			e.what, e.mtu = tooLarge, h.mtu
			if h.vain {
				e.mtu = 0
			}
		case w.refuses && i == len(w.hops)-1:
			e.what = unreachable
		default:
			continue
		}
		if h.mute {
			return event{}
		}
		return e
	}
	return event{what: replied}
}

func (w *way) receive(ctx context.Context, until time.Time) (event, error) {
	if ctx.Err() != nil {
		return event{}, nil
	}
	if len(w.due) == 0 || w.due[0].at.After(until) {
		time.Sleep(time.Until(until))
		return event{}, nil
	}
	e := w.due[0]
	w.due = w.due[1:]
	time.Sleep(time.Until(e.at))
	return e, nil
}

func (w *way) close() error { return nil }

// most is every n-th packet but some.
func every(n int) func(int, packet) bool { return func(i int, _ packet) bool { return i%n == 0 } }

func TestMeasure(t *testing.T) {
	two := func(mtu ...int) []hop {
		var all []hop
		for _, m := range mtu {
			all = append(all, hop{mtu: m})
		}
		return all
	}
	const route = "10.0.0.1 > 10.0.0.2 > 10.9.9.9"
	hole := func(mtu int) string {
		return fmt.Sprintf("packets of more than %d bytes vanish, and nobody on the way says why: an MTU there is too "+
			"small, and a firewall keeps back the ICMP that would tell", mtu)
	}
	for name, tt := range map[string]struct {
		way  way
		want finding
	}{
		"a neighbour":            {way{}, finding{state: isClear, mtu: 1500, hops: 1, route: "10.9.9.9"}},
		"two hops":               {way{hops: two(1500, 1500)}, finding{state: isClear, mtu: 1500, hops: 3, route: route}},
		"one is narrower":        {way{hops: two(1500, 1400)}, finding{narrow, 1400, 0, 3, route, "10.0.0.2 takes no more than 1400 bytes, and says so"}},
		"each is narrower":       {way{hops: two(1480, 1400)}, finding{narrow, 1400, 0, 3, route, "10.0.0.2 takes no more than 1400 bytes, and says so"}},
		"one of the old school":  {way{hops: []hop{{mtu: 1500}, {mtu: 1006, vain: true}}}, finding{narrow, 1006, 0, 3, route, "10.0.0.2 says that larger packets are too large"}},
		"one says nothing":       {way{hops: []hop{{mtu: 1500}, {mtu: 1400, mute: true}}}, finding{blackHole, 1400, 0, 3, "10.0.0.1 > * > 10.9.9.9", hole(1400)}},
		"one says, one does not": {way{hops: []hop{{mtu: 1480}, {mtu: 1281, mute: true}}}, finding{blackHole, 1281, 0, 3, "10.0.0.1 > * > 10.9.9.9", hole(1281)}},
		"next to nothing passes": {way{hops: []hop{{mtu: smallSize, mute: true}}}, finding{blackHole, smallSize, 0, 2, "* > 10.9.9.9", hole(smallSize)}},
		"the runner is narrow":   {way{own: 1450}, finding{isClear, 1450, 0, 1, "10.9.9.9", "the runner's own interface sends no more than 1450 bytes"}},
		"every third is lost":    {way{hops: two(1500, 1500), lost: every(3)}, finding{state: isClear, mtu: 1500, hops: 3, route: route}},
		"the largest is lost by chance": {
			way{lost: func(n int, p packet) bool { return p.size == 1500 && n < 20 }},
			finding{state: isClear, mtu: 1500, hops: 1, route: "10.9.9.9"},
		},
		"loss and a hole": {
			way{hops: []hop{{mtu: 1400, mute: true}}, lost: every(3)},
			finding{blackHole, 1400, 0, 2, "* > 10.9.9.9", hole(1400)},
		},
		"far away": {way{hops: slices.Repeat(two(1500), 40), rtt: 300 * time.Millisecond}, finding{state: isClear, mtu: 1500}},
		"a long way": {
			way{hops: slices.Repeat(two(1500), 9)},
			finding{state: isClear, mtu: 1500, hops: 10, route: "10.0.0.1 > 10.0.0.2 > 10.0.0.3 > 10.0.0.4 > 10.0.0.5 > " +
				"10.0.0.6 > 10.0.0.7 > 10.0.0.8 > 10.0.0.9 > 10.9.9.9"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				if tt.way.rtt == 0 {
					tt.way.rtt = time.Millisecond
				}
				plan := params{Size: 1500, Wait: time.Second, Hops: 30}
				start := time.Now()
				got, err := newSurvey(&tt.way, plan, netip.MustParseAddr("10.9.9.9")).measure(t.Context())
				if tt.want.rtt = tt.way.rtt; err != nil || got != tt.want {
					t.Errorf("got  %+v, %v\nwant %+v", got, err, tt.want)
				}
				if took := time.Since(start); took > 25*time.Second {
					t.Errorf("took %s", took)
				}
			})
		})
	}
}

func TestNoWay(t *testing.T) {
	for name, tt := range map[string]struct {
		way  way
		want string
	}{
		"nobody answers": {
			way{lost: every(1)},
			"no answer: no echo comes back: the host is down, or it or a firewall drops ping",
		},
		"in circles": {
			way{hops: slices.Repeat([]hop{{mtu: 1500}}, farTTL)},
			"no answer: 10.0.0.64 says that the packet has gone on for too long: the way there leads in circles",
		},
		"a hop knows better": {
			way{hops: []hop{{mtu: 1500}}, refuses: true},
			"no answer: 10.0.0.1 says that the host cannot be reached",
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			plan := params{Size: 1500, Wait: time.Second, Hops: 30}
			got, err := newSurvey(&tt.way, plan, at(9)).measure(t.Context())
			if err == nil || err.Error() != tt.want || !errors.Is(err, probes.ErrNoAnswer) {
				t.Errorf("%s: got %+v, %v, want %q", name, got, err, tt.want)
			}
		})
	}
}

func TestGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
		defer cancel()
		w := &way{hops: []hop{{mtu: 1400, mute: true}}}
		_, err := newSurvey(w, params{Size: 1500, Wait: time.Second, Hops: 30}, at(9)).measure(ctx)
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	})
}

// stalled is a way from a runner that stands still while it waits for the first time.
type stalled struct {
	*way
	stood bool
}

func (s *stalled) receive(ctx context.Context, until time.Time) (event, error) {
	if !s.stood {
		s.stood = true
		time.Sleep(10 * time.Second)
		return event{}, nil
	}
	return s.way.receive(ctx, until)
}

// Each try has its time, also where a busy machine, or one that was asleep, took that of all.
func TestAStalledRunner(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &stalled{way: &way{rtt: time.Millisecond, lost: func(n int, _ packet) bool { return n == 1 }}}
		got, err := newSurvey(w, params{Size: 1500, Wait: time.Second, Hops: 1}, at(9)).measure(t.Context())
		if err != nil || got.state != isClear || got.mtu != 1500 {
			t.Errorf("got %+v, %v", got, err)
		}
	})
}
