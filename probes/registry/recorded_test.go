package registry_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes/host"
	"postpatch/probes/probetest"
	"postpatch/probes/registry"
)

const shop = `HKLM\SOFTWARE\Shop`

// asked are the keys and the values of the recordings.
func asked() map[string]any {
	return map[string]any{
		"key":    []string{version, manager, shop},
		"values": []string{"DisplayVersion", "UBR", "PendingFileRenameOperations"},
	}
}

func TestRecorded(t *testing.T) { probetest.RunRecorded(t, registry.Kind, "server2022.json", asked()) }

func TestRecordings(t *testing.T) {
	const asking = `asking the host registry key=["HKLM\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion"] ` +
		`values=["DisplayVersion" "UBR" "PendingFileRenameOperations"]: `
	missing := []string{
		shop + " exists=false", shop + ": DisplayVersion value=absent", shop + ": UBR value=absent",
		shop + ": PendingFileRenameOperations value=absent",
	}
	for name, tt := range map[string]struct {
		file   string
		change []probetest.Change
		want   []string
		err    string
	}{
		"a server": {
			"server2022.json", nil,
			append([]string{
				version + " exists=true", version + ": DisplayVersion value=21H2", version + ": UBR value=4294",
				version + ": UBR number=4294", version + ": PendingFileRenameOperations value=absent",
				manager + " exists=true", manager + ": DisplayVersion value=absent", manager + ": UBR value=absent",
				manager + `: PendingFileRenameOperations value=\??\C:\Windows\Temp\b.tmp, ""`,
				manager + `: PendingFileRenameOperations elements=, \??\C:\Windows\Temp\b.tmp`,
			}, missing...), "",
		},
		"keys that may not be read": {
			"server2022.json",
			[]probetest.Change{
				probetest.Refuse("Windows NT", host.ErrDenied), probetest.Refuse("Session Manager", host.ErrDenied),
			},
			missing,
			asking + host.ErrDenied.Error(),
		},
		"odd ones": {
			"odd.json", nil,
			[]string{
				manager + " exists=true", manager + ": DisplayVersion value=a'; Remove-Item \"x\"\n$(calc)",
				manager + ": UBR value=absent", manager + ": PendingFileRenameOperations value=",
				manager + ": PendingFileRenameOperations elements=",
				shop + " exists=true", shop + ": DisplayVersion value=1, 2", shop + ": DisplayVersion elements=1, 2",
				shop + ": UBR value=18446744073709551616", shop + ": PendingFileRenameOperations value=",
			},
			asking + "Der angeforderte Registrierungszugriff ist unzulässig.",
		},
	} {
		t.Run(name, func(t *testing.T) {
			readings, err := probetest.Load(t, registry.Kind, tt.file, asked()).With(tt.change...).Observe(asked())
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
	probetest.FuzzAnswers(f, registry.Kind, asked(), "server2022.json", "odd.json")
}
