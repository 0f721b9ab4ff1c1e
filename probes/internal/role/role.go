// Package role holds what the kinds of server roles share: the service that a
// role stands on, names for what it holds, and words for the numbers of WMI.
package role

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"postpatch/probes/host"
	"postpatch/probes/internal/gather"
	"postpatch/probes/internal/winsvc"
)

// Absent is the state of a service that the host does not have.
const Absent = "absent"

// Running is the state in which a role can be asked.
const Running = "running"

// Service reads how one service runs and is started, of the answer to
// winsvc.Question(name). The state of one that the host does not have is Absent.
func Service(r *gather.Reader, name string) (state, mode string, known bool) {
	what := "the service " + name
	rows, ok := r.Rows(what, winsvc.Question(name))
	if !ok {
		return "", "", false
	}
	for _, row := range rows {
		// The answer may be of a query that another check has widened.
		if !strings.EqualFold(gather.Text(row, "Name"), name) {
			continue
		}
		if state = strings.ToLower(gather.Text(row, "State")); state == "" {
			r.Failf(what, "the host tells no state")
			return "", "", false
		}
		return state, strings.ToLower(gather.Text(row, "StartMode")), true
	}
	return Absent, "", true
}

// Row is a row of an answer with the item that it is.
type Row struct {
	What string // what is named where the row does not tell what it should
	Item string
	Name string // without the prefix and a double's number
	host.Row
}

// Odd notes that a column does not tell what it should.
func (row Row) Odd(r *gather.Reader, column string) {
	if row.Item == "" {
		r.Failf(row.What, "no %s, got %q", column, row.Get(column).Text)
		return
	}
	r.Failf(row.What, "no %s of %q, got %q", column, row.Item, row.Get(column).Text)
}

// Naming says how rows are named.
type Naming struct {
	Prefix string                // "group/"
	Name   func(host.Row) string // a row without a name is noted as not read
	Tie    string                // the column that tells doubles apart, whatever their order
	Except []string              // patterns of names that are left out
}

// Column names rows by a column.
func Column(name string) func(host.Row) string {
	return func(row host.Row) string { return gather.Text(row, name) }
}

// Named makes items of rows. Doubles are numbered, whatever their upper and
// lower case, in an order that does not hang on the order of the answer.
func Named(r *gather.Reader, what string, rows []host.Row, n Naming) []Row {
	var all []Row
	for _, row := range rows {
		name := n.Name(row)
		switch {
		case name == "":
			r.Failf(what, "one of them has no name")
		case !Matches(name, n.Except):
			all = append(all, Row{What: what, Name: name, Row: row})
		}
	}
	slices.SortFunc(all, func(a, b Row) int {
		return cmp.Or(strings.Compare(fold(a.Name), fold(b.Name)), strings.Compare(a.Name, b.Name),
			strings.Compare(gather.Text(a.Row, n.Tie), gather.Text(b.Row, n.Tie)))
	})
	taken := map[string]bool{}
	for _, row := range all {
		taken[fold(row.Name)] = true
	}
	seen := map[string]bool{}
	for i, row := range all {
		// A double's number is the next one that no other has in its name.
		name := row.Name
		for number := 2; seen[fold(row.Name)] && taken[fold(name)]; number++ {
			name = fmt.Sprintf("%s (%d)", row.Name, number)
		}
		seen[fold(row.Name)], taken[fold(name)] = true, true
		all[i].Item = n.Prefix + name
	}
	return all
}

// fold is a name for comparing: Windows heeds no case in it.
func fold(s string) string { return strings.ToLower(s) }

// Matches says whether a name is one of the patterns, in which * stands for any
// characters, whatever its upper and lower case.
func Matches(name string, patterns []string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return matches(fold(name), fold(p)) })
}

func matches(name, pattern string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return name == pattern
	}
	name, begins := strings.CutPrefix(name, parts[0])
	if !begins {
		return false
	}
	for _, part := range parts[1 : len(parts)-1] {
		_, rest, found := strings.Cut(name, part)
		if !found {
			return false
		}
		name = rest
	}
	return strings.HasSuffix(name, parts[len(parts)-1])
}

// Word says a column's number in a word. A number without one is written as it
// is, and what is no number is noted as not read. WMI writes -1 as a number
// without a sign, too.
func Word(r *gather.Reader, row Row, column string, words map[int64]string) (word string, known bool) {
	n, isNumber := gather.Number(row.Row, column)
	if !isNumber {
		row.Odd(r, column)
		return "", false
	}
	if n == 1<<32-1 {
		n = -1
	}
	if word, known = words[n]; known {
		return word, true
	}
	if n == -1 {
		return "unknown", true
	}
	return fmt.Sprintf("unknown (%d)", n), true
}
