package suites

import (
	"fmt"
	"strings"

	"gopkg.in/yaml.v3"

	"postpatch/probes"
)

// String is the pattern as a plan writes it.
func (p Pattern) String() string {
	if p.Item == "" {
		return p.Kind + "." + p.Reading
	}
	return p.Kind + "/" + p.Item + "." + p.Reading
}

// exactly begins an item that is no pattern: * and ? mean themselves in it.
const exactly = "="

// Matches reports whether the pattern chooses a reading of a check. Items are the
// same where the check's naming says so: mostly in any case.
func (p Pattern) Matches(c *Check, item, reading string) bool {
	return p.Kind == c.Kind.Name && (p.Reading == "*" || p.Reading == reading) &&
		(p.Item == "" || p.matchesKey(c.Items, c.Items.Key(item)))
}

// matchesKey is whether the pattern's item chooses the one with this key.
func (p Pattern) matchesKey(items probes.Naming, key string) bool {
	if p.Item == "" {
		return true
	}
	if name, exact := strings.CutPrefix(p.Item, exactly); exact {
		return items.Key(strings.TrimSpace(name)) == key
	}
	return match(items.Key(p.Item), key)
}

// splitPattern takes "kind/item.reading" apart; an item may have dots and
// slashes of its own.
func splitPattern(text string) (Pattern, bool) {
	var p Pattern
	rest := text
	if i := strings.IndexAny(text, "/."); i > 0 && text[i] == '/' {
		p.Kind, rest = text[:i], text[i+1:]
		dot := strings.LastIndexByte(rest, '.')
		if dot <= 0 {
			return p, false
		}
		p.Item, p.Reading = rest[:dot], rest[dot+1:]
	} else {
		p.Kind, p.Reading, _ = strings.Cut(text, ".")
		if strings.ContainsAny(p.Reading, "./") {
			return p, false
		}
	}
	return p, p.Kind != "" && p.Reading != ""
}

// pattern reads a pattern and checks it against the kinds. The specs are those
// of the readings that it chooses.
func (r reader) pattern(n *yaml.Node, kinds []probes.Kind) (Pattern, []probes.ReadingSpec, bool) {
	text, ok := r.text(n, "pattern")
	if !ok {
		return Pattern{}, nil, false
	}
	p, ok := splitPattern(strings.TrimSpace(text))
	if !ok {
		r.hintf(n, r.patternHint(p.Kind, kinds), "want kind.reading or kind/item.reading, got %q", shorten(text, 80))
		return p, nil, false
	}
	var names []string
	for _, k := range kinds {
		names = append(names, k.Name)
		if k.Name != p.Kind {
			continue
		}
		specs, found := chosenReadings(k, p.Reading)
		if !found {
			r.hintf(n, suggest(p.Reading, readingNames(k)), "unknown reading %q of %s", p.Reading, k.Name)
		}
		return p, specs, found && r.itemOf(n, p, k)
	}
	r.hintf(n, suggest(p.Kind, names), "unknown kind %q", p.Kind)
	return p, nil, false
}

// chosenReadings are those that a pattern's reading means.
func chosenReadings(k probes.Kind, reading string) ([]probes.ReadingSpec, bool) {
	if reading == "*" {
		return k.Readings, true
	}
	spec, found := k.Reading(reading)
	return []probes.ReadingSpec{spec}, found
}

// itemOf reports an item that a kind without items cannot have.
func (r reader) itemOf(n *yaml.Node, p Pattern, k probes.Kind) bool {
	if k.Items != probes.NoItems || p.matchesKey(k.Items, "") {
		return true
	}
	r.hintf(n, "leave the item out", "%s has no items, and no %q", k.Name, shorten(p.Item, 80))
	return false
}

func (r reader) patternHint(kind string, kinds []probes.Kind) string {
	for _, k := range kinds {
		if k.Name == kind && len(k.Readings) > 0 {
			return fmt.Sprintf("write %s.%s, or %s/item.%s; readings: %s", kind, k.Readings[0].Name, kind,
				k.Readings[0].Name, strings.Join(readingNames(k), ", "))
		}
	}
	return "for instance os.build, service/Spooler.state or update.*"
}
