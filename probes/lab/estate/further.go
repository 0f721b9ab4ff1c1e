package estate

import (
	"fmt"
	"os"
	"strings"

	"gopkg.in/yaml.v3"
)

// Further is a state that another file adds to an estate, such as a case of a test.
type Further struct {
	File string     // in which it stands
	Name string     // of the new state
	From string     // the state that it changes; empty for the hosts as they are written
	Set  *yaml.Node // what is laid over the hosts, by their names
}

// LoadWith reads an estate file and adds states to it. The error joins all Problems, each
// by the file and the place where it stands.
func LoadWith(path string, further ...Further) (*Estate, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the estate: %w", err)
	}
	return parse(path, data, further)
}

// readFurther adds the states of other files to the file's own.
func (p *parser) readFurther(further []Further) {
	own := p.file
	defer func() { p.file = own }()
	for _, f := range further {
		p.file = f.File
		if f.From != "" && !p.hasState(f.From) {
			p.problemf(f.Set, "the estate has no state %q: it has %s", f.From, strings.Join(p.stateNames(), ", "))
		}
		key := *f.Set
		key.Value = f.Name
		s := p.state(&key, f.Set)
		s.from = f.From
		p.states = append(p.states, s)
	}
}

func (p *parser) hasState(name string) bool {
	for _, s := range p.states {
		if s.name == name {
			return true
		}
	}
	return false
}

func (p *parser) stateNames() []string {
	var names []string
	for _, s := range p.states {
		names = append(names, s.name)
	}
	return names
}
