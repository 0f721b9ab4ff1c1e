package winsvc

import (
	"errors"
	"strings"
	"time"

	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/internal/gather"
	"postpatch/probes/internal/named"
)

// Keys asks for what the registry says of the services and WMI does not.
func Keys() host.Collector { return host.Collector{Name: "servicekeys"} }

// Key is what the registry says of a service. The zero value says nothing.
type Key struct {
	known   bool
	name    string // as the registry spells it
	kind    int64  // the service type's bits
	Delayed bool   // starts some time after the other automatic ones
	Trigger bool   // a trigger starts it
	Depends []string
	depends fact.Value
	stopped bool // the service manager says that it does not run
	untold  bool // it does not say how the service is
	err     error
	start   int64
}

// The values of SERVICE_STATUS.dwServiceType that tell per-user services, of a
// service's Start, and of its state. Source: the Windows SDK's winnt.h and
// winsvc.h.
const (
	userService  = 0x40
	userInstance = 0x80

	startAuto     = 2
	startDisabled = 4

	stateUntold  = 0 // is none of the service manager's
	stateRunning = 4
)

// Template says whether the service is the template of a per-user service, which
// never runs itself. It is known only where the registry was read.
func (k Key) Template() bool { return k.kind&userService != 0 && k.kind&userInstance == 0 }

// Instance says whether the service is one user's instance of a per-user
// service. It is known only where the registry was read.
func (k Key) Instance() (instance, known bool) { return k.kind&userInstance != 0, k.kind != 0 }

// keyRow is one row of the answer to Keys: a service's key, or the delay.
type keyRow struct {
	key   *Key
	lower string // the service's name
	delay time.Duration
}

// readKeys reads the answer to Keys, by the service's name in lower case, and how
// long Windows waits before it starts delayed services.
func readKeys(rows []host.Row, memo *host.Memo[keyRow]) (keys map[string]*Key, delay time.Duration) {
	keys, delay = make(map[string]*Key, len(rows)), usualDelay
	for _, row := range rows {
		switch k := memo.Of(row, readKey); {
		case k.key != nil:
			keys[k.lower] = k.key
		case k.delay >= 0:
			delay = k.delay
		}
	}
	return keys, delay
}

func readKey(row host.Row) keyRow {
	name := row.Get("Name").Text
	if name == "" {
		// Longer than a day is no delay that anybody means.
		seconds, known := gather.Number(row, "Delay")
		if known && seconds >= 0 && seconds <= 86400 {
			return keyRow{delay: time.Duration(seconds) * time.Second}
		}
		return keyRow{delay: -1}
	}
	lower := strings.ToLower(name)
	if problem := row.Get("Error").Text; problem != "" {
		return keyRow{key: &Key{err: errors.New(named.Line(problem))}, lower: lower}
	}
	k := Key{known: true, name: name, Delayed: gather.True(row, "Delayed"), Trigger: gather.True(row, "Trigger")}
	k.kind, _ = gather.Number(row, "Type")
	k.start, _ = gather.Number(row, "Start")
	state, known := gather.Number(row, "State")
	k.stopped = known && state != stateRunning
	k.untold = known && state == stateUntold
	for _, dependency := range gather.List(row, "Depends") {
		if dependency = strings.TrimSpace(dependency); dependency != "" {
			k.Depends = append(k.Depends, dependency)
		}
	}
	k.depends = fact.SetOf(k.Depends...)
	return keyRow{key: &k, lower: lower}
}
