package adds_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"postpatch/probes/adds"
	"postpatch/probes/probetest"
	"postpatch/runner/runnertest"
)

func healthy() runnertest.Check {
	return runnertest.Check{Kind: adds.Kind, File: "dc.json"}
}

func TestKind(t *testing.T) { probetest.RunRecorded(t, adds.Kind, healthy().File, nil) }

func TestObserve(t *testing.T) {
	probetest.Reads(t, adds.Kind, map[string]probetest.Case{
		"dc.json": {File: "dc.json", Want: []string{
			" present=true", " sysvol_ready=true", " answers=true", " synchronized=true", " global_catalog=true",
			" advertising=true", " advertises=directory, global catalog, kdc, ldap, time, web services, writable",
			" fsmo=naming, pdc, rid, schema",
			"DC02 DC=corp,DC=test failures=0", "DC02 DC=corp,DC=test last_error=0",
			"DC02 DC=corp,DC=test last_success=2026-11-10T03:05:00Z",
			"DC02 CN=Configuration,DC=corp,DC=test failures=1", "DC02 CN=Configuration,DC=corp,DC=test last_error=1722",
			"DC02 CN=Configuration,DC=corp,DC=test last_success=2026-11-10T02:50:00Z",
			"DC03 DC=ForestDnsZones,DC=corp,DC=test failures=0", "DC03 DC=ForestDnsZones,DC=corp,DC=test last_error=0",
			" partners=DC02, DC03", " failing=", " oldest_sync=20m0s",
			" sysvol_shared=true", " netlogon_shared=true", " sysvol_replication=normal",
		}},
		"member.json": {File: "member.json", Want: []string{" present=false"}},
		"odd.json": {
			File: "odd.json",
			Want: []string{
				" present=true", " sysvol_ready=false", " answers=true",
				"DC\"02\" DC=a'; Remove-Item \"x\" $(calc) failures=7",
				"DC\"02\" DC=a'; Remove-Item \"x\" $(calc) last_error=8453",
				"DC02 DC=corp failures=0", "DC02 DC=corp last_success=2026-11-10T02:50:00Z",
				"dc02 DC=CORP (2) failures=0", "dc02 DC=CORP (2) last_error=0",
				" partners=DC\"02\", DC02, dc02", " failing=DC\"02\" DC=a'; Remove-Item \"x\" $(calc)",
				" failing_errors=DC\"02\" DC=a'; Remove-Item \"x\" $(calc): 7 times, error 8453",
			},
			Err: `reading roles: Der angegebene Server kann nicht ausgeführt werden.; ` +
				`synchronized: the host does not tell it; global_catalog: want true or false, got "vielleicht"; ` +
				`ping: an answer with the code "19" and the flags "1"; oldest_sync: want a time, got "gestern"; ` +
				`shares: access denied: Zugriff verweigert`,
		},
	})
}

const (
	links = "MSAD_ReplNeighbor"
	dfsr  = "DfsrReplicatedFolderInfo"
)

func TestNoiseIsSilent(t *testing.T) {
	healthy().Passes(t, map[string][]probetest.Change{
		"rows in another order": {
			probetest.Turn("adds"),
			probetest.Turn(links),
			probetest.Turn(dfsr),
			probetest.Turn("Win32_Share"),
		},
		"the partner was down during the boot": {
			probetest.Set(links, "DC=corp,DC=test", "NumConsecutiveSyncFailures", "1"),
			probetest.Set(links, "DC=corp,DC=test", "LastSyncResult", "1722"),
		},
		"replicated again": {
			probetest.Set(links, "DC=corp,DC=test", "TimeOfLastSyncSuccess", "2026-11-10T03:09:00Z"),
			probetest.Set(links, "1722", "NumConsecutiveSyncFailures", "0"),
		},
		"a naming context comes another way now": {
			probetest.Drop(links, "CN=Configuration,DC=corp,DC=test"),
			probetest.Add(links, "NamingContextDN", "CN=Configuration,DC=corp,DC=test", "SourceDsaCN", "DC03",
				"NumConsecutiveSyncFailures", "0", "LastSyncResult", "0", "TimeOfLastSyncSuccess", "2026-11-10T03:09:00Z"),
		},
		"the clean-up of the demoted one":    {probetest.Drop(links, "OLD01")},
		"it is not the closest one":          {probetest.Set("adds", "ping", "Flags", "127869")},
		"no longer the reliable clock":       {probetest.Set("adds", "ping", "Flags", "127485")},
		"another folder's replication fails": {probetest.Set(dfsr, "tools", "State", "3")},
	})
}

func TestWhatAPatchBreaks(t *testing.T) {
	const failed = "DC02 DC=corp,DC=test"
	healthy().Tells(t, map[string]runnertest.Story{
		"SYSVOL is not ready": {
			After: []probetest.Change{
				probetest.Set("adds", "netlogon", "SysvolReady", "0"),
				probetest.Set("adds", "ping", "Opcode", "24"),
				probetest.Drop("Win32_Share", "SYSVOL"),
				probetest.Drop("Win32_Share", "NETLOGON"),
			},
			Want: []string{
				"regressed failing",
				"advertises: drifted directory, global catalog, kdc, ldap, time, web services, writable -> ",
				"advertising: regressed true -> false", "netlogon_shared: regressed true -> false",
				"sysvol_ready: regressed true -> false", "sysvol_shared: regressed true -> false",
			},
		},
		"it pauses, and SYSVOL is no longer replicated": { // which pausing does not explain
			After: []probetest.Change{
				probetest.Set("adds", "ping", "Opcode", "24"), probetest.Drop(dfsr, "Domain System Volume"),
			},
			Want: []string{
				"regressed failing",
				"advertises: drifted directory, global catalog, kdc, ldap, time, web services, writable -> ",
				"advertising: regressed true -> false", "sysvol_replication: regressed normal -> ",
			},
		},
		"it pauses, as it did": {
			Before: []probetest.Change{probetest.Set("adds", "ping", "Opcode", "24")},
			After:  []probetest.Change{probetest.Set("adds", "ping", "Opcode", "24")},
			Want:   []string{"pre-existing", "advertising: pre-existing false -> false"},
		},
		"it had paused": {
			Before: []probetest.Change{probetest.Set("adds", "ping", "Opcode", "24")},
			Want:   []string{"fixed", "advertising: fixed false -> true"},
		},
		"SYSVOL replicates no more": {
			After: []probetest.Change{probetest.Set(dfsr, "Domain System Volume", "State", "5")},
			Want:  []string{"regressed failing", "sysvol_replication: regressed normal -> in error"},
		},
		"the directory does not answer": {
			After: []probetest.Change{
				probetest.Set("adds", "ldap", "Answers", "false"),
				probetest.Set("adds", "ldap", "Reason", "The LDAP server is unavailable."),
				probetest.Drop("adds", "ping"),
				probetest.Drop("adds", "roles"),
			},
			Want: []string{"regressed failing", "answers: regressed true -> false"},
		},
		"it waits for its first replication": {
			After: []probetest.Change{probetest.Set("adds", "ldap", "Synchronized", "FALSE")},
			Want:  []string{"regressed failing", "synchronized: regressed true -> false"},
		},
		"no Kerberos is offered": {
			After: []probetest.Change{probetest.Set("adds", "ping", "Flags", "127965")},
			Want: []string{
				"drifted failing", "advertises: drifted directory, global catalog, kdc, ldap, time, web services, writable" +
					" -> directory, global catalog, ldap, time, web services, writable",
			},
		},
		"no global catalog": {
			After: []probetest.Change{probetest.Set("adds", "ldap", "Catalog", "FALSE")},
			Want:  []string{"regressed failing", "global_catalog: regressed true -> false"},
		},
		"a partner fails again and again": {
			After: []probetest.Change{
				probetest.Set(links, "DC=corp,DC=test", "NumConsecutiveSyncFailures", "2"),
				probetest.Set(links, "DC=corp,DC=test", "LastSyncResult", "8453"),
			},
			Want: []string{"regressed failing", "failing: regressed  -> " + failed},
		},
		"nothing came for days, and no attempt failed": {
			After: []probetest.Change{probetest.Set("adds", "now", "Now", "2026-11-12T03:10:00Z")},
			Want:  []string{"regressed failing", "oldest_sync: regressed 20m0s -> 48h20m0s"},
		},
		"a partner is gone": {
			After: []probetest.Change{probetest.Drop(links, "DC03")},
			Want:  []string{"drifted", "partners: drifted DC02, DC03 -> DC02"},
		},
		"the roles were moved away": {
			After: []probetest.Change{probetest.Set("adds", "roles", "Pdc", "false")},
			Want:  []string{"drifted", "fsmo: drifted naming, pdc, rid, schema -> naming, rid, schema"},
		},
		"the owner wants them back": {
			Expect: "expect: {fsmo: contains pdc}",
			After:  []probetest.Change{probetest.Set("adds", "roles", "Pdc", "false")},
			Want:   []string{"regressed failing", "fsmo: regressed naming, pdc, rid, schema -> naming, rid, schema"},
		},
		"the directory is being restored": {
			After: []probetest.Change{probetest.Set("Win32_ComputerSystem", "", "DomainRole", "3")},
			Want:  []string{"regressed failing", "present: regressed true -> false"},
		},
		"replication cannot be read": {
			After: []probetest.Change{probetest.Refuse(links, errors.New("Zugriff verweigert"))},
			Want:  []string{"unknown"},
		},
		"nothing of itself": {
			After: []probetest.Change{probetest.Refuse("adds", errors.New("Zugriff verweigert"))},
			Want:  []string{"unknown"},
		},
	})
}

// What could not be read at the baseline may have been well: what is wrong with it now
// is not excused by what was wrong already.
func TestABaselineThatWasNotWhole(t *testing.T) {
	denied := errors.New("access denied: Zugriff verweigert")
	noNetlogon := probetest.Drop("Win32_Share", "NETLOGON")
	notReady := probetest.Set("adds", "netlogon", "SysvolReady", "0")
	healthy().Tells(t, map[string]runnertest.Story{
		"it does not advertise": {
			Before: []probetest.Change{noNetlogon, probetest.Set("adds", "ping", "Error", "Zugriff verweigert")},
			After:  []probetest.Change{noNetlogon, probetest.Set("adds", "ping", "Opcode", "24")},
			Want: []string{
				"failed failing", "netlogon_shared: pre-existing false -> false", "advertising: failed  -> false",
			},
		},
		"SYSVOL is not shared": {
			Before: []probetest.Change{notReady, probetest.Refuse("Win32_Share", denied)},
			After:  []probetest.Change{notReady, probetest.Drop("Win32_Share", "SYSVOL"), noNetlogon},
			Want: []string{
				"failed failing", "sysvol_ready: pre-existing false -> false", "netlogon_shared: failed  -> false",
				"sysvol_shared: failed  -> false",
			},
		},
		"replication fails, and SYSVOL's too": {
			Before: []probetest.Change{probetest.Refuse(links, denied), probetest.Refuse(dfsr, denied)},
			After: []probetest.Change{
				probetest.Set(links, "DC=corp,DC=test", "NumConsecutiveSyncFailures", "900"),
				probetest.Set(dfsr, "Domain System Volume", "State", "5"),
			},
			Want: []string{
				"failed failing", "failing: failed  -> DC02 DC=corp,DC=test", "sysvol_replication: failed  -> in error",
			},
		},
		"all is well": {
			Before: []probetest.Change{probetest.Refuse("Win32_Share", denied)}, Want: []string{"passed"},
		},
	})
}

// A hub of hundreds of branches has thousands of links. When its network is gone all
// of them fail, which is told.
func TestManyLinks(t *testing.T) {
	many := func(n int, failures string) []probetest.Change {
		return []probetest.Change{probetest.Drop(links, ""), func(r *probetest.Recording) {
			answer := r.Answer(links)
			for i := range n {
				answer.Rows = append(answer.Rows, probetest.Row("NamingContextDN", "DC=corp,DC=test",
					"SourceDsaCN", fmt.Sprint(strings.Repeat("BRANCH", 20), i), "NumConsecutiveSyncFailures", failures,
					"LastSyncResult", "0", "TimeOfLastSyncSuccess", "2026-11-10T03:09:00Z"))
			}
		}}
	}
	if got := healthy().Told(t, runnertest.Story{Before: many(5000, "0"), After: many(5000, "0")}); got[0] != "passed" {
		t.Errorf("5000 links: %q", got)
	}
	if got := healthy().Told(t, runnertest.Story{Before: many(5000, "0"), After: many(5001, "0")}); got[0] != "unknown" {
		t.Errorf("more than can be read: %q", got)
	}
	gone := healthy().Told(t, runnertest.Story{Before: many(5000, "0"), After: many(5000, "2")})
	if gone[0] != "regressed failing" || len(gone) != 2 ||
		!strings.Contains(gone[1], "and 4800 more") || len(gone[1]) > 64<<10 {
		t.Errorf("the network is gone: %d lines of %q", len(gone), gone[0])
	}
}

func FuzzAnswers(f *testing.F) {
	probetest.FuzzAnswers(f, adds.Kind, nil, "dc.json", "member.json", "odd.json")
}
