package suites

import (
	"strings"

	"gopkg.in/yaml.v3"
)

// formerName reads what a host was called before; nil when it is no name.
func (s *suiteEntries) formerName(n *yaml.Node, what string) *yaml.Node {
	name, ok := s.text(n, what)
	switch {
	case !ok:
		return nil
	case !isName(name):
		s.errorf(n, "%s: want the name that the host had, got %q", what, shorten(name, 80))
		return nil
	default:
		return n
	}
}

// formerly takes in what a host was called before: one name, and none that another
// host has now, whose baseline it would take.
func (l *loader) formerly(s *suiteEntries, h hostEntry) {
	if h.was == nil {
		return
	}
	other := l.hosts[strings.ToLower(h.was.Value)]
	switch shared := h.shared; {
	case other == shared:
		s.errorf(h.was, "host %q: was: that is its name now", h.name)
	case other != nil:
		s.errorf(h.was, "host %q: was: %q is another host of the suites", h.name, h.was.Value)
	case shared.was != "" && !strings.EqualFold(shared.Was, h.was.Value):
		s.errorf(h.was, "host %q was %q here and %q at %s", h.name, h.was.Value, shared.Was, shared.was)
	case l.wasToo(shared, h.was.Value) != "":
		s.errorf(h.was, "host %q: was: %q is what %s was, too", h.name, h.was.Value, l.wasToo(shared, h.was.Value))
	case shared.was == "":
		shared.Was, shared.was = h.was.Value, s.place(h.was)
	}
}

// wasToo is another host that had the name before; empty for none.
func (l *loader) wasToo(host *sharedHost, name string) string {
	for _, other := range l.order {
		if other != host && strings.EqualFold(other.Was, name) {
			return other.Name
		}
	}
	return ""
}
