package main

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"postpatch/runner/report"
)

// flowMap is what a server of a starter has, in one line of YAML.
type flowMap map[string]any

// MarshalYAML implements yaml.Marshaler.
func (m flowMap) MarshalYAML() (any, error) {
	var n yaml.Node
	err := n.Encode(map[string]any(m))
	n.Style = yaml.FlowStyle
	for i := 0; i < len(n.Content); i += 2 {
		if _, err := strconv.Atoi(n.Content[i].Value); err == nil { // a port
			n.Content[i].Tag, n.Content[i].Style = "!!int", 0
		}
	}
	return &n, err
}

// serve gives the host what a check of the directory's or the network's servers misses.
func (s *starter) serve(c report.Check) bool {
	key := map[string]string{
		"ldap": "ldap", "smb": "smb", "kerberos": "kdc", "rpc": "rpc", "ntp": "ntp", "snmp": "snmp", "radius": "radius",
		"dhcp_answer": "dhcp", "rdp": "rdp", "udp": "udp",
	}[c.Kind]
	switch {
	case c.Kind == "winrm":
		return s.listen(c)
	case key == "" || !isMissed(c):
		return false
	}
	server, there := s.Servers[key]
	if !there {
		server = flowMap{}
		put(&s.Servers, key, server)
		s.account(key, server)
	}
	mended := !there
	for _, f := range c.Findings {
		mended = grow(server, c.Kind, f) || mended
	}
	return mended
}

// isMissed says whether a check found no server, or not all that it looks for at one.
func isMissed(c report.Check) bool {
	return c.Outcome == report.Unknown || slices.ContainsFunc(c.Findings, func(f report.Finding) bool {
		return slices.Contains([]string{"state", "share", "file", "interface", "ticket", "value", "number"}, f.Reading)
	})
}

// account has the server take the estate's account, and know its secret.
func (s *starter) account(key string, server flowMap) {
	switch key {
	case "ldap", "smb":
		server["user"], server["password"] = s.WinRM.User, s.WinRM.Password
	case "kdc":
		server["users"] = flowMap{"probe": flowMap{"password": s.WinRM.Password}}
	case "radius":
		server["secret"], server["users"] = s.WinRM.Password, flowMap{"probe": s.WinRM.Password}
	}
}

// grow gives a server what one finding misses.
func grow(server flowMap, kind string, f report.Finding) bool {
	port, err := strconv.Atoi(f.Item)
	isPort := err == nil && f.Reading == "state"
	switch {
	case kind == "ldap" && isPort:
		return addPort(server, port)
	case kind == "udp" && isPort:
		return addOnce(server, f.Item, "ok")
	case kind == "rpc" && f.Reading == "interface":
		return addInterface(server, f.Item)
	case kind == "smb" && f.Reading == "share":
		return addOnce(within(server, "shares"), f.Item, flowMap{})
	case kind == "smb" && f.Reading == "file":
		share, path, _ := strings.Cut(f.Item, `\`)
		return addOnce(within(within(server, "shares"), share), path, "ok")
	case kind == "kerberos" && f.Reading == "ticket":
		name := "svc-" + strings.NewReplacer("/", "-", ":", "-", ".", "-").Replace(strings.ToLower(f.Item))
		return addOnce(within(server, "users"), name, flowMap{"spns": []string{f.Item}})
	default:
		return false
	}
}

// addPort has a directory listen at a port; at 636 and 3269 that takes a certificate.
func addPort(server flowMap, port int) bool {
	ports, _ := server["ports"].([]int)
	if slices.Contains(ports, port) {
		return false
	}
	ports = append(ports, port)
	slices.Sort(ports)
	server["ports"], server["tls"] = ports, flowMap{}
	return true
}

// addInterface registers an interface at a port of its own.
func addInterface(server flowMap, written string) bool {
	interfaces := within(server, "interfaces")
	name, version, versioned := strings.Cut(strings.ToLower(written), "/")
	entry := flowMap{"port": 49664 + len(interfaces)}
	if versioned {
		entry["version"] = version
	}
	return addOnce(interfaces, name, entry)
}

// within is the mapping under a key, which it makes.
func within(m flowMap, key string) flowMap {
	inner, there := m[key].(flowMap)
	if !there {
		inner = flowMap{}
		m[key] = inner
	}
	return inner
}

func addOnce(m flowMap, key string, value any) bool {
	if _, there := m[key]; there {
		return false
	}
	m[key] = value
	return true
}

// listen has WinRM listen with TLS, too.
func (s *starter) listen(c report.Check) bool {
	missed := slices.ContainsFunc(c.Findings, func(f report.Finding) bool {
		return f.Reading == "state" && f.Item == "5986"
	})
	if s.WinRM.TLS || !missed {
		return false
	}
	s.WinRM.TLS = true
	return true
}

// realmOf is the realm of an estate in which hosts have a KDC: that of the first one's domain.
func realmOf(hosts map[string]*starter) string {
	for _, name := range slices.Sorted(maps.Keys(hosts)) {
		if _, domain, qualified := strings.Cut(name, "."); hosts[name].Servers["kdc"] != nil && qualified {
			return strings.ToUpper(domain)
		}
	}
	return ""
}
