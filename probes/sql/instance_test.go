package sql

import (
	"context"
	"testing"
	"time"

	"postpatch/probes/fact"
	"postpatch/probes/lab/estate"
)

// TestInstance holds what an instance tells of itself, by what is different.
func TestInstance(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*estate.SQL)
		want   map[string]string
	}{
		"of the security updates' line": {
			func(s *estate.SQL) { s.Server.BuildType = "GDR" }, map[string]string{" build_type": "GDR"},
		},
		"a service pack": {func(s *estate.SQL) { s.Level = "SP3" }, map[string]string{" level": "SP3"}},
		"half an update": {
			func(s *estate.SQL) { s.Server.ResourceVersion = "16.00.1000" },
			map[string]string{" version": "16.0.4165.4", " resource_version": "16.00.1000"},
		},
		"on another node": {
			func(s *estate.SQL) { s.Server = estate.SQLServer{Clustered: true, Name: `SQLV\SHOP`, Node: "NODE2"} },
			map[string]string{" clustered": "true", " node": "NODE2", " server_name": `SQLV\SHOP`},
		},
		"availability groups": {
			func(s *estate.SQL) { s.Server.HADR = true }, map[string]string{" hadr": "true", " hadr_manager": "running"},
		},
		"availability groups that wait": {
			func(s *estate.SQL) { s.Server = estate.SQLServer{HADR: true, HADRManager: "pending"} },
			map[string]string{" hadr_manager": "pending"},
		},
		"availability groups that failed": {
			func(s *estate.SQL) { s.Server = estate.SQLServer{HADR: true, HADRManager: "failed"} },
			map[string]string{" hadr_manager": "failed"},
		},
		"no availability groups": {func(*estate.SQL) {}, map[string]string{" hadr": "false", " hadr_manager": ""}},
		"for one user":           {func(s *estate.SQL) { s.Server.SingleUser = true }, map[string]string{" single_user": "true"}},
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

// TestVisit holds what the parts are told before they ask.
func TestVisit(t *testing.T) {
	var seen visit
	s := serve(t, changed(func(s *estate.SQL) {
		s.Version, s.Edition, s.Server.HADR = "13.0.6300.2", "Enterprise Edition", true
	}), selfSigned(t, 7))
	p := build(t, nil).(probe)
	p.parts = []part{{name: "spy", state: "spied", read: func(_ context.Context, v *visit) ([]fact.Reading, error) {
		seen = *v
		return nil, nil
	}}}
	if _, err := p.Observe(t.Context(), s.target()); err != nil {
		t.Fatal(err)
	}
	if seen.major != 13 || !seen.hadr || seen.edition != 3 {
		t.Errorf("got major %d, hadr %t, edition %d", seen.major, seen.hadr, seen.edition)
	}
}

// An update of SQL Server 2019 changed the casing of its name.
func TestNameInAnotherCasing(t *testing.T) {
	for _, name := range []string{"server_name", "node"} {
		spec, _ := Kind.Reading(name)
		was := fact.Text("SQL01")
		if !spec.Rule.Holds(was, fact.Text("sql01")) || spec.Rule.Holds(was, fact.Text("SQL02")) {
			t.Errorf("%s is compared by %s", name, spec.Rule)
		}
	}
}

// A server's clock goes on while it compares its local time with UTC.
func TestFromUTC(t *testing.T) {
	for seconds, want := range map[int64]time.Duration{
		0: 0, 1: 0, 3600: time.Hour, 3601: time.Hour, 19800: 330 * time.Minute, 19801: 330 * time.Minute,
		-18000: -5 * time.Hour, -17999: -5 * time.Hour,
	} {
		if got := fromUTC(seconds); got != want {
			t.Errorf("%d seconds: got %s, want %s", seconds, got, want)
		}
	}
}
