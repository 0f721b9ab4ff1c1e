package junit

import "postpatch/runner/report"

// Options say how a run is put into the words of JUnit. The zero value is the dialect
// that every consumer reads, with a case for each check.
type Options struct {
	Scope       Scope
	Granularity Granularity
	Flavor      Flavor
	PreExisting PreExisting
	Qualified   bool // a case's name begins with its host, for Azure, which shows nothing else
	Part        Part
}

// Scope says which cases are written. That a host did not answer always is.
type Scope string

// The scopes; an empty one is All.
const (
	All     Scope = "all"
	Changed Scope = "changed" // not what passed, and is as it was
	Failed  Scope = "failed"  // failures and errors alone
)

// Granularity says how many checks are one case.
type Granularity string

// The granularities; an empty one is ByCheck.
const (
	Auto       Granularity = "auto" // ByCheck; of a very large run what is unchanged by category
	ByCheck    Granularity = "check"
	ByCategory Granularity = "category" // a suite's checks of one kind on a host
	ByHost     Granularity = "host"
)

// foldAbove is the number of checks above which Auto folds: consumers get slow there,
// and refuse ten times as many.
const foldAbove = 20_000

// Flavor says what the document has beside what every consumer takes.
type Flavor string

// The flavors; an empty one is Default.
const (
	Default  Flavor = "default"
	Extended Flavor = "extended" // of a case file, line, owner and properties; a message of what is skipped
	Surefire Flavor = "surefire" // what came up after a while is flaky; a message of what is skipped
)

// PreExisting says what a case is that failed before and fails now.
type PreExisting string

// What it is; empty is AsSkipped.
const (
	AsSkipped PreExisting = "skipped"
	AsFailure PreExisting = "failure"
	AsPass    PreExisting = "pass"
)

// Part says which part of a run a document is, where there is one for each.
type Part struct {
	By   string // owner, group; "" for a whole run
	Name string // "" for the checks of nobody
}

// suffix tells the part's suites from those of the same host in other documents: of two
// with one name and time Jenkins drops one.
func (p Part) suffix() string {
	switch {
	case p.By == "":
		return ""
	case p.Name == "":
		return " (no " + line(p.By) + ")"
	default:
		return " (" + line(p.Name) + ")"
	}
}

// unchanged says whether there is nothing to tell of a check but that it passed.
func unchanged(c *report.Check) bool {
	return c.Outcome == report.Passed && !c.Failing && len(c.Findings) == 0 && len(c.Settled) == 0 && c.Mark == ""
}
