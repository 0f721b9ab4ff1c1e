package estate

import (
	"cmp"
	"embed"
	"fmt"
	"io/fs"
	"net/netip"
	"path"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"gopkg.in/yaml.v3"
)

//go:embed profiles/*.yaml
var profileFiles embed.FS

// parser gathers the parts of one file and every problem with them.
type parser struct {
	file     string
	found    problems
	name     string
	network  netip.Prefix
	realm    string
	profiles map[string]*yaml.Node
	keys     []hostKey
	place    map[string]*yaml.Node // of each expanded host, by lower-case name
	aliases  map[string]*yaml.Node // where each stands
	states   []state
	now      time.Time // one for all states: an uptime they share is one start
}

// hostKey is one entry under hosts: a host, or a range of hosts.
type hostKey struct {
	names []string
	key   *yaml.Node
	node  *yaml.Node
}

// state is one entry under states.
type state struct {
	name string
	from string
	key  *yaml.Node
	over map[string][]*yaml.Node // lower-case host name to what is laid over it, in order
}

// Parse reads an estate; name is what problems call the file.
func Parse(name string, data []byte) (*Estate, error) { return parse(name, data, nil) }

func parse(name string, data []byte, further []Further) (*Estate, error) {
	p := &parser{
		file: name, profiles: map[string]*yaml.Node{}, place: map[string]*yaml.Node{}, aliases: map[string]*yaml.Node{},
		now: time.Now().UTC(),
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		return nil, p.syntax(err)
	}
	if len(doc.Content) != 1 {
		return nil, problems{{name, 1, 1, "the file is empty: want estate and hosts"}}
	}
	p.readProfiles()
	p.top(doc.Content[0])
	p.readFurther(further)
	e := &Estate{Name: p.name, Realm: p.realm, Network: p.network, hosts: map[string][]Host{}}
	if len(p.found) == 0 {
		p.build(e)
	}
	if len(p.found) > 0 {
		slices.SortStableFunc(p.found, func(a, b Problem) int {
			return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
		})
		return nil, slices.Compact(p.found)
	}
	return e, nil
}

// syntax gives an error of the YAML parser its place, which is in its text.
func (p *parser) syntax(err error) error {
	at, line := regexp.MustCompile(`line (\d+): `), 1
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	if m := at.FindStringSubmatch(text); m != nil {
		line, _ = strconv.Atoi(m[1])
		text = at.ReplaceAllString(text, "")
	}
	return problems{{p.file, line, 1, text}}
}

// readProfiles adds the built-in profiles; a test sees that they parse.
func (p *parser) readProfiles() {
	entries, _ := fs.ReadDir(profileFiles, "profiles")
	for _, entry := range entries {
		data, _ := profileFiles.ReadFile("profiles/" + entry.Name())
		var doc yaml.Node
		if yaml.Unmarshal(data, &doc) == nil && len(doc.Content) == 1 {
			p.profiles[strings.TrimSuffix(entry.Name(), path.Ext(entry.Name()))] = doc.Content[0]
		}
	}
}

func (p *parser) top(root *yaml.Node) {
	parts := map[string]*yaml.Node{}
	p.pairs(root, func(key, value *yaml.Node) {
		if !slices.Contains([]string{"estate", "realm", "network", "profiles", "hosts", "states"}, key.Value) {
			p.problemf(key, "unknown key %q: want estate, realm, network, profiles, hosts or states", key.Value)
		}
		parts[key.Value] = value
	})
	if root.Kind != yaml.MappingNode {
		return
	}
	if n := parts["estate"]; n == nil || n.Kind != yaml.ScalarNode || checkName(n.Value) != nil {
		p.problemf(cmp.Or(n, root), "estate: want the estate's name, of letters, digits and dashes")
	} else {
		p.name = n.Value
	}
	if n := parts["realm"]; n != nil {
		p.realm = n.Value
		if n.Kind != yaml.ScalarNode || checkName(strings.ReplaceAll(n.Value, ".", "-")) != nil ||
			n.Value != strings.ToUpper(n.Value) {
			p.problemf(n, "realm: want a Kerberos realm like CORP.TEST, got %q", n.Value)
		}
	}
	p.network = defaultNetwork(p.name)
	if n := parts["network"]; n != nil {
		network, err := parseNetwork(n.Value)
		if err != nil {
			p.problemf(n, "%v", err)
		}
		p.network = network
	}
	if n := parts["profiles"]; n != nil {
		p.pairs(n, func(key, value *yaml.Node) {
			p.check(value, reflect.TypeFor[Host](), "")
			p.profiles[key.Value] = value
		})
	}
	if n := parts["hosts"]; n != nil {
		p.pairs(n, p.host)
		if n.Kind == yaml.MappingNode && len(n.Content) == 0 {
			p.problemf(n, "hosts: there is none")
		}
	} else {
		p.problemf(root, "hosts: missing")
	}
	p.readStates(parts["states"])
}

func (p *parser) host(key, value *yaml.Node) {
	names, err := expand(key.Value)
	if err != nil {
		p.problemf(key, "%v", err)
		return
	}
	if len(p.place)+len(names) > maxHosts {
		p.problemf(key, "more than %d hosts", maxHosts)
		return
	}
	for _, name := range names {
		if _, double := p.place[strings.ToLower(name)]; double {
			p.problemf(key, "host %q is here twice", name)
			return
		}
		p.place[strings.ToLower(name)] = key
	}
	p.check(value, reflect.TypeFor[Host](), "")
	p.keys = append(p.keys, hostKey{names, key, value})
}

func (p *parser) readStates(n *yaml.Node) {
	if n != nil {
		p.pairs(n, func(key, value *yaml.Node) {
			p.states = append(p.states, p.state(key, value))
		})
	}
	if !slices.ContainsFunc(p.states, func(s state) bool { return s.name == Before }) {
		p.states = slices.Insert(p.states, 0, state{name: Before})
	}
	for i, s := range p.states {
		earlier := slices.ContainsFunc(p.states[:i], func(e state) bool { return e.name == s.from })
		if s.from != "" && !earlier {
			p.problemf(s.key, "state %q: from: want a state that stands above it, got %q", s.name, s.from)
		}
	}
}

func (p *parser) state(key, value *yaml.Node) state {
	s := state{name: key.Value, key: key, over: map[string][]*yaml.Node{}}
	if value.ShortTag() == "!!null" {
		return s
	}
	p.pairs(value, func(key, value *yaml.Node) {
		if key.Value == "from" && value.Kind == yaml.ScalarNode {
			s.from = value.Value
			return
		}
		names, err := expand(key.Value)
		if err != nil {
			p.problemf(key, "%v", err)
			return
		}
		p.check(value, reflect.TypeFor[Host](), "")
		for _, name := range names {
			if p.place[strings.ToLower(name)] == nil {
				p.problemf(key, "state %q: no host %q", s.name, name)
				return
			}
			s.over[strings.ToLower(name)] = append(s.over[strings.ToLower(name)], value)
		}
	})
	return s
}

// layers returns what is laid over a host in a state, lowest first.
func (p *parser) layers(state, host string) []*yaml.Node {
	for _, s := range p.states {
		if s.name == state {
			below := []*yaml.Node(nil)
			if s.from != "" {
				below = p.layers(s.from, host)
			}
			return append(below, s.over[host]...)
		}
	}
	return nil
}

func (p *parser) build(e *Estate) {
	for _, s := range p.states {
		e.states = append(e.states, s.name)
		hosts := make([]Host, 0, len(p.place))
		for _, key := range p.keys {
			hosts = append(hosts, p.buildKey(key, s.name)...)
		}
		e.hosts[s.name] = hosts
		p.checkAliases(hosts)
	}
	p.rememberBoots(e)
	room := 1 << (32 - e.Network.Bits())
	if n := len(e.hosts[Before]) + firstHost; n >= room {
		p.problemf(p.keys[0].key, "network %s has no room for %d hosts", e.Network, len(e.hosts[Before]))
	}
}

// buildKey makes the hosts of one key. Hosts of a range that have the same
// layers share everything but their names.
func (p *parser) buildKey(key hostKey, state string) []Host {
	made := map[string]Host{}
	hosts := make([]Host, 0, len(key.names))
	for _, name := range key.names {
		layers := append([]*yaml.Node{key.node}, p.layers(state, strings.ToLower(name))...)
		var id strings.Builder
		for _, layer := range layers {
			fmt.Fprintf(&id, " %p", layer)
		}
		h, found := made[id.String()]
		if !found {
			h = p.buildHost(key, layers)
			made[id.String()] = h
		}
		hosts = append(hosts, finish(h, p.name, name, p.now))
	}
	return hosts
}

func (p *parser) buildHost(key hostKey, layers []*yaml.Node) Host {
	merged := (*yaml.Node)(nil)
	for _, layer := range append(p.profileOf(key, layers), layers...) {
		if layer.ShortTag() != "!!null" {
			merged = merge(merged, layer)
		}
	}
	var h Host
	if merged == nil {
		return h
	}
	if err := merged.Decode(&h); err != nil {
		p.problemf(key.key, "host %q: %v", key.key.Value, err)
	}
	if h.OS.UUID != "" && len(key.names) > 1 {
		p.problemf(key.key, "host %q: a range of hosts cannot share one uuid", key.key.Value)
	}
	if h.RPC != nil {
		h.RPC.Interfaces = byUUID(h.RPC.Interfaces)
	}
	p.checkHost(key.key, h)
	p.checkRecords(merged)
	p.checkPowerShell(merged)
	p.noteAliases(merged)
	return h
}

// profileOf returns the profiles below the layers, lowest first: a profile can
// be built on another.
func (p *parser) profileOf(key hostKey, layers []*yaml.Node) []*yaml.Node {
	var profiles []*yaml.Node
	name := profileName(layers)
	for seen := map[string]bool{}; name != ""; {
		node := p.profiles[name]
		if node == nil || seen[name] {
			p.problemf(key.key, "host %q: unknown profile %q", key.key.Value, name)
			return nil
		}
		seen[name] = true
		profiles = slices.Insert(profiles, 0, node)
		name = profileName([]*yaml.Node{node})
	}
	return profiles
}

func profileName(layers []*yaml.Node) string {
	name := ""
	for _, layer := range layers {
		for i := 0; i+1 < len(layer.Content) && layer.Kind == yaml.MappingNode; i += 2 {
			if layer.Content[i].Value == "profile" {
				name = layer.Content[i+1].Value
			}
		}
	}
	return name
}

// checkHost looks at what only the whole host shows.
func (p *parser) checkHost(at *yaml.Node, h Host) {
	lower := map[string]string{}
	for name := range h.Services {
		if other, double := lower[strings.ToLower(name)]; double {
			p.problemf(at, "services %q and %q are one to Windows", min(name, other), max(name, other))
		}
		lower[strings.ToLower(name)] = name
	}
	for port := range h.TCP {
		if port < 1 || port > 65535 {
			p.problemf(at, "tcp: %d is no port", port)
		}
	}
	for _, site := range h.HTTP {
		if site.Port < 0 || site.Port > 65535 {
			p.problemf(at, "http: %d is no port", site.Port)
		}
	}
	p.checkInstances(at, h)
	if h.KDC != nil && p.realm == "" {
		p.problemf(at, "kdc: write the estate's realm, as CORP.TEST")
	}
	if h.RPC != nil {
		p.checkInterfaces(at, h.RPC.Interfaces)
	}
	p.checkSecure(at, h)
	if h.WinRM != nil && (h.WinRM.Reauth < 0 || h.WinRM.Pieces < 0) {
		p.problemf(at, "winrm: reauth and pieces: want 0 or more")
	}
}
