package runner_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"postpatch/baseline"
	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/probetest"
	"postpatch/runner"
	"postpatch/runner/report"
	"postpatch/suites"
)

// takes is a probe whose host answers after some time.
func takes(d time.Duration) probeFunc {
	return func(ctx context.Context, _ probes.Target) ([]fact.Reading, error) {
		select {
		case <-time.After(d):
			return []fact.Reading{probes.Read("443", "state", fact.Text("open"))}, nil
		case <-ctx.Done():
			return nil, errors.Join(probes.ErrNoAnswer, context.Cause(ctx))
		}
	}
}

// silent is a probe whose host never answers.
func silent(ctx context.Context, _ probes.Target) ([]fact.Reading, error) {
	<-ctx.Done()
	return nil, errors.Join(probes.ErrNoAnswer, context.Cause(ctx))
}

// fleet are hosts that have the same checks.
func fleet(name string, n int, checks ...*suites.Check) []suites.Host {
	var hosts []suites.Host
	for i := range n {
		one := fmt.Sprintf("%s%04d", name, i)
		hosts = append(hosts, suites.Host{Name: one, Address: one, Checks: checks})
	}
	return hosts
}

// ofSuite is a check of another suite.
func ofSuite(name string, p probes.Probe) *suites.Check {
	c := portCheck("a", p)
	c.Suite = name
	return c
}

// A suite of ten hosts does not wait for one of two thousand, and a host that answers is
// told of before those that do not.
func TestASmallSuiteIsNotStarved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hosts := append(fleet("large", 2000, ofSuite("large", takes(time.Second))),
			fleet("small", 10, ofSuite("small", takes(time.Second)))...)
		var last time.Duration
		start, told := time.Now(), 0
		err := runner.Observe(t.Context(), hosts, runner.Options{Hosts: 20}, func(v runner.Visit) error {
			if strings.HasPrefix(v.Host.Name, "small") {
				last, told = time.Since(start), told+1
			}
			return nil
		})
		if err != nil || told != 10 || last > 2*time.Second {
			t.Errorf("%d of the small suite's hosts are done after %s, %v", told, last, err)
		}
		if took := time.Since(start); took > 102*time.Second {
			t.Errorf("all took %s", took)
		}
	})
}

// Dead hosts end in their time however many checks they have, and hosts that answer are
// told of first.
func TestDeadHostsHoldNoPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var checks []*suites.Check
		for i := range 60 { // five rounds of twelve
			c := portCheck(fmt.Sprint("c", i), probeFunc(silent))
			c.Timeout = 5 * time.Second
			checks = append(checks, c)
		}
		asks := portCheck("asks", asking{silent})
		asks.Timeout = 5 * time.Second
		gateway := portCheck("gateway", away{takes(time.Second)}) // which is up
		gateway.Timeout = 5 * time.Second
		hosts := append(fleet("dead", 10, append([]*suites.Check{gateway, asks}, checks...)...),
			fleet("up", 40, ofSuite("s", takes(time.Second)))...)
		o := runner.Options{Hosts: 20, Open: func(context.Context, suites.Host) (host.Session, error) { return muted{}, nil }}
		var order []string
		err := runner.Observe(t.Context(), hosts, o, func(v runner.Visit) error {
			order = append(order, v.Host.Name[:2])
			if strings.HasPrefix(v.Host.Name, "up") {
				return nil
			}
			last := v.Seen.Checks[slices.IndexFunc(v.Seen.Checks, func(c baseline.Check) bool { return c.Check == "s/c59" })]
			if v.Took > 6*time.Second || v.Seen.Unreachable == "" || len(v.Seen.Checks) != 62 {
				t.Errorf("%s took %s, of %d checks: %q", v.Host.Name, v.Took, len(v.Seen.Checks), v.Seen.Unreachable)
			}
			if want := "not asked: nothing at the host answered within 5s"; last.Error != want {
				t.Errorf("%s: %q, want %q", last.Check, last.Error, want)
			}
			return nil
		})
		upFirst := func(a, b string) int { return strings.Compare(b, a) }
		if err != nil || len(order) != 50 || !slices.IsSortedFunc(order, upFirst) {
			t.Errorf("told in the order %v, %v", order, err)
		}
	})
}

// An answer that waits until the host's other checks are done, to be read then, is an answer:
// the host is not dead, and all its checks have their time.
func TestAnAnswerThatWaitsIsAnAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var checks []*suites.Check
		for i := range runner.Lanes {
			checks = append(checks, portCheck(fmt.Sprint("c", i), probeFunc(silent)))
		}
		checks = append(checks, portCheck("last", takes(time.Second)), portCheck("asks", asking{reports("open")}))
		for _, c := range checks {
			c.Timeout = 5 * time.Second
		}
		s := session{new(atomic.Int32), new(atomic.Int32)}
		open := func(context.Context, suites.Host) (host.Session, error) { return reading{s}, nil }
		o := runner.Options{Hosts: 1, Open: open}
		err := runner.Observe(t.Context(), fleet("h", 1, checks...), o, func(v runner.Visit) error {
			for _, c := range v.Seen.Checks {
				if (c.Check == "s/asks" || c.Check == "s/last") && c.Error != "" {
					t.Errorf("%s: %s", c.Check, c.Error)
				}
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
}

// reading is a session that waits for its turn to read what the host has said.
type reading struct{ session }

func (r reading) Ask(ctx context.Context, questions []host.Question) (host.Answers, error) {
	host.Turn(ctx)
	return r.session.Ask(ctx, questions)
}

// muted is a session with a host that never answers.
type muted struct{}

func (muted) Ask(ctx context.Context, _ []host.Question) (host.Answers, error) {
	<-ctx.Done()
	return host.Answers{}, errors.Join(host.ErrNoAnswer, ctx.Err())
}

func (muted) Close(context.Context) error { return nil }

// What answers at last, or answers elsewhere, or has not been heard of because it was not
// tried, does not make a host that is slow a dead one.
func TestAHostThatAnswersIsAskedAll(t *testing.T) {
	for name, first := range map[string]probes.Probe{
		"one answers": takes(time.Second), "it is not tried": fails(probes.ErrNotTried), "others do not answer": away{silent},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var checks []*suites.Check
				for i := range 2 * runner.Lanes {
					p := probes.Probe(takes(8 * time.Second))
					if i == 0 {
						p = first
					}
					checks = append(checks, portCheck(fmt.Sprintf("c%02d", i), p))
				}
				v, _ := observe(t, runner.Options{}, checks...)
				for _, c := range v.Seen.Checks[1:] {
					if c.Error != "" {
						t.Errorf("%s: %s", c.Check, c.Error)
					}
				}
			})
		})
	}
}

// The operator's time ends a visit: what had answered counts, and what had not is unknown,
// whatever the probe made of its end.
func TestTheTimeOfAHost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		refused := func(ctx context.Context, _ probes.Target) ([]fact.Reading, error) {
			<-ctx.Done()
			return []fact.Reading{probes.Read("443", "state", fact.Text("refused"))}, nil
		}
		deaf := func(context.Context, probes.Target) ([]fact.Reading, error) {
			time.Sleep(time.Hour)
			return nil, nil
		}
		v, got := observe(t, runner.Options{HostTime: 3 * time.Second},
			portCheck("a", takes(time.Second)), portCheck("b", probeFunc(refused)), portCheck("c", probeFunc(deaf)))
		want := []string{
			"a: [open]", "b: the host's time of 3s was over", "c: checking c: the host's time of 3s was over, and it did not stop",
		}
		if diff := cmp.Diff(want, got); diff != "" || v.Took != 6*time.Second || v.Seen.Unreachable != "" {
			t.Errorf("took %s, unreachable %q (-want +got):\n%s", v.Took, v.Seen.Unreachable, diff)
		}
		time.Sleep(time.Hour) // of this test's own clock, until the last probe has ended
	})
}

// refusing is a fleet whose hosts refuse more until some time.
type refusing struct {
	session
	until time.Time
}

func (r refusing) Ask(ctx context.Context, q []host.Question) (host.Answers, error) {
	time.Sleep(time.Second)
	if time.Now().Before(r.until) {
		return host.Answers{}, fmt.Errorf("asking: %w", host.ErrBusy)
	}
	return r.session.Ask(ctx, q)
}

// Quota faults slow the run down, never to nothing, and it is as quick as before once they
// are over. Whoever was refused is unknown, and not passed over.
func TestQuotaFaultsSlowTheRunDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := refusing{session{new(atomic.Int32), new(atomic.Int32)}, time.Now().Add(20 * time.Second)}
		var told []runner.Pace
		var underWay probetest.Gauge
		slots := runner.NewSlots(runner.Limits{Hosts: 40, Tell: func(p runner.Pace) { told = append(told, p) }})
		o := runner.Options{Slots: slots, Open: func(context.Context, suites.Host) (host.Session, error) {
			if time.Now().After(s.until.Add(-10*time.Second)) && time.Now().Before(s.until) {
				underWay.Up()
				time.AfterFunc(time.Second-1, func() { underWay.Down() })
			}
			return s, nil
		}}
		unknown := 0
		hosts := fleet("h", 1000, portCheck("a", asking{reports("open")}))
		err := runner.Observe(t.Context(), hosts, o, func(v runner.Visit) error {
			if v.Seen.Checks[0].Error != "" {
				unknown++
			}
			return nil
		})
		if err != nil || unknown == 0 || unknown > 200 || underWay.Most() != 4 {
			t.Errorf("%d hosts are unknown, %d were asked at once at last, %v", unknown, underWay.Most(), err)
		}
		first, last := runner.Pace{Now: 20, Most: 40, Why: "quota faults"}, runner.Pace{Now: 40, Most: 40}
		if len(told) < 4 || told[0] != first || told[len(told)-1] != last {
			t.Errorf("told %v", told)
		}
	})
}

// overrun is a session with a host that takes longer than there is time for.
type overrun struct{ muted }

func (overrun) Ask(ctx context.Context, _ []host.Question) (host.Answers, error) {
	<-ctx.Done()
	return host.Answers{}, fmt.Errorf("waiting for PowerShell: %w", ctx.Err())
}

// Time-outs slow the run down, whoever has set the time.
func TestTimeOutsSlowTheRunDown(t *testing.T) {
	for name, limit := range map[string]time.Duration{"the check's time": 0, "the host's time": 5 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			slots := runner.NewSlots(runner.Limits{Hosts: 40})
			o := runner.Options{Slots: slots, HostTime: limit, Open: func(context.Context, suites.Host) (host.Session, error) {
				return overrun{}, nil
			}}
			hosts := fleet("h", 100, portCheck("a", asking{reports("open")}), portCheck("b", takes(time.Second)))
			err := runner.Observe(t.Context(), hosts, o, func(runner.Visit) error { return nil })
			if p, slowed := slots.Slowest(); err != nil || !slowed || p.Why != "time-outs" {
				t.Errorf("%s: slowed down: %t, %+v, %v", name, slowed, p, err)
			}
		})
	}
}

// The networks of a run have their limit, by the addresses that their names have; who has
// none is in none, and a resolver that is down delays nobody for long.
func TestNetworksHaveTheirLimit(t *testing.T) {
	for name, tt := range map[string]struct {
		resolve func(ctx context.Context, name string) (netip.Addr, error)
		want    time.Duration
	}{
		"two networks": {func(_ context.Context, name string) (netip.Addr, error) {
			return netip.AddrFrom4([4]byte{10, 0, name[len(name)-1] % 2, 9}), nil
		}, 10 * time.Second},
		"one of IPv6": {func(_ context.Context, name string) (netip.Addr, error) {
			return netip.ParseAddr("2001:db8::" + name[len(name)-1:])
		}, 20 * time.Second},
		"no such names": {func(context.Context, string) (netip.Addr, error) { return netip.Addr{}, errors.New("no such host") }, time.Second},
		"no resolver": {func(ctx context.Context, _ string) (netip.Addr, error) {
			<-ctx.Done()
			return netip.Addr{}, ctx.Err()
		}, 5 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := runner.Options{Slots: runner.NewSlots(runner.Limits{Hosts: 200, PerNetwork: 5}), Resolve: tt.resolve}
				start := time.Now()
				hosts := fleet("h", 100, portCheck("a", takes(time.Second)))
				if err := runner.Observe(t.Context(), hosts, o, func(runner.Visit) error { return nil }); err != nil {
					t.Fatal(err)
				}
				// How many lookups are begun before the first have failed is a matter of chance.
				if took := time.Since(start); took > tt.want || name != "no resolver" && took < tt.want {
					t.Errorf("it took %s, want %s", took, tt.want)
				}
			})
		})
	}
}

// A run that is cut short ends at once, also where thousands wait for an account's turn.
func TestACutEndsTheWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slots := runner.NewSlots(runner.Limits{Hosts: 500, Logons: 1, Account: func(suites.Host) string { return "probe" }})
		s := session{new(atomic.Int32), new(atomic.Int32)}
		o := runner.Options{Slots: slots, Open: func(context.Context, suites.Host) (host.Session, error) { return s, nil }}
		ctx, cancel := context.WithTimeout(t.Context(), 10500*time.Millisecond)
		defer cancel()
		start, told := time.Now(), 0
		err := runner.Observe(ctx, fleet("h", 5000, portCheck("a", asking{reports("open")})), o, func(runner.Visit) error {
			told++
			return nil
		})
		took := time.Since(start)
		if !errors.Is(err, context.DeadlineExceeded) || told != 11 || took != 10500*time.Millisecond {
			t.Errorf("%d told in %s, %v", told, took, err)
		}
	})
}

// Hosts that are waited for go through the same door.
func TestWaitingHostsTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var now, lookups probetest.Gauge
		p := probeFunc(func(ctx context.Context, target probes.Target) ([]fact.Reading, error) {
			now.Up()
			defer now.Down()
			return takes(time.Second)(ctx, target)
		})
		hosts := append(fleet("10.0.0.", 9, portCheck("a", p)), fleet("10.0.1.", 9, portCheck("a", p))...)
		for i := range hosts {
			hosts[i].Address = strings.Replace(hosts[i].Address, "000", "", 1)
		}
		o := runner.Options{
			Slots: runner.NewSlots(runner.Limits{Hosts: 50, PerNetwork: 2}),
			Resolve: func(context.Context, string) (netip.Addr, error) {
				lookups.Up()
				defer lookups.Down()
				time.Sleep(time.Millisecond) // of this test's own clock
				return netip.Addr{}, errors.New("no such host")
			},
		}
		hosts = append(hosts, fleet("named", 100, portCheck("a", reports("open")))...)
		planning := runner.NewPlanning(nil)
		judge := func(v runner.Visit, b *baseline.Host) report.Host { return runner.Judge(v, b, planning) }
		w := runner.Waiting{Settle: suites.DefaultSettle(), Once: true, Judge: judge}
		told := 0
		err := runner.Await(t.Context(), runner.Watch{Hosts: hosts, Options: o, Waiting: w}, func(runner.Visit) error {
			told++
			return nil
		}, nil)
		if err != nil || told != 118 || now.Most() != 4 || lookups.Most() != 16 {
			t.Errorf("%d told, %d at once, %d names looked up at once, %v", told, now.Most(), lookups.Most(), err)
		}
	})
}

// Goroutines are as before after a run, also one that was cut short, with real ones that
// come and go at once.
func TestSlotsLeaveNothingBehind(t *testing.T) {
	before := runtime.NumGoroutine()
	account := func(suites.Host) string { return "a" }
	slots := runner.NewSlots(runner.Limits{Hosts: 8, PerNetwork: 3, Logons: 1000, Account: account})
	resolve := func(_ context.Context, name string) (netip.Addr, error) {
		return netip.AddrFrom4([4]byte{10, 0, name[len(name)-1] % 4, 1}), nil
	}
	var runs sync.WaitGroup
	for i := range 8 {
		runs.Go(func() {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			told := 0
			hosts := fleet(fmt.Sprint("h", i), 300, ofSuite(fmt.Sprint(i), reports("open")))
			o := runner.Options{Slots: slots, Resolve: resolve}
			err := runner.Observe(ctx, hosts, o, func(runner.Visit) error {
				if told++; told == 100 && i%2 == 0 {
					cancel()
				}
				return nil
			})
			if (err != nil) != (i%2 == 0) || err == nil && told != 300 {
				t.Errorf("%d told, %v", told, err)
			}
		})
	}
	runs.Wait()
	for end := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > before; runtime.Gosched() {
		if time.Now().After(end) {
			t.Fatalf("%d goroutines, %d before", runtime.NumGoroutine(), before)
		}
	}
}
