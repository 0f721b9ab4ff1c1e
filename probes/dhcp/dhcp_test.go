package dhcp_test

import (
	"errors"
	"testing"

	"postpatch/probes/dhcp"
	"postpatch/probes/probetest"
	"postpatch/runner/runnertest"
)

func healthy() runnertest.Check {
	return runnertest.Check{Kind: dhcp.Kind, File: "server.json"}
}

func TestKind(t *testing.T) { probetest.RunRecorded(t, dhcp.Kind, healthy().File, nil) }

func TestObserve(t *testing.T) {
	relation := []string{
		"failover/dhcp01-dhcp02 failover_state=normal", "failover/dhcp01-dhcp02 partner=dhcp02.corp.test",
		"failover/dhcp01-dhcp02 mode=LoadBalance", "failover/dhcp01-dhcp02 scopes=10.20.0.0",
	}
	probetest.Reads(t, dhcp.Kind, map[string]probetest.Case{
		"all": {File: "server.json", Want: append([]string{
			" present=true", " running=true", " authorized=true", " bindings=10.20.0.10",
			"10.20.0.0 state=active", "10.20.0.0 name=Office", "10.20.0.0 free=50", "10.20.0.0 in_use=150",
			"10.20.0.0 free_percent=25",
			"10.21.0.0 state=inactive", "10.21.0.0 name=Lab", "10.21.0.0 free=0", "10.21.0.0 in_use=0",
		}, relation...)},
		"by ID": {
			File: "server.json", Args: map[string]any{"scope": []string{"10.21.0.0", "10.22.0.0"}},
			Want: append([]string{
				" present=true", " running=true", " authorized=true", " bindings=10.20.0.10",
				"10.21.0.0 state=inactive", "10.21.0.0 name=Lab", "10.21.0.0 free=0", "10.21.0.0 in_use=0",
				"10.21.0.0 present=true", "10.22.0.0 present=false",
			}, relation...),
		},
		"but some": {
			File: "server.json", Args: map[string]any{"except": []string{"10.21.0.0", "10.20.0.0"}},
			Want: append([]string{" present=true", " running=true", " authorized=true", " bindings=10.20.0.10"}, relation...),
		},
		"no role": {File: "none.json", Want: []string{" present=false"}},
		"odd": {
			File: "odd.json",
			Want: []string{
				" present=true", " running=true",
				"10.20.0.0 state=active", `10.20.0.0 name=Büro'; Remove-Item "x" $(calc)`,
				"10.20.0.0 (2) state=active", "10.20.0.0 (2) name=",
				`failover/a"b failover_state=partnerdown`, `failover/a"b partner=`, `failover/a"b mode=`,
				`failover/a"b scopes=`,
			},
			Err: `reading bindings: Zugriff verweigert; the use of 10.20.0.0, the use of 10.20.0.0 (2): ` +
				`free "viele", in use "-1"; scopes: one has the ID "10.21.0.0" and the state ""; ` +
				`failover: one has the name "" and the state "normal"`,
		},
	})
}

func TestParametersAreRefused(t *testing.T) {
	probetest.Refuses(t, dhcp.Kind, map[string]map[string]any{
		"a name":           {"scope": []string{"Office"}},
		"IPv6":             {"scope": []string{"2001:db8::"}},
		"a prefix":         {"except": []string{"10.20.0.0/24"}},
		"twice":            {"scope": []string{"10.20.0.0", "10.20.0.0"}},
		"except and names": {"scope": []string{"10.20.0.0"}, "except": []string{"10.21.0.0"}},
	})
}

func TestNoiseIsSilent(t *testing.T) {
	healthy().Passes(t, map[string][]probetest.Change{
		"rows in another order": {probetest.Turn("dhcp")},
		"clients come and go": {
			probetest.Set("dhcp", "150", "Free", "199"),
			probetest.Set("dhcp", "150", "InUse", "1"),
		},
		"other case of names":     {probetest.Set("dhcp", "failover", "Partner", "DHCP02.corp.test")},
		"more scopes fail over":   {probetest.List("dhcp", "failover", "Scopes", "10.21.0.0\n10.20.0.0")},
		"another name of a scope": {probetest.Set("dhcp", "Lab", "Name", "Laboratory")},
	})
}

func TestWhatAPatchBreaks(t *testing.T) {
	healthy().Tells(t, map[string]runnertest.Story{
		"no longer authorized": {
			After: []probetest.Change{probetest.Set("dhcp", "server", "Authorized", "false")},
			Want:  []string{"regressed failing", "authorized: regressed true -> false"},
		},
		"bound to no address": {
			After: []probetest.Change{probetest.Null("dhcp", "bindings", "Addresses")},
			Want:  []string{"drifted failing", "bindings: drifted 10.20.0.10 -> "},
		},
		"a scope is inactive": {
			After: []probetest.Change{probetest.Set("dhcp", "Office", "State", "InActive")},
			Want:  []string{"regressed failing", "10.20.0.0 state: regressed active -> inactive"},
		},
		"a scope is gone": {
			After: []probetest.Change{probetest.Drop("dhcp", "10.20.0.0")},
			Want:  []string{"drifted failing", "10.20.0.0: drifted there -> gone"},
		},
		"a scope is full": {
			After: []probetest.Change{
				probetest.Set("dhcp", "150", "Free", "0"),
				probetest.Set("dhcp", "150", "InUse", "200"),
			},
			Want: []string{"regressed failing", "10.20.0.0 free_percent: regressed 25% -> 0%"},
		},
		"the owner wants more": {
			Expect: "expect: {free_percent: '>= 10%'}",
			After:  []probetest.Change{probetest.Set("dhcp", "150", "Free", "5")},
			Want:   []string{"regressed failing", "10.20.0.0 free_percent: regressed 25% -> 3%"},
		},
		"the partner is not there": {
			After: []probetest.Change{probetest.Set("dhcp", "failover", "State", "CommunicationInterrupted")},
			Want: []string{
				"regressed failing", "failover/dhcp01-dhcp02 failover_state: regressed normal -> communicationinterrupted",
			},
		},
		"the service does not run": {
			After: []probetest.Change{
				probetest.Set("Win32_Service", "DHCPServer", "State", "Stopped"),
				probetest.Refuse("dhcp", errors.New("Failed to enumerate scopes")),
			},
			Want: []string{"regressed failing", "running: regressed true -> false"},
		},
		"the module is not there": {
			After: []probetest.Change{probetest.Set("dhcp", "scope", "Error", "Modul fehlt")},
			Want:  []string{"unknown"},
		},
	})
}

func FuzzAnswers(f *testing.F) {
	probetest.FuzzAnswers(f, dhcp.Kind, nil, "server.json", "none.json", "odd.json")
}
