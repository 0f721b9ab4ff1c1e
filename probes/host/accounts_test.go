package host_test

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
	"postpatch/probes/probetest"
)

func mailbox(password string) host.Credential {
	return host.Credential{User: `CORP\Probe`, Password: host.NewSecret(password)}
}

// show tries a password at a door, and says in a word what came of it.
func show(t *testing.T, a *host.Accounts, c host.Credential, door string, came host.Shown) string {
	t.Helper()
	done, err := a.Try(t.Context(), c, door)
	switch {
	case errors.Is(err, host.ErrRefused):
		return "refused before"
	case errors.Is(err, host.ErrNotTried):
		return "not tried"
	case err != nil:
		return err.Error()
	}
	done(came)
	return "shown"
}

func TestAccounts(t *testing.T) {
	type step struct {
		door string
		came host.Shown
		want string
	}
	for name, steps := range map[string][]step{
		"one wrong password ends it for all": {
			{"imap", host.Refused, "shown"}, {"imap", 0, "refused before"}, {"pop3", 0, "not tried"}, {"smtp", 0, "not tried"},
		},
		"what was taken once may be refused elsewhere": {
			{"smtp", host.Taken, "shown"},
			{"imap", host.Refused, "shown"},
			{"imap", 0, "refused before"},
			{"pop3", host.Refused, "shown"},
			{"smtp", host.Refused, "shown"},
			{"ews", 0, "not tried"},
		},
		"three hang": {
			{"imap", host.Unsaid, "shown"},
			{"imap", host.Unsaid, "shown"},
			{"pop3", host.Unsaid, "shown"},
			{"imap", 0, "not tried"},
		},
		"who cannot verify counts nothing": {
			{"imap", host.Later, "shown"},
			{"imap", host.Later, "shown"},
			{"imap", host.Later, "shown"},
			{"imap", host.Later, "shown"},
			{"imap", host.Taken, "shown"},
		},
		"silence after it was taken": {
			{"imap", host.Taken, "shown"},
			{"imap", host.Unsaid, "shown"},
			{"imap", host.Unsaid, "shown"},
			{"imap", host.Unsaid, "shown"},
			{"imap", host.Unsaid, "shown"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var a host.Accounts
			for i, s := range steps {
				if got := show(t, &a, mailbox("x"), s.door, s.came); got != s.want {
					t.Errorf("step %d at %s: %s, want %s", i, s.door, got, s.want)
				}
			}
		})
	}
}

func TestAccountsAreToldApart(t *testing.T) {
	var a host.Accounts
	show(t, &a, mailbox("wrong"), "imap", host.Refused)
	if got := show(t, &a, mailbox("right"), "imap", host.Taken); got != "shown" {
		t.Errorf("another password: %s", got)
	}
	again := mailbox("wrong")
	again.User = `corp\probe`
	_, err := a.Try(t.Context(), again, "pop3")
	if !errors.Is(err, host.ErrNotTried) || !strings.Contains(err.Error(), "refused by imap") ||
		strings.Contains(err.Error(), "wrong") {
		t.Errorf("the same in lower case: %v", err)
	}
	for _, c := range []host.Credential{{User: "a"}, {Password: host.NewSecret("x")}} {
		if got := show(t, &a, c, "imap", 0); got != "not tried" {
			t.Errorf("%v: %s", c, got)
		}
	}
	if got := show(t, nil, mailbox("x"), "imap", 0); got != "not tried" {
		t.Errorf("without a memory: %s", got)
	}
}

// Before one has taken it, a password is with one server at a time; just afterwards with
// all that want it, and later with a few, so that three refusals are the most.
func TestAccountsWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var a host.Accounts
		var refused atomic.Int32
		var all sync.WaitGroup
		run := func(came host.Shown) int {
			var underWay probetest.Gauge
			for i := range 20 {
				all.Go(func() {
					done, err := a.Try(t.Context(), mailbox("x"), fmt.Sprint(came, i))
					if err != nil {
						return
					}
					underWay.Up()
					time.Sleep(time.Second)
					if underWay.Down(); came == host.Refused {
						refused.Add(1)
					}
					done(came)
				})
			}
			all.Wait()
			return underWay.Most()
		}
		if n := run(host.Later); n != 1 {
			t.Errorf("%d at a time before it was taken", n)
		}
		if n := run(host.Taken); n != 19 { // all but the one that took it
			t.Errorf("%d at a time just afterwards", n)
		}
		time.Sleep(time.Minute)
		if n := run(host.Refused); n != 3 {
			t.Errorf("%d at a time later", n)
		}
		if n := refused.Load(); n != 3 {
			t.Errorf("%d refusals", n)
		}
	})
}

func TestAccountsWaitNoLongerThanTheCheck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var a host.Accounts
		done, err := a.Try(t.Context(), mailbox("x"), "imap")
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := a.Try(ctx, mailbox("x"), "pop3"); !errors.Is(err, host.ErrNotTried) ||
			!errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		done(host.Taken)
		done(host.Refused) // too late
		if got := show(t, &a, mailbox("x"), "pop3", host.Taken); got != "shown" {
			t.Errorf("got %s", got)
		}
	})
}

// What others learn of a password counts here: one that is known to be right lets all in
// who wait, and one that was refused elsewhere is shown to nobody, until it is known better.
func TestAccountsHearFromOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var a host.Accounts
		done, err := a.Try(t.Context(), mailbox("right"), "ews")
		if err != nil {
			t.Fatal(err)
		}
		var waiting sync.WaitGroup
		var shown atomic.Int32
		start := time.Now()
		for i := range 9 {
			waiting.Go(func() {
				if got := show(t, &a, mailbox("right"), fmt.Sprint("imap", i), host.Taken); got == "shown" {
					shown.Add(1)
				}
			})
		}
		time.AfterFunc(time.Second, func() { a.Vouch(mailbox("right")) })
		time.AfterFunc(time.Minute, func() { done(host.Taken) })
		if waiting.Wait(); shown.Load() != 9 || time.Since(start) != time.Second {
			t.Errorf("shown to %d of 9 after %s", shown.Load(), time.Since(start))
		}
		a.Refuse(mailbox("wrong"), "web01: a logon to Windows")
		a.Refuse(mailbox("wrong"), "web01: a logon to Windows") // which counts once
		_, err = a.Try(t.Context(), mailbox("wrong"), "imap")
		if !errors.Is(err, host.ErrNotTried) || !strings.Contains(err.Error(), "refused by web01: a logon to Windows") {
			t.Errorf("got %v", err)
		}
		if got := a.Refusals(mailbox("wrong")); len(got) != 0 {
			t.Errorf("what was told comes back: %q", got)
		}
		a.Vouch(mailbox("wrong"))
		if got := show(t, &a, mailbox("wrong"), "imap", host.Refused); got != "shown" {
			t.Errorf("known better: %s", got)
		}
		a.Refuse(mailbox("wrong"), "web02: a logon to Windows")
		if got := show(t, &a, mailbox("wrong"), "pop3", host.Refused); got != "not tried" {
			t.Errorf("after three refusals: %s", got)
		}
		if got := a.Refusals(mailbox("wrong")); len(got) != 1 || got[0] != "imap" {
			t.Errorf("refusals %q", got)
		}
	})
	var none *host.Accounts
	none.Vouch(mailbox("x"))
	none.Refuse(mailbox("x"), "y")
	if got := none.Refusals(mailbox("x")); got != nil {
		t.Errorf("got %q", got)
	}
}

// Silence is forgiven once, and never again: a policy may count for half an hour.
func TestSilenceIsForgivenOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var a host.Accounts
		shown := 0
		for range 40 { // minutes
			done, err := a.Try(t.Context(), mailbox("x"), "imap")
			if err == nil {
				shown++
				done(host.Unsaid)
			}
			time.Sleep(time.Minute)
		}
		if shown != 4 {
			t.Errorf("shown %d times in 40 minutes, want 4", shown)
		}
	})
}
