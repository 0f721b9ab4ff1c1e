package fact_test

import (
	"strings"
	"testing"
	"time"

	"postpatch/probes/fact"
)

// An amount may carry the unit of its reading, and is shown with it.
func TestAmountsInAUnit(t *testing.T) {
	for _, tt := range []struct {
		rule, unit string
		want       fact.Rule
		shown      string
	}{
		{"within 512 MiB", "bytes", fact.Rule{Op: fact.Within, Number: 512 << 20, Unit: "bytes"}, "within 512 MiB"},
		{"at least -1.5GB", "bytes", fact.Rule{Op: fact.AtLeast, Number: 1_500_000_000, Unit: "bytes"}, "at least -1500 MB"},
		{"within 2048", "bytes", fact.Rule{Op: fact.Within, Number: 2048, Unit: "bytes"}, "within 2 KiB"},
		{"within 900 bytes", "bytes", fact.Rule{Op: fact.Within, Number: 900, Unit: "bytes"}, "within 900 bytes"},
		{"within 1 byte", "bytes", fact.Rule{Op: fact.Within, Number: 1, Unit: "bytes"}, "within 1 byte"},
		{"within 3 days", "days", fact.Rule{Op: fact.Within, Number: 3, Unit: "days"}, "within 3 days"},
		{"at most +1 day", "days", fact.Rule{Op: fact.AtMost, Number: 1, Unit: "days"}, "at most +1 day"},
		{"within 3", "days", fact.Rule{Op: fact.Within, Number: 3, Unit: "days"}, "within 3 days"},
		{"within 5%", "%", fact.Rule{Op: fact.Within, Percent: 5}, "within 5%"},
		{"within 5 points", "%", fact.Rule{Op: fact.Within, Number: 5, Unit: "points"}, "within 5 points"},
		{"within 2 weeks", "", fact.Rule{Op: fact.Within, Duration: 336 * time.Hour}, "within 14 days"},
	} {
		got, err := fact.ParseRuleUnit(tt.rule, tt.unit)
		if err != nil || got != tt.want || got.String() != tt.shown {
			t.Errorf("%q of %q: got %+v, %q, %v", tt.rule, tt.unit, got, got, err)
		}
	}
	for rule, unit := range map[string]string{
		"within 512 MiB": "", "within 3 MiB": "days", "within 1.0005 kB": "bytes", "within -3 days": "days", "within 0 days": "days",
		"within 3 points": "", "within 3 dayss": "days", "within 9223372036854775807 weeks": "", "within 1.5 days": "",
		"within +3 days": "days", "within 3 day s": "days", "within 72h": "days", "within 5s": "bytes", "at most +-3 days": "days",
	} {
		if got, err := fact.ParseRuleUnit(rule, unit); err == nil || !strings.Contains(err.Error(), "want ") {
			t.Errorf("%q of %q: got %+v, %v", rule, unit, got, err)
		}
	}
	if _, err := fact.ParseRuleUnit("within 3 GX", "bytes"); err == nil || !strings.Contains(err.Error(), "512 MiB") {
		t.Errorf("no bytes in the way out: %v", err)
	}
}
