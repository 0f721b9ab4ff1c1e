package runner

import (
	"fmt"
	"slices"
	"strings"

	"postpatch/probes/fact"
	"postpatch/runner/report"
	"postpatch/suites"
)

// mustSeen is what hosts say of a wanted change.
type mustSeen struct {
	chosen bool // the change is for the host
	shown  bool // the host has the reading, and it is wanted of it
	unsure bool // a check that may have it could not be observed, or nobody knows whether it is wanted
	other  bool // the host has the reading, and it was not as the change is for
}

func (m mustSeen) and(o mustSeen) mustSeen {
	return mustSeen{m.chosen || o.chosen, m.shown || o.shown, m.unsure || o.unsure, m.other || o.other}
}

func (m mustSeen) looked() bool { return m.shown || m.unsure }

// idle says whether the change is for other hosts than were seen.
func (m mustSeen) idle(must suites.MustChange) bool {
	return !m.looked() && (m.other || len(must.Hosts) > 0 && !m.chosen)
}

// note remembers what a host says of a wanted change.
func (p *Planning) note(i int, seen mustSeen) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seen[i] = p.seen[i].and(seen)
}

// Idle names, for the run's notes, the wanted changes that are for no host of the run:
// a plan may speak of all versions of Windows, and a wave has only some.
func (p *Planning) Idle() []string {
	var all []string
	for i, must := range p.plan.Must {
		if !p.seen[i].idle(must) {
			continue
		}
		what := must.Pattern.String()
		if must.Where != "" {
			what += " where it was " + must.Where
		}
		if len(must.Hosts) > 0 {
			what += " on " + strings.Join(must.Hosts, ", ")
		}
		if !slices.Contains(all, what) {
			all = append(all, what)
		}
	}
	if len(all) == 0 {
		return nil
	}
	return []string{"the plan's must_change is for no host of this run at " + upTo(5, all)}
}

// mustChange holds what the patch has to bring against what is there now. It
// speaks over every other finding of the reading but what fails.
func (j judging) mustChange(checks []*suites.Check, drafts []draft) {
	for i, must := range j.planning.plan.Must {
		if !j.host.Chosen(must.Hosts) {
			continue
		}
		seen, first := mustSeen{chosen: true}, -1
		for k, c := range checks {
			switch d := &drafts[k]; {
			case c.Kind.Name != must.Pattern.Kind:
			case d.unseen && !d.sheet.partly:
				seen.unsure = true
			default:
				of := j.wanted(d, must)
				seen = seen.and(of)
				if d.unseen { // what was seen of it counts
					seen.unsure = seen.unsure || !of.shown && !of.other
				} else if first < 0 {
					first = k
				}
			}
		}
		// A plan that names no item wants the reading of every host that is asked
		// about its kind.
		if first >= 0 && must.Pattern.Item == "" && !seen.shown && !seen.other {
			seen = seen.and(j.missing(&drafts[first], must))
		}
		j.planning.note(i, seen)
	}
}

// missing judges a wanted change whose reading is there neither before nor now.
func (j judging) missing(d *draft, must suites.MustChange) mustSeen {
	if must.Where != "" {
		d.undecided(must, nil)
		return mustSeen{unsure: true}
	}
	d.sheet.findings[place{"", must.Pattern.Reading}] = report.Finding{
		Reading: must.Pattern.Reading, Outcome: report.Unmet, Wanted: j.words(must, false),
	}
	return mustSeen{shown: true}
}

// wanted judges the readings of a check that a wanted change speaks of, and says
// whether there are any. That a wanted change came does not excuse what failed.
func (j judging) wanted(d *draft, must suites.MustChange) (seen mustSeen) {
	s := d.sheet
	for _, at := range s.placesOf(must.Pattern) {
		switch j.concerns(s, must, at) {
		case concernsOthers:
			seen.other = true
		case concernUnknown:
			seen.unsure = true
			d.undecided(must, s.now.at(at))
		default:
			seen.shown = true
			j.hold(s, must, at)
		}
	}
	return seen
}

// hold judges one reading by a change that is wanted of it. Of several changes that are
// wanted of one reading each has to have come.
func (j judging) hold(s *sheet, must suites.MustChange, at place) {
	f := s.finding(at)
	met := must.Met(s.now.at(at))
	f.Outcome, f.Wanted = report.Expected, j.words(must, met)
	if must.Where != "" && s.typed(s.before, at) == nil {
		f.Wanted += "; the baseline does not say what it was"
	}
	was := s.findings[at] // the zero finding does not fail
	excused := !fails(was) || was.Outcome == report.Drifted
	switch {
	case !met:
		f.Outcome = report.Unmet
		if was.Outcome == report.Unmet && was.Wanted != f.Wanted {
			f.Wanted = was.Wanted + "; " + f.Wanted
		}
		s.findings[at] = f
	case f.Before != f.Now && excused:
		s.findings[at] = f
	}
}

// placesOf lists the readings that a pattern chooses, before or now. Of a check that
// was seen in part only what is there: what is missing may be there.
func (s *sheet) placesOf(p suites.Pattern) []place {
	var all []place
	add := func(v values, skip values) {
		for at := range v.all() {
			if p.Matches(s.c, at.item, at.reading) && skip.at(at) == nil {
				all = append(all, at)
			}
		}
	}
	add(s.now, nil)
	if !s.partly {
		add(s.before, s.now)
	}
	return all
}

// concern says whether a change is wanted of a reading.
type concern int

const (
	concernsIt concern = iota
	concernsOthers
	concernUnknown
)

// concerns says whether a change is wanted of a reading, by how it was at the baseline.
// Where the baseline does not tell, what it is now decides, for this change or for
// another of the plan: a host that is of no version that the plan knows may have been of
// one, and is not passed.
func (j judging) concerns(s *sheet, must suites.MustChange, at place) concern {
	was, now := s.typed(s.before, at), s.now.at(at)
	switch {
	case must.Where == "", was != nil && must.Fits(was):
		return concernsIt
	case was != nil:
		return concernsOthers
	case s.wasWhole && at.item != "" && !s.before.has(at.item): // it is new, and was nothing
		return concernsOthers
	case must.Fits(now):
		return concernsIt
	case j.planning.elsewhere(must, now):
		return concernsOthers
	default:
		return concernUnknown
	}
}

// elsewhere says whether a reading is as another of the plan's changes is for.
func (p *Planning) elsewhere(must suites.MustChange, now fact.Value) bool {
	return slices.ContainsFunc(p.plan.Must, func(m suites.MustChange) bool {
		return m.Pattern == must.Pattern && m.Where != "" && p.host.Chosen(m.Hosts) && m.Fits(now)
	})
}

// undecided leaves a check unknown of which nobody can say whether the plan wants
// something of it.
func (d *draft) undecided(must suites.MustChange, now fact.Value) {
	if d.check.Error != "" {
		return
	}
	is := "neither the baseline nor the host now says"
	if now != nil {
		is = "the baseline does not say; now it is " + now.String()
	}
	d.check.Outcome = report.Unknown
	d.check.Error = fmt.Sprintf("the plan's must_change of %s goes by what it was, and %s", must.Pattern, is)
}
