package updates

import (
	"slices"
	"time"
)

// tries are some of what the agent tried, the newest first.
type tries []entry

// success is when the newest of them that was an installation succeeded; zero when
// none did.
func (all tries) success() time.Time {
	i := slices.IndexFunc(all, func(e entry) bool { return e.result == resultSucceeded && !e.uninstall })
	if i < 0 {
		return time.Time{}
	}
	return all[i].when
}

// failed returns the tries of one KB number that failed and still mean something.
// What servicing has did not fail in the end, by whatever way it came. Since servicing
// forgets what was replaced, and with it that excuse, a try that has long been
// overtaken means nothing either: by a success under the same number, as the
// malicious software removal tool has one each month, or by one of any update. Those
// of one night overtake nothing: the other half of a number may have failed.
func (all tries) failed(installed bool, success time.Time) tries {
	const (
		soon = 24 * time.Hour
		late = 7 * 24 * time.Hour // longer than from a capture to its verification
	)
	own := all.success()
	var bad tries
	for _, e := range all {
		overtaken := !e.when.IsZero() && (own.Sub(e.when) > soon || success.Sub(e.when) > late)
		if e.failed() && !overtaken && (e.uninstall || !installed) {
			bad = append(bad, e)
		}
	}
	return bad
}

// try is the update with the time at which it was tried: one that fails again has
// failed anew.
func (e entry) try() string {
	if e.when.IsZero() {
		return e.name
	}
	return e.name + " " + e.at()
}
