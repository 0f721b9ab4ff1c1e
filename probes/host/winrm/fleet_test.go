package winrm

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"postpatch/probes/host"
	"postpatch/probes/host/winrm/auth"
	"postpatch/probes/lab/estate"
	"postpatch/probes/lab/wsman"
)

// fleet is many hosts of one domain, and the sessions that share one account.
type fleet struct {
	servers []*wsman.Server
	options []Options
	logins  *auth.Logins
}

// newFleet starts hosts of the lab; change may make one of them different.
func newFleet(t *testing.T, hosts int, change func(i int, h *estate.Host)) *fleet {
	t.Helper()
	f := &fleet{logins: auth.NewLogins()}
	t.Cleanup(f.logins.Close)
	for i := range hosts {
		h := labHost()
		h.Name = fmt.Sprintf("web%02d.corp.test", i)
		h.WinRM.User, h.WinRM.Plain = `CORP\probe`, false
		if change != nil {
			change(i, &h)
		}
		server, o := lab(t, h)
		o.Auth, o.Logins, o.AllowPlain = NTLM, f.logins, h.WinRM.Plain
		if h.WinRM.Plain {
			o.Auth = Basic
		}
		f.servers, f.options = append(f.servers, server), append(f.options, o)
	}
	return f
}

// as gives all sessions another credential.
func (f *fleet) as(user, secret string) {
	for i := range f.options {
		f.options[i].Credential = host.Credential{User: user, Password: host.NewSecret(secret)}
	}
}

// ask asks some of the hosts, all at once, and says what came of each.
func (f *fleet) ask(ctx context.Context, which ...int) []error {
	errs := make([]error, len(which))
	var all sync.WaitGroup
	for n, i := range which {
		all.Go(func() {
			s, err := Open(ctx, f.options[i])
			if err == nil {
				_, err = s.Ask(ctx, []host.Question{system(), build()})
				_ = s.Close(context.WithoutCancel(ctx))
			}
			errs[n] = err
		})
	}
	all.Wait()
	return errs
}

// sum adds up what all hosts have counted.
func (f *fleet) sum(count func(wsman.Stats) int) (n int) {
	for _, s := range f.servers {
		n += count(s.Stats())
	}
	return n
}

func refused(s wsman.Stats) int { return s.Refused }

func taken(s wsman.Stats) int { return s.Auth["NTLM"] }

func upTo(n int) (all []int) {
	for i := range n {
		all = append(all, i)
	}
	return all
}

// until waits for what the hosts have counted.
func (f *fleet) until(t *testing.T, count func(wsman.Stats) int, want int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for f.sum(count) < want {
		if ctx.Err() != nil {
			t.Fatalf("counted %d, want %d", f.sum(count), want)
		}
		runtime.Gosched()
	}
}

// muted is a way to a host that is lost after so many writes: the host hears
// nothing of the next, and the client hears nothing from it, or the end of the
// connection.
type muted struct {
	after  int
	ends   bool
	silent atomic.Int32 // connections that have come so far
}

func (m *muted) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
	return &mutedConn{Conn: conn, way: m}, err
}

type mutedConn struct {
	net.Conn
	way    *muted
	writes int
}

func (c *mutedConn) Write(p []byte) (int, error) {
	c.writes++
	if c.writes <= c.way.after {
		return c.Conn.Write(p)
	}
	c.way.silent.Add(1)
	if c.way.ends {
		_ = c.Close()
	}
	return len(p), nil
}

// TestAWrongPasswordOnManyHosts is what locked an account.
func TestAWrongPasswordOnManyHosts(t *testing.T) {
	const hosts = 40
	for name, c := range map[string]struct {
		user   string
		each   bool // host counts for itself
		change func(*estate.WinRM)
	}{
		"NTLM":                              {`CORP\probe`, false, func(*estate.WinRM) {}},
		"what can be had, which is NTLM":    {`CORP\probe`, false, func(*estate.WinRM) {}},
		"NTLM, by the UPN":                  {"probe@corp.test", false, func(*estate.WinRM) {}},
		"NTLM, no message beside the token": {`CORP\probe`, false, func(w *estate.WinRM) { w.NoEarlyBody = true }},
		"Basic":                             {`CORP\probe`, false, func(w *estate.WinRM) { w.Plain = true }},
		"NTLM, the domain left out":         {"probe", false, func(*estate.WinRM) {}},
		"NTLM, hosts' own accounts":         {"probe", false, func(w *estate.WinRM) { w.User = "probe" }},
		"NTLM, hosts' own, and said so":     {`.\probe`, true, func(w *estate.WinRM) { w.User = "probe" }},
		"Basic, hosts' own accounts":        {"probe", false, func(w *estate.WinRM) { w.User, w.Plain = "probe", true }},
		"Basic, hosts' own, and said so":    {`.\probe`, true, func(w *estate.WinRM) { w.User, w.Plain = "probe", true }},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFleet(t, hosts, func(_ int, h *estate.Host) { c.change(h.WinRM) })
			f.as(c.user, "wr0ng")
			for i := range f.options {
				if strings.HasPrefix(name, "what can be had") {
					f.options[i].Auth = Negotiate
				}
			}
			for pass := range 2 { // in a second one nobody is shown the password any more
				shown, kept := 3, hosts-3*(1-pass)
				if c.each {
					shown, kept = hosts*(pass+1), 0
				}
				for i, err := range f.ask(t.Context(), upTo(hosts)...) {
					switch {
					case errors.Is(err, auth.ErrAccount):
						kept--
						if !strings.Contains(err.Error(), fmt.Sprintf("asking %q", f.options[i].Host)) ||
							!strings.Contains(err.Error(), "was refused 3 times, by \"web") || errors.Is(err, host.ErrNoAnswer) {
							t.Error(err)
						}
					case !isKind(err, AccessDenied):
						t.Errorf("%v, want access denied", err)
					}
				}
				if n := f.sum(refused); n != shown || kept != 0 {
					t.Errorf("pass %d: %d wrong passwords were shown, want %d; %d hosts too few were left alone", pass, n, shown, kept)
				}
			}
		})
	}
}

// TestSilentHostsKeepNobodyWaitingForEver has the first hosts go silent with the
// right password in their hands.
func TestSilentHostsKeepNobodyWaitingForEver(t *testing.T) {
	for name, ends := range map[string]bool{"they say nothing": false, "they hang up": true} {
		t.Run(name, func(t *testing.T) {
			const hosts, silent = 20, 3
			f := newFleet(t, hosts, nil)
			way := &muted{after: 1, ends: ends}
			for i := range silent {
				f.options[i].Dial = way.dial
			}
			first, giveUp := context.WithCancel(t.Context())
			defer giveUp()
			var all sync.WaitGroup
			all.Go(func() {
				for _, err := range f.ask(first, upTo(silent)...) {
					if err == nil {
						t.Error("a silent host has answered")
					}
				}
			})
			for way.silent.Load() < silent {
				runtime.Gosched()
			}
			all.Go(func() {
				for _, err := range f.ask(t.Context(), upTo(hosts)[silent:]...) {
					if err != nil {
						t.Error(err)
					}
				}
			})
			if !ends {
				f.until(t, func(s wsman.Stats) int { return min(s.Requests, 1) }, hosts) // all have their challenge
				if n := f.sum(taken); n != 0 {
					t.Errorf("%d logons beside three that are under way", n)
				}
			}
			giveUp()
			all.Wait()
			if n := f.sum(taken); n != hosts-silent || f.sum(refused) != 0 {
				t.Errorf("%d hosts have taken the account, want %d", n, hosts-silent)
			}
		})
	}
}

// TestOneRightAnswerIsEnough has single hosts refuse an account that others take.
func TestOneRightAnswerIsEnough(t *testing.T) {
	const hosts, refusing = 40, 10
	f := newFleet(t, hosts, func(i int, h *estate.Host) {
		if i >= hosts-refusing {
			h.WinRM.Password = "otherwise"
		}
	})
	f.as(`CORP\probe`, "p")
	for _, which := range [][]int{{hosts - 1, hosts - 2, 0}, upTo(hosts)} { // two refusals at most before it is taken
		for n, err := range f.ask(t.Context(), which...) {
			good := which[n] < hosts-refusing
			if good && err != nil || !good && !isKind(err, AccessDenied) {
				t.Errorf("%s: %v", f.options[which[n]].Host, err)
			}
		}
	}
	if n := f.sum(refused); n != refusing+2 || f.sum(taken) != hosts-refusing+1 {
		t.Errorf("%d refused and %d taken", n, f.sum(taken))
	}
}

// overdue is a context whose end is a deadline's, whenever a test wants it.
type overdue struct{ context.Context }

func (o overdue) Err() error {
	if o.Context.Err() != nil {
		return context.DeadlineExceeded
	}
	return nil
}

// TestWaitingForTheAccountsTurn leaves when its context ends, at once and with
// nothing left, and says how it is.
func TestWaitingForTheAccountsTurn(t *testing.T) {
	for name, c := range map[string]struct {
		plain    bool // by Basic, where the host has said nothing yet
		deadline bool
	}{
		"NTLM, cancelled": {}, "NTLM, out of time": {deadline: true},
		"Basic, cancelled": {plain: true}, "Basic, out of time": {plain: true, deadline: true},
	} {
		t.Run(name, func(t *testing.T) {
			before := runtime.NumGoroutine()
			f := newFleet(t, 1, func(_ int, h *estate.Host) { h.WinRM.Plain = c.plain })
			o := f.options[0]
			for range 3 {
				if done, err := f.logins.Try(t.Context(), o.Credential, "silent"); done == nil || err != nil {
					t.Fatal(err)
				}
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if c.deadline {
				ctx = overdue{ctx}
			}
			s := session(t, o)
			try := s.transport.entry.try
			s.transport.entry.try = func(ctx context.Context) (func(auth.Outcome), error) {
				go cancel() // most often it waits by then
				return try(ctx)
			}
			_, err := s.Ask(ctx, []host.Question{system(), build()})
			_ = s.Close(t.Context())
			switch {
			case !errors.Is(err, ctx.Err()), errors.Is(err, auth.ErrAccount), errors.Is(err, host.ErrNoAnswer):
				t.Error(err)
			case c.deadline && !strings.Contains(err.Error(), "whether they take it"),
				errors.Is(err, host.ErrNotTried) != c.plain:
				t.Error(err)
			}
			if n := f.sum(func(s wsman.Stats) int { return cmp.Or(s.Refused, s.Auth["NTLM"], s.Auth["Basic"]) }); n != 0 {
				t.Errorf("the account was shown %d times", n)
			}
			_ = f.servers[0].Close()
			settled(t, before, func() int { return f.servers[0].Stats().Open })
		})
	}
}

// TestAConnectionThatHasWaitedIsMadeAnew spares the host's logon the risk.
func TestAConnectionThatHasWaitedIsMadeAnew(t *testing.T) {
	for _, plain := range []bool{false, true} {
		f := newFleet(t, 1, func(_ int, h *estate.Host) { h.WinRM.Plain = plain })
		s := session(t, f.options[0])
		s.transport.patience = -1
		if _, err := s.Ask(t.Context(), []host.Question{system(), build()}); err != nil {
			t.Error(err)
		}
		stats := f.servers[0].Stats()
		if stats.Connections != 2 || stats.Auth["NTLM"]+min(stats.Auth["Basic"], 1) != 1 || stats.Refused != 0 {
			t.Errorf("%+v, want one logon, on the second connection", stats)
		}
	}
}

// TestASlowMessageKeepsNobodyWaiting has the first hosts take the account, and
// never answer what they are asked.
func TestASlowMessageKeepsNobodyWaiting(t *testing.T) {
	const hosts, slow = 10, 3
	f := newFleet(t, hosts, func(i int, h *estate.Host) {
		if i < slow {
			h.WinRM.Faults = map[estate.Moment]estate.Trouble{"Create 1": estate.TroubleSilent}
		}
	})
	first, giveUp := context.WithCancel(t.Context())
	defer giveUp()
	var all sync.WaitGroup
	all.Go(func() { f.ask(first, upTo(slow)...) })
	f.until(t, taken, slow)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for _, err := range f.ask(ctx, upTo(hosts)[slow:]...) {
		if err != nil {
			t.Error(err)
		}
	}
	giveUp()
	all.Wait()
}
