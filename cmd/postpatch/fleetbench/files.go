//go:build linux

package fleetbench

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"postpatch/probes/lab/swarm"
)

// Checks is how many a host has, of ten kinds.
const Checks = 30

// The names of the files.
const (
	suiteFile       = "fleet.suite.yaml"
	hostsFile       = "hosts.txt"
	credentialsFile = "credentials.yaml"
	planFile        = "november.plan.yaml"
	routesFile      = "routes.json"
	storeFolder     = "evidence"
)

// The checks of which a fault tells.
const (
	serviceCheck  = "service/W3SVC"
	servicesCheck = "services"
	svchostCheck  = "process/svchost"
	healthCheck   = "health"
)

// write writes what the program reads.
func (f Fleet) write(l *Lab) error {
	var hosts strings.Builder
	for i := range f.Swarm.Hosts {
		fmt.Fprintln(&hosts, f.Swarm.Profile(i).Name)
	}
	routes, err := json.Marshal(map[string]any{"routes": l.Routes})
	if err != nil {
		return err
	}
	files := map[string]string{
		hostsFile: hosts.String(), suiteFile: f.suite(l.Ports),
		credentialsFile: fmt.Sprintf("credentials:\n  - {hosts: '*', user: %s, password: {file: password.txt}, "+
			"winrm: {allow_plain: true, auth: basic, port: %d}}\n", swarm.User, l.Ports.WinRM),
		"password.txt": swarm.Password, routesFile: string(routes),
		planFile: fmt.Sprintf("plan: november\nsuites: [%s]\nmust_change:\n  - {change: os.build, to: \"20348.%d\"}\n"+
			"may_change: [os.*]\n", suiteFile, swarm.BuildAfter),
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(f.Folder, name), []byte(content), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// suite has thirty checks of ten kinds.
func (f Fleet) suite(ports swarm.Ports) string {
	web := fmt.Sprintf("http://{{ host.name }}:%d", ports.Web)
	server := fmt.Sprintf("{{ host.name }}:%d", ports.DNS)
	return fmt.Sprintf("suite: fleet\ntimeout: %s\nhosts:\n  - file: %s\nchecks:\n", f.Budget, hostsFile) + `
  - {os: {}, services: {}, updates: {}, disk: {}}
  - service: W3SVC
  - service: Agent-less
    id: service/none
    expect: {state: absent}
` + each("  - service: %s\n", "BFE", "Dhcp", "Dnscache", "EventLog", "LanmanServer", "Netlogon", "Schedule") +
		each("  - registry: {key: 'HKLM\\%s'}\n    id: registry/%[1]q\n",
			`SOFTWARE\Microsoft\Windows NT\CurrentVersion`, `SYSTEM\CurrentControlSet\Control`,
			`SYSTEM\CurrentControlSet\Services\W3SVC`, `SYSTEM\CurrentControlSet\Services\Dnscache`) +
		each("  - process: %s\n", "lsass", "services", "svchost") +
		each("  - tcp: %d\n", ports.WinRM, ports.Web, ports.Banner[0], ports.Banner[1]) +
		"  - {http: '" + web + "/health', id: " + healthCheck + "}\n" +
		"  - {http: '" + web + "/', id: front}\n  - {http: '" + web + "/about', id: about}\n" +
		each("  - {dns: {name: %s, server: '"+server+"'}, id: dns/%[1]s}\n",
			"www.swarm.test", "mail.swarm.test", "sql.swarm.test")
}

func each[T any](format string, values ...T) string {
	var b strings.Builder
	for _, v := range values {
		fmt.Fprintf(&b, format, v)
	}
	return b.String()
}
