package lab

import (
	"cmp"
	"maps"
	"slices"
	"sync"

	"postpatch/probes/lab/estate"
	"postpatch/probes/lab/exchange"
	"postpatch/probes/lab/kerberos"
)

func isExchangePort(port int) bool { return port == 443 || port == 444 || port == 80 }

// addExchange makes the doors of a host's Exchange: its front end with TLS and in
// clear, and its back end.
func (m *machine) addExchange(h estate.Host) {
	if h.Exchange == nil {
		return
	}
	if m.exchange == nil {
		m.exchange = exchange.New(m.host)
	}
	for _, port := range []int{443, 444, 80} {
		m.addWeb(port)
	}
}

// addMailboxes tells of the accounts of a host's mailboxes.
func addMailboxes(h estate.Host, add func(user, password string)) {
	if h.Exchange == nil {
		return
	}
	for _, address := range slices.Sorted(maps.Keys(h.Exchange.Mailboxes)) {
		m := h.Exchange.Mailboxes[address]
		add(cmp.Or(m.User, address), m.Password)
	}
}

// exchangeTickets makes the Kerberos side of a host's Exchange; nil without a realm.
func (l *Lab) exchangeTickets(h estate.Host) func(estate.Protection, []byte) exchange.Acceptor {
	if l.domain == nil {
		return nil
	}
	keytab := l.domain.kdc.Keytab("HTTP/" + h.Name)
	var mu sync.Mutex
	services := map[kerberos.Policy]*kerberos.Service{}
	return func(protection estate.Protection, bindings []byte) exchange.Acceptor {
		mu.Lock()
		defer mu.Unlock()
		policy := map[estate.Protection]kerberos.Policy{
			estate.Unprotected: kerberos.NoBindings, estate.Allowed: kerberos.Relaxed, estate.Required: kerberos.Strict,
		}[protection]
		if services[policy] == nil {
			service, err := kerberos.NewService(keytab, policy, nil)
			if err != nil {
				return nil
			}
			services[policy] = service
		}
		return services[policy].Acceptor(bindings)
	}
}
