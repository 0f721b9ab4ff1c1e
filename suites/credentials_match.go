package suites

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// fit is how well an entry fits a host and a use. The bigger one is taken.
type fit struct {
	exact   bool // by the host's very name
	literal int  // characters of the pattern that are no * and no ?
	named   bool // the entry names the use
}

func (f fit) compare(g fit) int {
	rank := func(b bool) int {
		if b {
			return 1
		}
		return 0
	}
	return cmp.Or(rank(f.exact)-rank(g.exact), f.literal-g.literal, rank(f.named)-rank(g.named))
}

// fits tells how well an entry fits, by the best of its patterns.
func (r *credential) fits(hostName, use string) (best fit, ok bool) {
	if !slices.Contains(r.uses, use) {
		return fit{}, false
	}
	for _, pattern := range r.hosts {
		if !Glob(pattern, hostName) {
			continue
		}
		wild := strings.Count(pattern, "*") + strings.Count(pattern, "?")
		f := fit{wild == 0, len(pattern) - wild, r.named}
		if !ok || f.compare(best) > 0 {
			best, ok = f, true
		}
	}
	return best, ok
}

// choose returns the entry that fits best. That two do so equally well is an
// error: the order of the lines is no place for a decision about passwords.
func (c *Credentials) choose(hostName, use string) (*credential, error) {
	var best, rival *credential
	var how fit
	for _, rule := range c.entries() {
		f, ok := rule.fits(hostName, use)
		if !ok {
			continue
		}
		if best == nil || f.compare(how) > 0 {
			best, rival, how = rule, nil, f
		} else if f == how {
			rival = cmp.Or(rival, rule)
		}
	}
	switch {
	case best == nil:
		return nil, fmt.Errorf("no credential for %s on %q: add an entry with hosts: %q and for: [%s] to %s",
			use, hostName, hostName, use, c.file())
	case rival != nil:
		return nil, fmt.Errorf("two credentials for %s on %q: the entries at %s and at %s fit equally well; "+
			"add an entry with hosts: %q, or make one of the patterns longer",
			use, hostName, best.place, rival.place, hostName)
	}
	return best, nil
}

// entries are none where there is no file.
func (c *Credentials) entries() []*credential {
	if c == nil {
		return nil
	}
	return c.rules
}

// claim is what only one entry of a file may have.
type claim struct {
	pattern, use string
	named        bool
}

// claimed is who has it.
type claimed struct {
	rule *credential
	what string
}

// rivals reports an entry that has a pattern of an earlier one, for the same use
// and equally well: no host could tell them apart.
func (r reader) rivals(seen map[claim]claimed, rule *credential, hosts []*yaml.Node, what string) {
	for _, n := range hosts {
		told := false
		for _, use := range rule.uses {
			k := claim{normal(n.Value), use, rule.named}
			earlier, found := seen[k]
			if !found {
				seen[k] = claimed{rule, what}
				continue
			}
			if earlier.rule != rule && !told {
				told = true
				r.hintf(n, "join the two entries, or tell them apart by for: or by a longer pattern",
					"%s.hosts: %s at %s has this pattern, for %s as well", what, earlier.what, earlier.rule.place, use)
			}
		}
	}
}

// normal is what equal patterns have in common.
func normal(pattern string) string {
	for strings.Contains(pattern, "**") {
		pattern = strings.ReplaceAll(pattern, "**", "*")
	}
	return strings.ToLower(pattern)
}
