package feature_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes"
	"postpatch/probes/feature"
	"postpatch/probes/host"
	"postpatch/probes/probetest"
	"postpatch/runner/runnertest"
)

const healthy = "testdata/web-server.json"

func TestKind(t *testing.T) {
	probetest.Run(t, probetest.Suite{Kind: feature.Kind, Healthy: func(t *testing.T) probes.Target {
		return probetest.Altered(t, healthy, feature.Kind)
	}})
}

func FuzzAnswers(f *testing.F) {
	probetest.FuzzAnswers(f, feature.Kind, nil, healthy, "testdata/odd.json")
}

func TestObserve(t *testing.T) {
	names := func(names ...string) []string { return names }
	for name, tt := range map[string]struct {
		args map[string]any
		want []string
	}{
		"all": {nil, names("IIS-WebServer state=installed", "IIS-WebServerRole state=installed", "NetFx4 state=installed",
			"ServerCore-FullServer state=installed")},
		"by name": {
			map[string]any{"name": names("iis-webserver", "IIS-FTPServer")},
			names("iis-webserver state=installed", "IIS-FTPServer state=absent"),
		},
		"all but some": {map[string]any{"except": names("iis-*", "netfx4")}, names("ServerCore-FullServer state=installed")},
	} {
		readings, err := probetest.Observe(t, feature.Kind, probetest.Altered(t, healthy, feature.Kind), tt.args)
		if d := cmp.Diff(tt.want, probetest.Texts(readings)); d != "" || err != nil {
			t.Errorf("%s: readings (-want +got), %v:\n%s", name, err, d)
		}
	}
}

func TestOddAnswers(t *testing.T) {
	readings, err := probetest.Observe(t, feature.Kind, probetest.Altered(t, "testdata/odd.json", feature.Kind), nil)
	want := []string{
		"'; $(calc)\n\"x\" state=installed", "Größe state=installed", "NetFx4 state=installed", "netfx4 (2) state=installed",
	}
	if d := cmp.Diff(want, probetest.Texts(readings)); d != "" {
		t.Errorf("readings (-want +got):\n%s", d)
	}
	if want := "reading the installed features: one of them has no name"; err == nil || err.Error() != want {
		t.Errorf("error %v, want %q", err, want)
	}
}

// A check that sees no feature has seen nothing: no Windows has none.
func TestNoFeaturesAreNoAnswer(t *testing.T) {
	netFx4 := map[string]any{"name": []string{"NetFx4"}}
	everything := probetest.Change{Of: "Win32", Column: "InstallState", Value: "1"}
	for name, tt := range map[string]struct {
		change probetest.Change
		args   map[string]any
		want   string
	}{
		"no rows":          {probetest.Change{Of: "Win32"}, nil, "the host named none"},
		"none by name":     {probetest.Change{Of: "Win32"}, netFx4, "the host named none"},
		"none installed":   {probetest.Change{Of: "Win32", Column: "InstallState", Value: "2"}, netFx4, "none is left"},
		"all are left out": {everything, map[string]any{"except": []string{"*"}}, "none is left"},
		"denied":           {probetest.Change{Of: "Win32", Err: host.ErrDenied}, nil, "access denied"},
	} {
		readings, err := probetest.Observe(t, feature.Kind, probetest.Altered(t, healthy, feature.Kind, tt.change), tt.args)
		if len(readings) > 0 || err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, %v", name, readings, err)
		}
	}
}

func TestParametersAreRefused(t *testing.T) {
	for name, args := range map[string]map[string]any{
		"nothing":          {"name": []string{" "}},
		"blanks around it": {"name": []string{"NetFx4 "}},
		"twice":            {"name": []string{"NetFx4", "netfx4"}},
		"except and names": {"name": []string{"NetFx4"}, "except": []string{"IIS-*"}},
	} {
		var field *probes.FieldError
		if _, err := feature.Kind.Build(args); !errors.As(err, &field) {
			t.Errorf("%s: got %v, want a FieldError", name, err)
		}
	}
}

func TestWhatAPatchBreaks(t *testing.T) {
	all, named := "- feature: {}", "- feature: IIS-WebServerRole"
	of := func(c probetest.Change) []probetest.Change { c.Of = "Win32"; return []probetest.Change{c} }
	for name, tt := range map[string]struct {
		check  string
		change []probetest.Change
		want   []string
	}{
		"nothing": {all, nil, []string{"passed"}},
		"a feature is gone": {all, of(probetest.Change{Row: "IIS-WebServer"}), []string{
			"drifted failing", "IIS-WebServer: drifted there -> gone",
		}},
		"a new one": {
			all, of(probetest.Change{Add: map[string]string{"Name": "SMB1Protocol", "InstallState": "1"}}),
			[]string{"drifted", "SMB1Protocol: drifted  -> new"},
		},
		"a named one is gone": {named, of(probetest.Change{Row: "IIS-WebServerRole"}), []string{
			"regressed failing", "IIS-WebServerRole state: regressed installed -> absent",
		}},
		"another one is gone":            {named, of(probetest.Change{Row: "NetFx4"}), []string{"passed"}},
		"what cannot be read is no pass": {all, of(probetest.Change{Err: host.ErrDenied}), []string{"unknown"}},
	} {
		var args map[string]any
		if tt.check == named {
			args = map[string]any{"name": []string{"IIS-WebServerRole"}}
		}
		var seen [2]runnertest.Seen
		for i, changes := range [][]probetest.Change{nil, tt.change} {
			seen[i].Readings, seen[i].Err = probetest.Observe(t, feature.Kind,
				probetest.Altered(t, healthy, feature.Kind, changes...), args)
		}
		if d := cmp.Diff(tt.want, runnertest.Told(t, feature.Kind, tt.check, seen)); d != "" {
			t.Errorf("%s: outcome (-want +got):\n%s", name, d)
		}
	}
}
