package probes_test

import (
	"testing"

	"postpatch/probes"
)

func TestNamingKey(t *testing.T) {
	for _, tt := range []struct {
		naming probes.Naming
		a, b   string
		same   bool
	}{
		{probes.AnyCase, "Spooler", "SPOOLER", true},
		{probes.AnyCase, "GRÖSSE", "grösse", true},
		{probes.AnyCase, "\u212a", "k", true}, // the Kelvin sign
		{probes.AnyCase, "\xff", "\xfe", false},
		{probes.AnyCase, "www.", "www", false},
		{probes.Exact, "Spooler", "SPOOLER", false},
		{probes.Exact, "http://a/b", "http://a/b", true},
		{"", "a", "A", false},
		{probes.HostNames, "WWW.example.org. A", "www.example.org A", true},
		{probes.HostNames, "www.example.org A ns1.example.org.", "www.example.org. A ns1.example.org", true},
		{probes.HostNames, "mail.example.org.:25", "mail.example.org:25", true},
		{probes.HostNames, ".", "", false}, // the root
		{probes.HostNames, ". NS", " NS", false},
		{probes.HostNames, "a..", "a.", false},
		{probes.HostNames, "www.example.org", "wwwexample.org", false},
		{probes.HostNames, "10.0.0.1", "10.0.01", false},
		{probes.NoItems, "", "", true},
	} {
		if got := tt.naming.Key(tt.a) == tt.naming.Key(tt.b); got != tt.same {
			t.Errorf("%s: %q and %q: same is %v", tt.naming, tt.a, tt.b, got)
		}
	}
}

// A key is the key of itself, whatever a host says.
func FuzzNamingKey(f *testing.F) {
	for _, s := range []string{"", ".", "a. b.:1", "É\xff.", "..", " .", "a.."} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, item string) {
		for _, n := range append(probes.Namings(), probes.NoItems, "") {
			key := n.Key(item)
			if n != probes.HostNames && n.Key(key) != key || n.Key(key) == "" && item != "" {
				t.Errorf("%s: %q has key %q, which has %q", n, item, key, n.Key(key))
			}
		}
	})
}
