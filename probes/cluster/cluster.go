// Package cluster observes the failover cluster of which a Windows host is a
// node.
package cluster

import (
	"context"
	"slices"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/internal/choice"
	"postpatch/probes/internal/gather"
	"postpatch/probes/internal/named"
	"postpatch/probes/internal/note"
	"postpatch/probes/internal/role"
	"postpatch/probes/internal/winsvc"
)

// Kind is what a suite calls "cluster". Every node tells the same of its cluster:
// a check on one node would do, and one on each node shows which of them still
// hears the others.
var Kind = probes.Define(probes.Kind{
	Name: "cluster",
	Doc:  "The failover cluster as this node sees it: nodes, networks, groups, resources, quorum, shared volumes.",
	Item: "node/N1, network/…, group/SQL Server (INST1), resource/…, witness/File Share Witness, volume/…; " +
		"empty for the cluster as a whole",
	Items:   probes.AnyCase,
	Main:    "part",
	Words:   map[string][]string{"part": parts()},
	Settles: "cluster",
	Example: "- cluster: {}\n" +
		"  why: what was online before the patch has to be online after it, on whichever node\n" +
		"- cluster: nodes\n" +
		"  id: cluster/nodes\n" +
		"  expect: {membership: up}\n",
	Notes: []string{
		note.WMI,
		"By default a cluster lets only its nodes' administrators ask (root/MSCluster).",
	},
	Readings: slices.Concat(clusterSpecs(), nodeSpecs(), networkSpecs(), groupSpecs(), volumeSpecs()),
}, params{Parts: parts()}, build)

type params struct {
	Parts  []string `param:"part" doc:"What is looked at besides the quorum."`
	Except []string `param:"except" doc:"What is left out, by name without group/ and the like; * stands for anything."`
}

const (
	partNodes     = "nodes"
	partNetworks  = "networks"
	partGroups    = "groups"
	partResources = "resources"
	partVolumes   = "volumes"
)

func parts() []string {
	return []string{partNodes, partNetworks, partGroups, partResources, partVolumes}
}

func build(p params) (probes.Probe, error) {
	if err := choice.Some("part", parts(), p.Parts...); err != nil {
		return nil, err
	}
	return probe(p), nil
}

type probe params

// service is the Cluster service: installed with the feature, and running on
// every node of a cluster.
const service = "ClusSvc"

// class asks for a class of the cluster's provider. Its columns are there since
// Windows Server 2012. Source of all classes here: Microsoft's documentation of
// the Failover Cluster Provider.
func class(name string, columns ...string) host.WQL {
	return host.WQL{Namespace: "root/MSCluster", Class: name, Columns: columns}
}

// Questions implements probes.Asker.
func (p probe) Questions() []host.Question {
	all := []host.Question{winsvc.Question(service), clusters()}
	for _, part := range p.Parts {
		switch part {
		case partNodes:
			all = append(all, nodes())
		case partNetworks:
			all = append(all, networks())
		case partGroups:
			all = append(all, groups())
		case partResources:
			all = append(all, resources())
		case partVolumes:
			all = append(all, volumes())
		}
	}
	return all
}

// Observe implements probes.Probe. Where the Cluster service does not run,
// nothing else can be asked: that it does not is what there is to tell.
func (p probe) Observe(_ context.Context, t probes.Target) ([]fact.Reading, error) {
	r := &gather.Reader{Answers: t.Answers}
	if !readCluster(r) {
		return r.Result()
	}
	for _, part := range p.Parts {
		switch part {
		case partNodes:
			p.readNodes(r)
		case partNetworks:
			p.readNetworks(r)
		case partGroups:
			p.readGroups(r)
		case partResources:
			p.readResources(r)
		case partVolumes:
			p.readVolumes(r)
		}
	}
	return r.Result()
}

func clusterSpecs() []probes.ReadingSpec {
	return []probes.ReadingSpec{
		{
			Name: "present", Type: fact.TypeBool, Gate: true, Severity: fact.Fail, Expect: "true",
			Doc: "Whether failover clustering is installed; without it there are no other readings.",
		},
		{
			Name: "service", Type: fact.TypeText, Gate: true, Severity: fact.Fail, Expect: role.Running,
			Doc: "The state of the Cluster service; while it does not run, the node tells nothing of its cluster.",
		},
		{
			Name: "name", Type: fact.TypeText, Rule: fact.Rule{Op: fact.SameText}, Severity: fact.Fail,
			Doc: "The name of the cluster.",
		},
		{
			Name: "quorum", Type: fact.TypeText,
			Doc: "Who has a vote besides the nodes: nodes alone, file share witness, disk witness; none for a disk alone.",
		},
	}
}

func clusters() host.WQL { return class("MSCluster_Cluster", "Name", "QuorumTypeValue") }

// readCluster reads what is there once, and says whether there is more to read.
func readCluster(r *gather.Reader) (more bool) {
	state, _, known := role.State(r, winsvc.Question(service), service)
	if known {
		r.Add("", "present", fact.Bool(state != role.Absent))
	}
	if known && state != role.Absent {
		r.Add("", "service", fact.Text(state))
	}
	if known && state != role.Running {
		return false
	}
	row, ok := r.One("MSCluster_Cluster", clusters())
	if !ok {
		return true
	}
	if name := gather.Text(row, "Name"); name != "" {
		r.Add("", "name", fact.Text(name))
	} else {
		r.Failf("MSCluster_Cluster", "it has no name")
	}
	quorum, ok := named.Word(r, named.Row{What: "MSCluster_Cluster", Row: row}, "QuorumTypeValue",
		map[int64]string{1: "nodes alone", 2: "file share witness", 3: "disk witness", 4: "none"})
	if ok {
		r.Add("", "quorum", fact.Text(quorum))
	}
	return true
}
