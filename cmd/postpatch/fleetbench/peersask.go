//go:build linux

package fleetbench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"postpatch/probes/lab/swarm"
)

// Script is a command that a host runs, and what it prints: its text begins with the
// host's name, which tells one host's answer from another's.
type Script struct{ Text, Prints string }

// nameOfHost is what the lab's PowerShell puts in its place.
const nameOfHost = "$env:COMPUTERNAME"

// AllInOne is one command that prints as many bytes as postpatch's packed answer. Nobody
// puts questions so: what prints all answers has to be written first, and packs nothing.
func AllInOne(size int) []Script {
	const around = len("SRV00001 ") + len("\r\n")
	return []Script{{"Get-AllAnswers", nameOfHost + " " + strings.Repeat("H", max(0, size-around))}}
}

// Each is a command for every check. What it prints is short, even where the check is of
// all services.
func Each(checks []string) []Script {
	scripts := make([]Script, len(checks))
	for i, kind := range checks {
		scripts[i] = Script{
			fmt.Sprintf("Get-CimInstance -Query 'SELECT * FROM Win32_%s_%02d' | Format-List -Property *", kind, i+1),
			fmt.Sprintf("%s\r\nName      : %s%02d\r\nState     : Running\r\nStatus    : OK\r\nStartMode : Auto",
				nameOfHost, kind, i+1),
		}
	}
	return scripts
}

// Prints are the scripts as the lab wants them.
func Prints(scripts ...Script) map[string]string {
	all := map[string]string{}
	for _, s := range scripts {
		all[s.Text] = s.Prints
	}
	return all
}

// on is what a script prints on a host.
func (s Script) on(p swarm.Profile) string {
	return strings.ReplaceAll(s.Prints, nameOfHost, strings.ToUpper(p.Name)) + "\r\n"
}

// Ask is what peers are made to ask, of how many hosts, and how many at a time.
type Ask struct {
	Way     string
	Scripts []Script
	Hosts   int
	AtOnce  int
	// Apart makes python3-winrm run each script by Session.run_ps, as its README does:
	// in a shell of its own.
	Apart bool
}

func (a Ask) client(name string, command *exec.Cmd, check func([]byte) error) Client {
	return Client{
		Name: name, Way: a.Way, Hosts: a.Hosts, Commands: len(a.Scripts), AtOnce: a.AtOnce, Command: command, Check: check,
	}
}

// The peers, as Debian has them.
const (
	python          = "/usr/bin/python3"
	ansible         = "/usr/bin/ansible"
	ansiblePlaybook = "/usr/bin/ansible-playbook"
)

// Pywinrm asks by python3-winrm from a pool of threads, over one connection to a host, and
// one shell unless the scripts are to be apart.
func (f Fleet) Pywinrm(ctx context.Context, l *Lab, a Ask) (Client, error) {
	job := map[string]any{
		"port": l.Ports.WinRM, "user": swarm.User, "password": swarm.Password, "threads": a.AtOnce, "apart": a.Apart,
	}
	var addresses, scripts []string
	want := map[string]int{}
	for i := range a.Hosts {
		p := f.Swarm.Profile(i)
		addresses = append(addresses, p.Address.String())
		for _, s := range a.Scripts {
			want[fmt.Sprintf("%s %d %s\n", p.Address, len(s.on(p)), strings.ToUpper(p.Name))]++
		}
	}
	for _, s := range a.Scripts {
		scripts = append(scripts, s.Text)
	}
	job["addresses"], job["scripts"] = addresses, scripts
	input, err := json.Marshal(job)
	if err != nil {
		return Client{}, err
	}
	command := exec.CommandContext(ctx, python, "-W", "ignore", filepath.Join("testdata", "pywinrm.py"))
	command.Stdin, command.Env = bytes.NewReader(input), alone(f.Folder)
	return a.client("python3-winrm", command, func(out []byte) error {
		return unmet(want, slices.Collect(strings.Lines(string(out))))
	}), nil
}

// Ansible asks by ansible's raw over its WinRM connection: ad hoc for one command, and by
// a playbook of as many tasks for several, in which no host waits for another.
func (f Fleet) Ansible(ctx context.Context, l *Lab, a Ask) (Client, error) {
	var inventory, tasks strings.Builder
	want := map[string]int{}
	for i := range a.Hosts {
		p := f.Swarm.Profile(i)
		fmt.Fprintf(&inventory, "%s ansible_host=%s\n", p.Name, p.Address)
		for _, s := range a.Scripts {
			want[p.Name+" "+strings.TrimSpace(s.on(p))]++
		}
	}
	fmt.Fprintf(&inventory, "[all:vars]\nansible_connection=winrm\nansible_port=%d\nansible_user=%s\n"+
		"ansible_password=%s\nansible_winrm_scheme=http\nansible_winrm_transport=basic\n",
		l.Ports.WinRM, swarm.User, swarm.Password)
	tasks.WriteString("- hosts: all\n  gather_facts: false\n  strategy: free\n  tasks:\n")
	for _, s := range a.Scripts {
		fmt.Fprintf(&tasks, "    - raw: %q\n", s.Text)
	}
	hosts, playbook := filepath.Join(f.Folder, "peers.ini"), filepath.Join(f.Folder, "peers.playbook.yaml")
	if err := os.WriteFile(hosts, []byte(inventory.String()), 0o600); err != nil {
		return Client{}, err
	}
	if err := os.WriteFile(playbook, []byte(tasks.String()), 0o600); err != nil {
		return Client{}, err
	}
	name, args := ansiblePlaybook, []string{"-i", hosts, "-f", strconv.Itoa(a.AtOnce), playbook}
	if len(a.Scripts) == 1 {
		name, args = ansible, []string{"-i", hosts, "-f", strconv.Itoa(a.AtOnce), "-m", "raw", "-a", a.Scripts[0].Text, "all"}
	}
	command := exec.CommandContext(ctx, name, args...)
	command.Env = append(alone(f.Folder), "ANSIBLE_NOCOLOR=1", "ANSIBLE_STDOUT_CALLBACK=minimal",
		"ANSIBLE_LOCAL_TEMP="+filepath.Join(f.Folder, "ansible"))
	return a.client(filepath.Base(name)+" raw", command, func(out []byte) error {
		return unmet(want, results(string(out)))
	}), nil
}

// results reads what ansible's callback "minimal" prints of every task that went well:
// the host, and what its command printed.
func results(out string) []string {
	head := regexp.MustCompile(`(?m)^(\S+) \| CHANGED \| rc=0 >>\n`)
	found := head.FindAllStringSubmatchIndex(out, -1)
	all := make([]string, len(found))
	for i, at := range found {
		end := len(out)
		if i+1 < len(found) {
			end = found[i+1][0]
		}
		all[i] = out[at[2]:at[3]] + " " + strings.TrimSpace(out[at[1]:end])
	}
	return all
}

// unmet tells of answers that did not come as often as they should, or that nobody
// asked for.
func unmet(want map[string]int, got []string) error {
	left := maps.Clone(want)
	for _, text := range got {
		left[text]--
	}
	count, first := 0, ""
	for text, n := range left {
		if n != 0 {
			count, first = count+1, text
		}
	}
	if count > 0 {
		return fmt.Errorf("%d of %d different answers are missing or wrong, one is %.200q", count, len(want), first)
	}
	return nil
}

// alone is an environment in which nothing is configured, above all no proxy.
func alone(home string) []string {
	// Nothing but what Debian's packages install is to be found.
	return []string{"PATH=/usr/bin:/bin", "HOME=" + home, "LC_ALL=C.UTF-8", "PYTHONWARNINGS=ignore"}
}
