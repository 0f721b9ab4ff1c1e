package echo

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"postpatch/probes/host"
)

// Once it was crowded, it stays so.
func TestEnter(t *testing.T) {
	s := newSweep(open)
	var leaves []func()
	for range 2 {
		for i := range Few {
			turn, leave := s.Enter()
			if leaves = append(leaves, leave); turn.Crowded {
				t.Fatalf("crowded by %d", i+1)
			}
		}
		for _, leave := range leaves {
			leave()
		}
		leaves = nil
	}
	for i := range Few + 1 {
		turn, leave := s.Enter()
		if leaves = append(leaves, leave); turn.Crowded != (i == Few) {
			t.Errorf("number %d: %t", i+1, turn.Crowded)
		}
	}
	for _, leave := range leaves {
		leave()
	}
	if turn, _ := s.Enter(); !turn.Crowded {
		t.Error("no longer crowded when all have left")
	}
}

// Who has a socket of its own is called over when it is crowded and there is a shared one.
func TestCalledOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := sweepOver(newWire(on(ms, 0, 1, 2)))
		first, _ := s.Enter()
		called := func() bool {
			select {
			case <-first.Over:
				return true
			default:
				return false
			}
		}
		if _, err := s.Ping(t.Context(), addr("10.0.0.1"), three()); err != nil || called() {
			t.Errorf("called over, with no crowd; %v", err)
		}
		for range Few {
			_, _ = s.Enter()
		}
		nowhere := s.four.open
		s.four.open = func(bool, func(reply)) (conn, int, error) { return nil, 0, errors.ErrUnsupported }
		if _, err := s.Ping(t.Context(), addr("10.0.0.1"), three()); !errors.Is(err, ErrUnavailable) || called() {
			t.Errorf("called over, to nowhere; %v", err)
		}
		s.four.open = nowhere
		for range 2 {
			if _, err := s.Ping(t.Context(), addr("10.0.0.1"), three()); err != nil || !called() {
				t.Errorf("not called over; %v", err)
			}
		}
	})
}

func TestOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSweep(open)
		var release func()
		for range Few {
			var err error
			if release, err = s.Own(t.Context(), three()); err != nil {
				t.Fatal(err)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		began := time.Now()
		_, err := s.Own(ctx, three())
		left := 10*time.Second - time.Since(began)
		if !errors.Is(err, host.ErrNotTried) || left < three().Length() || left > 2*three().Length() {
			t.Errorf("got %v with %s left", err, left)
		}
		time.AfterFunc(time.Second, release)
		if release, err = s.Own(t.Context(), three()); err != nil || time.Since(began) < time.Second {
			t.Errorf("after one has ended: %v", err)
		}
		cancel()
		if _, err := s.Own(ctx, three()); !errors.Is(err, context.Canceled) {
			t.Errorf("after the end: %v", err)
		}
		release()
	})
}

func TestPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &pacer{gap: time.Second / mostPerSecond, burst: leastAtOnce}
		began := time.Now()
		const packets = mostPerSecond + leastAtOnce
		for range packets {
			if err := p.wait(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(began); took != time.Second {
			t.Errorf("%d packets took %s", packets, took)
		}
		time.Sleep(time.Hour) // which saves nothing up
		ahead := 0
		for now := time.Now(); p.reserve(now) <= 0; {
			ahead++
		}
		if ahead != leastAtOnce {
			t.Errorf("%d at once", ahead)
		}
	})
}
