package adds_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes"
	"postpatch/probes/adds"
	"postpatch/probes/host"
	"postpatch/probes/internal/changed"
	"postpatch/probes/probetest"
	"postpatch/runner/runnertest"
)

func recorded(t *testing.T, file string) host.Answers {
	t.Helper()
	return probetest.Recorded(t, "testdata/"+file, adds.Kind, nil)
}

func TestKind(t *testing.T) {
	probetest.Run(t, probetest.Suite{Kind: adds.Kind, Healthy: func(t *testing.T) probes.Target {
		return probes.Target{Answers: recorded(t, "dc.json")}
	}})
}

func TestObserve(t *testing.T) {
	for file, want := range map[string]struct {
		texts []string
		err   string
	}{
		"dc.json": {texts: []string{
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
		"member.json": {texts: []string{" present=false"}},
		"odd.json": {
			texts: []string{
				" present=true", " sysvol_ready=false", " answers=true",
				"DC\"02\" DC=a'; Remove-Item \"x\" $(calc) failures=7",
				"DC\"02\" DC=a'; Remove-Item \"x\" $(calc) last_error=8453",
				"DC02 DC=corp failures=0", "DC02 DC=corp last_success=2026-11-10T02:50:00Z",
				"dc02 DC=CORP (2) failures=0", "dc02 DC=CORP (2) last_error=0",
				" partners=DC\"02\", DC02, dc02", " failing=DC\"02\" DC=a'; Remove-Item \"x\" $(calc)",
				" failing_errors=DC\"02\" DC=a'; Remove-Item \"x\" $(calc): 7 times, error 8453",
			},
			err: `reading roles: Der angegebene Server kann nicht ausgeführt werden.; ` +
				`synchronized: the host does not tell it; global_catalog: want true or false, got "vielleicht"; ` +
				`ping: an answer with the code "19" and the flags "1"; oldest_sync: want a time, got "gestern"; ` +
				`shares: access denied: Zugriff verweigert`,
		},
	} {
		t.Run(file, func(t *testing.T) {
			readings, err := probetest.Observe(t, adds.Kind, probes.Target{Answers: recorded(t, file)}, nil)
			got := ""
			if err != nil {
				got = err.Error()
			}
			if d := cmp.Diff(want.texts, probetest.Texts(readings)); d != "" {
				t.Errorf("readings (-want +got):\n%s", d)
			}
			if d := cmp.Diff(want.err, got); d != "" {
				t.Errorf("error (-want +got):\n%s", d)
			}
		})
	}
}

func told(t *testing.T, expect string, change func(*changed.Host)) []string {
	t.Helper()
	var seen [2]runnertest.Seen
	for i, change := range []func(*changed.Host){func(*changed.Host) {}, change} {
		h := &changed.Host{T: t, Kind: adds.Kind, Answers: recorded(t, "dc.json")}
		change(h)
		readings, err := probetest.Observe(t, adds.Kind, probes.Target{Answers: h.Answers}, nil)
		seen[i] = runnertest.Seen{Readings: readings, Err: err}
	}
	return runnertest.Told(t, adds.Kind, "- adds: {}\n"+expect, seen)
}

const (
	links = "MSAD_ReplNeighbor"
	dfsr  = "DfsrReplicatedFolderInfo"
)

func TestNoiseIsSilent(t *testing.T) {
	for name, change := range map[string]func(*changed.Host){
		"rows in another order": func(h *changed.Host) {
			for _, q := range []string{"adds", links, dfsr, "Win32_Share"} {
				h.Turn(q)
			}
		},
		"the partner was down during the boot": func(h *changed.Host) {
			h.Set(links, "DC=corp,DC=test", "NumConsecutiveSyncFailures", "1")
			h.Set(links, "DC=corp,DC=test", "LastSyncResult", "1722")
		},
		"replicated again": func(h *changed.Host) {
			h.Set(links, "DC=corp,DC=test", "TimeOfLastSyncSuccess", "2026-11-10T03:09:00Z")
			h.Set(links, "1722", "NumConsecutiveSyncFailures", "0")
		},
		"a naming context comes another way now": func(h *changed.Host) {
			h.Drop(links, "CN=Configuration,DC=corp,DC=test")
			h.Put(links, "NamingContextDN", "CN=Configuration,DC=corp,DC=test", "SourceDsaCN", "DC03",
				"NumConsecutiveSyncFailures", "0", "LastSyncResult", "0", "TimeOfLastSyncSuccess", "2026-11-10T03:09:00Z")
		},
		"the clean-up of the demoted one":    func(h *changed.Host) { h.Drop(links, "OLD01") },
		"it is not the closest one":          func(h *changed.Host) { h.Set("adds", "ping", "Flags", "127869") },
		"no longer the reliable clock":       func(h *changed.Host) { h.Set("adds", "ping", "Flags", "127485") },
		"another folder's replication fails": func(h *changed.Host) { h.Set(dfsr, "tools", "State", "3") },
	} {
		t.Run(name, func(t *testing.T) {
			if d := cmp.Diff([]string{"passed"}, told(t, "", change)); d != "" {
				t.Errorf("outcome (-want +got):\n%s", d)
			}
		})
	}
}

func TestWhatAPatchBreaks(t *testing.T) {
	const failed = "DC02 DC=corp,DC=test"
	for name, tt := range map[string]struct {
		expect string
		change func(*changed.Host)
		want   []string
	}{
		"SYSVOL is not ready": {
			change: func(h *changed.Host) {
				h.Set("adds", "netlogon", "SysvolReady", "0")
				h.Set("adds", "ping", "Opcode", "24")
				h.Drop("Win32_Share", "SYSVOL")
				h.Drop("Win32_Share", "NETLOGON")
			},
			want: []string{
				"regressed failing",
				"advertising: regressed true -> false", "netlogon_shared: regressed true -> false",
				"sysvol_ready: regressed true -> false", "sysvol_shared: regressed true -> false",
			},
		},
		"SYSVOL replicates no more": {
			change: func(h *changed.Host) { h.Set(dfsr, "Domain System Volume", "State", "5") },
			want:   []string{"regressed failing", "sysvol_replication: regressed normal -> in error"},
		},
		"the directory does not answer": {
			change: func(h *changed.Host) {
				h.Set("adds", "ldap", "Answers", "false")
				h.Set("adds", "ldap", "Reason", "The LDAP server is unavailable.")
				h.Drop("adds", "ping")
				h.Drop("adds", "roles")
			},
			want: []string{"regressed failing", "answers: regressed true -> false"},
		},
		"it waits for its first replication": {
			change: func(h *changed.Host) { h.Set("adds", "ldap", "Synchronized", "FALSE") },
			want:   []string{"regressed failing", "synchronized: regressed true -> false"},
		},
		"no Kerberos is offered": {
			change: func(h *changed.Host) { h.Set("adds", "ping", "Flags", "127965") },
			want: []string{
				"drifted failing", "advertises: drifted directory, global catalog, kdc, ldap, time, web services, writable" +
					" -> directory, global catalog, ldap, time, web services, writable",
			},
		},
		"no global catalog": {
			change: func(h *changed.Host) { h.Set("adds", "ldap", "Catalog", "FALSE") },
			want:   []string{"regressed failing", "global_catalog: regressed true -> false"},
		},
		"a partner fails again and again": {
			change: func(h *changed.Host) {
				h.Set(links, "DC=corp,DC=test", "NumConsecutiveSyncFailures", "2")
				h.Set(links, "DC=corp,DC=test", "LastSyncResult", "8453")
			},
			want: []string{"regressed failing", "failing: regressed  -> " + failed},
		},
		"nothing came for days, and no attempt failed": {
			change: func(h *changed.Host) { h.Set("adds", "now", "Now", "2026-11-12T03:10:00Z") },
			want:   []string{"regressed failing", "oldest_sync: regressed 20m0s -> 48h20m0s"},
		},
		"a partner is gone": {
			change: func(h *changed.Host) { h.Drop(links, "DC03") },
			want:   []string{"drifted", "partners: drifted DC02, DC03 -> DC02"},
		},
		"the roles were moved away": {
			change: func(h *changed.Host) { h.Set("adds", "roles", "Pdc", "false") },
			want:   []string{"drifted", "fsmo: drifted naming, pdc, rid, schema -> naming, rid, schema"},
		},
		"the owner wants them back": {
			expect: "  expect: {fsmo: contains pdc}",
			change: func(h *changed.Host) { h.Set("adds", "roles", "Pdc", "false") },
			want:   []string{"regressed failing", "fsmo: regressed naming, pdc, rid, schema -> naming, rid, schema"},
		},
		"the directory is being restored": {
			change: func(h *changed.Host) { h.Set("Win32_ComputerSystem", "", "DomainRole", "3") },
			want:   []string{"regressed failing", "present: regressed true -> false"},
		},
		"replication cannot be read": {
			change: func(h *changed.Host) { h.Refuse(links, errors.New("Zugriff verweigert")) },
			want:   []string{"unknown"},
		},
		"nothing of itself": {
			change: func(h *changed.Host) { h.Refuse("adds", errors.New("Zugriff verweigert")) },
			want:   []string{"unknown"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := told(t, tt.expect, tt.change)
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("outcome (-want +got):\n%s", d)
			}
		})
	}
}

func FuzzAnswers(f *testing.F) {
	probetest.FuzzAnswers(f, adds.Kind, nil, "testdata/dc.json", "testdata/member.json", "testdata/odd.json")
}
