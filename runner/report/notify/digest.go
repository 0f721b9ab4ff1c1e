package notify

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"postpatch/runner/report"
)

// mostDistinct bounds what a digest keeps: twice as many, until the mildest are dropped.
const mostDistinct = 500

// Digest gathers what is not well, and tells what is so of several hosts once. The zero
// Digest is ready.
type Digest struct {
	items map[string]*Item
	lost  int
}

// Add takes in a host's part.
func (d *Digest) Add(h report.Host) {
	whole := Item{Outcome: report.Unknown}
	switch {
	case h.Unreachable != "":
		whole.Text = "unreachable, so that nothing is known of it"
	case h.Problem != "":
		whole.Text = "no verdict: " + h.Problem
	}
	if whole.Text != "" {
		d.put(h.Host, whole)
	}
	for _, c := range h.Checks {
		if !c.Failing && c.Outcome != report.Unknown || c.Outcome == report.Unknown && !c.Failing && whole.Text != "" {
			continue
		}
		text, subject := c.Error, c.ID
		if f, found := worst(c); found {
			text, subject = said(f), c.Subject(f.Item)
		}
		d.put(h.Host, Item{
			Outcome: c.Outcome, Failing: c.Failing, Subject: subject, Text: cmp.Or(text, string(c.Outcome)), Why: c.Why,
			Owner: c.Owner, Place: c.Place(),
		})
	}
}

func (d *Digest) put(host string, it Item) {
	if d.items == nil {
		d.items = map[string]*Item{}
	}
	key := fmt.Sprintf("%q %q %q %q %t", it.Outcome, it.Place, it.Subject, it.Text, it.Failing)
	known := d.items[key]
	if known == nil {
		if len(d.items) >= 2*mostDistinct {
			d.prune()
		}
		known = &it
		d.items[key] = known
	}
	if known.Count++; len(known.Hosts) < mostHosts {
		known.Hosts = append(known.Hosts, host)
	}
}

// prune drops the mildest.
func (d *Digest) prune() {
	keys := slices.SortedFunc(maps.Keys(d.items), func(a, b string) int { return worstFirst(*d.items[a], *d.items[b]) })
	for _, key := range keys[mostDistinct:] {
		delete(d.items, key)
		d.lost++
	}
}

// Items are what was gathered, the worst first, and how much more there is that was not
// kept.
func (d *Digest) Items() (items []Item, more int) {
	for _, it := range d.items {
		items = append(items, *it)
	}
	slices.SortFunc(items, worstFirst)
	return items, d.lost
}

func worstFirst(a, b Item) int {
	worse := order(report.Worse(a.Outcome, b.Outcome), report.Worse(b.Outcome, a.Outcome))
	return cmp.Or(order(a.Failing, b.Failing), worse, b.Count-a.Count, cmp.Compare(a.Subject, b.Subject),
		cmp.Compare(a.Text, b.Text), cmp.Compare(a.Place, b.Place), slices.Compare(a.Hosts, b.Hosts))
}

// order puts first what is so.
func order(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	default:
		return 1
	}
}

// worst is the finding on which a check's outcome rests.
func worst(c report.Check) (f report.Finding, found bool) {
	for _, other := range c.Findings {
		if !found || report.Worse(other.Outcome, f.Outcome) {
			f, found = other, true
		}
	}
	return f, found
}

// said is a finding in one line, each value shortened so that neither pushes the other
// out.
func said(f report.Finding) string {
	const most = 60
	short := func(s string) string { return brief(s, most) }
	text := short(f.Reading) + ": "
	if f.HasBefore {
		text += short(f.BeforeText()) + " -> "
	}
	text += short(f.NowText())
	if f.Wanted != "" {
		text += " (" + short(f.Wanted) + ")"
	}
	return text
}
