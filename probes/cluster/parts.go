package cluster

import (
	"strings"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/internal/gather"
	"postpatch/probes/internal/named"
)

func nodeSpecs() []probes.ReadingSpec {
	return []probes.ReadingSpec{
		{
			Name: "membership", Type: fact.TypeText, Keep: "up", Waits: []fact.Value{fact.Text("joining")},
			Doc: "Of a node: up, down, paused (still in maintenance) or joining.",
		},
		{
			Name: "vote", Type: fact.TypeInt, Of: "votes",
			Doc: "Of a node: 1 when it is meant to vote on the quorum.",
		},
		{
			Name: "current_vote", Type: fact.TypeInt, Of: "votes", Rule: fact.Rule{Op: fact.Ignore},
			Doc: "Of a node: its vote now; the cluster takes and gives it as nodes come and go.",
		},
		{
			Name: "drain", Type: fact.TypeText, Rule: fact.Rule{Op: fact.Ignore}, Evidence: true,
			Doc: "Of a node: how far it has been emptied of its groups: not begun, in progress, completed, failed.",
		},
	}
}

func networkSpecs() []probes.ReadingSpec {
	return []probes.ReadingSpec{
		{
			Name: "link", Type: fact.TypeText, Keep: "up",
			Doc: "Of a network: up, partitioned (some nodes do not hear each other on it), down or unavailable.",
		},
	}
}

func groupSpecs() []probes.ReadingSpec {
	return []probes.ReadingSpec{
		{
			Name: "state", Type: fact.TypeText, Keep: "online",
			Doc: "Of a group, a resource or the witness: online, offline, partially online, failed or pending.",
		},
		{
			Name: "address_state", Type: fact.TypeText, Rule: fact.Rule{Op: fact.Ignore}, Keep: "one of online, offline",
			Doc: "The same of a resource that is an address: where nodes are in several subnets, the owner's alone is online.",
		},
		{
			Name: "storage_state", Type: fact.TypeText, Rule: fact.Rule{Op: fact.Ignore},
			Doc: "The same of a group that only holds disks nobody uses, or shared volumes; its disks are resources.",
		},
		{
			Name: "owner", Type: fact.TypeText, Rule: fact.Rule{Op: fact.Ignore}, Evidence: true,
			Doc: "Of a group: the node that it is on; another one after maintenance is no fault.",
		},
		{
			Name: "group", Type: fact.TypeText, Rule: fact.Rule{Op: fact.SameText},
			Doc: "Of a resource: the group that it belongs to.",
		},
		{
			Name: "type", Type: fact.TypeText, Rule: fact.Rule{Op: fact.SameText},
			Doc: "Of a resource: Physical Disk, IP Address, SQL Server and the like.",
		},
	}
}

func volumeSpecs() []probes.ReadingSpec {
	return []probes.ReadingSpec{
		{
			Name: "access", Type: fact.TypeText, Rule: fact.Rule{Op: fact.Ignore}, Keep: "one of direct, backup",
			Doc: "Of a shared volume: direct, backup, redirected over another node, maintenance or none.",
		},
	}
}

func nodes() host.WQL {
	return class("MSCluster_Node", "Name", "State", "NodeWeight", "DynamicWeight", "NodeDrainStatus")
}

func (p probe) readNodes(r *gather.Reader) {
	rows, ok := r.Some("MSCluster_Node", nodes())
	if !ok {
		return
	}
	for _, row := range p.named(r, "MSCluster_Node", "node/", rows) {
		// Source of the numbers: CLUSTER_NODE_STATE.
		state, known := named.Word(r, row, "State",
			map[int64]string{0: "up", 1: "down", 2: "paused", 3: "joining"})
		if known {
			r.Add(row.Item, "membership", fact.Text(state))
		}
		if vote, known := gather.Number(row.Row, "NodeWeight"); known {
			r.Add(row.Item, "vote", fact.Int(vote))
		}
		if vote, known := gather.Number(row.Row, "DynamicWeight"); known {
			r.Add(row.Item, "current_vote", fact.Int(vote))
		}
		if row.Get("NodeDrainStatus").Null {
			continue
		}
		drain, known := named.Word(r, row, "NodeDrainStatus",
			map[int64]string{0: "not begun", 1: "in progress", 2: "completed", 3: "failed"})
		if known {
			r.Add(row.Item, "drain", fact.Text(drain))
		}
	}
}

func (p probe) named(r *gather.Reader, what, prefix string, rows []host.Row) []named.Row {
	return named.Rows(r, what, rows, named.Naming{Prefix: prefix, Name: named.Column("Name"), Except: p.Except})
}

func networks() host.WQL { return class("MSCluster_Network", "Name", "State") }

func (p probe) readNetworks(r *gather.Reader) {
	rows, ok := r.Some("MSCluster_Network", networks())
	if !ok {
		return
	}
	for _, row := range p.named(r, "MSCluster_Network", "network/", rows) {
		// Source of the numbers: CLUSTER_NETWORK_STATE.
		link, known := named.Word(r, row, "State",
			map[int64]string{0: "unavailable", 1: "down", 2: "partitioned", 3: "up"})
		if known {
			r.Add(row.Item, "link", fact.Text(link))
		}
	}
}

func groups() host.WQL {
	return class("MSCluster_ResourceGroup", "Name", "State", "GroupType", "OwnerNode")
}

// The types of groups that hold nothing but storage. Source: CLUSGROUP_TYPE.
const (
	availableStorage = 2
	sharedVolume     = 4
)

func (p probe) readGroups(r *gather.Reader) {
	// Every cluster has the group of its own name and address.
	rows, ok := r.Some("MSCluster_ResourceGroup", groups())
	if !ok {
		return
	}
	for _, row := range p.named(r, "MSCluster_ResourceGroup", "group/", rows) {
		reading := "state"
		if kind, known := gather.Number(row.Row, "GroupType"); known && (kind == availableStorage || kind == sharedVolume) {
			reading = "storage_state"
		}
		// Source of the numbers: CLUSTER_GROUP_STATE.
		state, known := named.Word(r, row, "State",
			map[int64]string{0: "online", 1: "offline", 2: "failed", 3: "partially online", 4: "pending"})
		if known {
			r.Add(row.Item, reading, fact.Text(state))
		}
		if owner := gather.Text(row.Row, "OwnerNode"); owner != "" {
			r.Add(row.Item, "owner", fact.Text(owner))
		}
	}
}

func resources() host.WQL {
	return class("MSCluster_Resource", "Name", "State", "Type", "OwnerGroup", "CoreResource")
}

func (p probe) readResources(r *gather.Reader) {
	rows, ok := r.Rows("MSCluster_Resource", resources())
	if !ok {
		return
	}
	var witnesses, others []host.Row
	for _, row := range rows {
		if isWitness(row) {
			witnesses = append(witnesses, row)
		} else {
			others = append(others, row)
		}
	}
	all := append(p.named(r, "MSCluster_Resource", "witness/", witnesses),
		p.named(r, "MSCluster_Resource", "resource/", others)...)
	for _, row := range all {
		kind, reading := gather.Text(row.Row, "Type"), "state"
		if strings.HasSuffix(kind, " Address") { // IP Address, IPv6 Address, IPv6 Tunnel Address…
			reading = "address_state"
		}
		// Source of the numbers: CLUSTER_RESOURCE_STATE.
		state, known := named.Word(r, row, "State", map[int64]string{
			0: "inherited", 1: "initializing", 2: "online", 3: "offline", 4: "failed",
			128: "pending", 129: "online pending", 130: "offline pending",
		})
		if known {
			r.Add(row.Item, reading, fact.Text(state))
		}
		if kind != "" {
			r.Add(row.Item, "type", fact.Text(kind))
		}
		if group := gather.Text(row.Row, "OwnerGroup"); group != "" {
			r.Add(row.Item, "group", fact.Text(group))
		}
	}
}

// isWitness tells the resource that votes with the nodes: a disk does so where
// the cluster itself rests on it.
func isWitness(row host.Row) bool {
	switch gather.Text(row, "Type") {
	case "File Share Witness", "Cloud Witness":
		return true
	case "Physical Disk":
		return gather.True(row, "CoreResource")
	default:
		return false
	}
}

func volumes() host.WQL {
	return class("MSCluster_ClusterSharedVolume", "Name", "FaultState", "BackupState")
}

// readVolumes reads how the nodes reach the shared volumes. That single nodes go
// over the network block by block is not told by this class.
func (p probe) readVolumes(r *gather.Reader) {
	const backup, redirected = "backup", "redirected"
	rows, ok := r.Rows("MSCluster_ClusterSharedVolume", volumes())
	if !ok {
		return
	}
	for _, row := range p.named(r, "MSCluster_ClusterSharedVolume", "volume/", rows) {
		access, known := named.Word(r, row, "FaultState",
			map[int64]string{0: "direct", 1: redirected, 2: "none", 4: "maintenance"})
		if !known {
			continue
		}
		// A backup redirects a volume too, until it is done.
		if inBackup, _ := gather.Number(row.Row, "BackupState"); inBackup == 1 && access == redirected {
			access = backup
		}
		r.Add(row.Item, "access", fact.Text(access))
	}
}
