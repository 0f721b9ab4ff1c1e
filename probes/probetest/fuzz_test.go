package probetest

import (
	"testing"

	"postpatch/probes/host"
)

func TestSpoiledChangesACopyAlone(t *testing.T) {
	question := host.WQL{Class: "A", Columns: []string{"Name"}}
	recorded := []exchange{{question, host.Answer{Rows: []host.Row{{"Name": {Text: "a"}}, {"Name": {Text: "b"}}}}}}
	for how := range uint16(40) {
		got := spoiled(recorded, [2]uint16{how, 1}, "x")[0].answer.Rows
		if want := map[uint16]int{1: 3, 2: 1}[how/5%4]; want != 0 && len(got) != want {
			t.Errorf("%d: %d rows, want %d", how, len(got), want)
		}
		if how/5%4 != 2 && got[1].Get("Name").Text == "b" {
			t.Errorf("%d: the cell is as it was", how)
		}
		if recorded[0].answer.Rows[1].Get("Name").Text != "b" || len(recorded[0].answer.Rows) != 2 {
			t.Fatalf("%d: the recording has changed", how)
		}
	}
	if got := spoiled([]exchange{{question, host.Answer{}}}, [2]uint16{1, 1}, "x"); len(got) != 1 {
		t.Errorf("nothing to spoil: got %v", got)
	}
}
