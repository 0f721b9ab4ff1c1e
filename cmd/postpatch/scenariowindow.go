package main

import (
	"fmt"
	"sync"

	"gopkg.in/yaml.v3"

	"postpatch/runner"
)

// act is a state of a maintenance window that a scenario plays.
type act struct {
	State string `yaml:"state"`
	Asked int    `yaml:"asked"` // how often a host is waited for until the next one
}

// askedFor is how often that is where the scenario does not say.
const askedFor = 3

// UnmarshalYAML implements yaml.Unmarshaler.
func (a *act) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		a.State, a.Asked = n.Value, askedFor
		return nil
	}
	type plain act // without this method
	own := plain{Asked: askedFor}
	if err := n.Decode(&own); err != nil {
		return err
	}
	*a = act(own)
	if a.State == "" || a.Asked < 1 {
		return fmt.Errorf("line %d: want a state, and asked of 1 or more", n.Line)
	}
	return nil
}

// staging leads a lab through the acts of a window, as its hosts are waited for.
type staging struct {
	acts   []act
	enter  func(state string) error
	mu     sync.Mutex
	asked  int // in the current act
	at     int // the current act
	failed error
}

// begin enters the first act.
func (s *staging) begin() error { return s.enter(s.acts[0].State) }

// tell counts that a host is waited for.
func (s *staging) tell(string, string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	if s.failed != nil || s.at+1 == len(s.acts) || s.asked < s.acts[s.at].Asked {
		return
	}
	s.at, s.asked = s.at+1, 0
	s.failed = s.enter(s.acts[s.at].State)
}

// waiting is how a verify of the window waits.
func (s *staging) waiting(p performance) (*runner.Waiting, error) {
	if err := (waits{wait: true}).apply(&p); err != nil {
		return nil, err
	}
	p.waiting.Tell = s.tell
	return p.waiting, nil
}
