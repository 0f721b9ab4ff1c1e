package mailtalk

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestParseAnswer(t *testing.T) {
	for line, want := range map[string]Answer{
		"OK done":                        {Status: "OK", Text: "done"},
		"no [UNAVAILABLE] later":         {Status: "NO", Code: "UNAVAILABLE", Text: "later"},
		"OK [CAPABILITY A b A] ready":    {Status: "OK", Text: "ready", Capabilities: []string{"A", "B"}},
		"BYE":                            {Status: "BYE"},
		"OK [unclosed":                   {Status: "OK", Text: "[unclosed"},
		"PREAUTH [ALERT] [two] in a row": {Status: "PREAUTH", Code: "ALERT", Text: "[two] in a row"},
	} {
		got, ok := ParseAnswer(line)
		if d := cmp.Diff(want, got); !ok || d != "" {
			t.Errorf("%q (-want +got):\n%s", line, d)
		}
	}
	for _, line := range []string{"", "CAPABILITY A", "OKAY", "1 EXISTS"} {
		if got, ok := ParseAnswer(line); ok {
			t.Errorf("%q is %+v", line, got)
		}
	}
}

func FuzzParseAnswer(f *testing.F) {
	for _, line := range []string{
		"OK done", "NO [X Y] z", "OK [CAPABILITY ]", "BYE [", "OK ]", "BAD \xff\xfe", "OK [CAPABILITY \xff a] b",
	} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		a, ok := ParseAnswer(line)
		if !ok {
			return
		}
		if says := a.Says(); !utf8.ValidString(says) || utf8.RuneCountInString(says) > 310 {
			t.Errorf("%q is told as %q", line, says)
		}
		for _, c := range a.Capabilities {
			if c == "" || !utf8.ValidString(c) || strings.ContainsAny(c, " \t\r\n") {
				t.Errorf("%q has the capability %q", line, c)
			}
		}
	})
}
