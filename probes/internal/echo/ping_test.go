package echo

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"postpatch/probes/host"
)

const ms = time.Millisecond

// three is the plan of the kind's defaults.
func three() Plan { return Plan{Count: 3, Interval: 200 * ms, Wait: time.Second, Size: 56} }

func addr(s string) netip.Addr { return netip.MustParseAddr(s) }

// on answers certain packets, after a while.
func on(after time.Duration, numbers ...int) func(*wire, int, reply) error {
	return func(w *wire, n int, sent reply) error {
		if slices.Contains(numbers, n) {
			w.after(after, sent)
		}
		return nil
	}
}

func TestPing(t *testing.T) {
	one := Plan{Count: 1, Wait: time.Second}
	for name, c := range map[string]struct {
		plan   Plan
		answer func(w *wire, n int, sent reply) error
		want   Tally
		sends  int
		takes  time.Duration
	}{
		"all come back":                       {three(), on(7*ms, 0, 1, 2), Tally{3, 3, 7 * ms}, 3, 407 * ms},
		"one is lost":                         {three(), on(7*ms, 0, 2), Tally{3, 2, 7 * ms}, 3, 1400 * ms},
		"later than the next":                 {three(), on(650*ms, 0, 1, 2), Tally{3, 3, 650 * ms}, 3, 1050 * ms},
		"nothing comes back":                  {three(), on(0), Tally{3, 0, 0}, 5, 1400 * ms},
		"only the second retry":               {three(), on(5*ms, 4), Tally{4, 1, 5 * ms}, 5, 1400 * ms},
		"both retries":                        {one, on(400*ms, 1, 2), Tally{2, 1, 400 * ms}, 3, time.Second},
		"slow, a retry in between":            {one, on(500*ms, 0, 1, 2), Tally{1, 1, 500 * ms}, 2, 500 * ms},
		"so slow that both retries come back": {three(), on(900*ms, 0, 1, 2, 3, 4), Tally{3, 3, 900 * ms}, 4, 1300 * ms},
		"slow, and one is lost":               {three(), on(800*ms, 0, 2, 3), Tally{3, 2, 800 * ms}, 4, 1400 * ms},
		"after all time":                      {one, on(1001*ms, 0, 1, 2), Tally{1, 0, 0}, 3, time.Second},
		"the retry loses its place":           {one, on(334*ms, 0, 1), Tally{1, 1, 334 * ms}, 2, 334 * ms},
		"slow, one is lost, and a retry is fast": {three(), func(w *wire, n int, sent reply) error {
			switch n {
			case 0, 2:
				w.after(800*ms, sent)
			case 3:
				w.after(ms, sent)
			}
			return nil
		}, Tally{3, 2, 800 * ms}, 4, 1400 * ms},
		"a retry, twice": {three(), func(w *wire, n int, sent reply) error {
			if n == 3 {
				w.after(3*ms, sent)
				w.after(4*ms, sent)
			}
			return nil
		}, Tally{4, 1, 3 * ms}, 4, 1400 * ms},
		"twice": {three(), func(w *wire, n int, sent reply) error {
			w.after(3*ms, sent)
			w.after(4*ms, sent)
			return nil
		}, Tally{3, 3, 3 * ms}, 3, 403 * ms},
		"twice, and one is lost": {three(), func(w *wire, n int, sent reply) error {
			if n != 1 {
				w.after(3*ms, sent)
				w.after(4*ms, sent)
			}
			return nil
		}, Tally{3, 2, 3 * ms}, 3, 1400 * ms},
		"with another's nonce": {three(), func(w *wire, n int, sent reply) error {
			sent.nonce[15]++
			w.after(3*ms, sent)
			return nil
		}, Tally{3, 0, 0}, 5, 1400 * ms},
		"from another address": {three(), func(w *wire, n int, sent reply) error {
			sent.from = addr("10.0.0.2")
			w.after(3*ms, sent)
			return nil
		}, Tally{3, 0, 0}, 5, 1400 * ms},
		"with another number": {three(), func(w *wire, n int, sent reply) error {
			sent.seq += 1000
			w.after(3*ms, sent)
			return nil
		}, Tally{3, 0, 0}, 5, 1400 * ms},
		"a nonce seen before": {three(), func(w *wire, n int, sent reply) error {
			sent.nonce = w.sent[0].nonce
			w.after(3*ms, sent)
			return nil
		}, Tally{3, 1, 3 * ms}, 3, 1400 * ms},
		"no room to send, at first": {one, func(w *wire, n int, sent reply) error {
			if n < 5 {
				return syscall.ENOBUFS
			}
			w.after(3*ms, sent)
			return nil
		}, Tally{1, 1, 3 * ms}, 6, 3 * ms},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWire(c.answer)
				s, began := sweepOver(w), time.Now()
				got, err := s.Ping(t.Context(), addr("10.0.0.1"), c.plan)
				took := time.Since(began)
				if got != c.want || err != nil {
					t.Errorf("got %+v and %v, want %+v", got, err, c.want)
				}
				if w.packets() != c.sends || took < c.takes || took > c.takes+ms {
					t.Errorf("%d packets in %s, want %d in %s", w.packets(), took, c.sends, c.takes)
				}
				if len(s.four.flights) > 0 || s.four.conn != nil {
					t.Errorf("left are %d flights and %v", len(s.four.flights), s.four.conn)
				}
			})
		})
	}
}

// What the runner's own socket dropped is sent again, and counts once.
func TestOverflow(t *testing.T) {
	for name, c := range map[string]struct {
		drops []int // packets whose replies find no room
		lost  []int // packets that the network loses
		want  Tally
		err   error
		sends int
	}{
		"one":                     {[]int{1}, nil, Tally{3, 3, ms}, nil, 4},
		"all":                     {[]int{0, 1, 2}, nil, Tally{3, 3, ms}, nil, 6},
		"one, and its retry":      {[]int{1, 3}, nil, Tally{3, 3, ms}, nil, 5},
		"one, and the other lost": {[]int{1}, []int{2, 4}, Tally{3, 2, ms}, nil, 5},
		"whatever is sent":        {[]int{0, 1, 2, 3, 4, 5, 6, 7, 8}, nil, Tally{}, host.ErrNotTried, 9},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWire(func(w *wire, n int, sent reply) error {
					switch {
					case slices.Contains(c.drops, n):
						time.AfterFunc(ms, func() { w.mu.Lock(); w.lost++; w.mu.Unlock() })
					case !slices.Contains(c.lost, n):
						w.after(ms, sent)
					}
					return nil
				})
				got, err := sweepOver(w).Ping(t.Context(), addr("10.0.0.1"), three())
				if got != c.want || !errors.Is(err, c.err) || w.packets() != c.sends {
					t.Errorf("got %+v, %v and %d packets, want %+v, %v and %d", got, err, w.packets(), c.want, c.err, c.sends)
				}
			})
		})
	}
}

// A packet may be taken for dropped that is only late: of it and its retry one counts.
func TestOverflowOfAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWire(func(w *wire, n int, sent reply) error {
			switch n {
			case 0:
				w.lost++
			case 1: // which is sent again with the first, before this
				w.after(600*ms, sent)
			case 2:
				w.after(ms, sent)
			case 4:
				w.after(200*ms, sent)
			}
			return nil
		})
		got, err := sweepOver(w).Ping(t.Context(), addr("10.0.0.1"), three())
		if want := (Tally{3, 2, (ms + 600*ms) / 2}); got != want || err != nil || w.packets() != 5 {
			t.Errorf("got %+v, %v and %d packets, want %+v", got, err, w.packets(), want)
		}
	})
}

// What is no silence of the host is not told as one.
func TestNoVerdict(t *testing.T) {
	failing := errors.New("this socket is broken")
	for name, c := range map[string]struct {
		to     string
		within time.Duration
		answer func(w *wire, n int, sent reply) error
		want   error
	}{
		"no way": {"10.0.0.1", 0, func(*wire, int, reply) error { return syscall.ENETUNREACH }, ErrUnavailable},
		"no way for the second": {"10.0.0.1", 0, func(w *wire, n int, sent reply) error {
			if n > 0 {
				return syscall.EHOSTUNREACH
			}
			w.after(ms, sent)
			return nil
		}, ErrUnavailable},
		"never any room":      {"10.0.0.1", 0, func(*wire, int, reply) error { return syscall.ENOBUFS }, ErrUnavailable},
		"a socket that fails": {"10.0.0.1", 0, func(w *wire, _ int, _ reply) error { w.broken = failing; return nil }, failing},
		"cut off":             {"10.0.0.1", 300 * ms, nil, context.Canceled},
		"sent too late": {"10.0.0.1", 0, func(w *wire, n int, _ reply) error {
			if n == 2 {
				time.Sleep(9 * time.Second)
			}
			return nil
		}, host.ErrNotTried},
		"a multicast address":  {"224.0.0.1", 0, nil, ErrUnavailable},
		"any address":          {"0.0.0.0", 0, nil, ErrUnavailable},
		"an address on a link": {"fe80::1%lo", 0, nil, ErrUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				defer cancel()
				if c.within > 0 {
					time.AfterFunc(c.within, cancel)
				}
				if c.answer == nil {
					c.answer = on(0)
				}
				got, err := sweepOver(newWire(c.answer)).Ping(ctx, addr(c.to), three())
				if got != (Tally{}) || !errors.Is(err, c.want) {
					t.Errorf("got %+v and %v, want %v", got, err, c.want)
				}
			})
		})
	}
}

// What has come is no loss because the reader has not got to it.
func TestLateReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, answered := range [][]int{{0, 1, 2}, {0, 2}} {
			w := newWire(on(900*ms, answered...))
			w.asleep = true
			got, err := sweepOver(w).Ping(t.Context(), addr("10.0.0.1"), three())
			if got.Sent != 3 || got.Received != len(answered) || got.RTT != 900*ms || err != nil {
				t.Errorf("got %+v and %v", got, err)
			}
		}
	})
}

// A check with little time tells what it can: with fewer echoes, and before ctx ends.
func TestLittleTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 300*ms)
		defer cancel()
		got, err := sweepOver(newWire(on(5*ms, 0))).Ping(ctx, addr("10.0.0.1"), three())
		if want := (Tally{2, 1, 5 * ms}); got != want || err != nil || ctx.Err() != nil {
			t.Errorf("got %+v, %v, %v, want %+v", got, err, ctx.Err(), want)
		}
	})
}

// Nobody takes another's replies, and the last one out ends the reader.
func TestManyAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWire(func(w *wire, _ int, sent reply) error {
			if last := sent.from.As4()[3]; last%10 != 0 {
				w.after(time.Duration(last)*ms, sent)
			}
			return nil
		})
		s := sweepOver(w)
		tallies := make(chan [2]Tally)
		for round := range 2 {
			for i := range 200 {
				go func() {
					to := netip.AddrFrom4([4]byte{10, 0, 0, byte(i)})
					got, err := s.Ping(t.Context(), to, three())
					want := Tally{3, 3, time.Duration(i) * ms}
					if i%10 == 0 {
						want = Tally{3, 0, 0}
					}
					if err != nil {
						t.Errorf("%s: %v", to, err)
					}
					tallies <- [2]Tally{got, want}
				}()
			}
			for range 200 {
				if both := <-tallies; both[0] != both[1] {
					t.Errorf("got %+v, want %+v", both[0], both[1])
				}
			}
			synctest.Wait()
			if s.four.users != 0 || s.four.conn != nil || len(s.four.flights) > 0 {
				t.Errorf("after round %d: %d users, %d flights", round, s.four.users, len(s.four.flights))
			}
		}
	}) // which fails where a goroutine is left
}

// One address can be pinged by many checks; there are only so many numbers.
func TestNumbers(t *testing.T) {
	l := &newSweep(nil).four
	p := newPing(addr("10.0.0.1"), Plan{Count: 1})
	seen := map[uint16]bool{}
	for range 1 << 16 {
		seq, err := l.book(p, 0)
		if err != nil || seen[seq] {
			t.Fatalf("number %d, after %d: %v", seq, len(seen), err)
		}
		seen[seq] = true
	}
	if _, err := l.book(p, 0); !errors.Is(err, host.ErrNotTried) {
		t.Errorf("one more: %v", err)
	}
	l.forget(p)
	if _, err := l.book(p, 0); err != nil {
		t.Errorf("after they were given up: %v", err)
	}
}
