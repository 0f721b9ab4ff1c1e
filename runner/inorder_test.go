package runner_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"postpatch/probes/probetest"
	"postpatch/runner"
)

// Work goes on at once, as much as is allowed, and its results come in order though
// the first is the last to be done.
func TestInOrder(t *testing.T) {
	const n, pieces = 4, 100
	var running probetest.Gauge
	var waiting atomic.Int32
	var gate sync.WaitGroup // the first n pieces wait for each other
	gate.Add(n)
	work := func(yield func(func() (int, error)) bool) {
		for i := range pieces {
			more := yield(func() (int, error) {
				running.Up()
				if i < n {
					gate.Done()
					gate.Wait()
				}
				running.Down()
				waiting.Add(1)
				return i, nil
			})
			if !more {
				t.Fatal("nobody wanted it to stop")
			}
		}
	}
	var got []int
	err := runner.InOrder(n, work, func(i int) error {
		if w := waiting.Load(); w > n {
			t.Errorf("%d results wait at once", w)
		}
		waiting.Add(-1)
		got = append(got, i)
		return nil
	})
	if err != nil || !slices.IsSorted(got) || len(got) != pieces {
		t.Errorf("got %v, %v", got, err)
	}
	if running.Most() != n {
		t.Errorf("%d pieces at once, want %d", running.Most(), n)
	}
}

// An error ends it: of the results before it all are taken, none behind it, nothing
// new is begun and nothing goes on.
func TestInOrderStopsAtAnError(t *testing.T) {
	broken := errors.New("broken")
	for name, test := range map[string]struct{ inWork, inTake int }{
		"in the work": {5, -1}, "where a result is taken": {-1, 5}, "in the last of the work": {19, -1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var begun, ended atomic.Int32
				work := func(yield func(func() (int, error)) bool) {
					for i := range 20 {
						more := yield(func() (int, error) {
							begun.Add(1)
							defer ended.Add(1)
							if i == test.inWork {
								return 0, broken
							}
							time.Sleep(time.Duration(i) * time.Hour) // of the test's own clock
							return i, nil
						})
						if !more {
							return
						}
					}
				}
				var got []int
				err := runner.InOrder(3, work, func(i int) error {
					if i == test.inTake {
						return broken
					}
					got = append(got, i)
					return nil
				})
				at := max(test.inWork, test.inTake)
				if !errors.Is(err, broken) || len(got) != at {
					t.Errorf("got %v, %v", got, err)
				}
				if b, e := begun.Load(), ended.Load(); b != e || int(b) > at+3 {
					t.Errorf("%d were begun, %d ended", b, e)
				}
			})
		})
	}
}

// A panic goes on where the results are taken, and says where it was.
func TestInOrderPanics(t *testing.T) {
	defer func() {
		text := fmt.Sprint(recover())
		if !strings.HasPrefix(text, "ouch\n") || !strings.Contains(text, "inorder_test.go") {
			t.Errorf("got %s", text)
		}
	}()
	work := func(yield func(func() (int, error)) bool) { yield(func() (int, error) { panic("ouch") }) }
	_ = runner.InOrder(2, work, func(int) error { return nil })
	t.Error("it went on")
}
