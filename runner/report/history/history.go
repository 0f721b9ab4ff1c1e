// Package history holds maintenance windows side by side: what broke in which of them,
// which hosts are slow to settle, which checks flap. It is made of the results that their
// runs have stored, and judges nothing: every outcome is the judge's of then.
package history

import (
	"slices"
	"time"

	"postpatch/runner/report"
)

// Version is the version of the document that History is as JSON. Fields may be added
// within one version.
const Version = 1

// History is all that the windows tell together.
type History struct {
	Version int      `json:"version"` // Version
	Store   string   `json:"store,omitempty"`
	Choice  []string `json:"choice,omitempty"` // what was chosen of it: "--host web*"
	Windows []Window `json:"windows"`          // oldest first
	// Broke are the checks that broke in a window, or were broken before one: those that
	// did most often first. MoreBroke are left out of very many; so it is with all lists.
	Broke        []Broke  `json:"broke"`
	MoreBroke    int      `json:"more_broke,omitempty"`
	Settling     Settling `json:"settling"`
	Flapping     []Flap   `json:"flapping"` // those with the highest score first
	MoreFlapping int      `json:"more_flapping,omitempty"`
	// CannotTell are sentences on what the windows do not tell, and why.
	CannotTell []string `json:"cannot_tell"`
}

// Empty says that there is no check in any window: what was chosen is nowhere.
func (h History) Empty() bool {
	return !slices.ContainsFunc(h.Windows, func(w Window) bool { return len(w.Counts) > 0 })
}

// Window is one maintenance window: the verify runs of all its waves and passes. What it
// counts are checks on hosts, each as it was when a run looked at it last. The early pass
// counts only where no other looked: what comes up late is not up yet.
type Window struct {
	Number    int       `json:"number"` // 1 is the oldest that is told
	Plan      string    `json:"plan,omitempty"`
	Runs      []Told    `json:"runs"` // in the order in which they were begun
	Baselines []string  `json:"baselines"`
	Began     time.Time `json:"began"`
	Finished  time.Time `json:"finished"`
	// Took is how long its runs took together.
	Took  time.Duration `json:"took_ns"`
	Hosts int           `json:"hosts"`
	// Unreachable hosts did not answer when they were looked at last.
	Unreachable int `json:"unreachable_hosts"`
	Rebooted    int `json:"rebooted_hosts"` // as far as it is known
	// Verdict is the run's; of several, what the last look at each host comes to. A choice
	// of hosts or checks does not change it.
	Verdict string                 `json:"verdict"`
	Counts  map[report.Outcome]int `json:"counts"`
	// Mended are checks that broke, and were well when a later run of the window looked.
	Mended int `json:"mended"`
	// MedianSettle is half of the hosts' time to settle; zero where nothing was waited for.
	MedianSettle time.Duration `json:"median_settle_ns,omitempty"`
	Slowest      *HostTime     `json:"slowest,omitempty"`
	// EarlyOnly says that no run looked after the early pass; Partly, that only a part of
	// the suites' checks was asked of at least one host.
	EarlyOnly bool `json:"early_only,omitempty"`
	Partly    bool `json:"partly,omitempty"`
}

// Told is a run of a window, as it told itself.
type Told struct {
	Run      string        `json:"run"`
	Wave     string        `json:"wave,omitempty"`
	Pass     string        `json:"pass,omitempty"`
	Part     string        `json:"part,omitempty"` // by which choice it asked a part of the checks
	Baseline string        `json:"baseline,omitempty"`
	Started  time.Time     `json:"started"`
	Took     time.Duration `json:"took_ns"`
	Verdict  string        `json:"verdict,omitempty"` // "" where its results cannot be read
	Reason   string        `json:"reason,omitempty"`
	ExitCode int           `json:"exit_code"`
}

// HostTime is how long after its start a host was well as a whole.
type HostTime struct {
	Host  string        `json:"host"`
	After time.Duration `json:"after_ns"`
}

// Sign is what a check was on all hosts of a window together: the worst of them.
type Sign string

// The signs, worst first.
const (
	SignBroke   Sign = "broke"         // regressed, failed, was unmet or drifted so that the run failed
	SignMended  Sign = "mended"        // that, and well when a later run of the window looked
	SignUnknown Sign = "unknown"       // could not be observed
	SignBefore  Sign = "failed before" // at the baseline already, or waived
	SignWell    Sign = "well"          // on every host
	SignUnasked Sign = "was not asked" // of any host
)

// Broke is one check, by its id, over all windows.
type Broke struct {
	Check    string   `json:"check"`
	Suites   []string `json:"suites"`
	Owners   []string `json:"owners,omitempty"`
	Windows  int      `json:"windows"` // in which it broke, mended or not
	Before   int      `json:"before"`  // in which it failed before, and did not break
	Asked    int      `json:"asked"`   // in which any host was asked
	HostsAll int      `json:"hosts"`   // on which it broke in any window; where none, on which it failed before
	Hosts    []string `json:"some_hosts"`
	Cells    []Cell   `json:"cells"` // of each window, in their order
}

// Cell is a check in a window, by how many hosts.
type Cell struct {
	Sign    Sign `json:"sign"`
	Broke   int  `json:"broke"`
	Mended  int  `json:"mended"` // of those that broke
	Before  int  `json:"before"`
	Unknown int  `json:"unknown"`
	Asked   int  `json:"asked"`
}

// Settling is how long it takes until hosts are well after their start.
type Settling struct {
	Times  int           `json:"times"`     // that are known, of hosts in windows
	Median time.Duration `json:"median_ns"` // of the fleet, over all windows
	Most   time.Duration `json:"most_ns"`   // within which nine of ten were well
	// Slow are the hosts that take much longer than the fleet, or longer and longer. Those
	// that take longest come first.
	Slow     []Slow `json:"slow"`
	MoreSlow int    `json:"more_slow,omitempty"`
	// Late are checks that had to be waited for in most of the windows.
	Late     []Late `json:"late"`
	MoreLate int    `json:"more_late,omitempty"`
}

// Trend says how a host's time to settle went.
type Trend string

// The trends. Steady is within a quarter.
const (
	TrendUnknown Trend = "" // fewer than four times are known
	Steady       Trend = "steady"
	Slower       Trend = "slower"
	Quicker      Trend = "quicker"
)

// Slow is a host that is slow to settle.
type Slow struct {
	Host    string        `json:"host"`
	Windows int           `json:"windows"` // in which its time is known
	Median  time.Duration `json:"median_ns"`
	Worst   time.Duration `json:"worst_ns"`
	WorstIn int           `json:"worst_in"` // the window's number
	// Fleet is how many times as long as the median of the fleet it takes, each time held
	// against the fleet of the same window.
	Fleet float64 `json:"times_fleet"`
	Trend Trend   `json:"trend,omitempty"`
	// Times are those of each window; zero where none is known.
	Times []time.Duration `json:"times_ns"`
}

// Late is a check that comes up late as a rule.
type Late struct {
	Check   string        `json:"check"`
	Windows int           `json:"windows"` // in which it came up late on any host
	Asked   int           `json:"asked"`
	Hosts   int           `json:"hosts"`
	Worst   time.Duration `json:"worst_ns"` // after the start
}

// Flap is a check that goes back and forth.
type Flap struct {
	Check string `json:"check"`
	// Score orders them: ten for each time that it broke again after it had been well, on
	// the host where it did most often; three for each window in which it became ill again
	// while it was waited for; one for each window by which it is late at times and at
	// times not.
	Score   int    `json:"score"`
	Returns int    `json:"returns"`       // on the host where it broke again most often
	Hosts   int    `json:"hosts"`         // on which any of it happened
	Most    string `json:"most"`          // the host on which it happened most
	Flapped int    `json:"flapped_while"` // windows in which it became ill again while it was waited for
	Late    int    `json:"late"`          // windows in which it came up late
	Asked   int    `json:"asked"`
	Words   string `json:"words"` // the score in words
}
