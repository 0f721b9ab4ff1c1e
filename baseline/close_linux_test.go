package baseline

import (
	"os"
	"testing"
)

// Whatever is read is closed again: a fleet has more hosts than a process may have files.
func TestFilesAreClosed(t *testing.T) {
	const descriptors, times = "/proc/self/fd", 50
	s := stored(t, small())
	count := func() int {
		t.Helper()
		open, err := os.ReadDir(descriptors)
		if err != nil {
			t.Fatal(err)
		}
		return len(open)
	}
	before := count()
	for range times {
		if _, err := s.Read(t.Context(), "before"); err != nil { // which reads manifest, beginning and host
			t.Fatal(err)
		}
	}
	if more := count() - before; more >= times/2 {
		t.Errorf("%d files more are open after reading the run %d times", more, times)
	}
}
