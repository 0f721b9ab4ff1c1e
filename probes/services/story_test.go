package services_test

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes/host"
	"postpatch/probes/probetest"
	"postpatch/probes/services"
	"postpatch/runner/runnertest"
)

const recorded = "exchange.json"

// scene is a host between its recording and what is observed of it.
type scene struct {
	services, keys map[string]host.Row // by name
	boot, now      time.Time
	noKeys         bool // PowerShell cannot run
}

// set changes columns of a service, and makes it when there is none.
func (s *scene) set(name string, columns ...string) {
	change(s.services, name, columns)
}

// key is set of the service's key.
func (s *scene) key(name string, columns ...string) { change(s.keys, name, columns) }

func change(rows map[string]host.Row, name string, columns []string) {
	row := host.Row{"Name": {Text: name}}
	maps.Copy(row, rows[name])
	for i := 0; i < len(columns); i += 2 {
		row[columns[i]] = host.Cell{Text: columns[i+1], Null: columns[i+1] == ""}
	}
	rows[name] = row
}

// rename gives a service another name, as a sign-in or an update does.
func (s *scene) rename(from, to string) {
	for _, rows := range []map[string]host.Row{s.services, s.keys} {
		change(rows, to, nil)
		row := maps.Clone(rows[from])
		row["Name"] = host.Cell{Text: to}
		rows[to] = row
		delete(rows, from)
	}
}

// stop makes services stopped by an exit code.
func (s *scene) stop(code string, names ...string) {
	for _, name := range names {
		s.set(name, "State", "Stopped", "ExitCode", code)
		s.key(name, "State", "1")
	}
}

// booted is how long ago the host was started.
func (s *scene) booted(ago time.Duration) { s.boot = s.now.Add(-ago) }

// seen observes the recorded host as the change leaves it.
func seen(t *testing.T, change func(*scene)) runnertest.Seen {
	t.Helper()
	s := &scene{services: map[string]host.Row{}, keys: map[string]host.Row{}}
	r := probetest.Load(t, services.Kind, recorded, nil)
	told, keys := r.Answer("Win32_Service"), r.Answer("servicekeys")
	for _, row := range told.Rows {
		s.services[row.Get("Name").Text] = row
	}
	for _, row := range keys.Rows {
		s.keys[row.Get("Name").Text] = row
	}
	s.now = time.Date(2026, 11, 17, 9, 0, 0, 0, time.UTC)
	s.booted(7 * 24 * time.Hour)
	if change != nil {
		change(s)
	}
	told.Rows, keys.Rows = slices.Collect(maps.Values(s.services)), slices.Collect(maps.Values(s.keys))
	if s.noKeys {
		*keys = host.Answer{Err: host.ErrNoPowerShell}
	}
	*r.Answer("Win32_OperatingSystem") = host.Answer{Rows: []host.Row{probetest.Row(
		"LastBootUpTime", s.boot.Format(time.RFC3339), "LocalDateTime", s.now.Format(time.RFC3339))}}
	return runnertest.See(r, nil)
}

func TestNoiseIsSilent(t *testing.T) {
	for name, change := range map[string]func(*scene){
		"nothing changed": nil,
		"new suffixes of per-user services": func(s *scene) {
			s.rename("CDPUserSvc_1a2b3", "CDPUserSvc_4f6e1c")
			s.rename("VendorUserSvc_1a2b3", "VendorUserSvc_4f6e1c")
		},
		"nobody has signed in yet": func(s *scene) {
			delete(s.services, "CDPUserSvc_1a2b3")
			delete(s.services, "VendorUserSvc_1a2b3")
		},
		"a trigger's service has stopped":          func(s *scene) { s.stop("0", "W32Time") },
		"a trigger's service was not started":      func(s *scene) { s.stop("1077", "W32Time") },
		"a trigger's service runs":                 func(s *scene) { s.set("IKEEXT", "State", "Running", "ExitCode", "0") },
		"an automatic service that ends by itself": func(s *scene) { s.set("sppsvc", "State", "Running") },
		"a manual service has stopped":             func(s *scene) { s.stop("0", "WAS") },
		"a manual service has stopped by an error": func(s *scene) { s.stop("1067", "WAS") },
		"a manual service runs":                    func(s *scene) { s.set("MSExchangeImap4", "State", "Running") },
		"an update of a service with a version":    func(s *scene) { s.rename("GoogleUpdaterService131.0.6776.0", "GoogleUpdaterService132.0.6833.0") },
		"an account in another case":               func(s *scene) { s.set("MSDTC", "StartName", `nt authority\NETWORKSERVICE`) },
		"a path in another case":                   func(s *scene) { s.set("W3SVC", "PathName", `C:\WINDOWS\System32\svchost.exe -k netsvcs -p`) },
		"dependencies in another case":             func(s *scene) { s.key("WAS", "Depends", "RpcSs") },
		"the service manager lists a state that WMI has not": func(s *scene) {
			s.key("MSExchangeADTopology", "State", "1", "Start", "2")
		},
		"the boot is in the future of the clock": func(s *scene) { s.booted(-time.Hour) },
	} {
		t.Run(name, func(t *testing.T) {
			got := runnertest.Told(t, services.Kind, "- services: {}", [2]runnertest.Seen{seen(t, nil), seen(t, change)})
			if d := cmp.Diff([]string{"passed"}, got); d != "" {
				t.Errorf("told (-want +got):\n%s", d)
			}
		})
	}
}

func TestWhatAPatchBreaks(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*scene)
		want   []string
	}{
		"a service does not run any more": {
			func(s *scene) { s.stop("1067", "W3SVC") },
			[]string{"regressed failing", "W3SVC state: regressed running -> stopped"},
		},
		"nobody started it after the boot": {
			func(s *scene) { s.booted(time.Hour); s.stop("1077", "MSDTC") },
			[]string{"regressed failing", "MSDTC state: regressed running -> stopped"},
		},
		"a failed update leaves services disabled": {
			func(s *scene) {
				for _, name := range []string{"MSExchangeTransport", "W3SVC"} {
					s.stop("1077", name)
					s.set(name, "StartMode", "Disabled")
				}
			},
			[]string{
				"regressed failing",
				"MSExchangeTransport start_mode: drifted auto -> disabled", "W3SVC start_mode: drifted auto -> disabled",
				"MSExchangeTransport state: regressed running -> stopped", "W3SVC state: regressed running -> stopped",
			},
		},
		"one that ran is manual now": {
			func(s *scene) { s.set("FMS", "StartMode", "Manual") },
			[]string{"drifted failing", "FMS start_mode: drifted auto -> manual"},
		},
		"the template of a per-user service is disabled": {
			func(s *scene) { s.set("VendorUserSvc", "StartMode", "Disabled") },
			[]string{"drifted failing", "VendorUserSvc start_mode: drifted auto -> disabled"},
		},
		"a trigger's service stopped by an error": {
			func(s *scene) { s.stop("1068", "W32Time") },
			[]string{"regressed failing", "W32Time state: regressed running -> stopped"},
		},
		"a file server without its service": {
			func(s *scene) { s.stop("0", "LanmanServer") },
			[]string{"regressed failing", "LanmanServer state: regressed running -> stopped"},
		},
		"a service is delayed now": {
			func(s *scene) { s.key("FMS", "Delayed", "true") },
			[]string{"drifted", "FMS delayed: drifted  -> true"},
		},
		"another account": {
			func(s *scene) { s.set("FMS", "StartName", `CORP\svc`) },
			[]string{"drifted", `FMS account: drifted LocalSystem -> CORP\svc`},
		},
		"a service has gone": {
			func(s *scene) { delete(s.services, "FMS") },
			[]string{"drifted failing", "FMS: drifted there -> gone"},
		},
		"it hangs while starting": {
			func(s *scene) { s.set("W3SVC", "State", "Start Pending") },
			[]string{"regressed failing", "W3SVC state: regressed running -> start pending"},
		},
		"without PowerShell": {
			func(s *scene) { s.noKeys = true; s.stop("0", "W3SVC") },
			[]string{
				"regressed failing", "MSDTC delayed: drifted true -> ", "UALSVC delayed: drifted true -> ",
				"VendorUserSvc_1a2b3: drifted  -> new", "sppsvc delayed: drifted true -> ",
				"W3SVC state: regressed running -> stopped",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := runnertest.Told(t, services.Kind, "- services: {}", [2]runnertest.Seen{seen(t, nil), seen(t, tt.change)})
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("told (-want +got):\n%s", d)
			}
		})
	}
}
