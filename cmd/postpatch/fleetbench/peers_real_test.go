//go:build real && linux

package fleetbench_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"postpatch/cmd/postpatch/fleetbench"
	"postpatch/probes"
	"postpatch/probes/all"
	"postpatch/suites"
)

// As many as take seconds; the task has more.
var (
	peerHosts    = flag.Int("peer-hosts", 12, "how many hosts postpatch and its peers ask")
	ansibleHosts = flag.Int("ansible-hosts", 3, "how many of them ansible asks")
)

// The figures of peers that performance is measured by.
const (
	threads = 100
	forks   = 50
)

// TestPeers puts the same questions to the same hosts by postpatch, by python3-winrm and
// by ansible, and prints what each took. What it holds them to is true of any machine:
// every host answers every one of them, postpatch says nothing false, and takes less
// processor time for a host than each of them, used as people use it.
func TestPeers(t *testing.T) {
	f := fleet(t)
	f.Swarm.Hosts, f.Swarm.Dead, f.Swarm.Faulty = *peerHosts, 0, 0
	l := lab(t, f)
	whole := capture(t, f, l)
	peers := []fleetbench.Peer{whole.AsPeer("whole suite"), measure(t, l, bareClient(t, f, l))}
	asked := inside(t, filepath.Join(f.Folder, "fleet.suite.yaml"))

	same := f
	same.Part = fleetbench.Part{Kinds: slices.Compact(slices.Sorted(slices.Values(asked))), Checks: len(asked)}
	same.Folder = filepath.Join(f.Folder, "same")
	if err := os.MkdirAll(same.Folder, 0o700); err != nil {
		t.Fatal(err)
	}
	own := capture(t, same, l)
	peers = append(peers, own.AsPeer("same questions"))
	one, each := fleetbench.AllInOne(int(own.Answer*1024)), fleetbench.Each(asked)
	if err := l.Print(t.Context(), fleetbench.Prints(slices.Concat(one, each)...)); err != nil {
		t.Fatal(err)
	}
	for _, ask := range []fleetbench.Ask{
		{Way: "all in one", Scripts: one, Hosts: *peerHosts, AtOnce: threads},
		{Way: "as used, one shell", Scripts: each, Hosts: *peerHosts, AtOnce: threads},
		{Way: "as used, Session.run_ps", Scripts: each, Hosts: *peerHosts, AtOnce: threads, Apart: true},
	} {
		peers = append(peers, measure(t, l, made(t)(f.Pywinrm(t.Context(), l, ask))))
	}
	for _, ask := range []fleetbench.Ask{
		{Way: "all in one", Scripts: one, Hosts: min(*ansibleHosts, *peerHosts), AtOnce: forks},
		{Way: "as used", Scripts: each, Hosts: min(*ansibleHosts, *peerHosts), AtOnce: forks},
	} {
		peers = append(peers, measure(t, l, made(t)(f.Ansible(t.Context(), l, ask))))
	}
	peers = append(peers, measure(t, l, bareClient(t, f, l)))
	tell(t, f, peers, own.CPU)
	for _, p := range peers {
		if strings.HasPrefix(p.Way, "as used") && p.CPU <= own.CPU {
			t.Errorf("%s takes %.2f ms of a processor for a host, and postpatch %.2f", p.Client, p.CPU, own.CPU)
		}
	}
}

// tell prints the table, and keeps it beside the figures.
func tell(t *testing.T, f fleetbench.Fleet, peers []fleetbench.Peer, own float64) {
	t.Helper()
	for i := range peers {
		peers[i].Ratio = peers[i].CPU / own
	}
	t.Logf("\n%s", fleetbench.PeerTable(peers))
	content, err := json.MarshalIndent(peers, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(f.Folder, "peers.json"), content, 0o600); err != nil {
		t.Fatal(err)
	}
}

func capture(t *testing.T, f fleetbench.Fleet, l *fleetbench.Lab) fleetbench.Figures {
	t.Helper()
	got, err := f.Capture(t.Context(), l)
	if err != nil {
		t.Fatal(err)
	}
	if got.False > 0 {
		t.Errorf("%d false verdicts: %q", got.False, got.FirstFalse)
	}
	return got
}

func made(t *testing.T) func(fleetbench.Client, error) fleetbench.Client {
	return func(c fleetbench.Client, err error) fleetbench.Client {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
}

func measure(t *testing.T, l *fleetbench.Lab, c fleetbench.Client) fleetbench.Peer {
	t.Helper()
	got, err := c.Measure(t.Context(), l)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func bareClient(t *testing.T, f fleetbench.Fleet, l *fleetbench.Lab) fleetbench.Client {
	t.Helper()
	return fleetbench.Client{
		Name: "bare client", Way: "one payload", Hosts: f.Swarm.Hosts, Commands: 1, AtOnce: f.Concurrency,
		Command: bareCommand(t, f, l),
	}
}

// inside returns the kinds of those checks of the suite that ask a host by WinRM.
func inside(t *testing.T, file string) []string {
	t.Helper()
	set, problems := suites.Load([]string{file}, all.Kinds())
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	var kinds []string
	for _, c := range set.Hosts[0].Checks {
		if asker, asks := c.Probe.(probes.Asker); asks && len(asker.Questions()) > 0 {
			kinds = append(kinds, c.Kind.Name)
		}
	}
	return kinds
}
