package wildcard_test

import (
	"testing"

	"postpatch/probes/internal/wildcard"
)

func TestMatch(t *testing.T) {
	for _, tt := range []struct {
		pattern, s string
		want       bool
	}{
		{"", "", true},
		{"", "a", false},
		{"*", "", true},
		{"*", "any/thing", true},
		{"MSSQL*", "mssql$PROD", true},
		{"MSSQL*", "MSSQL", true},
		{"MSSQL*", "a MSSQL", false},
		{"a*a", "a", false},
		{"a*a", "aa", true},
		{"*b*", "abc", true},
		{"*bc*bc", "abc", false},
		{"*bc*bc", "abcbc", true},
		{"a*c*e", "abcde", true},
		{"a*c*e", "abcd", false},
		{"[a]?", "a1", false},
		{`\Shop\*`, `\shop\daily`, true},
	} {
		if got := wildcard.Match(tt.pattern, tt.s); got != tt.want {
			t.Errorf("%q, %q: got %v", tt.pattern, tt.s, got)
		}
	}
}
