package text_test

import (
	"strings"
	"testing"

	"postpatch/runner/report"
	"postpatch/runner/report/text"
)

// waived puts a finding under a waiver; over makes it one whose day is past.
func waived(over bool, f report.Finding) report.Finding {
	f.Waiver = report.Waiver{
		Was: f.Outcome, Until: "2026-12-31", Reason: "the vendor's driver comes with the next release",
		Ticket: "OPS-4711", Owner: "print@example.org", File: "suites/print.suite.yaml", Line: 21,
	}
	f.Outcome, f.Severity = report.Waived, ""
	if over {
		f.Outcome, f.Waiver.Until, f.Waiver.Over = report.Failed, "2026-02-28", true
		f.Wanted += "; the waiver until 2026-02-28 is over: " + f.Waiver.Reason
	}
	return f
}

// waivers is a run in which some of what is wrong is waived, and some no more.
func waivers() stream {
	stopped := finding(report.Regressed, "state", "running", "stopped", "expected running")
	spooler := of("Spooler", waived(false, stopped))
	moved := finding(report.Drifted, "path", `C:\old\spool.exe`, `C:\new\spool.exe`, "rule: same")
	path := of("Spooler", waived(false, moved))
	mixed := check("services", "", spooler, of("WAS", stopped))
	old := waived(true, finding(report.PreExisting, "days_left", "6", "5", "expected > 14"))
	s := stream{run: verifyRun(0, 0), hosts: []report.Host{
		host("SRV-PRINT-01", 3, check("service/Spooler", "paper", path, spooler)),
		host("SRV-PRINT-02", 3, check("service/Spooler", "paper", spooler), mixed),
		host("SRV-WEB-01", 4, check("tls/web:443", "customers see it", old)),
	}}
	s.run.Notes = []string{"this waiver is over: suites/print.suite.yaml:21"}
	return summary(s, "FAIL", "1 check regressed, 1 check failed, 3 checks waived", 1)
}

// Nothing that a waiver covers is left out, however little is asked for.
func TestAWaiverIsAlwaysTold(t *testing.T) {
	got := replayed(t, "waivers", text.Options{Width: 60, ASCII: true})
	for _, want := range []string{
		"WAIVED (", "until 2026-12-31", "next release", "OPS-4711", "print@example.org", "suites/print.suite.yaml:21",
		"WAIVER IS OVER (1)", "until 2026-02-28", "3 checks waived",
	} {
		if !strings.Contains(strings.Join(strings.Fields(got), " "), want) {
			t.Errorf("%q is not told:\n%s", want, got)
		}
	}
}
