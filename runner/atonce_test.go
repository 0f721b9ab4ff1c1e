package runner_test

import (
	"context"
	"fmt"
	"strings"
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
		var checks []*suites.Check
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

// Where each logon is as slow as the slowest of all that is looked at, they take twice as
// long, since the first of a run goes alone: a password that is wrong is shown once. Once
// somebody knows that it is right, as a KDC does long before the server answers, and as
// another host has just done, they end with the slowest. Some time later three go first.
func TestSlowLogonsOfAServer(t *testing.T) {
	const logon, kdc = 10 * time.Second, 50 * time.Millisecond
	for name, tt := range map[string]struct {
		kdc     bool
		takenAt time.Duration // before all this, by another host; 0 for never
		want    time.Duration
	}{
		"nobody knows the password":        {false, 0, 2 * logon},
		"the first one's KDC does":         {true, 0, logon + kdc},
		"another host has just taken it":   {false, time.Second, logon},
		"another host took it an hour ago": {false, time.Hour, 2 * logon},
		"and now the KDC says so":          {true, time.Hour, logon + kdc},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var accounts host.Accounts
				credential := host.Credential{User: "probe@corp.test", Password: host.NewSecret("x")}
				if tt.takenAt > 0 {
					accounts.Vouch(credential)
					time.Sleep(tt.takenAt)
				}
				var checks []*suites.Check
				for i := range runner.Lanes {
					c := portCheck(fmt.Sprint("check", i), probeFunc(func(ctx context.Context, target probes.Target) (
						[]fact.Reading, error,
					) {
						err := target.LogOn(ctx, "mail", fmt.Sprint(i), func(c host.Credential) (host.Shown, error) {
							if tt.kdc {
								time.AfterFunc(kdc, func() { target.Accounts.Vouch(c) })
							}
							time.Sleep(logon)
							return host.Taken, nil
						})
						return []fact.Reading{probes.Read("", "state", fact.Text("open"))}, err
					}))
					c.Timeout = time.Minute
					checks = append(checks, c)
				}
				v, seen := observe(t, runner.Options{
					Accounts: &accounts, Credential: func(string, string) (host.Credential, error) { return credential, nil },
				}, checks...)
				if v.Took != tt.want || strings.Count(strings.Join(seen, " "), ": [open]") != runner.Lanes {
					t.Errorf("it took %s, want %s: %q", v.Took, tt.want, seen)
				}
			})
		})
	}
}
