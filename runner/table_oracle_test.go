package runner_test

import (
	"fmt"
	"slices"

	"postpatch/probes/fact"
	"postpatch/runner"
	"postpatch/runner/report"
)

// word is one thing that is found of the lamp: an outcome, or a drift with its
// severity.
type word string

const (
	passed      = word(report.Passed)
	fixed       = word(report.Fixed)
	expected    = word(report.Expected)
	preExisting = word(report.PreExisting)
	waived      = word(report.Waived)
	unknown     = word(report.Unknown)
	unmet       = word(report.Unmet)
	failed      = word(report.Failed)
	regress     = word(report.Regressed)
	driftNote   = word("drifted, a note")
	driftWarns  = word("drifted, a warning")
	driftFails  = word("drifted, which fails")
	elsewhere   = word("something beside the check is unknown") // such as whether the host was restarted
)

// ending is all that is found; the worst of it counts.
type ending = []word

// outcome is what the README has the check and the run come to.
func outcomeOf(e ending) (o report.Outcome, exit int) {
	o = report.Passed
	for _, w := range e {
		is := report.Outcome(w)
		switch w {
		case driftNote, elsewhere:
			is = report.Passed
		case driftWarns, driftFails:
			is = report.Drifted
		}
		if report.Worse(is, o) {
			o = is
		}
	}
	has := func(w word) bool { return slices.Contains(e, w) }
	switch {
	case has(regress), has(failed), has(unmet), has(driftFails):
		return o, runner.ExitBroken
	case has(unknown), has(elsewhere):
		return o, runner.ExitIncomplete
	default:
		return o, runner.ExitOK
	}
}

// ruled holds a night's outcome against the table.
func (n night) ruled(h report.Host, s report.Summary) []string {
	c := h.Checks[0]
	mark := map[string]string{notTried: "new", unobserved: "no baseline", silentHost: "no baseline"}[n.before.how]
	if n.before == (lampSide{whole, nothingAtAll}) {
		mark = "no baseline"
	}
	if c.Mark != mark {
		return []string{fmt.Sprintf("marked %q, not %q", c.Mark, mark)}
	}
	if n.now.how == stranger && n.knowsTheMachine() {
		if c.Outcome != report.Unknown || s.ExitCode != runner.ExitNoVerdict {
			return []string{fmt.Sprintf("another machine comes to %s, exit %d", c.Outcome, s.ExitCode)}
		}
		return nil
	}
	endings := n.endings()
	for _, e := range endings {
		if o, exit := outcomeOf(e); o == c.Outcome && exit == s.ExitCode {
			return nil
		}
	}
	if endings == nil { // the table says nothing but that it is no pass
		return nil
	}
	return []string{fmt.Sprintf("%s, exit %d; by the table %q", c.Outcome, s.ExitCode, endings)}
}

// endings are all that a night may come to: one, where the README is plain.
func (n night) endings() []ending {
	is := n.now.light
	if n.now.how == whole && is == nothingAtAll {
		return nil
	}
	all := []ending{{unknown}}
	if n.seesNow() {
		switch {
		case is < 0 && n.now.how == partly: // it may be there
			all = []ending{{}}
		case n.wants == "nothing":
			all = n.alone()
		case n.wants == "before and after":
			all = n.lookedBack()
		default:
			all = n.table()
		}
		all = n.planned(all)
	}
	return n.underWaiver(n.restarted(n.inPart(all)))
}

func (n night) seesNow() bool {
	return n.now.how == whole || n.now.how == partly || n.now.how == stranger
}

func (n night) sawBefore() bool {
	return (n.before.how == whole || n.before.how == partly) && n.before.light != nothingAtAll
}

// row is that of the table: "met", "not met", or why there is no value of before.
func (n night) row() string {
	switch {
	case n.before.how == noBaseline:
		return "none"
	case !n.sawBefore():
		return "nothing" // also of a check that is new: both rows are alike
	case n.before.light >= 10:
		return "met"
	case n.before.light >= 0:
		return "not met"
	case n.before.how == partly:
		return "not observed"
	default:
		return "was not there"
	}
}

// table is the README's, for what is expected of the lamp's light.
func (n night) table() []ending {
	is := n.now.light
	met, gone := is >= 10, is < 0
	ofKind := n.wants == "default" || n.wants == "keep" // binds where the reading is
	keeps := n.wants == "keep"                          // and only where it was met before
	switch row := n.row(); {
	case row == "none" && (met || keeps || gone && ofKind):
		return []ending{{passed}}
	case row == "nothing" && (keeps || gone && ofKind):
		return []ending{{unknown}}
	case row == "nothing" && met:
		return []ending{{passed}}
	case row == "none", row == "nothing":
		return []ending{{failed}}
	case row == "not observed":
		return n.unbased(met, keeps, gone && ofKind)
	case row == "met" && met:
		return n.compared()
	case row == "met" && gone && ofKind && (n.plan == mayAll || n.plan == mayGo):
		return each(n.compared(), expected)
	case row == "met" && gone && ofKind:
		return []ending{{regress}, {driftFails}}
	case row == "met":
		return []ending{{regress}}
	case keeps, gone && ofKind:
		return n.compared()
	case row == "not met" && met && n.wants == "after":
		return each(n.compared(), fixed)
	case row == "not met" && met:
		return []ending{{fixed}}
	case row == "not met":
		return n.failsStill()
	case met:
		return n.compared()
	case gone: // it never was there
		return append(each(n.compared(), preExisting), ending{preExisting}, ending{failed})
	default:
		return []ending{{failed}}
	}
}

// failsStill is "pre-existing; drifted, if it fails otherwise now".
func (n night) failsStill() []ending {
	told := n.compared()
	if n.now.light == noItem && n.wants != "after" && (n.hides() || n.severity == fact.Note || n.plan == mayGo) {
		return append(each(told, preExisting), ending{preExisting, driftWarns}) // only the shade's going is told
	}
	otherwise := slices.Contains(told[0], driftWarns) || slices.Contains(told[0], driftFails)
	switch {
	case n.wants == "after":
		return each(told, preExisting)
	case otherwise:
		return told
	case slices.Contains(told[0], expected):
		return []ending{{preExisting}, {preExisting, expected}}
	default:
		return []ending{{preExisting}}
	}
}

// unbased is where the baseline was not whole and does not have the light.
func (n night) unbased(met, keeps, free bool) []ending {
	all := []ending{{failed}}
	switch {
	case met && n.wants != "own" && n.wants != "default":
		all = []ending{{passed}, {unknown}}
	case met:
		all = []ending{{passed}}
	case free:
		all = n.compared()
	case keeps, n.wants == "after": // the light is compared, too
		all = []ending{{failed}, {failed, unknown}, {unknown}}
	}
	if n.before.light == noItem && n.now.light > noItem { // nor has it the shade
		all = append(each(all, unknown), all...)
		all = slices.DeleteFunc(all, func(e ending) bool { o, _ := outcomeOf(e); return o == report.Passed })
	}
	return all
}

// alone is what a check comes to that expects nothing of its own.
func (n night) alone() []ending {
	switch row := n.row(); {
	case row == "none":
		return []ending{{passed}}
	case row == "nothing":
		return []ending{{unknown}}
	case row == "not observed" && n.now.light >= 0 && n.rule != "ignore" && n.severity != fact.Note,
		row == "not observed" && n.before.light == noItem && n.now.light > noItem:
		return []ending{{unknown}}
	default:
		return n.compared()
	}
}

// lookedBack is what after.light == before.light comes to.
func (n night) lookedBack() []ending {
	was, is := n.before.light, n.now.light
	switch row := n.row(); {
	case row == "none":
		return []ending{{passed}}
	case row == "met" || row == "not met":
		if was == is {
			return []ending{{passed}}
		}
		return []ending{{regress}}
	case is < 0: // neither has it
		return []ending{{failed}, {unknown}}
	case row == "was not there" && was == noItem: // it is told as new
		return n.compared()
	default:
		return each(append(n.compared(), ending{}), unknown)
	}
}

// compared is what the comparison tells of the lamp alone: what is new, what is gone,
// what has changed.
func (n night) compared() []ending {
	was, is := n.before.light, n.now.light
	mayLight := n.plan == mayAll || n.plan == mayGo && is < 0 || (n.plan == mayTo12 || n.plan == must12) && is == 12
	drift := map[fact.Severity]word{fact.Note: driftNote, fact.Warn: driftWarns, fact.Fail: driftFails}[n.severity]
	if n.hides() {
		drift = passed
	} else if mayLight {
		drift = expected
	}
	came, went := is > was && was == noItem, was > is && is == noItem
	switch {
	case !n.sawBefore() || was == is:
		return []ending{{passed}}
	case n.now.how == partly && (was < 0 || is < 0), n.before.how == partly && was < 0 && is > was:
		return []ending{{passed}} // what is not seen there says nothing
	case (came || went) && n.plan == mayAll:
		return []ending{{expected}}
	case came && is >= 0 && n.rule == "same or gone": // what is counted speaks for itself
		return []ending{{drift}, {drift, driftWarns}}
	case came:
		return []ending{{driftWarns}}
	case went && was >= 0 && !n.hides() && n.severity == fact.Fail:
		return []ending{{driftFails}}
	case went:
		return []ending{{driftWarns}}
	default:
		return []ending{{drift}}
	}
}

// hides says whether the rule, or what was learned, takes the light for unchanged.
func (n night) hides() bool {
	was, is := n.before.light, n.now.light
	both := was >= 0 && is >= 0
	switch {
	case n.rule == "ignore", n.learned == "inside":
		return true
	case n.rule == "within 2":
		return both && max(was-is, is-was) <= 2
	case n.rule == "at least":
		return both && is >= was
	default:
		return n.rule == "same or gone" && was >= 0 && is < 0
	}
}

// planned adds what the plan wants: 12, of what was seen whole and is not there, too.
func (n night) planned(all []ending) []ending {
	is := n.now.light
	switch {
	case n.plan != must12 || n.before.how == noBaseline || is < 0 && n.now.how == partly:
		return all
	case is != 12:
		return append(each(all, unmet), ending{unmet})
	}
	for i, e := range all {
		all[i] = append(slices.DeleteFunc(e, func(w word) bool { return w == passed || w == fixed }), expected)
	}
	return all
}

// inPart is for what was not observed whole: unknown, and what fails is told.
func (n night) inPart(all []ending) []ending {
	if n.now.how != partly {
		return all
	}
	all = each(all, unknown)
	for _, e := range slices.Clone(all) {
		if slices.Contains(e, preExisting) { // is said of what was seen whole
			all = append(all, slices.DeleteFunc(slices.Clone(e), func(w word) bool { return w == preExisting }))
		}
	}
	return all
}

// restarted adds what the plan says of a reboot.
func (n night) restarted(all []ending) []ending {
	reboot := n.plan == rebootDone || n.plan == rebootNot || n.plan == rebootWrong
	knows := n.seesNow() && n.sawBefore()
	switch {
	case !reboot || n.before.how == noBaseline || n.now.how == silentHost:
		return all
	case !knows:
		return each(all, elsewhere)
	case n.plan == rebootDone:
		return all
	default:
		return each(all, unmet)
	}
}

// underWaiver lets pass what may be waived, or lets it fail.
func (n night) underWaiver(all []ending) []ending {
	becomes := map[string]word{"in force": waived, "over": failed}[n.waiver]
	if n.waiver == "" {
		return all
	}
	for i, e := range all {
		all[i] = slices.Clone(e)
		for k, w := range e {
			if slices.Contains([]word{regress, failed, preExisting, driftWarns, driftFails}, w) {
				all[i][k] = becomes
			}
		}
	}
	return all
}

// each adds a word to every ending.
func each(all []ending, w word) []ending {
	with := make([]ending, len(all))
	for i, e := range all {
		with[i] = append(slices.Clone(e), w)
	}
	return with
}
