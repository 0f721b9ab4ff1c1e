package baseline

import (
	"testing"

	"postpatch/probes/fact"
)

// What was observed is asked of each check anew, whichever comes first: what one of them
// has lost is told, and of the other nobody knows.
func TestDiffAsksEachCheck(t *testing.T) {
	in := func(check string) fact.Reading {
		return fact.Reading{Key: fact.Key{Check: check, Name: "a"}, Value: fact.Int(1)}
	}
	for _, failed := range []string{"", "c", "d", "none"} {
		before, now := host(in("c"), in("d")), host()
		for i, c := range now.Checks {
			if c.Check == failed {
				now.Checks[i].Error = "access denied"
			}
		}
		if failed == "" { // a check may be called so
			before, now = host(in("d")), host()
			empty := in("")
			empty.Key.Host, empty.Key.Item = "h", "i"
			before.Checks = append([]Check{{}}, before.Checks...)
			before.Readings = append([]fact.Reading{empty}, before.Readings...)
			now.Checks = append([]Check{{Error: "access denied"}}, now.Checks...)
		}
		var got string
		for _, change := range Diff(before, now, same0).Changes {
			got += change.Key.Check + string(change.Op)
		}
		if want := map[string]string{"": "d-", "c": "d-", "d": "c-", "none": "c-d-"}[failed]; got != want {
			t.Errorf("%q was not observed: want %q, got %q", failed, want, got)
		}
	}
}
