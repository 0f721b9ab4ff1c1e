package host

import (
	"testing"
	"time"
)

func TestDated(t *testing.T) {
	now := time.Date(2026, 11, 23, 3, 0, 0, 0, time.UTC)
	baseline := Collector{Name: "eventlog", Args: map[string][]string{"since": {SinceBaseline}, "log": {"System"}}}
	for name, tt := range map[string]struct {
		q        Question
		baseline time.Time
		want     string
	}{
		"since the baseline":     {baseline, now.Add(-2 * time.Hour), `eventlog log=["System"] since=["7200"]`},
		"a minute more":          {baseline, now.Add(-121 * time.Minute), `eventlog log=["System"] since=["7800"]`},
		"there is none":          {baseline, time.Time{}, `eventlog log=["System"] since=["boot"]`},
		"the clock was set back": {baseline, now.Add(time.Hour), `eventlog log=["System"] since=["600"]`},
		"since something else": {
			Collector{Name: "eventlog", Args: map[string][]string{"since": {"60"}}}, now, `eventlog since=["60"]`,
		},
		"a query": {WQL{Class: "A", Columns: []string{"B"}}, now, "root/cimv2: SELECT B FROM A"},
	} {
		got, dated := Dated(tt.q, tt.baseline, now)
		if got.String() != tt.want || dated != (tt.q.String() == baseline.String()) {
			t.Errorf("%s: got %s, %t, want %s", name, got, dated, tt.want)
		}
	}
	if baseline.Args["since"][0] != SinceBaseline {
		t.Error("the question itself has changed")
	}
	asked, _ := Dated(baseline, now.Add(-time.Hour), now)
	var answers Answers
	answers.Put(asked, Answer{Rows: []Row{{"A": {Text: "a"}}}})
	answers.Under(asked, baseline)
	if rows, err := answers.To(baseline); err != nil || len(rows) != 1 {
		t.Errorf("got %v, %v", rows, err)
	}
	answers.Under(Collector{Name: "other"}, Collector{Name: "another"})
	if _, err := answers.To(Collector{Name: "another"}); err == nil {
		t.Error("an answer that nobody gave")
	}
}
