package text_test

import (
	"fmt"
	"strings"
	"time"

	"postpatch/runner/report"
)

// stream is a run for a view to tell.
type stream struct {
	run     report.Run
	hosts   []report.Host
	summary report.Summary
}

func (s stream) play(h report.Handler) error {
	if err := h.Start(s.run); err != nil {
		return err
	}
	for _, host := range s.hosts {
		if err := h.Host(host); err != nil {
			return err
		}
	}
	return h.Finish(s.summary)
}

func at(hour, minute, second int) time.Time {
	return time.Date(2026, 3, 15, hour, minute, second, 0, time.UTC)
}

func verifyRun(hosts, checks int) report.Run {
	return report.Run{
		Command: "verify", Tool: "postpatch 0.1.0", Name: "wave1-march-early", Started: at(2, 52, 0),
		Suites: []string{"web", "sql", "app"}, Plan: "2026-03-patch-tuesday", Hosts: hosts, Checks: checks,
		Baseline: &report.Baseline{
			Name: "wave1-march", Taken: at(2, 52, 0).Add(-5*time.Hour - 12*time.Minute), Store: "./evidence",
		},
	}
}

// host adds up what its checks come to, as the runner does.
func host(name string, passed int, checks ...report.Check) report.Host {
	h := report.Host{
		Host: name, Started: at(2, 52, 1), Took: 21 * time.Second, Checks: checks,
		Counts: map[report.Outcome]int{}, Outcome: report.Skipped,
	}
	for i := range passed {
		h.Checks = append(h.Checks, report.Check{
			ID: fmt.Sprintf("service/App%02d", i+1), Suite: "web", Kind: "service", Outcome: report.Passed,
			File: "suites/web.suite.yaml", Line: 9, Took: 3 * time.Millisecond,
		})
	}
	for _, c := range h.Checks {
		h.Counts[c.Outcome]++
		if report.Worse(c.Outcome, h.Outcome) {
			h.Outcome = c.Outcome
		}
	}
	return h
}

func check(id, why string, findings ...report.Finding) report.Check {
	kind, _, _ := strings.Cut(id, "/")
	c := report.Check{
		ID: id, Suite: "sql", Kind: kind, Outcome: report.Passed, Findings: findings, Why: why,
		Owner: "dba@example.org", File: "suites/sql.suite.yaml", Line: 14, Took: 120 * time.Millisecond,
	}
	for _, f := range findings {
		if report.Worse(f.Outcome, c.Outcome) && f.Severity != "note" {
			c.Outcome = f.Outcome
		}
		switch f.Outcome {
		case report.Regressed, report.Failed, report.Unmet:
			c.Failing = true
		case report.Drifted:
			c.Failing = c.Failing || f.Severity == "fail"
		}
	}
	return c
}

func finding(o report.Outcome, reading, before, now, wanted string) report.Finding {
	return report.Finding{
		Reading: reading, Outcome: o, Before: before, Now: now, HasBefore: true, HasNow: true, Wanted: wanted,
	}
}

func of(item string, f report.Finding) report.Finding { f.Item = item; return f }

func severity(s string, f report.Finding) report.Finding { f.Severity = s; return f }

func drifted(severe, reading, before, now, rule string) report.Finding {
	return severity(severe, finding(report.Drifted, reading, before, now, rule))
}

func nowOnly(f report.Finding) report.Finding { f.HasBefore = false; f.Before = ""; return f }

func marked(mark string, c report.Check) report.Check { c.Mark = mark; return c }

// ofPlan makes a check one that the run has added for the plan.
func ofPlan(c report.Check) report.Check {
	c.Kind, c.Suite, c.File, c.Line = "plan", "2026-03-patch-tuesday", "march.plan.yaml", 0
	return c
}

func rebooted(h report.Host, hour, minute, second int) report.Host {
	h.Rebooted, h.RebootKnown = new(at(hour, minute, second)), true
	return h
}

func failed(id, why, err string) report.Check {
	c := check(id, why)
	c.Outcome, c.Error = report.Unknown, err
	return c
}

func summary(s stream, verdict, reason string, exit int, next ...string) stream {
	counts := map[report.Outcome]int{}
	s.summary.Ignored = map[string]int{}
	for _, h := range s.hosts {
		for o, n := range h.Counts {
			counts[o] += n
		}
		for rule, n := range h.Ignored {
			s.summary.Ignored[rule] += n
		}
		if h.Unreachable != "" {
			s.summary.Unseen++
		}
		s.run.Checks += len(h.Checks)
	}
	s.run.Hosts = len(s.hosts)
	s.summary.Counts, s.summary.Verdict, s.summary.Reason, s.summary.ExitCode = counts, verdict, reason, exit
	s.summary.Next, s.summary.Took = next, 68*time.Second
	s.summary.Finished = s.run.Started.Add(s.summary.Took)
	if s.run.Command == "verify" {
		s.summary.Again = "postpatch verify --plan march.plan.yaml --baseline wave1-march"
	}
	return s
}

func unreachable(name, why string, checks int) report.Host {
	var all []report.Check
	for i := range checks {
		all = append(all, failed(fmt.Sprintf("service/App%02d", i+1), "", "the host is unreachable: "+why))
	}
	h := host(name, 0, all...)
	h.Unreachable = why
	return h
}

func update(kb string) report.Check {
	return check("update", "", of(kb, report.Finding{
		Now: "new", HasNow: true, Outcome: report.Expected, Severity: "warn",
	}))
}

func build() report.Check {
	return check("os", "tells the reboot and whether the update is really on",
		finding(report.Expected, "build", "20348.3207", "20348.3328", "the plan wants 20348.3328"))
}

// mixed is a night like any other: a bit of everything.
func mixed() stream {
	booted := hidden("", "boot_time", "2026-03-14T02:00:00Z", "2026-03-15T02:10:55Z", "ignore", 0)
	web := rebooted(host("SRV-WEB-02", 43,
		update("KB5053603"), build(),
		check("disk/C:", "logs fill it", finding(report.Fixed, "free", "3.1 GB", "18.4 GB", "expected > 10 GB")),
		check("tls/web02:443", "customers see it", finding(report.PreExisting, "days_left", "6", "6", "expected > 14")),
		check("services", "", of("BITS", drifted("warn", "start_mode", "auto", "manual", "same")),
			of("wuauserv", drifted("note", "state", "running", "stopped", "same"))),
	), 2, 10, 55)
	web.Ignored = map[string]int{"os.boot_time: ignore": 1, "services.pid: ignore": 5}
	web.Checks[1].Hidden = []report.Hidden{booted}
	web.Checks[1].Kind = "os"
	web.Checks[4].Kind = "services"
	for i, before := range []string{"4012", "812", "9000", "1", "77"} {
		web.Checks[4].Hidden = append(web.Checks[4].Hidden,
			hidden(fmt.Sprintf("App%d", i), "pid", before, fmt.Sprint(4100+i), "ignore", []int{0, 0, 31, 31, 7}[i]))
	}
	web.Session = "WinRM by Kerberos, sealed"
	sql := rebooted(host("SRV-SQL-01", 44,
		update("KB5053603"), build(),
		check("service/MSSQLSERVER", "SQL must run before the app tier starts",
			finding(report.Regressed, "state", "running", "stopped", "expected running"),
			finding(report.Regressed, "exit_code", "0", "945", "expected 0")),
		check("services", "", of("SQLBrowser", drifted("fail", "start_mode", "auto", "disabled", "same"))),
		failed("sql/Orders", "the shop's orders", `signing in to "Orders" on "SRV-SQL-01:1433": connection refused`),
	), 2, 11, 9)
	sql.Ignored = map[string]int{
		"os.boot_time: ignore": 1, "services.pid: ignore": 7, "sql.uptime: ignore": 1, "ping.rtt: within 50%": 2,
	}
	sql.Checks[1].Kind, sql.Checks[3].Kind = "os", "services"
	sql.Checks[1].Hidden = []report.Hidden{booted}
	sql.Checks[3].Hidden = []report.Hidden{hidden("App1", "pid", "812", "4101", "ignore", 0), gone(
		hidden(strings.Repeat("Vendor", 20), "pid", strings.Repeat("4 ", 60), "", "ignore", 0))}
	sql.Session = "WinRM by NTLM, sealed: no KDC of the realm EXAMPLE.ORG answers, so NTLM was used"
	s := stream{run: verifyRun(0, 0), hosts: []report.Host{
		sql, unreachable("SRV-APP-03", `dialling "SRV-APP-03:5986": i/o timeout`, 47), web,
	}}
	s.run.Notes = []string{"the suite sql has changed since the baseline: 2 checks are new"}
	return summary(s, "FAIL", "1 regressed, 1 drifted, 1 host unreachable, 48 unknown", 1,
		"postpatch explain SRV-SQL-01 service/MSSQLSERVER", "postpatch verify --hosts SRV-APP-03 --wait 15m")
}

// hidden is a change that the kind's own rule hides, unless it stands on a line.
func hidden(item, reading, before, now, rule string, line int) report.Hidden {
	h := report.Hidden{
		Item: item, Reading: reading, Before: before, Now: now, HasBefore: true, HasNow: true, Rule: rule, By: "kind",
	}
	if line > 0 {
		h.By, h.File, h.Line = "check", "suites/sql.suite.yaml", line
	}
	return h
}

func gone(h report.Hidden) report.Hidden {
	h.HasNow = false
	return h
}

func allPass() stream {
	s := stream{run: verifyRun(0, 0), hosts: []report.Host{
		rebooted(host("SRV-WEB-01", 45, build()), 2, 10, 1), rebooted(host("SRV-WEB-02", 46), 2, 12, 59),
	}}
	return summary(s, "PASS", "nothing regressed, nothing unmet", 0)
}

// partly is a check that could be observed beside its error.
func partly(c report.Check) report.Check {
	c.Partly = true
	return c
}

func capture() stream {
	s := stream{run: verifyRun(0, 0), hosts: []report.Host{
		host("SRV-SQL-01", 44,
			check("service/SQLAgent", "jobs run from it",
				nowOnly(finding(report.Failed, "state", "", "stopped", "expected running"))),
			check("disk/C:", "", nowOnly(finding(report.Failed, "free", "", "3.1 GB", "expected > 10 GB"))),
			failed("sql/msdb", "", `signing in to "msdb": error 18456: Login failed for user 'probe'`)),
		host("SRV-WEB-02", 45, partly(failed("printer", "", `reading MSFT_PrinterDriver: access denied`))),
		unreachable("SRV-APP-03", `dialling "SRV-APP-03:5986": i/o timeout`, 47),
	}}
	s.run.Command, s.run.Baseline, s.run.Name, s.run.Plan = "capture", nil, "wave1-march", ""
	return summary(s, "FAIL", "2 failed, 1 host unreachable, 49 unknown", 1,
		"postpatch verify --baseline wave1-march   (after the patch)")
}

// precheck says why a patch may not begin.
func precheck() stream {
	s := capture()
	s.run.Command, s.run.Name, s.run.Plan, s.run.Suites = "precheck", "wave1-precheck", "march", []string{"hq", "precheck"}
	return summary(s, "NOT READY", "no answer from SRV-APP-03; 2 checks failed, 1 host unreachable, 2 checks unknown", 1,
		"postpatch precheck --plan march.plan.yaml")
}

// fleet is forty hosts on which the same happened, and a few of their own.
func fleet() stream {
	s := stream{run: verifyRun(0, 0)}
	for i := range 40 {
		checks := []report.Check{
			update("KB5053603"), build(),
			check("service/Spooler", "labels are printed from it",
				finding(report.Regressed, "state", "running", "stopped", "expected running")),
		}
		if i%10 == 0 {
			checks = append(checks, check("services", "", of("RemoteRegistry",
				drifted("warn", "start_mode", "manual", "disabled", "same"))))
		}
		s.hosts = append(s.hosts, rebooted(host(fmt.Sprintf("ws%02d.hq.corp.example.org", i+1), 30, checks...), 2, 10, i))
	}
	for i := range 30 {
		s.hosts[7].Checks = append(s.hosts[7].Checks, check("services", "", of(fmt.Sprintf("Vendor%02d", i),
			drifted("warn", "path", fmt.Sprintf(`C:\V\%d.exe`, i), fmt.Sprintf(`C:\W\%d.exe`, i), "same"))))
		s.hosts[7].Counts[report.Drifted]++
	}
	return summary(s, "FAIL", "40 regressed", 1, "postpatch explain ws01.hq.corp.example.org service/Spooler")
}

// manyWell is a fleet in which one host is not well.
func manyWell() stream {
	s := stream{run: verifyRun(0, 0)}
	for i := range 120 {
		s.hosts = append(s.hosts, rebooted(host(fmt.Sprintf("ws%03d", i+1), 30, update("KB5053603")), 2, 10, i%60))
	}
	s.hosts[17] = host("ws018", 30, check("os", "",
		finding(report.Unmet, "build", "20348.3207", "20348.3207", "the plan wants 20348.3328"),
		finding(report.Unmet, "boot_time", "2026-03-01T03:00:00Z", "2026-03-01T03:00:00Z",
			"the plan says reboot: required, and the host has not rebooted since the baseline")))
	s.hosts[17].RebootKnown = true
	return summary(s, "FAIL", "1 unmet", 1, "postpatch explain ws018 os")
}

func hostile() stream {
	evil := "\x1b]0;owned\a\x1b[2J\x1b[31mVERDICT  PASS\r\nVERDICT  PASS\u202egpj.exe\x00\xff\u200b"
	c := check("service/"+evil, evil, of(evil, finding(report.Regressed, evil, evil, evil+"x", evil)))
	c.Owner, c.File, c.Mark = evil, evil, evil
	c.Findings[0].Waiver = report.Waiver{
		Was: report.Outcome(evil), Until: evil, Reason: evil, Ticket: evil, Owner: evil, File: evil,
	}
	u := failed("tcp/"+evil, evil, evil)
	other := host("other"+evil, 0, failed("service/x", "", evil))
	other.Problem = "another machine answers: " + evil
	s := stream{run: verifyRun(0, 0), hosts: []report.Host{
		host("a"+evil, 1, c, u), unreachable("b"+evil, evil, 2), other,
	}}
	change := hidden(evil, evil, evil, evil, evil, 1)
	change.File, change.By = evil, evil
	s.hosts[0].Checks[0].Hidden = []report.Hidden{change}
	s.hosts[0].Ignored = map[string]int{change.Counted(s.hosts[0].Checks[0].Kind): 1, evil: 2}
	s.summary.ListIgnored = evil
	s.run.Notes, s.run.Plan, s.run.Name, s.run.Baseline.Name = []string{evil}, evil, evil, evil
	return summary(s, "FAIL", "1 regressed"+evil, 1, evil)
}

func unreached() stream {
	s := stream{run: verifyRun(0, 0)}
	for i := range 7 {
		name := fmt.Sprintf("SRV-APP-%02d", i+1)
		s.hosts = append(s.hosts, unreachable(name, fmt.Sprintf("dialling \"%s:5986\": i/o timeout", name), 47))
	}
	s.hosts = append(s.hosts, unreachable("SRV-DB-01", strings.Repeat("no route to the host, ", 30)+"given up", 12))
	other := host("SRV-WEB-01", 0,
		failed("os", "", "another machine answers"), failed("services", "", "another machine answers"))
	other.Problem = "another machine answers: the baseline is of 4c4c4544-0001, now it is 4c4c4544-0002"
	s.hosts = append(s.hosts, other, host("SRV-WEB-02", 12))
	return summary(s, "NO VERDICT", "1 host answered by another machine, 8 hosts unreachable, 343 unknown", 2,
		"postpatch verify --resume wave1-march-early")
}

func longValues() stream {
	groups := func(n, without int) string {
		var all []string
		for i := range n {
			if i != without {
				all = append(all, fmt.Sprintf(`CORP\Group-%03d`, i))
			}
		}
		return strings.Join(all, ", ")
	}
	blob := strings.Repeat("A", 3000)
	exe := `"C:\Program Files\Vendor Software\Agent\%s\agentsvc.exe" --config "C:\ProgramData\Vendor\agent.json" --service`
	s := stream{run: verifyRun(0, 0), hosts: []report.Host{
		host("SRV-WEB-02", 10,
			check("service/Agent", strings.Repeat("the auditors want it, ", 12),
				finding(report.Expected, "account", "LocalSystem", "LocalSystem2", "same"),
				drifted("fail", "path", fmt.Sprintf(exe, "4.1.7"), fmt.Sprintf(exe, "4.2.0"), "same")),
			check("group/Administrators", "", drifted("warn", "members", groups(300, 7), groups(300, 211), "same set")),
			check("http/login", "users sign in here", finding(report.Regressed, "body",
				blob+"x"+blob, blob+"y"+blob, "expected same")),
			check("event", "", nowOnly(of(strings.Repeat("Very long item name ", 12), finding(report.Failed, "text", "",
				strings.Repeat("The service terminated with a service-specific error. ", 40), "expected no such event")))),
			check("name", "", drifted("warn", "owner", "Größe 日本語サーバー", "Größe 日本語サーバ 2", "same text")),
		),
	}}
	return summary(s, "FAIL", "1 regressed, 1 failed, 1 drifted", 1)
}

func comparison() stream {
	s := stream{run: verifyRun(0, 0), hosts: []report.Host{
		host("SRV-WEB-02", 43, check("services", "",
			of("BITS", drifted("note", "start_mode", "auto", "manual", "same")),
			of("NewOne", severity("warn", nowOnly(finding(report.Drifted, "", "", "new", "")))),
			of("OldOne", drifted("fail", "", "there", "gone", "")))),
		host("SRV-SQL-01", 44, check("services", "",
			of("OldOne", drifted("fail", "", "there", "gone", "")))),
	}}
	s.run.Command, s.run.Plan = "diff", ""
	for _, h := range s.hosts { // nothing is judged
		for i := range h.Checks {
			h.Checks[i].Failing = false
		}
	}
	return summary(s, "PASS", "4 changes", 0)
}

// unbased is a night on which some checks have nothing to be compared with, one
// service is told by two checks, and nobody knows of a reboot.
func unbased() stream {
	chain := `asking "SRV-SQL-01" over WinRM: creating a shell: sending the request: no answer within 30s: ` +
		`dial tcp 192.0.2.7:5986: connectex: A connection attempt failed because the connected party did not ` +
		`properly respond after a period of time, or established connection failed because connected host has ` +
		`failed to respond: trying it over ssh: handshake failed: unable to authenticate, attempted methods ` +
		`[none password], no supported methods remain`
	stopped := finding(report.Regressed, "state", "running", "stopped", "expected running")
	whatever := "whatever ran by itself before the patch has to run after it, for nobody signs in to start it: " +
		"ask the team on duty before it is taken off the list"
	sql := host("SRV-SQL-01", 6,
		check("service/MSSQLSERVER", "SQL must run before the app tier starts", stopped),
		check("service/Other", "", stopped),
		check("services", whatever, of("mssqlserver", stopped), of("SQLSERVERAGENT", stopped)),
		marked("no baseline", check("sql/Orders", "")),
		marked("new", check("smtp/25", "")),
		marked("new", failed("tcp/8443", "", chain)),
		ofPlan(failed("reboot", "", "the plan says reboot: required, and no boot time was observed before and now: "+
			"add `- os: {}` to the host's checks")),
	)
	web := host("SRV-WEB-02", 7, marked("new", check("smtp/25", "")),
		check("os", "", finding(report.Unmet, "boot_time", "2026-03-01T03:00:00Z", "2026-03-01T03:00:00Z",
			"the plan says reboot: required, and the host has not rebooted since the baseline")))
	s := stream{run: verifyRun(0, 0), hosts: []report.Host{sql, unreachable("SRV-APP-03", chain, 3), web}}
	s.run.Notes = []string{"the suite sql has changed since the baseline: 2 checks are new, and what they saw " +
		strings.Repeat("then, ", 70) + "is not known"}
	s = summary(s, "FAIL", "3 checks regressed, 1 check unmet, 1 host unreachable, 2 checks unknown", 1)
	s.run.Checks-- // nobody asked for the plan's
	return s
}

// halves is a capture that saw a part of each of some checks.
func halves() stream {
	s := stream{run: verifyRun(0, 0), hosts: []report.Host{
		host("SRV-WEB-02", 2, partly(failed("printer", "", `reading MSFT_PrinterDriver: access denied`))),
	}}
	s.run.Command, s.run.Baseline, s.run.Name, s.run.Plan = "capture", nil, "halves", ""
	return summary(s, "INCOMPLETE", "1 check unknown", 3)
}

// dark is a capture that saw nothing.
func dark() stream {
	s := stream{run: verifyRun(0, 0), hosts: []report.Host{
		unreachable("SRV-APP-03", `dialling "SRV-APP-03:5986": i/o timeout`, 3),
	}}
	s.run.Command, s.run.Baseline, s.run.Name, s.run.Plan = "capture", nil, "dark", ""
	return summary(s, "INCOMPLETE", "1 host unreachable", 3)
}
