package sql

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"postpatch/probes/fact"
	"postpatch/probes/lab/estate"
)

// TestServer holds what the server tells of itself.
func TestServer(t *testing.T) {
	service := func(name string, s estate.SQLService) func(*estate.SQL) {
		return func(sql *estate.SQL) { sql.Server.Services = map[string]estate.SQLService{name: s} }
	}
	const agent = "SQL Server Agent (MSSQLSERVER)"
	const text = "SQL Full-text Filter Daemon Launcher (MSSQLSERVER)"
	const launcher = `"C:\Program Files\Microsoft SQL Server\MSSQL\Binn\fdlauncher.exe" -s MSSQLSERVER`
	for name, c := range map[string]struct {
		change func(*estate.SQL)
		want   map[string]string
	}{
		"all is well": {func(*estate.SQL) {}, map[string]string{
			" server_state": "read", "service/SQL Server (MSSQLSERVER) service": "running",
			"service/" + agent + " service": "running", "service/" + agent + " service_start": "auto",
			"service/" + agent + " service_account":            `NT Service\SQLSERVERAGENT`,
			"service/SQL Server (MSSQLSERVER) service_started": "2026-11-20T03:12:44Z",
			" dumps": "0", " last_dump": "1900-01-01T00:00:00Z", " sql_ports": "1433", " endpoint_ports": "", " encrypted": "true",
		}},
		"the Agent did not start": {service(agent, estate.SQLService{State: "stopped"}), map[string]string{
			"service/" + agent + " service": "stopped", "service/" + agent + " service_started": "",
		}},
		"the Agent is manual, and stopped": {service(agent, estate.SQLService{State: "stopped", Start: "manual"}), map[string]string{
			"service/" + agent + " service": "stopped", "service/" + agent + " service_start": "manual",
		}},
		"the Agent starts": {service(agent, estate.SQLService{State: "start pending"}), map[string]string{
			"service/" + agent + " service": "start pending",
		}},
		"the Agent is disabled": {service(agent, estate.SQLService{State: "stopped", Start: "disabled"}), map[string]string{
			"service/" + agent + " service_start": "disabled",
		}},
		"what the engine starts": {
			service(text, estate.SQLService{State: "stopped", Start: "manual", File: launcher}),
			map[string]string{"service/" + text + " service": "stopped (on demand)"},
		},
		"what the cluster starts": {
			service(text, estate.SQLService{State: "stopped", Start: "manual", File: launcher, Clustered: true}),
			map[string]string{"service/" + text + " service": "stopped"},
		},
		"dumps": {
			func(s *estate.SQL) {
				s.Server.Dumps = []time.Time{at("2026-11-20 03:00:00"), at("2026-11-21 03:00:00"), at("2026-11-19 03:00:00")}
			},
			map[string]string{" dumps": "3", " last_dump": "2026-11-21T03:00:00Z"},
		},
		"availability groups": {func(s *estate.SQL) { s.Server.HADR = true }, map[string]string{" endpoint_ports": "mirroring 5022"}},
		"a group's listener comes and goes": {
			func(s *estate.SQL) {
				s.Server.Listeners = []estate.SQLListener{{Port: 1433}, {Address: "10.0.0.9", Port: 1500}}
			},
			map[string]string{" sql_ports": "1433"},
		},
		"single addresses": {
			func(s *estate.SQL) {
				s.Server.Listeners = []estate.SQLListener{
					{Address: "10.0.0.9", Port: 1433}, {Address: "10.0.0.10", Port: 1500}, {Address: "::1", Port: 1434},
				}
			},
			map[string]string{" sql_ports": "1433, 1500"},
		},
		"a listener that waits": {
			func(s *estate.SQL) {
				s.Server.Listeners = []estate.SQLListener{
					{Port: 1433}, {Port: 5022, Type: "DATABASE_MIRRORING", State: "PENDING_RESTART"}, {Port: 4022, Type: "SERVICE_BROKER"},
				}
			},
			map[string]string{" endpoint_ports": "broker 4022"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := observed(t, changed(c.change))
			for key, want := range c.want {
				if got[key] != want {
					t.Errorf("%s: got %q, want %q", key, got[key], want)
				}
			}
		})
	}
}

// TestServerNotRead holds that the permissions of each release are known, and that
// nothing else is lost.
func TestServerNotRead(t *testing.T) {
	for name, c := range map[string]struct{ version, denied, want string }{
		"2019":                 {"15.0.4430.1", "VIEW SERVER STATE", "not checked: needs VIEW SERVER STATE"},
		"2019 knows no other":  {"15.0.4430.1", "VIEW SERVER SECURITY STATE", "read"},
		"2022":                 {"16.0.4165.4", "VIEW SERVER STATE", "not checked: needs VIEW SERVER STATE"},
		"2022 for security":    {"16.0.4165.4", "VIEW SERVER SECURITY STATE", "not checked: needs VIEW SERVER STATE"},
		"2022 for performance": {"16.0.4165.4", "VIEW SERVER PERFORMANCE STATE", "not checked: needs VIEW SERVER STATE"},
	} {
		t.Run(name, func(t *testing.T) {
			got := observed(t, changed(func(s *estate.SQL) { s.Version, s.Denied = c.version, []string{c.denied} }))
			if got[" server_state"] != c.want || got["Orders state"] != "ONLINE" || got[" backup_history"] != "read" {
				t.Errorf("got %v", got)
			}
			if c.want != "read" && got[" sql_ports"]+got[" last_dump"] != "" {
				t.Error("half of it is told")
			}
		})
	}
}

// A part that takes too long takes the connection along, and no other part's blame.
func TestPartsAfterASlowOne(t *testing.T) {
	p := build(t, nil).(probe)
	slow := part{name: "slow", state: "slow_state", read: func(ctx context.Context, v *visit) ([]fact.Reading, error) {
		_, err := v.conn.QueryContext(ctx, "WAITFOR DELAY '01:00:00'")
		return nil, err
	}}
	p.parts = []part{slow, serverPart()}
	var observed []fact.Reading
	var err error
	synctest.Test(t, func(t *testing.T) {
		target, end := inMemory(t, healthy(), selfSigned(t, 7))
		defer end()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		observed, err = p.Observe(ctx, target)
	})
	got := readings(observed)
	if err != nil || got[" slow_state"] != tooSlow || got["Orders other_state"] != "ONLINE" {
		t.Errorf("got %v and %v", got, err)
	}
	if state := got[" server_state"]; state != wasRead && state != tooSlow {
		t.Errorf("the part after it is %q", state)
	}
}

// What a start brings is no drift, what a patch breaks is.
func TestServerIsCompared(t *testing.T) {
	for reading, c := range map[string]struct {
		before, now fact.Value
		holds       bool
	}{
		"last_dump":       {fact.Time(never()), fact.Time(started()), false},
		"dumps":           {fact.Int(0), fact.Int(3), true},
		"service_started": {fact.Time(never()), fact.Time(started()), true},
		"sql_ports":       {fact.SetOf("49172"), fact.SetOf("50111"), false},
		"endpoint_ports":  {fact.SetOf("mirroring 5022"), fact.SetOf(), false},
		"service_account": {fact.Text(`CORP\svc-sql`), fact.Text(`corp\SVC-SQL`), true},
	} {
		spec, _ := Kind.Reading(reading)
		if spec.Rule.Holds(c.before, c.now) != c.holds {
			t.Errorf("%s is compared by %s", reading, spec.Rule)
		}
	}
}
