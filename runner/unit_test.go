package runner

import (
	"testing"
	"time"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/suites"
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
		"1.00 MB":     {fact.Int(999_500), "bytes"},
		"-9999 bytes": {fact.Int(-9999), "bytes"},
		"-10.0 kB":    {fact.Int(-10_000), "bytes"},
		"99.9 kB":     {fact.Int(99_900), "bytes"},
		"100 kB":      {fact.Int(100_000), "bytes"},
		"-100 kB":     {fact.Int(-100_000), "bytes"},
		"999 kB":      {fact.Int(999_499), "bytes"},
		"-1.00 MB":    {fact.Int(-999_500), "bytes"},
		"-999 kB":     {fact.Int(-999_499), "bytes"},
		"(no number)": {fact.Text("(no number)"), "%"},
	} {
		if got := inUnit(tt.value, tt.unit); got != want {
			t.Errorf("%v %s: got %q, want %q", tt.value, tt.unit, got, want)
		}
	}
}

// Two sizes that are rounded alike are shown as they are: nobody believes that 6.40 GB
// became 6.40 GB. What differs anyhow, or is the same, is rounded.
func TestRoundedAlike(t *testing.T) {
	kind := probes.Kind{Name: "disk", Readings: []probes.ReadingSpec{{Name: "size", Type: fact.TypeInt, Unit: "bytes"}}}
	of := func(v fact.Value) values {
		if v == nil {
			return nil
		}
		return values{{Key: fact.Key{Item: "C:", Name: "size"}, Value: v}}
	}
	for _, tt := range []struct {
		before, now fact.Value
		was, is     string
	}{
		{fact.Int(6_400_000_001), fact.Int(6_400_000_002), "6400000001", "6400000002"},
		{fact.Int(6_400_000_001), fact.Int(6_400_000_001), "6.40 GB", "6.40 GB"},
		{fact.Int(6_400_000_001), fact.Int(7_400_000_001), "6.40 GB", "7.40 GB"},
		{nil, fact.Int(7_400_000_001), "", "7.40 GB"},
		{fact.Int(7_400_000_001), nil, "7.40 GB", ""},
		{nil, nil, "", ""},
	} {
		s := &sheet{c: &suites.Check{Kind: &kind}, before: of(tt.before), now: of(tt.now)}
		f := s.finding(place{"C:", "size"})
		if f.Before != tt.was || f.Now != tt.is || f.HasBefore != (tt.before != nil) || f.HasNow != (tt.now != nil) {
			t.Errorf("%v, %v: %+v", tt.before, tt.now, f)
		}
	}
}
