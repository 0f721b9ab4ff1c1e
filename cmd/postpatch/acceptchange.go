package main

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"postpatch/runner/report"
	"postpatch/suites"
)

// acceptedChange is one entry of a plan's may_change, for all hosts that show the
// same.
type acceptedChange struct {
	pattern string
	to      string
	list    []string            // in place of to
	was     map[string][]string // hosts by what is said of the change
}

// changes gathers what is to be accepted, each once.
type changes struct {
	all    map[string]*acceptedChange
	rounds int
}

func newChanges() *changes { return &changes{all: map[string]*acceptedChange{}} }

// add takes drifts in, and says whether any is new.
func (c *changes) add(drifts []driftOn) (more bool) {
	c.rounds++
	for _, d := range drifts {
		pattern, ok := suites.ItemPattern(d.Kind, d.Item, d.Reading)
		if !ok {
			continue
		}
		spec, _ := d.Kind.Reading(d.Reading)
		to, list := suites.To(d.After, spec)
		key := fmt.Sprintf("%q %q %q", strings.ToLower(pattern), to, list)
		entry := c.all[key]
		if entry == nil {
			entry = &acceptedChange{pattern: pattern, to: to, list: list, was: map[string][]string{}}
			c.all[key] = entry
			more = true
		}
		said := saidOf(d.Finding)
		if d.Finding.Reading == "" && d.After != nil {
			said += ": " + brief(d.After.String(), mostComment)
		}
		if !slices.Contains(entry.was[said], d.host) {
			more = more || !slices.Contains(entry.hosts(), d.host)
			entry.was[said] = append(entry.was[said], d.host)
		}
	}
	return more
}

func (c *changes) sorted() []*acceptedChange {
	return slices.SortedFunc(maps.Values(c.all), func(a, b *acceptedChange) int {
		return cmp.Or(cmp.Compare(strings.ToLower(a.pattern), strings.ToLower(b.pattern)), cmp.Compare(a.to, b.to),
			slices.Compare(a.list, b.list))
	})
}

func (e *acceptedChange) hosts() []string {
	var all []string
	for _, hosts := range e.was {
		all = append(all, hosts...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// mostComment is how much of a value is told beside it.
const mostComment = 60

// saidOf is a change for a comment: one line, and not a long one.
func saidOf(f report.Finding) string {
	now := brief(f.NowText(), mostComment)
	if !f.HasBefore {
		return now
	}
	return brief(f.BeforeText(), mostComment) + " -> " + now
}

func brief(s string, most int) string {
	if runes := []rune(report.CleanLine(s)); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return report.CleanLine(s)
}

// lines are the entry as a plan has it.
func (e *acceptedChange) lines() []string {
	var lines []string
	for _, said := range slices.Sorted(maps.Keys(e.was)) {
		hosts := slices.Sorted(slices.Values(e.was[said]))
		lines = append(lines, "# "+strings.ReplaceAll(shorten(hosts)+": "+said, "\uFFFD", "?"))
	}
	if suites.IsDigest(e.to) {
		lines = append(lines, "# the value cannot be written here, so its digest stands for it")
	}
	lines = append(lines, "- change: "+yamlScalar(e.pattern))
	lines = append(lines, hostLines(e.hosts())...)
	if e.list == nil {
		return append(lines, "  to: "+yamlScalar(e.to))
	}
	lines = append(lines, "  to:")
	for _, elem := range e.list {
		lines = append(lines, "    - "+yamlScalar(elem))
	}
	return lines
}

// hostLines is a list of hosts that breaks before it grows too wide.
func hostLines(hosts []string) []string {
	const widest = 100
	row := "  hosts: ["
	var rows []string
	for i, h := range hosts {
		word := yamlScalar(h) + ", "
		if i == len(hosts)-1 {
			word = yamlScalar(h) + "]"
		}
		if i > 0 && len(row)+len(word) > widest {
			rows = append(rows, strings.TrimRight(row, " "))
			row = "    "
		}
		row += word
	}
	return append(rows, row)
}

// yamlScalar writes a text that shows all its characters, see suites.Writable, so
// that YAML reads it as it is and as a text.
func yamlScalar(s string) string {
	plain := regexp.MustCompile(`^(-?[0-9]{1,15}|[A-Za-z][A-Za-z0-9_/.*-]*)$`)
	word := regexp.MustCompile(`(?i)^(null|y|n|yes|no|on|off|\.nan)$`) // which are no texts for some readers
	if plain.MatchString(s) && !word.MatchString(s) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", "''") + "'"
}
