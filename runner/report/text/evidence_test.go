package text_test

import (
	"strings"
	"testing"

	"postpatch/runner/report"
	"postpatch/runner/report/text"
)

func told(t *testing.T, hosts ...report.Host) string {
	t.Helper()
	var b strings.Builder
	s := summary(stream{run: verifyRun(len(hosts), len(hosts)), hosts: hosts}, "FAIL", "1 check regressed", 1)
	if err := s.play(text.New(&b, text.Options{Width: 100})); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func because(c report.Check, item, reading, value string) report.Check {
	c.Evidence = append(c.Evidence, report.Evidence{Item: item, Reading: reading, Value: value})
	return c
}

func TestEvidenceStandsBesideItsItem(t *testing.T) {
	stopped := check("services", "it sells", of("W3SVC", finding(report.Regressed, "state", "running", "stopped", "")))
	moved := check("disk", "", of("D:", drifted("warn", "label", "Data", "New", "same")))
	stopped = because(because(stopped, "W3SVC", "exit_code", "1068\n\x1b[2J"), "Spooler", "exit_code", "5")
	one := told(t, host("a", 0, stopped),
		host("b", 0, because(moved, "D:", "since", "yesterday")))
	for _, want := range []string{"exit_code  1068", "since  yesterday"} {
		if strings.Count(one, want) != 1 {
			t.Errorf("want %q once:\n%s", want, one)
		}
	}
	if strings.Contains(one, "\x1b[2J") || strings.Contains(one, "exit_code  5") {
		t.Errorf("another item's, or raw:\n%s", one)
	}
}

// Hosts that fail alike are told together, whatever their reasons.
func TestEvidenceThatDiffersIsOfTheFirstHost(t *testing.T) {
	stopped := check("services", "it sells", of("W3SVC", finding(report.Regressed, "state", "running", "stopped", "")))
	same := told(t, host("a", 0, because(stopped, "W3SVC", "exit_code", "1068")),
		host("b", 0, because(stopped, "W3SVC", "exit_code", "1068")))
	differ := told(t, host("a", 0, because(stopped, "W3SVC", "exit_code", "1068")),
		host("b", 0, because(stopped, "W3SVC", "exit_code", "1067")))
	if !strings.Contains(same, "exit_code  1068") {
		t.Errorf("the same on both:\n%s", same)
	}
	if !strings.Contains(differ, "exit_code  on a: 1068") || strings.Count(differ, "W3SVC") != 1 {
		t.Errorf("another one on each:\n%s", differ)
	}
}
