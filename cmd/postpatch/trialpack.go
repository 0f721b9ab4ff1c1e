package main

import (
	"bytes"
	"os"
	"slices"

	"gopkg.in/yaml.v3"

	"postpatch/probes"
	"postpatch/suites"
)

// reader reads the trial's suite; a pack gets the hosts and the variables that the trial
// has for it. What was read is kept in set.
func (t *trial) reader(set **suites.Set) suiteReader {
	return func(files []string, kinds []probes.Kind) (*suites.Set, []suites.Problem) {
		read, problems := t.readSuite(files, kinds)
		if read != nil {
			*set = read
		}
		return read, problems
	}
}

func (t *trial) readSuite(files []string, kinds []probes.Kind) (*suites.Set, []suites.Problem) {
	if t.Hosts.Kind == 0 && t.Vars.Kind == 0 {
		return suites.Load(files, kinds)
	}
	text, err := os.ReadFile(t.Suite)
	if err != nil {
		return suites.Load(files, kinds) // which says so
	}
	lines := bytes.Count(text, []byte("\n")) + 1
	set, problems := suites.LoadBytes(t.Suite, t.withHosts(text), kinds)
	for i, p := range problems {
		if p.Line > lines { // it stands in the test, in other words
			problems[i].File, problems[i].Line, problems[i].Column = t.file, max(t.Hosts.Line, t.Vars.Line), 1
		}
	}
	return set, problems
}

// withHosts is a pack's text with a last line that gives it its hosts, each with the
// variables, which win over the pack's own. All else keeps its line.
func (t *trial) withHosts(text []byte) []byte {
	hosts := t.Hosts
	hosts.Style = yaml.FlowStyle
	if t.Vars.Kind != 0 {
		hosts.Content = nil
		for _, n := range t.Hosts.Content {
			hosts.Content = append(hosts.Content, withVars(n, &t.Vars))
		}
	}
	line, err := yaml.Marshal(map[string]*yaml.Node{"hosts": plainFlow(&hosts)})
	if err != nil {
		return text // it was read from YAML
	}
	return append(append(bytes.Clone(text), '\n'), line...)
}

// withVars gives a host the variables that it has not itself.
func withVars(host, vars *yaml.Node) *yaml.Node {
	own := *host
	if host.Kind == yaml.ScalarNode {
		own = yaml.Node{Kind: yaml.MappingNode}
	}
	all := *vars
	own.Content = nil
	for i := 0; i+1 < len(host.Content); i += 2 {
		if host.Content[i].Value == "vars" {
			all.Content = withoutDoubles(append(slices.Clone(host.Content[i+1].Content), vars.Content...))
			continue
		}
		own.Content = append(own.Content, host.Content[i], host.Content[i+1])
	}
	if host.Kind == yaml.ScalarNode {
		own.Content = []*yaml.Node{scalar("name"), host}
	}
	own.Content = append(own.Content, scalar("vars"), &all)
	return &own
}

// withoutDoubles leaves the first of the pairs that have the same key.
func withoutDoubles(pairs []*yaml.Node) []*yaml.Node {
	var left []*yaml.Node
	seen := map[string]bool{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if !seen[pairs[i].Value] {
			seen[pairs[i].Value] = true
			left = append(left, pairs[i], pairs[i+1])
		}
	}
	return left
}

func scalar(text string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Value: text} }

// plainFlow is a node without comments, to be written in one line.
func plainFlow(n *yaml.Node) *yaml.Node {
	plain := *n
	plain.HeadComment, plain.LineComment, plain.FootComment = "", "", ""
	if plain.Kind != yaml.ScalarNode {
		plain.Style = yaml.FlowStyle
	}
	plain.Content = nil
	for _, c := range n.Content {
		plain.Content = append(plain.Content, plainFlow(c))
	}
	return &plain
}
