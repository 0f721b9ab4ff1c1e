package redact_test

import (
	"strings"
	"testing"

	"postpatch/runner/report/redact"
)

// A text of a megabyte costs what it is long, whatever it is made of: what costs its square
// would not come to an end here.
func TestLongTexts(t *testing.T) {
	for _, part := range []string{"a.", "DC=a,", "a1-", `A\b `, "kim@a.test ", "::1:", "aa:bb:", "'user 'a", "x.acme.test", "0"} {
		const long = 1 << 18
		s := estate(strings.Repeat(part, long/len(part)) + " web01")
		if got := redacted(t, s, redact.NewKey()).Hosts[0].Notes[0]; strings.Contains(got, "web01") {
			t.Errorf("a long text of %q tells the host", part)
		}
	}
}
