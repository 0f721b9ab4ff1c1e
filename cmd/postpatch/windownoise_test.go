package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"postpatch/probes/lab/estate"
)

// noise is something that healthy servers do.
type noise struct {
	name string
	role string // that does it; all when empty
	// begin sets it up, and returns what moves when the server starts or, where it is
	// patched while it runs, is patched.
	begin func(g *guest) func(d draw)
}

// inhabit draws what of the server moves by itself.
func (g *guest) inhabit() {
	for _, n := range noises() {
		if n.role != "" && n.role != g.role || n.role == "" && !g.d.chance(40) {
			continue
		}
		g.tell("noise: %s", n.name)
		g.noises = append(g.noises, n.begin(g))
	}
}

// since is the moment from which a noise counts: the server's last start, if it has one.
func (g *guest) since() time.Time {
	if g.kernel.IsZero() {
		return g.patched
	}
	return g.kernel
}

func noises() []noise {
	return slices.Concat(serviceNoises(), hostNoises(), roleNoises())
}

func serviceNoises() []noise {
	return []noise{
		{name: "services of each user", begin: func(g *guest) func(draw) {
			const keys = `HKLM\SYSTEM\CurrentControlSet\Services\`
			templates := []string{"CDPUserSvc", "WpnUserService", "cbdhsvc"}
			suffix := ""
			signIn := func(d draw) {
				for _, name := range templates {
					delete(g.host.Services, name+suffix)
				}
				suffix = fmt.Sprintf("_%x", 0x10000+d.IntN(0x90000))
				for _, name := range templates {
					g.host.Services[name+suffix] = estate.Service{Mode: "Auto", State: pick(d, stateRunning, stateStopped)}
					g.host.Registry[keys+name+suffix] = columns{"Type": 224}
				}
			}
			for _, name := range templates {
				g.host.Services[name] = estate.Service{Mode: "Auto", State: stateStopped, ExitCode: neverStarted}
				g.host.Registry[keys+name] = columns{"Type": 96}
			}
			signIn(g.d)
			return signIn
		}},
		{name: "a service named by its version", begin: func(g *guest) func(draw) {
			name := "GoogleUpdaterService131.0.6778.0"
			g.host.Services[name] = estate.Service{Mode: "Auto", State: stateStopped, Delayed: true}
			g.host.Services["Shop.Sync.4.1.7"] = estate.Service{Mode: "Auto", State: stateRunning}
			return func(d draw) {
				delete(g.host.Services, name)
				name = fmt.Sprintf("GoogleUpdaterService%d.0.%d.0", 132+d.IntN(9), d.IntN(9999))
				g.host.Services[name] = estate.Service{Mode: "Auto", State: pick(d, stateRunning, stateStopped), Delayed: true}
				delete(g.host.Services, "Shop.Sync.4.1.7")
				g.host.Services["Shop.Sync.4.1.9"] = estate.Service{Mode: "Auto", State: stateRunning}
			}
		}},
		{name: "a service that has been broken for long", begin: func(g *guest) func(draw) {
			g.host.Services["Legacy"] = estate.Service{Mode: "Auto", State: stateStopped, ExitCode: 1067}
			return func(draw) {}
		}},
		{name: "names in another case", begin: func(g *guest) func(draw) {
			return func(draw) {
				set(&g.host, "Agent", func(s *estate.Service) {
					s.Account, s.Path = `corp\SVC-AGENT`, `c:\agent\AGENT.EXE`
				})
				rows := slices.Clone(g.host.WMI["Win32_Share"])
				rows[2] = columns{"Name": "ORDERS", "Path": `d:\orders`, "Type": 0}
				g.host.WMI["Win32_Share"] = rows
			}
		}},
		{name: "manual services come and go", begin: func(g *guest) func(draw) {
			g.host.Services["msiserver"] = estate.Service{Mode: "Manual", State: stateRunning}
			return func(d draw) {
				g.host.Services["msiserver"] = estate.Service{Mode: "Manual", State: pick(d, stateRunning, stateStopped)}
			}
		}},
	}
}

func hostNoises() []noise {
	return []noise{
		{name: "other ports that Windows hands out", begin: func(g *guest) func(draw) {
			return func(draw) { g.listen() }
		}},
		{name: "events of every start", begin: func(g *guest) func(draw) {
			return func(d draw) {
				event := func(provider string, id, most int, text string) columns {
					at := g.since().Add(d.between(time.Second, 5*time.Minute))
					return columns{
						"log": "System", "provider": provider, "id": id, "count": 1 + d.IntN(most), "text": text,
						"first": at, "last": at,
					}
				}
				g.host.Collectors["eventlog"] = []columns{
					event("Microsoft-Windows-DistributedCOM", 10016, 30, "The application-specific permission settings"),
					event("Microsoft-Windows-DistributedCOM", 10010, 3, "The server did not register with DCOM"),
					event("NETLOGON", 5719, 1, "This computer was not able to set up a secure session"),
					event("Microsoft-Windows-GroupPolicy", 1129, 2, "The processing of Group Policy failed"),
					event("Schannel", 36887, 20, "A fatal alert was received"),
					event("Microsoft-Windows-Time-Service", 134, 2, "NtpClient was unable to set a manual peer"),
				}
			}
		}},
		{name: "files to be renamed at the next start", begin: func(g *guest) func(draw) {
			const manager = `HKLM\SYSTEM\CurrentControlSet\Control\Session Manager`
			return func(d draw) {
				file := fmt.Sprintf(`\??\C:\Windows\Temp\%x.tmp`, d.IntN(1<<20))
				g.host.Registry[manager] = columns{"PendingFileRenameOperations": []any{file, ""}}
			}
		}},
		{name: "free space moves", begin: func(g *guest) func(draw) {
			return func(d draw) {
				rows := slices.Clone(g.host.WMI["Win32_Volume"])
				for i, r := range rows {
					rows[i] = maps.Clone(r)
					rows[i]["FreeSpace"] = r["FreeSpace"].(int) - d.IntN(8<<30)
				}
				g.host.WMI["Win32_Volume"] = rows
			}
		}},
		{name: "a task is at work", begin: func(g *guest) func(draw) {
			return func(draw) { g.host.Collectors["tasks"] = tasks(4, true, 0x41301) }
		}},
		{name: "other numbers of interfaces", begin: func(g *guest) func(draw) {
			return func(d draw) {
				index := 7 + d.IntN(40)
				for class, rows := range g.host.WMI {
					if !strings.HasPrefix(class, cim) || len(rows) == 0 || rows[0]["InterfaceIndex"] == nil {
						continue
					}
					moved := maps.Clone(rows[0])
					moved["InterfaceIndex"] = index
					g.host.WMI[class] = []columns{moved}
				}
			}
		}},
	}
}

func roleNoises() []noise {
	return []noise{
		{name: "the directory is not in step at first", role: "dc", begin: func(g *guest) func(draw) {
			return func(d draw) {
				if g.kernel.IsZero() || d.chance(30) {
					return
				}
				g.direct(false)
				g.at(g.answers.Add(d.between(0, 12*time.Minute)), func(*windowNight) { g.direct(true) })
			}
		}},
		{name: "another serial of the zone", role: "dc", begin: func(g *guest) func(draw) {
			return func(d draw) { g.resolve(41 + d.IntN(999)) }
		}},
		{name: "the site warms up", role: "web", begin: func(g *guest) func(draw) {
			status := func(code int) {
				g.host.HTTP = []estate.Site{{Pages: map[string]estate.Page{"/health": {Status: code}}}}
			}
			return func(d draw) {
				if !g.kernel.IsZero() {
					status(503)
					g.at(g.answers.Add(d.between(0, 2*time.Minute)), func(*windowNight) { status(200) })
				}
			}
		}},
		{name: "another node has the group", role: "cluster", begin: func(g *guest) func(draw) {
			return func(d draw) { g.join(pick(d, "NODE2", "Node2"), 0) }
		}},
	}
}
