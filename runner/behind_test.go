package runner_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"postpatch/probes/probetest"
	"postpatch/runner"
)

// TestBehind lets a slow piece of work keep no other waiting, no more go on than
// may, and one at a time be taken.
func TestBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var going probetest.Gauge
		taken, taking := 0, false
		b := runner.NewBehind(3, func(n int) error {
			if taking {
				t.Error("two are taken at the same time")
			}
			taking = true
			taken += n
			taking = false
			return nil
		})
		start := time.Now()
		for i := range 7 {
			err := b.Do(func() (int, error) {
				going.Up()
				defer going.Down()
				if i == 0 {
					time.Sleep(3 * time.Second)
				}
				time.Sleep(time.Second)
				return 1, nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := b.Take(10); err != nil {
			t.Error(err)
		}
		if err := b.Wait(); err != nil || taken != 17 {
			t.Errorf("%d taken, %v: want 17", taken, err)
		}
		if took := time.Since(start); going.Most() != 3 || took != 4*time.Second {
			t.Errorf("%d at the same time, %s: want 3, and the slow one's 4 s", going.Most(), took)
		}
	})
}

func TestBehindFails(t *testing.T) {
	broken, other := errors.New("broken"), errors.New("another")
	for name, b := range map[string]*runner.Behind[error]{
		"work": runner.NewBehind(1, func(error) error { return nil }),
		"take": runner.NewBehind(1, func(err error) error { return err }),
	} {
		result, err := broken, error(nil)
		if name == "work" {
			result, err = nil, broken
		}
		if got := b.Do(func() (error, error) { return result, err }); got != nil {
			t.Errorf("%s: %v before it was done", name, got)
		}
		begun := false
		got := b.Do(func() (error, error) { begun = true; return nil, other })
		if !errors.Is(got, broken) || begun {
			t.Errorf("%s: %v, begun %t: want the first error, and nothing begun after it", name, got, begun)
		}
		if got := b.Wait(); !errors.Is(got, broken) {
			t.Errorf("%s: %v: want the first error", name, got)
		}
	}
}

func TestBehindPanics(t *testing.T) {
	b := runner.NewBehind(1, func(int) error { return nil })
	if err := b.Do(func() (int, error) { panic("in the work") }); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if p, _ := recover().(string); !strings.Contains(p, "in the work") || !strings.Contains(p, "behind_test.go") {
			t.Errorf("it went on with %q: want the panic and its place", p)
		}
	}()
	_ = b.Wait()
	t.Error("the panic is lost")
}
