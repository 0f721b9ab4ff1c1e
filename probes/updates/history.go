package updates

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/internal/gather"
	"postpatch/probes/internal/named"
)

// history asks the update agent for what it remembers. Sources: Microsoft's
// documentation of IUpdateSearcher.QueryHistory, IUpdateHistoryEntry,
// OperationResultCode, UpdateOperation and IAutomaticUpdatesResults.
func (p probe) history() host.Collector {
	return host.Collector{Name: "updatehistory", Args: map[string][]string{
		"except": slices.Sorted(maps.Keys(p.except)),
	}}
}

// entry is one try of one update.
type entry struct {
	name, id, title string
	when            time.Time // zero when it is not known
	uninstall       bool
	result          int64
	code            uint32
	said            []fact.Reading // what describe says, once that is known
}

// OperationResultCode.
const (
	resultNotStarted = iota
	resultInProgress
	resultSucceeded
	resultWithErrors
	resultFailed
	resultAborted
)

func (e entry) failed() bool {
	return e.result == resultWithErrors || e.result == resultFailed || e.result == resultAborted
}

func (e entry) outcome() string {
	words := []string{"not started", "in progress", "succeeded", "succeeded with errors", "failed", "aborted"}
	if e.result < 0 || e.result >= int64(len(words)) {
		return fmt.Sprintf("unknown result %d", e.result)
	}
	if e.uninstall {
		return "removal " + words[e.result]
	}
	return words[e.result]
}

// readHistory makes the readings of the agent's memory. Installed are the KB
// numbers that servicing has, if they are known: what is installed has not failed,
// by whatever way it came in the end.
func (p probe) readHistory(r *gather.Reader, installed map[string]bool, memo *host.Memo[line]) {
	rows, ok := r.Rows("history", p.history())
	if !ok {
		return
	}
	total, entries, agent, whole := int64(-1), make([]entry, 0, len(rows)), host.Row{}, host.Row{}
	for _, row := range rows {
		known := memo.Of(row, readLine)
		if known.plain {
			if !p.except[known.name] {
				entries = append(entries, known.entry)
			}
			continue
		}
		part := gather.Text(row, "Part")
		if reason := refused(row, partHistory); reason != nil {
			if part == "agent" {
				continue // its two times are judged by nobody
			}
			r.Fail("history", reason)
			return
		}
		switch part {
		case "total":
			whole = row
			if n, known := gather.Number(row, "Count"); known {
				total = max(n, 0)
			}
		case "agent":
			agent = row
		case "entry":
			if e, there := read(r, row); there && !p.except[e.name] {
				entries = append(entries, e)
			}
		default:
			r.Failf("history", "a row of the unknown part %.40q", part)
		}
	}
	for _, times := range [][2]string{{"last_search", "Searched"}, {"last_install", "Installed"}} {
		if at, err := agent.Get(times[1]).Time(); err == nil {
			r.Add("", times[0], fact.Time(at))
		}
	}
	switch at, err := agent.Get("Installed").Time(); {
	case total < 0:
		r.Failf("history", "the host does not say how many entries it has")
	case total == 0 && err == nil:
		// Nothing failed, as far as an empty memory goes.
		r.Failf("history", "it is empty, and yet Automatic Updates has installed something at %s: it was reset, "+
			"and what failed is not known", fact.Time(at))
	default:
		r.Add("", "history_entries", fact.Int(total))
		if cut, known := whole.Get("Cut").Bool(); known {
			r.Add("", "history_whole", fact.Bool(!cut))
		}
		tell(r, entries, installed)
	}
}

// line is an entry of which the row tells all, and nothing odd: most hosts have the same.
type line struct {
	entry

	plain bool
}

func readLine(row host.Row) line {
	if gather.Text(row, "Part") != "entry" || refused(row, partHistory) != nil {
		return line{}
	}
	var odd gather.Reader
	e, there := read(&odd, row)
	if _, err := odd.Result(); err != nil || !there {
		return line{}
	}
	var said gather.Reader
	e.describe(&said)
	e.said, _ = said.Result()
	return line{e, true}
}

// read makes an entry of a row. Entries without a name are told only when they
// failed: the agent keeps some that mean nothing.
func read(r *gather.Reader, row host.Row) (e entry, there bool) {
	e.title = named.Short(gather.Text(row, "Title"), mostText)
	e.id = named.Short(strings.ToLower(gather.Text(row, "UpdateID")), mostName)
	e.name = name(e.title, e.id)
	result, known := gather.Number(row, "Result")
	e.result = result
	switch {
	case e.name == "" && !e.failed():
		return e, false
	case e.name == "":
		r.Failf("history", "an entry without KB number and identity")
		return e, false
	case !known:
		r.Failf("result of "+e.name, "want a number, got %.40q", gather.Text(row, "Result"))
		return e, false
	}
	if at, err := row.Get("Date").Time(); err == nil {
		e.when = at.UTC()
	}
	operation, _ := gather.Number(row, "Operation")
	e.uninstall = operation == 2
	// HResult is what the agent makes of the installer's own code.
	e.code = cmp.Or(code(row, "Unmapped"), code(row, "HResult"))
	return e, true
}

// tell makes the readings of what each update came to. Several updates share a KB
// number, of which one may fail and another succeed, so the newest try of each
// identity counts.
func tell(r *gather.Reader, entries []entry, installed map[string]bool) {
	const each = 4 // what is said of one, and of all
	r.Room(each * (len(entries) + 2))
	slices.SortStableFunc(entries, func(a, b entry) int { return b.when.Compare(a.when) })
	newest := make(map[string]tries, len(entries))
	seen := make(map[[2]string]bool, len(entries))
	for _, e := range entries {
		if is := [2]string{e.name, e.id}; !seen[is] {
			seen[is] = true
			newest[e.name] = append(newest[e.name], e)
		}
	}
	success := tries(entries).success()
	if installed != nil && len(installed) == 0 && !success.IsZero() {
		// What came another way would look as if it had failed.
		r.Failf("hotfixes", "servicing lists none, and yet the update agent has installed something at %s",
			fact.Time(success))
	}
	failed, succeeded, removed := map[string]bool{}, map[string]bool{}, map[string]bool{}
	var failures []string
	var last entry
	for _, item := range slices.Sorted(maps.Keys(newest)) {
		bad := newest[item].failed(installed[item], success)
		if len(bad) == 0 {
			e := newest[item][0]
			e.describe(r)
			if e.result == resultSucceeded && e.uninstall {
				removed[item] = true
			} else if e.result == resultSucceeded {
				succeeded[item] = true
			}
			continue
		}
		bad[0].describe(r)
		failures = append(failures, item+": "+bad[0].why())
		for _, e := range bad {
			failed[e.try()] = true
		}
		if last.name == "" || bad[0].when.After(last.when) {
			last = bad[0]
		}
	}
	r.Add("", "failed", setOf(failed))
	r.Add("", "failures", fact.SetOf(failures...))
	r.Add("", "succeeded", setOf(succeeded))
	r.Add("", "uninstalled", setOf(removed))
	text := ""
	if last.name != "" {
		text = last.name + ", " + last.at() + ", " + last.why()
	}
	r.Add("", "last_failed", fact.Text(text))
}

// describe makes the readings of one update.
func (e entry) describe(r *gather.Reader) {
	if e.said != nil {
		r.AddAll(e.said)
		return
	}
	r.Add(e.name, "result", fact.Text(e.outcome()))
	if e.code != 0 {
		r.Add(e.name, "hresult", fact.Text(meant(e.code)))
	}
	if !e.when.IsZero() {
		r.Add(e.name, "tried", fact.Time(e.when))
	}
	if e.title != "" {
		r.Add(e.name, "title", fact.Text(e.title))
	}
}

func (e entry) why() string {
	if e.code == 0 {
		return e.outcome() + " without an error code"
	}
	if e.result != resultFailed || e.uninstall {
		return e.outcome() + ", " + meant(e.code)
	}
	return meant(e.code)
}

func (e entry) at() string {
	if e.when.IsZero() {
		return "at an unknown time"
	}
	return fact.Time(e.when).String()
}

// refused is why a part of a collector could not be read; nil when it could. The
// words of the host are in its own language, so the code goes before them.
func refused(row host.Row, parameter string) error {
	text, n := named.Short(gather.Text(row, "Error"), mostText), code(row, "Code")
	way := "leave " + parameter + " out of part"
	if parameter == "missing" {
		way = "leave missing out"
	}
	switch {
	case text == "" && n == 0:
		return nil
	case n == 0x80070005:
		return fmt.Errorf("%w (0x80070005): the update agent does not take this from a remote sign-in of this account; "+
			"use an administrator of the host, or %s", host.ErrDenied, way)
	case n == 0x80070422:
		return errors.New("the Windows Update service is disabled (0x80070422): enable it, or " + way)
	case n == 0:
		return errors.New(text)
	case text == "" || meanings()[n] != "":
		return errors.New(meant(n))
	default:
		return fmt.Errorf("%s: %s", meant(n), text)
	}
}
