package probes_test

import (
	"sync"
	"sync/atomic"
	"testing"

	"postpatch/probes"
)

// A run has one of each type, made once, however many ask at a time.
func TestCommon(t *testing.T) {
	type one struct{ n int }
	type other struct{ n int }
	var shared probes.Shared
	var made atomic.Int32
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			got := probes.Common(&shared, func() *one { return &one{int(made.Add(1))} })
			if again := probes.Common(&shared, func() *one { return &one{int(made.Add(1))} }); again != got || got.n != 1 {
				t.Errorf("got number %d and %d", got.n, again.n)
			}
		})
	}
	all.Wait()
	if got := probes.Common(&shared, func() *other { return &other{7} }); got.n != 7 {
		t.Errorf("another type is number %d", got.n)
	}
	var none *probes.Shared
	first, second := probes.Common(none, func() *one { return &one{} }), probes.Common(none, func() *one { return &one{} })
	if first == second {
		t.Error("without a run, two are the same")
	}
}
