package main

import (
	"cmp"
	"errors"
	"maps"
	"slices"
	"strings"

	"postpatch/probes/host"
	"postpatch/probes/lab/estate"
	"postpatch/suites"
)

// labKeys opens a lab's hosts with the accounts that its estate file gives them.
type labKeys struct {
	estate  *estate.Estate
	hostKey func(name string) string // of SSH; nil where nobody is entered
}

func (k labKeys) For(name, use string) (host.Credential, error) {
	h := k.host(name)
	switch {
	case use == "sql" && len(h.AllSQL()) > 0: // all instances of a host are entered alike
		sql := h.AllSQL()[0]
		return host.Credential{User: sql.User, Password: host.NewSecret(sql.Password)}, nil
	case use == "winrm" && h.WinRM == nil && h.SSH != nil:
		return host.Credential{User: cmp.Or(h.SSH.User, "lab"), Password: host.NewSecret(cmp.Or(h.SSH.Password, "lab"))}, nil
	case use == "winrm" && h.WinRM != nil:
		user := h.WinRM.User
		if _, bare, qualified := strings.Cut(user, `\`); qualified && k.estate.Realm != "" {
			user = bare + "@" + k.estate.Realm
		}
		return host.Credential{User: user, Password: host.NewSecret(h.WinRM.Password)}, nil
	case use == "kerberos" && h.KDC != nil && len(h.KDC.Users) > 0:
		user := slices.Min(slices.Collect(maps.Keys(h.KDC.Users)))
		password := host.NewSecret(cmp.Or(h.KDC.Users[user].Password, "lab"))
		return host.Credential{User: user + "@" + k.estate.Realm, Password: password}, nil
	case use == "ldap" && h.LDAP != nil:
		return domainKey(h.LDAP.User, h.LDAP.Password, k.estate.Realm), nil
	case use == "smb" && h.SMB != nil:
		return domainKey(h.SMB.User, h.SMB.Password, k.estate.Realm), nil
	case use == "mail" && h.Exchange != nil && len(h.Exchange.Mailboxes) > 0:
		return mailboxKey(h, k.estate.Realm), nil
	case use == "mail" && h.Mail != nil && len(h.Mail.Users) > 0:
		user := slices.Min(slices.Collect(maps.Keys(h.Mail.Users)))
		return host.Credential{User: user, Password: host.NewSecret(h.Mail.Users[user])}, nil
	case use == "radius" && h.RADIUS != nil:
		return host.Credential{Password: host.NewSecret(h.RADIUS.Secret)}, nil
	case use == "radius_user" && h.RADIUS != nil && len(h.RADIUS.Users) > 0:
		user := slices.Min(slices.Collect(maps.Keys(h.RADIUS.Users)))
		return host.Credential{User: user, Password: host.NewSecret(h.RADIUS.Users[user])}, nil
	case use == "snmp" && h.SNMP != nil:
		return host.Credential{Password: host.NewSecret(cmp.Or(h.SNMP.Community, "public"))}, nil
	}
	return host.Credential{}, errors.New("the estate has no such account")
}

// domainKey is an account of the estate's domain, as Kerberos knows it where there is a realm.
func domainKey(user, password, realm string) host.Credential {
	if _, bare, qualified := strings.Cut(user, `\`); qualified && realm != "" {
		user = bare + "@" + realm
	}
	return host.Credential{User: user, Password: host.NewSecret(password)}
}

// mailboxKey opens the first mailbox of an Exchange server. Without a realm the user has no
// domain, so that nobody looks for one in the DNS.
func mailboxKey(h estate.Host, realm string) host.Credential {
	address := slices.Min(slices.Collect(maps.Keys(h.Exchange.Mailboxes)))
	box := h.Exchange.Mailboxes[address]
	local, _, _ := strings.Cut(address, "@")
	user := cmp.Or(box.User, local)
	if _, bare, qualified := strings.Cut(user, `\`); qualified {
		user = bare
	}
	if realm != "" {
		user += "@" + realm
	}
	way := &host.Mail{Address: address}
	if h.Exchange.TLS != nil {
		way.Names = h.Exchange.TLS.Names
	}
	return host.Credential{User: user, Password: host.NewSecret(cmp.Or(box.Password, "lab")), Mail: way}
}

// WinRM enters as the listener wants it: Basic only where it says plain. A host without it
// is asked over SSH.
func (k labKeys) WinRM(name string) suites.WinRMSettings {
	w := k.host(name).WinRM
	switch {
	case w == nil && k.host(name).SSH != nil:
		s := &suites.SSHSettings{Port: 22}
		if k.hostKey != nil {
			s.HostKeys = []string{k.hostKey(name)}
		}
		return suites.WinRMSettings{SSH: s}
	case w == nil || w.Plain:
		return suites.WinRMSettings{AllowPlain: true, Auth: "basic"}
	case w.TLS && !w.HTTP:
		return suites.WinRMSettings{TLS: true, Auth: "negotiate"}
	default:
		return suites.WinRMSettings{Auth: "negotiate"}
	}
}

// SQL enters as the estate's login is.
func (k labKeys) SQL(name string) suites.SQLSettings {
	s := suites.SQLSettings{Auth: "sql", Encrypt: "true"}
	if sql := k.host(name).SQL; sql != nil && strings.ContainsAny(sql.User, `\@`) {
		s.Auth = "negotiate"
	}
	return s
}

func (k labKeys) host(name string) estate.Host {
	for _, h := range k.estate.Hosts(k.estate.States()[0]) {
		if h.Name == name {
			return h
		}
	}
	return estate.Host{}
}
