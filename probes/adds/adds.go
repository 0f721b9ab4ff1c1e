// Package adds observes how a domain controller serves its domain.
package adds

import (
	"context"
	"slices"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/internal/gather"
	"postpatch/probes/internal/named"
	"postpatch/probes/internal/parts"
)

// Kind is what a suite calls "adds". It judges the state of now and no events: what
// a domain controller logs while it boots is no finding. One failed attempt to
// replicate is none either, because a partner may just be patched too.
var Kind = probes.Define(probes.Kind{
	Name: "adds",
	Doc:  "How a domain controller serves: what it advertises, SYSVOL, its operations master roles, replication.",
	Item: "the partner and the naming context that comes from it, such as DC02 DC=corp,DC=test; " +
		"empty for the domain controller as a whole",
	Items:   probes.AnyCase,
	Settles: "dc",
	Example: "- adds: {}\n" +
		"  expect: {fsmo: contains pdc, oldest_sync: \"< 3h\"}\n" +
		"  why: a domain controller that does not advertise lets nobody sign in\n",
	Notes: []string{
		"It needs PowerShell on the host; the shares, and both replications, are told by WMI alone.",
	},
	Readings: slices.Concat(serviceSpecs(), replicationSpecs()),
}, params{}, func(params) (probes.Probe, error) { return probe{}, nil })

type params struct{}

type probe struct{}

func serviceSpecs() []probes.ReadingSpec {
	return []probes.ReadingSpec{
		{
			Name: "present", Type: fact.TypeBool, Gate: true, Severity: fact.Fail, Expect: "true",
			Doc: "Whether the host is a domain controller.",
		},
		{
			Name: "answers", Type: fact.TypeBool, Gate: true, Severity: fact.Fail, Expect: "true",
			Doc: "Whether its directory answers itself over LDAP.",
		},
		{
			Name: "error", Type: fact.TypeText, Rule: fact.Rule{Op: fact.Ignore}, Evidence: true,
			Doc: "Why its directory does not answer, in the host's words.",
		},
		{
			Name: "synchronized", Type: fact.TypeBool, Severity: fact.Fail, Expect: "true",
			Waits: []fact.Value{fact.Bool(false)},
			Doc:   "Whether it has replicated once since its directory was started, which it has to before it serves.",
		},
		{
			Name: "global_catalog", Type: fact.TypeBool, Severity: fact.Fail, Keep: "true",
			Doc: "Whether it serves as a global catalog.",
		},
		{
			Name: "advertising", Type: fact.TypeBool, Severity: fact.Fail, Expect: "true",
			Doc: "Whether it offers itself to clients that look for a domain controller.",
		},
		{
			Name: "advertises", Type: fact.TypeSet, Rule: fact.Rule{Op: fact.Superset}, Severity: fact.Fail,
			Doc: "As what it offers itself: directory, ldap, kdc, time, global catalog, writable, web services.",
		},
		{
			Name: "fsmo", Type: fact.TypeSet, Rule: fact.Rule{Op: fact.SameSet},
			Doc: "The operations master roles that it holds: schema, naming, pdc, rid, infrastructure.",
		},
		{
			Name: "sysvol_ready", Type: fact.TypeBool, Severity: fact.Fail, Expect: "true",
			Waits: []fact.Value{fact.Bool(false)},
			Doc:   "Whether Netlogon takes SYSVOL for ready.",
		},
		{
			Name: "sysvol_shared", Type: fact.TypeBool, Severity: fact.Fail, Expect: "true",
			Doc: "Whether the share SYSVOL is there.",
		},
		{
			Name: "netlogon_shared", Type: fact.TypeBool, Severity: fact.Fail, Expect: "true",
			Doc: "Whether the share NETLOGON is there.",
		},
		{
			Name: "sysvol_replication", Type: fact.TypeText, Severity: fact.Fail, Keep: "normal",
			Doc: "How DFS replication of SYSVOL stands: normal, initial sync, auto recovery, in error…; " +
				"absent where the old FRS replicates it.",
		},
	}
}

// computer is the same question for all that ask the class.
func computer() host.WQL {
	return host.WQL{Class: "Win32_ComputerSystem", Columns: []string{"DomainRole"}}
}

func collector() host.Collector { return host.Collector{Name: "adds"} }

func shares() host.WQL {
	return host.WQL{Class: "Win32_Share", Columns: []string{"Name"}, Where: "Name='SYSVOL' OR Name='NETLOGON'"}
}

// folders are what DFS replication replicates. Source: the documentation of
// DfsrReplicatedFolderInfo.
func folders() host.WQL {
	return host.WQL{
		Namespace: "root/microsoftdfs", Class: "DfsrReplicatedFolderInfo",
		Columns: []string{"ReplicationGroupName", "ReplicatedFolderName", "State"},
	}
}

// Questions implements probes.Asker.
func (probe) Questions() []host.Question {
	return []host.Question{computer(), collector(), shares(), folders(), neighbours()}
}

// primary and backup are the values of DomainRole that domain controllers have.
const (
	backup, primary = 4, 5
	mostText        = 256
)

// Observe implements probes.Probe. What one part does not tell is named in the
// error; the readings of all others are there beside it. A domain controller that
// was started to restore its directory is none while that lasts.
func (probe) Observe(_ context.Context, t probes.Target) ([]fact.Reading, error) {
	r := &gather.Reader{Answers: t.Answers}
	row, ok := r.One("the computer's role", computer())
	if !ok {
		return r.Result()
	}
	role, known := gather.Number(row, "DomainRole")
	if !known || role < 0 || role > primary {
		r.Failf("the computer's role", "DomainRole is %q", named.Within(row.Get("DomainRole").Text, mostText))
		return r.Result()
	}
	r.Add("", "present", fact.Bool(role >= backup))
	if role < backup {
		return r.Result()
	}
	rows, ok := r.Some("what the domain controller says of itself", collector())
	if ok {
		told := parts.Of(r, rows)
		readDirectory(r, told)
		readReplication(r, told)
	}
	readShares(r)
	readFolders(r)
	return r.Result()
}

// readShares tells whether the two shares are there. Other checks may ask for all
// shares of the host.
func readShares(r *gather.Reader) {
	rows, ok := r.Rows("shares", shares())
	if !ok {
		return
	}
	there := map[string]bool{}
	for _, row := range rows {
		there[lower(gather.Text(row, "Name"))] = true
	}
	r.Add("", "sysvol_shared", fact.Bool(there["sysvol"]))
	r.Add("", "netlogon_shared", fact.Bool(there["netlogon"]))
}

// readFolders finds SYSVOL among the folders that DFS replication replicates, by
// the names that the directory has in any language.
func readFolders(r *gather.Reader) {
	rows, there := r.Optional("sysvol_replication", folders())
	if !there {
		return
	}
	for _, row := range rows {
		if lower(gather.Text(row, "ReplicationGroupName")) != "domain system volume" {
			continue
		}
		number, known := gather.Number(row, "State")
		if !known || number < 0 || number >= int64(len(states())) {
			r.Failf("sysvol_replication", "DfsrReplicatedFolderInfo.State is %q",
				named.Within(row.Get("State").Text, mostText))
			return
		}
		r.Add("", "sysvol_replication", fact.Text(states()[number]))
		return
	}
}

// states are the values of DfsrReplicatedFolderInfo.State.
func states() []string {
	return []string{"uninitialized", "initialized", "initial sync", "auto recovery", "normal", "in error"}
}
