//go:build linux

package fleetbench

import (
	"fmt"
	"strings"
	"testing"

	"postpatch/probes/lab/swarm"
)

// A peer that leaves out a host, or is told something else, is not the cheaper for it.
func TestPeersAreChecked(t *testing.T) {
	f := Fleet{Swarm: SwarmOptions{Seed: swarm.Seed{Hosts: 2}}, Folder: t.TempDir()}
	const ok = " | CHANGED | rc=0 >>\n"
	one, other := "srv00001"+ok+"SRV00001 HH\r\n\n", "srv00002"+ok+"SRV00002 HH\r\n\n"
	for name, c := range map[string]struct {
		out  string
		good bool
	}{
		"all":               {one + other, true},
		"in another order":  {"[WARNING]: slow\n" + other + one, true},
		"one is missing":    {one, false},
		"one came twice":    {one + one + other, false},
		"one did not run":   {one + strings.Replace(other, "CHANGED | rc=0", "FAILED | rc=1", 1), false},
		"one is another":    {one + strings.Replace(other, "SRV00002", "SRV00001", 1), false},
		"one is shorter":    {one + strings.Replace(other, "HH", "H", 1), false},
		"one is not there":  {one + "srv00002 | UNREACHABLE! => {}\n", false},
		"nothing was asked": {"", false},
	} {
		ask := Ask{Scripts: AllInOne(len("SRV00001 HH\r\n")), Hosts: 2, AtOnce: 2}
		client, err := f.Ansible(t.Context(), &Lab{}, ask)
		if err != nil {
			t.Fatal(err)
		}
		if err := client.Check([]byte(c.out)); (err == nil) != c.good {
			t.Errorf("ansible, %s: %v", name, err)
		}
	}
	client, err := f.Pywinrm(t.Context(), &Lab{}, Ask{Scripts: Each([]string{"os", "disk"}), Hosts: 1, AtOnce: 2})
	if err != nil {
		t.Fatal(err)
	}
	const text = "SRV00001\r\nName      : os01\r\nState     : Running\r\nStatus    : OK\r\nStartMode : Auto\r\n"
	line := func(size int) string { return fmt.Sprintf("127.64.0.10 %d SRV00001\n", size) }
	os, disk := line(len(text)), line(len(text)+len("disk")-len("os"))
	for out, good := range map[string]bool{os + disk: true, disk + os: true, os: false, "": false, os + os: false} {
		if err := client.Check([]byte(out)); (err == nil) != good {
			t.Errorf("pywinrm, %q: %v", out, err)
		}
	}
}
