package lab_test

import (
	"errors"
	"testing"

	"postpatch/probes/host"
)

const refusing = `
estate: lab-refusal-test
hosts:
  ex01.corp.test:
    winrm: {user: 'CORP\probe', password: pw, plain: true}
    wmi: {'root/MSCluster:MSCluster_Node': [{Name: N1, State: 0}], 'root/ccm:CCM_Client': [{Name: C1}]}
    collectors:
      tasks: [{Name: all}]
      tasks folder=["\\Acme"]: [{Name: acme}]
      drivers: []
    refuses: {'root\ccm': '', drivers: Der RPC-Server ist nicht verfügbar.}
`

// What a host does not have, and what the account may not ask, are told apart
// from any other error by both ways in which a host is asked; the other questions
// are answered.
func TestWhatIsMissingAndWhatIsRefused(t *testing.T) {
	node := host.WQL{Namespace: "root/MSCluster", Class: "MSCluster_Node", Columns: []string{"Name"}}
	class := host.WQL{Namespace: "root/MSCluster", Class: "MSCluster_Group", Columns: []string{"Name"}}
	space := host.WQL{Namespace: "root/virtualization/v2", Class: "Msvm_ComputerSystem", Columns: []string{"Name"}}
	ccm := host.WQL{Namespace: "root/ccm", Class: "CCM_Client", Columns: []string{"Name"}}
	drivers := host.Collector{Name: "drivers"}
	acme := host.Collector{Name: "tasks", Args: map[string][]string{"folder": {`\Acme`}}}
	other := host.Collector{Name: "tasks", Args: map[string][]string{"folder": {`\Other`}}}
	l := start(t, refusing)
	queries, err := open(t, l, false).Ask(t.Context(), []host.Question{node, space, ccm})
	if err != nil {
		t.Fatal(err)
	}
	script, err := open(t, l, false).Ask(t.Context(), []host.Question{node, class, space, ccm, drivers, acme, other})
	if err != nil {
		t.Fatal(err)
	}
	for _, answers := range []host.Answers{queries, script} {
		if rows, err := answers.To(node); err != nil || len(rows) != 1 {
			t.Errorf("got %v, %v", rows, err)
		}
		if _, err := answers.To(space); !errors.Is(err, host.ErrNoClass) || errors.Is(err, host.ErrDenied) {
			t.Errorf("a missing namespace: got %v", err)
		}
		if _, err := answers.To(ccm); !errors.Is(err, host.ErrDenied) || errors.Is(err, host.ErrNoClass) {
			t.Errorf("a namespace that is closed: got %v", err)
		}
	}
	if _, err := script.To(class); !errors.Is(err, host.ErrNoClass) {
		t.Errorf("a missing class: got %v", err)
	}
	if _, err := script.To(drivers); err == nil || errors.Is(err, host.ErrNoClass) || errors.Is(err, host.ErrDenied) {
		t.Errorf("a collector that fails: got %v", err)
	}
	for q, want := range map[*host.Collector]string{&acme: "acme", &other: "all"} {
		if rows, err := script.To(*q); err != nil || len(rows) != 1 || rows[0].Get("Name").Text != want {
			t.Errorf("%s: got %v, %v", q, rows, err)
		}
	}
}
