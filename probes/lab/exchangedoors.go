package lab

import (
	"cmp"
	"maps"
	"slices"
	"sync"
	"time"

	goimap "github.com/emersion/go-imap/v2"

	"postpatch/probes/lab/estate"
	"postpatch/probes/lab/exchange"
	"postpatch/probes/lab/kerberos"
	"postpatch/probes/lab/mail"
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
		m.exchange.Inbox = inbox{m.mail, m.host}
	}
	for _, port := range []int{443, 444, 80} {
		m.addWeb(port)
	}
}

// inbox is the store of SMTP, IMAP and POP3 as Exchange looks at it.
type inbox struct {
	store *mail.Store
	host  func() estate.Host
}

// Messages implements exchange.Inbox.
func (i inbox) Messages(address string) []exchange.Mail {
	var all []exchange.Mail
	for _, m := range i.store.Messages(address) {
		all = append(all, exchange.Mail{UID: uint32(m.UID), Raw: m.Raw})
	}
	return all
}

// Deliver implements exchange.Inbox. What is sent by EWS goes the way of all mail.
func (i inbox) Deliver(address string, raw []byte) {
	m := i.host().Mail
	switch {
	case m == nil:
		i.store.Deliver(address, raw, time.Now())
	case m.Fate == "":
		i.store.Deliver(address, raw, time.Now().Add(m.Delay))
	default: // it does not arrive
	}
}

// Remove implements exchange.Inbox.
func (i inbox) Remove(address string, uid uint32) { i.store.Remove(address, goimap.UID(uid)) }

// addAccounts tells of the accounts of a host's mailboxes.
func addAccounts(h estate.Host, add func(user, password string)) {
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
