// Package certificate observes the certificates in the stores of a Windows host.
package certificate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/internal/gather"
	"postpatch/probes/internal/named"
	"postpatch/probes/internal/note"
	"postpatch/probes/internal/wildcard"
)

// Kind is what a suite calls "certificate". An item is a name, not a thumbprint,
// so that a renewal is no new item: of the certificates of a store with the same
// name, issuer and purposes the one that ends last is meant. A renewal is a note,
// an earlier end a warning, and an end or a lost key since the baseline a failure.
// That one goes which had ended at the baseline is a warning.
// The stores Root and CA change by themselves, as Windows fetches roots that it
// needs: name subjects there.
var Kind = probes.Define(probes.Kind{
	Name: "certificate",
	Doc:  "Certificates in the host's stores: when they end, and whether their private keys are there.",
	Item: "the store and the subject's common name, or its first DNS name: My/www.example.org; " +
		"the store alone for it as a whole",
	Items: probes.AnyCase,
	Main:  "subject",
	Example: "- certificate: Microsoft Exchange Server Auth Certificate\n" +
		"  expect: {days_left: \"> 30\"}\n" +
		"  why: when it has ended, an update leaves no way to sign in to OWA and ECP\n",
	Notes: []string{
		note.PowerShell,
		"With keys: true the account has to be allowed to open the keys, which mostly means an administrator.",
		"Keys of RSA and ECDSA are opened; those of other algorithms are not, nor ECDSA's before .NET 4.6.1.",
	},
	Readings: specs(),
}, params{Stores: []string{"My"}, Days: 14}, newProbe)

type params struct {
	Subjects []string `param:"subject" absent:"all" doc:"Names of certificates; * stands for any characters."`
	Stores   []string `param:"store"   doc:"Stores of the local machine: My, WebHosting, Remote Desktop, Root."`
	Except   []string `param:"except"  doc:"Names that this check leaves out; * stands for any characters."`
	Days     int      `param:"days" unit:"days" doc:"So many days before its end a certificate is warned of."`
	Keys     bool     `param:"keys"    doc:"Open private keys (RSA, ECDSA) too; those in a hardware module take time."`
}

var errUntold = errors.New("the host does not tell it")

type probe struct {
	params
	subjects, except wildcard.Patterns
}

func newProbe(p params) (probes.Probe, error) {
	built := probe{params: p, subjects: p.Subjects, except: p.Except}
	lists := map[string]wildcard.Patterns{"subject": p.Subjects, "store": p.Stores, "except": p.Except}
	for _, field := range []string{"subject", "store", "except"} {
		if err := lists[field].Check(field); err != nil {
			return nil, err
		}
	}
	for _, store := range p.Stores {
		if strings.ContainsAny(store, `*?\/"'`) {
			return nil, probes.Fieldf("store", "want the name of a store such as My, got %q", store)
		}
	}
	switch {
	case len(p.Stores) == 0:
		return nil, probes.Fieldf("store", "want the name of a store such as My")
	case p.Days < 0:
		return nil, probes.Fieldf("days", "must not be negative")
	}
	return built, nil
}

func (p probe) question() host.Collector {
	q := host.Collector{Name: "certificates", Args: map[string][]string{"store": p.Stores}}
	if p.Keys {
		q.Args["keys"] = []string{"true"}
	}
	return q
}

// Questions implements probes.Asker.
func (p probe) Questions() []host.Question { return []host.Question{p.question()} }

// Observe implements probes.Probe. A store or a certificate that cannot be read is
// named in the error, and the others are there.
func (p probe) Observe(_ context.Context, t probes.Target) ([]fact.Reading, error) {
	o := observing{Reader: gather.Reader{Answers: t.Answers}, probe: p, now: map[string]time.Time{}}
	rows, ok := o.Some("certificates", p.question())
	if !ok {
		return o.Result()
	}
	ofStores := func(row host.Row) bool { return row.Get("thumbprint").Null }
	for _, row := range rows {
		if ofStores(row) {
			o.store(row)
		}
	}
	for _, store := range p.Stores {
		if _, told := o.now[named.Fold(store)]; !told && !o.failed {
			o.fail("store "+store, errUntold)
		}
	}
	var all []certificate
	for _, row := range slices.DeleteFunc(slices.Clone(rows), ofStores) {
		if c, good := o.certificate(row); good {
			all = append(all, c)
		}
	}
	all = newest(all)
	// Of two of a name, the one that still counts keeps it when the other is tidied away.
	slices.SortStableFunc(all, func(a, b certificate) int { return cmp.Compare(min(b.left, 0), min(a.left, 0)) })
	for _, c := range all {
		o.readings(c)
	}
	o.missing(all)
	return o.Result()
}

// observing is one look at one host.
type observing struct {
	gather.Reader
	probe
	now    map[string]time.Time // by store, folded: the host's own clock when it was read
	failed bool                 // a store could not be read: what is not found may be in it
	twins  named.Twins
}

// store takes in the row of a store as a whole.
func (o *observing) store(row host.Row) {
	name := gather.Text(row, "store")
	now, err := row.Get("now").Time()
	there, known := row.Get("there").Bool()
	switch {
	case !row.Get("problem").Null:
		o.fail("store "+named.Line(name), errors.New(named.Line(row.Get("problem").Text)))
		return
	case err != nil || !known:
		o.fail("store "+named.Line(name), errUntold)
		return
	}
	fold := named.Fold(name)
	if _, twice := o.now[fold]; twice {
		o.fail("store "+named.Line(name), errors.New("the host named it twice"))
		return
	}
	o.now[fold] = now
	item := o.twins.Item(name)
	if !there { // of one that is there, what is expected of certificates is not asked
		o.Add(item, "present", fact.Bool(false))
	}
	if n, known := gather.Number(row, "count"); known {
		o.Add(item, "count", fact.Int(n))
	}
	if more, cut := gather.Number(row, "more"); cut {
		o.fail("store "+named.Line(name), fmt.Errorf("it has %d certificates more than are listed", more))
	}
}

func (o *observing) fail(what string, err error) {
	o.failed = true
	o.Fail(what, err)
}

// wanted says whether the check looks at certificates of that name.
func (o *observing) wanted(name string) bool {
	return (len(o.subjects) == 0 || o.subjects.Match(name)) && !o.except.Match(name)
}

// missing tells of the subjects that the suite names and no store holds. Where a
// store could not be read, nobody knows.
func (o *observing) missing(all []certificate) {
	for _, subject := range o.subjects {
		found := false
		for _, c := range all {
			found = found || wildcard.Match(subject, c.name)
		}
		if !found && !o.failed {
			o.Add(o.twins.Item(o.Stores[0]+"/"+subject), "present", fact.Bool(false))
		}
	}
}
