package ping

import (
	"context"
	"testing"
)

// A ping that was called over when it ended is one that was called over: what it lost may
// have been crowded out.
func TestCalledOverAtTheEnd(t *testing.T) {
	over := make(chan struct{})
	own, cancel := context.WithCancel(t.Context())
	cancel()
	if isCalled(own, over) {
		t.Error("nobody has called")
	}
	close(over)
	for range 100 {
		if !isCalled(own, over) {
			t.Fatal("it was called")
		}
	}
	if !isCalled(t.Context(), over) {
		t.Error("it was called before it ended")
	}
}
