package suites

import (
	"strings"

	"gopkg.in/yaml.v3"
)

const notifyHint = "write notify: NAME, a channel of the operator's own file: postpatch explain notify"

// notify reads the channel that a suite names. Where it leads is not the suite's to say,
// not even by naming a variable or a file: whoever writes a suite could have a secret of
// the operator's sent somewhere, or this program send where they like.
func (s *suiteEntries) notify(top object) {
	e, found := top.get("notify")
	if !found {
		return
	}
	n := e.value
	if n.Kind == yaml.MappingNode {
		o, _ := s.object(n, "notify")
		for _, e := range o.entries {
			if e.name() != "channel" {
				s.leadsAway(e.key, e.name())
				return
			}
		}
		e, found := o.get("channel")
		if !found {
			s.hintf(n, notifyHint, "notify: channel is missing")
			return
		}
		n = e.value
	}
	name, ok := s.text(n, "notify")
	switch {
	case !ok:
	case strings.ContainsAny(name, ":/"): // a URL, which is a secret by itself
		s.leadsAway(n, "")
	case !isChannel(name):
		s.hintf(n, notifyHint, "notify: want a channel's name of small letters, digits, '.', '_' and '-', got %q",
			shorten(name, 80))
	default:
		s.suite.Notify = name
	}
}

// leadsAway reports what says where a channel leads, and shows nothing of it.
func (s *suiteEntries) leadsAway(n *yaml.Node, key string) {
	r, what := s.reader, "notify"
	if r.secret = true; isName(key) {
		what += ": " + key
	}
	r.hintf(n, notifyHint, "%s: a suite names a channel, and the operator's own file says where it leads", what)
}

func isChannel(name string) bool { return isName(name) && name == strings.ToLower(name) }
