package exchangestate

import (
	"errors"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/internal/exchangehost"
	"postpatch/probes/internal/gather"
	"postpatch/probes/internal/named"
)

func maintenancePart() part {
	return part{
		name: "maintenance", read: readMaintenance,
		asks: func(p probe) []host.Question { return []host.Question{mailboxServer(p), clusterNodes()} },
		specs: []probes.ReadingSpec{
			{
				Name: "dag", Type: fact.TypeText, Rule: fact.Rule{Op: fact.SameText}, Severity: fact.Fail,
				Doc: "The database availability group that the server is a member of, or none.",
			},
			{
				Name: "activation_policy", Type: fact.TypeText, Rule: fact.Rule{Op: fact.SameText},
				Expect: "one of unrestricted, intrasiteonly",
				Doc:    "Whether copies may be mounted on it by themselves; maintenance that was not ended leaves it blocked.",
			},
			{
				Name: "moved_away", Type: fact.TypeBool, Expect: "false",
				Doc: "DatabaseCopyActivationDisabledAndMoveNow: true moves every database away as soon as it can.",
			},
			{
				Name: "cluster_node", Type: fact.TypeText, Rule: fact.Rule{Op: fact.Ignore}, Keep: "up",
				Waits: texts("joining"),
				Doc:   "Of a member of a group: up, down, paused (still in maintenance) or joining.",
			},
		},
	}
}

func mailboxServer(p probe) host.Cmdlet {
	return exchangehost.Command("Get-MailboxServer", "Identity", p.Server,
		"Name", "DatabaseAvailabilityGroup", "DatabaseCopyAutoActivationPolicy", "DatabaseCopyActivationDisabledAndMoveNow")
}

func clusterNodes() host.WQL {
	return host.WQL{Namespace: "root/MSCluster", Class: "MSCluster_Node", Columns: []string{"Name", "State"}}
}

const noDAG = "none"

func readMaintenance(v visit) {
	row, ok := v.One("the mailbox server", mailboxServer(v.probe))
	server := named.Row{What: "the mailbox server", Row: row}
	if ok {
		dag := column("DatabaseAvailabilityGroup")(row)
		if dag == "" {
			dag = noDAG
		}
		v.Add("", "dag", fact.Text(dag))
		if policy, known := v.word(server, "DatabaseCopyAutoActivationPolicy"); known {
			v.Add("", "activation_policy", fact.Text(policy))
		}
		if moved, known := row.Get("DatabaseCopyActivationDisabledAndMoveNow").Bool(); known {
			v.Add("", "moved_away", fact.Bool(moved))
		} else {
			server.Odd(v.Reader, "DatabaseCopyActivationDisabledAndMoveNow")
		}
		if dag != noDAG {
			readNode(v, column("Name")(row))
		}
	}
}

// readNode reads the server's own node of its group's cluster.
func readNode(v visit, name string) {
	if name == "" {
		v.Failf("the mailbox server", "it has no name")
		return
	}
	rows, err := v.Answers.To(clusterNodes())
	if errors.Is(err, host.ErrNoClass) {
		err = errors.New("the server is a member of a group, and knows of no cluster")
	}
	if err != nil {
		v.Fail("the cluster's nodes", gather.Cause(err))
		return
	}
	for _, row := range rows {
		if !exchangehost.SameServer(gather.Text(row, "Name"), name) {
			continue
		}
		// Source of the numbers: CLUSTER_NODE_STATE.
		state, known := named.Word(v.Reader, named.Row{What: "the cluster's node", Row: row}, "State",
			map[int64]string{0: "up", 1: "down", 2: "paused", 3: "joining"})
		if known {
			v.Add("", "cluster_node", fact.Text(state))
		}
		return
	}
	v.Failf("the cluster's nodes", "none of them is called %q", name)
}
