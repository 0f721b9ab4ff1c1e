package named_test

import (
	"strings"
	"testing"

	"postpatch/probes/internal/named"
)

func TestMatch(t *testing.T) {
	for _, tt := range []struct {
		pattern, name string
		want          bool
	}{
		{"shop", "Shop", true},
		{"shop", "shops", false},
		{"shop", "", false},
		{"*", "", true},
		{"shop*", "shop", true},
		{"shop*", "a shop", false},
		{"*shop", "Old Shop", true},
		{"*shop", "shops", false},
		{"a*b*c", "aXbYc", true},
		{"a*b*c", "acb", false},
		{"a*a", "a", false},
		{"pool/*", "site/x", false},
		{"a**b", "ab", true},
		{"Grö*", "GRÖSSE", true},
	} {
		if got := named.Match(tt.pattern, tt.name); got != tt.want {
			t.Errorf("%q is %q: got %v, want %v", tt.pattern, tt.name, got, tt.want)
		}
	}
}

func TestCheck(t *testing.T) {
	for _, tt := range []struct {
		patterns named.Patterns
		want     string
	}{
		{nil, ""},
		{named.Patterns{"a", "b*"}, ""},
		{named.Patterns{"a", " "}, "want a name"},
		{named.Patterns{"a", "b", "A"}, `"A" is there twice`},
	} {
		if got := tt.patterns.Check(); !strings.HasPrefix(got, tt.want) || (tt.want == "") != (got == "") {
			t.Errorf("%q: got %q, want %q", tt.patterns, got, tt.want)
		}
	}
}

func TestTwinsNeverGetOneItem(t *testing.T) {
	var twins named.Twins
	seen := map[string]bool{}
	for _, name := range []string{"a", "A", "a (2)", "a", ""} {
		item := named.Fold(twins.Item(name))
		if seen[item] {
			t.Errorf("%q is %q, as another", name, item)
		}
		seen[item] = true
	}
	if !seen["a"] || !seen["a (2)"] || !seen["a (3)"] {
		t.Errorf("got %v", seen)
	}
}

func TestLineIsOneAndShort(t *testing.T) {
	if got := named.Line(" Zugriff\r\n verweigert\n"); got != "Zugriff verweigert" {
		t.Errorf("got %q", got)
	}
	if got := named.Line(strings.Repeat("ö", 400)); len(got) > 310 || !strings.HasSuffix(got, "ö…") {
		t.Errorf("got %q", got)
	}
}
