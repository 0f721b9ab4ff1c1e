package device_test

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes"
	"postpatch/probes/device"
	"postpatch/probes/host"
	"postpatch/probes/probetest"
	"postpatch/runner/runnertest"
)

func TestKind(t *testing.T) { probetest.RunRecorded(t, device.Kind, "vm.json", nil) }

func TestObserve(t *testing.T) {
	for name, tt := range map[string]struct {
		file string
		args map[string]any
		want []string
		says string
	}{
		"a virtual server": {
			file: "vm.json",
			want: []string{
				`ACPI\VMW0003\4&205AD762&0 problem=no driver (code 28)`, `ACPI\VMW0003\4&205AD762&0 name=Unknown device`,
				`ROOT\BASICDISPLAY\0000 problem=disabled (code 22)`, `ROOT\BASICDISPLAY\0000 name=Microsoft Basic Display Adapter`,
				` problems=ACPI\VMW0003\4&205AD762&0: no driver (code 28)`, ` disabled=ROOT\BASICDISPLAY\0000`, " not_connected=1",
			},
		},
		"but for some": {
			file: "vm.json", args: map[string]any{"except": []string{"unknown*", `root\*`, "*miniport*"}},
			want: []string{" problems=", " disabled=", " not_connected=0"},
		},
		"odd answers": {
			file: "odd.json",
			want: []string{
				`USB\A'; Remove-Item "x" $(calc) problem=failed to start (code 10)`,
				`USB\A'; Remove-Item "x" $(calc) name=Gerät <script> 2`,
				`PCI\OLD problem=unknown problem (code 99)`, `PCI\OLD name=Altes Gerät`,
				`PCI\UNNAMED problem=stopped after a failure (code 43)`,
			},
			says: "reading the devices: one without a path, or with a problem that is no number",
		},
	} {
		t.Run(name, func(t *testing.T) {
			readings, err := probetest.Load(t, device.Kind, tt.file, nil).Observe(tt.args)
			if fmt.Sprint(err) != fmt.Sprint(map[bool]any{true: nil, false: tt.says}[tt.says == ""]) {
				t.Errorf("error %v, want %q", err, tt.says)
			}
			if d := cmp.Diff(tt.want, probetest.Texts(readings)); d != "" {
				t.Errorf("readings (-want +got):\n%s", d)
			}
		})
	}
}

// broken are devices by path, with the numbers of their problems.
type broken map[string]int

func (b broken) seen(t *testing.T) runnertest.Seen {
	t.Helper()
	probe, err := device.Kind.Build(nil)
	if err != nil {
		t.Fatal(err)
	}
	var rows []host.Row
	for id, code := range b {
		rows = append(rows, host.Row{
			"DeviceID": {Text: id}, "Name": {Text: "A device"}, "ConfigManagerErrorCode": {Text: strconv.Itoa(code)},
		})
	}
	var target probes.Target
	target.Answers.Put(probe.(probes.Asker).Questions()[0], host.Answer{Rows: rows})
	readings, err := probetest.Observe(t, device.Kind, target, nil)
	return runnertest.Seen{Readings: readings, Err: err}
}

func TestWhatAPatchBreaks(t *testing.T) {
	for name, tt := range map[string]struct {
		before, after broken
		want          string
	}{
		"all well":                 {nil, nil, "passed"},
		"broken before":            {broken{"PCI\\1": 28}, broken{"PCI\\1": 28}, "passed"},
		"mended":                   {broken{"PCI\\1": 28}, nil, "passed"},
		"one that is not there":    {nil, broken{"USB\\1": 45}, "passed"},
		"one that is there again":  {broken{"USB\\1": 45}, nil, "passed"},
		"what another check asks":  {nil, broken{"PCI\\1": 0}, "passed"},
		"somebody disabled it":     {nil, broken{"PCI\\1": 22}, "drifted"},
		"its driver fails":         {nil, broken{"PCI\\1": 10}, "drifted failing"},
		"it fails in another way":  {broken{"PCI\\1": 28}, broken{"PCI\\1": 39}, "drifted failing"},
		"another one fails":        {broken{"PCI\\1": 28}, broken{"PCI\\1": 28, "PCI\\2": 52}, "drifted failing"},
		"disabled, and now broken": {broken{"PCI\\1": 22}, broken{"PCI\\1": 37}, "drifted failing"},
	} {
		t.Run(name, func(t *testing.T) {
			got := runnertest.Told(t, device.Kind, "- device: {}", [2]runnertest.Seen{tt.before.seen(t), tt.after.seen(t)})
			if got[0] != tt.want || len(got) == 1 && tt.want != "passed" {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
	fails := [2]runnertest.Seen{broken{}.seen(t), broken{"PCI\\1": 10}.seen(t)}
	got := runnertest.Told(t, device.Kind, "- device: {}", fails)
	want := []string{
		"drifted failing", `problems: drifted  -> PCI\1: failed to start (code 10)`,
		`PCI\1 problem: drifted  -> failed to start (code 10)`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("a driver that fails: got %q, want %q", got, want)
	}
}

func TestADeniedClassIsNoHealth(t *testing.T) {
	probe, err := device.Kind.Build(nil)
	if err != nil {
		t.Fatal(err)
	}
	var target probes.Target
	target.Answers.Put(probe.(probes.Asker).Questions()[0], host.Answer{Err: host.ErrDenied})
	if got, err := probetest.Observe(t, device.Kind, target, nil); len(got) > 0 || !errors.Is(err, host.ErrDenied) {
		t.Errorf("got %v, %v", got, err)
	}
	many := broken{}
	for i := range 201 {
		many[fmt.Sprintf("USB\\%03d", i)] = 10
	}
	if seen := many.seen(t); seen.Err == nil {
		t.Error("201 problems: no error")
	}
	for _, pattern := range []string{"", " * "} {
		var field *probes.FieldError
		if _, err := device.Kind.Build(map[string]any{"except": []string{pattern}}); !errors.As(err, &field) {
			t.Errorf("%q: got %v, want a FieldError", pattern, err)
		}
	}
}

func FuzzAnswers(f *testing.F) {
	probetest.FuzzAnswers(f, device.Kind, nil, "vm.json", "odd.json")
}
