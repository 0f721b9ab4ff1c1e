package dhcp_test

import (
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

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
	counted := []string{
		" discovers=900", " offers=850", " acks=3900", " serving=answering",
		" counted=900 discovers, 850 offers, 4000 requests, 3900 acks, 12 naks in 649h0m0s",
	}
	server := append([]string{" present=true", " running=true", " authorized=true", " bindings=10.20.0.10"}, counted...)
	probetest.Reads(t, dhcp.Kind, map[string]probetest.Case{
		"all": {File: "server.json", Want: slices.Concat(server, []string{
			"10.20.0.0 state=active", "10.20.0.0 name=Office", "10.20.0.0 free=50", "10.20.0.0 in_use=150",
			"10.20.0.0 free_percent=25",
			"10.21.0.0 state=inactive", "10.21.0.0 name=Lab", "10.21.0.0 free=0", "10.21.0.0 in_use=0",
		}, relation)},
		"by ID": {
			File: "server.json", Args: map[string]any{"scope": []string{"10.21.0.0", "10.22.0.0"}},
			Want: slices.Concat(server, []string{
				"10.21.0.0 state=inactive", "10.21.0.0 name=Lab", "10.21.0.0 free=0", "10.21.0.0 in_use=0",
				"10.21.0.0 present=true", "10.22.0.0 present=false",
			}, relation),
		},
		"but some": {
			File: "server.json", Args: map[string]any{"except": []string{"10.21.0.0", "10.20.0.0"}},
			Want: slices.Concat(server, relation),
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
			Err: `reading bindings: Zugriff verweigert; counts: the host does not tell all of them as numbers; ` +
				`the use of 10.20.0.0, the use of 10.20.0.0 (2): ` +
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

// counts are what the server has counted since a time; it is 03:10 there.
func counts(since string, discovers, offers, requests, acks int) []probetest.Change {
	all := []probetest.Change{probetest.Set("dhcp", "counts", "Started", since)}
	numbers := map[string]int{"Discovers": discovers, "Offers": offers, "Requests": requests, "Acks": acks}
	for _, column := range slices.Sorted(maps.Keys(numbers)) {
		all = append(all, probetest.Set("dhcp", "counts", column, strconv.Itoa(numbers[column])))
	}
	return all
}

// A server that stands by is not measured by what it answers; the one it stands by
// for is.
func TestStandingBy(t *testing.T) {
	for role, want := range map[string]string{"Standby": "not judged", "": "not judged", "Active": "answering"} {
		readings, err := probetest.Load(t, dhcp.Kind, "server.json", nil).With(
			probetest.Set("dhcp", "failover", "Mode", "HotStandby"), probetest.Set("dhcp", "failover", "Role", role),
		).Observe(nil)
		if got := probetest.Texts(readings); err != nil || !slices.Contains(got, " serving="+want) {
			t.Errorf("%q: got %q, %v, want %s", role, got, err, want)
		}
	}
}

// A host that tells that its module is not there, and no more, has not said that
// there are no scopes.
func TestAnAnswerCutOff(t *testing.T) {
	args := map[string]any{"scope": []string{"10.20.0.0"}}
	recording := probetest.Load(t, dhcp.Kind, "server.json", args)
	for _, part := range []string{"bindings", "scope", "use", "failover", "counts"} {
		recording.With(probetest.Drop("dhcp", part))
	}
	readings, err := recording.With(probetest.Set("dhcp", "server", "Error", "Modul fehlt")).Observe(args)
	if d := cmp.Diff([]string{" present=true", " running=true"}, probetest.Texts(readings)); d != "" {
		t.Errorf("readings (-want +got):\n%s", d)
	}
	if err == nil || !strings.Contains(err.Error(), "scope, failover: the host told nothing of it") {
		t.Errorf("error %v", err)
	}
}

func TestNoiseIsSilent(t *testing.T) {
	healthy().Passes(t, map[string][]probetest.Change{
		"rows in another order": {probetest.Turn("dhcp")},
		"clients come and go": {
			probetest.Set("dhcp", "150", "Free", "199"),
			probetest.Set("dhcp", "150", "InUse", "1"),
		},
		"it was just started":                     counts("2026-11-10T02:20:00Z", 40, 0, 60, 0),
		"a quiet night":                           counts("2026-11-09T18:00:00Z", 2, 0, 3, 0),
		"foreign clients ask in vain":             counts("2026-11-10T00:00:00Z", 400, 40, 60, 38),
		"offers are counted until they are taken": counts("2026-11-10T00:00:00Z", 400, 0, 400, 390),
		"its clock is elsewhere":                  counts("2026-11-10T08:00:00Z", 400, 0, 60, 0),
		"few leases and a quiet day": append(counts("2026-11-08T18:00:00Z", 0, 0, 0, 0),
			probetest.Set("dhcp", "counts", "InUse", "99")),
		"it waits for another to offer": append(counts("2026-11-10T00:00:00Z", 400, 0, 60, 0),
			probetest.Set("dhcp", "counts", "Delayed", "1")),
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
		"it runs and answers nobody": {
			After: counts("2026-11-10T01:00:00Z", 400, 0, 60, 0),
			Want:  []string{"regressed failing", "serving: regressed answering -> silent"},
		},
		"it answers hardly anybody": {
			After: counts("2026-11-10T01:00:00Z", 400, 30, 60, 29),
			Want:  []string{"regressed failing", "serving: regressed answering -> silent"},
		},
		"nobody reaches it": {
			After: counts("2026-11-09T03:00:00Z", 0, 0, 0, 0),
			Want:  []string{"regressed failing", "serving: regressed answering -> silent"},
		},
		"its counters are not told": {
			After: []probetest.Change{probetest.Set("dhcp", "counts", "Error", "Zugriff verweigert")},
			Want:  []string{"unknown"},
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
