package runner

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"postpatch/probes/fact"
)

// boot is a start of a host as its log has it.
type boot struct {
	at   time.Time // as it was recorded: the same for good
	text string    // with its reason
}

// parseBoot reads an element of a reading with the role Boots.
func parseBoot(element string) (boot, bool) {
	stamp, _, found := strings.Cut(element, " ")
	at, err := time.Parse(time.RFC3339, stamp)
	// Another spelling of a time is another record, of which nobody knows what it means.
	if !found || err != nil || at.UTC().Format(time.RFC3339) != stamp {
		return boot{}, false
	}
	return boot{at, element}, true
}

// bootLog is what a host's log tells of its starts, oldest first.
type bootLog struct {
	boots []boot
	flaw  string // why it tells nothing; empty where it does
}

func bootLogOf(v fact.Value) bootLog {
	set, ok := v.(fact.Set)
	if !ok {
		return bootLog{flaw: "its log was not read"}
	}
	var log bootLog
	for _, element := range set.Elems() {
		b, ok := parseBoot(element)
		if ok {
			log.boots = append(log.boots, b)
		} else {
			log.flaw = fmt.Sprintf("its log has a start without a time, %.60q", element)
		}
	}
	slices.SortStableFunc(log.boots, func(a, b boot) int { return a.at.Compare(b.at) })
	log.boots = slices.CompactFunc(log.boots, func(a, b boot) bool { return a.at.Equal(b.at) })
	return log
}

func (l bootLog) has(b boot) bool {
	return slices.ContainsFunc(l.boots, func(one boot) bool { return one.at.Equal(b.at) })
}

// bootsKept is how long a log is asked for its starts, less an hour for clocks that
// are set: what is older may be gone, and nobody has cleared the log.
const bootsKept = 30*24*time.Hour - time.Hour

// newBoots are the starts that the log has now and had not at the baseline. That a
// record is there proves a start, and so does that there is none, but only of a log
// which still has what it had: one that was cleared, or that came back with a
// snapshot, has a flaw. Clock is the host's own now.
func newBoots(before, now bootLog, bootTime, clock time.Time) bootLog {
	switch {
	case before.flaw != "":
		return bootLog{flaw: before.flaw + " at the baseline"}
	case now.flaw != "":
		return now
	}
	aged := func(b boot) bool { return clock.Sub(b.at) > bootsKept }
	anchored := false
	if n := len(before.boots); n > 0 {
		last := before.boots[n-1]
		anchored = now.has(last)
		if !anchored && !aged(last) {
			at := fact.Time(last.at).String()
			return bootLog{flaw: "its log has lost the start of " + at + ", which it had at the baseline"}
		}
	}
	var log bootLog
	for _, b := range now.boots {
		if before.has(b) {
			continue
		}
		// What is older than all that was known may have come into sight by a clock that
		// was set back.
		older := len(before.boots) == 0 || b.at.Before(before.boots[0].at)
		if older && b.at.Sub(bootTime) <= clockTolerance {
			if aged(b) {
				continue
			}
			return bootLog{flaw: "its log has a start of " + fact.Time(b.at).String() + ", older than those of the baseline"}
		}
		log.boots = append(log.boots, b)
	}
	if !anchored && len(log.boots) == 0 {
		return bootLog{flaw: "its log does not reach back to a start"}
	}
	return log
}

// texts are the starts with their reasons.
func (l bootLog) texts() []string {
	all := make([]string, len(l.boots))
	for i, b := range l.boots {
		all[i] = strings.Clone(b.text)
	}
	return all
}

// near says whether there is a start at a boot time.
func (l bootLog) near(bootTime time.Time) bool {
	return slices.ContainsFunc(l.boots, func(b boot) bool { return b.at.Sub(bootTime).Abs() <= clockTolerance })
}

// after are the starts later than a time.
func (l bootLog) after(t time.Time) []boot {
	i := slices.IndexFunc(l.boots, func(b boot) bool { return b.at.After(t) })
	if i < 0 {
		return nil
	}
	return l.boots[i:]
}

// fewOf are the first one and the last ones of many.
func fewOf(starts []string) []string {
	const most = 5
	if len(starts) <= most {
		return starts
	}
	more := fmt.Sprintf("%d more", len(starts)-most)
	return slices.Concat(starts[:1], []string{more}, starts[len(starts)-most+1:])
}
