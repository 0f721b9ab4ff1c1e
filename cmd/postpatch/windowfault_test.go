package main

import (
	"maps"
	"slices"
	"time"

	"postpatch/probes/lab/estate"
	"postpatch/runner"
)

// fault is something that a patch may break.
type fault struct {
	name string
	role string // of the server; any when empty
	// starts says that there is none without a restart, required that the plan has to
	// want one.
	starts, required bool
	forbidden        bool // that the plan has to forbid one
	// at are patterns of the checks that tell it, with a bar between them; where it is
	// empty the host as a whole does.
	at   string
	exit int // 0 for 1
	// orAway says that the host may be away just when it is looked at last.
	orAway bool
	// moves says that what it does changes with time.
	moves bool
	// is makes it so: again and again, from the start, or from the patch, on.
	is func(g *guest) deed
}

// deed makes a server ill that has been up for so long.
type deed = func(h *estate.Host, up time.Duration)

// does is a fault that is the same on every server.
func does(change func(h *estate.Host)) func(*guest) deed {
	return func(*guest) deed {
		return func(h *estate.Host, _ time.Duration) { change(h) }
	}
}

// with is a fault of a service.
func with(name string, change func(s *estate.Service)) func(*guest) deed {
	return does(func(h *estate.Host) { set(h, name, change) })
}

// ended is a service in a state that it does not leave.
func ended(name, state string, code int) func(*guest) deed {
	return with(name, func(s *estate.Service) { s.State, s.ExitCode = state, code })
}

func faults() []fault {
	return slices.Concat(serviceFaults(), startFaults(), systemFaults(), connectionFaults(), roleFaults())
}

// drawFaulty draws the window of a number in which there is a server that can have the
// fault, and plants it there.
func drawFaulty(number uint64, f fault) (*window, *guest) {
	for try := uint64(1); ; try++ {
		w := drawWindow(number + try<<32)
		for _, g := range w.guests {
			if w.plant(f, g) {
				g.tell("fault: %s", f.name)
				return w, g
			}
		}
	}
}

// plant makes a server have the fault; it is not ok where it cannot.
func (w *window) plant(f fault, g *guest) bool {
	switch {
	case f.role != "" && f.role != g.role, f.starts && !g.restarts, f.required && !g.required,
		f.forbidden && w.reboot != "forbidden":
		return false
	}
	g.planted, g.moves = g.since(), f.moves
	g.fault = f.is(g)
	return true
}

// exitOf is the code that a fault comes to.
func (f fault) exitOf() int {
	if f.exit == 0 {
		return runner.ExitBroken
	}
	return f.exit
}

func serviceFaults() []fault {
	return []fault{
		{name: "service stopped", at: "services", is: ended("Agent", stateStopped, 0)},
		{name: "service crashed", at: "services|eventlog", is: does(func(h *estate.Host) {
			set(h, "Agent", func(s *estate.Service) { s.State, s.ExitCode = stateStopped, 1067 })
			writeEvent(h, "Service Control Manager", 7034, "The Agent service terminated unexpectedly.")
		})},
		{name: "service disabled", at: "services", is: with("Backup", func(s *estate.Service) {
			s.Mode, s.State, s.ExitCode = "Disabled", stateStopped, neverStarted
		})},
		{name: "service disabled that runs still", at: "services", is: with("Agent", func(s *estate.Service) {
			s.Mode = "Disabled"
		})},
		{name: "service gone", at: "services", is: does(func(h *estate.Host) { delete(h.Services, "Agent") })},
		{name: "service with another account", at: "services", is: with("Agent", func(s *estate.Service) {
			s.Account = "LocalSystem"
		})},
		{name: "service that cannot log on", at: "services", is: ended("Agent", stateStopped, 1069)},
		{name: "service stuck", at: "services", is: ended("Spooler", statePending, 0)},
		{name: "service flapping for ever", at: "services|eventlog", moves: true, is: func(g *guest) deed {
			return func(h *estate.Host, up time.Duration) {
				if time.Since(g.planted) > time.Minute {
					writeEvent(h, "Service Control Manager", 7031, "The Agent service terminated unexpectedly.")
				}
				set(h, "Agent", func(s *estate.Service) {
					s.State, s.ExitCode = stateRunning, 0
					if up/(30*time.Second)%2 == 1 {
						s.State, s.ExitCode = stateStopped, 1067
					}
				})
			}
		}},
		{name: "service of a delayed start never started", at: "services", is: ended("Backup", stateStopped, neverStarted)},
	}
}

// writeEvent adds an event to the log System.
func writeEvent(h *estate.Host, provider string, id int, text string) {
	at := h.OS.Boot.Add(time.Minute)
	if at.After(time.Now()) {
		at = time.Now()
	}
	event := columns{"log": "System", "provider": provider, "id": id, "count": 1, "text": text, "first": at, "last": at}
	same := func(e map[string]any) bool { return e["provider"] == provider && e["id"] == id }
	if !slices.ContainsFunc(h.Collectors["eventlog"], same) {
		h.Collectors["eventlog"] = append(slices.Clone(h.Collectors["eventlog"]), event)
	}
}

// booted are the events of the starts, with what is found of the last one.
func booted(h *estate.Host, more ...columns) []columns {
	rows := slices.Clone(more)
	for _, at := range slices.Backward(h.OS.Boots) {
		rows = append(rows, columns{"Id": 12, "Time": at})
	}
	return rows
}

func startFaults() []fault {
	return []fault{
		{name: "never back", starts: true, exit: runner.ExitIncomplete, is: func(g *guest) deed {
			return func(h *estate.Host, _ time.Duration) { h.Power = "off" }
		}},
		{name: "never rebooted", required: true, at: "os", is: func(g *guest) deed {
			g.events = nil
			g.at(g.off, func(*windowNight) { g.patch() })
			return func(*estate.Host, time.Duration) {}
		}},
		{name: "another machine answers", exit: runner.ExitNoVerdict, is: does(func(h *estate.Host) {
			h.OS.UUID = "99999999-4C4C-4444-8888-123456789ABC"
		})},
		{name: "update rolled back", at: "os", is: func(g *guest) deed {
			return func(h *estate.Host, _ time.Duration) { h.OS.UBR = g.was }
		}},
		{name: "update missing", at: "updates/*", is: func(g *guest) deed {
			return func(h *estate.Host, _ time.Duration) {
				h.WMI["Win32_QuickFixEngineering"] = hotfixes("KB5053995", g.last)
			}
		}},
		{name: "update failed", at: "updates/*", is: func(g *guest) deed {
			return func(h *estate.Host, _ time.Duration) {
				rows := updateHistory(g, g.kb)
				entry := maps.Clone(rows[1])
				entry["Title"], entry["UpdateID"] = "2026-11 Cumulative Update for .NET Framework (KB5066200)", "net"
				entry["Result"], entry["HResult"], entry["Unmapped"] = 4, -2146498529, -2146498529
				rows = append(rows, entry)
				h.Collectors["updatehistory"] = rows
			}
		}},
		{name: "another Windows", at: "os", is: does(func(h *estate.Host) {
			h.OS.Caption, h.OS.Build = "Microsoft Windows Server 2028 Standard", 29000
		})},
		{name: "bugcheck", starts: true, at: "os", is: does(func(h *estate.Host) {
			at := h.OS.Boot.Add(20 * time.Second)
			h.Collectors["boots"] = booted(h, columns{"Id": 1001, "Time": at, "Text": "0x0000009f (0x3)", "Code": 159})
		})},
		{name: "unclean start", starts: true, at: "os", is: does(func(h *estate.Host) {
			h.Collectors["boots"] = booted(h, columns{"Id": 41, "Time": h.OS.Boot.Add(5 * time.Second), "Code": 0})
		})},
		{name: "starts again and again", starts: true, orAway: true, at: "os", is: func(g *guest) deed {
			for i := range 40 {
				at := g.answers.Add(time.Duration(i) * 4 * time.Minute)
				g.at(at.Add(2*time.Minute), func(n *windowNight) { n.host.Power = "off" })
				g.at(at.Add(3*time.Minute), func(n *windowNight) {
					n.host.OS.Boot, n.host.Power = at.Add(3*time.Minute), ""
					n.host.OS.Boots = append(slices.Clone(n.host.OS.Boots), n.host.OS.Boot)
				})
			}
			return func(h *estate.Host, _ time.Duration) {
				h.Collectors["boots"] = booted(h, columns{
					"Id": 1074, "Time": h.OS.Boot.Add(-20 * time.Second), "Process": `C:\Windows\system32\wininit.exe (X)`,
					"Reason": "0x50006", "Text": `'C:\Windows\system32\lsass.exe' terminated with status code -1073741819.`,
				})
			}
		}},
		{name: "reboot where none may be", forbidden: true, at: "os", is: func(g *guest) deed {
			at := g.patched.Add(-10 * time.Minute)
			g.start(at.Add(-time.Minute), at, at.Add(20*time.Second))
			return func(*estate.Host, time.Duration) {}
		}},
		{name: "PowerShell gone", at: "*", exit: runner.ExitIncomplete, is: does(func(h *estate.Host) {
			h.Refuses = map[string]string{"pendingreboot": "", "tasks": "", "certificates": "", "updatehistory": ""}
		})},
	}
}

func systemFaults() []fault {
	const servicing = `HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing`
	volume := func(i int, change func(v map[string]any)) func(*guest) deed {
		return does(func(h *estate.Host) {
			rows := slices.Clone(h.WMI["Win32_Volume"])
			rows[i] = maps.Clone(rows[i])
			change(rows[i])
			h.WMI["Win32_Volume"] = rows
		})
	}
	return []fault{
		{name: "volume gone", at: "disk", is: does(func(h *estate.Host) {
			h.WMI["Win32_Volume"] = h.WMI["Win32_Volume"][:1:1]
		})},
		{name: "volume full", at: "disk", is: volume(1, func(v map[string]any) { v["FreeSpace"] = 1 << 20 })},
		{name: "volume raw", at: "disk", is: volume(1, func(v map[string]any) { v["FileSystem"] = "RAW" })},
		{name: "reboot pending", at: "pending_reboot", is: does(func(h *estate.Host) {
			h.Registry[servicing+`\RebootPending`] = columns{}
		})},
		{name: "update waits for a reboot", at: "pending_reboot", is: does(func(h *estate.Host) {
			h.Registry[`HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\WindowsUpdate\Auto Update\RebootRequired`] = columns{}
		})},
		{name: "clock off", at: "os", is: does(func(h *estate.Host) { h.OS.Clock = 10 * time.Minute })},
		{name: "Secure Boot off", at: "os", is: does(func(h *estate.Host) {
			h.Registry[secureBoot] = columns{"UEFISecureBootEnabled": 0}
		})},
		{name: "share gone", at: "share", is: does(func(h *estate.Host) {
			gone := func(r map[string]any) bool { return r["Name"] == "Orders" || r["Name"] == "ORDERS" }
			h.WMI["Win32_Share"] = slices.DeleteFunc(slices.Clone(h.WMI["Win32_Share"]), gone)
		})},
		{name: "share for others", at: "share", is: does(func(h *estate.Host) {
			rows := slices.Clone(h.Collectors["shares"])
			const everyoneWrites = "AQAEgAAAAAAAAAAAAAAAABQAAAACABwAAQAAAAAAFAD/AR8AAQEAAAAAAAEAAAAA"
			rows[1] = columns{"part": "share", "name": "Orders", "security": everyoneWrites}
			h.Collectors["shares"] = rows
		})},
		{name: "task disabled", at: "task", is: does(func(h *estate.Host) { h.Collectors["tasks"] = tasks(1, false, 0) })},
		{name: "certificate gone", at: "certificate*", is: does(func(h *estate.Host) {
			h.Collectors["certificates"] = []columns{{"store": "My", "now": time.Now(), "there": true, "count": 0}}
		})},
		{name: "device without a driver", at: "device", is: does(func(h *estate.Host) {
			h.WMI["Win32_PnPEntity"] = []columns{{
				"ConfigManagerErrorCode": 28, "DeviceID": `PCI\VEN_15AD`, "Name": "vmxnet3", "PNPClass": "Net",
				"Present": true, "Status": "Error",
			}}
		})},
		{name: "disk errors", at: "eventlog", is: does(func(h *estate.Host) {
			writeEvent(h, "disk", 7, "The device has a bad block.")
		})},
		{name: "well, and then not", starts: true, at: "services", moves: true, is: func(g *guest) deed {
			return func(h *estate.Host, _ time.Duration) {
				if time.Since(g.planted) > 5*time.Second {
					set(h, "Spooler", func(s *estate.Service) { s.State, s.ExitCode = stateStopped, 1067 })
				}
			}
		}},
	}
}
