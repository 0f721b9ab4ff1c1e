package ldap

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/go-ldap/ldap/v3"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/host/ldapframe"
	"postpatch/probes/internal/cells"
	"postpatch/probes/internal/reach"
)

const (
	mostEntries = 500
	mostFilter  = 2000 // characters
	none        = "none"
	dn          = "dn" // which is no attribute
)

var errMany = fmt.Errorf("more than %d entries: choose a narrower filter", mostEntries)

// checkSearch refuses what cannot be searched for.
func checkSearch(p params) error {
	if p.Filter == "" {
		for field, given := range map[string]bool{
			"base": p.Base != "", "key": p.Key != "", "attributes": len(p.Attributes) > 0,
		} {
			if given {
				return probes.Fieldf(field, "there is no search: add a filter")
			}
		}
		return nil
	}
	if _, err := ldap.CompileFilter(p.Filter); err != nil || len(p.Filter) > mostFilter {
		return probes.Fieldf("filter", "%q is no filter of LDAP, such as (sAMAccountName=WEB01$)",
			reach.Printable(p.Filter, 100))
	}
	if _, err := ldap.ParseDN(p.Base); err != nil {
		return probes.Fieldf("base", "%q is no distinguished name, such as OU=Servers,DC=corp,DC=example",
			reach.Printable(p.Base, 100))
	}
	if len(p.Ports) > 1 {
		return probes.Fieldf("port", "a search goes to one port, got %d", len(p.Ports))
	}
	for _, name := range append([]string{p.Key}, p.Attributes...) {
		if strings.Trim(strings.ToLower(name), "abcdefghijklmnopqrstuvwxyz0123456789-;.") != "" {
			return probes.Fieldf("attributes", "%q is no attribute's name", reach.Printable(name, 100))
		}
	}
	if len(reach.Unique(p.Attributes)) != len(p.Attributes) {
		return probes.Fieldf("attributes", "one of them comes twice")
	}
	return nil
}

// search makes readings of what is found.
func (v *visit) search(l *ldap.Conn, said *ldapframe.Conn) error {
	p := v.probe
	r := &ldap.SearchRequest{
		BaseDN: p.Base, Scope: slices.Index(scopes(), p.Scope), DerefAliases: ldap.NeverDerefAliases,
		SizeLimit: mostEntries + 1, Filter: p.Filter, Attributes: slices.Clone(p.Attributes),
	}
	if r.BaseDN == "" {
		r.BaseDN = v.base
	}
	if p.Key != "" && !slices.Contains(r.Attributes, p.Key) {
		r.Attributes = append(r.Attributes, p.Key)
	}
	if len(r.Attributes) == 0 {
		r.Attributes = []string{"1.1"} // none (RFC 4511, 4.5.1.8)
	}
	answer, err := l.Search(r)
	if err != nil {
		return fmt.Errorf("searching for %s: %w", p.Filter, searchError(result(err, said)))
	}
	if len(answer.Entries) > mostEntries {
		return fmt.Errorf("searching for %s: %w", p.Filter, errMany)
	}
	rows, err := v.rows(answer.Entries)
	if err != nil {
		return fmt.Errorf("searching for %s: %w", p.Filter, err)
	}
	v.add("entries", fact.Int(len(rows)))
	entries, err := cells.ByKey(rows, cmp.Or(p.Key, dn), cells.Words{
		One: "an entry", Many: "entries", Or: ", or leave it out by the filter",
	})
	if err != nil {
		return fmt.Errorf("searching for %s: %w", p.Filter, err)
	}
	for _, e := range entries {
		item := "entry/" + e.Key
		v.readings = append(v.readings, probes.Read(item, "present", fact.Bool(true)))
		for _, name := range p.Attributes {
			v.readings = append(v.readings, cells.Value(item+"/"+name, e.Row.Get(name), none)...)
		}
	}
	return nil
}

// rows are the entries as rows of a table.
func (v *visit) rows(entries []*ldap.Entry) ([]host.Row, error) {
	values := 0
	var rows []host.Row
	for _, e := range entries {
		row := host.Row{dn: host.Cell{Text: shown(e.DN)}}
		for _, a := range e.Attributes {
			if name, _, isPart := strings.Cut(strings.ToLower(a.Name), ";range="); isPart {
				return nil, fmt.Errorf("%s of %s has more values than the directory gives at once", name, shown(e.DN))
			}
			values += len(a.Values)
			row[a.Name] = cell(a.Values)
		}
		rows = append(rows, row)
	}
	if values > cells.MostValues {
		return nil, fmt.Errorf("%d values, more than %d: choose a narrower filter", values, cells.MostValues)
	}
	return rows, nil
}

// cell is an attribute's values, which come in no order.
func cell(values []string) host.Cell {
	switch len(values) {
	case 0:
		return host.Cell{Null: true}
	case 1:
		return host.Cell{Text: shown(values[0])}
	}
	var all []string
	for _, value := range values {
		all = append(all, shown(value))
	}
	slices.Sort(all)
	return host.Cell{List: all}
}

// shown is a value fit to be shown: what is no text comes in hex. Of one that is cut a hash
// tells whether the rest has changed.
func shown(value string) string {
	const most = 4 * mostText
	text := value
	if !utf8.ValidString(value) || strings.ContainsRune(value, 0) {
		text = hex.EncodeToString([]byte(value))
	}
	cut := utf8.RuneCountInString(text) > most
	if text = reach.Printable(text, most); cut {
		text = fmt.Sprintf("%s sha256:%x", text, sha256.Sum256([]byte(value)))
	}
	return text
}

// searchError is why a search came to nothing.
func searchError(err error) error {
	no, said := errors.AsType[*declined](err)
	if !said {
		return err
	}
	switch no.code {
	case ldap.LDAPResultReferral:
		return errors.New("it refers to another server, which is not followed: name the one that has the base itself")
	case ldap.LDAPResultNoSuchObject:
		return errors.New("there is no such base, or the account may not read it")
	case ldap.LDAPResultSizeLimitExceeded:
		return errMany
	case ldap.LDAPResultOperationsError:
		return fmt.Errorf("it answers nobody without an account: bind first (%w)", err)
	}
	return err
}
