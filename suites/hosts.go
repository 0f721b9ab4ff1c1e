package suites

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// hostEntry is one entry of a suite's hosts.
type hostEntry struct {
	node    *yaml.Node // of the name
	name    string
	address *template // nil unless the suite gives one
	tags    []string
	was     *yaml.Node        // its name before; nil unless the suite gives one
	own     map[string]string // the entry's own variables
	built   []int             // its checks, in the suite's distinct ones
	listed  *listed           // nil unless it is of a list
	shared  *sharedHost
}

// sharedHost is a host of one or several suites.
type sharedHost struct {
	Host
	place string // where its address is given; "" for nowhere
	was   string // the same of its name before
}

func (l *loader) readHosts(s *suiteEntries, top object) {
	e, found := top.get("hosts")
	if !found {
		if !l.lib.Lone {
			s.hintf(top.node, "add: hosts: [server01.example.org]; or use: it in a suite that has hosts",
				"the suite has no hosts")
		}
		return
	}
	if e.value.Kind == yaml.ScalarNode && !isNull(e.value) { // a list of one
		if h, ok := s.host(e.value, "hosts"); ok {
			s.hosts = append(s.hosts, h)
		}
		return
	}
	elems, ok := s.list(e.value, "hosts")
	if ok && len(elems) == 0 {
		s.errorf(e.value, "hosts: the list is empty")
	}
	seen := map[string]*yaml.Node{}
	defer func() { // which may say more of the hosts above
		for i, n := range elems {
			if isHostList(n) {
				s.hostList(n, fmt.Sprintf("hosts[%d]", i))
			}
		}
	}()
	for i, n := range elems {
		if isHostList(n) {
			continue
		}
		h, ok := s.host(n, fmt.Sprintf("hosts[%d]", i))
		if !ok {
			continue
		}
		if first := seen[strings.ToLower(h.name)]; first != nil {
			s.errorf(h.node, "host %q is there twice, first at %s", h.name, s.place(first))
			continue
		}
		seen[strings.ToLower(h.name)] = h.node
		s.hosts = append(s.hosts, h)
	}
}

func (s *suiteEntries) host(n *yaml.Node, what string) (hostEntry, bool) {
	h := hostEntry{node: n}
	if n.Kind == yaml.ScalarNode {
		ok := s.hostName(&h, n, what)
		return h, ok
	}
	o, ok := s.object(n, what)
	if !ok {
		return h, false
	}
	s.known(o, what, "name", "was", "address", "tags", "vars")
	if e, found := o.get("was"); found {
		h.was = s.formerName(e.value, what+".was")
	}
	if e, found := o.get("address"); found {
		if _, ok := s.text(e.value, what+".address"); ok {
			if t, ok := s.template(e.value); ok {
				h.address = t
			}
		}
	}
	if e, found := o.get("tags"); found {
		for _, tag := range s.texts(e.value, what+".tags") {
			if !isName(tag.Value) {
				s.errorf(tag, "%s.tags: want letters, digits, '.', '_' and '-', got %q", what, shorten(tag.Value, 80))
			}
			h.tags = append(h.tags, tag.Value)
		}
	}
	if e, found := o.get("vars"); found {
		h.own = s.reader.vars(e.value, what+".vars")
	}
	e, found := o.get("name")
	if !found {
		s.errorf(n, "%s: the host has no name", what)
		return h, false
	}
	return h, s.hostName(&h, e.value, what+".name")
}

func (s *suiteEntries) hostName(h *hostEntry, n *yaml.Node, what string) bool {
	name, ok := s.text(n, what)
	if !ok {
		return false
	}
	if !isName(name) {
		s.hintf(n, "write {name: server01, address: …} for a host with an unusual address",
			"%s: want a host name, got %q", what, shorten(name, 80))
		return false
	}
	h.node, h.name = n, name
	return true
}

// mergeHosts makes one host of what all suites say of it.
func (l *loader) mergeHosts() {
	for _, s := range l.entries {
		for i := range s.hosts {
			l.merge(s, &s.hosts[i])
		}
	}
	for _, s := range l.entries {
		for _, h := range s.hosts {
			l.formerly(s, h)
		}
	}
	for _, h := range l.order {
		if h.Address == "" {
			h.Address = h.Name
		}
		slices.Sort(h.Tags)
		h.Tags = slices.Compact(h.Tags)
	}
}

func (l *loader) merge(s *suiteEntries, h *hostEntry) {
	key := strings.ToLower(h.name)
	h.shared = l.hosts[key]
	if h.shared == nil {
		h.shared = &sharedHost{Host: Host{Name: h.name, Vars: map[string]string{}}}
		l.hosts[key] = h.shared
		l.order = append(l.order, h.shared)
	}
	h.shared.Tags = append(h.shared.Tags, h.tags...)
	for name, value := range h.own {
		if _, set := h.shared.Vars[name]; !set {
			h.shared.Vars[name] = value
		}
	}
	if h.address == nil {
		l.listedAddress(h)
		return
	}
	address, unset := h.address.fill(func(name string) (string, bool) {
		if name == "host.name" {
			return h.name, true
		}
		return h.given(name, s.vars)
	})
	for _, p := range unset {
		s.missing(h.address, p, "")
	}
	if len(unset) > 0 {
		return
	}
	switch {
	case !isAddress(address):
		s.errorf(h.address.node, "host %q: want a name or an IP address without a port, got %q",
			h.name, shorten(address, 80))
	case h.shared.place != "" && !strings.EqualFold(h.shared.Address, address):
		s.errorf(h.address.node, "host %q has the address %q here and %q at %s",
			h.name, address, h.shared.Address, h.shared.place)
	case h.shared.place == "":
		h.shared.Address, h.shared.place = address, s.place(h.address.node)
	}
}

func isAddress(s string) bool {
	_, err := netip.ParseAddr(s)
	return err == nil || isName(s)
}
