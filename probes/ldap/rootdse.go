package ldap

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/go-ldap/ldap/v3"

	"postpatch/probes/fact"
	"postpatch/probes/internal/reach"
)

const (
	mostText   = 500 // characters of a text
	mostValues = 100 // of a set
)

// timeForm is a GeneralizedTime as Active Directory writes it; others leave the fraction out.
const timeForm = "20060102150405Z0700"

// rootDSE reads what the directory says of itself (MS-ADTS 3.1.1.3.2).
func (v *visit) rootDSE(l *ldap.Conn, start time.Time) error {
	asked := time.Now()
	answer, err := l.Search(&ldap.SearchRequest{
		Scope: ldap.ScopeBaseObject, DerefAliases: ldap.NeverDerefAliases, Filter: "(objectClass=*)",
		Attributes: []string{
			"isSynchronized", "isGlobalCatalogReady", "currentTime", "dnsHostName", "defaultNamingContext", "serverName",
			"domainFunctionality", "forestFunctionality", "domainControllerFunctionality", "highestCommittedUSN",
			"namingContexts", "supportedSASLMechanisms",
		},
	})
	if err != nil {
		return err
	}
	if len(answer.Entries) != 1 {
		return fmt.Errorf("rootDSE has %d entries, where there is one", len(answer.Entries))
	}
	e := answer.Entries[0]
	now := time.Now()
	v.add("state", fact.Text(ready))
	v.add("latency", fact.Duration(now.Sub(start)))
	v.base = e.GetEqualFoldAttributeValue("defaultNamingContext")
	return errors.Join(
		v.flag(e, "isSynchronized", "synchronized"),
		v.flag(e, "isGlobalCatalogReady", "global_catalog"),
		v.clock(e, asked.Add(now.Sub(asked)/2)),
		v.text("dns_host", e.GetEqualFoldAttributeValue("dnsHostName")),
		v.text("domain", v.base),
		v.text("site", siteOf(e.GetEqualFoldAttributeValue("serverName"))),
		v.number(e, "domainFunctionality", "domain_level"),
		v.number(e, "forestFunctionality", "forest_level"),
		v.number(e, "domainControllerFunctionality", "dc_level"),
		v.number(e, "highestCommittedUSN", "usn"),
		v.set(e, "namingContexts", "contexts"),
		v.set(e, "supportedSASLMechanisms", "mechanisms"),
	)
}

// What a directory does not tell is no reading: others than Active Directory tell little.

func (v *visit) flag(e *ldap.Entry, attribute, reading string) error {
	switch value := e.GetEqualFoldAttributeValue(attribute); value {
	case "":
	case "TRUE", "FALSE":
		v.add(reading, fact.Bool(value == "TRUE"))
	default:
		return unclear(attribute, value)
	}
	return nil
}

func (v *visit) number(e *ldap.Entry, attribute, reading string) error {
	value := e.GetEqualFoldAttributeValue(attribute)
	if value == "" {
		return nil
	}
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil {
		return unclear(attribute, value)
	}
	v.add(reading, fact.Int(n))
	return nil
}

func (v *visit) text(reading, value string) error {
	if value != "" {
		v.add(reading, fact.Text(reach.Printable(value, mostText)))
	}
	return nil
}

func (v *visit) set(e *ldap.Entry, attribute, reading string) error {
	values := e.GetEqualFoldAttributeValues(attribute)
	if len(values) > mostValues {
		return fmt.Errorf("%s has %d values, and at most %d are read", attribute, len(values), mostValues)
	}
	if len(values) == 0 {
		return nil
	}
	var shown []string
	for _, value := range values {
		shown = append(shown, reach.Printable(value, mostText))
	}
	v.add(reading, fact.SetOf(shown...))
	return nil
}

// clock compares the directory's time, which has whole seconds, with ours in the middle
// between question and answer.
func (v *visit) clock(e *ldap.Entry, ours time.Time) error {
	value := e.GetEqualFoldAttributeValue("currentTime")
	if value == "" {
		return nil
	}
	seconds, fraction, found := strings.Cut(value, ".")
	if found {
		seconds += strings.TrimLeft(fraction, "0123456789")
	}
	theirs, err := time.Parse(timeForm, seconds)
	if err != nil {
		return unclear("currentTime", value)
	}
	theirs = theirs.Add(time.Second / 2) // the middle of what it may be
	v.add("skew", fact.Duration(theirs.Sub(ours).Round(time.Second).Abs()))
	return nil
}

// siteOf is the site in the name of a server's object: CN=DC1,CN=Servers,CN=site,CN=Sites.
func siteOf(server string) string {
	dn, err := ldap.ParseDN(server)
	if err != nil || len(dn.RDNs) < 4 {
		return ""
	}
	attribute := func(i int) string {
		if len(dn.RDNs[i].Attributes) == 0 {
			return ""
		}
		return dn.RDNs[i].Attributes[0].Value
	}
	if !strings.EqualFold(attribute(1), "Servers") || !strings.EqualFold(attribute(3), "Sites") {
		return ""
	}
	return attribute(2)
}

func unclear(attribute, value string) error {
	return fmt.Errorf("rootDSE says %s is %q, which means nothing", attribute, reach.Printable(value, 100))
}
