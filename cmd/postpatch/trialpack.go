package main

import (
	"path/filepath"
	"strings"

	"gopkg.in/yaml.v3"

	"postpatch/suites"
)

// reader reads the trial's suite, with what the library has for it to use. What was read
// is kept in set.
func (t *trial) reader(lib suites.Library, set **suites.Set) suiteReader {
	return func(files []string) (*suites.Set, []suites.Problem) {
		read, problems := t.readSuite(lib, files)
		if read == nil {
			return nil, problems
		}
		if lists := read.Unasked(); len(lists) > 0 {
			return nil, []suites.Problem{{
				File: t.Suite, Msg: "its hosts are kept in " + lists[0].Name + ", which is not asked here",
				Hint: "put the checks into a pack, and test that",
			}}
		}
		*set = read
		return read, nil
	}
}

// readSuite reads a pack as a suite does that uses it, for the hosts and with the variables
// of the trial.
func (t *trial) readSuite(lib suites.Library, files []string) (*suites.Set, []suites.Problem) {
	if t.Hosts.Kind == 0 && t.Vars.Kind == 0 {
		return lib.Load(files)
	}
	text, err := t.user()
	if err != nil {
		return nil, []suites.Problem{{File: t.file, Msg: err.Error()}}
	}
	file := filepath.Join(filepath.Dir(t.Suite), "that uses "+filepath.Base(t.Suite))
	set, problems := lib.LoadBytes(file, text)
	for i, p := range problems {
		if p.File == file {
			problems[i] = t.placed(p)
		}
	}
	return set, problems
}

// user is the text of a suite that uses the trial's: a line for the name, for the hosts,
// and for what is used.
func (t *trial) user() ([]byte, error) {
	name := strings.ToLower(strings.TrimSuffix(filepath.Base(t.Suite), suiteEnding))
	path := scalar("./" + filepath.Base(t.Suite))
	use := &yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{scalar("suite"), path}}
	if t.Vars.Kind != 0 {
		use.Content = append(use.Content, scalar("vars"), &t.Vars)
	}
	top := &yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{scalar("suite"), scalar(name)}}
	if t.Hosts.Kind != 0 {
		top.Content = append(top.Content, scalar("hosts"), inLine(&t.Hosts))
	}
	top.Content = append(top.Content, scalar("use"), inLine(use))
	return yaml.Marshal(top)
}

// placed is a problem of that text, where the trial says what it is about.
func (t *trial) placed(p suites.Problem) suites.Problem {
	at := t.Hosts
	if p.Line > 2 && t.Vars.Kind != 0 {
		at = t.Vars
	}
	p.File, p.Line, p.Column = t.file, at.Line, max(1, at.Column)
	if t.file == "" || at.Line == 0 { // the command line has said it
		p.File, p.Line = t.Suite, 0
	}
	return p
}

func scalar(text string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Value: text} }

// inLine is a node that is written in one line.
func inLine(n *yaml.Node) *yaml.Node {
	plain := *n
	plain.HeadComment, plain.LineComment, plain.FootComment = "", "", ""
	if plain.Kind != yaml.ScalarNode {
		plain.Style = yaml.FlowStyle
	}
	plain.Content = nil
	for _, c := range n.Content {
		plain.Content = append(plain.Content, inLine(c))
	}
	return &plain
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
