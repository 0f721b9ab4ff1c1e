//go:build linux

package swarm

import (
	"fmt"
	"maps"
	"strings"
	"time"

	"postpatch/probes/host/packed"
	"postpatch/probes/lab/estate"
)

// The account of all hosts' WinRM.
const (
	User     = "probe"
	Password = "lab"
)

// The builds before the patch and after it.
const (
	BuildBefore = 4294
	BuildAfter  = 4405
)

// kindsOfHosts is how many different servers there are; the hosts are of one of
// them each, and differ in what is a host's own.
const kindsOfHosts = 16

// model makes hosts from their profiles: what they have in common is there once.
type model struct {
	seed  Seed
	bases []estate.Host
	// stopped has the same services, of which W3SVC does not run.
	stopped []map[string]estate.Service
}

func newModel(o Options) (*model, error) {
	e, err := estate.Parse("swarm.estate.yaml", fmt.Appendf(nil, `estate: swarm
hosts:
  base:
    profile: windows-server-2022
    winrm: {plain: true, user: %s, password: %s}
    os: {ubr: %d, boot: 2026-10-14T02:31:00Z}
    services:
      W3SVC: {state: Running, mode: Auto, account: LocalSystem}
`, User, Password, BuildBefore))
	if err != nil {
		return nil, err
	}
	m := &model{seed: o.Seed}
	for kind := range kindsOfHosts {
		h := e.Hosts(estate.Before)[0]
		h.Services = maps.Clone(h.Services)
		for i := 0; len(h.Services) < o.Services; i++ {
			h.Services[fmt.Sprintf("Agent%02d%03d", kind, i)] = agent(kind, i)
		}
		h.WMI = maps.Clone(h.WMI)
		if h.WMI == nil {
			h.WMI = map[string][]map[string]any{}
		}
		h.Collectors = maps.Clone(h.Collectors)
		h.WMI["Win32_QuickFixEngineering"], h.Collectors["updatehistory"] = updates(kind, o.Updates)
		m.bases = append(m.bases, h)
		stopped := maps.Clone(h.Services)
		w3svc := stopped["W3SVC"]
		w3svc.State = "Stopped"
		stopped["W3SVC"] = w3svc
		m.stopped = append(m.stopped, stopped)
	}
	return m, nil
}

// agent is one of the many services that no Windows has by itself.
func agent(kind, i int) estate.Service {
	s := estate.Service{
		Display: fmt.Sprintf("Acme Agent %d of Kind %d", i, kind), State: "Running", Mode: "Auto", Account: "LocalSystem",
		Path: fmt.Sprintf(`"C:\Program Files\Acme\Agent %d\agent%d.exe" --service --kind %d`, i, i, kind),
	}
	if i%3 == 0 {
		s.State, s.Mode, s.ExitCode, s.Account = "Stopped", "Manual", 1077, `NT AUTHORITY\LocalService`
	}
	return s
}

// updates are what servicing and the update agent know.
func updates(kind, count int) (hotfixes, history []map[string]any) {
	for i := range count {
		kb := fmt.Sprintf("KB50%05d", 10*i+kind)
		hotfixes = append(hotfixes, map[string]any{"HotFixID": kb})
		history = append(history, map[string]any{
			"Part": "entry", "Title": "2026-09 Cumulative Update for Microsoft server operating system (" + kb + ")",
			"UpdateID": fmt.Sprintf("5b1c%04x-0000-4000-8000-%012x", kind, i),
			"Date":     time.Date(2026, 9, 1+i%28, 3, i%60, 0, 0, time.UTC), "Operation": 1, "Result": 2,
			"HResult": 0, "Unmapped": 0,
		})
	}
	return hotfixes, append(history, map[string]any{"Part": "total", "Count": count, "Cut": false},
		map[string]any{"Part": "agent"})
}

// host makes a host as it is in a state.
func (m *model) host(p Profile, state string) estate.Host {
	kind := p.Index % kindsOfHosts
	h := m.bases[kind]
	h.Name, h.Think = p.Name, p.Think
	h.OS.UUID = fmt.Sprintf("4C4C4544-%04X-4%03X-8000-%012X", kind, m.seed.Number&0xFFF, p.Index)
	h.OS.Boot = h.OS.Boot.Add(time.Duration(p.Index%3600) * time.Second)
	if state == After {
		h.OS.UBR, h.OS.Boot = BuildAfter, h.OS.Boot.AddDate(0, 1, 10)
	}
	h.OS.Boots = []time.Time{h.OS.Boot}
	if p.In(state).Fault == Stops {
		h.Services = m.stopped[kind]
	}
	return h
}

// alike names what a host's answer to a question depends on, see wsman.Kept.
func alike(h estate.Host, q packed.Question) string {
	text := strings.ToLower(fmt.Sprint(q.Query, q.Collector, q.Args))
	for _, own := range []string{
		"win32_operatingsystem", "win32_computersystem", "boots", "computername", "tcpip", "certificate", "domain",
		"eventlog",
	} {
		if strings.Contains(text, own) {
			return ""
		}
	}
	return fmt.Sprintf("%s %d %s", h.OS.UUID[:13], h.OS.UBR, h.Services["W3SVC"].State)
}
