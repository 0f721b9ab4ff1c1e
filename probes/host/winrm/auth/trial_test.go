package auth_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"postpatch/probes/host"
	"postpatch/probes/host/winrm/auth"
	"postpatch/probes/lab/kerberos"
	"postpatch/probes/probetest"
)

func probe(user, secret string) host.Credential {
	return host.Credential{User: user, Password: host.NewSecret(secret)}
}

// trials has so many hosts shown an account at once, each of which thinks for a
// second and says what outcome has for it.
func trials(t *testing.T, l *auth.Logins, c host.Credential, hosts int, outcome func(nth int) auth.Outcome) (
	shown int32, most int, errs []error,
) {
	t.Helper()
	var all sync.WaitGroup
	var asked atomic.Int32
	var now probetest.Gauge
	errs = make([]error, hosts)
	for i := range hosts {
		all.Go(func() {
			done, err := l.Try(t.Context(), c, fmt.Sprintf("web%02d", i))
			if errs[i] = err; err != nil {
				return
			}
			nth := asked.Add(1)
			now.Up()
			time.Sleep(time.Second)
			now.Down()
			if done != nil {
				done(outcome(int(nth)))
				done(auth.Accepted) // the first word counts
			}
		})
	}
	all.Wait()
	return asked.Load(), now.Most(), errs
}

func TestTrials(t *testing.T) {
	always := func(o auth.Outcome) func(int) auth.Outcome { return func(int) auth.Outcome { return o } }
	for name, test := range map[string]struct {
		user    string
		outcome func(nth int) auth.Outcome
		shown   int32
		most    int
	}{
		"a wrong password":        {`CORP\probe`, always(auth.Refused), 3, 3},
		"a wrong password, UPN":   {"probe@corp.test", always(auth.Refused), 3, 3},
		"nobody was shown it":     {`CORP\probe`, always(auth.Unknown), 40, 3},
		"nobody says anything":    {`CORP\probe`, always(auth.Silent), 9, 3},
		"the right password":      {`CORP\probe`, always(auth.Accepted), 40, 40},
		"an account of each host": {`.\probe`, always(auth.Refused), 40, 40},
		"an account without more": {"probe", always(auth.Refused), 3, 3}, // hosts that have none ask their domain
		"the current user":        {"", always(auth.Refused), 40, 40},
		"right at the third": {`CORP\probe`, func(nth int) auth.Outcome {
			return map[bool]auth.Outcome{true: auth.Refused, false: auth.Accepted}[nth < 3]
		}, 40, 40},
		"silent at first, then wrong": {`CORP\probe`, func(nth int) auth.Outcome {
			return map[bool]auth.Outcome{true: auth.Silent, false: auth.Refused}[nth <= 5]
		}, 8, 3},
		"silent, then wrong at last": {`CORP\probe`, func(nth int) auth.Outcome {
			return map[bool]auth.Outcome{true: auth.Silent, false: auth.Refused}[nth <= 8]
		}, 9, 3},
		"silent, then right at last": {`CORP\probe`, func(nth int) auth.Outcome {
			return map[bool]auth.Outcome{true: auth.Silent, false: auth.Accepted}[nth <= 8]
		}, 40, 33}, // the last of three lets 31 in, while the two others may still be under way
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := auth.NewLogins()
				defer l.Close()
				shown, most, errs := trials(t, l, probe(test.user, "p"), 40, test.outcome)
				if shown != test.shown || most > test.most || most < test.most-3 { // the first three may be over
					t.Errorf("shown to %d hosts, %d at once; want %d and %d", shown, most, test.shown, test.most)
				}
				for _, err := range errs {
					if err != nil && !errors.Is(err, auth.ErrAccount) {
						t.Error(err)
					}
				}
			})
		})
	}
}

// TestTrialsAreKeptApart also counts a host that is asked again and again.
func TestTrialsAreKeptApart(t *testing.T) {
	l := auth.NewLogins()
	defer l.Close()
	wrong := probe(`CORP\Probe`, "wr0ng")
	for _, name := range []string{"b", "a", "a"} {
		done, err := l.Try(t.Context(), wrong, name)
		if err != nil || done == nil {
			t.Fatal(done == nil, err)
		}
		done(auth.Refused)
	}
	_, err := l.Try(t.Context(), probe(`corp\probe`, "wr0ng"), "c")
	if !errors.Is(err, auth.ErrAccount) || errors.Is(err, host.ErrNoAnswer) || strings.Contains(err.Error(), "wr0ng") ||
		!strings.Contains(err.Error(), `was refused 3 times, by "a" and "b", and taken by no host`) {
		t.Errorf("got %v", err)
	}
	for _, other := range []host.Credential{
		probe(`CORP\probe`, "right"), probe(`CORP\second`, "wr0ng"), probe(`DMZ\probe`, "wr0ng"), probe("probe", "wr0ng"),
	} {
		if _, err := l.Try(t.Context(), other, "c"); err != nil {
			t.Errorf("%q: %v", other.User, err)
		}
	}
}

// TestTheWayOutOfATrial differs where a name may be each host's own account.
func TestTheWayOutOfATrial(t *testing.T) {
	const own = "write `.\\probe`"
	for user, may := range map[string]bool{
		"probe": true, `CORP\probe`: false, "probe@corp.test": false, `WEB01\probe`: false,
	} {
		l := auth.NewLogins()
		defer l.Close()
		for _, name := range []string{"web02", "web01", "web03"} {
			done, err := l.Try(t.Context(), probe(user, "wr0ng"), name)
			if err != nil || done == nil {
				t.Fatalf("%q is not watched over: %v", user, err)
			}
			done(auth.Refused)
		}
		_, err := l.Try(t.Context(), probe(user, "wr0ng"), "web04")
		what, way, _ := auth.Refusal(err)
		if !strings.Contains(what, `by "web01", "web02" and "web03"`) || strings.Contains(way, own) != may {
			t.Errorf("%q: %v", user, err)
		}
	}
}

// TestSilentHostsAreNamed and those who refuse beside them are not.
func TestSilentHostsAreNamed(t *testing.T) {
	l := auth.NewLogins()
	defer l.Close()
	c := probe(`CORP\probe`, "p")
	for n := range 9 {
		done, err := l.Try(t.Context(), c, fmt.Sprintf("web%02d", n/2))
		if err != nil || done == nil {
			t.Fatal(done == nil, err)
		}
		done(map[bool]auth.Outcome{true: auth.Refused, false: auth.Silent}[n == 8])
	}
	_, err := l.Try(t.Context(), c, "web05")
	what, way, _ := auth.Refusal(err)
	if !errors.Is(err, auth.ErrAccount) || !strings.Contains(what, "was shown 9 times") || way == "" ||
		!strings.Contains(what, `and "web00", "web01", "web02" and "web03" said nothing to it`) {
		t.Errorf("got %v", err)
	}
}

// TestAPassedLogon lets others in without vouching for anything, until it comes to
// something.
func TestAPassedLogon(t *testing.T) {
	l := auth.NewLogins()
	defer l.Close()
	c := probe(`CORP\probe`, "p")
	var logons []func(auth.Outcome)
	for n := range 20 {
		done, err := l.Try(t.Context(), c, fmt.Sprintf("web%02d", n))
		if done == nil {
			t.Fatalf("logon %d is no trial: %v", n, err)
		}
		done(auth.Passed)
		done(auth.Passed)
		logons = append(logons, done)
	}
	for n := range 15 { // what has passed is not silent
		logons[n](auth.Silent)
	}
	for n := range 3 {
		done, err := l.Try(t.Context(), c, "web20")
		if done == nil {
			t.Fatalf("after %d refusals: %v", n, err)
		}
		done(auth.Unknown)
		logons[15+n](auth.Refused)
	}
	if _, err := l.Try(t.Context(), c, "web20"); !errors.Is(err, auth.ErrAccount) {
		t.Errorf("after three refusals: %v", err)
	}
	logons[15](auth.Accepted) // has had its say
	if _, err := l.Try(t.Context(), c, "web20"); !errors.Is(err, auth.ErrAccount) {
		t.Errorf("after three refusals: %v", err)
	}
	logons[18](auth.Accepted)
	if done, err := l.Try(t.Context(), c, "web20"); done != nil || err != nil {
		t.Errorf("after one has taken it: %v", err)
	}
}

// TestTrialsEnd has those who wait leave with their contexts and with the run.
func TestTrialsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := auth.NewLogins()
		c := probe(`CORP\probe`, "p")
		var done func(auth.Outcome)
		for range 3 {
			done, _ = l.Try(t.Context(), c, "silent")
		}
		ctx, cancel := context.WithCancel(t.Context())
		var all sync.WaitGroup
		var left atomic.Int32
		for _, wait := range []context.Context{ctx, ctx, t.Context()} {
			all.Go(func() {
				_, err := l.Try(wait, c, "web01")
				if wait == ctx && !errors.Is(err, context.Canceled) || err == nil || errors.Is(err, auth.ErrAccount) {
					t.Errorf("got %v", err)
				}
				left.Add(1)
			})
		}
		synctest.Wait()
		if n := left.Load(); n != 0 {
			t.Fatalf("%d did not wait", n)
		}
		cancel()
		synctest.Wait()
		if n := left.Load(); n != 2 {
			t.Errorf("%d have left, want those two whose context has ended", n)
		}
		l.Close()
		all.Wait()
		done(auth.Refused) // late, and of no harm
		if _, err := l.Try(t.Context(), c, "web01"); err == nil {
			t.Error("goes on after the end")
		}
		if _, err := auth.NewLogins().Try(ctx, probe(`.\probe`, "p"), "web01"); !errors.Is(err, context.Canceled) {
			t.Errorf("a context that has ended: %v", err)
		}
	})
}

// TestTrialsTrustTheKDC takes its word for a password, even after three hosts have
// refused the account.
func TestTrialsTrustTheKDC(t *testing.T) {
	d := startDomain(t, kerberos.Options{})
	l := auth.NewLogins()
	defer l.Close()
	for _, secret := range []string{"wr0ng", "Pa55 word"} {
		c := password("probe@corp.test", secret)
		for range 3 {
			done, err := l.Try(t.Context(), c, "web02.corp.test")
			if err != nil {
				t.Fatal(err)
			}
			done(auth.Refused)
		}
		o := d.options(c)
		o.Logins = l
		_, err := ask(t.Context(), t, o)
		done, tried := l.Try(t.Context(), c, "web03.corp.test")
		if (err == nil) != (tried == nil) || done != nil {
			t.Errorf("%q: the KDC says %v, and then %v", secret, err, tried)
		}
	}
	// By NTLM a name alone may be another account than the KDC's.
	o := d.options(password("probe", "Pa55 word"))
	o.Method, o.Logins = "kerberos", l
	_, err := ask(t.Context(), t, o)
	if done, tried := l.Try(t.Context(), o.Credential, "web04.corp.test"); err != nil || tried != nil || done == nil {
		t.Errorf("the KDC says %v, and then %v; want the next logon to be a trial", err, tried)
	}
}
