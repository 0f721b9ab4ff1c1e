package auth

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/go-krb5/krb5/messages"

	"postpatch/probes/internal/kdc"
)

// mostReferrals is how many realms may lie on the way to a host.
const mostReferrals = 5

// service gets the ticket for a service with a first ticket: the TGS exchange,
// and as many more as KDCs send us on to other realms, RFC 6806 8.
func (k *kdcs) service(ctx context.Context, first ticket, spn principal) (t ticket, err error) {
	err = kdc.Guard(func() error {
		if spn.realm != "" && spn.realm != first.realm() {
			// A krb5.conf says where the host is.
			if first, err = k.walk(ctx, first, ticketService(spn.realm, "")); err != nil {
				return err
			}
		}
		t, err = k.walk(ctx, first, spn)
		return err
	})
	return t, err
}

// realm is the one whose KDC takes the ticket.
func (t ticket) realm() string {
	if name := t.server.name.NameString; len(name) == 2 && name[0] == "krbtgt" {
		return name[1]
	}
	return ""
}

func (k *kdcs) walk(ctx context.Context, at ticket, spn principal) (ticket, error) {
	for range mostReferrals + 1 {
		next, err := k.step(ctx, at, spn)
		if err != nil || sameService(next.server, spn) {
			return next, err
		}
		if next.realm() == "" || next.realm() == at.realm() {
			return ticket{}, fmt.Errorf("the KDC of %q gave a ticket for %q instead of %q",
				at.realm(), next.server.String(), spn.String())
		}
		at = next
	}
	return ticket{}, fmt.Errorf("looking for %q: over %d realms send on to another one", spn.String(), mostReferrals)
}

// sameService compares names as Windows does, in whatever case.
func sameService(a, b principal) bool {
	return strings.EqualFold(a.name.PrincipalNameString(), b.name.PrincipalNameString())
}

func (k *kdcs) step(ctx context.Context, at ticket, spn principal) (ticket, error) {
	conf := *k.conf
	conf.LibDefaults.Canonicalize = true // or no KDC names another realm
	conf.LibDefaults.DefaultTGSEnctypeIDs = kdc.Strongest()
	client := kdc.Principal{Name: at.client.name, Realm: at.client.realm}
	first := kdc.Granted{Ticket: at.ticket, Key: at.key}
	request, err := kdc.ForService(&conf, first, kdc.Wanted{Client: client, Realm: at.realm(), Service: spn.name})
	if err != nil {
		return ticket{}, err
	}
	b, err := request.Marshal()
	if err != nil {
		return ticket{}, err
	}
	b, err = k.ask(ctx, &question{realm: at.realm(), request: b})
	if refused := new(messages.KRBError); errors.As(err, refused) {
		return ticket{}, serviceRefused(*refused, spn)
	}
	if err != nil {
		return ticket{}, err
	}
	next, err := kdc.Service(b, request, client, at.key)
	if err != nil {
		return ticket{}, err
	}
	return newTicket(ticket{
		client: at.client, server: principal{next.Server.Name, next.Server.Realm},
		ticket: next.Ticket, key: next.Key, end: next.End,
	})
}
