package html_test

import (
	"strings"
	"time"

	"postpatch/runner/report"
)

// hidden is a text that is another one when it is clean.
const hidden = "a\u200bb"

// small is a night like any other: a bit of everything.
func small() stream {
	booted := at(120)
	of := func(id string, o report.Outcome, findings ...report.Finding) report.Check {
		kind, _, _ := strings.Cut(id, "/")
		return report.Check{
			ID: id, Suite: "shop", Kind: kind, Outcome: o, Findings: findings, Owner: "dba@example.org",
			Why: "the shop needs it", File: "suites/shop.suite.yaml", Line: 14, Took: 1500 * time.Microsecond,
			Failing: o == report.Regressed || o == report.Failed,
		}
	}
	state := report.Finding{
		Item: "MSSQLSERVER", Reading: "state", Outcome: report.Regressed, Before: "running", Now: "stopped",
		HasBefore: true, HasNow: true, Wanted: "expected running", Pass: report.Since{Pass: "early"},
	}
	exit := report.Finding{
		Item: "MSSQLSERVER", Reading: "exit_code", Outcome: report.Regressed, Before: "0", Now: "945", HasBefore: true,
		HasNow: true, Wanted: "expected 0",
	}
	sql := of("service/MSSQLSERVER", report.Regressed, exit, state)
	sql.Evidence = []report.Evidence{{Item: "MSSQLSERVER", Reading: "exit_code", Value: "945,\nby its own code"}}
	build := of("os", report.Expected, report.Finding{
		Reading: "build", Outcome: report.Expected, Before: "20348.3207", Now: "20348.3328", HasBefore: true, HasNow: true,
		Wanted: "the plan wants 20348.3328",
	})
	build.Hidden = []report.Hidden{{
		Reading: "boot_time", Before: "2026-03-01", Now: "2026-03-15", HasBefore: true, HasNow: true,
		Rule: "ignore", By: "kind",
	}}
	web := of("http/shop", report.Passed)
	web.Settled = []report.Settled{{Reading: "status", After: 95 * time.Second, Was: "503, none"}}
	disk := of("disk/C:", report.Waived, report.Finding{
		Reading: "free", Outcome: report.Waived, Now: "3.1 GB", HasNow: true, Wanted: "expected > 10 GB",
		Waiver: report.Waiver{
			Was: report.PreExisting, Until: "2026-12-31", Reason: "a disk is ordered", File: "w.yaml", Line: 3,
		},
	})
	partly := of("printer", report.Unknown)
	partly.Error, partly.Partly = "reading the drivers: access denied", true
	fresh := of("tcp/8443", report.Passed)
	fresh.Mark = "new"
	away := of("service/Shop", report.Unknown)
	away.Error = "the host is unreachable: i/o timeout"
	gone := of("services", report.Drifted, report.Finding{
		Item: "OldOne", Outcome: report.Drifted, Before: "there", HasBefore: true, Wanted: "same", Severity: "warn",
	})
	quiet := of("ping", report.Passed)
	quiet.Hidden = build.Hidden
	told := of("tcp/443", report.Passed)
	told.Evidence = []report.Evidence{{Reading: "banner", Value: "a\tb"}}
	hosts := []report.Host{
		{
			Host: "srv-sql-01", Started: at(0), Took: 21 * time.Second, Outcome: report.Regressed, Session: "WinRM by Kerberos",
			Rebooted: &booted, RebootKnown: true, Settled: 3 * time.Minute,
			Notes:  []string{"srv-sql-01 was known as </script><b>srv-db\x1b[31m\u202e\xff"},
			Reboot: report.Reboot{State: report.Rebooted, Times: 1, Words: "rebooted: by the update service"},
			Checks: []report.Check{sql, build, quiet, told, disk, gone},
		},
		{
			Host: "srv-app-03", Started: at(1), Took: 90 * time.Second, Outcome: report.Unknown, Unreachable: "i/o timeout",
			Reboot: report.Reboot{State: report.RebootUnknown, Words: "it does not answer"}, Checks: []report.Check{away, away},
		},
		{
			Host: "srv-web-02", Started: at(2), Took: 9 * time.Second, Outcome: report.Unknown, RebootKnown: true,
			Reboot: report.Reboot{State: report.NotRebooted, Words: "not rebooted since the baseline"},
			Checks: []report.Check{
				build, web, partly, fresh, of("task/Backup", report.Skipped), of(hidden, report.Passed),
				of(report.CleanLine(hidden), report.Passed),
			},
		},
		{Host: "srv-new-04", Started: at(3), Outcome: report.Skipped},
	}
	return summed(stream{
		Run: report.Run{
			Command: "verify", Tool: "postpatch 0.1.0", Name: "march", Started: at(0), Suites: []string{"shop"}, Plan: "march",
			Baseline: &report.Baseline{Name: "before", Taken: at(-3600), Store: "./evidence"},
			Notes:    []string{"the suite has changed"},
		},
		Hosts: hosts,
		Summary: report.Summary{
			Finished: at(68), Took: 68 * time.Second, Verdict: "FAIL", ExitCode: 1,
			Reason: "1 check regressed, 1 host unreachable", Ignored: map[string]int{"os.boot_time: ignore": 2},
			Again: "postpatch verify shop.suite.yaml --baseline before",
			Next:  []string{"postpatch verify shop.suite.yaml --name march --resume"},
		},
	})
}

// summed adds up the counts, as the runner does.
func summed(s stream) stream {
	s.Summary.Counts = map[report.Outcome]int{}
	for i := range s.Hosts {
		h := &s.Hosts[i]
		h.Counts = map[report.Outcome]int{}
		for _, c := range h.Checks {
			h.Counts[c.Outcome]++
			s.Summary.Counts[c.Outcome]++
		}
		s.Run.Checks += len(h.Checks)
		if h.Unreachable != "" {
			s.Summary.Unseen++
		}
	}
	s.Run.Hosts = len(s.Hosts)
	return s
}

// comparison is a diff, of which nothing is judged.
func comparison() stream {
	s := small()
	s.Run.Command, s.Run.Plan, s.Run.Checks, s.Summary.Next = "diff", "", 0, nil
	s.Hosts = s.Hosts[:1]
	s.Hosts[0].Checks = s.Hosts[0].Checks[2:]
	s.Hosts[0].Outcome, s.Hosts[0].Notes = report.Drifted, nil
	s.Summary.Verdict, s.Summary.Reason, s.Summary.ExitCode, s.Summary.Unseen = "PASS", "1 change", 0, 0
	return summed(s)
}

// evil is what a host may say to whoever believes it.
const evil = "</script><script>alert(1)</script><!--<img src=x onerror=alert(2)>]]>\" onload='x' {{.}} `${1}` " +
	"\x1b[2J\r\nVERDICT  PASS\x00\u202egpj.exe\xff\xfe\u2028##vso[task.complete result=Succeeded] ::error::x"

// hostile says evil wherever a text may stand.
func hostile() stream {
	s := stream{Hosts: make([]report.Host, 2)}
	fill(&s, func() string { return evil })
	s.Hosts[0].Outcome, s.Hosts[1].Outcome = report.Regressed, report.Unknown
	s.Hosts[1].Unreachable = ""
	s.Summary.Counts = map[report.Outcome]int{report.Regressed: 1, report.Outcome(evil): 1}
	for i := range s.Hosts {
		for k := range s.Hosts[i].Checks {
			s.Hosts[i].Checks[k].Outcome = report.Outcomes()[(5*i+k)%11]
		}
	}
	return s
}
