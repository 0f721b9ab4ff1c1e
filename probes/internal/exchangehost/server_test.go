package exchangehost_test

import (
	"testing"

	"postpatch/probes/internal/exchangehost"
)

func TestSameServer(t *testing.T) {
	for name, tt := range map[string]struct {
		a, b string
		want bool
	}{
		"itself":                          {"EX01", "ex01", true},
		"without its domain":              {"EX01", "ex01.corp.test.", true},
		"both with it":                    {"ex01.corp.test", "EX01.corp.test", true},
		"of another domain":               {"ex01.corp.test", "ex01.shop.test", false},
		"another":                         {"EX02", "ex01.corp.test", false},
		"its NetBIOS name":                {"EXCHANGE-SERVER", "exchange-server-01.corp.test", true},
		"its NetBIOS name, no domains":    {"exchange-server-01", "EXCHANGE-SERVER", true},
		"as long, and another":            {"EXCHANGE-SERVES", "exchange-server-01.corp.test", false},
		"cut shorter than Windows does":   {"EXCHANGE-SERVE", "exchange-server-01.corp.test", false},
		"a longer one":                    {"exchange-server-02", "exchange-server-01.corp.test", false},
		"15 letters with a domain":        {"exchange-server.corp.test", "exchange-server-01.corp.test", false},
		"15 letters with a domain, short": {"exchange-server.corp.test", "exchange-server-01", false},
		"a node that is no name":          {"", "ex01.corp.test", false},
	} {
		t.Run(name, func(t *testing.T) {
			if exchangehost.SameServer(tt.a, tt.b) != tt.want || exchangehost.SameServer(tt.b, tt.a) != tt.want {
				t.Errorf("%q and %q: not %t", tt.a, tt.b, tt.want)
			}
		})
	}
}
