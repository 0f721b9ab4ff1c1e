package estate_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes/lab/estate"
)

// A log keeps the starts of the states that led to the present one, and of no other.
func TestStartsThatTheLogKeeps(t *testing.T) {
	e, err := estate.Parse("f.yaml", []byte(`estate: f
hosts: {h: {os: {boot: 2026-11-01T01:00:00Z}}}
states:
  after: {h: {os: {boot: 2026-11-23T01:00:00Z}}}
  late: {from: after, h: {os: {boot: 2026-11-24T01:00:00Z}}}
  aside: {h: {os: {boot: 2026-11-23T02:00:00Z}}}
  same: {h: {os: {ubr: 4405}}}
  back: {h: {os: {boot: 2026-10-01T01:00:00Z}}}
`))
	if err != nil {
		t.Fatal(err)
	}
	for state, want := range map[string][]string{
		"before": {"11-01"}, "after": {"11-01", "11-23"}, "late": {"11-01", "11-23", "11-24"}, "aside": {"11-01", "11-23"},
		"same": {"11-01"}, "back": {"10-01"},
	} {
		var got []string
		for _, at := range e.Hosts(state)[0].OS.Boots {
			got = append(got, at.Format("01-02"))
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", state, d)
		}
	}
	back := e.Hosts("back")[0].OS
	if !back.Boot.Equal(time.Date(2026, 10, 1, 1, 0, 0, 0, time.UTC)) {
		t.Errorf("back: %v", back.Boot)
	}
}

// States that say the same uptime mean one start, however long the file takes to read.
func TestOneStartOfOneUptime(t *testing.T) {
	e, err := estate.Parse("f.yaml", []byte(`estate: f
hosts: {h: {os: {boot: 2026-11-01T01:00:00Z}}}
states:
  after: {h: {os: {up: 10m}}}
  again: {from: after}
  later: {from: again, h: {os: {ubr: 4405}}}
  beside: {h: {os: {up: 10m}}}
`))
	if err != nil {
		t.Fatal(err)
	}
	start := e.Hosts("after")[0].OS.Boot
	want := []time.Time{time.Date(2026, 11, 1, 1, 0, 0, 0, time.UTC), start}
	for _, state := range []string{"after", "again", "later", "beside"} {
		if d := cmp.Diff(want, e.Hosts(state)[0].OS.Boots); d != "" {
			t.Errorf("%s (-want +got):\n%s", state, d)
		}
	}
}
