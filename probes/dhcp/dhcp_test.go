package dhcp_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes"
	"postpatch/probes/dhcp"
	"postpatch/probes/host"
	"postpatch/probes/internal/changed"
	"postpatch/probes/probetest"
	"postpatch/runner/runnertest"
)

func recorded(t *testing.T, file string) host.Answers {
	t.Helper()
	return probetest.Recorded(t, "testdata/"+file, dhcp.Kind, nil)
}

func TestKind(t *testing.T) {
	probetest.Run(t, probetest.Suite{Kind: dhcp.Kind, Healthy: func(t *testing.T) probes.Target {
		return probes.Target{Answers: recorded(t, "server.json")}
	}})
}

func TestObserve(t *testing.T) {
	relation := []string{
		"failover/dhcp01-dhcp02 failover_state=normal", "failover/dhcp01-dhcp02 partner=dhcp02.corp.test",
		"failover/dhcp01-dhcp02 mode=LoadBalance", "failover/dhcp01-dhcp02 scopes=10.20.0.0",
	}
	for name, tt := range map[string]struct {
		file  string
		args  map[string]any
		texts []string
		err   string
	}{
		"all": {file: "server.json", texts: append([]string{
			" present=true", " running=true", " authorized=true", " bindings=10.20.0.10",
			"10.20.0.0 state=active", "10.20.0.0 name=Office", "10.20.0.0 free=50", "10.20.0.0 in_use=150",
			"10.20.0.0 free_percent=25",
			"10.21.0.0 state=inactive", "10.21.0.0 name=Lab", "10.21.0.0 free=0", "10.21.0.0 in_use=0",
		}, relation...)},
		"by ID": {
			file: "server.json", args: map[string]any{"scope": []string{"10.21.0.0", "10.22.0.0"}},
			texts: append([]string{
				" present=true", " running=true", " authorized=true", " bindings=10.20.0.10",
				"10.21.0.0 state=inactive", "10.21.0.0 name=Lab", "10.21.0.0 free=0", "10.21.0.0 in_use=0",
				"10.21.0.0 present=true", "10.22.0.0 present=false",
			}, relation...),
		},
		"but some": {
			file: "server.json", args: map[string]any{"except": []string{"10.21.0.0", "10.20.0.0"}},
			texts: append([]string{" present=true", " running=true", " authorized=true", " bindings=10.20.0.10"}, relation...),
		},
		"no role": {file: "none.json", texts: []string{" present=false"}},
		"odd": {
			file: "odd.json",
			texts: []string{
				" present=true", " running=true",
				"10.20.0.0 state=active", `10.20.0.0 name=Büro'; Remove-Item "x" $(calc)`,
				"10.20.0.0 (2) state=active", "10.20.0.0 (2) name=",
				`failover/a"b failover_state=partnerdown`, `failover/a"b partner=`, `failover/a"b mode=`,
				`failover/a"b scopes=`,
			},
			err: `reading bindings: Zugriff verweigert; the use of 10.20.0.0, the use of 10.20.0.0 (2): ` +
				`free "viele", in use "-1"; scopes: one has the ID "10.21.0.0" and the state ""; ` +
				`failover: one has the name "" and the state "normal"`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			readings, err := probetest.Observe(t, dhcp.Kind, probes.Target{Answers: recorded(t, tt.file)}, tt.args)
			got := ""
			if err != nil {
				got = err.Error()
			}
			if d := cmp.Diff(tt.texts, probetest.Texts(readings)); d != "" {
				t.Errorf("readings (-want +got):\n%s", d)
			}
			if d := cmp.Diff(tt.err, got); d != "" {
				t.Errorf("error (-want +got):\n%s", d)
			}
		})
	}
}

func TestParametersAreRefused(t *testing.T) {
	for name, args := range map[string]map[string]any{
		"a name":           {"scope": []string{"Office"}},
		"IPv6":             {"scope": []string{"2001:db8::"}},
		"a prefix":         {"except": []string{"10.20.0.0/24"}},
		"twice":            {"scope": []string{"10.20.0.0", "10.20.0.0"}},
		"except and names": {"scope": []string{"10.20.0.0"}, "except": []string{"10.21.0.0"}},
	} {
		var field *probes.FieldError
		if _, err := dhcp.Kind.Build(args); !errors.As(err, &field) {
			t.Errorf("%s: got %v, want a FieldError", name, err)
		}
	}
}

func told(t *testing.T, expect string, change func(*changed.Host)) []string {
	t.Helper()
	var seen [2]runnertest.Seen
	for i, change := range []func(*changed.Host){func(*changed.Host) {}, change} {
		h := &changed.Host{T: t, Kind: dhcp.Kind, Answers: recorded(t, "server.json")}
		change(h)
		readings, err := probetest.Observe(t, dhcp.Kind, probes.Target{Answers: h.Answers}, nil)
		seen[i] = runnertest.Seen{Readings: readings, Err: err}
	}
	return runnertest.Told(t, dhcp.Kind, "- dhcp: {}\n"+expect, seen)
}

func TestNoiseIsSilent(t *testing.T) {
	for name, change := range map[string]func(*changed.Host){
		"rows in another order": func(h *changed.Host) { h.Turn("dhcp") },
		"clients come and go": func(h *changed.Host) {
			h.Set("dhcp", "150", "Free", "199")
			h.Set("dhcp", "150", "InUse", "1")
		},
		"other case of names": func(h *changed.Host) { h.Set("dhcp", "failover", "Partner", "DHCP02.corp.test") },
		"more scopes fail over": func(h *changed.Host) {
			h.Set("dhcp", "failover", "Scopes", "10.21.0.0\n10.20.0.0")
		},
		"another name of a scope": func(h *changed.Host) { h.Set("dhcp", "Lab", "Name", "Laboratory") },
	} {
		t.Run(name, func(t *testing.T) {
			if d := cmp.Diff([]string{"passed"}, told(t, "", change)); d != "" {
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
		"no longer authorized": {
			change: func(h *changed.Host) { h.Set("dhcp", "server", "Authorized", "false") },
			want:   []string{"regressed failing", "authorized: regressed true -> false"},
		},
		"bound to no address": {
			change: func(h *changed.Host) { h.Set("dhcp", "bindings", "Addresses", "null") },
			want:   []string{"drifted failing", "bindings: drifted 10.20.0.10 -> "},
		},
		"a scope is inactive": {
			change: func(h *changed.Host) { h.Set("dhcp", "Office", "State", "InActive") },
			want:   []string{"regressed failing", "10.20.0.0 state: regressed active -> inactive"},
		},
		"a scope is gone": {
			change: func(h *changed.Host) { h.Drop("dhcp", "10.20.0.0") },
			want:   []string{"drifted failing", "10.20.0.0: drifted there -> gone"},
		},
		"a scope is full": {
			change: func(h *changed.Host) {
				h.Set("dhcp", "150", "Free", "0")
				h.Set("dhcp", "150", "InUse", "200")
			},
			want: []string{"regressed failing", "10.20.0.0 free_percent: regressed 25 -> 0"},
		},
		"the owner wants more": {
			expect: "  expect: {free_percent: '>= 10%'}",
			change: func(h *changed.Host) { h.Set("dhcp", "150", "Free", "5") },
			want:   []string{"regressed failing", "10.20.0.0 free_percent: regressed 25 -> 3"},
		},
		"the partner is not there": {
			change: func(h *changed.Host) { h.Set("dhcp", "failover", "State", "CommunicationInterrupted") },
			want: []string{
				"regressed failing", "failover/dhcp01-dhcp02 failover_state: regressed normal -> communicationinterrupted",
			},
		},
		"the service does not run": {
			change: func(h *changed.Host) {
				h.Set("Win32_Service", "DHCPServer", "State", "Stopped")
				h.Refuse("dhcp", errors.New("Failed to enumerate scopes"))
			},
			want: []string{"regressed failing", "running: regressed true -> false"},
		},
		"the module is not there": {
			change: func(h *changed.Host) { h.Set("dhcp", "scope", "Error", "Modul fehlt") },
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
	probetest.FuzzAnswers(f, dhcp.Kind, nil, "testdata/server.json", "testdata/none.json", "testdata/odd.json")
}
