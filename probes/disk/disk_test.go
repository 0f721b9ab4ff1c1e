package disk_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes"
	"postpatch/probes/disk"
	"postpatch/probes/host"
	"postpatch/probes/probetest"
	"postpatch/runner/runnertest"
)

func TestKind(t *testing.T) { probetest.RunRecorded(t, disk.Kind, "fileserver.json", nil) }

func TestObserve(t *testing.T) {
	readings, err := probetest.Load(t, disk.Kind, "fileserver.json", nil).Observe(nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"C: present=true", "C: file_system=NTFS", "C: label=System", "C: volume=07c21702-56c0-4a5a-b75c-1faf4a4c06d7",
		"C: dirty=false", "C: size=136365211648", "C: free=98234507264", "C: free_percent=72",
		// 128 TB, of which 100 times the bytes are more than fits
		"D: present=true", "D: file_system=ReFS", "D: label=Backup", "D: volume=b1f0f2b1-0000-0000-0000-200000000000",
		"D: dirty=false", "D: size=140737488355328", "D: free=1407374883552", "D: free_percent=0",
		`E:\Mounts\Logs present=true`, `E:\Mounts\Logs file_system=NTFS`, `E:\Mounts\Logs label=Logs`,
		`E:\Mounts\Logs volume=5ac0f2b1-0000-0000-0000-100000000000`, `E:\Mounts\Logs dirty=false`,
		`E:\Mounts\Logs size=136365211648`, `E:\Mounts\Logs free=98234507264`, `E:\Mounts\Logs free_percent=72`,
	}
	if d := cmp.Diff(want, probetest.Texts(readings)); d != "" {
		t.Errorf("readings (-want +got):\n%s", d)
	}
}

// One value that is nonsense is named; everything else is there, and nothing is
// made of the names.
func TestOddAnswers(t *testing.T) {
	readings, err := probetest.Load(t, disk.Kind, "odd.json", nil).Observe(nil)
	if err == nil || err.Error() != `reading size of "G:": want a number, got "viel"` {
		t.Errorf("error %v", err)
	}
	want := []string{
		"C: present=true", "C: file_system=NTFS", "C: label=", "C: size=136365211648", "C: free=98234507264",
		"C: free_percent=72", "C: (2) present=true", "C: (2) file_system=NTFS", "C: (2) label=Twin", "C: (2) dirty=false",
		"C: (2) size=136365211648", "C: (2) free=98234507264", "C: (2) free_percent=72",
		"D: present=true", "D: file_system=RAW", "D: label=",
		"G: present=true", "G: file_system=NTFS", "G: label=Größe", "G: dirty=true", "G: free=4096",
		"G:\\a'; $(calc)\n present=true", "G:\\a'; $(calc)\n file_system=NTFS", "G:\\a'; $(calc)\n label=\"quoted\"",
		"G:\\a'; $(calc)\n dirty=false", "G:\\a'; $(calc)\n size=0", "G:\\a'; $(calc)\n free=0",
	}
	if d := cmp.Diff(want, probetest.Texts(readings, "volume")); d != "" {
		t.Errorf("readings (-want +got):\n%s", d)
	}
}

func TestVolumesAreChosen(t *testing.T) {
	for name, tt := range map[string]struct {
		args map[string]any
		want []string
	}{
		"by name": {
			map[string]any{"name": []string{"d", `e:\mounts\LOGS\`, `X:\`}},
			[]string{"D: present=true", `E:\mounts\LOGS present=true`, "X: present=false"},
		},
		"all but some": {
			map[string]any{"except": []string{"C:", `E:\Mounts\logs`, "Q"}},
			[]string{"D: present=true"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			readings, err := probetest.Load(t, disk.Kind, "fileserver.json", nil).Observe(tt.args)
			if err != nil {
				t.Fatal(err)
			}
			got := slices.DeleteFunc(probetest.Texts(readings), func(s string) bool { return !strings.Contains(s, "present") })
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("volumes (-want +got):\n%s", d)
			}
		})
	}
}

func TestParametersAreRefused(t *testing.T) {
	probetest.Refuses(t, disk.Kind, map[string]map[string]any{
		"a word":           {"name": []string{"data"}},
		"nothing":          {"name": []string{" "}},
		"a share":          {"name": []string{`\\fs01\data`}},
		"a relative path":  {"except": []string{`D:data`}},
		"a slash":          {"name": []string{`D:/data`}},
		"twice":            {"name": []string{"D", `d:\`}},
		"except and names": {"name": []string{"D"}, "except": []string{"E"}},
	})
}

// A check that sees no volume has seen nothing: it must not pass.
func TestNoVolumesAreNoAnswer(t *testing.T) {
	question := func() host.Question {
		probe, err := disk.Kind.Build(nil)
		if err != nil {
			t.Fatal(err)
		}
		return probe.(probes.Asker).Questions()[0]
	}()
	for name, rows := range map[string][]host.Row{
		"no rows":            nil,
		"no fixed disk":      {{"DriveLetter": {Text: "F:"}, "DriveType": {Text: "5"}}},
		"nothing with names": {{"DriveType": {Text: "3"}, "DriveLetter": {Null: true}, "Name": {Null: true}}},
	} {
		var answers host.Answers
		answers.Put(question, host.Answer{Rows: rows})
		if got, err := probetest.Observe(t, disk.Kind, probes.Target{Answers: answers}, nil); err == nil {
			t.Errorf("%s: got %v and no error", name, got)
		}
	}
	for _, why := range []error{host.ErrNoClass, host.ErrDenied} {
		readings, err := probetest.Load(t, disk.Kind, "fileserver.json", nil).
			With(probetest.Refuse("Win32_Volume", why)).Observe(nil)
		if len(readings) > 0 || !errors.Is(err, why) {
			t.Errorf("%v: got %v and error %v", why, readings, err)
		}
	}
	all := map[string]any{"except": []string{"C", "D", `E:\Mounts\Logs`}}
	if got, err := probetest.Load(t, disk.Kind, "fileserver.json", nil).Observe(all); err == nil {
		t.Errorf("all left out: got %v and no error", got)
	}
}

// A volume that is not there is one line, whatever the suite expects of it.
func TestAbsentVolumesAreToldOnce(t *testing.T) {
	const volume = "Win32_Volume"
	check := runnertest.Check{
		Kind: disk.Kind, File: "fileserver.json", Args: map[string]any{"name": []string{"X", "D"}},
		Entry: "- disk: [X, D]\n  expect: {file_system: ReFS}",
	}
	check.Tells(t, map[string]runnertest.Story{
		"one of two": {Want: []string{"pre-existing", "X: present: pre-existing false -> false"}},
		"both": {
			Before: []probetest.Change{probetest.Drop(volume, "D:")}, After: []probetest.Change{probetest.Drop(volume, "D:")},
			Want: []string{
				"pre-existing", "D: present: pre-existing false -> false", "X: present: pre-existing false -> false",
			},
		},
		"both now": {
			After: []probetest.Change{probetest.Drop(volume, "D:")},
			Want: []string{
				"regressed failing", "X: present: pre-existing false -> false", "D: present: regressed true -> false",
			},
		},
		"the other one is of another file system": {
			After: []probetest.Change{probetest.Set(volume, "D:", "FileSystem", "NTFS")},
			Want: []string{
				"regressed failing", "X: present: pre-existing false -> false", "D: file_system: regressed ReFS -> NTFS",
			},
		},
	})
}
