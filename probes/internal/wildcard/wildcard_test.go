package wildcard_test

import (
	"strings"
	"testing"

	"postpatch/probes/internal/wildcard"
	"postpatch/probes/probetest"
)

func TestMatch(t *testing.T) {
	for _, tt := range []struct {
		pattern, name string
		want          bool
	}{
		{"", "", true},
		{"", "a", false},
		{"shop", "Shop", true},
		{"shop", "shops", false},
		{"shop", "", false},
		{"Web", "we", false},
		{"*", "", true},
		{"*", "any/thing", true},
		{"MSSQL*", "mssql$PROD", true},
		{"MSSQL*", "MSSQL", true},
		{"MSSQL*", "a MSSQL", false},
		{"ab*", "xabc", false},
		{"*shop", "Old Shop", true},
		{"*shop", "shops", false},
		{"pool/*", "site/x", false},
		{"a*a", "a", false},
		{"a*a", "aa", true},
		{"a*a*a", "aa", false},
		{"a*c", "abcb", false},
		{"a*b*c", "acb", false},
		{"a*b*c", "aXbYc", true},
		{"a*bc*c", "abcabc", true},
		{"a**b", "ab", true},
		{"*b*", "abc", true},
		{"a*x*", "abc", false},
		{"*bc*bc", "abc", false},
		{"*bc*bc", "abcbc", true},
		{"a*c*e", "abcde", true},
		{"a*c*e", "abcd", false},
		{"[a]?", "a1", false},
		{`\Shop\*`, `\shop\daily`, true},
		{"A*C", `a\b/c`, true},
		{"Grö*", "GRÖSSE", true},
	} {
		if got := wildcard.Match(tt.pattern, tt.name); got != tt.want {
			t.Errorf("%q, %q: got %v", tt.pattern, tt.name, got)
		}
		if got := (wildcard.Patterns{"no", tt.pattern}).Match(tt.name); got != tt.want {
			t.Errorf("no or %q, %q: got %v", tt.pattern, tt.name, got)
		}
	}
	if wildcard.Patterns(nil).Match("") {
		t.Error("no pattern means something")
	}
}

func TestCheck(t *testing.T) {
	for _, tt := range []struct {
		patterns wildcard.Patterns
		want     string
	}{
		{nil, ""},
		{wildcard.Patterns{"a", "b*"}, ""},
		{wildcard.Patterns{"a", " "}, "name: want a name"},
		{wildcard.Patterns{"a", "b", "A"}, `name: "A" is there twice`},
	} {
		got := probetest.Words(tt.patterns.Check("name"))
		if !strings.HasPrefix(got, tt.want) || (tt.want == "") != (got == "") {
			t.Errorf("%q: got %q, want %q", tt.patterns, got, tt.want)
		}
	}
}
