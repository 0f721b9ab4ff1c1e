// Package suites reads what server owners and operators write, YAML suites,
// plans and credentials, and tells every problem with its file, line and column.
package suites

import (
	"fmt"
	"time"

	"postpatch/probes"
	"postpatch/suites/assert"
	"postpatch/suites/expect"
)

// Set is what the given suites come to: every host with its checks, built and
// ready to run.
type Set struct {
	Suites  []Suite
	Hosts   []Host   // in the order of the suites; a host of two suites once
	Waivers []Waiver // in the order of the suites
	LeftOut []string // what directories know, and was left out, and why
}

// Suite is one suite file.
type Suite struct {
	Name   string
	Owner  string
	Notify string // the channel of the operator's by which its owner is told; mostly empty
	File   string // as given
	Digest string // SHA-256 of the file, in hex
	Lists  []HostList
}

// Host is a server under test.
type Host struct {
	Name    string
	Was     string // its name before, by which a baseline may know it; mostly empty
	Address string // the name itself unless the suite gives another
	Tags    []string
	Vars    map[string]string
	// Checks are in the order of the suites. Hosts share them, and lists of them: neither
	// is to be changed.
	Checks []*Check
}

// Check is one entry of a suite's checks, on one host.
type Check struct {
	Suite   string
	ID      string // stable, unique within its suite
	Kind    *probes.Kind
	Probe   probes.Probe
	Expect  []Expectation // the kind's defaults and the suite's own, sorted by reading
	Assert  []Assertion   // in the order of the suite
	Compare Comparisons
	Items   probes.Naming // the kind's, unless the suite says otherwise
	Asked   string        // a digest of its parameters on this host
	Timeout time.Duration // 0 when neither the check nor its suite says
	Why     string
	Owner   string
	File    string
	Line    int
}

// Key is how readings name the check: unique over all suites.
func (c Check) Key() string { return c.Suite + "/" + c.ID }

// Expectation says what a reading of every item of a check must be.
type Expectation struct {
	Reading   string
	Predicate expect.Predicate
	// Default marks the kind's own expectation: it binds only where the reading
	// is reported. The suite's own is not met where the reading is missing.
	Default bool
	// Keep binds only where it was met at the baseline.
	Keep bool
}

// Assertion is an expression that has to hold of every item of a check.
type Assertion struct {
	Expr *assert.Assertion
	Why  string
	Vars map[string]string // the suite's on this host, where the expression asks for any
}

// Plan is what the operator says of the patch.
type Plan struct {
	Name   string
	File   string
	Digest string
	Suites []string // files, relative to the plan's folder, globs resolved
	Reboot Reboot
	// Must are changes that the patch has to bring, May those it can bring.
	Must    []MustChange
	May     []MayChange
	Waivers []Waiver
	Hosts   []string // selectors of the suites' hosts that the patch is for; none for all
	Waves   []Wave   // in their order; none where all hosts are patched together
	Gate    Gate     // of waves that say nothing else
	Settle  Settle
	Budgets map[string]Budget // by command: capture, verify
	Store   string            // what keeps the runs; "" where the plan does not say
	Drift   []Drift           // the last one that fits counts
	Passes  map[Pass]Reboot   // whether hosts have to be restarted since the pass before
	// Precheck is what has to be so before the patch.
	Precheck Precheck

	said planSaid
}

// Reboot says whether the hosts have to be, may be or may not be restarted.
type Reboot string

// The words of a plan's reboot.
const (
	RebootAllowed   Reboot = "allowed"
	RebootRequired  Reboot = "required"
	RebootForbidden Reboot = "forbidden"
)

// MustChange says what a reading has to be after the patch.
type MustChange struct {
	Pattern   Pattern
	Predicate expect.Predicate
	Hosts     []string // selectors, see Host.Chosen
	// Where, unless it is "", is a glob: only of readings that were so at the baseline
	// it is wanted, as of the hosts of one version of Windows.
	Where  string
	Reason string
	Update Update

	said choice
}

// Pattern chooses readings: "kind.reading", "kind.*" or "kind/item.reading"
// with * and ? in the item, or with = in front of an item in which they mean
// themselves.
type Pattern struct {
	Kind    string
	Item    string // "" chooses every item
	Reading string // or "*"
}

// Problem is something wrong in a file that a person wrote.
type Problem struct {
	File   string
	Line   int // from 1; 0 when it concerns the file as a whole
	Column int
	Msg    string
	Hint   string // the way out; may be empty
	// NoExcerpt keeps the file's lines out of what is printed: they may hold a
	// secret.
	NoExcerpt bool
}

// Error is "file:line:column: message".
func (p Problem) Error() string {
	if p.Line == 0 {
		return p.File + ": " + p.Msg
	}
	return fmt.Sprintf("%s:%d:%d: %s", p.File, p.Line, p.Column, p.Msg)
}
