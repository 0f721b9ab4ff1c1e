package sql

import (
	"sync"
	"testing"

	"postpatch/probes/host"
	"postpatch/probes/lab/estate"
)

// All checks of a run that go to one instance show it a wrong password once, however many
// there are at a time and however often they are asked again; each tells that it was refused.
func TestWrongPasswordOnceForAllChecks(t *testing.T) {
	s := serve(t, changed(func(s *estate.SQL) { s.Password = "another" }), selfSigned(t, 7))
	target := s.target()
	for range 2 {
		var all sync.WaitGroup
		for range 6 {
			all.Go(func() {
				observed, err := build(t, nil).Observe(t.Context(), target)
				if got := readings(observed)[" login"]; got != "failed 18456" || err != nil {
					t.Errorf("got %q, %v", got, err)
				}
			})
		}
		all.Wait()
	}
	if n := s.simulator.Counts().Logins; n != 1 {
		t.Errorf("%d logins", n)
	}
}

// What is still starting has judged no password, and one instance's word is not another's.
func TestNotYetIsNoRefusal(t *testing.T) {
	starting := serve(t, changed(func(s *estate.SQL) { s.LoginError = 18401 }), selfSigned(t, 7))
	target := starting.target()
	for range 5 {
		observed, err := build(t, nil).Observe(t.Context(), target)
		if got := readings(observed)[" login"]; got != "waiting 18401" || err != nil {
			t.Fatalf("got %q, %v", got, err)
		}
	}
	wrong := serve(t, changed(func(s *estate.SQL) { s.Password = "another" }), selfSigned(t, 7))
	accounts := &host.Accounts{}
	for _, c := range []struct {
		s    *server
		port int
		want string
	}{{wrong, 1433, "failed 18456"}, {serve(t, healthy(), selfSigned(t, 7)), 1444, "ok"}} {
		target := c.s.target()
		target.Accounts = accounts
		if c.port != 1433 {
			target.Dial = c.s.at(c.port)
		}
		observed, err := build(t, map[string]any{"port": c.port}).Observe(t.Context(), target)
		if got := readings(observed)[" login"]; got != c.want || err != nil {
			t.Errorf("at port %d: got %q, %v", c.port, got, err)
		}
	}
}
