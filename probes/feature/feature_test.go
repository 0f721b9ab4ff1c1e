package feature_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes/feature"
	"postpatch/probes/host"
	"postpatch/probes/probetest"
	"postpatch/runner/runnertest"
)

const healthy = "web-server.json"

func TestKind(t *testing.T) { probetest.RunRecorded(t, feature.Kind, healthy, nil) }

func FuzzAnswers(f *testing.F) {
	probetest.FuzzAnswers(f, feature.Kind, nil, healthy, "odd.json")
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
		readings, err := probetest.Load(t, feature.Kind, healthy, nil).Observe(tt.args)
		if d := cmp.Diff(tt.want, probetest.Texts(readings)); d != "" || err != nil {
			t.Errorf("%s: readings (-want +got), %v:\n%s", name, err, d)
		}
	}
}

func TestOddAnswers(t *testing.T) {
	readings, err := probetest.Load(t, feature.Kind, "odd.json", nil).Observe(nil)
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
	everything := probetest.Set("Win32", "", "InstallState", "1")
	for name, tt := range map[string]struct {
		change probetest.Change
		args   map[string]any
		want   string
	}{
		"no rows":          {probetest.Drop("Win32", ""), nil, "the host named none"},
		"none by name":     {probetest.Drop("Win32", ""), netFx4, "the host named none"},
		"none installed":   {probetest.Set("Win32", "", "InstallState", "2"), netFx4, "none is left"},
		"all are left out": {everything, map[string]any{"except": []string{"*"}}, "none is left"},
		"denied":           {probetest.Refuse("Win32", host.ErrDenied), nil, "access denied"},
	} {
		readings, err := probetest.Load(t, feature.Kind, healthy, nil).With(tt.change).Observe(tt.args)
		if len(readings) > 0 || err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, %v", name, readings, err)
		}
	}
}

func TestParametersAreRefused(t *testing.T) {
	probetest.Refuses(t, feature.Kind, map[string]map[string]any{
		"nothing":          {"name": []string{" "}},
		"blanks around it": {"name": []string{"NetFx4 "}},
		"twice":            {"name": []string{"NetFx4", "netfx4"}},
		"except and names": {"name": []string{"NetFx4"}, "except": []string{"IIS-*"}},
	})
}

func TestWhatAPatchBreaks(t *testing.T) {
	runnertest.Check{Kind: feature.Kind, File: healthy}.Tells(t, map[string]runnertest.Story{
		"nothing": {Want: []string{"passed"}},
		"a feature is gone": {
			After: []probetest.Change{probetest.Drop("Win32", "IIS-WebServer")},
			Want:  []string{"drifted failing", "IIS-WebServer: drifted there -> gone"},
		},
		"a new one": {
			After: []probetest.Change{probetest.Add("Win32", "Name", "SMB1Protocol", "InstallState", "1")},
			Want:  []string{"drifted", "SMB1Protocol: drifted  -> new"},
		},
		"what cannot be read is no pass": {
			After: []probetest.Change{probetest.Refuse("Win32", host.ErrDenied)}, Want: []string{"unknown"},
		},
	})
	runnertest.Check{
		Kind: feature.Kind, File: healthy, Entry: "- feature: IIS-WebServerRole",
		Args: map[string]any{"name": []string{"IIS-WebServerRole"}},
	}.Tells(t, map[string]runnertest.Story{
		"a named one is gone": {
			After: []probetest.Change{probetest.Drop("Win32", "IIS-WebServerRole")},
			Want:  []string{"regressed failing", "IIS-WebServerRole state: regressed installed -> absent"},
		},
		"another one is gone": {
			After: []probetest.Change{probetest.Drop("Win32", "NetFx4")}, Want: []string{"passed"},
		},
	})
}
