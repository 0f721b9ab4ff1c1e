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
				Doc: "Days until the certificate ends that IIS, SMTP, IMAP or POP is bound to: of several the first to end.",
			},
			{
				Name: "thumbprint", Type: fact.TypeText, Rule: fact.Rule{Op: fact.SameText},
				Doc: "The Auth certificate, as the organization names it.",
			},
			{
				Name: "bound", Type: fact.TypeSet, Rule: fact.Rule{Op: fact.SameText},
				Doc: "The thumbprints of the certificates that a service is bound to.",
			},
		},
	}
}

func authConfig() host.Cmdlet {
	return host.Cmdlet{
		Endpoint: exchangehost.Endpoint, Name: "Get-AuthConfig", Properties: []string{"CurrentCertificateThumbprint"},
	}
}

func certificates(p probe) host.Cmdlet {
	return exchangehost.Command("Get-ExchangeCertificate", "Server", p.Server,
		"Thumbprint", "NotAfter", "Services", "HasPrivateKey")
}

// certificate is one that the server has.
type certificate struct {
	thumbprint string
	services   []string
	key        bool
	days       int64
}

func readCertificates(v visit) {
	rows, ok := v.Some("certificates", certificates(v.probe))
	var all []certificate
	if ok {
		all, ok = v.certificates(rows)
		v.bindings(all, ok)
	}
	row, known := v.One("the Auth certificate", authConfig())
	if !known {
		return
	}
	const auth = "certificate/Auth"
	thumbprint := strings.ToUpper(column("CurrentCertificateThumbprint")(row))
	if thumbprint != "" {
		v.Add(auth, "thumbprint", fact.Text(thumbprint))
	}
	at := slices.IndexFunc(all, func(c certificate) bool { return thumbprint != "" && c.thumbprint == thumbprint })
	if at < 0 && !ok {
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
		c := certificate{thumbprint: strings.ToUpper(column("Thumbprint")(row)), key: gather.True(row, "HasPrivateKey")}
		ends, err := endOf(row.Get("NotAfter"))
		if c.thumbprint == "" || err != nil || now.IsZero() {
			v.Failf("certificates", "want a thumbprint and an end, got %q, %q",
				c.thumbprint, named.Within(row.Get("NotAfter").Text, exchangehost.MostName))
			whole = false
			continue
		}
		c.days = wholeDays(ends.Sub(now))
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

// bindings makes readings of each service that has a certificate. What is not whole names
// nothing that could look gone.
func (v visit) bindings(all []certificate, whole bool) {
	for _, service := range []string{"IIS", "SMTP", "IMAP", "POP"} {
		var bound []string
		var days int64
		for _, c := range all {
			if !slices.Contains(c.services, service) {
				continue
			}
			if len(bound) == 0 || c.days < days {
				days = c.days
			}
			bound = append(bound, c.thumbprint)
		}
		if len(bound) > 0 && !v.probe.leaves(service) {
			v.Add("certificate/"+service, "days_left", fact.Int(days))
			if whole {
				v.Add("certificate/"+service, "bound", fact.SetOf(bound...))
			}
		}
	}
}
