// Package report is the stream in which a run tells its results. Views take
// it as it comes and compute nothing: every outcome, count and the verdict are
// already in it.
package report

import "time"

// Handler is a view of a run: text, JUnit, JSON lines. Host is called for one
// host at a time, in the order in which they are finished.
type Handler interface {
	Start(Run) error
	Host(Host) error
	Finish(Summary) error
}

// Outcome is what a check, or one finding of it, comes to.
type Outcome string

// The outcomes, mildest first; Worse compares them.
const (
	Skipped     Outcome = "skipped"
	Passed      Outcome = "passed"
	Fixed       Outcome = "fixed"        // failed before, holds now
	Expected    Outcome = "expected"     // a change that the plan allows or wants
	Drifted     Outcome = "drifted"      // changed, and nobody said it may
	PreExisting Outcome = "pre-existing" // failed before and fails now
	Waived      Outcome = "waived"       // wrong, and a waiver says until when it may be
	Unknown     Outcome = "unknown"      // could not be observed
	Unmet       Outcome = "unmet"        // was meant to change and did not
	Failed      Outcome = "failed"       // fails, and there is no baseline to compare with
	Regressed   Outcome = "regressed"    // held before, fails now
)

// Outcomes lists all outcomes, mildest first.
func Outcomes() []Outcome {
	return []Outcome{
		Skipped, Passed, Fixed, Expected, Drifted, PreExisting, Waived, Unknown, Unmet, Failed, Regressed,
	}
}

// Run opens the stream.
type Run struct {
	Command  string    `json:"command"` // "capture", "verify", "diff", "judge", "precheck"
	Tool     string    `json:"tool"`    // "postpatch 0.1.0"
	Name     string    `json:"name"`    // this run's name in the store
	Started  time.Time `json:"started"`
	Suites   []string  `json:"suites"`
	Plan     string    `json:"plan,omitempty"` // the plan's name
	Baseline *Baseline `json:"baseline,omitempty"`
	Hosts    int       `json:"hosts"`
	Checks   int       `json:"checks"`
	// Part says by which choice the checks are a part of what the suites ask:
	// "--owner dba"; "" where they are all.
	Part string `json:"part,omitempty"`
	// Notes are sentences that the reader needs before any result: "the suite
	// has changed since the baseline".
	Notes []string `json:"notes,omitempty"`
}

// Baseline says what a verify compares with.
type Baseline struct {
	Name  string    `json:"name"`
	Taken time.Time `json:"taken"`
	Store string    `json:"store,omitempty"` // as the operator gave it
}

// Host is everything about one host.
type Host struct {
	Host string `json:"host"`
	// Unreachable says why nothing at the host answered; its checks are then
	// all unknown.
	Unreachable string `json:"unreachable,omitempty"`
	// Session says how the host was asked: by which mechanism the account was
	// proved, and why by that one.
	Session string `json:"session,omitempty"`
	// Problem says why the host has no verdict: another machine answers.
	Problem string `json:"problem,omitempty"`
	// Notes are sentences that the reader needs beside the results, and that change
	// none: "srv02 is the machine that the baseline knows as srv01".
	Notes    []string   `json:"notes,omitempty"`
	Rebooted *time.Time `json:"rebooted,omitempty"` // boot time, when it is later than the baseline's
	// RebootKnown says that the boot times before and now are known: without it,
	// no Rebooted means nothing.
	RebootKnown bool   `json:"reboot_known,omitempty"`
	Reboot      Reboot `json:"reboot,omitzero"` // what both rest on; zero where nobody asks
	// Settled is how long after its start the host was well as a whole, where it was
	// waited for.
	Settled time.Duration   `json:"settled_ns,omitempty"`
	Started time.Time       `json:"started"`
	Took    time.Duration   `json:"took_ns"`
	Checks  []Check         `json:"checks"` // in the order of the suite
	Outcome Outcome         `json:"outcome"`
	Counts  map[Outcome]int `json:"counts"` // checks by outcome
	// Ignored counts the changes that were hidden, by "kind.reading: rule", and those
	// that the baseline's samples explain by "kind.reading: moves by itself".
	Ignored map[string]int `json:"ignored,omitempty"`
}

// Check is what one check of a host came to.
type Check struct {
	ID       string        `json:"id"` // stable, without the suite
	Suite    string        `json:"suite"`
	Kind     string        `json:"kind"`
	Outcome  Outcome       `json:"outcome"`
	Mark     string        `json:"mark,omitempty"`     // "no baseline", "new"
	Error    string        `json:"error,omitempty"`    // why it could not be observed
	Partly   bool          `json:"partly,omitempty"`   // a part of it could be, and is a baseline of that part
	Findings []Finding     `json:"findings,omitempty"` // all but what passed; worst last
	Evidence []Evidence    `json:"evidence,omitempty"` // why its items are as the findings say
	Hidden   []Hidden      `json:"hidden,omitempty"`   // changes that a rule does not tell of, all of them
	Settled  []Settled     `json:"settled,omitempty"`  // what came up while the host was waited for
	Why      string        `json:"why,omitempty"`      // the suite's own words
	Owner    string        `json:"owner,omitempty"`
	File     string        `json:"file"` // where the suite says so
	Line     int           `json:"line"`
	Took     time.Duration `json:"took_ns"`
	// Failing says whether this check alone makes the run fail.
	Failing bool `json:"failing,omitempty"`
}

// Finding is one reading of a check that did not simply pass.
type Finding struct {
	Item      string  `json:"item,omitempty"`
	Reading   string  `json:"reading"`
	Outcome   Outcome `json:"outcome"`
	Before    string  `json:"before"` // "" with HasBefore false: was not there
	Now       string  `json:"now"`
	HasBefore bool    `json:"has_before"`
	HasNow    bool    `json:"has_now"`
	// Wanted is what was expected, in the suite's words, or the rule that the
	// change broke: `expected running`, `same`.
	Wanted   string `json:"wanted,omitempty"`
	Severity string `json:"severity,omitempty"` // of a drift: fail, warn, note
	// Pass says whether the pass before this one had the finding, too; zero without one.
	Pass Since `json:"pass,omitzero"`
	// Waiver is the one that covers the finding: in force where it is waived, over
	// where it failed.
	Waiver Waiver `json:"waiver,omitzero"`
}

// Since compares a finding with the pass before.
type Since struct {
	Pass string `json:"pass"` // its name: early, settled
	Had  bool   `json:"had"`  // that it had the finding as well
}

// Waiver says who answers for something that is wrong, and until when.
type Waiver struct {
	Was    Outcome `json:"was"`   // what the finding is without it
	Until  string  `json:"until"` // the last day, in UTC: 2026-12-31
	Over   bool    `json:"over,omitempty"`
	Reason string  `json:"reason"`
	Ticket string  `json:"ticket,omitempty"`
	Owner  string  `json:"owner,omitempty"`
	File   string  `json:"file"` // where it stands
	Line   int     `json:"line"`
}

// Evidence is a reading that explains the findings of its item: the exit code of
// a service that stopped, the text of an event. It is judged by nobody.
type Evidence struct {
	Item    string `json:"item,omitempty"`
	Reading string `json:"reading"`
	Value   string `json:"value"`
}

// Settled is a reading that was not well when the host was first looked at after its
// start, or became ill again, and is well now.
type Settled struct {
	Item    string        `json:"item,omitempty"`
	Reading string        `json:"reading,omitempty"` // "" where the check could not be observed
	After   time.Duration `json:"after_ns"`          // the host's start
	Was     string        `json:"was"`               // what it was on the way, one after the other
}

// Hidden is a change that a rule allows, or ignores: nobody is told of it who does not
// ask.
type Hidden struct {
	Item      string `json:"item,omitempty"`
	Reading   string `json:"reading"`
	Before    string `json:"before"` // "" with HasBefore false: was not there
	Now       string `json:"now"`
	HasBefore bool   `json:"has_before"`
	HasNow    bool   `json:"has_now"`
	Rule      string `json:"rule"` // "ignore", "within 10%"
	By        string `json:"by"`   // whose rule it is: kind, suite, check
	File      string `json:"file,omitempty"`
	Line      int    `json:"line,omitempty"` // of the rule; none where it is the kind's
}

// Summary closes the stream.
type Summary struct {
	Finished time.Time       `json:"finished"`
	Took     time.Duration   `json:"took_ns"`
	Counts   map[Outcome]int `json:"counts"` // checks by outcome
	Unseen   int             `json:"unreachable_hosts"`
	Waived   int             `json:"waived,omitempty"` // findings of which a waiver says that they may be
	// Verdict is "PASS", "FAIL", "INCOMPLETE" or "NO VERDICT"; of a precheck "READY", "NOT READY" or "INCOMPLETE".
	Verdict  string `json:"verdict"`
	Reason   string `json:"reason"` // "1 check regressed, 1 host unreachable"
	ExitCode int    `json:"exit_code"`
	// Unfinished says that the run's time was over before all hosts were done: it is no
	// baseline, and can be taken up.
	Unfinished bool `json:"unfinished,omitempty"`
	// Notes are sentences like those of the Run that could be known only now: what was
	// checked at the baseline, and is no more.
	Notes []string `json:"notes,omitempty"`
	// Ignored counts the changes that were hidden, as Host does.
	Ignored map[string]int `json:"ignored,omitempty"`
	// ListIgnored is the command that lists them, where nothing has to be asked again.
	ListIgnored string `json:"list_ignored,omitempty"`
	// Owners are what the run comes to for each owner, the worst first, and MoreOwners are
	// those that are left out of very many. There are none where no check has an owner.
	Owners     []OwnerSummary `json:"owners,omitempty"`
	MoreOwners int            `json:"more_owners,omitempty"`
	// Again is the command that asks all hosts and checks again, to which flags are added
	// that choose some of them; see AskAgain. It is empty where nothing is asked again.
	Again string `json:"again,omitempty"`
	// Retell is the command that tells this run once more, to which flags are added; empty
	// where it is not stored.
	Retell string `json:"retell,omitempty"`
	// Next are commands that the reader would want now.
	Next []string `json:"next,omitempty"`
}
