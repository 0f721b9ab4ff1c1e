package hyperv_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes/host"
	"postpatch/probes/hyperv"
	"postpatch/probes/probetest"
	"postpatch/runner/runnertest"
)

func healthy() runnertest.Check {
	return runnertest.Check{Kind: hyperv.Kind, File: "healthy.json"}
}

func TestKind(t *testing.T) { probetest.RunRecorded(t, hyperv.Kind, healthy().File, nil) }

func FuzzAnswers(f *testing.F) {
	probetest.FuzzAnswers(f, hyperv.Kind, nil, healthy().File, "odd.json")
}

func observe(t *testing.T, args map[string]any, changes ...probetest.Change) ([]string, error) {
	t.Helper()
	readings, err := probetest.Load(t, hyperv.Kind, healthy().File, nil).With(changes...).Observe(args)
	return probetest.Texts(readings), err
}

func TestObserve(t *testing.T) {
	got, err := observe(t, nil)
	want := []string{
		" present=true", " service=running", " hypervisor=true", " switches=Backup, External",
		"vm/archive state=saved", "vm/archive health=ok",
		"vm/sql01 state=running", "vm/sql01 health=ok", "vm/sql01 replication=normal", "vm/sql01 replication_state=replicating",
		"vm/template state=off", "vm/template health=ok", "vm/web01 state=running", "vm/web01 health=ok", " clustered=",
	}
	if d := cmp.Diff(want, got); d != "" || err != nil {
		t.Errorf("readings (-want +got), %v:\n%s", err, d)
	}
}

// What cannot be read is named, and what a cluster may move is left to it.
func TestOddAnswers(t *testing.T) {
	readings, err := probetest.Load(t, hyperv.Kind, "odd.json", nil).Observe(nil)
	for _, want := range []string{
		"whether a hypervisor runs: the host does not tell", "Msvm_VirtualEthernetSwitch: access denied: Zugriff verweigert",
		"Msvm_ComputerSystem: one of them has no name", `no EnabledState of "vm/'; $(calc)\n\"x\"", got "ein"`, "no HealthState",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q in it", err, want)
		}
	}
	want := []string{
		" present=true", " service=running", "vm/'; $(calc)\n\"x\" replication=warning",
		// of two with one name, the GUID says which is the first
		"vm/Web state=running", "vm/Web health=ok", "vm/Web replication=critical",
		"vm/Web replication_state=unknown (99)",
		"vm/Web (2) state=resuming", "vm/Web (2) health=critical failure", " clustered=Mail",
	}
	if d := cmp.Diff(want, probetest.Texts(readings)); d != "" || !errors.Is(err, host.ErrDenied) {
		t.Errorf("readings (-want +got), %v:\n%s", err, d)
	}
}

var (
	stopped   = probetest.Set("Win32_Service", "vmms", "State", "Stopped")
	noClasses = probetest.Refuse("root/virtualization", host.ErrNoClass)
)

func cluster(state, mode string) probetest.Change {
	return probetest.Add("Win32_Service", "Name", "ClusSvc", "State", state, "StartMode", mode)
}

// What does not run cannot tell more; what is not there tells only that.
func TestNoHyperV(t *testing.T) {
	for name, tt := range map[string]struct {
		changes []probetest.Change
		want    []string
		failed  string
	}{
		"the role is not there": {
			[]probetest.Change{probetest.Drop("Win32_Service", "vmms"), noClasses}, []string{" present=false"}, "",
		},
		"the service is stopped": {
			[]probetest.Change{stopped, noClasses}, []string{" present=true", " service=stopped", " hypervisor=true"}, "",
		},
		"it runs, and tells nothing": {
			[]probetest.Change{noClasses}, []string{" present=true", " service=running", " hypervisor=true"}, "no such class",
		},
		"no machine, not even the host": {
			[]probetest.Change{probetest.Drop("Msvm_ComputerSystem", "")},
			[]string{" present=true", " service=running", " hypervisor=true", " switches=Backup, External"},
			"the host named none",
		},
		"which machines move cannot be read": {
			[]probetest.Change{cluster("Running", "Auto")},
			[]string{" present=true", " service=running", " hypervisor=true", " switches=Backup, External"},
			"which virtual machines a cluster moves: no such class",
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
	if got, err := observe(t, nil, cluster("Stopped", "Disabled")); err != nil || len(got) != 15 {
		t.Errorf("clustering without a cluster: got %q, %v", got, err)
	}
}

func TestExcept(t *testing.T) {
	got, err := observe(t, map[string]any{"except": []string{"WEB*", "sql01", "archive"}})
	want := []string{"vm/template state=off", "vm/template health=ok", " clustered="}
	if d := cmp.Diff(want, got[4:]); d != "" || err != nil {
		t.Errorf("readings (-want +got), %v:\n%s", err, d)
	}
}

func vm(name, column, value string) probetest.Change {
	return probetest.Set("Msvm_ComputerSystem", name, column, value)
}

func moving(names ...string) []probetest.Change {
	changes := []probetest.Change{cluster("Running", "Auto")}
	for _, name := range names {
		changes = append(changes, probetest.Add("MSCluster_ResourceGroup", "Name", name, "GroupType", "111"))
	}
	return changes
}

func TestNoiseIsSilent(t *testing.T) {
	healthy().Passes(t, map[string][]probetest.Change{
		"some rounds of replication were missed": {vm("sql01", "ReplicationHealth", "2")},
		"a new switch":                           {probetest.Add("Msvm_VirtualEthernetSwitch", "ElementName", "New")},
	})
	for _, group := range []string{"web01", "WEB01", "SCVMM web01 Resources", "scvmm Web01 resources"} {
		healthy().Tells(t, map[string]runnertest.Story{
			"a machine of the cluster is on another node, as " + group: {
				Before: moving(group), After: append(moving(group), probetest.Drop("Msvm_ComputerSystem", "web01")),
				Want: []string{"passed"},
			},
		})
	}
	const another = "SCVMM web011 Resources"
	healthy().Tells(t, map[string]runnertest.Story{
		"the group of another machine": {
			Before: moving(another), After: append(moving(another), probetest.Drop("Msvm_ComputerSystem", "web01")),
			Want: []string{
				"regressed failing", "vm/web01: drifted there -> gone", "vm/web01 health: regressed ok -> ",
				"vm/web01 state: regressed running -> ",
			},
		},
	})
}

func TestWhatAPatchBreaks(t *testing.T) {
	healthy().Tells(t, map[string]runnertest.Story{
		"the hypervisor does not start": { // S01 of the corpus
			After: []probetest.Change{
				probetest.Set("HypervisorPresent", "", "HypervisorPresent", "false"),
				vm("web01", "EnabledState", "3"), vm("sql01", "EnabledState", "3"),
			},
			Want: []string{
				"regressed failing", "hypervisor: regressed true -> false",
				"vm/sql01 state: regressed running -> off", "vm/web01 state: regressed running -> off",
			},
		},
		"the management service does not start": {
			After: []probetest.Change{stopped, noClasses},
			Want:  []string{"regressed failing", "service: regressed running -> stopped"},
		},
		"a machine is left saved": {
			After: []probetest.Change{vm("web01", "EnabledState", "32769")},
			Want:  []string{"regressed failing", "vm/web01 state: regressed running -> saved"},
		},
		"a machine is gone": {
			After: []probetest.Change{probetest.Drop("Msvm_ComputerSystem", "web01")},
			Want: []string{
				"regressed failing", "vm/web01: drifted there -> gone", "vm/web01 health: regressed ok -> ",
				"vm/web01 state: regressed running -> ",
			},
		},
		"a machine that was off runs": {
			After: []probetest.Change{vm("template", "EnabledState", "2")},
			Want:  []string{"drifted", "vm/template state: drifted off -> running"},
		},
		"a disk below a machine is full": {
			After: []probetest.Change{vm("web01", "HealthState", "25"), vm("web01", "EnabledState", "9")},
			Want: []string{
				"regressed failing", "vm/web01 health: regressed ok -> critical failure",
				"vm/web01 state: regressed running -> paused",
			},
		},
		"replication broke": {
			After: []probetest.Change{vm("sql01", "ReplicationHealth", "3"), vm("sql01", "ReplicationState", "8")},
			Want:  []string{"regressed failing", "vm/sql01 replication: regressed normal -> critical"},
		},
		"a switch is lost": {
			After: []probetest.Change{probetest.Drop("Msvm_VirtualEthernetSwitch", "External")},
			Want:  []string{"drifted failing", "switches: drifted Backup, External -> Backup"},
		},
		"what cannot be read is no pass": {
			After: []probetest.Change{probetest.Refuse("Msvm_ComputerSystem", host.ErrDenied)}, Want: []string{"unknown"},
		},
	})
}
