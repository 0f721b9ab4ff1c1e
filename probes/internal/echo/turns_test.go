package echo

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"postpatch/probes/host"
)

func TestEnter(t *testing.T) {
	s := New()
	var leaves []func()
	enter := func() bool {
		turn, leave := s.Enter()
		leaves = append(leaves, leave)
		return turn.Crowded
	}
	leave := func(n int) {
		for _, l := range leaves[:n] {
			l()
		}
		leaves = leaves[n:]
	}
	for i := range Few {
		if enter() {
			t.Fatalf("crowded by %d", i+1)
		}
	}
	if !enter() {
		t.Error("not crowded by one more")
	}
	leave(Few / 2)
	if !enter() {
		t.Error("no longer crowded by half")
	}
	leave(3)
	if enter() {
		t.Error("still crowded by less than half")
	}
}

// Who has a socket of its own is called over when it is crowded and others have a shared
// one, and who comes after the crowd is not.
func TestCalledOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		called := func(turn Turn) bool {
			select {
			case <-turn.Over:
				return true
			default:
				return false
			}
		}
		s := sweepOver(newWire(on(ms, 0, 1, 2)))
		first, leave := s.Enter()
		var leaves []func()
		for range 2 {
			_, _ = s.Ping(t.Context(), addr("10.0.0.1"), three())
			if called(first) {
				t.Error("called over, with no crowd")
			}
			for range Few {
				_, leave := s.Enter()
				leaves = append(leaves, leave)
			}
			if called(first) {
				t.Error("called over, to nowhere")
			}
			for range 2 {
				if _, _ = s.Ping(t.Context(), addr("10.0.0.1"), three()); !called(first) {
					t.Error("not called over")
				}
			}
			leave()
			for _, leave := range leaves {
				leave()
			}
			leaves = nil
			first, leave = s.Enter()
		}
	})
}

func TestOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New()
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
		p := &pacer{gap: time.Second / mostPerSecond, burst: mostAtOnce}
		began := time.Now()
		const packets = 3*mostPerSecond + mostAtOnce
		for range packets {
			if err := p.wait(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(began); took != 3*time.Second {
			t.Errorf("%d packets took %s", packets, took)
		}
		time.Sleep(time.Hour) // which saves nothing up
		ahead := 0
		for now := time.Now(); p.reserve(now) <= 0; {
			ahead++
		}
		if ahead != mostAtOnce {
			t.Errorf("%d at once", ahead)
		}
	})
}
