package suites

import (
	"fmt"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// filter is what a template does to a variable's value.
type filter struct{ name, text string }

const defaultFilter = "default"

// filterNames are all there are; they can be told by looking at them.
func filterNames() []string { return []string{"lower", "upper", "short", "domain", defaultFilter} }

// filters reads what stands behind a variable: | lower | default "x". Text begins offset
// characters into the scalar.
func (r reader) filters(n *yaml.Node, p *part, text string, offset int) bool {
	for rest := text; ; {
		lead := len(rest) - len(strings.TrimLeft(rest, " "))
		offset, rest = offset+lead, rest[lead:]
		name := rest[:len(rest)-len(strings.TrimLeft(rest, "abcdefghijklmnopqrstuvwxyz_"))]
		f := filter{name: name}
		after := strings.TrimLeft(rest[len(name):], " ")
		if name == defaultFilter {
			quoted, behind, ok := quotedText(after)
			if !ok {
				r.inside(n, offset, `write default "text", in single or double quotes`, "the filter default wants a text")
				return false
			}
			f.text, after = quoted, strings.TrimLeft(behind, " ")
		}
		if !slices.Contains(filterNames(), name) {
			word, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
			r.inside(n, offset, suggest(word, filterNames()), fmt.Sprintf("unknown filter %q", shorten(word, 80)))
			return false
		}
		p.filters = append(p.filters, f)
		if after == "" {
			return true
		}
		if after[0] != '|' {
			r.inside(n, offset+len([]rune(rest))-len([]rune(after)), "between two filters stands a |",
				fmt.Sprintf("want | or }}, got %q", shorten(after, 80)))
			return false
		}
		offset += len([]rune(rest)) - len([]rune(after)) + 1
		rest = after[1:]
	}
}

// quotedText takes a text in quotes off the front.
func quotedText(s string) (text, rest string, ok bool) {
	if s == "" || s[0] != '"' && s[0] != '\'' {
		return "", s, false
	}
	end := strings.IndexByte(s[1:], s[0])
	if end < 0 {
		return "", s, false
	}
	return s[1 : 1+end], s[end+2:], true
}

// filtered is a variable's value as its filters leave it.
func (p part) filtered(value string, set bool) (string, bool) {
	for _, f := range p.filters {
		first, rest, _ := strings.Cut(value, ".")
		switch f.name {
		case "lower":
			value = strings.ToLower(value)
		case "upper":
			value = strings.ToUpper(value)
		case "short":
			value = first
		case "domain":
			value = rest
		case defaultFilter:
			if !set {
				value, set = f.text, true
			}
		}
	}
	return value, set
}

// unreadable keeps a default from a variable that a host has, and of which its list does
// not say what it is: the default would be another's.
func (p part) unreadable(h *hostEntry) bool {
	if h == nil || h.listed == nil || !p.variable {
		return false
	}
	_, own := h.own[p.text]
	_, unread := h.listed.unread[p.text]
	return unread && !own && len(p.filters) > 0
}

// given says whether the template has a value of its own for a variable that is not set.
func (p part) given() bool { _, set := p.filtered("", false); return set }
