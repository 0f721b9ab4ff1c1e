// Package host says what can be asked of a Windows host, whatever carries the
// question: a WQL query, or a named collector that runs on the host.
package host

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// ErrNoAnswer is wrapped by errors that mean: nothing at the address answered
// at all (no route, refused, timed out while connecting). It tells a dead host
// from a host that answers and refuses.
var ErrNoAnswer = errors.New("no answer")

// Session puts questions to one host. It is used by one goroutine at a time.
type Session interface {
	// Ask puts all questions at once. The error is for the session as a
	// whole; a question that failed alone has its error in its Answer.
	Ask(ctx context.Context, questions []Question) (Answers, error)
	// Close ends the session and its connection, within ctx.
	Close(ctx context.Context) error
}

// Question is data: WQL or Collector.
type Question interface {
	fmt.Stringer
	question()
}

// WQL asks for the instances of one class.
type WQL struct {
	Namespace string   // `root/cimv2` when empty
	Class     string   // Win32_Service
	Columns   []string // never empty: all columns cost too much
	Where     string   // a WQL condition, or empty for every instance
}

// Collector asks for what no query answers: a named script of the carrier's
// collection, run on the host, with its arguments.
type Collector struct {
	Name string              // "registry"
	Args map[string][]string // names and values are plain text, never code
}

func (WQL) question()       {}
func (Collector) question() {}

// String is the query as WQL, with the namespace in front.
func (q WQL) String() string {
	s := q.namespace() + ": SELECT " + strings.Join(q.Columns, ",") + " FROM " + q.Class
	if q.Where != "" {
		s += " WHERE " + q.Where
	}
	return s
}

// String names the collector and its arguments in a fixed order.
func (q Collector) String() string {
	s := q.Name
	for _, name := range slices.Sorted(maps.Keys(q.Args)) {
		s += fmt.Sprintf(" %s=%q", name, q.Args[name])
	}
	return s
}

func (q WQL) namespace() string {
	if q.Namespace == "" {
		return "root/cimv2"
	}
	return strings.ReplaceAll(q.Namespace, `\`, "/")
}

// Merge joins questions so that a host is asked as little as possible: doubles
// go, and queries over one class become one query. So an answer may hold more
// rows and columns than a probe asked for; a probe picks its own. The result is
// in a fixed order.
func Merge(questions []Question) []Question {
	queries := map[string]WQL{}
	collectors := map[string]Collector{}
	for _, q := range questions {
		switch q := q.(type) {
		case Collector:
			collectors[q.String()] = q
		case WQL:
			key := classKey(q)
			merged, seen := queries[key]
			if !seen {
				merged = WQL{Namespace: q.namespace(), Class: q.Class, Where: q.Where}
			}
			merged.Columns = append(slices.Clone(merged.Columns), q.Columns...)
			slices.Sort(merged.Columns)
			merged.Columns = slices.Compact(merged.Columns)
			merged.Where = either(merged.Where, q.Where)
			queries[key] = merged
		}
	}
	var all []Question
	for _, key := range slices.Sorted(maps.Keys(queries)) {
		all = append(all, queries[key])
	}
	for _, key := range slices.Sorted(maps.Keys(collectors)) {
		all = append(all, collectors[key])
	}
	return all
}

// either joins two conditions; no condition means every instance.
func either(a, b string) string {
	switch {
	case a == "" || b == "":
		return ""
	case a == b:
		return a
	default:
		return a + " OR " + b
	}
}

func classKey(q WQL) string { return strings.ToLower(q.namespace() + ":" + q.Class) }

// key is what an answer is found by: one query a class, one run a collector call.
func key(q Question) string {
	if q, ok := q.(WQL); ok {
		return classKey(q)
	}
	return q.String()
}
