package pendingreboot_test

import (
	"strings"
	"testing"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/pendingreboot"
	"postpatch/probes/probetest"
)

// FuzzObserve holds that whatever stands in the registry gives every reading
// once or an error, and no list that is too large to keep.
func FuzzObserve(f *testing.F) {
	f.Add("\\??\\C:\\a\n\n\n!\\??\\UNC\\b\\c", "3", "SRV01")
	f.Add("!", "", "")
	f.Add(strings.Repeat("x\n\ny\n\n", 100), "-9223372036854775808", "\x00")
	f.Fuzz(func(t *testing.T, renames, flags, name string) {
		probe, err := pendingreboot.Kind.Build(nil)
		if err != nil {
			t.Fatal(err)
		}
		row := host.Row{
			"PendingFileRenameOperations":  {List: strings.Split(renames, "\n")},
			"PendingFileRenameOperations2": {Text: renames},
			"Flags":                        {Text: flags}, "ComputerName": {Text: name},
		}
		var answers host.Answers
		for _, q := range probe.(probes.Asker).Questions() {
			answers.Put(q, host.Answer{Rows: []host.Row{row}})
		}
		readings, err := probe.Observe(t.Context(), probes.Target{Answers: answers})
		seen := map[fact.Key]bool{}
		for _, r := range readings {
			if seen[r.Key] || len(r.Value.String()) > 64<<10 && r.Key.Name == "file_renames" {
				t.Errorf("reading %v", r.Key)
			}
			seen[r.Key] = true
		}
		if len(seen) != len(pendingreboot.Kind.Readings) && err == nil {
			t.Errorf("%d readings and no error", len(seen))
		}
	})
}

func FuzzAnswers(f *testing.F) {
	probetest.FuzzAnswers(f, pendingreboot.Kind, nil,
		"everything.json", "nothing.json", "odd.json")
}
