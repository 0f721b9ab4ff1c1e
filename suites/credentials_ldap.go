package suites

import (
	"strings"

	"gopkg.in/yaml.v3"
)

// forDirectory is the use of a directory that keeps a suite's hosts. An entry serves
// it only by name.
const forDirectory = "ldap"

// forShares is the use of shares, by SMB: an account that may read them, and no
// administrator's for want of another.
const forShares = "smb"

// forTickets is the use of a KDC that is asked for tickets: an account that only has to be
// one of the domain.
const forTickets = "kerberos"

// hasToBeSaid reports a use that an entry has by its for: alone: a password of it
// goes to a server of another sort than the hosts are.
func hasToBeSaid(use string) bool { return use != "winrm" && use != "sql" }

// directories reports patterns that would show a password, or what one can be guessed by, to a
// server of a stranger: whom a check asks a suite says, and anybody can have a certificate
// for a name of a domain that is theirs. WinRM, SQL Server and mail have guards of their own.
func (r reader) directories(rule *credential, hosts []*yaml.Node, what string) {
	if !rule.named {
		return
	}
	for _, use := range rule.uses {
		if use == "winrm" || use == "sql" || use == forMail {
			continue
		}
		for _, n := range hosts {
			if i := strings.LastIndexAny(n.Value, "*?"); i >= 0 && strings.Count(n.Value[i:], ".") < 2 {
				r.hintf(n, `write a server's name, or a pattern that ends in your domain, like "dc*.corp.example.org"`,
					"%s.hosts: for %s a pattern has to end in a domain: a suite chooses whom it asks", what, use)
			}
		}
	}
}
