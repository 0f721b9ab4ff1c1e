package report

import (
	"fmt"
	"slices"
	"strings"
)

// Worse reports whether a is worse than b. A word that is no outcome is worse
// than all of them, so that nothing unknown to this program looks mild.
func Worse(a, b Outcome) bool { return rank(a) > rank(b) }

func rank(o Outcome) int {
	all := Outcomes()
	if i := slices.Index(all, o); i >= 0 {
		return i
	}
	return len(all)
}

// Tee gives every message to all handlers, in their order. Its error is the
// first one; the other handlers get the message all the same.
func Tee(handlers ...Handler) Handler { return tee(slices.Clone(handlers)) }

type tee []Handler

func (t tee) Start(r Run) error {
	return t.each(func(h Handler) error { return h.Start(r) })
}

func (t tee) Host(host Host) error {
	return t.each(func(h Handler) error { return h.Host(host) })
}

func (t tee) Finish(s Summary) error {
	return t.each(func(h Handler) error { return h.Finish(s) })
}

func (t tee) each(tell func(Handler) error) error {
	var first error
	for _, h := range t {
		if err := tell(h); err != nil && first == nil {
			first = err
		}
	}
	return first
}

// Subject names what a check looked at: its id and, where the id does not end
// with it, the item.
func (c Check) Subject(item string) string {
	if item == "" || strings.EqualFold(c.ID, item) {
		return c.ID
	}
	if cut := len(c.ID) - len(item); cut > 0 && strings.EqualFold(c.ID[cut:], item) &&
		strings.ContainsAny(c.ID[cut-1:cut], "/:= ") {
		return c.ID
	}
	return strings.TrimRight(c.base(), "/") + "/" + strings.TrimLeft(item, "/")
}

// Place says where a check stands: its file and line, or its file alone where it
// stands on no line of its own. It is empty where there is no file.
func (c Check) Place() string { return place(c.File, c.Line) }

func place(file string, line int) string {
	if file == "" || line <= 0 {
		return file
	}
	return fmt.Sprintf("%s:%d", file, line)
}

// Says is what there is to say of a waiver: until when it holds, why, who answers
// for it, and where it stands.
func (w Waiver) Says() []string {
	parts := []string{"until " + w.Until, `"` + w.Reason + `"`}
	if w.Over {
		parts = []string{"until " + w.Until + " is over: " + w.Reason}
	}
	for _, of := range [][2]string{{"ticket ", w.Ticket}, {"owner ", w.Owner}, {"", place(w.File, w.Line)}} {
		if of[1] != "" {
			parts = append(parts, of[0]+of[1])
		}
	}
	return parts
}

// Without says what its finding is without it: "it regressed".
func (w Waiver) Without() string {
	if w.Was == PreExisting {
		return "it is pre-existing"
	}
	return "it " + string(w.Was)
}

// base is what an item is told with: its kind, where the id is made of the kind
// and another item, and otherwise the id.
func (c Check) base() string {
	begin, _, found := strings.Cut(c.ID, "/")
	if found && (begin == c.Kind || strings.HasPrefix(begin, c.Kind+" from ")) { // the other side asks
		return begin
	}
	return c.ID
}

// Counted is under what a hidden change of a kind is counted: "kind.reading: rule".
func (h Hidden) Counted(kind string) string { return kind + "." + h.Reading + ": " + h.Rule }

// BeforeText is what the finding's reading was, in words where it was not there
// or empty.
func (f Finding) BeforeText() string { return valueText(f.Before, f.HasBefore) }

// NowText is what it is.
func (f Finding) NowText() string { return valueText(f.Now, f.HasNow) }

func valueText(s string, there bool) string {
	switch {
	case !there:
		return "(absent)"
	case s == "":
		return "(empty)"
	default:
		return s
	}
}
