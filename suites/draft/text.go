package draft

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// Draft is a suite before it is written.
type Draft struct {
	Suite string
	Owner string
	On    string // the day
	Seen  []Seen
	// Left are the checks that are not to be in it, by id, with why: the packs' are
	// disabled, the draft's own are a comment.
	Left map[string]string
	// Kept are the hosts that are asked all the same what others could not be.
	Kept map[string][]string
	// Waived are findings that are wrong today, and that the operator takes as they are.
	Waived []Waiver
	// Packs are those that there are, each with the variables that it has to be told.
	Packs map[string][]string
	Head  []string // lines of comment at the very top
}

// Waiver is one finding that fails today.
type Waiver struct{ What, Check, Host, Until, Said string }

// fitting is a pack with the hosts that it fits.
type fitting struct {
	pack  string
	hosts []string
	signs []string
	ask   string
	vars  map[string]string
	// own are the variables of a host that has others than the first one.
	own     map[string]map[string]string
	guesses []string
	// supposed are the variables that nobody saw.
	supposed []string
}

// fittings are the packs for the hosts, windows-server first.
func (d Draft) fittings() []fitting {
	all := []fitting{{pack: "windows-server"}, {pack: "linux-services"}} // which need no variables
	for _, s := range d.Seen {
		i := 0
		if !s.isWindows() {
			i = 1
		}
		all[i].hosts = append(all[i].hosts, s.Host)
	}
	for _, r := range roles() {
		f := fitting{pack: r.pack, ask: r.ask, vars: map[string]string{}, own: map[string]map[string]string{}}
		for _, s := range d.Seen {
			if sign := r.sign(s); s.isWindows() && sign != "" {
				f.hosts, f.signs = append(f.hosts, s.Host), append(f.signs, sign)
				if r.vars != nil {
					f.give(s.Host, r.vars(s))
				}
			}
		}
		all = append(all, f)
	}
	return slices.DeleteFunc(all, func(f fitting) bool {
		_, there := d.Packs[f.pack]
		return len(f.hosts) == 0 || !there
	})
}

// Checks are those that the draft adds to its packs. What several hosts have alike is
// there once.
func (d Draft) Checks() []Check {
	var all []Check
	for _, s := range d.Seen {
		for _, c := range own(s) {
			i := slices.IndexFunc(all, func(o Check) bool { return o.ID == c.ID && slices.Equal(o.Lines, c.Lines) })
			if i >= 0 {
				all[i].Hosts = append(all[i].Hosts, c.Hosts...)
				continue
			}
			all = append(all, c)
		}
	}
	times := map[string]int{}
	for _, c := range all {
		times[c.ID]++
	}
	for i, c := range all {
		if times[c.ID] > 1 {
			all[i].ID += "/" + c.Hosts[0]
		}
	}
	return all
}

// Text is the suite.
func (d Draft) Text() string {
	var b strings.Builder
	for _, line := range d.Head {
		b.WriteString(line + "\n")
	}
	fmt.Fprintf(&b, "# Written by postpatch init on %s, of what was seen of the hosts then. It is yours: take out\n"+
		"# what does not matter, add what you know better. `postpatch lint` tells every mistake in it,\n"+
		"# `postpatch explain use` how packs are changed, `postpatch explain packs` what they are for.\n", d.On)
	fmt.Fprintf(&b, "suite: %s\n", quote(d.Suite))
	if d.Owner != "" {
		fmt.Fprintf(&b, "owner: %s\n", quote(d.Owner))
	}
	fits := d.fittings()
	d.writeHosts(&b, fits)
	d.writeUse(&b, fits)
	d.writeLeft(&b)
	d.writeChecks(&b)
	d.writeWaivers(&b)
	return b.String()
}

func (d Draft) writeHosts(b *strings.Builder, fits []fitting) {
	b.WriteString("hosts:\n")
	for _, s := range d.Seen {
		entry := quote(s.Host)
		if more := d.aboutHost(s, fits); len(more) > 0 {
			entry = "{name: " + strings.Join(append([]string{entry}, more...), ", ") + "}"
		}
		about := s.value("os", "", "product")
		if build := s.value("os", "", "build"); build != "" {
			about = strings.TrimSpace(about + " " + build)
		}
		if s.Away != "" {
			about = "not asked as a Windows host: " + s.Away
		}
		writeLine(b, "  - "+entry, about)
	}
}

// aboutHost are a host's tags and variables, as YAML has them.
func (d Draft) aboutHost(s Seen, fits []fitting) []string {
	var tags, more []string
	vars := map[string]string{}
	for _, f := range fits {
		if !slices.Contains(f.hosts, s.Host) {
			continue
		}
		if len(f.hosts) < len(d.Seen) {
			tags = append(tags, f.pack)
		}
		if f.pack == "exchange" && s.service("ClusSvc") { // as its members have alone
			tags = append(tags, "dag")
		}
		maps.Copy(vars, f.own[s.Host])
	}
	if len(tags) > 0 {
		more = append(more, "tags: ["+strings.Join(tags, ", ")+"]")
	}
	if len(vars) > 0 {
		more = append(more, writeVars(vars))
	}
	return more
}

// writeUse writes the packs. One that has to be told what nobody saw is a comment, which
// says so: a suite that cannot be loaded is of no use.
func (d Draft) writeUse(b *strings.Builder, fits []fitting) {
	used := false
	for _, f := range fits {
		if missing := d.unknown(f); len(missing) > 0 {
			f.vars = maps.Clone(f.vars)
			for _, name := range missing {
				f.vars[name] = "…"
			}
			comment := "# which " + strings.Join(missing, ", ") + "? say it there, and take the # away: "
			writeLine(b, comment+d.useEntry(f), f.comment())
			continue
		}
		if !used {
			b.WriteString("use:\n")
			used = true
		}
		writeLine(b, "  - "+d.useEntry(f), f.comment())
	}
}

func (d Draft) useEntry(f fitting) string {
	var parts []string
	if len(f.hosts) < len(d.Seen) {
		parts = append(parts, "hosts: tag:"+f.pack)
	}
	if len(f.vars) > 0 {
		parts = append(parts, writeVars(f.vars))
	}
	if len(parts) == 0 {
		return f.pack
	}
	return "{suite: " + f.pack + ", " + strings.Join(parts, ", ") + "}"
}

// comment says why the pack is there.
func (f fitting) comment() string {
	switch {
	case f.pack == "linux-services":
		return "what is seen of them from here"
	case len(f.signs) == 0:
		return "what every Windows server has to do"
	case f.ask != "":
		return f.signs[0] + "; " + f.ask
	case len(f.supposed) > 0:
		return f.signs[0] + "; supposed, so correct it: " + strings.Join(f.supposed, ", ")
	default:
		return f.signs[0]
	}
}

func (d Draft) writeLeft(b *strings.Builder) {
	own := map[string]bool{}
	for _, c := range d.Checks() {
		own[c.ID] = true
	}
	var some, none []string
	for _, id := range slices.Sorted(maps.Keys(d.Left)) {
		switch {
		case own[id]:
		case len(d.Kept[id]) > 0:
			some = append(some, id)
		default:
			none = append(none, id)
		}
	}
	if len(some) > 0 {
		b.WriteString("override: # not of the hosts that could not be asked when this was written\n")
	}
	for _, id := range some {
		writeLine(b, fmt.Sprintf("  %s: {hosts: %s}", quote(id), list(d.Kept[id])), d.Left[id])
	}
	if len(none) > 0 {
		b.WriteString("disable: # could not be looked at when this was written; take out what can\n")
	}
	for _, id := range none {
		fmt.Fprintf(b, "  %s: %s\n", quote(id), quote(d.Left[id]))
	}
}

// isLeft says that a check is asked of nobody.
func (d Draft) isLeft(id string) bool {
	_, left := d.Left[id]
	return left && len(d.Kept[id]) == 0
}

func (d Draft) writeChecks(b *strings.Builder) {
	checks := d.Checks()
	kept := slices.DeleteFunc(slices.Clone(checks), func(c Check) bool { return d.isLeft(c.ID) })
	if len(kept) > 0 || len(d.fittings()) == 0 {
		b.WriteString("checks:\n")
	}
	for _, c := range checks {
		lines := slices.Clone(c.Lines)
		lines = append(lines, "id: "+quote(c.ID))
		if kept := d.Kept[c.ID]; len(kept) > 0 {
			lines = append(lines, "hosts: "+list(kept)+" # "+printable(d.Left[c.ID]))
		} else if len(c.Hosts) < len(d.Seen) {
			lines = append(lines, "hosts: "+list(c.Hosts))
		}
		if d.isLeft(c.ID) {
			fmt.Fprintf(b, "  # not now: %s\n", printable(d.Left[c.ID]))
			for i, line := range lines {
				fmt.Fprintf(b, "  # %s%s\n", map[bool]string{true: "- ", false: "  "}[i == 0], line)
			}
			continue
		}
		lines = append(lines, "why: "+sentence(c.Why))
		for i, line := range lines {
			fmt.Fprintf(b, "  %s%s\n", map[bool]string{true: "- ", false: "  "}[i == 0], line)
		}
	}
}

func (d Draft) writeWaivers(b *strings.Builder) {
	if len(d.Waived) == 0 {
		return
	}
	b.WriteString("waivers: # wrong when this was written, and taken as it was; mend it until then\n")
	for _, w := range d.Waived {
		fmt.Fprintf(b, "  - {waive: %s, check: %s, hosts: %s, until: %s,\n     reason: %s}\n",
			quote(w.What), quote(w.Check), quote(w.Host), w.Until, quote(w.Said))
	}
}

// writeLine writes one with a comment behind it, which may come from a host.
func writeLine(b *strings.Builder, line, comment string) {
	if comment = printable(comment); comment != "" {
		line += " # " + comment
	}
	b.WriteString(line + "\n")
}

func list(all []string) string {
	quoted := make([]string, len(all))
	for i, s := range all {
		quoted[i] = quote(s)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

// quote writes a text as YAML has it.
func quote(s string) string {
	plain := regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.\-/@]*$`)
	switch strings.ToLower(s) {
	case "yes", "no", "on", "off", "true", "false", "null", "y", "n":
	default:
		if plain.MatchString(s) {
			return s
		}
	}
	return "'" + strings.ReplaceAll(printable(s), "'", "''") + "'"
}

// sentence is quote for a text that stands alone on its line.
func sentence(s string) string {
	s = printable(s)
	if regexp.MustCompile(`^[A-Za-z][^:#]*$`).MatchString(s) {
		return s
	}
	return quote(s)
}

// printable is a host's text on one line.
func printable(s string) string {
	s = strings.ReplaceAll(s, "{{", "{ {") // no template is a host's to write
	return strings.Join(strings.Fields(strings.Map(func(c rune) rune {
		if !unicode.IsPrint(c) {
			return ' '
		}
		return c
	}, s)), " ")
}
