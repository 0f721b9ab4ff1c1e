package main

import (
	"fmt"
	"sync"
	"testing"

	"postpatch/runner"
)

// Hosts are stored beside those that the run's time was over for: neither looks at what the
// other writes. The race detector tells.
func TestStoredBesideLateHosts(t *testing.T) {
	run := &taking{}
	var stored sync.WaitGroup
	for range 8 {
		stored.Go(func() {
			if _, err := run.learned(t.Context(), runner.Visit{}); err != nil {
				t.Error(err)
			}
		})
	}
	for i := range 8 {
		run.late = append(run.late, fmt.Sprint(i))
	}
	stored.Wait()
}
