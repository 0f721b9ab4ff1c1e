package printer_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes/host"
	"postpatch/probes/printer"
	"postpatch/probes/probetest"
	"postpatch/runner/runnertest"
)

func healthy() runnertest.Check {
	return runnertest.Check{Kind: printer.Kind, File: "print-server.json"}
}

func TestKind(t *testing.T) { probetest.RunRecorded(t, printer.Kind, healthy().File, nil) }

func FuzzAnswers(f *testing.F) {
	probetest.FuzzAnswers(f, printer.Kind, nil, healthy().File, "odd.json")
}

func observe(t *testing.T, args map[string]any, changes ...probetest.Change) ([]string, error) {
	t.Helper()
	readings, err := probetest.Load(t, printer.Kind, healthy().File, nil).With(changes...).Observe(args)
	return probetest.Texts(readings), err
}

func TestObserve(t *testing.T) {
	got, err := observe(t, nil)
	want := []string{
		" spooler=running", " rpc_privacy=default",
		"printer/Floor 2 driver=HP Universal Printing PCL 6", "printer/Floor 2 port=WSD", "printer/Floor 2 shared=true",
		"printer/Floor 2 share_name=Floor2", "printer/Floor 2 paused=false", "printer/Floor 2 state=offline",
		"printer/Labels driver=ZDesigner ZT410", "printer/Labels port=10.20.0.90", "printer/Labels shared=true",
		"printer/Labels share_name=LABELS", "printer/Labels paused=false", "printer/Labels state=idle",
		"printer/Microsoft Print to PDF driver=Microsoft Print To PDF", "printer/Microsoft Print to PDF port=PORTPROMPT:",
		"printer/Microsoft Print to PDF shared=false", "printer/Microsoft Print to PDF paused=false",
		"printer/Microsoft Print to PDF state=unknown",
		"driver/HP Universal Printing PCL 6 environment=Windows x64", "driver/HP Universal Printing PCL 6 version=61.271.4.1",
		"driver/HP Universal Printing PCL 6 for Windows NT x86 environment=Windows NT x86",
		"driver/HP Universal Printing PCL 6 for Windows NT x86 version=61.271.4.1",
		"driver/Microsoft Print To PDF environment=Windows x64", "driver/Microsoft Print To PDF version=10.0.20348.1",
		"driver/ZDesigner ZT410 environment=Windows x64", "driver/ZDesigner ZT410 version=8.1.3.0",
	}
	if d := cmp.Diff(want, got); d != "" || err != nil {
		t.Errorf("readings (-want +got), %v:\n%s", err, d)
	}
	got, err = observe(t, map[string]any{"drivers": false, "except": []string{"micro*", "floor 2"}})
	if len(got) != 8 || err != nil || !strings.HasPrefix(got[2], "printer/Labels ") {
		t.Errorf("one queue and no drivers: got %q, %v", got, err)
	}
}

func TestOddAnswers(t *testing.T) {
	readings, err := probetest.Load(t, printer.Kind, "odd.json", nil).Observe(nil)
	for _, want := range []string{
		`the registry key Print: RpcAuthnLevelPrivacyEnabled: want a number, got "an"`, "MSFT_PrinterDriver: no such class",
		"one of them has no name", `no DriverName of "printer/drucker (2)", got ""`, `no PortName of "printer/drucker (2)"`,
		`no Shared of "printer/drucker (2)", got "wahr"`,
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q in it", err, want)
		}
	}
	want := []string{
		" spooler=running",
		"printer/'; $(calc)\n\"x\" driver=WSD-driver", "printer/'; $(calc)\n\"x\" port=TS", "printer/'; $(calc)\n\"x\" shared=false",
		"printer/'; $(calc)\n\"x\" paused=true", "printer/'; $(calc)\n\"x\" state=paused",
		"printer/Drucker driver=Größe", "printer/Drucker port=TSx", "printer/Drucker shared=true", "printer/Drucker paused=true",
		"printer/Drucker state=paused", "printer/drucker (2) paused=false", "printer/drucker (2) state=unknown (99)",
	}
	if d := cmp.Diff(want, probetest.Texts(readings)); d != "" {
		t.Errorf("readings (-want +got):\n%s", d)
	}
}

// Without a spooler nothing is told of queues, which would seem gone.
func TestNoSpooler(t *testing.T) {
	for name, tt := range map[string]struct {
		changes []probetest.Change
		want    []string
		failed  string
	}{
		"it is stopped": {
			[]probetest.Change{spooler("Stopped"), probetest.Drop("Win32_Printer", "")},
			[]string{" spooler=stopped", " rpc_privacy=default"},
			"",
		},
		"it is not there": {
			[]probetest.Change{probetest.Drop("Win32_Service", "")}, []string{" spooler=absent", " rpc_privacy=default"}, "",
		},
		"it may not be asked": {
			[]probetest.Change{probetest.Refuse("Win32_Service", host.ErrDenied)},
			[]string{" rpc_privacy=default"},
			"access denied",
		},
		"no registry": {
			[]probetest.Change{spooler("Stopped"), probetest.Refuse("Control", errors.New("no PowerShell"))},
			[]string{" spooler=stopped"},
			"the registry key Print: no PowerShell",
		},
		"no such key": {
			[]probetest.Change{spooler("Stopped"), probetest.Drop("Control", "")},
			[]string{" spooler=stopped"},
			"the host named none",
		},
	} {
		got, err := observe(t, nil, tt.changes...)
		if d := cmp.Diff(tt.want, got); d != "" {
			t.Errorf("%s: readings (-want +got):\n%s", name, d)
		}
		if (err != nil) != (tt.failed != "") || err != nil && !strings.Contains(err.Error(), tt.failed) {
			t.Errorf("%s: error %v, want %q", name, err, tt.failed)
		}
	}
}

func spooler(state string) probetest.Change {
	return probetest.Set("Win32_Service", "", "State", state)
}

func queue(name, column, value string) probetest.Change {
	return probetest.Set("Win32_Printer", name, column, value)
}

func privacy(value string) probetest.Change {
	return probetest.Set("Control", "", "RpcAuthnLevelPrivacyEnabled", value)
}

func TestNoiseIsSilent(t *testing.T) {
	for name, after := range map[string][]probetest.Change{
		"a printer woke up, another sleeps": {
			queue("Floor 2", "ExtendedPrinterStatus", "3"), queue("Floor 2", "WorkOffline", "false"),
			queue("Labels", "ExtendedPrinterStatus", "7"), queue("Labels", "PrinterState", "128"),
		},
		"Windows found a device anew":                {queue("Floor 2", "PortName", "WSD-00000000-1111-2222-3333-444455556666")},
		"another session brought its printers along": {queue("TS004", "Name", "Laser (redirected 17)"), queue("TS004", "PortName", "TS012")},
		"nobody's session":                           {probetest.Drop("Win32_Printer", "TS004")},
		"the patch brought Windows' own driver": {
			probetest.Set("MSFT_PrinterDriver", "Microsoft Print To PDF", "DriverVersion", "2814751100633099"),
		},
		"names in another case": {queue("Labels", "ShareName", "labels"), queue("Labels", "DriverName", "zdesigner zt410")},
	} {
		if d := cmp.Diff([]string{"passed"}, removeNotes(healthy().Told(t, runnertest.Story{After: after}))); d != "" {
			t.Errorf("%s: outcome (-want +got):\n%s", name, d)
		}
	}
}

// removeNotes takes a drift of which no finding is more than a note for passed:
// it fails nothing and is shown on demand.
func removeNotes(told []string) []string {
	if len(told) == 1 && told[0] == "drifted" {
		return []string{"passed"}
	}
	return told
}

func TestWhatAPatchBreaks(t *testing.T) {
	healthy().Tells(t, map[string]runnertest.Story{
		"the spooler does not start": {
			After: []probetest.Change{spooler("Stopped"), probetest.Drop("Win32_Printer", "")},
			Want:  []string{"regressed failing", "spooler: regressed running -> stopped"},
		},
		"the hardening is switched off": { // S12 of the corpus, and its workaround
			After: []probetest.Change{privacy("0")},
			Want:  []string{"drifted", "rpc_privacy: drifted default -> off"},
		},
		"the hardening is enforced again": {
			Before: []probetest.Change{privacy("0")},
			After:  []probetest.Change{privacy("1")},
			Want:   []string{"drifted", "rpc_privacy: drifted off -> on"},
		},
		"a queue is gone": {
			After: []probetest.Change{probetest.Drop("Win32_Printer", "Labels")},
			Want:  []string{"drifted failing", "printer/Labels: drifted there -> gone"},
		},
		"a queue fell back to another driver": {
			After: []probetest.Change{queue("Labels", "DriverName", "Generic / Text Only")},
			Want:  []string{"drifted failing", "printer/Labels driver: drifted ZDesigner ZT410 -> Generic / Text Only"},
		},
		"a queue lost its port": {
			After: []probetest.Change{queue("Labels", "PortName", "LPT1:")},
			Want:  []string{"drifted", "printer/Labels port: drifted 10.20.0.90 -> LPT1:"},
		},
		"a queue is shared no more": {
			After: []probetest.Change{queue("Labels", "Shared", "false")},
			Want: []string{
				"drifted failing", "printer/Labels share_name: drifted LABELS -> ", "printer/Labels shared: drifted true -> false",
			},
		},
		"a queue is left paused": {
			After: []probetest.Change{queue("Labels", "ExtendedPrinterStatus", "8")},
			Want:  []string{"regressed failing", "printer/Labels paused: regressed false -> true"},
		},
		"a driver is gone": {
			After: []probetest.Change{probetest.Drop("MSFT_PrinterDriver", "ZDesigner ZT410")},
			Want:  []string{"drifted", "driver/ZDesigner ZT410: drifted there -> gone"},
		},
		"what cannot be read is no pass": {
			After: []probetest.Change{probetest.Refuse("Win32_Printer", host.ErrDenied)}, Want: []string{"unknown"},
		},
	})
}
