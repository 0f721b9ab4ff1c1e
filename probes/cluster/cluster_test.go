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

func healthy() runnertest.Check {
	return runnertest.Check{Kind: cluster.Kind, File: "two-nodes.json"}
}

func TestKind(t *testing.T) { probetest.RunRecorded(t, cluster.Kind, healthy().File, nil) }

func FuzzAnswers(f *testing.F) {
	probetest.FuzzAnswers(f, cluster.Kind, nil, healthy().File, "odd.json")
}

func TestObserve(t *testing.T) {
	readings, err := probetest.Load(t, cluster.Kind, healthy().File, nil).Observe(nil)
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
	readings, err := probetest.Load(t, cluster.Kind, "odd.json", nil).Observe(nil)
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
	stopped := probetest.Set("Win32_Service", "", "State", "Stopped")
	gone := probetest.Drop("Win32_Service", "")
	denied := probetest.Refuse("Win32_Service", host.ErrDenied)
	noClass := probetest.Refuse("MSCluster_", host.ErrNoClass)
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
		readings, err := probetest.Load(t, cluster.Kind, healthy().File, nil).With(tt.changes...).Observe(nil)
		if d := cmp.Diff(tt.want, probetest.Texts(readings)); d != "" {
			t.Errorf("%s: readings (-want +got):\n%s", name, d)
		}
		if (err != nil) != (tt.failed != "") || err != nil && !strings.Contains(err.Error(), tt.failed) {
			t.Errorf("%s: error %v, want %q", name, err, tt.failed)
		}
	}
	// Every cluster has nodes and a group: none at all is an answer cut off.
	_, err := probetest.Load(t, cluster.Kind, healthy().File, nil).With(
		probetest.Drop("MSCluster_Node", ""), probetest.Drop("MSCluster_ResourceGroup", ""),
		probetest.Drop("MSCluster_Network", ""), probetest.Drop("QuorumTypeValue", "")).Observe(nil)
	want := "reading MSCluster_Cluster, MSCluster_Node, MSCluster_Network, MSCluster_ResourceGroup: the host named none"
	if err == nil || err.Error() != want {
		t.Errorf("error %v, want %q", err, want)
	}
}

func TestParameters(t *testing.T) {
	args := map[string]any{"part": []string{"nodes"}, "except": []string{"*2"}}
	readings, err := probetest.Load(t, cluster.Kind, healthy().File, nil).Observe(args)
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

func node(name, column, value string) probetest.Change {
	return probetest.Set("MSCluster_Node", name, column, value)
}

func group(name, column, value string) probetest.Change {
	return probetest.Set("MSCluster_ResourceGroup", name, column, value)
}

func resource(name, state string) probetest.Change {
	return probetest.Set("CoreResource", name, "State", state)
}

func volume(name, column, value string) probetest.Change {
	return probetest.Set("MSCluster_ClusterSharedVolume", name, column, value)
}

func TestNoiseIsSilent(t *testing.T) {
	healthy().Passes(t, map[string][]probetest.Change{
		"another node owns the groups": {group("N1", "OwnerNode", "N2")},
		"disks nobody uses are online": {group("Available Storage", "State", "3")},
		"a vote was taken and a node drained before": {
			node("N2", "DynamicWeight", "0"), node("N2", "NodeDrainStatus", "2"),
		},
		"a backup is done":                      {volume(`C:\ClusterStorage\Volume2`, "FaultState", "0")},
		"the owner is in another subnet":        {resource("IP Address", "3")},
		"another case":                          {resource("Cluster Name", "2"), probetest.Set("QuorumTypeValue", "", "Name", "sqlclu")},
		"a shared volume is in backup":          {volume(`C:\ClusterStorage\Volume1`, "FaultState", "1"), volume(`C:\ClusterStorage\Volume1`, "BackupState", "1")},
		"another check asks for other services": {probetest.Add("Win32_Service", "Name", "Spooler", "State", "Stopped")},
	})
	paused := runnertest.Story{Before: []probetest.Change{node("N1", "State", "2")}}
	if got := healthy().Told(t, paused); got[0] != "drifted" {
		t.Errorf("the node was paused for the maintenance: got %q", got)
	}
}

func TestWhatAPatchBreaks(t *testing.T) {
	healthy().Tells(t, map[string]runnertest.Story{
		"the Cluster service does not start": {
			After: []probetest.Change{
				probetest.Set("Win32_Service", "", "State", "Stopped"),
				probetest.Refuse("MSCluster_", errors.New("der Dienst wurde nicht gestartet")),
			},
			Want: []string{"regressed failing", "service: regressed running -> stopped"},
		},
		"the node was left in maintenance": {
			After: []probetest.Change{node("N1", "State", "2"), node("N1", "NodeDrainStatus", "2")},
			Want:  []string{"regressed failing", "node/N1 membership: regressed up -> paused"},
		},
		"a node does not come back": {
			After: []probetest.Change{node("N2", "State", "1")},
			Want:  []string{"regressed failing", "node/N2 membership: regressed up -> down"},
		},
		"a node was evicted": {
			After: []probetest.Change{probetest.Drop("MSCluster_Node", "N2")},
			Want:  []string{"regressed failing", "node/N2: drifted there -> gone", "node/N2 membership: regressed up -> "},
		},
		"a group failed, and with it a resource": {
			After: []probetest.Change{group("SQL Server (INST1)", "State", "2"), resource("SQL Server", "4")},
			Want: []string{
				"regressed failing", "group/SQL Server (INST1) state: regressed online -> failed",
				"resource/SQL Server (INST1) state: regressed online -> failed",
			},
		},
		"a virtual machine did not come up": {
			After: []probetest.Change{group("web01", "State", "3"), resource("Virtual Machine web01", "3")},
			Want: []string{
				"regressed failing", "group/web01 state: regressed online -> partially online",
				"resource/Virtual Machine web01 state: regressed online -> offline",
			},
		},
		"the address fails": {
			After: []probetest.Change{resource("IP Address", "4")},
			Want:  []string{"regressed failing", "resource/SQL IP Address 1 (SQLVS) address_state: regressed online -> failed"},
		},
		"a network is partitioned": {
			After: []probetest.Change{probetest.Set("MSCluster_Network", "Cluster Network 1", "State", "2")},
			Want:  []string{"regressed failing", "network/Cluster Network 1 link: regressed up -> partitioned"},
		},
		"the witness is not reached": {
			After: []probetest.Change{resource("File Share Witness", "4")},
			Want:  []string{"regressed failing", "witness/File Share Witness state: regressed online -> failed"},
		},
		"the quorum has no witness any more": {
			After: []probetest.Change{
				probetest.Set("QuorumTypeValue", "", "QuorumTypeValue", "1"),
				probetest.Drop("CoreResource", "File Share Witness"),
			},
			Want: []string{
				"regressed failing", "quorum: drifted file share witness -> nodes alone",
				"witness/File Share Witness: drifted there -> gone", "witness/File Share Witness state: regressed online -> ",
			},
		},
		"a node votes no more": {
			After: []probetest.Change{node("N2", "NodeWeight", "0")},
			Want:  []string{"drifted", "node/N2 vote: drifted 1 -> 0"},
		},
		"a shared volume is redirected": {
			After: []probetest.Change{volume(`C:\ClusterStorage\Volume1`, "FaultState", "1")},
			Want:  []string{"regressed failing", `volume/C:\ClusterStorage\Volume1 access: regressed direct -> redirected`},
		},
		"what failed before fails": {
			After: []probetest.Change{group("old-app", "State", "2"), resource("old-app", "4")},
			Want: []string{
				"drifted", "group/old-app state: drifted offline -> failed",
				"resource/old-app state: drifted offline -> failed",
			},
		},
		"what cannot be read is no pass": {
			After: []probetest.Change{probetest.Refuse("MSCluster_Node", host.ErrDenied)},
			Want:  []string{"unknown"},
		},
	})
}
