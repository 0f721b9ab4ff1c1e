package domain_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes"
	"postpatch/probes/domain"
	"postpatch/probes/host"
	"postpatch/probes/internal/changed"
	"postpatch/probes/probetest"
	"postpatch/runner/runnertest"
)

func recorded(t *testing.T, file string) host.Answers {
	t.Helper()
	return probetest.Recorded(t, "testdata/"+file, domain.Kind, nil)
}

func TestKind(t *testing.T) {
	probetest.Run(t, probetest.Suite{Kind: domain.Kind, Healthy: func(t *testing.T) probes.Target {
		return probes.Target{Answers: recorded(t, "member.json")}
	}})
}

func TestObserve(t *testing.T) {
	for file, want := range map[string]struct {
		texts []string
		err   string
	}{
		"member.json": {texts: []string{
			" member=true", " role=server", " domain=corp.test", " time_type=NT5DS", " time_synced=2026-11-10T01:20:00Z",
			" time_source=dc01.corp.test", " secure_channel=true", " site=Berlin", " dc_answers=true",
			" dc=dc01.corp.test", " domain_skew=1s", " policy_applied=2026-11-10T02:01:22Z", " policy_overdue=false",
			" policies=Default Domain Policy, LocalGPO, Servers: Hardening", " policy_errors=",
		}},
		// No channel is asked for, and the time is not held against its own.
		"controller.json": {texts: []string{
			" member=true", " role=domain controller", " domain=corp.test", " time_type=NTP",
			" ntp_servers=ntp1.corp.test,0x8, ntp2.corp.test,0x8", " site=Muenchen", " dc_answers=true",
			" dc=dc01.corp.test", " policy_applied=2026-11-09T22:01:22Z", " policy_overdue=false", " policies=",
		}},
		"workgroup.json": {texts: []string{" member=false", " role=server", " domain=WORKGROUP"}},
		"odd.json": {
			texts: []string{
				" member=true", " role=workstation", " domain=corp.test", " time_source=x",
				` site=Zürich'; Remove-Item "x" $(calc)`, " dc_answers=false",
				" dc_error=Der LDAP-Server ist nicht verfügbar.", " policies=Default Domain Policy",
			},
			err: `reading channel: Der Computer "SRV01" wurde nicht gefunden. Zugriff verweigert; ` +
				`a row: it does not say of what it is; the boot's time: want a time, got ""; ` +
				`policy_errors: access denied: Zugriff verweigert`,
		},
	} {
		t.Run(file, func(t *testing.T) {
			readings, err := probetest.Observe(t, domain.Kind, probes.Target{Answers: recorded(t, file)}, nil)
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

func told(t *testing.T, expect, file string, change func(*changed.Host)) []string {
	t.Helper()
	var seen [2]runnertest.Seen
	for i, change := range []func(*changed.Host){func(*changed.Host) {}, change} {
		h := &changed.Host{T: t, Kind: domain.Kind, Answers: recorded(t, file)}
		change(h)
		readings, err := probetest.Observe(t, domain.Kind, probes.Target{Answers: h.Answers}, nil)
		seen[i] = runnertest.Seen{Readings: readings, Err: err}
	}
	return runnertest.Told(t, domain.Kind, "- domain: {}\n"+expect, seen)
}

func TestNoiseIsSilent(t *testing.T) {
	for name, change := range map[string]func(*changed.Host){
		"another domain controller answers": func(h *changed.Host) { h.Set("domain", "dc", "Name", "dc02.corp.test") },
		"the clock went on by itself":       func(h *changed.Host) { h.Set("domain", "dc", "Time", "2026-11-10T03:10:09Z") },
		"other case of names": func(h *changed.Host) {
			h.Set("Win32_ComputerSystem", "", "Domain", "CORP.test")
			h.Set("domain", "site", "Site", "BERLIN")
		},
		"a boot two minutes ago, and no policy yet": func(h *changed.Host) {
			h.Set("Win32_OperatingSystem", "", "LastBootUpTime", "2026-11-10T03:08:00Z")
			h.Set("domain", "policy", "End", "2026-11-10T02:01:22Z")
		},
		"policy was applied again": func(h *changed.Host) { h.Set("domain", "policy", "End", "2026-11-10T03:09:00Z") },
		"a new policy": func(h *changed.Host) {
			h.Set("domain", "gpos", "Names", "Default Domain Policy\nLocalGPO\nServers: Hardening\nServers: Audit")
		},
		"another time sample": func(h *changed.Host) { h.Set("domain", "time", "LastSample", "134387478000000000;dc02.corp.test") },
	} {
		t.Run(name, func(t *testing.T) {
			if d := cmp.Diff([]string{"passed"}, told(t, "", "member.json", change)); d != "" {
				t.Errorf("outcome (-want +got):\n%s", d)
			}
		})
	}
}

func TestWhatAPatchBreaks(t *testing.T) {
	for name, tt := range map[string]struct {
		expect string
		change func(*changed.Host)
		want   []string
	}{
		"the trust is broken": {
			change: func(h *changed.Host) { h.Set("domain", "channel", "Holds", "False") },
			want:   []string{"regressed failing", "secure_channel: regressed true -> false"},
		},
		"no domain controller answers": {
			change: func(h *changed.Host) {
				h.Set("domain", "dc", "Answers", "false")
				h.Set("domain", "dc", "Reason", "The LDAP server is unavailable.")
			},
			want: []string{"regressed failing", "dc_answers: regressed true -> false"},
		},
		"the clock is wrong": {
			change: func(h *changed.Host) { h.Set("domain", "dc", "Time", "2026-11-10T04:10:01Z") },
			want:   []string{"regressed failing", "domain_skew: regressed 1s -> 1h0m1s"},
		},
		"the owner wants a better clock": {
			expect: "  expect: {domain_skew: '< 2s'}",
			change: func(h *changed.Host) { h.Set("domain", "dc", "Time", "2026-11-10T03:10:09Z") },
			want:   []string{"regressed failing", "domain_skew: regressed 1s -> 9s"},
		},
		"nobody sets the clock": {
			change: func(h *changed.Host) { h.Set("domain", "time", "Type", "NoSync") },
			want:   []string{"drifted", "ntp_servers: drifted  -> time.windows.com,0x8", "time_type: drifted NT5DS -> NoSync"},
		},
		"policy is no longer applied": {
			change: func(h *changed.Host) { h.Set("domain", "policy", "End", "2026-11-09T22:01:22Z") },
			want:   []string{"regressed failing", "policy_overdue: regressed false -> true"},
		},
		"no policy came for a day": {
			change: func(h *changed.Host) { h.Set("domain", "now", "Now", "2026-11-11T03:10:00Z") },
			want:   []string{"regressed failing", "policy_overdue: regressed false -> true"},
		},
		"a policy is missing": {
			change: func(h *changed.Host) { h.Set("domain", "gpos", "Names", "LocalGPO") },
			want: []string{
				"drifted", "policies: drifted Default Domain Policy, LocalGPO, Servers: Hardening -> LocalGPO",
			},
		},
		"a part of policy failed": {
			change: func(h *changed.Host) { h.Set("RSOP_ExtensionStatus", "", "error", "1355") },
			want:   []string{"drifted", "policy_errors: drifted  -> Group Policy Infrastructure: 1355"},
		},
		"another site": {
			change: func(h *changed.Host) { h.Set("domain", "site", "Site", "Default-First-Site-Name") },
			want:   []string{"drifted", "site: drifted Berlin -> Default-First-Site-Name"},
		},
		"out of the domain": {
			change: func(h *changed.Host) {
				h.Set("Win32_ComputerSystem", "", "PartOfDomain", "false")
				h.Set("Win32_ComputerSystem", "", "DomainRole", "2")
				h.Set("Win32_ComputerSystem", "", "Domain", "WORKGROUP")
			},
			want: []string{
				"regressed failing", "domain: drifted corp.test -> WORKGROUP", "member: regressed true -> false",
			},
		},
		"a part that cannot be read": {
			change: func(h *changed.Host) { h.Set("domain", "channel", "Error", "Zugriff verweigert") },
			want:   []string{"unknown"},
		},
		"what the host is cannot be read": {
			change: func(h *changed.Host) { h.Set("Win32_ComputerSystem", "", "DomainRole", "9") },
			want:   []string{"unknown"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := told(t, tt.expect, "member.json", tt.change)
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("outcome (-want +got):\n%s", d)
			}
		})
	}
}

// A domain controller is rebooted at 02:00, and has applied no policy ten minutes
// later: that is early. An hour later it is not.
func TestPolicyIsNotOverdueRightAfterTheBoot(t *testing.T) {
	for now, want := range map[string]string{
		"2026-11-10T02:29:00Z": "passed", "2026-11-10T02:31:00Z": "regressed failing",
	} {
		got := told(t, "", "controller.json", func(h *changed.Host) { h.Set("domain", "now", "Now", now) })
		if got[0] != want {
			t.Errorf("at %s: got %q, want %s", now, got, want)
		}
	}
}

func FuzzAnswers(f *testing.F) {
	probetest.FuzzAnswers(f, domain.Kind, nil,
		"testdata/member.json", "testdata/controller.json", "testdata/workgroup.json", "testdata/odd.json")
}
