// Package msmq observes Message Queuing: whether it runs, and its private queues.
package msmq

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/internal/gather"
	"postpatch/probes/internal/named"
)

// Kind is what a suite calls "msmq". Public queues are in the directory and are not
// looked at. How many messages wait is for expectations only: it is never still.
var Kind = probes.Define(probes.Kind{
	Name: "msmq",
	Doc:  "Message Queuing: whether it runs, its private queues, and whether they can be written to.",
	Item: `the queue's name, private$\orders; empty for Message Queuing as a whole`,
	Main: "queue",
	Example: "- msmq: 'private$\\orders'\n" +
		"  expect: {messages: \"< 1000\"}\n" +
		"  why: the shop hands orders over by it\n",
	Readings: []probes.ReadingSpec{
		{
			Name: "present", Type: fact.TypeBool, Expect: "true", Severity: fact.Fail,
			Doc: "Whether the host has Message Queuing, and a queue; false only of a queue that the suite names.",
		},
		{
			Name: "service", Type: fact.TypeText, Keep: "running", Severity: fact.Fail,
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
			Name: "messages", Type: fact.TypeInt, Rule: fact.Rule{Op: fact.Ignore},
			Doc: "How many messages wait, by the performance counters; absent where they do not know the queue.",
		},
		{
			Name: "journal_messages", Type: fact.TypeInt, Rule: fact.Rule{Op: fact.Ignore},
			Doc: "How many copies the queue's journal holds.",
		},
	},
}, params{}, newProbe)

type params struct {
	Queues []string `param:"queue"  doc:"Names of queues; all private ones when empty."`
	Except []string `param:"except" doc:"Queues that this check leaves out; * stands for any characters."`
}

type probe struct {
	queues []string
	except named.Patterns
}

func newProbe(p params) (probes.Probe, error) {
	if problem := named.Patterns(p.Queues).Check(); problem != "" {
		return nil, probes.Fieldf("queue", "%s", problem)
	}
	for _, queue := range p.Queues {
		if !strings.HasPrefix(named.Fold(queue), `private$\`) || strings.Contains(queue, "*") {
			return nil, probes.Fieldf("queue", `want a private queue such as private$\orders, got %q`, queue)
		}
	}
	if problem := named.Patterns(p.Except).Check(); problem != "" {
		return nil, probes.Fieldf("except", "%s", problem)
	}
	if len(p.Queues) > 0 && len(p.Except) > 0 {
		return nil, probes.Fieldf("except", "goes with all queues only")
	}
	return probe{p.Queues, p.Except}, nil
}

func queues() host.Collector { return host.Collector{Name: "msmq"} }

// counters is the class of the performance counters "MSMQ Queue"; a name is the
// computer's, a backslash and the queue's.
func counters() host.WQL {
	return host.WQL{
		Class:   "Win32_PerfRawData_MSMQ_MSMQQueue",
		Columns: []string{"Name", "MessagesinQueue", "MessagesinJournalQueue"},
	}
}

// Questions implements probes.Asker.
func (probe) Questions() []host.Question { return []host.Question{queues(), counters()} }

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
		r.Fail("queues", told(whole.Get("problem")))
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

func told(cell host.Cell) error {
	return errors.New(cmp.Or(named.Line(cell.Text), "the host does not say why"))
}

func (p probe) queuesOf(r *gather.Reader, rows []host.Row) {
	waiting := counts(r)
	name := func(row host.Row) string { return named.Short(gather.Text(row, "name"), 300) }
	slices.SortStableFunc(rows, func(a, b host.Row) int {
		return strings.Compare(named.Fold(name(a)), named.Fold(name(b)))
	})
	var twins named.Twins
	found := map[string]bool{}
	for _, row := range rows {
		item := name(row)
		if item == "" {
			r.Failf("queues", "the host named one without a name")
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
		count := waiting[named.Fold(item)]
		queue(r, twins.Item(item), row, count)
	}
	for _, item := range p.queues {
		if !found[named.Fold(item)] {
			r.Add(twins.Item(item), "present", fact.Bool(false))
		}
	}
}

// counts are the rows of the performance counters by the queue's folded name. They
// know only queues that were used since the service started, and after some updates
// Windows does not know the counters at all: that is worth no error.
func counts(r *gather.Reader) map[string]host.Row {
	rows, _ := r.Optional("messages", counters())
	all := map[string]host.Row{}
	for _, row := range rows {
		_, queue, ofQueue := strings.Cut(row.Get("Name").Text, `\`)
		if ofQueue {
			all[named.Fold(queue)] = row
		}
	}
	return all
}

func queue(r *gather.Reader, item string, row, count host.Row) {
	r.Add(item, "present", fact.Bool(true))
	for _, name := range []string{"writable", "transactional", "journal"} {
		value, known := row.Get(name).Bool()
		switch {
		case known:
			r.Add(item, name, fact.Bool(value))
		case !row.Get("problem").Null:
			r.Fail(fmt.Sprintf("%s of %s", name, named.Line(item)), told(row.Get("problem")))
		default:
			r.Failf(fmt.Sprintf("%s of %s", name, named.Line(item)), "the host does not tell it")
		}
	}
	if n, known := gather.Number(count, "MessagesinQueue"); known && n >= 0 {
		r.Add(item, "messages", fact.Int(n))
	}
	if n, known := gather.Number(count, "MessagesinJournalQueue"); known && n >= 0 {
		r.Add(item, "journal_messages", fact.Int(n))
	}
}
