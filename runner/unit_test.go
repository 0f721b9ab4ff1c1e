package runner

import (
	"testing"
	"time"

	"postpatch/probes/fact"
)

func TestInUnit(t *testing.T) {
	for want, tt := range map[string]struct {
		value fact.Value
		unit  string
	}{
		"12":          {fact.Int(12), ""},
		"100%":        {fact.Int(100), "%"},
		"12 days":     {fact.Int(12), "days"},
		"9999 bytes":  {fact.Int(9999), "bytes"},
		"10.0 kB":     {fact.Int(10_000), "bytes"},
		"900 MB":      {fact.Int(900_000_000), "bytes"},
		"6.40 GB":     {fact.Int(6_400_000_000), "bytes"},
		"-12.3 kB":    {fact.Int(-12_345), "bytes"},
		"9.22 EB":     {fact.Int(1<<63 - 1), "bytes"},
		"a":           {fact.Text("a"), "bytes"},
		"1.5s":        {fact.Duration(1500 * time.Millisecond), "%"},
		"1.00 MB":     {fact.Int(999_990), "bytes"},
		"(no number)": {fact.Text("(no number)"), "%"},
	} {
		if got := inUnit(tt.value, tt.unit); got != want {
			t.Errorf("%v %s: got %q, want %q", tt.value, tt.unit, got, want)
		}
	}
}
