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

// Matches reports whether the pattern chooses a reading; upper and lower case of
// the item are the same.
func (p Pattern) Matches(kind, item, reading string) bool {
	return p.Kind == kind && (p.Reading == "*" || p.Reading == reading) && (p.Item == "" || glob(p.Item, item))
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
		if p.Reading == "*" {
			return p, k.Readings, true
		}
		spec, found := k.Reading(p.Reading)
		if !found {
			r.hintf(n, suggest(p.Reading, readingNames(k)), "unknown reading %q of %s", p.Reading, k.Name)
		}
		return p, []probes.ReadingSpec{spec}, found
	}
	r.hintf(n, suggest(p.Kind, names), "unknown kind %q", p.Kind)
	return p, nil, false
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
