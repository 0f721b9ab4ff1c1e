package dnsserver_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes"
	"postpatch/probes/dnsserver"
	"postpatch/probes/host"
	"postpatch/probes/internal/changed"
	"postpatch/probes/probetest"
	"postpatch/runner/runnertest"
)

func recorded(t *testing.T, file string) host.Answers {
	t.Helper()
	return probetest.Recorded(t, "testdata/"+file, dnsserver.Kind, nil)
}

func TestKind(t *testing.T) {
	probetest.Run(t, probetest.Suite{Kind: dnsserver.Kind, Healthy: func(t *testing.T) probes.Target {
		return probes.Target{Answers: recorded(t, "dc.json")}
	}})
}

func TestObserve(t *testing.T) {
	for name, tt := range map[string]struct {
		file  string
		args  map[string]any
		texts []string
		err   string
	}{
		"all zones": {file: "dc.json", texts: []string{
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
			file: "dc.json", args: map[string]any{"zone": []string{"CORP.test.", "0.in-addr.arpa", "lost.test"}},
			texts: []string{
				" present=true", " running=true", " forwarders=10.0.0.53, 10.0.1.53", " listens=all", " recursion=true",
				"0.in-addr.arpa type=primary", "0.in-addr.arpa integrated=false", "0.in-addr.arpa shutdown=false",
				"0.in-addr.arpa paused=false",
				"corp.test type=primary", "corp.test integrated=true", "corp.test shutdown=false", "corp.test paused=false",
				"corp.test present=true", "0.in-addr.arpa present=true", "lost.test present=false",
			},
		},
		"but some": {
			file: "dc.json",
			args: map[string]any{"except": []string{"branch.test", "Partner.Test", "_msdcs.corp.test", "corp.test"}},
			texts: []string{
				" present=true", " running=true", " forwarders=10.0.0.53, 10.0.1.53", " listens=all", " recursion=true",
			},
		},
		"no role": {file: "none.json", texts: []string{" present=false"}},
		"odd": {
			file: "odd.json",
			texts: []string{
				" present=true", " running=false",
				`a'; remove-item "x" $(calc).test type=primary`, `a'; remove-item "x" $(calc).test integrated=true`,
				`a'; remove-item "x" $(calc).test shutdown=true`,
				"twice.test type=stub", "twice.test integrated=false", "twice.test shutdown=false", "twice.test paused=false",
				"twice.test masters=", "twice.test (2) type=stub", "twice.test (2) integrated=false",
				"twice.test (2) shutdown=false", "twice.test (2) paused=false", "twice.test (2) masters=",
			},
			err: `reading the DNS server: Allgemeiner Fehler; zones: one has no name; the zone müller.test: its type is "9"; ` +
				`the zone a'; remove-item "x" $(calc).test: Paused is ""`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			readings, err := probetest.Observe(t, dnsserver.Kind, probes.Target{Answers: recorded(t, tt.file)}, tt.args)
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
		"nothing":          {"zone": []string{" "}},
		"twice":            {"zone": []string{"corp.test", "Corp.test."}},
		"except nothing":   {"except": []string{""}},
		"except and names": {"zone": []string{"corp.test"}, "except": []string{"a.test"}},
	} {
		var field *probes.FieldError
		if _, err := dnsserver.Kind.Build(args); !errors.As(err, &field) {
			t.Errorf("%s: got %v, want a FieldError", name, err)
		}
	}
}

const (
	zones  = "MicrosoftDNS_Zone"
	server = "MicrosoftDNS_Server"
)

func told(t *testing.T, expect string, change func(*changed.Host)) []string {
	t.Helper()
	var seen [2]runnertest.Seen
	for i, change := range []func(*changed.Host){func(*changed.Host) {}, change} {
		h := &changed.Host{T: t, Kind: dnsserver.Kind, Answers: recorded(t, "dc.json")}
		change(h)
		readings, err := probetest.Observe(t, dnsserver.Kind, probes.Target{Answers: h.Answers}, nil)
		seen[i] = runnertest.Seen{Readings: readings, Err: err}
	}
	return runnertest.Told(t, dnsserver.Kind, "- dnsserver: {}\n"+expect, seen)
}

func TestNoiseIsSilent(t *testing.T) {
	for name, change := range map[string]func(*changed.Host){
		"rows in another order":      func(h *changed.Host) { h.Turn(zones) },
		"forwarders in another":      func(h *changed.Host) { h.Set(server, "", "Forwarders", "10.0.1.53\n10.0.0.53") },
		"a zone came once more":      func(h *changed.Host) { h.Set(zones, "branch.test", "LastSuccessfulXfr", "1793498400") },
		"zones of Windows' own":      func(h *changed.Host) { h.Drop(zones, "0.in-addr.arpa") },
		"other case of names":        func(h *changed.Host) { h.Set(zones, "Corp.test", "Name", "CORP.TEST") },
		"zone types in other words":  func(h *changed.Host) { h.Set(zones, "Corp.test", "ZoneType", "0") },
		"a paused zone stays paused": func(*changed.Host) {},
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
		"a zone is not loaded": {
			change: func(h *changed.Host) { h.Set(zones, "Corp.test", "Shutdown", "true") },
			want:   []string{"regressed failing", "corp.test shutdown: regressed false -> true"},
		},
		"a zone is gone": {
			change: func(h *changed.Host) { h.Drop(zones, "Corp.test") },
			want:   []string{"drifted failing", "corp.test: drifted there -> gone"},
		},
		"all zones are gone": {
			change: func(h *changed.Host) { h.Drop(zones, "false") },
			want: []string{
				"drifted failing", "_msdcs.corp.test: drifted there -> gone", "branch.test: drifted there -> gone",
				"corp.test: drifted there -> gone", "partner.test: drifted there -> gone",
			},
		},
		"the service does not run": {
			change: func(h *changed.Host) {
				h.Set("Win32_Service", "DNS", "State", "Stopped")
				h.Refuse(zones, errors.New("Generic failure"))
				h.Refuse(server, errors.New("Generic failure"))
			},
			want: []string{"regressed failing", "running: regressed true -> false"},
		},
		"another type": {
			change: func(h *changed.Host) { h.Set(zones, "branch.test", "ZoneType", "1") },
			want: []string{
				"drifted failing", "branch.test masters: drifted 10.9.0.1 -> ", "branch.test type: drifted secondary -> primary",
			},
		},
		"a forwarder is gone": {
			change: func(h *changed.Host) { h.Set(server, "", "Forwarders", "10.0.0.53") },
			want:   []string{"drifted", "forwarders: drifted 10.0.0.53, 10.0.1.53 -> 10.0.0.53"},
		},
		"a forwarder that the owner expects": {
			expect: "  expect: {forwarders: contains 10.0.1.53}",
			change: func(h *changed.Host) { h.Set(server, "", "Forwarders", "10.0.0.53") },
			want:   []string{"regressed failing", "forwarders: regressed 10.0.0.53, 10.0.1.53 -> 10.0.0.53"},
		},
		"it listens at one address only": {
			change: func(h *changed.Host) { h.Set(server, "", "ListenAddresses", "127.0.0.1") },
			want:   []string{"drifted failing", "listens: drifted all -> 127.0.0.1"},
		},
		"the role is gone": {
			change: func(h *changed.Host) { h.Drop("Win32_Service", "DNS") },
			want:   []string{"regressed failing", "present: regressed true -> false"},
		},
		"zones cannot be read": {
			change: func(h *changed.Host) { h.Refuse(zones, errors.New("Zugriff verweigert")) },
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
	probetest.FuzzAnswers(f, dnsserver.Kind, nil, "testdata/dc.json", "testdata/none.json", "testdata/odd.json")
}
