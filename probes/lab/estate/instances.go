package estate

import (
	"hash/fnv"
	"maps"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// Browser is SQL Server Browser on udp/1434, which tells where named instances are.
type Browser struct {
	// Lose is how many of the first datagrams get lost.
	Lose  int   `yaml:"lose"`
	Fault Fault `yaml:"fault" oneof:"silent,garbage,endless,refuse"`
}

// The port of the default instance, and the first of those that Windows gives to named
// ones.
const (
	sqlPort      = 1433
	firstDynamic = 49152
)

// Listens is the port of an instance. One that is named and has no other has always the
// same of Windows' dynamic ones.
func (s SQL) Listens() int {
	switch {
	case s.Port != 0:
		return s.Port
	case s.Instance == "":
		return sqlPort
	}
	sum := fnv.New32a()
	_, _ = sum.Write([]byte(strings.ToUpper(s.Instance)))
	return firstDynamic + int(sum.Sum32()%(1<<16-firstDynamic))
}

// AllSQL are a host's instances, each with its name; the one of sql: comes first.
func (h Host) AllSQL() []SQL {
	var all []SQL
	if h.SQL != nil {
		all = append(all, *h.SQL)
	}
	for _, name := range slices.Sorted(maps.Keys(h.Instances)) {
		sql := h.Instances[name]
		sql.Instance = name
		all = append(all, sql)
	}
	return all
}

// SQLAt is the instance that listens at a port.
func (h Host) SQLAt(port int) (*SQL, bool) {
	for _, sql := range h.AllSQL() {
		if sql.Listens() == port {
			return &sql, true
		}
	}
	return nil, false
}

// SQLBrowser is the host's SQL Server Browser, if it is installed: with the first named
// instance it is.
func (h Host) SQLBrowser() (Browser, bool) {
	if h.Browser != nil {
		return *h.Browser, true
	}
	return Browser{}, slices.ContainsFunc(h.AllSQL(), func(s SQL) bool { return s.Instance != "" })
}

// checkInstances looks at a host's instances of SQL Server.
func (p *parser) checkInstances(at *yaml.Node, h Host) {
	ports, names := map[int]bool{}, map[string]bool{}
	for _, sql := range h.AllSQL() {
		port, name := sql.Listens(), strings.ToUpper(sql.Instance)
		switch {
		case port < 0 || port > 65535:
			p.problemf(at, "sql: %d is no port", port)
		case ports[port]:
			p.problemf(at, "sql: two instances have port %d", port)
		case names[name]:
			p.problemf(at, "sql: two instances are called %q", sql.Instance)
		}
		ports[port], names[name] = true, true
	}
	if h.Browser != nil && h.Browser.Lose < 0 {
		p.problemf(at, "browser: lose: want 0 or more")
	}
}
