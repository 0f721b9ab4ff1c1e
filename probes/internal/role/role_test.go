package role_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes/host"
	"postpatch/probes/internal/gather"
	"postpatch/probes/internal/role"
	"postpatch/probes/probetest"
)

func TestState(t *testing.T) {
	other := probetest.Row("Name", "Other", "State", "Stopped")
	for name, tt := range map[string]struct {
		answer      host.Answer
		state, mode string
		known       bool
		readings    []string
	}{
		"it runs": {
			host.Answer{Rows: []host.Row{
				other, probetest.Row("Name", "CLUSSVC", "State", "Running", "StartMode", "Auto"),
			}},
			role.Running, "auto", true,
			[]string{" present=true", " running=true"},
		},
		"it does not run": {
			host.Answer{Rows: []host.Row{probetest.Row("Name", "ClusSvc", "State", "Start Pending")}},
			"start pending", "", true,
			[]string{" present=true", " running=false"},
		},
		"it is not there": {
			host.Answer{Rows: []host.Row{other}}, role.Absent, "", true, []string{" present=false"},
		},
		"it tells no state":   {host.Answer{Rows: []host.Row{probetest.Row("Name", "ClusSvc")}}, "", "", false, nil},
		"it may not be asked": {host.Answer{Err: host.ErrDenied}, "", "", false, nil},
	} {
		var r gather.Reader
		q := role.Question("ClusSvc")
		r.Answers.Put(q, tt.answer)
		state, mode, known := role.State(&r, q, "ClusSvc")
		if _, err := r.Result(); state != tt.state || mode != tt.mode || known != tt.known || (err == nil) != known {
			t.Errorf("%s: got %q, %q, %v, %v", name, state, mode, known, err)
		}
		present := role.Read(&r, "ClusSvc")
		readings, _ := r.Result()
		if d := cmp.Diff(tt.readings, probetest.Texts(readings)); d != "" || present != (len(readings) == 2) {
			t.Errorf("%s: present %v, readings (-want +got):\n%s", name, present, d)
		}
	}
}
