package rds_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes/host"
	"postpatch/probes/probetest"
	"postpatch/probes/rds"
	"postpatch/runner/runnertest"
)

func healthy() runnertest.Check {
	return runnertest.Check{Kind: rds.Kind, File: "session-host.json"}
}

func TestKind(t *testing.T) { probetest.RunRecorded(t, rds.Kind, healthy().File, nil) }

func FuzzAnswers(f *testing.F) {
	probetest.FuzzAnswers(f, rds.Kind, nil, healthy().File, "odd.json")
}

func TestObserve(t *testing.T) {
	readings, err := probetest.Load(t, rds.Kind, healthy().File, nil).Observe(nil)
	want := []string{
		" service=running", " present=true", " connections_allowed=true", " logons_allowed=true", " drain=none", " mode=application server",
		" licensing=per user", "listener/RDP-Tcp certificate_source=chosen",
		"listener/RDP-Tcp certificate=A94A8FE5CCB19BA61C4C0873D391E987982FBBD3", "listener/RDP-Tcp nla=true",
		"listener/RDP-Tcp security_layer=TLS", "listener/RDP-Tcp encryption=high",
	}
	if d := cmp.Diff(want, probetest.Texts(readings)); d != "" || err != nil {
		t.Errorf("readings (-want +got), %v:\n%s", err, d)
	}
}

func TestOddAnswers(t *testing.T) {
	readings, err := probetest.Load(t, rds.Kind, "odd.json", nil).Observe(nil)
	for _, want := range []string{
		`no AllowTSConnections, got "wahr"`, `no Logons, got ""`, "no TerminalServerMode", "one of them has no name",
		`no SecurityLayer of "listener/'; $(calc)\n\"x\"", got "hoch"`,
		"the service TermService: the host tells no state",
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
		"no such services": {probetest.Refuse("TerminalServices", host.ErrNoClass), " present=false", ""},
		"denied":           {probetest.Refuse("TerminalServices", host.ErrDenied), " service=running", "access denied"},
		"no listener":      {probetest.Drop("Win32_TSGeneralSetting", ""), " service=running", "the host named none"},
		"no settings":      {probetest.Drop("Win32_TerminalServiceSetting", ""), " service=running", "the host named none"},
		"no service":       {probetest.Drop("Win32_Service", ""), " service=absent", ""},
		"service denied":   {probetest.Refuse("Win32_Service", errors.New("denied")), " present=true", "the service TermService: denied"},
	} {
		readings, err := probetest.Load(t, rds.Kind, healthy().File, nil).With(tt.change).Observe(nil)
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
	readings, err := probetest.Load(t, rds.Kind, healthy().File, nil).Observe(map[string]any{"except": []string{"rdp*"}})
	if len(readings) != 7 || err != nil {
		t.Errorf("no listeners wanted: got %v, %v", readings, err)
	}
}

func setting(column, value string) probetest.Change {
	return probetest.Set("Win32_TerminalServiceSetting", "", column, value)
}

func listener(column, value string) probetest.Change {
	return probetest.Set("Win32_TSGeneralSetting", "", column, value)
}

func TestNoiseIsSilent(t *testing.T) {
	selfSigned := listener("SSLCertificateSHA1HashType", "1")
	healthy().Passes(t, map[string][]probetest.Change{
		"the thumbprint in another case": {listener("SSLCertificateSHA1Hash", "a94a8fe5ccb19ba61c4c0873d391e987982fbbd3")},
	})
	healthy().Tells(t, map[string]runnertest.Story{
		"drained until the restart, as it was meant": {
			Before: []probetest.Change{setting("SessionBrokerDrainMode", "1")}, Want: []string{"passed"},
		},
		"Windows renewed its own certificate": {
			Before: []probetest.Change{selfSigned},
			After:  []probetest.Change{selfSigned, listener("SSLCertificateSHA1Hash", "00")},
			Want:   []string{"passed"},
		},
	})
}

func TestWhatAPatchBreaks(t *testing.T) {
	const thumbprint = "A94A8FE5CCB19BA61C4C0873D391E987982FBBD3"
	healthy().Tells(t, map[string]runnertest.Story{
		"drain mode is left over from the maintenance": {
			After: []probetest.Change{setting("SessionBrokerDrainMode", "2")},
			Want:  []string{"regressed failing", "drain: regressed none -> on"},
		},
		"Remote Desktop is switched off": {
			After: []probetest.Change{setting("AllowTSConnections", "0")},
			Want:  []string{"regressed failing", "connections_allowed: regressed true -> false"},
		},
		"logons are left disabled": {
			After: []probetest.Change{setting("Logons", "1")},
			Want:  []string{"regressed failing", "logons_allowed: regressed true -> false"},
		},
		"the session host is one no more": {
			After: []probetest.Change{setting("TerminalServerMode", "0"), setting("LicensingType", "1")},
			Want: []string{
				"drifted failing", "licensing: drifted per user -> administration",
				"mode: drifted application server -> administration",
			},
		},
		"the certificate fell back to a self-signed one": {
			After: []probetest.Change{listener("SSLCertificateSHA1HashType", "1")},
			Want: []string{
				"drifted failing", "listener/RDP-Tcp certificate: drifted " + thumbprint + " -> ",
				"listener/RDP-Tcp certificate_source: drifted chosen -> self-signed",
			},
		},
		"the certificate is not valid": {
			After: []probetest.Change{listener("SSLCertificateSHA1HashType", "0")},
			Want:  []string{"regressed failing", "listener/RDP-Tcp certificate_source: regressed chosen -> not valid"},
		},
		"its service does not run": {
			After: []probetest.Change{probetest.Set("Win32_Service", "TermService", "State", "Stopped")},
			Want:  []string{"regressed failing", "service: regressed running -> stopped"},
		},
		"nor tells of its listeners": {
			After: []probetest.Change{
				probetest.Set("Win32_Service", "TermService", "State", "Stopped"), probetest.Drop("Win32_TSGeneralSetting", ""),
			},
			Want: []string{"regressed failing", "service: regressed running -> stopped"},
		},
		"it did not run before either": {
			Before: []probetest.Change{probetest.Set("Win32_Service", "TermService", "State", "Stopped")},
			After:  []probetest.Change{probetest.Set("Win32_Service", "TermService", "State", "Stopped")},
			Want:   []string{"passed"},
		},
		"another certificate": {
			After: []probetest.Change{listener("SSLCertificateSHA1Hash", "AB")},
			Want:  []string{"drifted", "listener/RDP-Tcp certificate: drifted " + thumbprint + " -> AB"},
		},
		"users need not sign in first": {
			After: []probetest.Change{listener("UserAuthenticationRequired", "0")},
			Want:  []string{"drifted failing", "listener/RDP-Tcp nla: drifted true -> false"},
		},
		"what cannot be read is no pass": {
			After: []probetest.Change{probetest.Refuse("Win32_TSGeneralSetting", host.ErrDenied)}, Want: []string{"unknown"},
		},
	})
}
