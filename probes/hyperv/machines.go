package hyperv

import (
	"strings"

	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/internal/gather"
	"postpatch/probes/internal/named"
	"postpatch/probes/internal/role"
	"postpatch/probes/internal/winsvc"
)

func (p probe) readMachines(r *gather.Reader) {
	const what = "Msvm_ComputerSystem"
	// The host itself is an instance too: none at all is an answer cut off.
	rows, ok := r.Some(what, machines())
	moving, known := clustered(r)
	if !ok || !known {
		return
	}
	var guests []host.Row
	for _, row := range rows {
		if isGUID(gather.Text(row, "Name")) {
			guests = append(guests, row)
		}
	}
	var left []string
	naming := named.Naming{Prefix: "vm/", Name: named.Column("ElementName"), Tie: "Name", Except: p.Except}
	for _, vm := range named.Rows(r, what, guests, naming) {
		if moving[groupOf(vm.Name)] || moving[groupOf("SCVMM "+vm.Name+" Resources")] {
			left = append(left, vm.Name)
			continue
		}
		readMachine(r, vm)
	}
	r.Add("", "clustered", fact.SetOf(left...))
}

func readMachine(r *gather.Reader, vm named.Row) {
	if state, known := named.Word(r, vm, "EnabledState", states()); known {
		r.Add(vm.Item, "state", fact.Text(state))
	}
	health, known := named.Word(r, vm, "HealthState",
		map[int64]string{5: "ok", 20: "major failure", 25: "critical failure"})
	if known {
		r.Add(vm.Item, "health", fact.Text(health))
	}
	if n, known := gather.Number(vm.Row, "ReplicationHealth"); !known || n == 0 {
		return // it is not replicated
	}
	replication, known := named.Word(r, vm, "ReplicationHealth",
		map[int64]string{1: "normal", 2: "warning", 3: "critical"})
	if known {
		r.Add(vm.Item, "replication", fact.Text(replication))
	}
	if vm.Get("ReplicationState").Null {
		return
	}
	if state, known := named.Word(r, vm, "ReplicationState", replicationStates()); known {
		r.Add(vm.Item, "replication_state", fact.Text(state))
	}
}

// states are the words for EnabledState. Those from 32768 on are of the cluster's
// property VmState, which mirrors it.
func states() map[int64]string {
	return map[int64]string{
		0: "unknown", 2: "running", 3: "off", 4: "shutting down", 6: "saved", 9: "paused", 10: "starting",
		32768: "paused", 32769: "saved", 32770: "starting", 32773: "saving", 32774: "stopping",
		32776: "pausing", 32777: "resuming",
	}
}

func replicationStates() map[int64]string {
	return map[int64]string{
		0: "disabled", 1: "ready", 2: "waiting for the first replication", 3: "replicating", 4: "failover is complete",
		5: "recovered", 6: "committed", 7: "suspended", 8: "critical", 9: "waiting to be synchronized",
		10: "resynchronizing", 11: "resynchronization suspended", 12: "failover in progress",
		13: "failback in progress", 14: "failback is complete",
	}
}

// groupOf is a group's name in one form. A cluster calls the group of a virtual machine
// as the machine was called when it was put into the cluster; System Center Virtual
// Machine Manager writes "SCVMM web01 Resources". By the machine's ID no query tells
// which group is whose: a resource has it only inside of its PrivateProperties.
func groupOf(name string) string { return strings.ToLower(name) }

// clustered names the groups of a cluster, as groupOf does, that are virtual machines.
// The Cluster service is disabled where clustering is installed and no cluster was made;
// its classes have nothing to tell then.
func clustered(r *gather.Reader) (names map[string]bool, known bool) {
	const virtualMachine = 111 // of GroupType
	const what = "which virtual machines a cluster moves"
	state, mode, known := role.State(r, winsvc.Question(clusterService), clusterService)
	if !known || state == role.Absent || state != role.Running && mode == "disabled" {
		return nil, known
	}
	rows, ok := r.Rows(what, clusterGroups())
	names = map[string]bool{}
	for _, row := range rows {
		if kind, known := gather.Number(row, "GroupType"); known && kind == virtualMachine {
			names[groupOf(gather.Text(row, "Name"))] = true
		}
	}
	return names, ok
}

// isGUID tells a virtual machine by its name: the host's own is its NetBIOS name,
// which is shorter. Descriptions would be in the host's language.
func isGUID(s string) bool {
	return len(s) == 36 && strings.Count(s, "-") == 4 && strings.Trim(strings.ToLower(s), "0123456789abcdef-") == ""
}
