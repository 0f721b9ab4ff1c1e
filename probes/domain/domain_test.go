package domain_test

import (
	"testing"

	"postpatch/probes/domain"
	"postpatch/probes/probetest"
	"postpatch/runner/runnertest"
)

func healthy() runnertest.Check {
	return runnertest.Check{Kind: domain.Kind, File: "member.json"}
}

func TestKind(t *testing.T) { probetest.RunRecorded(t, domain.Kind, healthy().File, nil) }

func TestObserve(t *testing.T) {
	probetest.Reads(t, domain.Kind, map[string]probetest.Case{
		"member.json": {File: "member.json", Want: []string{
			" member=true", " role=server", " domain=corp.test", " time_type=NT5DS", " time_synced=2026-11-10T01:20:00Z",
			" time_source=dc01.corp.test", " secure_channel=true", " site=Berlin", " dc_answers=true",
			" dc=dc01.corp.test", " domain_skew=1s", " policy_applied=2026-11-10T02:01:22Z", " policy_overdue=false",
			" policies=Default Domain Policy, LocalGPO, Servers: Hardening", " policy_errors=",
		}},
		// No channel is asked for, and the time is not held against its own.
		"controller.json": {File: "controller.json", Want: []string{
			" member=true", " role=domain controller", " domain=corp.test", " time_type=NTP",
			" ntp_servers=ntp1.corp.test,0x8, ntp2.corp.test,0x8", " site=Muenchen", " dc_answers=true",
			" dc=dc01.corp.test", " policy_applied=2026-11-09T22:01:22Z", " policy_overdue=false", " policies=",
		}},
		"workgroup.json": {File: "workgroup.json", Want: []string{" member=false", " role=server", " domain=WORKGROUP"}},
		"odd.json": {
			File: "odd.json",
			Want: []string{
				" member=true", " role=workstation", " domain=corp.test", " time_source=x",
				` site=Zürich'; Remove-Item "x" $(calc)`, " dc_answers=false",
				" dc_error=Der LDAP-Server ist nicht verfügbar.", " policies=Default Domain Policy",
			},
			Err: `reading channel: Der Computer "SRV01" wurde nicht gefunden. Zugriff verweigert; ` +
				`a row: it does not say of what it is; the boot's time: want a time, got ""; ` +
				`policy_errors: access denied: Zugriff verweigert`,
		},
	})
}

func TestNoiseIsSilent(t *testing.T) {
	healthy().Passes(t, map[string][]probetest.Change{
		"another domain controller answers": {probetest.Set("domain", "dc", "Name", "dc02.corp.test")},
		"the clock went on by itself":       {probetest.Set("domain", "dc", "Time", "2026-11-10T03:10:09Z")},
		"other case of names": {
			probetest.Set("Win32_ComputerSystem", "", "Domain", "CORP.test"),
			probetest.Set("domain", "site", "Site", "BERLIN"),
		},
		"a boot two minutes ago, and no policy yet": {
			probetest.Set("Win32_OperatingSystem", "", "LastBootUpTime", "2026-11-10T03:08:00Z"),
			probetest.Set("domain", "policy", "End", "2026-11-10T02:01:22Z"),
		},
		"policy was applied again": {probetest.Set("domain", "policy", "End", "2026-11-10T03:09:00Z")},
		"a new policy": {
			probetest.List("domain", "gpos", "Names", "Default Domain Policy\nLocalGPO\nServers: Hardening\nServers: Audit"),
		},
		"another time sample": {probetest.Set("domain", "time", "LastSample", "134387478000000000;dc02.corp.test")},
	})
}

func TestWhatAPatchBreaks(t *testing.T) {
	healthy().Tells(t, map[string]runnertest.Story{
		"the trust is broken": {
			After: []probetest.Change{probetest.Set("domain", "channel", "Holds", "False")},
			Want:  []string{"regressed failing", "secure_channel: regressed true -> false"},
		},
		"no domain controller answers": {
			After: []probetest.Change{
				probetest.Set("domain", "dc", "Answers", "false"),
				probetest.Set("domain", "dc", "Reason", "The LDAP server is unavailable."),
			},
			Want: []string{"regressed failing", "dc_answers: regressed true -> false"},
		},
		"the clock is wrong": {
			After: []probetest.Change{probetest.Set("domain", "dc", "Time", "2026-11-10T04:10:01Z")},
			Want:  []string{"regressed failing", "domain_skew: regressed 1s -> 1h0m1s"},
		},
		"the owner wants a better clock": {
			Expect: "expect: {domain_skew: '< 2s'}",
			After:  []probetest.Change{probetest.Set("domain", "dc", "Time", "2026-11-10T03:10:09Z")},
			Want:   []string{"regressed failing", "domain_skew: regressed 1s -> 9s"},
		},
		"nobody sets the clock": {
			After: []probetest.Change{probetest.Set("domain", "time", "Type", "NoSync")},
			Want:  []string{"drifted", "ntp_servers: drifted  -> time.windows.com,0x8", "time_type: drifted NT5DS -> NoSync"},
		},
		"policy is no longer applied": {
			After: []probetest.Change{probetest.Set("domain", "policy", "End", "2026-11-09T22:01:22Z")},
			Want:  []string{"regressed failing", "policy_overdue: regressed false -> true"},
		},
		"no policy came for a day": {
			After: []probetest.Change{probetest.Set("domain", "now", "Now", "2026-11-11T03:10:00Z")},
			Want:  []string{"regressed failing", "policy_overdue: regressed false -> true"},
		},
		"a policy is missing": {
			After: []probetest.Change{probetest.Set("domain", "gpos", "Names", "LocalGPO")},
			Want: []string{
				"drifted", "policies: drifted Default Domain Policy, LocalGPO, Servers: Hardening -> LocalGPO",
			},
		},
		"a part of policy failed": {
			After: []probetest.Change{probetest.Set("RSOP_ExtensionStatus", "Group Policy Infrastructure", "error", "1355")},
			Want:  []string{"drifted", "policy_errors: drifted  -> Group Policy Infrastructure: 1355"},
		},
		"another site": {
			After: []probetest.Change{probetest.Set("domain", "site", "Site", "Default-First-Site-Name")},
			Want:  []string{"drifted", "site: drifted Berlin -> Default-First-Site-Name"},
		},
		"out of the domain": {
			After: []probetest.Change{
				probetest.Set("Win32_ComputerSystem", "", "PartOfDomain", "false"),
				probetest.Set("Win32_ComputerSystem", "", "DomainRole", "2"),
				probetest.Set("Win32_ComputerSystem", "", "Domain", "WORKGROUP"),
			},
			Want: []string{
				"regressed failing", "domain: drifted corp.test -> WORKGROUP", "member: regressed true -> false",
			},
		},
		"a part that cannot be read": {
			After: []probetest.Change{probetest.Set("domain", "channel", "Error", "Zugriff verweigert")},
			Want:  []string{"unknown"},
		},
		"what the host is cannot be read": {
			After: []probetest.Change{probetest.Set("Win32_ComputerSystem", "", "DomainRole", "9")},
			Want:  []string{"unknown"},
		},
	})
}

// A domain controller is rebooted at 02:00, and has applied no policy ten minutes
// later: that is early. An hour later it is not.
func TestPolicyIsNotOverdueRightAfterTheBoot(t *testing.T) {
	for now, want := range map[string]string{
		"2026-11-10T02:29:00Z": "passed", "2026-11-10T02:31:00Z": "regressed failing",
	} {
		controller := runnertest.Check{Kind: domain.Kind, File: "controller.json"}
		got := controller.Told(t, runnertest.Story{After: []probetest.Change{probetest.Set("domain", "now", "Now", now)}})
		if got[0] != want {
			t.Errorf("at %s: got %q, want %s", now, got, want)
		}
	}
}

// What could not be read at the baseline may have been well. And a domain controller
// that does not answer explains its own readings only where they have never been there.
func TestWhatABaselineDoesNotExcuse(t *testing.T) {
	noAnswer := probetest.Set("domain", "dc", "Answers", "false")
	noChannel := probetest.Set("domain", "channel", "Error", "Zugriff verweigert")
	healthy().Tells(t, map[string]runnertest.Story{
		"the trust is broken": {
			Before: []probetest.Change{noAnswer, noChannel},
			After:  []probetest.Change{noAnswer, probetest.Set("domain", "channel", "Holds", "False")},
			Want: []string{
				"failed failing", "dc_answers: pre-existing false -> false", "secure_channel: failed  -> false",
			},
		},
		"policy does not come": {
			Before: []probetest.Change{probetest.Set("domain", "policy", "Error", "Zugriff verweigert")},
			After:  []probetest.Change{probetest.Set("domain", "policy", "End", "2026-11-09T22:01:22Z")},
			Want:   []string{"failed failing", "policy_overdue: failed  -> true"},
		},
		"policies are not told of, and no domain controller answers": {
			Before: []probetest.Change{noAnswer},
			After:  []probetest.Change{noAnswer, probetest.Set("domain", "gpos", "Error", "Zugriff verweigert")},
			Want:   []string{"unknown"},
		},
		"it answers again": {Before: []probetest.Change{noAnswer}, Want: []string{"fixed", "dc_answers: fixed false -> true"}},
	})
}

func FuzzAnswers(f *testing.F) {
	probetest.FuzzAnswers(f, domain.Kind, nil,
		"member.json", "controller.json", "workgroup.json", "odd.json")
}
