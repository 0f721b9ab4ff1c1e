package disk_test

import (
	"strings"
	"testing"

	"postpatch/probes"
	"postpatch/probes/disk"
	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/probetest"
)

// FuzzObserve holds that whatever a host answers gives readings with values that
// a volume can have, each once, or an error.
func FuzzObserve(f *testing.F) {
	f.Add(`C:\`, "C:", "100", "50", `\\?\Volume{a}\`)
	f.Add(`\\?\Volume{a}\`, "", "-1", "9223372036854775807", "}{")
	f.Add("", `\`, "0", "1e9", "")
	f.Fuzz(func(t *testing.T, name, letter, size, free, id string) {
		probe, err := disk.Kind.Build(nil)
		if err != nil {
			t.Fatal(err)
		}
		row := host.Row{
			"DriveType": {Text: "3"}, "Name": {Text: name}, "DriveLetter": {Text: letter}, "Capacity": {Text: size},
			"FreeSpace": {Text: free}, "DeviceID": {Text: id},
		}
		var answers host.Answers
		answers.Put(probe.(probes.Asker).Questions()[0], host.Answer{Rows: []host.Row{row, row}})
		readings, err := probe.Observe(t.Context(), probes.Target{Answers: answers})
		if len(readings) == 0 && err == nil {
			t.Error("no readings and no error")
		}
		seen := map[fact.Key]bool{}
		for _, r := range readings {
			n, isInt := r.Value.(fact.Int)
			if seen[r.Key] || isInt && n < 0 || strings.HasPrefix(r.Key.Item, `\\?\`) {
				t.Errorf("reading %v", r)
			}
			seen[r.Key] = true
		}
	})
}

func FuzzAnswers(f *testing.F) {
	probetest.FuzzAnswers(f, disk.Kind, nil, "fileserver.json", "odd.json")
}
