package suites

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"postpatch/probes"
)

// DefaultSettle is how long hosts are waited for where no plan says otherwise.
func DefaultSettle() Settle {
	return Settle{
		Default: 6 * time.Minute,
		Roles: map[string]time.Duration{
			"sql": 30 * time.Minute, "exchange": 15 * time.Minute, "dc": 25 * time.Minute, "cluster": 15 * time.Minute,
		},
		Return: 30 * time.Minute, Stable: time.Minute, Poll: 5 * time.Second, Slower: 50,
	}
}

// The times of a settle that make sense.
func saneLimit() within  { return within{time.Second, day} }
func saneStable() within { return within{100 * time.Millisecond, time.Hour} }
func sanePoll() within   { return within{100 * time.Millisecond, 10 * time.Minute} }

// forTags begins a role of hosts that have a tag.
const forTags = "tag:"

// settle reads how long hosts are waited for, over the defaults. The nodes are those of
// the roles that the plan names, and whose times are other than the defaults.
func (r reader) settle(n *yaml.Node, kinds []probes.Kind) (Settle, map[string]*yaml.Node) {
	s, said := DefaultSettle(), map[string]*yaml.Node{}
	o, ok := r.object(n, "settle")
	if ok && len(o.entries) == 0 {
		r.hintf(n, "leave it out, or write: settle: {default: 6m}", "settle: says nothing")
	}
	known := rolesOf(kinds)
	for _, e := range o.entries {
		what := "settle." + e.name()
		switch e.name() {
		case "default":
			s.Default = r.span(e.value, what, saneLimit())
		case "return":
			s.Return = r.span(e.value, what, saneLimit())
		case "stable":
			s.Stable = r.span(e.value, what, saneStable())
		case "poll":
			s.Poll = r.span(e.value, what, sanePoll())
		case "slower":
			s.Slower = r.slower(e.value, what)
		default:
			if !r.role(e.key, known) {
				continue
			}
			limit := r.span(e.value, what, saneLimit())
			if limit != s.Roles[e.name()] { // who copies the defaults means no host of his own
				said[e.name()] = e.key
			}
			s.Roles[e.name()] = limit
		}
	}
	if e, found := o.get("poll"); found && s.Default > 0 && s.Poll > s.Default {
		r.errorf(e.value, "settle.poll: a host that has %s to settle would never be asked again", Span(s.Default))
	}
	return s, said
}

// rolesOf are the roles that the kinds have.
func rolesOf(kinds []probes.Kind) []string {
	roles := map[string]bool{}
	for _, k := range kinds {
		if k.Settles != "" {
			roles[k.Settles] = true
		}
	}
	return slices.Sorted(maps.Keys(roles))
}

// role reads a role's name, which is one that a kind has, or a tag.
func (r reader) role(n *yaml.Node, known []string) bool {
	tag, isTag := strings.CutPrefix(n.Value, forTags)
	switch {
	case slices.Contains(known, n.Value), isTag && isName(tag):
		return true
	case isTag:
		r.hintf(n, "write tag: and the tag of hosts, without patterns", "settle: want tag:NAME, got %q", shorten(n.Value, 80))
	default:
		all := slices.Concat([]string{"default", "return", "stable", "poll", "slower", "tag:NAME"}, known)
		r.unknown(n, "role", "settle", all)
	}
	return false
}

// slower reads by how many percent a reading may take longer.
func (r reader) slower(n *yaml.Node, what string) float64 {
	const most = 1000
	text, ok := r.text(n, what)
	if !ok {
		return 0
	}
	number, percent := strings.CutSuffix(strings.TrimSpace(text), "%")
	share, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	plain := strings.Trim(number, " 0123456789.") == "" // no sign, no exponent, no NaN
	if err != nil || !plain || !percent || share > most {
		r.errorf(n, "%s: want a percentage like 50%%, and at most %d%%, got %s", what, most, r.describe(n))
		return 0
	}
	return share
}
