package cim_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes/cim"
	"postpatch/probes/host"
	"postpatch/probes/probetest"
)

func recordedArgs() map[string]any {
	return shareArgs("columns", []string{"Path", "Type", "Description"})
}

func TestRecorded(t *testing.T) { probetest.RunRecorded(t, cim.Kind, "shares.json", recordedArgs()) }

func TestRecordings(t *testing.T) {
	const script = "a'; Remove-Item \"x\"\n$(calc)"
	const asking = "asking the host root/cimv2: SELECT Name,Path,Type,Description FROM Win32_Share: "
	for name, tt := range map[string]struct {
		file   string
		change []probetest.Change
		want   []string
		err    string
	}{
		"a file server": {"shares.json", nil, []string{
			" count=3",
			"ADMIN$ present=true", `ADMIN$/Path value=C:\Windows`, "ADMIN$/Type value=2147483648",
			"ADMIN$/Type number=2147483648", "ADMIN$/Description value=Remote Admin",
			"IPC$ present=true", "IPC$/Path value=null", "IPC$/Type value=2147483651", "IPC$/Type number=2147483651",
			"IPC$/Description value=Remote IPC",
			"Scans present=true", `Scans/Path value=D:\Scans`, "Scans/Type value=0", "Scans/Type number=0",
			"Scans/Description value=",
		}, ""},
		"odd ones": {"odd.json", nil, []string{
			" count=2", "Größe present=true", `Größe/Path value=D:\b, D:\c`, "Größe/Type value=null",
			"Größe/Description value=null",
			script + " present=true", script + `/Path value=D:\a`, script + "/Type value=viel",
			script + "/Description value=null",
		}, ""},
		"no such class": {
			"shares.json",
			[]probetest.Change{probetest.Refuse("Win32_Share", host.ErrNoClass)},
			nil,
			asking + host.ErrNoClass.Error(),
		},
		"denied": {
			"shares.json",
			[]probetest.Change{probetest.Refuse("Win32_Share", host.ErrDenied)},
			nil,
			asking + host.ErrDenied.Error(),
		},
		"none is left": {"shares.json", []probetest.Change{probetest.Drop("Win32_Share", "")}, []string{" count=0"}, ""},
		"no key": {
			"shares.json",
			[]probetest.Change{probetest.Null("Win32_Share", "Scans", "Name")},
			nil,
			"reading Win32_Share: an instance has no Name: choose a key that each one has, or leave it out by where",
		},
	} {
		t.Run(name, func(t *testing.T) {
			readings, err := probetest.Load(t, cim.Kind, tt.file, recordedArgs()).With(tt.change...).Observe(recordedArgs())
			if d := cmp.Diff(tt.want, probetest.Texts(readings)); d != "" {
				t.Errorf("readings (-want +got):\n%s", d)
			}
			if d := cmp.Diff(tt.err, probetest.Words(err)); d != "" {
				t.Errorf("error (-want +got):\n%s", d)
			}
		})
	}
}

func FuzzAnswers(f *testing.F) {
	probetest.FuzzAnswers(f, cim.Kind, recordedArgs(), "shares.json", "odd.json")
}
