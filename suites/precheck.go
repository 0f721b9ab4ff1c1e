package suites

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"postpatch/probes"
	"postpatch/suites/expect"
)

// PrecheckSuite is the suite of the checks that a precheck brings along.
const PrecheckSuite = "precheck"

// precheckFile is what stands for that suite's file in a report.
const precheckFile = PrecheckSuite

// The checks that a precheck can add, by their ids.
const precheckChecks = `suite: precheck
hosts: [any]
checks:
  - {id: os, os: {}, why: the patch has to go to the machine that is meant}
  - {id: pending_reboot, pending_reboot: {}, why: what still waits for a reboot gets mixed up with the patch}
  - {id: disk, disk: {}, why: the patch has to fit}
  - {id: system disk, disk: C, why: the patch has to fit}
`

// isPrecheckKind says whether a precheck looks at what a kind is for on every Windows
// host, even where the suites do not.
func isPrecheckKind(name string) bool {
	return name == "os" || name == "pending_reboot" || name == "disk"
}

// What is asked where the plan says nothing.
const (
	precheckFree   = 10 << 30
	precheckBackup = 7 * day
)

// Prechecked is the set with what has to be so before a patch that begins at a time.
// The suites stay as they are written: to each Windows host it adds checks of a suite
// of its own, of the kinds that the host has not, and expectations to those that it
// has. What the owner expects to be "any" stays so.
func (s *Set) Prechecked(p Precheck, kinds []probes.Kind, at time.Time) (*Set, []Problem) {
	for _, suite := range s.Suites {
		if suite.Name == PrecheckSuite {
			return nil, []Problem{{
				File: suite.File, Msg: fmt.Sprintf("suite %q: postpatch precheck has a suite of that name itself", suite.Name),
				Hint: "rename it",
			}}
		}
	}
	own, problems := LoadBytes(precheckFile, []byte(precheckChecks), kinds)
	if len(problems) > 0 {
		return nil, problems
	}
	w := wanting{free: p.Free, all: p.Free > 0, added: map[string]*Check{}}
	w.free = cmp.Or(p.Free, precheckFree)
	w.backup = at.Add(-cmp.Or(p.Backup, precheckBackup))
	if p.RestoreTest > 0 {
		w.restore = at.Add(-p.RestoreTest)
	}
	for _, c := range own.Hosts[0].Checks {
		w.added[c.ID] = c
	}
	out := *s
	// The digest is of what was asked, not of when: a run that was cut off is taken up later.
	out.Suites = append(slices.Clip(s.Suites), Suite{
		Name: PrecheckSuite, File: precheckFile, Digest: digest([]byte(precheckChecks + fmt.Sprint(p))),
	})
	out.Hosts = slices.Clone(s.Hosts)
	for i := range out.Hosts {
		out.Hosts[i].Checks = w.checks(out.Hosts[i])
	}
	return &out, nil
}

// wanting is what is wanted of every host.
type wanting struct {
	free            int64
	all             bool // of every volume; else only of the system's
	backup, restore time.Time
	added           map[string]*Check
}

// checks are a host's own with what is expected of them, and those that it lacks.
func (w wanting) checks(h Host) []*Check {
	checks := slices.Clone(h.Checks) // hosts share their lists
	isWindows := slices.ContainsFunc(checks, func(c *Check) bool {
		_, asks := c.Probe.(probes.Asker)
		return asks
	})
	if isWindows {
		checks = append(checks, w.lacking(checks)...)
	}
	for i, c := range checks {
		switch c.Kind.Name {
		case "os":
			checks[i] = c.named(h).own()
		case "disk":
			if w.all || c.Suite == PrecheckSuite {
				checks[i] = c.expecting("free", ">= "+bytesOf(w.free)).own()
			}
		case "sql":
			checks[i] = w.backedUp(*c).own()
		}
	}
	return checks
}

// lacking are the checks that a Windows host has none of.
func (w wanting) lacking(has []*Check) []*Check {
	var all []*Check
	for _, kind := range []string{"os", "pending_reboot"} {
		if !slices.ContainsFunc(has, func(c *Check) bool { return c.Kind.Name == kind }) {
			all = append(all, w.added[kind])
		}
	}
	looksAt := func(asked string) bool {
		return slices.ContainsFunc(has, func(c *Check) bool {
			return c.Kind.Name == "disk" && (asked == "" || c.Asked == asked)
		})
	}
	switch {
	case w.all && !looksAt(""):
		all = append(all, w.added["disk"])
	case !w.all, !looksAt(w.added["disk"].Asked): // the owner's may leave the system's volume out
		all = append(all, w.added["system disk"])
	}
	return all
}

// backedUp expects backups of all databases of which the check tells some. One that looks
// at something else stays as it is.
func (w wanting) backedUp(c Check) Check {
	if chooser, chooses := c.Probe.(probes.Chooser); chooses && !chooser.Reports("backup_history") {
		return c
	}
	c = c.expecting("backup_history", "read").where("last_backup", since(w.backup))
	if !w.restore.IsZero() {
		c = c.where("last_restore", since(w.restore))
	}
	return c
}

func since(at time.Time) string { return ">= " + at.UTC().Truncate(time.Second).Format(time.RFC3339) }

// named expects that the host has the name by which it is called, unless that is an
// address or the owner expects a name of his own.
func (c Check) named(h Host) Check {
	var names []string
	for _, name := range []string{h.Name, h.Address} {
		if _, err := netip.ParseAddr(name); err == nil || name == "" {
			continue
		}
		label, _, _ := strings.Cut(name, ".")
		for _, name := range []string{label, label[:min(len(label), netBIOSName)]} {
			known := slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, name) })
			if name != "" && !known {
				names = append(names, name)
			}
		}
	}
	if len(names) == 0 || slices.ContainsFunc(c.Expect, func(e Expectation) bool { return e.Reading == "name" }) {
		return c
	}
	if len(names) == 1 {
		return c.expecting("name", "= "+names[0])
	}
	return c.expecting("name", "one of "+strings.Join(names, ", "))
}

// netBIOSName is how much of a name a computer without DNS has.
const netBIOSName = 15

// expecting is the check with one more expectation of its own.
func (c Check) expecting(reading, source string) Check {
	return c.with(Expectation{Reading: reading}, source)
}

// own is the check as one of a host.
func (c Check) own() *Check { return &c }

// where is the check with one more expectation of all items that have the reading.
func (c Check) where(reading, source string) Check {
	return c.with(Expectation{Reading: reading, Default: true}, source)
}

func (c Check) with(e Expectation, source string) Check {
	spec, found := c.Kind.Reading(e.Reading)
	accepted := func(own Expectation) bool { return own.Reading == e.Reading && own.Predicate.Any() }
	if !found || slices.ContainsFunc(c.Expect, accepted) {
		return c
	}
	p, err := expect.ParseUnit(source, spec.Type, unitOf(spec))
	if err != nil {
		panic(fmt.Sprintf("precheck: %s of %s: %v", e.Reading, c.Kind.Name, err)) // a test holds each of them
	}
	e.Predicate = p
	c.Expect = append(slices.Clone(c.Expect), e)
	slices.SortStableFunc(c.Expect, func(a, b Expectation) int { return cmp.Compare(a.Reading, b.Reading) })
	return c
}

// bytesOf writes a size in the largest unit that leaves nothing over.
func bytesOf(n int64) string {
	for i, unit := range []string{"TiB", "GiB", "MiB", "KiB"} {
		if size := int64(1) << (10 * (4 - i)); n%size == 0 {
			return strconv.FormatInt(n/size, 10) + " " + unit
		}
	}
	return strconv.FormatInt(n, 10)
}
