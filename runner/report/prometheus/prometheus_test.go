package prometheus_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"postpatch/runner/report"
	"postpatch/runner/report/prometheus"
	"postpatch/runner/report/reporttest"
)

func written(t *testing.T, s reporttest.Stream) string {
	t.Helper()
	var b bytes.Buffer
	if err := s.To(prometheus.New(&b)); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// read is what a collector makes of a file.
func read(t *testing.T, text string) map[string]*dto.MetricFamily {
	t.Helper()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(text))
	if err != nil {
		t.Fatalf("%v of\n%s", err, text)
	}
	return families
}

// values are a metric's, by its labels as "name=value,…" without the command.
func values(family *dto.MetricFamily) map[string]float64 {
	all := map[string]float64{}
	for _, m := range family.GetMetric() {
		var labels []string
		for _, l := range m.GetLabel() {
			if l.GetName() != "command" {
				labels = append(labels, l.GetName()+"="+l.GetValue())
			}
		}
		all[strings.Join(labels, ",")] = m.GetGauge().GetValue()
	}
	return all
}

func TestMetrics(t *testing.T) {
	s := reporttest.Stream{
		Run: report.Run{Command: "verify", Hosts: 2},
		Hosts: []report.Host{
			{Host: "web02", Unreachable: "no answer", Counts: map[report.Outcome]int{report.Unknown: 7}},
			{Host: "web01", Counts: map[report.Outcome]int{report.Passed: 5, report.Regressed: 2}},
		},
		Summary: report.Summary{
			Verdict: "FAIL", ExitCode: 1, Took: 68500 * time.Millisecond,
			Finished: time.Date(2026, 3, 15, 2, 53, 0, 0, time.UTC),
		},
	}
	text := written(t, s)
	families := read(t, text)
	got := map[string]map[string]float64{}
	for name, family := range families {
		if family.GetType() != dto.MetricType_GAUGE || family.GetHelp() == "" {
			t.Errorf("%s has no type or no help", name)
		}
		if got[name] = values(family); name == "postpatch_checks" {
			for labels, value := range got[name] {
				if value == 0 {
					delete(got[name], labels)
				}
			}
		}
	}
	want := map[string]map[string]float64{
		"postpatch_checks":         {"host=web01,outcome=passed": 5, "host=web01,outcome=regressed": 2, "host=web02,outcome=unknown": 7},
		"postpatch_host_reachable": {"host=web01": 1, "host=web02": 0},
		"postpatch_verdict": {
			"verdict=PASS": 0, "verdict=FAIL": 1, "verdict=INCOMPLETE": 0, "verdict=NO VERDICT": 0, "verdict=READY": 0,
			"verdict=NOT READY": 0,
		},
		"postpatch_exit_code": {"": 1}, "postpatch_hosts": {"": 2},
		"postpatch_last_run_timestamp_seconds": {"": float64(s.Summary.Finished.Unix())},
		"postpatch_run_duration_seconds":       {"": 68.5},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if n := len(values(families["postpatch_checks"])); n != 2*len(report.Outcomes()) {
		t.Errorf("%d counts of checks: an outcome that is not there leaves an alert without a value", n)
	}
	// A file of a textfile collector ends with a line feed, and has no times.
	if !strings.HasSuffix(text, "\n") || strings.HasSuffix(text, "\n\n") {
		t.Errorf("its end: %q", text[len(text)-10:])
	}
	for name, family := range families {
		for _, m := range family.GetMetric() {
			if m.TimestampMs != nil {
				t.Errorf("%s has a time", name)
			}
		}
	}
}

// A collector refuses a whole file in which a metric comes twice.
func FuzzMetrics(f *testing.F) {
	for _, text := range append(reporttest.Nasty(), strings.Repeat(`"\`, 1<<16)) {
		f.Add(text, text)
	}
	f.Add("web\x00", "web\x01")
	f.Add(strings.Repeat("a", 300)+"1", strings.Repeat("a", 300)+"2")
	f.Fuzz(func(t *testing.T, one, other string) {
		s := reporttest.Hostile(one)
		s.Hosts[1].Host, s.Summary.Verdict = other, one
		text := written(t, s)
		families := read(t, text)
		for name, family := range families {
			if len(values(family)) != len(family.GetMetric()) {
				t.Errorf("%s has a metric twice", name)
			}
		}
		total, known := 0.0, values(families["postpatch_verdict"])["verdict="+report.Brief(one, 200)]
		for _, value := range values(families["postpatch_checks"]) {
			total += value
		}
		if want := float64(3 * len(report.Outcomes())); total != want || known != 1 || len(text) > 1<<17 {
			t.Errorf("%v checks, want %v; the verdict is told as %v; %d bytes", total, want, known, len(text))
		}
	})
}
