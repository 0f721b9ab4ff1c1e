package kerberos

import (
	"testing"
	"time"
)

// TestReplaysForget shows that a service does not remember for ever.
func TestReplaysForget(t *testing.T) {
	now := time.Now()
	var r replays
	for i, want := range []bool{false, true} {
		if got := r.again([]byte("first"), now); got != want {
			t.Errorf("time %d: %t", i, got)
		}
	}
	if !r.again([]byte("first"), now.Add(2*skew)) {
		t.Error("forgot what could still be true")
	}
	if r.again([]byte("second"), now.Add(4*skew)) || len(r.seen) != 1 {
		t.Errorf("remembers %d", len(r.seen))
	}
}
