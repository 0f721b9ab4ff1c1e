package junit

import (
	"cmp"
	"fmt"
	"hash/crc32"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jstemmer/go-junit-report/v2/junit"

	"postpatch/runner/report"
)

// testcase is a case as the package of JUnit's types has it, and what some flavors have
// beside. Written by encoding/xml it means the same as what we write.
type testcase struct {
	junit.Testcase
	File       string           `xml:"file,attr,omitempty"`
	Line       int              `xml:"line,attr,omitempty"`
	Owner      string           `xml:"owner,attr,omitempty"`
	Properties []junit.Property `xml:"properties>property,omitempty"`
	Flaky      []flaky          `xml:"flakyFailure,omitempty"`
}

// flaky is a try that failed of a case that passes, as Surefire writes it.
type flaky struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr"`
	Stack   string `xml:"stackTrace"`
}

// The types of failures and errors, by which a consumer can tell them apart.
const (
	typeRegression  = "regression"
	typeUnmet       = "expectation-unmet"
	typeDrift       = "drift"
	typeFailed      = "failed"
	typePreExisting = "pre-existing"
	typeWaiverOver  = "waiver-over"
	typeUnreachable = "unreachable"
	typeCheckError  = "check-error"
	typeLate        = "came-up-late"
)

// fill makes the case of an entry.
func (w *writer) fill(tc *testcase, h *report.Host, e entry) {
	*tc = testcase{}
	switch e.about {
	case theHost:
		w.fillHost(tc, h)
	case unchangedOnes:
		w.names.name(tc, e.check.Suite, kindOf(e.check)+": unchanged")
		tc.SystemOut = &junit.Output{Data: counted(len(e.all)) + " unchanged"}
	case unseenOnes:
		w.names.name(tc, e.check.Suite, kindOf(e.check)+": not observed")
		w.skip(tc, counted(len(e.all))+": "+lostWords(h))
	case category:
		w.names.name(tc, e.check.Suite, kindOf(e.check))
		w.fillSeveral(tc, h, e)
	case allChecks:
		w.names.name(tc, "", "checks")
		w.fillSeveral(tc, h, e)
	default:
		w.fillCheck(tc, h, e)
		return
	}
	tc.Time = seconds(took(e.all))
}

func (w *writer) fillCheck(tc *testcase, h *report.Host, e entry) {
	c := e.check
	w.names.name(tc, c.Suite, c.ID)
	tc.Time = seconds(c.Took)
	switch {
	case e.status == failed:
		tc.Failure = &junit.Result{Type: failureType(c), Message: headline(c), Data: body(c)}
	case e.status == erred:
		tc.Error = &junit.Result{Type: typeCheckError, Message: headline(c), Data: body(c)}
	case e.status == skipped && c.Outcome == report.Unknown:
		w.skip(tc, lostWords(h))
	case e.status == skipped:
		w.skip(tc, skipWords(c))
	case !unchanged(c):
		tc.SystemOut = &junit.Output{Data: limited(remarks(c), passLimit)}
	}
	switch w.Flavor {
	case Extended:
		tc.File, tc.Line, tc.Owner = line(c.File), max(c.Line, 0), line(c.Owner)
		tc.Properties = properties(
			[2]string{"kind", c.Kind}, [2]string{"outcome", string(c.Outcome)}, [2]string{"mark", c.Mark})
	case Surefire:
		if e.status == passed {
			tc.Flaky = flakies(c)
		}
	case Default:
	}
}

// fillSeveral tells of several checks in one case, of the worst first.
func (w *writer) fillSeveral(tc *testcase, h *report.Host, e entry) {
	lost, kind, say := lostWords(h), typeCheckError, several(e)
	if lost != "" && e.about == allChecks { // it has no case of its own
		_, hostKind, message := lostHost(h)
		kind, say = hostKind, limited(message+"; "+say, messageLimit)
	}
	switch e.status {
	case failed:
		tc.Failure = &junit.Result{Type: failureType(e.check), Message: say, Data: bodies(say, e)}
	case erred:
		tc.Error = &junit.Result{Type: kind, Message: say, Data: bodies(say, e)}
	case skipped:
		if e.check.Outcome == report.Unknown {
			w.skip(tc, counted(len(e.all))+": "+lost)
			break
		}
		w.skip(tc, say+"\n"+summary(e))
	case passed:
		tc.SystemOut = &junit.Output{Data: limited(summary(e), passLimit)}
	}
	if w.Flavor == Extended && e.check != nil {
		tc.File, tc.Line, tc.Owner = line(e.check.File), max(e.check.Line, 0), line(e.check.Owner)
		tc.Properties = properties([2]string{"checks", strconv.Itoa(len(e.all))})
	}
}

// fillHost is the one red of a host that has no verdict as a whole.
func (w *writer) fillHost(tc *testcase, h *report.Host) {
	suite, unseen := "", 0
	for i := range h.Checks {
		suite = cmp.Or(suite, h.Checks[i].Suite)
		if h.Checks[i].Outcome == report.Unknown {
			unseen++
		}
	}
	name, kind, message := lostHost(h)
	w.names.name(tc, suite, name)
	rest := "\n\nskipped, since nobody could look: " + counted(unseen)
	tc.Error = &junit.Result{
		Type: kind, Message: limited(message, messageLimit),
		Data: limited(message, bodyLimit-utf8.RuneCountInString(rest)) + rest,
	}
}

// lostHost says why a host has no verdict as a whole.
func lostHost(h *report.Host) (name, kind, message string) {
	if h.Unreachable != "" {
		return "host reachable", typeUnreachable, lostWords(h) + ": " + brief(h.Unreachable, bodyLimit)
	}
	return "host comparable", typeCheckError, lostWords(h) + ": " + brief(h.Problem, bodyLimit)
}

// lostWords are the words for it; empty where the host has a verdict.
func lostWords(h *report.Host) string {
	switch {
	case h.Unreachable != "":
		return "host unreachable"
	case h.Problem != "":
		return "no verdict for this host"
	default:
		return ""
	}
}

// skip says why a case is skipped. The attribute is for the flavors that may have it:
// Azure shows nothing else.
func (w *writer) skip(tc *testcase, why string) {
	tc.Skipped = &junit.Result{Data: limited(why, passLimit)}
	if w.Flavor == Extended || w.Flavor == Surefire {
		first, _, _ := strings.Cut(why, "\n")
		tc.Skipped.Message = limited(first, messageLimit)
	}
}

// failureType is by what a check fails.
func failureType(c *report.Check) string {
	switch c.Outcome {
	case report.Regressed:
		return typeRegression
	case report.Unmet:
		return typeUnmet
	case report.Failed:
		if findings := worstFindings(c); len(findings) > 0 && findings[0].Waiver.Over {
			return typeWaiverOver
		}
		return typeFailed
	case report.PreExisting:
		if !c.Failing {
			return typePreExisting
		}
		return typeDrift
	case report.Skipped, report.Passed, report.Fixed, report.Expected, report.Drifted, report.Waived, report.Unknown:
		return typeDrift // that its rule makes a failure
	default:
		return typeFailed
	}
}

// properties leaves out what is empty.
func properties(all ...[2]string) []junit.Property {
	var some []junit.Property
	for _, p := range all {
		if p[1] != "" {
			some = append(some, junit.Property{Name: p[0], Value: brief(p[1], valueLimit)})
		}
	}
	return some
}

// flakies are what came up while the host was waited for.
func flakies(c *report.Check) []flaky {
	const most = 10
	var all []flaky
	for i, s := range c.Settled {
		text := report.Tame(came(s))
		if i == most {
			text = fmt.Sprintf("and %d more", len(c.Settled)-most)
		}
		all = append(all, flaky{Message: limited(text, messageLimit), Type: typeLate, Stack: text})
		if i == most {
			break
		}
	}
	return all
}

func kindOf(c *report.Check) string { return cmp.Or(c.Kind, "other") }

func counted(checks int) string {
	if checks == 1 {
		return "1 check"
	}
	return strconv.Itoa(checks) + " checks"
}

func took(checks []*report.Check) time.Duration {
	var sum time.Duration
	for _, c := range checks {
		sum += max(c.Took, 0)
	}
	return sum
}

// names gives the cases of a host names that stay the same from run to run and never
// come twice: consumers know a case again by them.
type names struct {
	qualified bool
	hosts     map[string]int // by what stands for a host in a class, how often that is tried
	prefix    string         // of the host's cases
	host      string         // in its classes
	again     string         // what tells it from another of its name
	suite     string         // of which the class is
	class     string
	taken     map[name]bool
}

type name struct{ class, name string }

// enter turns to the next host. Jenkins takes what is before the last dot of a class for
// a package. Two hosts of one name for it are kept apart, since GitLab drops the second
// of two cases.
func (n *names) enter(host string) {
	if n.taken == nil {
		n.taken, n.hosts = map[name]bool{}, map[string]int{}
	}
	clear(n.taken)
	base := strings.ReplaceAll(host, ".", "_")
	n.host = base
	for again := max(n.hosts[base], 1) + 1; n.hosts[n.host] > 0; again++ { // there may be a host that is called so
		n.host, n.hosts[base] = base+"~"+strconv.Itoa(again), again
	}
	n.hosts[n.host] = 1
	n.again = n.host[len(base):]
	n.prefix = ""
	if n.qualified {
		n.prefix = host + " / "
	}
	n.class = ""
}

func (n *names) name(tc *testcase, suite, id string) {
	if n.class == "" || suite != n.suite {
		n.suite, n.class = suite, short(line(cmp.Or(suite, "postpatch"))+"."+n.host)
	}
	id = cmp.Or(line(id), "(no id)")
	class := n.class
	if n.qualified { // who needs that sees no class: two suites may ask the same
		if class = ""; n.taken[name{"", short(n.prefix + id)}] {
			id = line(suite) + " / " + id
		}
		id = n.prefix + id
	}
	tc.Classname, tc.Name = n.class, short(id)
	for i := 2; n.taken[name{class, tc.Name}]; i++ {
		tc.Name = short(fmt.Sprintf("%s (%d)", id, i))
	}
	n.taken[name{class, tc.Name}] = true
}

// short keeps a name under the 512 characters that Azure takes, and as unique
// as it was.
func short(name string) string {
	const limit = 480
	if len(name) <= limit {
		return name
	}
	runes := []rune(name)
	if len(runes) <= limit {
		return name
	}
	return fmt.Sprintf("%s~%08x", string(runes[:limit]), crc32.ChecksumIEEE([]byte(name)))
}

// worstFindings returns the findings with the point first.
func worstFindings(c *report.Check) []report.Finding {
	findings := slices.Clone(c.Findings)
	slices.SortStableFunc(findings, func(a, b report.Finding) int {
		switch {
		case report.Worse(a.Outcome, b.Outcome):
			return -1
		case report.Worse(b.Outcome, a.Outcome):
			return 1
		default:
			return 0
		}
	})
	return findings
}
