package directory

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"

	"postpatch/probes/lab/estate"
)

func leafOf(c *tls.Certificate) (*x509.Certificate, error) {
	if len(c.Certificate) == 0 {
		return nil, errors.New("no certificate")
	}
	return x509.ParseCertificate(c.Certificate[0])
}

// What Windows says to a search that comes to nothing.
const (
	wantsBind = "000004DC: LdapErr: DSID-0C090A5C, comment: In order to perform this operation a successful bind must " +
		"be completed on the connection., data 0, v4563"
	tooBusy = "00002024: LdapErr: DSID-0C0909E2, comment: the server is too busy, data 0, v4563"
	noBase  = "0000208D: NameErr: DSID-03100245, problem 2001 (NO_OBJECT), data 0"
)

// search answers rootDSE to everybody, and all else to who has bound.
func (t *talk) search(id int64, op *ber.Packet) bool {
	const done = ldap.ApplicationSearchResultDone
	if len(op.Children) < 8 {
		return false
	}
	base, scope, isNumber := op.Children[0].Data.String(), int64(0), false
	if scope, isNumber = op.Children[1].Value.(int64); !isNumber {
		return false
	}
	limit, _ := op.Children[3].Value.(int64)
	filter := op.Children[6]
	var wanted []string
	for _, name := range op.Children[7].Children {
		wanted = append(wanted, name.Data.String())
	}
	switch {
	case t.host.LDAP.Fault == estate.Error:
		return t.say(id, done, ldap.LDAPResultBusy, tooBusy)
	case base == "" && scope == ldap.ScopeBaseObject:
		return t.entry(id, "", rootDSE(t.host, time.Now()), wanted) && t.say(id, done, ldap.LDAPResultSuccess, "")
	case t.user == "":
		return t.say(id, done, ldap.LDAPResultOperationsError, wantsBind)
	case !t.has(base):
		return t.say(id, done, ldap.LDAPResultNoSuchObject, noBase)
	}
	sent := int64(0)
	for _, dn := range slices.Sorted(maps.Keys(t.host.LDAP.Entries)) {
		attributes := t.host.LDAP.Entries[dn]
		if !within(dn, base, int(scope)) || !matches(filter, attributes) {
			continue
		}
		if limit > 0 && sent == limit {
			return t.say(id, done, ldap.LDAPResultSizeLimitExceeded, "")
		}
		sent++
		if !t.entry(id, dn, attributes, wanted) {
			return false
		}
	}
	return t.say(id, done, ldap.LDAPResultSuccess, "")
}

// has says whether there is a base: an entry, or what one is below of.
func (t *talk) has(base string) bool {
	if strings.EqualFold(base, contextOf(t.host)) {
		return true
	}
	for dn := range t.host.LDAP.Entries {
		if within(dn, base, ldap.ScopeWholeSubtree) {
			return true
		}
	}
	return false
}

// within says whether an entry is in the scope of a search.
func within(dn, base string, scope int) bool {
	of, errOf := ldap.ParseDN(dn)
	at, errAt := ldap.ParseDN(base)
	if errOf != nil || errAt != nil {
		return false
	}
	switch scope {
	case ldap.ScopeBaseObject:
		return at.EqualFold(of)
	case ldap.ScopeSingleLevel:
		return len(of.RDNs) == len(at.RDNs)+1 && at.AncestorOfFold(of)
	default:
		return at.EqualFold(of) || at.AncestorOfFold(of)
	}
}

func (t *talk) entry(id int64, dn string, attributes map[string][]string, wanted []string) bool {
	all := len(wanted) == 0 || slices.Contains(wanted, "*")
	entry := ber.Encode(ber.ClassApplication, ber.TypeConstructed, ldap.ApplicationSearchResultEntry, nil, "")
	entry.AppendChild(octets(dn))
	list := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSequence, nil, "")
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		isWanted := slices.ContainsFunc(wanted, func(w string) bool { return strings.EqualFold(w, name) })
		if len(attributes[name]) == 0 || !all && !isWanted {
			continue
		}
		values := attributes[name]
		if len(values) > mostValues {
			list.AppendChild(attribute(name, nil))
			name, values = fmt.Sprintf("%s;range=0-%d", name, mostValues-1), values[:mostValues]
		}
		list.AppendChild(attribute(name, values))
	}
	entry.AppendChild(list)
	return t.send(id, entry)
}

// mostValues is how many values of an attribute come at once (MS-ADTS 3.1.1.3.1.3.3,
// MaxValRange); it is empty then, and another one has the first of them.
const mostValues = 1500

func attribute(name string, values []string) *ber.Packet {
	attribute := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSequence, nil, "")
	attribute.AppendChild(octets(name))
	set := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSet, nil, "")
	for _, value := range values {
		set.AppendChild(octets(value))
	}
	attribute.AppendChild(set)
	return attribute
}

// contextOf is the naming context of a host's domain.
func contextOf(h estate.Host) string {
	return "DC=" + strings.ReplaceAll(domainOf(h), ".", ",DC=")
}

func domainOf(h estate.Host) string {
	if h.OS.Domain != "" {
		return h.OS.Domain
	}
	_, domain, _ := strings.Cut(h.Name, ".")
	return domain
}

// rootDSE is what a domain controller of Windows Server 2022 says of itself.
func rootDSE(h estate.Host, now time.Time) map[string][]string {
	context := contextOf(h)
	short, _, _ := strings.Cut(h.Name, ".")
	configuration, site := "CN=Configuration,"+context, "CN=Default-First-Site-Name,CN=Sites,"
	all := map[string][]string{
		"isSynchronized": {"TRUE"}, "isGlobalCatalogReady": {"TRUE"},
		"currentTime": {now.Add(h.OS.Clock).UTC().Format("20060102150405.0Z")},
		"dnsHostName": {short + "." + domainOf(h)}, "defaultNamingContext": {context},
		"serverName":          {"CN=" + strings.ToUpper(short) + ",CN=Servers," + site + configuration},
		"domainFunctionality": {"7"}, "forestFunctionality": {"7"}, "domainControllerFunctionality": {"7"},
		"highestCommittedUSN": {"20518"},
		"namingContexts": {
			context, configuration, "CN=Schema," + configuration, "DC=DomainDnsZones," + context, "DC=ForestDnsZones," + context,
		},
		"supportedSASLMechanisms": {"GSSAPI", "GSS-SPNEGO", "EXTERNAL", "DIGEST-MD5"},
		"supportedLDAPVersion":    {"3", "2"},
	}
	maps.Copy(all, h.LDAP.RootDSE)
	return all
}

// matches holds a filter against an entry (RFC 4511, 4.5.1.7). What is not known is false.
func matches(filter *ber.Packet, attributes map[string][]string) bool {
	each := func(f *ber.Packet) bool { return matches(f, attributes) }
	not := func(f *ber.Packet) bool { return !each(f) }
	switch int(filter.Tag) {
	case ldap.FilterAnd:
		return !slices.ContainsFunc(filter.Children, not)
	case ldap.FilterOr:
		return slices.ContainsFunc(filter.Children, each)
	case ldap.FilterNot:
		return len(filter.Children) == 1 && not(filter.Children[0])
	case ldap.FilterPresent:
		return len(valuesOf(attributes, filter.Data.String())) > 0
	}
	if len(filter.Children) < 2 {
		return false
	}
	values := valuesOf(attributes, filter.Children[0].Data.String())
	if filter.Tag == ldap.FilterSubstrings {
		return slices.ContainsFunc(values, func(v string) bool { return hasParts(v, filter.Children[1].Children) })
	}
	want := filter.Children[1].Data.String()
	return filter.Tag == ldap.FilterEqualityMatch &&
		slices.ContainsFunc(values, func(v string) bool { return strings.EqualFold(v, want) })
}

func valuesOf(attributes map[string][]string, name string) []string {
	for known, values := range attributes {
		if strings.EqualFold(known, name) {
			return values
		}
	}
	return nil
}

// hasParts says whether a text has all parts of a filter with *, one after the other.
func hasParts(text string, parts []*ber.Packet) bool {
	text = strings.ToLower(text)
	for _, part := range parts {
		want := strings.ToLower(part.Data.String())
		at := strings.Index(text, want)
		switch {
		case at < 0, part.Tag == ldap.FilterSubstringsInitial && at > 0:
			return false
		case part.Tag == ldap.FilterSubstringsFinal:
			return strings.HasSuffix(text, want)
		}
		text = text[at+len(want):]
	}
	return true
}
