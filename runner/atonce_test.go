package runner_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/runner"
	"postpatch/suites"
)

// All that is looked at of one server, logons among them, ends with the slowest of it and
// a tenth, where logons are short beside it: what goes out from the runner goes at once, and
// one password queues only until somebody has taken it, whoever comes first.
func TestProbesOfAServerEndWithTheSlowest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const slowest, logon = 10 * time.Second, 500 * time.Millisecond
		var logons atomic.Int32
		takes := func(d time.Duration, shows bool) probes.Probe {
			return probeFunc(func(ctx context.Context, target probes.Target) ([]fact.Reading, error) {
				seen := []fact.Reading{probes.Read("", "state", fact.Text("open"))}
				if !shows {
					time.Sleep(d) // of this test's own clock
					return seen, nil
				}
				err := target.LogOn(ctx, "mail", d.String(), func(host.Credential) (host.Shown, error) {
					logons.Add(1)
					time.Sleep(logon)
					return host.Taken, nil
				})
				time.Sleep(d - logon)
				return seen, err
			})
		}
		var checks []suites.Check
		for i := range 10 {
			c := portCheck(fmt.Sprint("check", i), takes(time.Duration(i+1)*slowest/10-slowest/20, i%3 != 1))
			c.Timeout = time.Minute
			checks = append(checks, c)
		}
		last := portCheck("slowest", takes(slowest, false))
		last.Timeout = time.Minute
		v, problems := observe(t, runner.Options{
			Accounts: &host.Accounts{},
			Credential: func(string, string) (host.Credential, error) {
				return host.Credential{User: "probe", Password: host.NewSecret("x")}, nil
			},
		}, append(checks, last)...)
		if v.Took > slowest*11/10 || logons.Load() != 7 {
			t.Errorf("it took %s, with %d logons: %q", v.Took, logons.Load(), problems)
		}
	})
}
