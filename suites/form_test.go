package suites

import (
	"strings"
	"testing"
	"time"

	"gopkg.in/yaml.v3"

	"postpatch/probes"
	"postpatch/probes/fact"
)

func TestFormsNestInSuitesAndPlans(t *testing.T) {
	set := load(t, `suite: a
hosts: [b]
checks:
  - service: W3SVC
    expect:
      state: {any of: [running, {all of: [{matches: /ing$/}, {not: {one of: [stopping, pausing]}}]}]}
      start_mode: {not contains: [disabled, manual]}
      depends_on: {any of: [empty, {all of: [{superset: [rpcss]}, {each: {matches: "(?i)^rpc"}}]}]}
  - web: {url: "http://x"}
    expect:
      status: {any of: [200, "between 301 and 308"]}
      cert_left: {all of: [">= 30 days", {not: "60"}]}
`)
	checks := set.Hosts[0].Checks
	for _, c := range []struct {
		check   int
		reading string
		value   fact.Value
		want    bool
	}{
		{0, "state", fact.Text("running"), true},
		{0, "state", fact.Text("starting"), true},
		{0, "state", fact.Text("stopping"), false},
		{0, "start_mode", fact.Text("auto"), true},
		{0, "start_mode", fact.Text("Manual"), false},
		{0, "depends_on", fact.SetOf(), true},
		{0, "depends_on", fact.SetOf("RpcSs", "RpcEptMapper"), true},
		{0, "depends_on", fact.SetOf("RpcSs", "HTTP"), false},
		{1, "status", fact.Int(302), true},
		{1, "status", fact.Int(404), false},
		{1, "cert_left", fact.Int(31), true},
		{1, "cert_left", fact.Int(60), false},
	} {
		asked := false
		for _, e := range checks[c.check].Expect {
			if e.Reading != c.reading {
				continue
			}
			asked = true
			if got := e.Predicate.Holds(c.value); got != c.want {
				t.Errorf("%s: %s of %s: %t", c.reading, e.Predicate, c.value, got)
			}
		}
		if !asked {
			t.Errorf("%s is not expected", c.reading)
		}
	}
}

func FuzzForm(f *testing.F) {
	for _, seed := range []string{
		"{any of: [a, {not: {matches: x}}]}", "{superset: [a, b]}", "{each: {not contains: [a]}}", "{all of: []}", "[1, 2]",
		"{some: {one of: [a]}}", "&a {not: {not: '< 5'}}", "{not: {between: [1, 2]}}", "{matches: [.*]}", "{same set: [a]}",
	} {
		f.Add(seed, "a")
	}
	f.Fuzz(func(t *testing.T, source, value string) {
		r := reader{file: "fuzz", found: &problems{}}
		n := r.document([]byte(source))
		if n == nil {
			return
		}
		values := []fact.Value{
			fact.Text(value), fact.Int(len(value)), fact.Bool(value == ""), fact.SetOf(strings.Fields(value)...),
			fact.Duration(len(value)), fact.Time(time.Unix(int64(len(value)), 0)),
		}
		for _, typed := range values {
			r.found = &problems{}
			p, ok := r.predicate(n, probes.ReadingSpec{Type: typed.Type()}, "expect: x")
			if ok != (len(r.found.list) == 0) {
				t.Fatalf("%t beside %v", ok, r.found.list)
			}
			for _, v := range values {
				if p.Holds(v) && (!ok || v.Type() != typed.Type() && !p.Any()) {
					t.Fatalf("%q, of a %s, holds for a %s", p, typed.Type(), v.Type())
				}
			}
			if p.Holds(nil) || ok && p.String() == "" {
				t.Fatalf("%q holds for what is not there", p)
			}
			if ok && n.Kind == yaml.MappingNode && p.Any() {
				t.Fatalf("%q asserts nothing", p)
			}
		}
	})
}
