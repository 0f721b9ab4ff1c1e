package suites

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"postpatch/probes"
	"postpatch/probes/fact"
)

// Fits says whether the change is wanted of a reading that was so, as far as its where
// goes; of one that was not there it does not.
func (m MustChange) Fits(was fact.Value) bool {
	return m.Where == "" || was != nil && glob(m.Where, was.String())
}

// Met says whether a reading is as the patch has to make it. Where the change is one
// within the family of versions that its where names, a version of another family does
// not meet it, however high it is: 26100.1 is no update of 20348.
func (m MustChange) Met(now fact.Value) bool {
	return m.Predicate.Holds(now) && (!m.stays() || glob(m.Where, now.String()))
}

// Words are what the reading has to be: ">= 20348.4405 within 20348.*".
func (m MustChange) Words() string {
	if m.stays() {
		return m.Predicate.String() + " within " + m.Where
	}
	return m.Predicate.String()
}

// stays says whether the change stays within the family of versions of its where. It
// does where the family's highest version would meet it; what wants another family does
// not want that.
func (m MustChange) stays() bool {
	family, ok := strings.CutSuffix(m.Where, ".*")
	if !ok || strings.Trim(family, "0123456789.?") != "" {
		return false
	}
	return m.Predicate.Holds(fact.Text(strings.ReplaceAll(family, "?", "9") + ".999999999"))
}

// mustChange reads a mapping of readings and what they have to be, or a list of such
// mappings and of changes that say more.
func (r reader) mustChange(n *yaml.Node, kinds []probes.Kind) []MustChange {
	if n = resolve(n); n.Kind != yaml.SequenceNode {
		if o, ok := r.object(n, "must_change"); ok {
			return r.mustReadings(o, kinds)
		}
		return nil
	}
	elems, _ := r.list(n, "must_change")
	if len(elems) == 0 {
		r.hintf(n, "leave it out, or name a reading", "must_change: the list is empty")
	}
	var all []MustChange
	for i, e := range elems {
		what := fmt.Sprintf("must_change[%d]", i)
		o, ok := r.object(e, what)
		switch {
		case !ok:
		case saysMore(o):
			if m, ok := r.mustEntry(o, what, kinds); ok {
				all = append(all, m)
			}
		default:
			all = append(all, r.mustReadings(o, kinds)...)
		}
	}
	return all
}

func mustKeys() []string { return []string{"change", "to", "where", "hosts", "update", "reason"} }

// saysMore tells a change of several keys from a mapping of readings, each of which has
// a dot in its name.
func saysMore(o object) bool {
	return slices.ContainsFunc(o.entries, func(e entry) bool { return slices.Contains(mustKeys(), e.name()) })
}

func (r reader) mustReadings(o object, kinds []probes.Kind) []MustChange {
	if len(o.entries) == 0 {
		r.hintf(o.node, "leave it out, or name a reading", "must_change: asserts nothing")
	}
	var must []MustChange
	for _, e := range o.entries {
		if m, spec, ok := r.mustReading(e.key, kinds); ok && r.mustBe(&m, e.value, spec) {
			must = append(must, m)
		}
	}
	return must
}

// mustReading reads which reading has to change.
func (r reader) mustReading(n *yaml.Node, kinds []probes.Kind) (m MustChange, spec probes.ReadingSpec, ok bool) {
	p, specs, ok := r.pattern(n, kinds)
	switch {
	case !ok:
		return m, spec, false
	case strings.Contains(p.Reading, "*"):
		r.errorf(n, "must_change: want one reading, got %q", p)
		return m, spec, false
	}
	return MustChange{Pattern: p}, specs[0], true
}

// mustBe reads what it has to be.
func (r reader) mustBe(m *MustChange, n *yaml.Node, spec probes.ReadingSpec) (ok bool) {
	what := "must_change: " + m.Pattern.String()
	m.Predicate, ok = r.predicate(n, spec, what)
	if ok && m.Predicate.Any() {
		r.hintf(n, "write what it has to be after the patch; what only may change is for may_change",
			`%s: "any" asserts nothing`, what)
		return false
	}
	return ok
}

func (r reader) mustEntry(o object, what string, kinds []probes.Kind) (m MustChange, ok bool) {
	r.known(o, what, mustKeys()...)
	change, found := o.get("change")
	if !found {
		r.hintf(o.node, "write what has to change: change: os.build", "%s: it names no change", what)
		return m, false
	}
	m, spec, ok := r.mustReading(change.value, kinds)
	if to, found := o.get("to"); !found {
		r.hintf(o.node, `write what it has to be after the patch: to: ">= 20348.4405"`, "%s: to: is missing", what)
		ok = false
	} else if ok {
		ok = r.mustBe(&m, to.value, spec)
	}
	if e, found := o.get("where"); found {
		ok = r.where(&m, e.value, what+".where") && ok
	}
	if e, found := o.get("hosts"); found {
		m.said.hosts = r.texts(e.value, what+".hosts")
		ok = len(m.said.hosts) > 0 && ok
		m.Hosts = values(m.said.hosts)
	}
	if e, found := o.get("update"); found {
		ok = r.update(&m.Update, e.value, what+".update") && ok
	}
	if e, found := o.get("reason"); found {
		m.Reason, _ = r.sentence(e.value, what+".reason")
	}
	return m, ok
}

// where reads how the reading was where the change is wanted.
func (r reader) where(m *MustChange, n *yaml.Node, what string) bool {
	text, ok := r.text(n, what)
	if ok && !r.plain(n, what) {
		return false
	}
	if m.Where = strings.TrimSpace(text); ok && strings.Trim(m.Where, "*") == "" {
		r.hintf(n, `leave it out, or write how the reading was: "20348.*"`, "%s: it fits everything", what)
		return false
	}
	return ok
}

// update reads what is known of the update that brings the change.
func (r reader) update(u *Update, n *yaml.Node, what string) bool {
	o, ok := r.object(n, what)
	if !ok {
		return false
	}
	r.known(o, what, "kb", "severity", "released", "within")
	if len(o.entries) == 0 {
		r.hintf(n, "leave it out, or name the update: {kb: KB5068787}", "%s: it says nothing", what)
	}
	for name, read := range map[string]func(n *yaml.Node, what string) bool{
		"kb": u.readKB(r), "severity": u.readSeverity(r), "released": u.readReleased(r), "within": u.readWithin(r),
	} {
		if e, found := o.get(name); found {
			ok = read(e.value, what+"."+name) && ok
		}
	}
	if e, found := o.get("within"); found && ok && u.Released.IsZero() {
		r.hintf(e.key, "write the day, in UTC: released: 2026-11-10", "%s: within counts from its release, which is missing",
			what)
		return false
	}
	return ok
}

func (u *Update) readKB(r reader) func(*yaml.Node, string) bool {
	return func(n *yaml.Node, what string) bool {
		text, ok := r.text(n, what)
		u.KB = strings.ToUpper(strings.TrimSpace(text))
		if ok && !regexp.MustCompile(`^KB[0-9]{5,9}$`).MatchString(u.KB) {
			r.errorf(n, "%s: want a number like KB5068787, got %s", what, r.describe(n))
			return false
		}
		return ok
	}
}

// severities are Microsoft's words, worst first.
func severities() []string { return []string{"critical", "important", "moderate", "low"} }

func (u *Update) readSeverity(r reader) func(*yaml.Node, string) bool {
	return func(n *yaml.Node, what string) bool {
		text, ok := r.text(n, what)
		u.Severity = strings.ToLower(strings.TrimSpace(text))
		if ok && !slices.Contains(severities(), u.Severity) {
			r.hintf(n, suggest(u.Severity, severities()), "%s: want critical, important, moderate or low, got %s", what,
				r.describe(n))
			return false
		}
		return ok
	}
}

func (u *Update) readReleased(r reader) func(*yaml.Node, string) bool {
	return func(n *yaml.Node, what string) bool {
		text, ok := r.text(n, what)
		if !ok {
			return false
		}
		var err error
		if u.Released, err = time.Parse(time.DateOnly, strings.TrimSpace(text)); err != nil {
			r.errorf(n, "%s: want a day like 2026-11-10, got %s", what, r.describe(n))
		}
		return err == nil
	}
}

// maxWithin is more than anybody waits for an update.
const maxWithin = 366 * 24 * time.Hour

func (u *Update) readWithin(r reader) func(*yaml.Node, string) bool {
	return func(n *yaml.Node, what string) bool {
		text, ok := r.text(n, what)
		if !ok {
			return false
		}
		u.Within, ok = howLong(strings.TrimSpace(text))
		if !ok {
			r.errorf(n, "%s: want a time like 72h or 14d, and at most 366d, got %s", what, r.describe(n))
			return false
		}
		return true
	}
}

// IsWithin says whether a text can stand in an update's within.
func IsWithin(text string) bool {
	_, ok := howLong(text)
	return ok
}

// howLong reads a duration, or a number of days, of at most maxWithin.
func howLong(text string) (time.Duration, bool) {
	d, err := time.ParseDuration(text)
	if number, found := strings.CutSuffix(text, "d"); found {
		var n uint64
		n, err = strconv.ParseUint(number, 10, 16)
		d = time.Duration(n) * 24 * time.Hour
	}
	return d, err == nil && d > 0 && d <= maxWithin
}
