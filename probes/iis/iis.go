// Package iis observes the sites, application pools and bindings of Internet
// Information Services.
package iis

import (
	"context"
	"errors"
	"slices"
	"strings"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/internal/gather"
	"postpatch/probes/internal/named"
	"postpatch/probes/internal/note"
	"postpatch/probes/internal/wildcard"
)

// Kind is what a suite calls "iis". What ran before has to run again, and a
// binding's certificate has to be usable. It asks IIS' own management library: the
// WMI provider is a feature that few servers have. Whether a site answers is what
// http, tls and tcp check: a started pool says little about that.
var Kind = probes.Define(probes.Kind{
	Name: "iis",
	Doc:  "Sites, application pools and bindings of IIS, and whether the bindings' certificates are usable.",
	Item: "site/ and the site's name, pool/ and the pool's, binding/ with the site's name, protocol and address; " +
		"empty for IIS as a whole",
	Items: probes.AnyCase,
	Main:  "except",
	Example: "- iis: {}\n" +
		"  why: the shop runs on it\n",
	Notes:    []string{note.PowerShell},
	Readings: slices.Concat(wholeSpecs(), siteSpecs(), bindingSpecs()),
}, params{}, newProbe)

type params struct {
	Except []string `param:"except" doc:"Items that this check leaves out: pool/Test*; * stands for any characters."`
}

type probe struct{ except wildcard.Patterns }

func newProbe(p params) (probes.Probe, error) {
	if err := wildcard.Patterns(p.Except).Check("except"); err != nil {
		return nil, err
	}
	return probe{p.Except}, nil
}

func question() host.Collector { return host.Collector{Name: "iis"} }

// Questions implements probes.Asker.
func (probe) Questions() []host.Question { return []host.Question{question()} }

// Observe implements probes.Probe. What cannot be read is named in the error, and
// everything else is there.
func (p probe) Observe(_ context.Context, t probes.Target) ([]fact.Reading, error) {
	o := observing{Reader: gather.Reader{Answers: t.Answers}, except: p.except}
	rows, ok := o.Some("IIS", question())
	if !ok {
		return o.Result()
	}
	parts := map[string][]host.Row{}
	for _, row := range rows {
		part := gather.Text(row, "part")
		parts[part] = append(parts[part], row)
	}
	if len(parts["host"]) != 1 {
		o.Fail("IIS", errors.New("the host does not say whether it has IIS"))
		return o.Result()
	}
	there, known := parts["host"][0].Get("present").Bool()
	switch {
	case !known:
		o.Fail("IIS", errors.New("the host does not say whether it has IIS"))
		return o.Result()
	case !there:
		o.Add("", "present", fact.Bool(false))
		return o.Result()
	}
	o.whole(parts["host"][0])
	o.each(parts["site"], o.site)
	o.each(parts["pool"], o.pool)
	o.each(parts["binding"], o.binding)
	for _, row := range parts["error"] {
		o.Fail(named.Line(gather.Text(row, "of")), named.Why(row.Get("error").Text))
	}
	return o.Result()
}

// observing is one look at one host.
type observing struct {
	gather.Reader
	except wildcard.Patterns
	host   host.Row
	twins  named.Twins
}

func (o *observing) whole(row host.Row) {
	o.host = row
	o.Add("", "present", fact.Bool(true))
	o.service("web_service", "w3svc")
	o.service("activation_service", "was")
	major, hasMajor := gather.Number(row, "major")
	minor, hasMinor := gather.Number(row, "minor")
	if hasMajor && hasMinor {
		o.Add("", "version", version(major, minor))
	}
}

func (o *observing) service(name, column string) {
	if state := gather.Text(o.host, column); state != "" {
		o.Add("", name, fact.Text(word(state)))
		return
	}
	o.Failf(name, "the host does not tell the state of the service %s", strings.ToUpper(column))
}

// each makes the readings of rows in a fixed order, so that the same twins get the
// same numbers.
func (o *observing) each(rows []host.Row, read func(host.Row)) {
	slices.SortStableFunc(rows, func(a, b host.Row) int {
		return strings.Compare(order(a), order(b))
	})
	for _, row := range rows {
		read(row)
	}
}

func order(row host.Row) string {
	var texts []string
	for _, column := range []string{"name", "site", "protocol", "binding", "id", "certificate"} {
		texts = append(texts, row.Get(column).Text)
	}
	return strings.Join(texts, "\x00")
}

// item names one, or leaves it out.
func (o *observing) item(name string) (item string, wanted bool) {
	if o.except.Match(name) {
		return "", false
	}
	return o.twins.Item(name), true
}

// word writes an enumeration's value as the suite does: Started, StopPending.
func word(value string) string { return strings.ToLower(strings.TrimSpace(value)) }
