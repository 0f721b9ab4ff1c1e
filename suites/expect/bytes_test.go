package expect_test

import (
	"testing"

	"postpatch/probes/fact"
	"postpatch/suites/expect"
)

func TestBytes(t *testing.T) {
	for source, tt := range map[string]struct {
		value int64
		holds bool
	}{
		"< 2 GB":                {1_999_999_999, true},
		"<2GB":                  {2_000_000_000, false},
		"< 2 GiB":               {2_147_483_647, true},
		"= 1.5 kB":              {1500, true},
		"> 512 MiB":             {536_870_912, false},
		">= 512 mib":            {536_870_912, true},
		"< 900 bytes":           {899, true},
		"1 TiB":                 {1 << 40, true},
		"between 1 MB and 2 MB": {1_500_000, true},
	} {
		p, err := expect.ParseUnit(source, fact.TypeInt, "bytes")
		if err != nil {
			t.Errorf("%q: %v", source, err)
			continue
		}
		if got := p.Holds(fact.Int(tt.value)); got != tt.holds {
			t.Errorf("%q of %d: got %v", source, tt.value, got)
		}
	}
	for _, bad := range []string{
		"< 1.0005 kB", "< 9999999 TB", "< 2 G", "< -2 GB", "< 2 GBs", "< GB", "< 2,5 GB", "< 1e3 GB",
	} {
		if _, err := expect.ParseUnit(bad, fact.TypeInt, "bytes"); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
	if _, err := expect.ParseUnit("< 2 GB", fact.TypeInt, "days"); err == nil {
		t.Error("days are taken in GB")
	}
}
