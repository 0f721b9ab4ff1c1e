package cluster_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes"
	"postpatch/probes/cluster"
	"postpatch/probes/host"
	"postpatch/probes/probetest"
	"postpatch/runner/runnertest"
)

const healthy = "testdata/two-nodes.json"

func TestKind(t *testing.T) {
	probetest.Run(t, probetest.Suite{Kind: cluster.Kind, Healthy: func(t *testing.T) probes.Target {
		return probetest.Altered(t, healthy, cluster.Kind)
	}})
}

func FuzzAnswers(f *testing.F) {
	probetest.FuzzAnswers(f, cluster.Kind, nil, healthy, "testdata/odd.json")
}

func TestObserve(t *testing.T) {
	readings, err := probetest.Observe(t, cluster.Kind, probetest.Altered(t, healthy, cluster.Kind), nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		" present=true", " service=running", " name=SQLCLU", " quorum=file share witness",
		"node/N1 membership=up", "node/N1 vote=1", "node/N1 current_vote=1", "node/N1 drain=not begun",
		"node/N2 membership=up", "node/N2 vote=1", "node/N2 current_vote=1", "node/N2 drain=not begun",
		"network/Cluster Network 1 link=up", "network/Cluster Network 2 link=down",
		"group/Available Storage storage_state=offline", "group/Available Storage owner=N2",
		"group/Cluster Group state=online", "group/Cluster Group owner=N1",
		"group/old-app state=offline", "group/old-app owner=N2",
		"group/SQL Server (INST1) state=online", "group/SQL Server (INST1) owner=N1",
		"group/web01 state=online", "group/web01 owner=N2",
		"witness/File Share Witness state=online",
		"resource/Cluster Name state=online", "resource/old-app state=offline",
		"resource/SQL IP Address 1 (SQLVS) address_state=online", "resource/SQL Server (INST1) state=online",
		"resource/Virtual Machine web01 state=online",
		`volume/C:\ClusterStorage\Volume1 access=direct`, `volume/C:\ClusterStorage\Volume2 access=backup`,
	}
	if d := cmp.Diff(want, probetest.Texts(readings, "type", "group")); d != "" {
		t.Errorf("readings (-want +got):\n%s", d)
	}
}

// What cannot be read is named, and nothing is made up in its place.
func TestOddAnswers(t *testing.T) {
	readings, err := probetest.Observe(t, cluster.Kind, probetest.Altered(t, "testdata/odd.json", cluster.Kind), nil)
	for _, want := range []string{
		"MSCluster_Cluster: it has no name", "MSCluster_Node: one of them has no name",
		`no State of "network/Clusternetzwerk 1", got ""`, `MSCluster_Node: no State of "node/N2", got "läuft"`, "MSCluster_ClusterSharedVolume: access denied: Zugriff verweigert",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q in it", err, want)
		}
	}
	if !errors.Is(err, host.ErrDenied) {
		t.Errorf("error %v does not wrap what it is", err)
	}
	want := []string{
		" present=true", " service=running", " quorum=unknown (5)",
		"node/N1'; $(calc) membership=unknown",
		"node/N2 vote=0", "node/N2 drain=unknown (9)",
		"node/n2 (2) membership=paused", "node/n2 (2) vote=1", "node/n2 (2) current_vote=0", "node/n2 (2) drain=completed",
		"network/Clusternetzwerk 2 link=partitioned",
		`group/"quoted" state=pending`, "group/Verfügbarer Speicher storage_state=partially online",
		"witness/Clusterdatenträger 1 state=online", "witness/Clusterdatenträger 1 type=Physical Disk",
		"witness/Clusterdatenträger 1 group=Clustergruppe",
		"resource/Clusterdatenträger 2 state=online pending", "resource/Clusterdatenträger 2 type=Physical Disk",
	}
	if d := cmp.Diff(want, probetest.Texts(readings)); d != "" {
		t.Errorf("readings (-want +got):\n%s", d)
	}
}

// A node that does not run the Cluster service says so, and a host that is no
// node of a cluster too; neither makes noise about what cannot be asked then.
func TestNoCluster(t *testing.T) {
	stopped := probetest.Change{Of: "Win32_Service", Column: "State", Value: "Stopped"}
	gone := probetest.Change{Of: "Win32_Service"}
	denied := probetest.Change{Of: "Win32_Service", Err: host.ErrDenied}
	noClass := probetest.Change{Of: "MSCluster_", Err: host.ErrNoClass}
	for name, tt := range map[string]struct {
		changes []probetest.Change
		want    []string
		failed  string
	}{
		"the service is stopped":     {[]probetest.Change{stopped, noClass}, []string{" present=true", " service=stopped"}, ""},
		"the feature is not there":   {[]probetest.Change{gone, noClass}, []string{" present=false"}, ""},
		"nothing but errors":         {[]probetest.Change{denied, noClass}, nil, "the service ClusSvc: access denied"},
		"running, and it tells none": {[]probetest.Change{noClass}, []string{" present=true", " service=running"}, "no such class"},
	} {
		readings, err := probetest.Observe(t, cluster.Kind, probetest.Altered(t, healthy, cluster.Kind, tt.changes...), nil)
		if d := cmp.Diff(tt.want, probetest.Texts(readings)); d != "" {
			t.Errorf("%s: readings (-want +got):\n%s", name, d)
		}
		if (err != nil) != (tt.failed != "") || err != nil && !strings.Contains(err.Error(), tt.failed) {
			t.Errorf("%s: error %v, want %q", name, err, tt.failed)
		}
	}
	// Every cluster has nodes and a group: none at all is an answer cut off.
	target := probetest.Altered(t, healthy, cluster.Kind, probetest.Change{Of: "MSCluster_Node"},
		probetest.Change{Of: "MSCluster_ResourceGroup"}, probetest.Change{Of: "MSCluster_Network"},
		probetest.Change{Of: "QuorumTypeValue"})
	_, err := probetest.Observe(t, cluster.Kind, target, nil)
	want := "reading MSCluster_Cluster, MSCluster_Node, MSCluster_Network, MSCluster_ResourceGroup: the host named none"
	if err == nil || err.Error() != want {
		t.Errorf("error %v, want %q", err, want)
	}
}

func TestParameters(t *testing.T) {
	target := probetest.Altered(t, healthy, cluster.Kind)
	readings, err := probetest.Observe(t, cluster.Kind, target,
		map[string]any{"part": []string{"nodes"}, "except": []string{"*2"}})
	want := []string{" present=true", " service=running", "node/N1 membership=up"}
	got := probetest.Texts(readings, "name", "quorum", "vote", "current_vote", "drain")
	if d := cmp.Diff(want, got); d != "" || err != nil {
		t.Errorf("readings (-want +got), %v:\n%s", err, d)
	}
	for _, bad := range [][]string{{}, {"node"}} {
		var field *probes.FieldError
		if _, err := cluster.Kind.Build(map[string]any{"part": bad}); !errors.As(err, &field) {
			t.Errorf("part %v: got %v, want a FieldError", bad, err)
		}
	}
}

// told judges the cluster as it is recorded against itself with changes.
func told(t *testing.T, before, after []probetest.Change) []string {
	t.Helper()
	var seen [2]runnertest.Seen
	for i, changes := range [][]probetest.Change{before, after} {
		seen[i].Readings, seen[i].Err = probetest.Observe(t, cluster.Kind,
			probetest.Altered(t, healthy, cluster.Kind, changes...), nil)
	}
	return runnertest.Told(t, cluster.Kind, "- cluster: {}", seen)
}

func node(name, column, value string) probetest.Change {
	return probetest.Change{Of: "MSCluster_Node", Row: name, Column: column, Value: value}
}

func group(name, column, value string) probetest.Change {
	return probetest.Change{Of: "MSCluster_ResourceGroup", Row: name, Column: column, Value: value}
}

func resource(name, state string) probetest.Change {
	return probetest.Change{Of: "CoreResource", Row: name, Column: "State", Value: state}
}

func volume(name, column, value string) probetest.Change {
	return probetest.Change{Of: "MSCluster_ClusterSharedVolume", Row: name, Column: column, Value: value}
}

func TestNoiseIsSilent(t *testing.T) {
	for name, after := range map[string][]probetest.Change{
		"another node owns the groups": {group("N1", "OwnerNode", "N2")},
		"disks nobody uses are online": {group("Available Storage", "State", "3")},
		"a vote was taken and a node drained before": {
			node("N2", "DynamicWeight", "0"), node("N2", "NodeDrainStatus", "2"),
		},
		"a backup is done":                      {volume(`C:\ClusterStorage\Volume2`, "FaultState", "0")},
		"the owner is in another subnet":        {resource("IP Address", "3")},
		"another case":                          {resource("Cluster Name", "2"), {Of: "QuorumTypeValue", Column: "Name", Value: "sqlclu"}},
		"a shared volume is in backup":          {volume(`C:\ClusterStorage\Volume1`, "FaultState", "1"), volume(`C:\ClusterStorage\Volume1`, "BackupState", "1")},
		"another check asks for other services": {{Of: "Win32_Service", Add: map[string]string{"Name": "Spooler", "State": "Stopped"}}},
	} {
		if d := cmp.Diff([]string{"passed"}, told(t, nil, after)); d != "" {
			t.Errorf("%s: outcome (-want +got):\n%s", name, d)
		}
	}
	for name, before := range map[string][]probetest.Change{
		"the node was paused for the maintenance": {node("N1", "State", "2")},
	} {
		if got := told(t, before, nil); got[0] != "drifted" {
			t.Errorf("%s: got %q", name, got)
		}
	}
}

func TestWhatAPatchBreaks(t *testing.T) {
	for name, tt := range map[string]struct {
		after []probetest.Change
		want  []string
	}{
		"the Cluster service does not start": {
			[]probetest.Change{
				{Of: "Win32_Service", Column: "State", Value: "Stopped"},
				{Of: "MSCluster_", Err: errors.New("der Dienst wurde nicht gestartet")},
			},
			[]string{"regressed failing", "service: regressed running -> stopped"},
		},
		"the node was left in maintenance": {
			[]probetest.Change{node("N1", "State", "2"), node("N1", "NodeDrainStatus", "2")},
			[]string{"regressed failing", "node/N1 membership: regressed up -> paused"},
		},
		"a node does not come back": {
			[]probetest.Change{node("N2", "State", "1")},
			[]string{"regressed failing", "node/N2 membership: regressed up -> down"},
		},
		"a node was evicted": {
			[]probetest.Change{{Of: "MSCluster_Node", Row: "N2"}},
			[]string{"regressed failing", "node/N2: drifted there -> gone", "node/N2 membership: regressed up -> "},
		},
		"a group failed, and with it a resource": {
			[]probetest.Change{group("SQL Server (INST1)", "State", "2"), resource("SQL Server", "4")},
			[]string{
				"regressed failing", "group/SQL Server (INST1) state: regressed online -> failed",
				"resource/SQL Server (INST1) state: regressed online -> failed",
			},
		},
		"a virtual machine did not come up": {
			[]probetest.Change{group("web01", "State", "3"), resource("Virtual Machine web01", "3")},
			[]string{
				"regressed failing", "group/web01 state: regressed online -> partially online",
				"resource/Virtual Machine web01 state: regressed online -> offline",
			},
		},
		"the address fails": {
			[]probetest.Change{resource("IP Address", "4")},
			[]string{"regressed failing", "resource/SQL IP Address 1 (SQLVS) address_state: regressed online -> failed"},
		},
		"a network is partitioned": {
			[]probetest.Change{{Of: "MSCluster_Network", Row: "Cluster Network 1", Column: "State", Value: "2"}},
			[]string{"regressed failing", "network/Cluster Network 1 link: regressed up -> partitioned"},
		},
		"the witness is not reached": {
			[]probetest.Change{resource("File Share Witness", "4")},
			[]string{"regressed failing", "witness/File Share Witness state: regressed online -> failed"},
		},
		"the quorum has no witness any more": {
			[]probetest.Change{
				{Of: "QuorumTypeValue", Column: "QuorumTypeValue", Value: "1"},
				{Of: "CoreResource", Row: "File Share Witness"},
			},
			[]string{
				"regressed failing", "quorum: drifted file share witness -> nodes alone",
				"witness/File Share Witness: drifted there -> gone", "witness/File Share Witness state: regressed online -> ",
			},
		},
		"a node votes no more": {
			[]probetest.Change{node("N2", "NodeWeight", "0")},
			[]string{"drifted", "node/N2 vote: drifted 1 -> 0"},
		},
		"a shared volume is redirected": {
			[]probetest.Change{volume(`C:\ClusterStorage\Volume1`, "FaultState", "1")},
			[]string{"regressed failing", `volume/C:\ClusterStorage\Volume1 access: regressed direct -> redirected`},
		},
		"what failed before fails": {
			[]probetest.Change{group("old-app", "State", "2"), resource("old-app", "4")},
			[]string{
				"drifted", "group/old-app state: drifted offline -> failed",
				"resource/old-app state: drifted offline -> failed",
			},
		},
		"what cannot be read is no pass": {
			[]probetest.Change{{Of: "MSCluster_Node", Err: host.ErrDenied}},
			[]string{"unknown"},
		},
	} {
		if d := cmp.Diff(tt.want, told(t, nil, tt.after)); d != "" {
			t.Errorf("%s: outcome (-want +got):\n%s", name, d)
		}
	}
}
