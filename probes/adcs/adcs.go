// Package adcs observes the certification authority that runs on a Windows host.
package adcs

import (
	"context"
	"slices"
	"time"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/internal/gather"
	"postpatch/probes/internal/named"
	"postpatch/probes/internal/note"
	"postpatch/probes/internal/parts"
	"postpatch/probes/internal/role"
)

// Kind is what a suite calls "adcs". It looks at the lists as the authority keeps
// them; whether clients can fetch them is asked by the kind http.
var Kind = probes.Define(probes.Kind{
	Name:  "adcs",
	Doc:   "The certification authority on a Windows host: does it answer, its certificate, its revocation lists.",
	Item:  "certificate and its number, the oldest is 0; empty for the authority as a whole",
	Items: probes.AnyCase,
	Example: "- adcs: {}\n" +
		"  expect: {crl_left: \"> 24h\"}\n" +
		"  why: a revocation list that has run out stops smart cards, VPN and Wi-Fi\n",
	Notes:    []string{note.PowerShell},
	Readings: slices.Concat(role.Specs("a certification authority"), specs(), listSpecs()),
}, params{}, func(params) (probes.Probe, error) { return probe{}, nil })

type params struct{}

type probe struct{}

func specs() []probes.ReadingSpec {
	return []probes.ReadingSpec{
		{
			Name: "answers", Type: fact.TypeBool, Gate: true, Severity: fact.Fail, Expect: "true",
			Doc: "Whether its interface, through which certificates are asked for, answers the host itself.",
		},
		{
			Name: "error", Type: fact.TypeText, Rule: fact.Rule{Op: fact.Ignore}, Evidence: true,
			Doc: "Why it does not answer, in the host's words.",
		},
		{
			Name: "ca", Type: fact.TypeText, Severity: fact.Fail,
			Doc: "The authority's name.",
		},
		{
			Name: "type", Type: fact.TypeText, Severity: fact.Fail,
			Values: []string{"enterprise root", "enterprise subordinate", "standalone root", "standalone subordinate"},
			Doc:    "What it is: enterprise root, enterprise subordinate, standalone root or standalone subordinate.",
		},
		{
			Name: "certificate", Type: fact.TypeText, Rule: fact.Rule{Op: fact.SameText},
			Doc: "The thumbprint of its newest certificate.",
		},
		{
			Name: "certificate_state", Type: fact.TypeText, Severity: fact.Fail, Keep: "valid",
			Values: []string{"valid", "revoked", "invalid", "error"},
			Doc:    "What the authority makes of that certificate: valid, revoked, invalid, error.",
		},
		{
			Name: "ca_expires", Type: fact.TypeTime, Rule: fact.Rule{Op: fact.Ignore},
			Doc: "Until when that certificate is valid.",
		},
		{
			Name: "ca_days", Type: fact.TypeInt, Unit: "days", Rule: fact.Rule{Op: fact.Ignore}, Severity: fact.Fail,
			Keep: ">= 0", Doc: "How many days that is still; negative after it.",
		},
		{
			Name: "warnings", Type: fact.TypeSet, Rule: fact.Rule{Op: fact.Subset},
			Doc: "Of that certificate: ends soon, in less than 14 days, or has ended.",
		},
		{
			Name: "templates", Type: fact.TypeSet, Rule: fact.Rule{Op: fact.Superset}, Severity: fact.Fail,
			Doc: "The templates that it issues certificates of.",
		},
	}
}

const service = "CertSvc"

// collector asks the authority's own interface. Source of its numbers: the
// documentation of ICertRequest2::GetCAProperty, and MS-CSRA for the states.
func collector() host.Collector { return host.Collector{Name: "adcs"} }

// Questions implements probes.Asker.
func (probe) Questions() []host.Question {
	return []host.Question{role.Question(service), collector()}
}

// Observe implements probes.Probe. What one part does not tell is named in the
// error; the readings of all others are there beside it.
func (probe) Observe(_ context.Context, t probes.Target) ([]fact.Reading, error) {
	r := &gather.Reader{Answers: t.Answers}
	if !role.Read(r, service) {
		return r.Result()
	}
	rows, ok := r.Some("what the certification authority says of itself", collector())
	if !ok {
		return r.Result()
	}
	told := parts.Of(r, rows)
	row, ok := told.One("now")
	if !ok {
		return r.Result()
	}
	now, err := row.Get("Now").Time()
	if err != nil {
		r.Fail("the host's time", err)
		return r.Result()
	}
	readAuthority(r, told, now)
	return r.Result()
}

const (
	mostText      = 256
	mostTemplates = 1000
)

func readAuthority(r *gather.Reader, told parts.Parts, now time.Time) {
	kind := int64(-1)
	if row, ok := told.One("ca"); ok {
		r.Add("", "ca", fact.Text(named.Within(gather.Text(row, "Name"), mostText)))
		number, known := gather.Number(row, "Type")
		if !known || number < 0 || number >= int64(len(types())) || types()[number] == "" {
			r.Failf("type", "CAType is %q", named.Within(row.Get("Type").Text, mostText))
		} else {
			kind = number
			r.Add("", "type", fact.Text(types()[number]))
		}
	}
	row, ok := told.One("answers")
	if !ok {
		return
	}
	if !told.Answers(row, "answers", "error") {
		return
	}
	if row, ok := told.One("certificate"); ok {
		readCertificate(r, row, now)
		readLists(r, told, row, now)
	}
	if kind == 0 || kind == 1 {
		readTemplates(r, told)
	}
}

// types are the values of CAType, which are those of ENUM_CATYPES.
func types() []string {
	return []string{
		"enterprise root", "enterprise subordinate", "", "standalone root", "standalone subordinate",
	}
}

func readCertificate(r *gather.Reader, row host.Row, now time.Time) {
	r.Add("", "certificate", fact.Text(named.Within(gather.Text(row, "Thumbprint"), mostText)))
	number, known := gather.Number(row, "State")
	if !known || number < 0 || number >= int64(len(states())) {
		r.Failf("certificate_state", "the state is %q", named.Within(row.Get("State").Text, mostText))
	} else {
		r.Add("", "certificate_state", fact.Text(states()[number]))
	}
	expires, err := row.Get("Expires").Time()
	if err != nil {
		r.Fail("ca_expires", err)
		return
	}
	const day = 24 * time.Hour
	days := int64(expires.Sub(now) / day)
	if expires.Before(now) {
		days--
	}
	r.Add("", "ca_expires", fact.Time(expires))
	r.Add("", "ca_days", fact.Int(days))
	var warnings []string
	switch {
	case days < 0:
		warnings = append(warnings, "has ended")
	case days < soon:
		warnings = append(warnings, "ends soon")
	}
	r.Add("", "warnings", fact.SetOf(warnings...))
}

// soon are the days in which a certificate can still be renewed at leisure.
const soon = 14

// states are the values of CA_DISP_….
func states() []string {
	return []string{"incomplete", "error", "revoked", "valid", "invalid", "under submission"}
}

func readTemplates(r *gather.Reader, told parts.Parts) {
	row, ok := told.One("templates")
	if !ok {
		return
	}
	set, err := named.Set("templates", gather.List(row, "Names"), mostTemplates)
	if err != nil {
		r.Fail("templates", err)
		return
	}
	r.Add("", "templates", set)
}
