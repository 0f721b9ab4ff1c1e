package baseline

import "testing"

// A store that was closed is closed, however often it is asked to; who goes on with it
// opens it again.
func TestCloseTwice(t *testing.T) {
	s := stored(t, small())
	for range 2 {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := s.Read(t.Context(), "before"); err != nil {
		t.Error(err)
	}
}
