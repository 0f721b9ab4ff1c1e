package junit

import (
	"cmp"
	"fmt"
	"hash/crc32"
	"slices"
	"strings"
	"time"

	"github.com/jstemmer/go-junit-report/v2/junit"

	"postpatch/runner/report"
)

// The types of failures and errors, by which a consumer can tell them apart.
const (
	typeRegression  = "regression"
	typeUnmet       = "expectation-unmet"
	typeDrift       = "drift"
	typeFailed      = "failed"
	typeWaiverOver  = "waiver-over"
	typeUnreachable = "unreachable"
	typeCheckError  = "check-error"
)

// cases makes a host's cases. A host that cannot be judged as a whole is one
// error, and what could not be observed of it is skipped: one red, not fifty.
func cases(h report.Host) []testcase {
	n := naming{host: h.Host, taken: map[string]bool{}}
	var all []testcase
	why := ""
	switch {
	case h.Unreachable != "":
		why = "host unreachable"
		all = append(all, n.hostError(h, "host reachable", typeUnreachable, why+": "+line(h.Unreachable)))
	case h.Problem != "":
		why = "no verdict for this host"
		all = append(all, n.hostError(h, "host comparable", typeCheckError, why+": "+line(h.Problem)))
	}
	for _, c := range h.Checks {
		tc := n.named(c.Suite, c.ID, c.Took)
		if why != "" && c.Outcome == report.Unknown {
			tc.Skipped = &text{why}
		} else {
			judged(&tc, c)
		}
		all = append(all, tc)
	}
	return all
}

// judged puts a check's outcome into the words of JUnit.
func judged(tc *testcase, c report.Check) {
	switch c.Outcome {
	case report.Regressed:
		tc.Failure = newResult(typeRegression, c)
	case report.Unmet:
		tc.Failure = newResult(typeUnmet, c)
	case report.Failed:
		kind := typeFailed
		if findings := worstFirst(c); len(findings) > 0 && findings[0].Waiver.Over {
			kind = typeWaiverOver
		}
		tc.Failure = newResult(kind, c)
	case report.Unknown:
		tc.Error = newResult(typeCheckError, c)
	case report.Skipped:
		tc.Skipped = &text{limited(headline(c), passLimit)}
	case report.PreExisting, report.Waived, report.Drifted, report.Expected, report.Fixed, report.Passed:
		switch {
		case c.Failing: // by a drift that its rule makes a failure
			tc.Failure = newResult(typeDrift, c)
		case c.Outcome == report.Waived:
			tc.Skipped = &text{limited("WAIVED: "+waivedLine(c), passLimit)}
		case c.Outcome == report.PreExisting:
			tc.Skipped = &text{limited("PRE-EXISTING: "+headline(c)+"; it failed at the baseline too", passLimit)}
		default:
			tc.SystemOut = remarks(c)
		}
	default: // an outcome of a later version is nothing to pass over
		tc.Error = newResult(typeCheckError, c)
	}
}

func newResult(kind string, c report.Check) *result {
	return &result{Result: junit.Result{Type: kind, Message: headline(c)}, Body: body(c)}
}

// naming gives the cases of a host names that stay the same from run to run and
// never come twice: consumers know a case again by them.
type naming struct {
	host  string
	taken map[string]bool
}

func (n naming) named(group, id string, took time.Duration) testcase {
	group, id = cmp.Or(group, "postpatch"), cmp.Or(id, "(no id)")
	// Jenkins takes what is before the last dot for a package.
	host := strings.ReplaceAll(line(n.host), ".", "_")
	class := short(line(group) + "." + host)
	name := short(line(id))
	for i := 2; n.taken[class+"\n"+name]; i++ {
		name = short(fmt.Sprintf("%s (%d)", line(id), i))
	}
	n.taken[class+"\n"+name] = true
	return testcase{Testcase: junit.Testcase{Name: name, Classname: class, Time: seconds(took)}}
}

func (n naming) hostError(h report.Host, name, kind, message string) testcase {
	group := ""
	if len(h.Checks) > 0 {
		group = h.Checks[0].Suite
	}
	tc := n.named(group, name, 0)
	rest := fmt.Sprintf("\n\n%d checks of the host are skipped", len(h.Checks))
	tc.Error = &result{
		Result: junit.Result{Type: kind, Message: limited(message, messageLimit)},
		Body:   limited(message, bodyLimit-len(rest)) + rest,
	}
	return tc
}

// short keeps a name under the 512 characters that Azure takes, and as unique
// as it was.
func short(name string) string {
	const limit = 480
	runes := []rune(name)
	if len(runes) <= limit {
		return name
	}
	return fmt.Sprintf("%s~%08x", string(runes[:limit]), crc32.ChecksumIEEE([]byte(name)))
}

// worstFirst returns the findings with the point first.
func worstFirst(c report.Check) []report.Finding {
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
