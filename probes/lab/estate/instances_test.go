package estate_test

import (
	"strings"
	"testing"

	"postpatch/probes/lab/estate"
)

func TestInstances(t *testing.T) {
	const head = "estate: a\nhosts:\n  sql01:\n"
	for name, c := range map[string]struct{ text, want string }{
		"two with one port": {
			"    sql: {port: 1500}\n    instances: {SHOP: {port: 1500}}\n", "two instances have port 1500",
		},
		"two with one name": {
			"    sql: {instance: shop}\n    instances: {SHOP: {port: 1500}}\n", `two instances are called "SHOP"`,
		},
		"no port":         {"    instances: {SHOP: {port: 70000}}\n", "70000 is no port"},
		"a negative loss": {"    browser: {lose: -1}\n", "want 0 or more"},
		"no fault of it":  {"    browser: {fault: drop}\n", "want silent, garbage, endless, refuse"},
	} {
		if _, err := estate.Parse("a.yaml", []byte(head+c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
	e, err := estate.Parse("a.yaml", []byte(head+"    sql: {}\n    instances: {SHOP: {}, STOCK: {port: 1500}}\n"))
	if err != nil {
		t.Fatal(err)
	}
	h := e.Hosts(estate.Before)[0]
	var names []string
	for _, sql := range h.AllSQL() {
		names = append(names, sql.Instance)
		found, listens := h.SQLAt(sql.Listens())
		if !listens || found.Instance != sql.Instance {
			t.Errorf("at port %d is %v", sql.Listens(), found)
		}
	}
	if got := strings.Join(names, " "); got != " SHOP STOCK" {
		t.Errorf("got %q", got)
	}
	if shop := h.AllSQL()[1].Listens(); shop < 49152 || shop > 65535 {
		t.Errorf("a named instance has port %d, want one of the dynamic ones", shop)
	}
	if _, runs := h.SQLBrowser(); !runs {
		t.Error("no Browser beside a named instance")
	}
	if _, runs := (estate.Host{SQL: &estate.SQL{}}).SQLBrowser(); runs {
		t.Error("a Browser without a named instance")
	}
}
