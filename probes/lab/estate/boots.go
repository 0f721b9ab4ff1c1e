package estate

import (
	"slices"
	"time"
)

// rememberBoots gives every host the starts that its log has: that of the state before,
// those of the states from which its own is, and its own.
func (p *parser) rememberBoots(e *Estate) {
	for _, s := range p.states {
		history := []string{s.name}
		for from := s.from; from != "" && len(history) <= len(p.states); from = p.from(from) {
			history = append(history, from)
		}
		history = append(history, Before)
		for i := range e.hosts[s.name] {
			own := &e.hosts[s.name][i].OS
			for _, state := range slices.Backward(history) {
				if at := e.hosts[state][i].OS.Boot; !at.After(own.Boot) && !slices.Contains(own.Boots, at) {
					own.Boots = append(own.Boots, at)
				}
			}
			slices.SortFunc(own.Boots, time.Time.Compare)
		}
	}
}

// from is the state on which another is built; empty for none.
func (p *parser) from(name string) string {
	i := slices.IndexFunc(p.states, func(s state) bool { return s.name == name })
	if i < 0 {
		return ""
	}
	return p.states[i].from
}
