package directory

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/go-ldap/ldap/v3"

	"postpatch/suites/inventory"
)

// The attributes of a computer.
const (
	attrDNS     = "dNSHostName"
	attrName    = "cn"
	attrControl = "userAccountControl"
	attrLogon   = "lastLogonTimestamp"

	// everyComputer leaves out the accounts of services, which are computers to
	// Active Directory.
	everyComputer = "(&(objectClass=computer)(!(objectClass=msDS-GroupManagedServiceAccount)))"

	accountDisabled = 2 // a bit of userAccountControl
)

// entry takes a computer in, or leaves it out and says why.
func (g *gatherer) entry(e *ldap.Entry) error {
	if g.seen++; g.seen > inventory.MaxHosts {
		return fmt.Errorf("it has more than %d computers; choose a narrower base or filter", inventory.MaxHosts)
	}
	name := nameOf(e)
	shown := strconv.Quote(clean(e.DN))
	if name != "" {
		shown = name
	}
	flags, _ := strconv.ParseInt(e.GetEqualFoldAttributeValue(attrControl), 10, 64)
	switch {
	case flags&accountDisabled != 0 && !g.search.Disabled:
		g.disabled = append(g.disabled, shown)
	case g.search.Seen > 0 && g.isStale(e):
		g.stale = append(g.stale, shown)
	case name == "":
		g.nameless = append(g.nameless, shown)
	case g.names[strings.ToLower(name)]:
		g.twice = append(g.twice, shown)
	default:
		g.names[strings.ToLower(name)] = true
		g.hosts = append(g.hosts, inventory.Host{Name: name})
	}
	return nil
}

// isStale says whether a computer has not logged on for too long, or never.
func (g *gatherer) isStale(e *ldap.Entry) bool {
	ticks, err := strconv.ParseInt(e.GetEqualFoldAttributeValue(attrLogon), 10, 64)
	return err != nil || ticks <= 0 || g.now.Sub(windowsTime(ticks)) > g.search.Seen
}

// windowsTime is a time that Windows has in parts of 100 ns since 1601.
func windowsTime(ticks int64) time.Time {
	const between = 11_644_473_600 // seconds from 1601 to 1970
	return time.Unix(ticks/10_000_000-between, 0)
}

// refer takes in a place that the answer points to, unless it is one of those of
// Active Directory in which there are no computers.
func (g *gatherer) refer(url string) {
	for _, part := range []string{"dc=domaindnszones,", "dc=forestdnszones,", "cn=configuration,", "cn=schema,"} {
		if strings.Contains(strings.ToLower(url), "/"+part) {
			return
		}
	}
	if len(g.elsewhere) < 100 {
		g.elsewhere = append(g.elsewhere, clean(url))
	}
}

// nameOf is a computer's DNS name: what it says itself, else its own with the domain
// of its distinguished name; "" where there is none that a host can have.
func nameOf(e *ldap.Entry) string {
	if name := strings.TrimSuffix(e.GetEqualFoldAttributeValue(attrDNS), "."); name != "" {
		return hostName(name)
	}
	name := e.GetEqualFoldAttributeValue(attrName)
	dn, err := ldap.ParseDN(e.DN)
	if err != nil || strings.Contains(name, ".") {
		return ""
	}
	for _, rdn := range dn.RDNs {
		for _, part := range rdn.Attributes {
			if strings.EqualFold(part.Type, "DC") {
				name += "." + part.Value
			}
		}
	}
	return hostName(strings.ToLower(name))
}

// hostName is a name that a host can have, or "".
func hostName(name string) string {
	for i, c := range name {
		isWord := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !isWord && (i == 0 || !strings.ContainsRune("._-", c)) {
			return ""
		}
	}
	if len(name) > 253 {
		return ""
	}
	return name
}
