package lab

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"postpatch/probes/host"
	"postpatch/probes/lab/estate"
	"postpatch/probes/lab/kerberos"
	"postpatch/probes/lab/tds"
)

// sqlAccounts are what instances of SQL Server add to the domain: the accounts that they run
// as, which hold their names, and the users that they take. Taken are the users that there are
// already, by their names in lower case.
func sqlAccounts(hosts []estate.Host, taken map[string]bool) []kerberos.Account {
	var accounts []kerberos.Account
	for _, h := range hosts {
		if h.SQL == nil || h.SQL.Windows == nil {
			continue
		}
		_, user, qualified := strings.Cut(h.SQL.Windows.User, `\`)
		if !qualified {
			user, _, _ = strings.Cut(h.SQL.Windows.User, "@")
		}
		if name := strings.ToLower(user); !taken[name] {
			taken[name] = true
			accounts = append(accounts, kerberos.Account{Name: user, Password: host.NewSecret(h.SQL.Windows.Password)})
		}
		accounts = append(accounts, sqlService(h))
	}
	return accounts
}

// sqlService is the account that a host's SQL Server runs as. It registers its names when it
// starts, and an estate can have it lose them.
func sqlService(h estate.Host) kerberos.Account {
	short, _, _ := strings.Cut(h.Name, ".")
	a := kerberos.Account{Name: "svc-sql-" + strings.ToLower(short), Password: host.NewSecret("service " + h.Name)}
	if h.SQL.Windows.LostSPN {
		return a
	}
	for _, name := range namesOf(h) {
		a.SPNs = append(a.SPNs, "MSSQLSvc/"+name, "MSSQLSvc/"+name+":"+strconv.Itoa(cmp.Or(h.SQL.Port, 1433)))
	}
	return a
}

// register brings the names of the instances, and the domain's own accounts, to what they
// are now.
func (l *Lab) register(hosts []estate.Host) error {
	if l.domain == nil {
		return nil
	}
	for _, h := range hosts {
		for _, a := range domainUsers(h) {
			if err := l.domain.kdc.Put(a); err != nil {
				return fmt.Errorf("changing the account %q: %w", a.Name, err)
			}
		}
		if h.SQL == nil || h.SQL.Windows == nil {
			continue
		}
		if err := l.domain.kdc.Put(sqlService(h)); err != nil {
			return fmt.Errorf("registering the SQL Server of %s: %w", h.Name, err)
		}
	}
	return nil
}

// sqlServer is one of a host's instances, with its side of Kerberos where there is a realm.
func (l *Lab) sqlServer(m *machine, at func() estate.Host) *tds.Server {
	s := tds.New(at, m.certs)
	if l.domain == nil {
		return s
	}
	var mu sync.Mutex
	services := map[kerberos.Policy]*kerberos.Service{}
	s.Kerberos = func(bindings []byte) tds.Acceptor {
		h := at()
		if h.SQL == nil || h.SQL.Windows == nil {
			return nil
		}
		policy := map[string]kerberos.Policy{
			"": kerberos.NoBindings, "allowed": kerberos.Relaxed, "required": kerberos.Strict,
		}[h.SQL.Windows.Protection]
		mu.Lock()
		defer mu.Unlock()
		if services[policy] == nil {
			keytab := l.domain.kdc.Keytab(sqlService(h).Name)
			service, err := kerberos.NewService(keytab, policy, nil)
			if err != nil {
				return nil
			}
			services[policy] = service
		}
		return services[policy].Acceptor(bindings)
	}
	return s
}
