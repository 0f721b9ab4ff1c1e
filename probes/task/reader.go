package task

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/internal/gather"
	"postpatch/probes/internal/named"
	"postpatch/probes/internal/wildcard"
)

type reader struct {
	gather.Reader
	probe probe
}

func (r *reader) read() {
	rows, ok := r.Some("the scheduled tasks", r.probe.question())
	if !ok {
		return
	}
	var tasks []host.Row
	ended, whole := false, true
	for _, row := range rows {
		path, problem := line(gather.Text(row, "path")), line(gather.Text(row, "error"))
		switch kind := gather.Text(row, "kind"); {
		case kind == "task" && path != "":
			tasks = append(tasks, row)
		case kind == "folder":
			whole = false
			r.Failf("the folder "+path, "%s", cmp.Or(problem, "it cannot be read"))
		case kind == "end":
			ended = true
			if gather.True(row, "cut") {
				whole = false
				r.Failf("the scheduled tasks", "there are more than the first %d; name fewer", len(tasks))
			}
			// Every Windows has tasks of its own: who sees none may not see them.
			if seen, known := gather.Number(row, "seen"); !known || seen < 1 {
				whole = false
				r.Failf("the scheduled tasks", "the account sees none: it has to be an administrator's")
			}
		default:
			r.Failf("the scheduled tasks", "the host told something that is no task")
		}
	}
	if !ended {
		whole = false
		r.Failf("the scheduled tasks", "the list was cut off")
	}
	r.tell(tasks)
	if whole {
		r.missing(tasks)
	}
}

// missing names what the suite names and the host does not have.
func (r *reader) missing(tasks []host.Row) {
	for _, name := range r.probe.Names {
		found := slices.ContainsFunc(tasks, func(row host.Row) bool {
			return wildcard.Match(name, gather.Text(row, "path"))
		})
		if !found {
			r.Add(name, "present", fact.Bool(false))
		}
	}
}

// tell makes the readings of all tasks. The order of the host is not to be relied
// on, and doubles are told apart by it.
func (r *reader) tell(tasks []host.Row) {
	slices.SortStableFunc(tasks, func(a, b host.Row) int {
		return strings.Compare(strings.ToLower(gather.Text(a, "path")), strings.ToLower(gather.Text(b, "path")))
	})
	made := madeUp()
	leftOut := 0
	var twins named.Twins
	for _, row := range tasks {
		path := line(gather.Text(row, "path"))
		item := folded(path)
		asked := slices.IndexFunc(r.probe.Names, func(s string) bool { return strings.EqualFold(s, path) })
		switch {
		case asked >= 0:
			item = r.probe.Names[asked] // under which it would be missed
		case made.MatchString(path):
			leftOut++
			continue
		}
		r.task(twins.Item(item), row)
	}
	r.Add("", "left_out", fact.Int(leftOut))
}

// folded writes what another installation or an update of a program changes in a
// name as #: versions, and the long hexadecimal number at the end, such as Google's
// updater makes anew each time it updates itself.
func folded(path string) string {
	path = regexp.MustCompile(`\d+(\.\d+)+`).ReplaceAllString(path, "#")
	return regexp.MustCompile(`(?i)\d[0-9a-f]{11,}$`).ReplaceAllString(path, "#")
}

// madeUp finds names that each user, or each installation, has another one of: a
// SID or a GUID is part of them.
func madeUp() *regexp.Regexp {
	return regexp.MustCompile(`(?i)S-1-5-21-\d|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
}

func (r *reader) task(item string, row host.Row) {
	if len(r.probe.Names) > 0 {
		r.Add(item, "present", fact.Bool(true))
	}
	if problem := line(gather.Text(row, "error")); problem != "" {
		r.Failf(item, "%s", problem)
	}
	enabled, told := row.Get("enabled").Bool()
	if told {
		r.Add(item, "enabled", fact.Bool(enabled))
	} else {
		r.Failf(item, "the host did not tell whether it is enabled")
	}
	if n, known := gather.Number(row, "state"); known {
		r.Add(item, "state", fact.Text(state(n)))
	}
	if n, known := gather.Number(row, "result"); known && n >= 0 && n < 1<<32 {
		last := resultOf(uint32(n))
		r.Add(item, "broken", fact.Bool(last.broken))
		if told {
			r.Add(item, "health", health(last.broken, enabled, isDue(row)))
		}
		r.Add(item, "exit_code", fact.Int(last.exitCode))
		r.Add(item, "result", fact.Text(last.text))
	} else {
		r.Failf(item, "the host did not tell the last result")
	}
	if n, known := gather.Number(row, "missed"); known && n >= 0 {
		r.Add(item, "missed", fact.Int(n))
	}
	for reading, column := range map[string]string{"last_run": "last", "next_run": "next"} {
		if at, err := row.Get(column).Time(); err == nil {
			r.Add(item, reading, fact.Time(at))
		}
	}
}

// The words of health.
const (
	well    fact.Text = "well"
	wellYet fact.Text = "well, but not due"
)

func health(broken, enabled, due bool) fact.Text {
	switch {
	case broken:
		return "broken"
	case !enabled:
		return "disabled"
	case !due:
		return wellYet
	default:
		return well
	}
}

// isDue says whether a task runs, or will run as far as its schedule goes: one that has
// run for the only time, and one that the scheduler deletes once it has, may be gone.
func isDue(row host.Row) bool {
	_, err := row.Get("next").Time()
	n, known := gather.Number(row, "state")
	return (err == nil || known && n == running) && !gather.True(row, "deletes")
}

const running = 4 // TASK_STATE_RUNNING

// state names a TASK_STATE. Source: the documentation of IRegisteredTask.State.
func state(n int64) string {
	all := []string{"unknown", "disabled", "queued", "ready", "running"}
	if n < 0 || n >= int64(len(all)) {
		return all[0]
	}
	return all[n]
}

// line is a text on one line. Windows' paths have no more characters.
func line(text string) string { return named.Within(text, 260) }
