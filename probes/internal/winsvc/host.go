package winsvc

import (
	"slices"
	"strings"
	"sync"
	"time"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
)

// The words for states that Win32_Service has no word for.
const (
	// NotYetStarted is an automatic service that the boot has yet to start.
	NotYetStarted = "not yet started"
	// Idle is a service that stopped as its trigger allows.
	Idle = "idle"
)

// Windows starts delayed services this long after the other automatic ones,
// unless AutoStartDelay says otherwise; they start one by one after that, within
// grace, and the other automatic ones within bootTime. Both are estimates: no
// documentation names a time, and monitoring plugins wait as long.
const (
	usualDelay = 2 * time.Minute
	grace      = 3 * time.Minute
	bootTime   = 2 * time.Minute
)

// neverStarted is ERROR_SERVICE_NEVER_STARTED: no attempt to start the service
// has been made since the last boot.
const neverStarted = 1077

// Questions are what both kinds of services ask: the named services, or all of
// them when there are no names, their keys, and the host's clock.
func Questions(names ...string) []host.Question {
	return []host.Question{Question(names...), Keys(), clock()}
}

func clock() host.WQL {
	return host.WQL{Class: "Win32_OperatingSystem", Columns: []string{"LastBootUpTime", "LocalDateTime"}}
}

// Host is what a host told of its services.
type Host struct {
	Services []*Service                 // in the order of the answer
	keys     map[string]*Key            // none where PowerShell cannot run
	keysErr  error                      // why there are none, elsewhere
	states   func() map[string]*Service // by the name in lower case
	delay    time.Duration
	boot     time.Time // zero when not known
	now      time.Time
}

// Look reads the answers to Questions. What only the registry or the clock tells
// is left open where they did not answer; Open tells of the registry. All checks of a
// host share what was read, and nobody may change it.
func Look(t probes.Target, names ...string) (Host, error) {
	rows, err := t.Answers.To(Question(names...))
	if err != nil {
		return Host{}, err
	}
	type looked struct {
		host Host
		err  error
	}
	l := host.Made(t.Answers, "services", func() looked {
		h, err := look(t.Answers, rows, probes.Common(t.Shared, newMemos))
		return looked{h, err}
	})
	return l.host, l.err
}

func look(answers host.Answers, rows []host.Row, memos *memos) (Host, error) {
	services, err := read(rows, &memos.services)
	if err != nil {
		return Host{}, err
	}
	h := Host{Services: services, states: sync.OnceValue(func() map[string]*Service {
		states := make(map[string]*Service, len(services))
		for _, s := range services {
			states[s.Lower()] = s
		}
		return states
	})}
	rows, err = answers.To(Keys())
	if h.keysErr = keysProblem(err); err == nil {
		h.keys, h.delay = readKeys(rows, &memos.keys)
	}
	if rows, err := answers.To(clock()); err == nil && len(rows) == 1 {
		boot, bootErr := rows[0].Get("LastBootUpTime").Time()
		now, nowErr := rows[0].Get("LocalDateTime").Time()
		if bootErr == nil && nowErr == nil {
			h.boot, h.now = boot, now
		}
	}
	return h, nil
}

// Named returns the first service that a suite means by a name; nil when there is none.
func (h Host) Named(name string) *Service {
	for _, s := range h.Services {
		if s.Is(name) {
			return s
		}
	}
	return nil
}

// Has says whether there is a service of a name in lower case.
func (h Host) Has(lower string) bool { return h.states()[lower] != nil }

// Key returns what the registry says of a service.
func (h Host) Key(s *Service) Key { return h.key(s.Lower()) }

// key is that of a name in lower case.
func (h Host) key(name string) Key {
	if k := h.keys[name]; k != nil {
		return *k
	}
	return Key{}
}

// KnowsKeys says whether the registry was read.
func (h Host) KnowsKeys() bool { return h.keys != nil }

// StartsBy returns when an automatic service should have started after the boot;
// it is not ok when the boot is not known.
func (h Host) StartsBy(s *Service) (by time.Time, ok bool) {
	if h.boot.IsZero() || !s.Auto() {
		return time.Time{}, false
	}
	if h.Key(s).Delayed {
		return h.boot.Add(h.delay + grace), true
	}
	return h.boot.Add(bootTime), true
}

// Waits are the states in which the service control manager says that a service is on
// its way.
func Waits() []fact.Value {
	return []fact.Value{fact.Text("start pending"), fact.Text("continue pending")}
}

// Pending says whether the boot has yet to start the service: nobody has tried
// to, or it is starting, and its time is not over. What was started and has
// stopped again is not pending.
func (h Host) Pending(s *Service) bool {
	by, ok := h.StartsBy(s)
	if !ok || h.Key(s).Template() || !h.now.Before(by) || h.now.Before(h.boot) {
		return false
	}
	return s.State == "start pending" || s.State == "stopped" && s.ExitCode == neverStarted
}

// Idle says whether the service has stopped as its trigger allows. One that
// stopped by an error has not, and neither have those that a server cannot be
// without, although Windows gives them a trigger.
func (h Host) Idle(s *Service) bool {
	stopped := s.State == "stopped" && (s.ExitCode == 0 || s.ExitCode == neverStarted)
	always := strings.EqualFold(s.Name, "LanmanServer") || strings.EqualFold(s.Name, "Dnscache")
	return s.Auto() && stopped && h.Key(s).Trigger && !always
}

// Extras are the readings that only the registry tells: of an automatic service
// how it starts, and of every one what it depends on. All of them are made when
// all is true, otherwise only those that say something.
func (h Host) Extras(item string, s *Service, all bool) []fact.Reading {
	k := h.Key(s)
	if !k.known {
		return nil
	}
	var readings []fact.Reading
	if s.Auto() && (all || k.Delayed) {
		readings = append(readings, probes.Read(item, "delayed", fact.Bool(k.Delayed)))
	}
	if s.Auto() && (all || k.Trigger) {
		readings = append(readings, probes.Read(item, "trigger", fact.Bool(k.Trigger)))
	}
	if all || len(k.Depends) > 0 {
		readings = append(readings, probes.Read(item, "depends_on", k.depends))
	}
	return readings
}

// WaitsFor is the reading of a service that does not run: what at the end of its
// dependencies does not run either and keeps it waiting. It is none where nothing
// does.
func (h Host) WaitsFor(item string, s *Service) []fact.Reading {
	var roots []string
	seen := map[string]bool{s.Lower(): true}
	h.roots(s, seen, &roots)
	if len(roots) == 0 {
		return nil
	}
	slices.Sort(roots)
	return []fact.Reading{probes.Read(item, "waits_for", fact.SetOf(roots[:min(len(roots), mostRoots)]...))}
}

// mostRoots bounds what is told: one hint is enough, a hundred are none.
const mostRoots = 8

// roots adds the ends of the chains below a service, and says whether there are
// any. The service manager starts a manual dependency by itself, so that one is a
// cause only where the service could not start for a dependency.
func (h Host) roots(s *Service, seen map[string]bool, found *[]string) bool {
	const dependencyFailed = 1068
	waits := false
	for _, name := range h.Key(s).Depends {
		below, known := h.below(name)
		if !known || below.Running() || below.Mode == "manual" && s.ExitCode != dependencyFailed {
			continue
		}
		waits = true
		if seen[strings.ToLower(name)] {
			continue
		}
		seen[strings.ToLower(name)] = true
		if h.roots(&below, seen, found) {
			continue
		}
		if below.Mode == "disabled" {
			below.Name += " (disabled)"
		}
		*found = append(*found, below.Name)
	}
	return waits
}

// below returns a dependency, as WMI told it or as the service manager did. A
// driver is neither's, and what neither told may run or not.
func (h Host) below(name string) (s Service, known bool) {
	name = strings.ToLower(name)
	if s, known := h.states()[name]; known {
		return *s, true
	}
	k := h.key(name)
	if !k.known || k.untold {
		return Service{}, false
	}
	s = Service{Name: k.name, State: "running", Mode: "manual"}
	if k.stopped {
		s.State = "stopped"
	}
	switch k.start {
	case startAuto:
		s.Mode = "auto"
	case startDisabled:
		s.Mode = "disabled"
	}
	return s, true
}
