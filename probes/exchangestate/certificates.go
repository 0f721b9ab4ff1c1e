package exchangestate

import (
	"slices"
	"strings"
	"time"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/internal/exchangehost"
	"postpatch/probes/internal/gather"
	"postpatch/probes/internal/named"
)

func certificatesPart() part {
	return part{
		name: "certificates", read: readCertificates,
		asks: func(p probe) []host.Question { return []host.Question{authConfig(), certificates(p)} },
		specs: []probes.ReadingSpec{
			{
				Name: "held", Type: fact.TypeBool, Expect: "true", Severity: fact.Fail,
				Doc: "Of the Auth certificate: whether the server has the one that the organization names, with its key.",
			},
			{
				Name: "auth_days_left", Type: fact.TypeInt, Unit: "days", Rule: fact.Rule{Op: fact.Ignore}, Expect: "> 30",
				Doc: "Days until the Auth certificate ends. Without it nobody signs in to OWA, and a new one takes hours.",
			},
			{
				Name: "days_left", Type: fact.TypeInt, Unit: "days", Rule: fact.Rule{Op: fact.Ignore}, Expect: "> 7",
				Doc: "Of a certificate that IIS, SMTP, IMAP or POP uses: days until it ends. One that is still enabled for SMTP, " +
					"IMAP or POP and has a later one of its name is not in use; nor is the Auth certificate by SMTP.",
			},
			{
				Name: "thumbprint", Type: fact.TypeText, Rule: fact.Rule{Op: fact.SameText},
				Doc: "The Auth certificate, as the organization names it.",
			},
			{
				Name: "bound", Type: fact.TypeSet, Rule: fact.Rule{Op: fact.SameText},
				Doc: "The thumbprints of the certificates that a service uses.",
			},
		},
	}
}

const currentAuth = "CurrentCertificateThumbprint"

func authConfig() host.Cmdlet {
	return host.Cmdlet{
		Endpoint: exchangehost.Endpoint, Name: "Get-AuthConfig",
		Properties: []string{currentAuth, "PreviousCertificateThumbprint", "NextCertificateThumbprint"},
	}
}

func certificates(p probe) host.Cmdlet {
	return exchangehost.Command("Get-ExchangeCertificate", "Server", p.Server,
		"Thumbprint", "Subject", "IsSelfSigned", "NotBefore", "NotAfter", "Services", "HasPrivateKey")
}

func readCertificates(v visit) {
	row, known := v.One("the Auth certificate", authConfig())
	var auth []string
	for _, name := range authConfig().Properties {
		auth = append(auth, strings.ToUpper(column(name)(row)))
	}
	rows, ok := v.Some("certificates", certificates(v.probe))
	var all []certificate
	if ok {
		all, ok = v.certificates(rows)
		v.bindings(all, auth, ok)
	}
	if known {
		v.authCertificate(auth[0], all, ok)
	}
}

// authCertificate makes readings of the one by which servers sign what they tell each
// other. Whole says that all certificates are there to be looked through.
func (v visit) authCertificate(thumbprint string, all []certificate, whole bool) {
	const auth = "certificate/Auth"
	if thumbprint != "" {
		v.Add(auth, "thumbprint", fact.Text(thumbprint))
	}
	at := slices.IndexFunc(all, func(c certificate) bool { return thumbprint != "" && c.thumbprint == thumbprint })
	if at < 0 && !whole {
		return // whether it is held cannot be known
	}
	v.Add(auth, "held", fact.Bool(at >= 0 && all[at].key))
	if at >= 0 {
		v.Add(auth, "auth_days_left", fact.Int(all[at].days))
	}
}

// certificates reads what can be read of them; one that cannot is noted, and they are not
// whole.
func (v visit) certificates(rows []host.Row) (all []certificate, whole bool) {
	whole = true
	now := v.local.Now
	if now.IsZero() {
		now = v.Answers.Answered
	}
	for _, row := range rows {
		c := certificate{
			thumbprint: strings.ToUpper(column("Thumbprint")(row)), subject: column("Subject")(row),
			selfSigned: strings.ToLower(gather.Text(row, "IsSelfSigned")), key: gather.True(row, "HasPrivateKey"),
		}
		ends, err := endOf(row.Get("NotAfter"))
		if c.thumbprint == "" || err != nil || now.IsZero() {
			v.Failf("certificates", "want a thumbprint and an end, got %q, %q",
				c.thumbprint, named.Within(row.Get("NotAfter").Text, exchangehost.MostName))
			whole = false
			continue
		}
		begins, err := endOf(row.Get("NotBefore"))
		c.ends, c.days, c.begun = ends, wholeDays(ends.Sub(now)), err != nil || !begins.After(now)
		for service := range strings.SplitSeq(gather.Text(row, "Services"), ",") {
			c.services = append(c.services, strings.ToUpper(strings.TrimSpace(service)))
		}
		all = append(all, c)
	}
	return all, whole
}

// endOf reads a time, of which the host may leave out the zone: a day is not made of that.
func endOf(c host.Cell) (time.Time, error) {
	if when, err := c.Time(); err == nil {
		return when, nil
	}
	return time.Parse("2006-01-02T15:04:05.999999999", strings.TrimSpace(c.Text))
}

// wholeDays rounds down, so that a certificate that ended an hour ago has -1.
func wholeDays(left time.Duration) int64 {
	const day = 24 * time.Hour
	days := int64(left / day)
	if left < 0 && left%day != 0 {
		days--
	}
	return days
}
