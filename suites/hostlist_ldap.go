package suites

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"postpatch/suites/inventory"
)

// Directory answers the searches of host lists.
type Directory func(inventory.Search) (inventory.Found, error)

// Unasked are the lists that are kept in a directory which was not asked: the Set
// lacks their hosts, and is good to be checked and nothing else.
func (s *Set) Unasked() []HostList {
	var lists []HostList
	for _, suite := range s.Suites {
		for _, l := range suite.Lists {
			if !l.Asked {
				lists = append(lists, l)
			}
		}
	}
	return lists
}

// directoryList reads {ldap: …}.
func (s *suiteEntries) directoryList(l *listEntry, o object) {
	l.Asked = false
	server, ok := s.directoryURL(l)
	if e, found := o.get("base"); !found {
		s.hintf(l.node, `write base: "OU=Servers,DC=corp,DC=example,DC=org"`, "%s: base is missing", l.what)
	} else if base, good := s.text(e.value, l.what+": base"); good {
		if _, err := ldap.ParseDN(base); err != nil {
			s.errorf(e.value, "%s: base: want a distinguished name, got %q", l.what, shorten(base, 80))
		}
		server.Base = base
	}
	if e, found := o.get("filter"); found {
		var good bool
		server.Filter, good = s.text(e.value, l.what+": filter")
		if _, err := ldap.CompileFilter(server.Filter); good && err != nil {
			s.hintf(e.value, `like "(operatingSystem=Windows Server*)"`, "%s: filter: want a filter of LDAP, got %q", l.what,
				shorten(server.Filter, 80))
		}
	}
	if e, found := o.get("seen"); found {
		// lastLogonTimestamp is up to 14 days old, by its design.
		server.Seen = s.span(e.value, l.what+": seen", within{15 * day, 10_000 * day})
	}
	if e, found := o.get("disabled"); found {
		server.Disabled = s.bool(e.value, l.what+": disabled")
	}
	if ok {
		l.search = &server
	}
}

// directoryURL reads which directory is asked: one whose certificate is checked.
func (s *suiteEntries) directoryURL(l *listEntry) (search inventory.Search, ok bool) {
	const hint = `write "ldaps://dc01.corp.example.org", or ldap:// for StartTLS`
	u, err := url.Parse(l.Name)
	s.secret = s.secret || strings.Contains(l.Name, "@") // a password, perhaps
	if err != nil || u.Scheme != "ldap" && u.Scheme != "ldaps" || !isAddress(u.Hostname()) || u.User != nil ||
		strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" || u.Opaque != "" {
		s.hintf(l.node, hint, "%s: want the URL of a directory, with nothing behind its host and port", l.what)
		return search, false
	}
	search = inventory.Search{Server: strings.ToLower(u.Hostname()), Port: 636}
	if u.Scheme == "ldap" {
		search.StartTLS, search.Port = true, 389
	}
	if text := u.Port(); text != "" {
		port, err := strconv.Atoi(text)
		if err != nil || port < 1 || port > 65535 {
			s.hintf(l.node, hint, "%s: want a port from 1 to 65535", l.what)
			return search, false
		}
		search.Port = port
	}
	return search, true
}

// askDirectories takes in the hosts that directories know.
func (l *loader) askDirectories() {
	answers := map[inventory.Search]inventory.Found{}
	for _, s := range l.entries {
		for _, list := range s.lists {
			if list.search == nil || l.lib.Ask == nil || len(l.found.list) > 0 {
				continue
			}
			found, known := answers[*list.search]
			if !known {
				var err error
				if found, err = l.lib.Ask(*list.search); err != nil {
					s.errorf(list.node, "%s: %v", list.what, err)
					return
				}
				answers[*list.search] = found
				for _, left := range found.LeftOut {
					l.set.LeftOut = append(l.set.LeftOut, list.Name+": left out: "+left)
				}
			}
			list.Asked = true
			s.takeIn(list, reader{file: list.Name, found: l.found}, found.Hosts)
		}
	}
	for i, s := range l.entries {
		for _, list := range s.lists {
			l.set.Suites[i].Lists = append(l.set.Suites[i].Lists, list.HostList)
		}
	}
}

// unasked reports a suite some of whose hosts are not known.
func (s *suiteEntries) unasked() bool {
	for _, l := range s.lists {
		if !l.Asked {
			return true
		}
	}
	return false
}
