package dnsserver_test

import (
	"errors"
	"slices"
	"testing"

	"postpatch/probes/dnsserver"
	"postpatch/probes/probetest"
	"postpatch/runner/runnertest"
)

func healthy() runnertest.Check {
	return runnertest.Check{Kind: dnsserver.Kind, File: "dc.json"}
}

func TestKind(t *testing.T) { probetest.RunRecorded(t, dnsserver.Kind, healthy().File, nil) }

func TestObserve(t *testing.T) {
	probetest.Reads(t, dnsserver.Kind, map[string]probetest.Case{
		"all zones": {File: "dc.json", Want: []string{
			" present=true", " running=true", " forwarders=10.0.0.53, 10.0.1.53", " listens=all", " recursion=true",
			"_msdcs.corp.test type=primary", "_msdcs.corp.test integrated=true", "_msdcs.corp.test shutdown=false",
			"_msdcs.corp.test paused=false",
			"corp.test type=primary", "corp.test integrated=true", "corp.test shutdown=false", "corp.test paused=false",
			"partner.test type=forwarder", "partner.test integrated=true", "partner.test shutdown=false",
			"partner.test paused=false", "partner.test masters=192.0.2.1, 192.0.2.2",
			"branch.test type=secondary", "branch.test integrated=false", "branch.test shutdown=false",
			"branch.test paused=true", "branch.test masters=10.9.0.1", "branch.test transferred=2026-10-31T02:00:00Z",
		}},
		"by name": {
			File: "dc.json", Args: map[string]any{"zone": []string{"CORP.test.", "0.in-addr.arpa", "lost.test"}},
			Want: []string{
				" present=true", " running=true", " forwarders=10.0.0.53, 10.0.1.53", " listens=all", " recursion=true",
				"0.in-addr.arpa type=primary", "0.in-addr.arpa integrated=false", "0.in-addr.arpa shutdown=false",
				"0.in-addr.arpa paused=false",
				"corp.test type=primary", "corp.test integrated=true", "corp.test shutdown=false", "corp.test paused=false",
				"corp.test present=true", "0.in-addr.arpa present=true", "lost.test present=false",
			},
		},
		"but some": {
			File: "dc.json",
			Args: map[string]any{"except": []string{"branch.test", "Partner.Test", "_msdcs.corp.test", "corp.test"}},
			Want: []string{
				" present=true", " running=true", " forwarders=10.0.0.53, 10.0.1.53", " listens=all", " recursion=true",
			},
		},
		"no role": {File: "none.json", Want: []string{" present=false"}},
		"odd": {
			File: "odd.json",
			Want: []string{
				" present=true", " running=false",
				`a'; remove-item "x" $(calc).test type=primary`, `a'; remove-item "x" $(calc).test integrated=true`,
				`a'; remove-item "x" $(calc).test shutdown=true`,
				"twice.test type=stub", "twice.test integrated=false", "twice.test shutdown=false", "twice.test paused=false",
				"twice.test masters=", "twice.test (2) type=stub", "twice.test (2) integrated=false",
				"twice.test (2) shutdown=false", "twice.test (2) paused=false", "twice.test (2) masters=",
			},
			Err: `reading the DNS server: Allgemeiner Fehler; zones: one has no name; the zone müller.test: its type is "9"; ` +
				`the zone a'; remove-item "x" $(calc).test: Paused is ""`,
		},
	})
}

// A server that is the root of its names has a zone whose name is a dot.
func TestTheRoot(t *testing.T) {
	added := []probetest.Change{probetest.Add(zones, "Name", ".", "ZoneType", "1", "DsIntegrated", "true",
		"Paused", "false", "Shutdown", "false", "AutoCreated", "false")}
	server := []string{
		" present=true", " running=true", " forwarders=10.0.0.53, 10.0.1.53", " listens=all", " recursion=true",
	}
	zone := []string{". type=primary", ". integrated=true", ". shutdown=false", ". paused=false"}
	all := []string{"branch.test", "partner.test", "_msdcs.corp.test", "corp.test"}
	probetest.Reads(t, dnsserver.Kind, map[string]probetest.Case{
		"among all": {
			File: "dc.json", Changes: added, Args: map[string]any{"except": all}, Want: slices.Concat(server, zone),
		},
		"by name": {
			File: "dc.json", Changes: added, Args: map[string]any{"zone": []string{"."}},
			Want: slices.Concat(server, zone, []string{". present=true"}),
		},
		"left out": {File: "dc.json", Changes: added, Args: map[string]any{"except": append(all, ".")}, Want: server},
	})
	healthy().Tells(t, map[string]runnertest.Story{
		"it stays":   {Before: added, After: added, Want: []string{"passed"}},
		"it is lost": {Before: added, Want: []string{"drifted failing", ".: drifted there -> gone"}},
	})
}

func TestParametersAreRefused(t *testing.T) {
	probetest.Refuses(t, dnsserver.Kind, map[string]map[string]any{
		"nothing":          {"zone": []string{" "}},
		"twice":            {"zone": []string{"corp.test", "Corp.test."}},
		"except nothing":   {"except": []string{""}},
		"except and names": {"zone": []string{"corp.test"}, "except": []string{"a.test"}},
	})
}

const (
	zones  = "MicrosoftDNS_Zone"
	server = "MicrosoftDNS_Server"
)

func TestNoiseIsSilent(t *testing.T) {
	healthy().Passes(t, map[string][]probetest.Change{
		"rows in another order":      {probetest.Turn(zones)},
		"forwarders in another":      {probetest.List(server, "", "Forwarders", "10.0.1.53\n10.0.0.53")},
		"a zone came once more":      {probetest.Set(zones, "branch.test", "LastSuccessfulXfr", "1793498400")},
		"zones of Windows' own":      {probetest.Drop(zones, "0.in-addr.arpa")},
		"other case of names":        {probetest.Set(zones, "Corp.test", "Name", "CORP.TEST")},
		"zone types in other words":  {probetest.Set(zones, "Corp.test", "ZoneType", "0")},
		"a paused zone stays paused": nil,
	})
}

func TestWhatAPatchBreaks(t *testing.T) {
	healthy().Tells(t, map[string]runnertest.Story{
		"a zone is not loaded": {
			After: []probetest.Change{probetest.Set(zones, "Corp.test", "Shutdown", "true")},
			Want:  []string{"regressed failing", "corp.test shutdown: regressed false -> true"},
		},
		"a zone is gone": {
			After: []probetest.Change{probetest.Drop(zones, "Corp.test")},
			Want:  []string{"drifted failing", "corp.test: drifted there -> gone"},
		},
		"all zones are gone": {
			After: []probetest.Change{probetest.Drop(zones, "false")},
			Want: []string{
				"drifted failing", "_msdcs.corp.test: drifted there -> gone", "branch.test: drifted there -> gone",
				"corp.test: drifted there -> gone", "partner.test: drifted there -> gone",
			},
		},
		"the service does not run": {
			After: []probetest.Change{
				probetest.Set("Win32_Service", "DNS", "State", "Stopped"),
				probetest.Refuse(zones, errors.New("Generic failure")),
				probetest.Refuse(server, errors.New("Generic failure")),
			},
			Want: []string{"regressed failing", "running: regressed true -> false"},
		},
		"another type": {
			After: []probetest.Change{probetest.Set(zones, "branch.test", "ZoneType", "1")},
			Want: []string{
				"drifted failing", "branch.test masters: drifted 10.9.0.1 -> ", "branch.test type: drifted secondary -> primary",
			},
		},
		"a forwarder is gone": {
			After: []probetest.Change{probetest.Set(server, "", "Forwarders", "10.0.0.53")},
			Want:  []string{"drifted", "forwarders: drifted 10.0.0.53, 10.0.1.53 -> 10.0.0.53"},
		},
		"a forwarder that the owner expects": {
			Expect: "expect: {forwarders: contains 10.0.1.53}",
			After:  []probetest.Change{probetest.Set(server, "", "Forwarders", "10.0.0.53")},
			Want:   []string{"regressed failing", "forwarders: regressed 10.0.0.53, 10.0.1.53 -> 10.0.0.53"},
		},
		"it listens at one address only": {
			After: []probetest.Change{probetest.Set(server, "", "ListenAddresses", "127.0.0.1")},
			Want:  []string{"drifted failing", "listens: drifted all -> 127.0.0.1"},
		},
		"the role is gone": {
			After: []probetest.Change{probetest.Drop("Win32_Service", "DNS")},
			Want:  []string{"regressed failing", "present: regressed true -> false"},
		},
		"zones cannot be read": {
			After: []probetest.Change{probetest.Refuse(zones, errors.New("Zugriff verweigert"))},
			Want:  []string{"unknown"},
		},
	})
}

func FuzzAnswers(f *testing.F) {
	probetest.FuzzAnswers(f, dnsserver.Kind, nil, "dc.json", "none.json", "odd.json")
}
