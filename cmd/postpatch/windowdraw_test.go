package main

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"postpatch/probes/lab/estate"
)

// draw is chance: the same for the same seed.
type draw struct{ *rand.Rand }

func (d draw) chance(percent int) bool { return d.IntN(100) < percent }

func (d draw) between(least, most time.Duration) time.Duration {
	return (least + time.Duration(d.Int64N(int64(most-least)+1))).Round(time.Second)
}

func pick[T any](d draw, of ...T) T { return of[d.IntN(len(of))] }

// release is a Windows with the update that the window brings.
type release struct {
	product  string
	build    int
	was, new int // the update revision
	kb, last string
}

func releases() []release {
	return []release{
		{"Microsoft Windows Server 2016 Standard", 14393, 8519, 8594, "KB5068864", "KB5066836"},
		{"Microsoft Windows Server 2019 Standard", 17763, 7919, 8027, "KB5068791", "KB5066586"},
		{"Microsoft Windows Server 2022 Standard", 20348, 4294, 4405, "KB5068787", "KB5066782"},
		{"Microsoft Windows Server 2025 Standard", 26100, 6899, 7171, "KB5068861", "KB5066835"},
	}
}

// guest is a server of a window.
type guest struct {
	*windowNight
	d    draw
	name string
	role string // member, web, sql, dc or cluster
	release
	required bool // that it restarts
	restarts bool // else it is patched while it runs
	patched  time.Time
	off      time.Time // when it went off
	kernel   time.Time // when Windows was started
	answers  time.Time // when it answered again
	story    []string
	noises   []func(d draw) // what moves by itself: at a start, or while it runs
}

func (g *guest) tell(format string, args ...any) {
	g.story = append(g.story, fmt.Sprintf(format, args...))
}

// window is a maintenance window that chance has drawn.
type window struct {
	d                  draw
	captured, verified time.Time
	reboot             string
	guests             []*guest
	mayBoot            bool   // the plan allows for more than one start
	poll               string // from one question to the next
}

// windowSeed is that of all windows; a window has its own by its number.
const windowSeed = 20261110

// drawWindow draws the window of a number. A faulty one has other numbers than a clean
// one.
func drawWindow(number uint64) *window {
	w := &window{d: draw{rand.New(rand.NewPCG(windowSeed, number))}}
	w.captured = time.Date(2026, 11, 24, 0, 30, 0, 0, time.UTC).Add(w.d.between(0, 20*time.Hour))
	w.verified = w.captured.Add(w.d.between(30*time.Minute, 5*time.Hour))
	w.reboot = pick(w.d, "required", "required", "required", "allowed", "forbidden")
	w.mayBoot, w.poll = w.d.chance(50), pick(w.d, "5s", "30s", "60s", "60s", "60s")
	names := []string{"app", "WEB", "Srv-", "db", "node"}
	for i := range pick(w.d, 1, 1, 1, 1, 1, 2) {
		name := fmt.Sprintf("%s%02d.corp.test", pick(w.d, names...), 10*i+w.d.IntN(10))
		g := &guest{d: draw{rand.New(rand.NewPCG(w.d.Uint64(), number))}, name: name}
		g.role = pick(w.d, "member", "member", "web", "sql", "dc", "cluster")
		w.draw(g)
		w.guests = append(w.guests, g)
	}
	return w
}

// draw draws what a server is and what becomes of it.
func (w *window) draw(g *guest) {
	d := g.d
	g.release = pick(d, releases()...)
	g.required = w.reboot == "required"
	g.restarts = g.required || w.reboot == "allowed" && d.chance(60)
	g.windowNight = &windowNight{pace: d.between(0, 6*time.Second), host: cloned(member()), kept: map[string]kept{}}
	h := &g.host
	h.Name = g.name
	booted := w.captured.Add(-d.between(2*24*time.Hour, 50*24*time.Hour))
	h.OS = estate.OS{
		Caption: g.product, Build: g.build, UBR: g.was, InstallType: "Server", Edition: "ServerStandard",
		Domain: "corp.test",
		Boot:   booted, Boots: []time.Time{booted}, Clock: d.between(-4*time.Second, 4*time.Second),
		UUID: fmt.Sprintf("%08X-4C4C-4%03X-8%03X-%012X", d.Uint32(), d.IntN(1<<12), d.IntN(1<<12), d.Int64N(1<<48)),
	}
	g.tell("%s is a %s with %s, up since %s", g.name, g.role, g.product, booted.Format(time.RFC3339))
	g.furnish()
	g.inhabit()
	if g.restarts {
		g.restart(w.verified)
	} else {
		g.patched = w.verified.Add(-d.between(time.Minute, 20*time.Minute))
		g.tell("patched at %s while it runs", g.patched.Format(time.TimeOnly))
		g.at(g.patched, func(*windowNight) {
			g.patch()
			for _, noise := range g.noises {
				noise(g.d)
			}
		})
	}
}

// patch puts the update on.
func (g *guest) patch() {
	h := &g.host
	h.OS.UBR = g.new
	h.WMI["Win32_QuickFixEngineering"] = hotfixes("KB5053995", g.kb)
	h.Collectors["updatehistory"] = updateHistory(g, g.kb)
}

// restart has it go off and come back.
func (g *guest) restart(verified time.Time) {
	d := g.d
	g.off = verified.Add(d.between(-15*time.Minute, 4*time.Minute))
	if !g.required && g.off.After(verified) { // nobody waits for a start that need not come
		g.off = verified.Add(-time.Minute)
	}
	took := d.between(30*time.Second, 20*time.Minute)
	g.at(g.off.Add(-d.between(0, 20*time.Second)), func(*windowNight) { g.stopSome() })
	if d.chance(15) { // the update needs a second start
		first := g.off.Add(took / 3)
		g.start(g.off, first, first.Add(d.between(20*time.Second, 60*time.Second)))
		g.off = g.answers.Add(d.between(5*time.Second, 50*time.Second))
		took /= 3
		g.tell("and once more:")
	}
	start := g.off.Add(max(took-d.between(15*time.Second, 70*time.Second), took/4))
	if d.chance(20) { // it configures updates before it serves
		start = g.off.Add(took / 5)
	}
	g.start(g.off, start, g.off.Add(took))
	g.patched = g.kernel
}

// start is one restart: when it goes off, when Windows is started, and when it answers.
func (g *guest) start(off, kernel, answers time.Time) {
	g.off, g.kernel, g.answers = off, kernel, answers
	g.tell("off at %s, Windows starts %v later, and answers %v after that", off.Format(time.TimeOnly),
		kernel.Sub(off), answers.Sub(kernel))
	g.at(off, func(n *windowNight) { n.host.Power = "off" })
	g.at(kernel, func(n *windowNight) {
		n.host.OS.Boot = kernel
		n.host.OS.Boots = append(slices.Clone(n.host.OS.Boots), kernel)
		g.patch()
		g.wake(kernel, answers)
	})
	busy := g.d.chance(20)
	g.at(answers, func(n *windowNight) { n.host.Power, n.mute = "", busy })
	g.at(answers.Add(20*time.Second), func(n *windowNight) { n.mute = false })
}

// stopSome is what is seen of a shutdown that has begun.
func (g *guest) stopSome() {
	for i, name := range slices.Sorted(maps.Keys(g.host.Services)) {
		if i%5 == 0 {
			set(&g.host, name, func(s *estate.Service) {
				if s.State == stateRunning {
					s.State = "Stop Pending"
				}
			})
		}
	}
}

// wake begins to start the services, each in its own time.
func (g *guest) wake(kernel, answers time.Time) {
	d, h := g.d, &g.host
	manager := answers.Add(-d.between(10*time.Second, 40*time.Second)) // the service control manager begins
	if manager.Before(kernel) {
		manager = kernel
	}
	slow := d.IntN(3)
	for _, name := range slices.Sorted(maps.Keys(h.Services)) {
		s := h.Services[name]
		was := s.State == stateRunning || s.State == "Stop Pending"
		s.ExitCode = neverStarted
		s.State = stateStopped
		later := time.Duration(-1) // never
		switch {
		case s.Mode == "Disabled":
		case s.Mode != "Auto":
			if d.chance(80) == was {
				s.State = stateRunning
			}
		case isOnDemand(name) || s.Trigger && name != "Dnscache" && name != "LanmanServer":
			if d.chance(60) {
				later = d.between(0, 90*time.Second)
			} else if d.chance(50) {
				s.ExitCode = 0
			}
		case !was:
		case s.Delayed:
			later = d.between(125*time.Second, 240*time.Second)
		case name == sqlServer || slow > 0 && d.chance(5):
			slow--
			later = d.between(40*time.Second, 4*time.Minute)
		default:
			later = d.between(0, 50*time.Second)
		}
		h.Services[name] = s
		if later >= 0 {
			g.serve(name, manager.Add(later))
		}
	}
	for _, noise := range g.noises {
		noise(g.d)
	}
}

// serve has a service run from a time on, and start for a while before.
func (g *guest) serve(name string, when time.Time) {
	turn := func(at time.Time, state string) {
		g.put(event{at, func(n *windowNight) {
			set(&n.host, name, func(s *estate.Service) { s.State, s.ExitCode = state, 0 })
		}, true})
	}
	turn(when.Add(-g.d.between(0, 20*time.Second)), statePending)
	turn(when, stateRunning)
	if name == sqlServer && g.d.chance(50) {
		g.upgrade(when)
	}
}

// upgrade is SQL Server's: its scripts run before it lets anybody in.
func (g *guest) upgrade(began time.Time) {
	done := began.Add(g.d.between(time.Minute, 14*time.Minute))
	g.at(began, func(n *windowNight) {
		own := *n.host.SQL
		own.LoginError = 18401
		n.host.SQL = &own
	})
	g.at(done, func(n *windowNight) {
		own := *n.host.SQL
		own.LoginError = 0
		n.host.SQL = &own
	})
	g.tell("SQL Server runs its upgrade scripts until %s", done.Format(time.TimeOnly))
}

// isOnDemand says of a service, which is set to automatic, that it may rest.
func isOnDemand(name string) bool {
	name = strings.ToLower(name)
	return slices.Contains([]string{"sppsvc", "cdpsvc", "usosvc", "remoteregistry", "mapsbroker"}, name) ||
		strings.HasPrefix(name, "googleupdater") || strings.HasPrefix(name, "edgeupdate")
}

// texts is the window for a reader: its suite and its plan.
func (w *window) texts() (suite, plan string) {
	var hosts, musts, names []string
	roles := map[string][]string{}
	for _, g := range w.guests {
		hosts = append(hosts, fmt.Sprintf("{name: %s, tags: [%s]}", g.name, g.role))
		roles[g.role] = append(roles[g.role], g.name)
		names = append(names, g.name)
		musts = append(musts,
			fmt.Sprintf("{change: os.build, to: '>= %d.%d', where: '%d.*', hosts: [%s]}", g.build, g.new, g.build, g.name),
			fmt.Sprintf("{change: updates.hotfixes, to: contains %s, hosts: [%s]}", g.kb, g.name))
	}
	suite = "suite: night\nhosts: [" + strings.Join(hosts, ", ") + "]\nchecks:\n" + nightChecks(roles, names)
	plan = "plan: night\nreboot: " + w.reboot + "\nmust_change:\n  - " + strings.Join(musts, "\n  - ") + `
may_change: [services.path` + map[bool]string{true: ", os.boots"}[w.mayBoot] + `]
drift:
  - {change: services.account, severity: fail}
  - {change: network.dns_servers, severity: fail}
  - {change: os.secure_boot, severity: fail}
settle: {poll: ` + w.poll + "}\n"
	return suite, plan
}
