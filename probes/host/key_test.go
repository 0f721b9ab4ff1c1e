package host

import (
	"fmt"
	"strings"
	"testing"
)

// What answers are found by is written by hand, and has to be what fmt would write:
// stored results have it in them.
func TestWrittenByHand(t *testing.T) {
	odd := "a\"\\ü\n\x00\xff"
	for want, q := range map[string]Collector{
		"a":                                     {Name: "a"},
		"a b=[]":                                {Name: "a", Args: map[string][]string{"b": nil}},
		fmt.Sprintf("a b=%q", []string{odd}):    {Name: "a", Args: map[string][]string{"b": {odd}}},
		`a b=["c" ""] d=["e"]`:                  {Name: "a", Args: map[string][]string{"d": {"e"}, "b": {"c", ""}}},
		fmt.Sprintf("%s x=%q", odd, []string{}): {Name: odd, Args: map[string][]string{"x": {}}},
	} {
		if got := q.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	for _, q := range []WQL{
		{Class: "Win32_Service"}, {Class: "ÄKLASSE", Namespace: `root\Ü`}, {Class: strings.Repeat("LONG", 100)}, {Namespace: `ROOT\a`},
	} {
		if got, want := classKey(q), strings.ToLower(q.namespace()+":"+q.Class); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
