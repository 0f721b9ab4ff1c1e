package reach_test

import (
	"strings"
	"testing"

	"postpatch/probes/internal/reach"
)

func TestPrintable(t *testing.T) {
	for words, want := range map[string]string{
		" fine \r":                                 "fine",
		"two\r\n\tlines":                           "two lines",
		"\xffhalf":                                 "\ufffdhalf",
		"\x1b[31mred\x07":                          "\ufffd[31mred\ufffd",
		"\u202egnp\u0085end":                       "\ufffdgnp end",
		strings.Repeat("é", 11):                    strings.Repeat("é", 10) + "…",
		"a" + strings.Repeat("é", 9):               "a" + strings.Repeat("é", 9),
		strings.Repeat(" ", 100) + "far away":      "far away",
		"far" + strings.Repeat(" ", 100) + "away":  "far…",
		strings.Repeat("\U0001f600", 1000) + "end": strings.Repeat("\U0001f600", 10) + "…",
		"": "",
	} {
		if got := reach.Printable(words, 10); got != want {
			t.Errorf("%q becomes %q, want %q", words, got, want)
		}
	}
}
