// Package msmq observes Message Queuing: whether it runs, and its private queues.
package msmq

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/internal/choice"
	"postpatch/probes/internal/gather"
	"postpatch/probes/internal/named"
	"postpatch/probes/internal/note"
	"postpatch/probes/internal/wildcard"
)

// Kind is what a suite calls "msmq". Public queues are in the directory and are not
// looked at. How many messages wait is for expectations only: it is never still.
var Kind = probes.Define(probes.Kind{
	Name:  "msmq",
	Doc:   "Message Queuing: whether it runs, its private queues, and whether they can be written to.",
	Item:  `the queue's name, private$\orders; empty for Message Queuing as a whole`,
	Items: probes.AnyCase,
	Main:  "queue",
	Example: "- msmq: 'private$\\orders'\n" +
		"  expect: {messages: \"< 1000\"}\n" +
		"  why: the shop hands orders over by it\n",
	Notes: []string{note.PowerShell},
	Readings: []probes.ReadingSpec{
		{
			Name: "present", Type: fact.TypeBool, Gate: true, Expect: "true", Severity: fact.Fail,
			Doc: "Whether the host has Message Queuing, and a queue; false only of a queue that the suite names.",
		},
		{
			Name: "service", Type: fact.TypeText, Gate: true, Keep: "running", Severity: fact.Fail,
			Doc: "The state of the service MSMQ.",
		},
		{
			Name: "writable", Type: fact.TypeBool, Keep: "true", Severity: fact.Fail,
			Doc: "Whether the account that looks can open the queue for sending; nothing is sent.",
		},
		{
			Name: "transactional", Type: fact.TypeBool, Severity: fact.Fail,
			Doc: "Whether the queue takes transactions only.",
		},
		{
			Name: "journal", Type: fact.TypeBool,
			Doc: "Whether the queue keeps copies of what was received.",
		},
		{
			Name: "messages", Type: fact.TypeInt, Of: "messages", Rule: fact.Rule{Op: fact.Ignore}, Trend: 50,
			Doc: "How many messages wait; absent where Windows has lost its performance counters, and of very long names.",
		},
		{
			Name: "journal_messages", Type: fact.TypeInt, Of: "messages", Rule: fact.Rule{Op: fact.Ignore},
			Doc: "How many copies the queue's journal holds.",
		},
	},
}, params{}, newProbe)

type params struct {
	Queues []string `param:"queue" absent:"all private ones" doc:"Names of queues."`
	Except []string `param:"except" doc:"Queues that this check leaves out; * stands for any characters."`
}

type probe struct {
	queues []string
	except wildcard.Patterns
}

func newProbe(p params) (probes.Probe, error) {
	if err := wildcard.Patterns(p.Queues).Check("queue"); err != nil {
		return nil, err
	}
	for _, queue := range p.Queues {
		if !strings.HasPrefix(named.Fold(queue), named.Fold(`private$\`)) || strings.Contains(queue, "*") {
			return nil, probes.Fieldf("queue", `want a private queue such as private$\orders, got %q`, queue)
		}
	}
	if err := wildcard.Patterns(p.Except).Check("except"); err != nil {
		return nil, err
	}
	return probe{p.Queues, p.Except}, choice.AllBut(p.Except, "queues", "queue", p.Queues)
}

func queues() host.Collector { return host.Collector{Name: "msmq"} }

// waiting asks the class of the performance counters "MSMQ Queue"; a name is the
// computer's, a backslash and the queue's.
func waiting() host.WQL {
	return host.WQL{
		Class:   "Win32_PerfRawData_MSMQ_MSMQQueue",
		Columns: []string{"Name", "MessagesinQueue", "MessagesinJournalQueue"},
	}
}

// Questions implements probes.Asker.
func (probe) Questions() []host.Question { return []host.Question{queues(), waiting()} }

// Observe implements probes.Probe.
func (p probe) Observe(_ context.Context, t probes.Target) ([]fact.Reading, error) {
	r := &gather.Reader{Answers: t.Answers}
	rows, ok := r.Some("queues", queues())
	if !ok {
		return r.Result()
	}
	isHost := func(row host.Row) bool { return gather.Text(row, "part") == "host" }
	i := slices.IndexFunc(rows, isHost)
	if i < 0 {
		r.Failf("queues", "the host does not say whether it has Message Queuing")
		return r.Result()
	}
	whole := rows[i]
	there, known := whole.Get("present").Bool()
	if !known {
		r.Failf("queues", "the host does not say whether it has Message Queuing")
		return r.Result()
	}
	r.Add("", "present", fact.Bool(there))
	if !there {
		return r.Result()
	}
	service := strings.ToLower(gather.Text(whole, "service"))
	if service == "" {
		r.Failf("service", "the host does not tell its state")
	} else {
		r.Add("", "service", fact.Text(service))
	}
	if !whole.Get("problem").Null {
		r.Fail("queues", named.Why(whole.Get("problem").Text))
		return r.Result()
	}
	if service != "running" {
		if service != "stopped" {
			r.Failf("queues", "they can be told of a running service only, and it is %q", named.Line(service))
		}
		return r.Result() // what runs not has no queues to tell of
	}
	p.queuesOf(r, slices.DeleteFunc(slices.Clone(rows), isHost))
	return r.Result()
}

func (p probe) queuesOf(r *gather.Reader, rows []host.Row) {
	counted := counts(r)
	name := func(row host.Row) string { return named.Short(gather.Text(row, "name"), 300) }
	slices.SortStableFunc(rows, func(a, b host.Row) int {
		return strings.Compare(named.Fold(name(a)), named.Fold(name(b)))
	})
	var twins named.Twins
	found, whole := map[string]bool{}, true
	for _, row := range rows {
		item := name(row)
		if item == "" {
			whole = false // it may be any of those that are not found
			r.Failf("queues", "the host named one without a name: %v", named.Why(row.Get("problem").Text))
			continue
		}
		i := slices.IndexFunc(p.queues, func(n string) bool { return strings.EqualFold(n, item) })
		switch {
		case i >= 0: // under the name that the suite uses
			item = p.queues[i]
		case len(p.queues) > 0 || p.except.Match(item):
			continue
		}
		found[named.Fold(item)] = true
		queue(r, twins.Item(item), row, counted)
	}
	for _, item := range p.queues {
		if !found[named.Fold(item)] && whole {
			r.Add(twins.Item(item), "present", fact.Bool(false))
		}
	}
}

// counters hold the rows of the performance counters by the queue's folded name.
type counters map[string]host.Row

// counts reads them. After some updates Windows does not know the counters at all:
// that is worth no error, as nothing but an owner's expectation goes by them.
func counts(r *gather.Reader) counters {
	rows, _ := r.Optional("messages", waiting())
	all := counters{}
	for _, row := range rows {
		_, queue, ofQueue := strings.Cut(row.Get("Name").Text, `\`)
		if !ofQueue {
			queue = row.Get("Name").Text
		}
		all[named.Fold(queue)] = row
	}
	return all
}

// mostCounted is how long a queue's name may be for the counters to have all of it
// behind a computer's name: an instance of a counter has less than 64 characters.
const mostCounted = 45

// of returns how many messages a queue holds by one of the counters. They know the
// active queues only, and one that is not active holds none (PROPID_MGMT_MSMQ_ACTIVEQUEUES).
func (c counters) of(queue, column string) (n int64, known bool) {
	row, counted := c[named.Fold(queue)]
	if !counted {
		return 0, len(c) > 0 && utf8.RuneCountInString(queue) <= mostCounted
	}
	n, known = gather.Number(row, column)
	return n, known && n >= 0
}

func queue(r *gather.Reader, item string, row host.Row, counted counters) {
	r.Add(item, "present", fact.Bool(true))
	for _, name := range []string{"writable", "transactional", "journal"} {
		value, known := row.Get(name).Bool()
		switch {
		case known:
			r.Add(item, name, fact.Bool(value))
		case !row.Get("problem").Null:
			r.Fail(fmt.Sprintf("%s of %s", name, named.Line(item)), named.Why(row.Get("problem").Text))
		default:
			r.Failf(fmt.Sprintf("%s of %s", name, named.Line(item)), "the host does not tell it")
		}
	}
	name := gather.Text(row, "name")
	if n, known := counted.of(name, "MessagesinQueue"); known {
		r.Add(item, "messages", fact.Int(n))
	}
	if n, known := counted.of(name, "MessagesinJournalQueue"); known {
		r.Add(item, "journal_messages", fact.Int(n))
	}
}
