// Package host says what can be asked of a Windows host, whatever carries the
// question: a WQL query, or a named collector that runs on the host.
package host

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// ErrNoAnswer is wrapped by errors that mean: nothing at the address answered
// at all (no route, refused, timed out while connecting). It tells a dead host
// from a host that answers and refuses.
var ErrNoAnswer = errors.New("no answer")

// ErrNotTried is wrapped by errors that come from this side, before anything was
// sent: no credential, no right to ping. They say nothing about the host.
var ErrNotTried = errors.New("not tried")

// Session puts questions to one host. It is used by one goroutine at a time.
type Session interface {
	// Ask puts all questions at once. The error is for the session as a
	// whole; a question that failed alone has its error in its Answer.
	Ask(ctx context.Context, questions []Question) (Answers, error)
	// Close ends the session and its connection, within ctx.
	Close(ctx context.Context) error
}

// ErrNoCommand is wrapped by the answer to a Cmdlet that the endpoint does not
// have: another version of the product may have it.
var ErrNoCommand = errors.New("no such command")

// ErrNoClass is wrapped by the answer to a WQL query whose class, or whose whole
// namespace, the host does not have: its role or its version of Windows lacks it.
var ErrNoClass = errors.New("no such class")

// ErrNoPowerShell is wrapped by the answers to collectors and scripts on a host where
// PowerShell could not be run; queries are still answered there.
var ErrNoPowerShell = errors.New("could not run PowerShell")

// ErrDenied is wrapped by the answer to a question that the account may not ask;
// others may be answered all the same.
var ErrDenied = errors.New("access denied")

// ErrBusy is wrapped by errors that mean: the host answers, and refuses more for now,
// because too much is asked of it.
var ErrBusy = errors.New("the host is busy")

// Teller is a Session that can say how it reached its host.
type Teller interface {
	// How is one line, such as "WinRM by NTLM, sealed: no KDC was found for the
	// realm CORP.TEST"; empty when nothing was reached.
	How() string
}

// Self is the value of a Cmdlet's parameter that stands for the name of the host that is
// asked: Exchange may run a command on another server than the one it was put to.
const Self = "$host"

// On is the command for the host of that name, which stands in the place of Self.
func (q Cmdlet) On(name string) Cmdlet {
	params := maps.Clone(q.Params)
	for param, values := range params {
		if slices.Contains(values, Self) {
			params[param] = slices.Clone(values)
			for i, value := range values {
				if value == Self {
					params[param][i] = name
				}
			}
		}
	}
	q.Params = params
	return q
}

// Script asks for the objects that a PowerShell script of the suite's owner
// returns. It is the only question that brings code along; who runs it has allowed
// it by name.
type Script struct {
	Name  string // of its file, for messages
	Text  string
	Args  map[string][]string // its parameters; one value, or several for a list
	Most  int                 // objects; more are an error
	Limit time.Duration       // how long it may run there
}

// Question is data: WQL, Collector, Cmdlet or Script.
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
	// Most is how many instances are taken; more are an error. 0 takes any number.
	// A query with a limit is asked by itself and as it is: what a suite's owner
	// asks must neither be spoiled by what others ask, nor spoil it.
	Most int
}

// Collector asks for what no query answers: a named script of the carrier's
// collection, run on the host, with its arguments.
type Collector struct {
	Name string              // "registry"
	Args map[string][]string // names and values are plain text, never code
}

// Cmdlet asks for the objects that one command returns, of an endpoint that
// takes nothing but commands: Exchange's own, or a JEA endpoint.
type Cmdlet struct {
	Endpoint string // the session configuration: "Microsoft.Exchange"; the default one when empty
	Name     string // "Test-ServiceHealth"
	Switches []string
	// Params are by name: one value, or several for a list. The value "$true"
	// or "$false" is a boolean, "$null" null, as PowerShell writes them;
	// everything else is text, which the host converts, but for Self.
	Params     map[string][]string
	Properties []string // of the objects, never empty
}

func (WQL) question()       {}
func (Collector) question() {}
func (Cmdlet) question()    {}
func (Script) question()    {}

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
	if len(q.Args) == 0 {
		return q.Name
	}
	// It is what answers are found by: fmt would take a twentieth of a host's time.
	b := append(make([]byte, 0, 128), q.Name...)
	for _, name := range slices.Sorted(maps.Keys(q.Args)) {
		b = append(append(append(b, ' '), name...), "=["...)
		for i, value := range q.Args[name] {
			if i > 0 {
				b = append(b, ' ')
			}
			b = strconv.AppendQuote(b, value)
		}
		b = append(b, ']')
	}
	return string(b)
}

// String is the command as PowerShell writes it, with the endpoint in front and
// in a fixed order.
func (q Cmdlet) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s", q.endpoint(), q.Name)
	for _, name := range slices.Sorted(maps.Keys(q.Params)) {
		fmt.Fprintf(&b, " -%s %q", name, q.Params[name])
	}
	for _, name := range slices.Sorted(slices.Values(q.Switches)) {
		b.WriteString(" -" + name)
	}
	return b.String()
}

// String names the script with a digest of its text, and its arguments in a fixed
// order.
func (q Script) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%s)", q.Name, q.Digest())
	for _, name := range slices.Sorted(maps.Keys(q.Args)) {
		fmt.Fprintf(&b, " -%s %q", name, q.Args[name])
	}
	return b.String()
}

// Digest tells the texts of scripts apart.
func (q Script) Digest() string {
	sum := sha256.Sum256([]byte(q.Text))
	return hex.EncodeToString(sum[:8])
}

func (q Cmdlet) endpoint() string { return cmp.Or(q.Endpoint, "Microsoft.PowerShell") }

func (q WQL) namespace() string {
	if q.Namespace == "" {
		return "root/cimv2"
	}
	return strings.ReplaceAll(q.Namespace, `\`, "/")
}

// Merge joins questions so that a host is asked as little as possible: doubles
// go, and queries over one class become one query. So an answer may hold more
// rows and columns than a probe asked for; a probe picks its own. The result is
// the same in whatever order the questions come.
func Merge(questions []Question) []Question {
	queries := map[string][]WQL{}
	collectors := map[string]Collector{}
	cmdlets := map[string]Cmdlet{}
	scripts := map[string]Script{}
	for _, q := range questions {
		switch q := q.(type) {
		case Collector:
			collectors[key(q)] = q
		case WQL:
			if q.Most > 0 {
				queries[key(q)] = []WQL{q}
				continue
			}
			queries[key(q)] = append(queries[key(q)], q)
		case Script:
			scripts[key(q)] = q
		case Cmdlet:
			q.Endpoint = q.endpoint()
			q.Properties = foldNames(slices.Concat(cmdlets[key(q)].Properties, q.Properties))
			cmdlets[key(q)] = q
		}
	}
	all := make([]Question, 0, len(queries)+len(collectors)+len(cmdlets)+len(scripts))
	for _, key := range slices.Sorted(maps.Keys(queries)) {
		if alone := queries[key][0]; alone.Most > 0 {
			all = append(all, alone)
			continue
		}
		all = append(all, mergeClass(queries[key]))
	}
	for _, key := range slices.Sorted(maps.Keys(collectors)) {
		all = append(all, collectors[key])
	}
	for _, key := range slices.Sorted(maps.Keys(cmdlets)) {
		all = append(all, cmdlets[key])
	}
	for _, key := range slices.Sorted(maps.Keys(scripts)) {
		all = append(all, scripts[key])
	}
	return all
}

// foldNames sorts names and drops doubles, whatever their case; of several
// spellings the first in byte order stays.
func foldNames(names []string) []string {
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(strings.Compare(strings.ToLower(a), strings.ToLower(b)), strings.Compare(a, b))
	})
	return slices.CompactFunc(names, strings.EqualFold)
}

// mergeClass makes one query of queries over one class. WMI spells namespaces,
// classes and columns in any case; of several spellings the first in byte order
// is taken.
func mergeClass(queries []WQL) WQL {
	merged := WQL{Namespace: queries[0].namespace(), Class: queries[0].Class}
	var conditions []string
	every := false
	for _, q := range queries {
		merged.Namespace = min(merged.Namespace, q.namespace())
		merged.Class = min(merged.Class, q.Class)
		merged.Columns = append(merged.Columns, q.Columns...)
		conditions = append(conditions, q.Where)
		every = every || q.Where == ""
	}
	merged.Columns = foldNames(merged.Columns)
	if every { // no condition means every instance
		return merged
	}
	slices.Sort(conditions)
	// WQL has no condition that binds weaker than OR: no brackets are needed.
	const or = " OR "
	where := strings.Join(slices.Compact(conditions), or)
	// WMI refuses a query with many terms; a probe picks its rows of all.
	const mostTerms = 20
	if strings.Count(strings.ToUpper(where), or) < mostTerms {
		merged.Where = where
	}
	return merged
}

// classKey is the namespace and the class in lower case.
func classKey(q WQL) string {
	namespace := q.namespace()
	var room [96]byte
	b := append(append(append(room[:0], namespace...), ':'), q.Class...)
	for i, c := range b {
		switch {
		case c >= utf8.RuneSelf:
			return strings.ToLower(string(b))
		case 'A' <= c && c <= 'Z':
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// key is what an answer is found by: one query a class, one run a collector call,
// and each query with a limit.
func key(q Question) string {
	wql, ok := q.(WQL)
	switch {
	case ok && wql.Most > 0:
		return fmt.Sprintf("%s: at most %d", wql, wql.Most)
	case ok:
		return classKey(wql)
	default:
		return q.String()
	}
}
