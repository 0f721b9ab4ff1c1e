package rds_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes"
	"postpatch/probes/host"
	"postpatch/probes/probetest"
	"postpatch/probes/rds"
	"postpatch/runner/runnertest"
)

const healthy = "testdata/session-host.json"

func TestKind(t *testing.T) {
	probetest.Run(t, probetest.Suite{Kind: rds.Kind, Healthy: func(t *testing.T) probes.Target {
		return probetest.Altered(t, healthy, rds.Kind)
	}})
}

func FuzzAnswers(f *testing.F) {
	probetest.FuzzAnswers(f, rds.Kind, nil, healthy, "testdata/odd.json")
}

func TestObserve(t *testing.T) {
	readings, err := probetest.Observe(t, rds.Kind, probetest.Altered(t, healthy, rds.Kind), nil)
	want := []string{
		" present=true", " connections_allowed=true", " logons_allowed=true", " drain=none", " mode=application server",
		" licensing=per user", "listener/RDP-Tcp certificate_source=chosen",
		"listener/RDP-Tcp certificate=A94A8FE5CCB19BA61C4C0873D391E987982FBBD3", "listener/RDP-Tcp nla=true",
		"listener/RDP-Tcp security_layer=TLS", "listener/RDP-Tcp encryption=high",
	}
	if d := cmp.Diff(want, probetest.Texts(readings)); d != "" || err != nil {
		t.Errorf("readings (-want +got), %v:\n%s", err, d)
	}
}

func TestOddAnswers(t *testing.T) {
	readings, err := probetest.Observe(t, rds.Kind, probetest.Altered(t, "testdata/odd.json", rds.Kind), nil)
	for _, want := range []string{
		`no AllowTSConnections, got "wahr"`, `no Logons, got ""`, "no TerminalServerMode", "one of them has no name",
		`no SecurityLayer of "listener/'; $(calc)\n\"x\"", got "hoch"`,
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q in it", err, want)
		}
	}
	want := []string{
		" present=true", " drain=unknown (7)", " licensing=not configured",
		"listener/'; $(calc)\n\"x\" certificate_source=group policy", "listener/'; $(calc)\n\"x\" certificate=AB",
		"listener/'; $(calc)\n\"x\" nla=true", "listener/'; $(calc)\n\"x\" encryption=low",
		"listener/RDP-Tcp certificate_source=self-signed", "listener/RDP-Tcp nla=false",
		"listener/RDP-Tcp security_layer=negotiated", "listener/RDP-Tcp encryption=client compatible",
		"listener/rdp-tcp (2) certificate_source=not valid", "listener/rdp-tcp (2) nla=true",
		"listener/rdp-tcp (2) security_layer=RDP", "listener/rdp-tcp (2) encryption=unknown (9)",
	}
	if d := cmp.Diff(want, probetest.Texts(readings)); d != "" {
		t.Errorf("readings (-want +got):\n%s", d)
	}
}

// Without the namespace there are no such services; a host that has them and
// names no listener has not told all.
func TestWhatIsMissing(t *testing.T) {
	for name, tt := range map[string]struct {
		change probetest.Change
		want   string
		failed string
	}{
		"no such services": {probetest.Change{Of: "TerminalServices", Err: host.ErrNoClass}, " present=false", ""},
		"denied":           {probetest.Change{Of: "TerminalServices", Err: host.ErrDenied}, "", "access denied"},
		"no listener":      {probetest.Change{Of: "Win32_TSGeneralSetting"}, " present=true", "the host named none"},
		"no settings":      {probetest.Change{Of: "Win32_TerminalServiceSetting"}, "listener/RDP-Tcp certificate_source=chosen", "the host named none"},
	} {
		readings, err := probetest.Observe(t, rds.Kind, probetest.Altered(t, healthy, rds.Kind, tt.change), nil)
		if got := append(probetest.Texts(readings), "")[0]; got != tt.want {
			t.Errorf("%s: got %q", name, got)
		}
		if (err != nil) != (tt.failed != "") || err != nil && !strings.Contains(err.Error(), tt.failed) {
			t.Errorf("%s: error %v, want %q", name, err, tt.failed)
		}
		if errors.Is(err, host.ErrDenied) != (name == "denied") {
			t.Errorf("%s: error %v", name, err)
		}
	}
	target := probetest.Altered(t, healthy, rds.Kind)
	readings, err := probetest.Observe(t, rds.Kind, target, map[string]any{"except": []string{"rdp*"}})
	if len(readings) != 6 || err != nil {
		t.Errorf("no listeners wanted: got %v, %v", readings, err)
	}
}

func told(t *testing.T, before, after []probetest.Change) []string {
	t.Helper()
	var seen [2]runnertest.Seen
	for i, changes := range [][]probetest.Change{before, after} {
		seen[i].Readings, seen[i].Err = probetest.Observe(t, rds.Kind,
			probetest.Altered(t, healthy, rds.Kind, changes...), nil)
	}
	return runnertest.Told(t, rds.Kind, "- rds: {}", seen)
}

func setting(column, value string) probetest.Change {
	return probetest.Change{Of: "Win32_TerminalServiceSetting", Column: column, Value: value}
}

func listener(column, value string) probetest.Change {
	return probetest.Change{Of: "Win32_TSGeneralSetting", Column: column, Value: value}
}

func TestNoiseIsSilent(t *testing.T) {
	selfSigned := listener("SSLCertificateSHA1HashType", "1")
	for name, tt := range map[string]struct{ before, after []probetest.Change }{
		"drained until the restart, as it was meant": {[]probetest.Change{setting("SessionBrokerDrainMode", "1")}, nil},
		"the thumbprint in another case": {
			nil, []probetest.Change{listener("SSLCertificateSHA1Hash", "a94a8fe5ccb19ba61c4c0873d391e987982fbbd3")},
		},
		"Windows renewed its own certificate": {
			[]probetest.Change{selfSigned}, []probetest.Change{selfSigned, listener("SSLCertificateSHA1Hash", "00")},
		},
	} {
		if d := cmp.Diff([]string{"passed"}, told(t, tt.before, tt.after)); d != "" {
			t.Errorf("%s: outcome (-want +got):\n%s", name, d)
		}
	}
}

func TestWhatAPatchBreaks(t *testing.T) {
	const thumbprint = "A94A8FE5CCB19BA61C4C0873D391E987982FBBD3"
	for name, tt := range map[string]struct {
		after []probetest.Change
		want  []string
	}{
		"drain mode is left over from the maintenance": {
			[]probetest.Change{setting("SessionBrokerDrainMode", "2")},
			[]string{"regressed failing", "drain: regressed none -> on"},
		},
		"Remote Desktop is switched off": {
			[]probetest.Change{setting("AllowTSConnections", "0")},
			[]string{"regressed failing", "connections_allowed: regressed true -> false"},
		},
		"logons are left disabled": {
			[]probetest.Change{setting("Logons", "1")},
			[]string{"regressed failing", "logons_allowed: regressed true -> false"},
		},
		"the session host is one no more": {
			[]probetest.Change{setting("TerminalServerMode", "0"), setting("LicensingType", "1")},
			[]string{
				"drifted failing", "licensing: drifted per user -> administration",
				"mode: drifted application server -> administration",
			},
		},
		"the certificate fell back to a self-signed one": {
			[]probetest.Change{listener("SSLCertificateSHA1HashType", "1")},
			[]string{
				"drifted failing", "listener/RDP-Tcp certificate: drifted " + thumbprint + " -> ",
				"listener/RDP-Tcp certificate_source: drifted chosen -> self-signed",
			},
		},
		"the certificate is not valid": {
			[]probetest.Change{listener("SSLCertificateSHA1HashType", "0")},
			[]string{"regressed failing", "listener/RDP-Tcp certificate_source: regressed chosen -> not valid"},
		},
		"another certificate": {
			[]probetest.Change{listener("SSLCertificateSHA1Hash", "AB")},
			[]string{"drifted", "listener/RDP-Tcp certificate: drifted " + thumbprint + " -> AB"},
		},
		"users need not sign in first": {
			[]probetest.Change{listener("UserAuthenticationRequired", "0")},
			[]string{"drifted failing", "listener/RDP-Tcp nla: drifted true -> false"},
		},
		"what cannot be read is no pass": {
			[]probetest.Change{{Of: "Win32_TSGeneralSetting", Err: host.ErrDenied}}, []string{"unknown"},
		},
	} {
		if d := cmp.Diff(tt.want, told(t, nil, tt.after)); d != "" {
			t.Errorf("%s: outcome (-want +got):\n%s", name, d)
		}
	}
}
