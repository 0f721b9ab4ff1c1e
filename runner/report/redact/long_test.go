package redact_test

import (
	"fmt"
	"strings"
	"testing"

	"postpatch/runner/report/redact"
)

// longParts are what a host could make a long text of, so that a pattern would look at it
// again and again.
func longParts() []string { return []string{"a.", "DC=a,", `A\b `} }

func longText(part string, long int) string { return strings.Repeat(part, long/len(part)) + " web01" }

func TestLongTexts(t *testing.T) {
	for _, part := range longParts() {
		got := redacted(t, estate(longText(part, 1<<17)), redact.NewKey()).Hosts[0].Notes[0]
		if strings.Contains(got, "web01") {
			t.Errorf("a long text of %q tells the host", part)
		}
	}
}

// BenchmarkLongTexts shows that a text costs what it is long, whatever it is made of: the
// nanoseconds a byte are about the same for one that is eight times as long.
func BenchmarkLongTexts(b *testing.B) {
	for _, part := range longParts() {
		for _, long := range []int{1 << 15, 1 << 18} {
			b.Run(fmt.Sprintf("%q/%d", part, long), func(b *testing.B) {
				s := estate(longText(part, long))
				b.SetBytes(int64(long))
				for b.Loop() {
					redacted(b, s, redact.NewKey())
				}
			})
		}
	}
}
