package redact_test

import (
	"strings"
	"testing"
	"time"

	"postpatch/runner/report/redact"
)

// A text costs what it is long, whatever a host makes it of: one that is eight times as
// long costs about eight times as much, and not 64 times.
func TestLongTexts(t *testing.T) {
	cost := func(part string, long int) time.Duration {
		s := estate(strings.Repeat(part, long/len(part)) + " web01")
		least := time.Hour
		for range 2 { // the machine may be busy
			began := time.Now()
			if got := redacted(t, s, redact.NewKey()).Hosts[0].Notes[0]; strings.Contains(got, "web01") {
				t.Errorf("a long text of %q tells the host", part)
			}
			least = min(least, time.Since(began))
		}
		return least
	}
	for _, part := range []string{"a.", "DC=a,", `A\b `} {
		const long, most = 1 << 15, 20
		if short, long := cost(part, long), cost(part, 8*long); long > most*short {
			t.Errorf("%q: %s, and %s eight times as long", part, short, long)
		}
	}
}
