package exchangecmdlet_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes/exchangecmdlet"
	"postpatch/probes/host"
	"postpatch/probes/probetest"
	"postpatch/runner/runnertest"
)

const file = "exchange-2019.json"

func some(names ...string) map[string]any { return map[string]any{"cmdlet": names} }

func every() []string {
	return []string{
		"Test-MapiConnectivity", "Test-ServiceHealth", "Test-ReplicationHealth", "Test-Mailflow", "Test-ExchangeSearch",
		"Test-SmtpConnectivity", "Test-ImapConnectivity", "Test-OwaConnectivity", "Test-OutlookConnectivity",
		`Invoke-MonitoringProbe OWA.Protocol\OwaSelfTestProbe`,
	}
}

func TestKind(t *testing.T) { probetest.RunRecorded(t, exchangecmdlet.Kind, file, some(every()...)) }

func FuzzAnswers(f *testing.F) {
	probetest.FuzzAnswers(f, exchangecmdlet.Kind, some(every()...), file, "odd.json")
}

func TestObserve(t *testing.T) {
	readings, err := probetest.Load(t, exchangecmdlet.Kind, file, some(every()...)).Observe(some(every()...))
	want := []string{
		" installed=true",
		"Test-MapiConnectivity result=success", "Test-MapiConnectivity failing=", "Test-MapiConnectivity latency=250ms",
		"Test-ServiceHealth/Hub Transport Server Role result=success", "Test-ServiceHealth/Mailbox Server Role result=success",
		"Test-ReplicationHealth/DBCopySuspended result=success", "Test-ReplicationHealth/QuorumGroup result=success",
		"Test-Mailflow result=success", "Test-Mailflow latency=4.5s",
		"Test-ExchangeSearch result=success", "Test-ExchangeSearch failing=", "Test-ExchangeSearch latency=3.5s",
		`Test-SmtpConnectivity/EX01\Default Frontend EX01 10.20.0.11:25 result=success`,
		`Test-SmtpConnectivity/EX01\Default Frontend EX01 [::1]:25 result=success`,
		"Test-ImapConnectivity/Reset Credentials not_tested=skipped by the command",
		"Test-ImapConnectivity/Test IMAP4 Connectivity result=success", "Test-ImapConnectivity/Test IMAP4 Connectivity latency=500ms",
		`Test-OwaConnectivity not_tested=not available in 2019: use exchange: owa, or Invoke-MonitoringProbe OWA.Protocol\OwaSelfTestProbe`,
		`Test-OutlookConnectivity/OutlookMapiHttp.Protocol\OutlookMapiHttpSelfTestProbe result=success`,
		`Invoke-MonitoringProbe/OWA.Protocol\OwaSelfTestProbe result=success`,
	}
	if d := cmp.Diff(want, probetest.Texts(readings)); d != "" || err != nil {
		t.Errorf("readings (-want +got), %v:\n%s", err, d)
	}
}

func TestOddAnswers(t *testing.T) {
	recorded := probetest.Load(t, exchangecmdlet.Kind, "odd.json", some(every()...))
	for name, want := range map[string]string{
		"Test-MapiConnectivity":  `want success or failure in Result, got "Erfolg"`,
		"Test-ServiceHealth":     "Test-ServiceHealth: one of them has no name",
		"Test-ReplicationHealth": `Test-ReplicationHealth/quorumgroup (2): want success or failure in Result, got ""`,
		"Test-Mailflow":          "Test-Mailflow: it said nothing",
		"Test-ImapConnectivity":  "it needs the test mailbox (extest_…), which Scripts\\New-TestCasConnectivityUser.ps1 makes once",
		"Test-OwaConnectivity":   "this version does not have it, or the account's roles do not: no such command: x",
		every()[9]:               `OwaSelfTestProbe: access denied: Zugriff verweigert`,
	} {
		_, err := recorded.Observe(some(name))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q in it", name, err, want)
		}
	}
	readings, err := recorded.Observe(some(every()...))
	if !errors.Is(err, host.ErrNoCommand) || !errors.Is(err, host.ErrDenied) {
		t.Errorf("error %v does not wrap what it is", err)
	}
	want := []string{
		" installed=true",
		"Test-MapiConnectivity result=failure", "Test-MapiConnectivity failing=a\x1b[31m '; $(calc)",
		"Test-ServiceHealth/a\x1b[31m '; $(calc) result=failure",
		"Test-ServiceHealth/a\x1b[31m '; $(calc) stopped=MSExchangeIS, a\x1b[31m '; $(calc)",
		"Test-ReplicationHealth/QuorumGroup result=failure",
		"Test-ExchangeSearch result=nothing to test", "Test-ExchangeSearch failing=",
		"Test-SmtpConnectivity/10.20.0.11:25 result=failure",
		`Test-OutlookConnectivity/OutlookMapiHttp.Protocol\OutlookMapiHttpSelfTestProbe result=failure`,
	}
	if d := cmp.Diff(want, probetest.Texts(readings, "error")); d != "" {
		t.Errorf("readings (-want +got):\n%s", d)
	}
}

// What a check comes to, as a run judges it.
func TestJudged(t *testing.T) {
	of := func(name string) runnertest.Check {
		return runnertest.Check{
			Kind: exchangecmdlet.Kind, File: name + ".json", Entry: "- exchange_cmdlet: [" + name + "]", Args: some(name),
		}
	}
	refuse := func(err error) []probetest.Change {
		return []probetest.Change{probetest.Refuse("Microsoft.Exchange", err)}
	}
	row := func(column, text string) []probetest.Change {
		return []probetest.Change{probetest.Set("Microsoft.Exchange", "", column, text)}
	}
	db1 := []probetest.Change{probetest.Set("Microsoft.Exchange", "DB01", "Result", "*FAILURE*")}
	db2 := []probetest.Change{probetest.Set("Microsoft.Exchange", "DB02", "Result", "*FAILURE*")}
	odd := []probetest.Change{probetest.Set("Microsoft.Exchange", "DB02", "Result", "Erfolg")}
	none := []probetest.Change{probetest.Drop("Microsoft.Exchange", "")}
	of("Test-MapiConnectivity").Tells(t, map[string]runnertest.Story{
		"it goes on":                            {Want: []string{"passed"}},
		"the database is on another server now": {After: none, Want: []string{"passed"}},
		"nothing was mounted here before":       {Before: none, Want: []string{"passed"}},
		"no mailbox can be opened": {
			After: row("Result", "*FAILURE*"),
			Want:  bothFail(),
		},
		"it failed before": {
			Before: row("Result", "*FAILURE*"), After: row("Result", "*FAILURE*"),
			Want: []string{"pre-existing", "Test-MapiConnectivity result: pre-existing failure -> failure"},
		},
		"a second one fails beside one that failed before": {
			Before: db1, After: row("Result", "*FAILURE*"),
			Want: []string{
				"pre-existing failing", "Test-MapiConnectivity failing: drifted DB01 -> DB01, DB02",
				"Test-MapiConnectivity result: pre-existing failure -> failure",
			},
		},
		"another one fails in the place of one that failed before": {
			Before: db1, After: db2,
			Want: []string{
				"pre-existing failing", "Test-MapiConnectivity failing: drifted DB01 -> DB02",
				"Test-MapiConnectivity result: pre-existing failure -> failure",
			},
		},
		"one of two is mended": {
			Before: row("Result", "*FAILURE*"), After: db2,
			Want: []string{"pre-existing", "Test-MapiConnectivity result: pre-existing failure -> failure"},
		},
		"it failed before, and all are elsewhere now": {
			Before: row("Result", "*FAILURE*"), After: none,
			Want: []string{"fixed", "Test-MapiConnectivity result: fixed failure -> nothing to test"},
		},
		"one fails beside one that nobody can tell of": {
			After: append(odd, db1...),
			Want: []string{
				"regressed failing", "Test-MapiConnectivity failing: drifted  -> DB01",
				"Test-MapiConnectivity result: regressed success -> failure",
			},
		},
		"one fails of which nobody could tell before": {
			Before: append(odd, db1...), After: row("Result", "*FAILURE*"),
			Want: []string{
				"pre-existing failing", "Test-MapiConnectivity failing: drifted DB01 -> DB01, DB02",
				"Test-MapiConnectivity result: pre-existing failure -> failure",
			},
		},
		"a word that nobody knows":    {After: row("Result", "Erfolg"), Want: []string{"unknown"}},
		"the endpoint is unreachable": {After: refuse(errors.New("connection refused")), Want: []string{"unknown"}},
		"the account may not":         {After: refuse(host.ErrDenied), Want: []string{"unknown"}},
		"the account has no such role, this version has the command": {
			Before: refuse(host.ErrNoCommand), After: refuse(host.ErrNoCommand), Want: []string{"unknown"},
		},
	})
	of("Test-OwaConnectivity").Tells(t, map[string]runnertest.Story{
		"this version has none, and nothing else was asked": {Want: []string{"unknown"}},
		"somebody expects something of it":                  {Expect: "expect: {result: success}", Want: []string{"unknown"}},
	})
}

func bothFail() []string {
	return []string{
		"regressed failing", "Test-MapiConnectivity failing: drifted  -> DB01, DB02",
		"Test-MapiConnectivity result: regressed success -> failure",
	}
}

// A pack names commands of several versions: each server answers those that it has.
func TestVersionsThatLackIt(t *testing.T) {
	args := some("Test-OwaConnectivity", "Test-MapiConnectivity")
	both := runnertest.Check{
		Kind: exchangecmdlet.Kind, File: "both.json", Args: args,
		Entry: "- exchange_cmdlet: [Test-OwaConnectivity, Test-MapiConnectivity]",
	}
	both.Tells(t, map[string]runnertest.Story{
		"one that is not there spoils not the other":    {Want: []string{"passed"}},
		"nor does it where the suite expects something": {Expect: "expect: {result: success}", Want: []string{"passed"}},
		"what is expected of it itself is not known": {
			Expect: "expect: {not_tested: skipped}",
			Want:   []string{"unknown"},
		},
		"the other fails": {
			After: []probetest.Change{probetest.Set("Test-MapiConnectivity", "", "Result", "Failure")},
			Want:  bothFail(),
		},
	})
}

func TestParameters(t *testing.T) {
	probetest.Refuses(t, exchangecmdlet.Kind, map[string]map[string]any{
		"none": {}, "no such command": some("Get-Mailbox"), "script": some("Test-ServiceHealth; calc"),
		"too much": some("Test-Mailflow EX01"), "no probe": some("Invoke-MonitoringProbe"),
		"no set": some("Invoke-MonitoringProbe OwaSelfTestProbe"), "code": some(`Invoke-MonitoringProbe A\B;$x`),
		"twice":   some("Test-Mailflow", "test-mailflow"),
		"no name": {"cmdlet": []string{"Test-Mailflow"}, "server": "$env:x"},
	})
}
