// Package hyperv observes a Windows host as a Hyper-V server: its hypervisor and
// its virtual machines.
package hyperv

import (
	"context"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/internal/gather"
	"postpatch/probes/internal/named"
	"postpatch/probes/internal/note"
	"postpatch/probes/internal/role"
	"postpatch/probes/internal/winsvc"
)

// Kind is what a suite calls "hyperv". Machines that a cluster may move to
// another host are left to the kind cluster: here they would seem gone after
// every maintenance.
var Kind = probes.Define(probes.Kind{
	Name:    "hyperv",
	Doc:     "Hyper-V: does the hypervisor run, do the virtual machines run that ran before, are they replicated.",
	Item:    "vm/ and the virtual machine's name; empty for the host",
	Items:   probes.AnyCase,
	Main:    "except",
	Settles: "cluster",
	Example: "- hyperv: {}\n" +
		"  why: what ran before the patch has to run after it\n" +
		"- hyperv: {except: [Test*, VDI-*]}\n" +
		"  id: hyperv/production\n",
	Notes: []string{
		note.WMI,
		"The account has to be in the group Hyper-V Administrators, or an administrator (root/virtualization/v2).",
	},
	Readings: specs(),
}, params{}, func(p params) (probes.Probe, error) { return probe(p), nil })

type params struct {
	Except []string `param:"except" doc:"Virtual machines that are left out, by name; * stands for anything."`
}

type probe params

const (
	service        = "vmms" // Virtual Machine Management, which answers for Hyper-V
	clusterService = "ClusSvc"
)

func specs() []probes.ReadingSpec {
	return []probes.ReadingSpec{
		{
			Name: "present", Type: fact.TypeBool, Gate: true, Severity: fact.Fail, Expect: "true",
			Doc: "Whether Hyper-V is installed; without it there are no other readings.",
		},
		{
			Name: "service", Type: fact.TypeText, Gate: true, Severity: fact.Fail, Expect: role.Running,
			Doc: "The state of the management service; while it does not run, nothing is told of virtual machines.",
		},
		{
			Name: "hypervisor", Type: fact.TypeBool, Severity: fact.Fail, Expect: "true",
			Doc: "Whether a hypervisor runs; always so on a host that is a virtual machine itself.",
		},
		{
			Name: "switches", Type: fact.TypeSet, Rule: fact.Rule{Op: fact.Superset}, Severity: fact.Fail,
			Doc: "The virtual switches; one that is lost cuts off what is connected to it.",
		},
		{
			Name: "clustered", Type: fact.TypeSet, Rule: fact.Rule{Op: fact.Ignore},
			Doc: "The virtual machines here that a cluster looks after, and which are left to the kind cluster.",
		},
		{
			Name: "state", Type: fact.TypeText, Keep: "running",
			Doc: "Of a virtual machine: running, off, saved, paused, starting and the like.",
		},
		{
			Name: "health", Type: fact.TypeText, Rule: fact.Rule{Op: fact.Ignore}, Keep: "ok",
			Doc: "Of a virtual machine: ok, major failure or critical failure, such as a full disk below it.",
		},
		{
			Name: "replication", Type: fact.TypeText, Rule: fact.Rule{Op: fact.Ignore}, Keep: "one of normal, warning",
			Doc: "Of a replicated virtual machine: normal, warning or critical; after a reboot some rounds are missed.",
		},
		{
			Name: "replication_state", Type: fact.TypeText, Rule: fact.Rule{Op: fact.Ignore}, Evidence: true,
			Doc: "Of a replicated virtual machine: replicating, suspended, waiting to be synchronized and the like.",
		},
	}
}

// virtual asks for a class of Hyper-V's provider, as it is since Windows Server
// 2012. Source of its classes and numbers: Microsoft's documentation of the
// Hyper-V WMI provider (V2).
func virtual(class string, columns ...string) host.WQL {
	return host.WQL{Namespace: "root/virtualization/v2", Class: class, Columns: columns}
}

func machines() host.WQL {
	return virtual("Msvm_ComputerSystem",
		"Name", "ElementName", "EnabledState", "HealthState", "ReplicationHealth", "ReplicationState")
}

func switches() host.WQL { return virtual("Msvm_VirtualEthernetSwitch", "Name", "ElementName") }

// hypervisor asks by itself: Windows before 2012 lacks the column, and would
// refuse what others ask of the class along with it.
func hypervisor() host.WQL {
	return host.WQL{Class: "Win32_ComputerSystem", Columns: []string{"HypervisorPresent"}, Most: 1}
}

func clusterGroups() host.WQL {
	return host.WQL{
		Namespace: "root/MSCluster", Class: "MSCluster_ResourceGroup", Columns: []string{"Name", "GroupType"},
	}
}

// Questions implements probes.Asker.
func (probe) Questions() []host.Question {
	return []host.Question{
		winsvc.Question(service, clusterService), hypervisor(), machines(), switches(), clusterGroups(),
	}
}

// Observe implements probes.Probe. Where the management service does not run,
// its classes do not answer: that it does not is what there is to tell.
func (p probe) Observe(_ context.Context, t probes.Target) ([]fact.Reading, error) {
	r := &gather.Reader{Answers: t.Answers}
	state, _, known := role.State(r, winsvc.Question(service), service)
	if known {
		r.Add("", "present", fact.Bool(state != role.Absent))
	}
	if state == role.Absent {
		return r.Result()
	}
	if known {
		r.Add("", "service", fact.Text(state))
	}
	readHypervisor(r)
	if !known || state == role.Running {
		readSwitches(r)
		p.readMachines(r)
	}
	return r.Result()
}

func readHypervisor(r *gather.Reader) {
	row, ok := r.One("whether a hypervisor runs", hypervisor())
	if !ok {
		return
	}
	runs, known := row.Get("HypervisorPresent").Bool()
	if !known {
		r.Failf("whether a hypervisor runs", "the host does not tell")
		return
	}
	r.Add("", "hypervisor", fact.Bool(runs))
}

func readSwitches(r *gather.Reader) {
	rows, ok := r.Rows("Msvm_VirtualEthernetSwitch", switches())
	if !ok {
		return
	}
	var names []string
	naming := named.Naming{Name: named.Column("ElementName"), Tie: "Name"}
	for _, row := range named.Rows(r, "Msvm_VirtualEthernetSwitch", rows, naming) {
		names = append(names, row.Item)
	}
	r.Add("", "switches", fact.SetOf(names...))
}
