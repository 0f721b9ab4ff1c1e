// Package wsus observes Windows Server Update Services: whether it answers, and how
// its last synchronization ended.
package wsus

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/internal/gather"
	"postpatch/probes/internal/named"
	"postpatch/probes/internal/note"
)

// Kind is what a suite calls "wsus". It asks the service itself, by the library of
// its console, as a member of WSUS Administrators: a service that runs and whose
// database or application pool does not would look healthy otherwise.
var Kind = probes.Define(probes.Kind{
	Name:    "wsus",
	Doc:     "Windows Server Update Services: whether they answer, their last synchronization, and their clients.",
	Item:    "always empty",
	Items:   probes.NoItems,
	Example: "- wsus: {}\n  why: every other server is patched from it\n",
	Notes: []string{
		note.PowerShell,
		"The account has to be in the group WSUS Administrators, or an administrator.",
	},
	Readings: slices.Concat(specs(), setupSpecs()),
}, struct{}{}, func(struct{}) (probes.Probe, error) { return probe{}, nil })

func specs() []probes.ReadingSpec {
	return []probes.ReadingSpec{
		{
			Name: "present", Type: fact.TypeBool, Gate: true, Expect: "true", Severity: fact.Fail,
			Doc: "Whether the host has WSUS.",
		},
		{
			Name: "service", Type: fact.TypeText, Gate: true, Keep: "running", Severity: fact.Fail,
			Doc: "The state of the service WsusService.",
		},
		{
			Name: "answers", Type: fact.TypeBool, Gate: true, Expect: "true", Severity: fact.Fail,
			Doc: "Whether it lets the account that looks sign in; its web site and database have to run for that. " +
				"Of one that refuses the account it is not known.",
		},
		{
			Name: "error", Type: fact.TypeText, Rule: fact.Rule{Op: fact.Ignore}, Evidence: true,
			Doc: "Why it does not answer, in the host's words.",
		},
		{
			Name: "sync_result", Type: fact.TypeText, Keep: "Succeeded", Severity: fact.Fail,
			Pending: []fact.Value{fact.Text(canceled)},
			Doc: "How the last synchronization ended: Succeeded, Failed, Canceled, NeverRun or Unknown; " +
				"a reboot cancels one, and the next one tells.",
		},
		{
			Name: "sync_canceled", Type: fact.TypeBool, Severity: fact.Note,
			Doc: "Whether the last synchronization was canceled, and the next one is to be waited for.",
		},
		{
			Name: "sync_error", Type: fact.TypeText, Rule: fact.Rule{Op: fact.Ignore}, Evidence: true,
			Doc: "Why the last synchronization failed.",
		},
		{
			Name: "sync_time", Type: fact.TypeTime, Rule: fact.Rule{Op: fact.AtLeast},
			Doc: "When the last synchronization ended; an earlier one than before means another database.",
		},
		{
			Name: "clients", Type: fact.TypeInt, Of: "computers", Rule: fact.Rule{Op: fact.Within, Percent: 10},
			Doc: "How many computers it knows.",
		},
	}
}

// setupSpecs declares what its setup left.
func setupSpecs() []probes.ReadingSpec {
	return []probes.ReadingSpec{
		{
			Name: "port", Type: fact.TypeInt, Of: "TCP port", Severity: fact.Fail,
			Doc: "The port of its web site.",
		},
		{
			Name: "ssl", Type: fact.TypeBool, Severity: fact.Fail,
			Doc: "Whether it is set up for TLS.",
		},
		{
			Name: "content", Type: fact.TypeText, Rule: fact.Rule{Op: fact.SameText},
			Doc: "The folder of the updates.",
		},
		{
			Name: "content_there", Type: fact.TypeBool, Keep: "true", Severity: fact.Fail,
			Doc: "Whether that folder is there; not told of one on another host.",
		},
		{
			Name: "database", Type: fact.TypeText, Rule: fact.Rule{Op: fact.SameText}, Severity: fact.Fail,
			Doc: "The SQL Server of its database, or MICROSOFT##WID.",
		},
		{
			Name: "version", Type: fact.TypeText, Severity: fact.Note,
			Doc: "Its version, which a patch may change.",
		},
	}
}

// canceled is what the library calls a synchronization that did not come to its end.
const canceled = "Canceled"

type probe struct{}

func question() host.Collector { return host.Collector{Name: "wsus"} }

// Questions implements probes.Asker.
func (probe) Questions() []host.Question { return []host.Question{question()} }

// Observe implements probes.Probe.
func (probe) Observe(_ context.Context, t probes.Target) ([]fact.Reading, error) {
	r := &gather.Reader{Answers: t.Answers}
	rows, ok := r.Some("WSUS", question())
	if !ok {
		return r.Result()
	}
	parts := map[string]host.Row{}
	failed := map[string]host.Row{}
	for _, row := range rows {
		part := gather.Text(row, "part")
		into, key := parts, part
		if part == "error" {
			into, key = failed, gather.Text(row, "of")
		}
		if into[key] != nil {
			r.Failf("WSUS", "the host told %q twice", named.Line(key))
			continue
		}
		into[key] = row
	}
	there, known := parts["host"].Get("present").Bool()
	if !known {
		r.Failf("WSUS", "the host does not say whether it has it")
		return r.Result()
	}
	r.Add("", "present", fact.Bool(there))
	if !there {
		return r.Result()
	}
	setup(r, parts["host"])
	service := strings.ToLower(gather.Text(parts["host"], "service"))
	if service == "" {
		r.Failf("service", "the host does not tell its state")
	} else {
		r.Add("", "service", fact.Text(service))
	}
	if answers(r, parts, failed, service) {
		inside(r, parts, failed)
	}
	return r.Result()
}

// setup are the values that its setup keeps in the registry.
func setup(r *gather.Reader, row host.Row) {
	if port, known := gather.Number(row, "port"); known {
		r.Add("", "port", fact.Int(port))
	} else {
		r.Failf("port", "the host does not tell it")
	}
	if ssl, known := gather.Number(row, "ssl"); known {
		r.Add("", "ssl", fact.Bool(ssl != 0))
	}
	for _, name := range []string{"content", "database"} {
		if text := named.Short(gather.Text(row, name), 1000); text != "" {
			r.Add("", name, fact.Text(text))
		}
	}
	if there, known := row.Get("content_there").Bool(); known {
		r.Add("", "content_there", fact.Bool(there))
	} else if !row.Get("content_problem").Null {
		r.Failf("content_there", "%s", named.Line(cmp.Or(row.Get("content_problem").Text, "the host does not say why")))
	}
}

// answers says whether it lets the account in. One that does not run answers
// nobody; without its library, and where it refuses the account, nobody knows.
func answers(r *gather.Reader, parts, failed map[string]host.Row, service string) bool {
	switch {
	case failed["library"] != nil:
		r.Fail("answers", told(failed["library"]))
		return false
	case parts["server"] != nil:
		r.Add("", "answers", fact.Bool(true))
		if version := gather.Text(parts["server"], "version"); version != "" {
			r.Add("", "version", fact.Text(named.Short(version, 100)))
		}
		return true
	case failed["server"] != nil && gather.Text(failed["server"], "code") == "denied":
		r.Fail("answers", fmt.Errorf("%w: %w", host.ErrDenied, told(failed["server"])))
		return false
	case failed["server"] != nil:
		r.Add("", "answers", fact.Bool(false))
		r.Add("", "error", fact.Text(told(failed["server"]).Error()))
		return false
	case service != "running" && service != "":
		r.Add("", "answers", fact.Bool(false))
		r.Add("", "error", fact.Text("the service is "+named.Line(service)))
		return false
	default:
		r.Failf("answers", "the host does not tell it")
		return false
	}
}

func told(row host.Row) error {
	return named.Why(row.Get("error").Text)
}

// inside are the readings that the service itself tells.
func inside(r *gather.Reader, parts, failed map[string]host.Row) {
	sync := parts["sync"]
	result := named.Short(gather.Text(sync, "result"), 100)
	switch {
	case failed["sync"] != nil:
		r.Fail("sync_result", told(failed["sync"]))
	case result == "":
		r.Failf("sync_result", "the host does not tell it")
	default:
		r.Add("", "sync_result", fact.Text(result))
		r.Add("", "sync_canceled", fact.Bool(result == canceled))
		if ended, err := sync.Get("ended").Time(); err == nil {
			r.Add("", "sync_time", fact.Time(ended))
		}
		if why := syncError(sync); result != "Succeeded" && why != "" {
			r.Add("", "sync_error", fact.Text(why))
		}
	}
	clients, known := gather.Number(parts["clients"], "count")
	switch {
	case failed["clients"] != nil:
		r.Fail("clients", told(failed["clients"]))
	case !known || clients < 0:
		r.Failf("clients", "the host does not tell it")
	default:
		r.Add("", "clients", fact.Int(clients))
	}
}

// syncError is the library's name of the error, and the host's words.
func syncError(row host.Row) string {
	return named.Line(gather.Text(row, "error") + " " + gather.Text(row, "words"))
}
