package iis

import (
	"strings"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/internal/gather"
	"postpatch/probes/internal/named"
)

func bindingSpecs() []probes.ReadingSpec {
	return []probes.ReadingSpec{
		{
			Name: "protocol", Type: fact.TypeText, Rule: fact.Rule{Op: fact.SameText}, Severity: fact.Fail,
			Doc: "The binding's protocol: http, https, ftp, net.tcp.",
		},
		{
			Name: "certificate", Type: fact.TypeText, Rule: fact.Rule{Op: fact.SameText},
			Doc: "The thumbprint of the certificate of an https binding.",
		},
		{
			Name: "certificate_state", Type: fact.TypeText, Keep: "good", Severity: fact.Fail,
			Doc: "good, or what is wrong with that certificate: none, missing, no private key, expired, " +
				"not yet valid; central for one of the central store.",
		},
		{
			Name: "expires", Type: fact.TypeTime, Rule: fact.Rule{Op: fact.AtLeast},
			Doc: "When that certificate ends.",
		},
		{
			Name: "sni", Type: fact.TypeBool,
			Doc: "Whether the certificate is chosen by the name that the client asks for.",
		},
	}
}

// The flags of an https binding: by server name, and from the central certificate
// store (SslFlags of Microsoft.Web.Administration).
const (
	flagSNI     = 1
	flagCentral = 2
)

func (o *observing) binding(row host.Row) {
	protocol := gather.Text(row, "protocol")
	name := "binding/" + gather.Text(row, "site") + "/" + protocol + "/" + gather.Text(row, "binding")
	item, wanted := o.item(name)
	if !wanted {
		return
	}
	o.Add(item, "protocol", fact.Text(protocol))
	if !strings.EqualFold(protocol, "https") {
		return
	}
	flags, known := gather.Number(row, "flags") // absent before IIS 8
	if known {
		o.Add(item, "sni", fact.Bool(flags&flagSNI != 0))
	}
	thumbprint := gather.Text(row, "certificate")
	if thumbprint != "" {
		o.Add(item, "certificate", fact.Text(strings.ToUpper(thumbprint)))
	}
	if !row.Get("problem").Null {
		o.Fail("certificate_state of "+named.Line(item), named.Why(row.Get("problem").Text))
		return
	}
	if ends, there := date(row, "expires"); there {
		o.Add(item, "expires", fact.Time(ends))
	}
	if state := o.certificate(row, thumbprint, flags); state != "" {
		o.Add(item, "certificate_state", fact.Text(state))
	} else {
		o.Failf("certificate_state of "+named.Line(item), "the host does not tell all of the certificate")
	}
}

// certificate is the state of a binding's certificate, by the host's own clock; it
// is empty when that is not known.
func (o *observing) certificate(row host.Row, thumbprint string, flags int64) string {
	if thumbprint == "" {
		if flags&flagCentral != 0 {
			return "central"
		}
		return "none"
	}
	found, foundKnown := row.Get("found").Bool()
	if foundKnown && !found {
		return "missing"
	}
	key, keyKnown := row.Get("key").Bool()
	now, hasNow := date(o.host, "now")
	begins, hasBegin := date(row, "begins")
	ends, hasEnd := date(row, "expires")
	switch {
	case keyKnown && !key:
		return "no private key"
	case !foundKnown || !keyKnown || !hasNow || !hasBegin || !hasEnd:
		return ""
	case now.After(ends):
		return "expired"
	case now.Before(begins):
		return "not yet valid"
	default:
		return "good"
	}
}
