package redact_test

import (
	"fmt"
	"io"
	"testing"
	"time"

	"postpatch/runner/report"
	"postpatch/runner/report/jsonl"
	"postpatch/runner/report/redact"
)

// fleet is a run of so many hosts with 30 checks each, of which three have changed and all
// have something that is hidden, as every host has it of its own.
type fleet int

func (f fleet) play(to report.Handler) error {
	at := time.Date(2026, 11, 24, 2, 0, 0, 0, time.UTC)
	run := report.Run{Command: "verify", Name: "night", Started: at, Hosts: int(f), Suites: []string{"acme"}}
	if err := to.Start(run); err != nil {
		return err
	}
	for i := range int(f) {
		h := report.Host{
			Host: fmt.Sprintf("srv-%05d.corp.acme.test", i), Started: at, Outcome: report.Drifted,
			Session: "WinRM by Kerberos, sealed", Counts: map[report.Outcome]int{report.Drifted: 30},
			Ignored: map[string]int{"os.uptime: ignore": 1},
		}
		for n := range 30 {
			c := report.Check{
				ID: fmt.Sprintf("service/Agent%02d", n), Suite: "acme", Kind: "service", Outcome: report.Passed,
				File: "suites/acme.suite.yaml", Line: n + 1, Owner: "dba@acme.test", Why: "no mail without it",
				Hidden: []report.Hidden{{
					Item: fmt.Sprintf("Agent%02d", n), Reading: "latency", HasBefore: true, HasNow: true, Rule: "ignore", By: "kind",
					Before: fmt.Sprintf("%d.%dms", n, i), Now: fmt.Sprintf("%d.%dms", i, n),
				}},
			}
			if n%10 == 0 {
				c.Outcome = report.Drifted
				c.Findings = []report.Finding{{
					Item: fmt.Sprintf("Agent%02d", n), Reading: "account", Outcome: report.Drifted, HasBefore: true, HasNow: true,
					Before: `ACME\svc-agent`, Now: "LocalSystem", Wanted: "same text", Severity: "warn",
				}}
				c.Evidence = []report.Evidence{{Reading: "sample", Value: fmt.Sprintf(
					"%d times: no answer from 10.%d.%d.%d:443 (srv-%05d.corp.acme.test)", n, n, i>>8, i&255, i/2)}}
			}
			h.Checks = append(h.Checks, c)
		}
		if err := to.Host(h); err != nil {
			return err
		}
	}
	return to.Finish(report.Summary{Verdict: "FAIL", Reason: "1 check drifted", ExitCode: 1, Finished: at})
}

// BenchmarkFleet shows what the redaction of 10,000 hosts costs beside writing them as
// JSON lines.
func BenchmarkFleet(b *testing.B) {
	const hosts = fleet(10_000)
	for _, bench := range []struct {
		name string
		to   func() report.Handler
	}{
		{"lines", func() report.Handler { return jsonl.New(io.Discard) }},
		{"redacted", func() report.Handler { return redact.New(report.Tee(), redact.NewKey()) }},
	} {
		b.Run(bench.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := hosts.play(bench.to()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
