package kerberos

import (
	"encoding/binary"
	"fmt"
	"strings"
	"time"

	"github.com/go-krb5/krb5/iana/flags"
	"github.com/go-krb5/krb5/iana/nametype"
	"github.com/go-krb5/krb5/messages"
	"github.com/go-krb5/krb5/types"
)

// Config is a krb5.conf for clients of a KDC that listens at an address. It
// looks up nothing in DNS and goes over TCP.
func (k *KDC) Config(address string) string {
	domain := strings.ToLower(k.realm)
	return fmt.Sprintf(`[libdefaults]
  default_realm = %[1]s
  dns_lookup_kdc = false
  dns_lookup_realm = false
  dns_canonicalize_hostname = false
  rdns = false
  udp_preference_limit = 1

[realms]
  %[1]s = {
    kdc = %[2]s
  }

[domain_realm]
  .%[3]s = %[1]s
  %[3]s = %[1]s
`, k.realm, address, domain)
}

// Keytab is the keys of an account in a keytab file, under one of its services'
// names or under its own, as ktpass and "samba-tool domain exportkeytab" write
// it. It is nil for a name that the domain does not know.
func (k *KDC) Keytab(name string) []byte {
	components := strings.Split(name, "/")
	e, ok := k.service(types.PrincipalName{NameString: components})
	if !ok {
		return nil
	}
	file := []byte{5, 2}
	for _, key := range e.keys {
		record := binary.BigEndian.AppendUint16(nil, uint16(len(components)))
		record = short(record, k.realm)
		for _, component := range components {
			record = short(record, component)
		}
		record = binary.BigEndian.AppendUint32(record, uint32(nametype.KRB_NT_PRINCIPAL))
		record = binary.BigEndian.AppendUint32(record, uint32(k.clock.now().Unix()))
		record = append(record, keyVersion)
		record = binary.BigEndian.AppendUint16(record, uint16(key.KeyType))
		record = short(record, string(key.KeyValue))
		record = binary.BigEndian.AppendUint32(record, keyVersion)
		file = binary.BigEndian.AppendUint32(file, uint32(len(record)))
		file = append(file, record...)
	}
	return file
}

func short(b []byte, text string) []byte {
	return append(binary.BigEndian.AppendUint16(b, uint16(len(text))), text...)
}

func long(b []byte, text string) []byte {
	return append(binary.BigEndian.AppendUint32(b, uint32(len(text))), text...)
}

// CCache is a credential cache file (version 4) of a user who logged on: a ticket
// for the ticket granting service and for the services that are named. The
// tickets live for that long from now; less than nothing, and they have expired.
func (k *KDC) CCache(user string, life time.Duration, services ...string) ([]byte, error) {
	name := types.PrincipalName{NameType: nametype.KRB_NT_PRINCIPAL, NameString: []string{user}}
	file := k.principal([]byte{5, 4, 0, 0}, name)
	for _, service := range append([]string{"krbtgt/" + k.realm}, services...) {
		part, ticket, err := k.Ticket(user, service, life)
		if err != nil {
			return nil, err
		}
		raw, err := ticket.Marshal()
		if err != nil {
			return nil, err
		}
		file = k.principal(k.principal(file, name), ticket.SName)
		file = binary.BigEndian.AppendUint16(file, uint16(part.Key.KeyType))
		file = long(file, string(part.Key.KeyValue))
		for _, t := range []time.Time{part.AuthTime, part.StartTime, part.EndTime, part.RenewTill} {
			file = binary.BigEndian.AppendUint32(file, uint32(max(t.Unix(), 0)))
		}
		file = append(file, 0) // no user to user
		file = append(file, part.Flags.Bytes...)
		file = append(file, 0, 0, 0, 0, 0, 0, 0, 0) // no addresses, no authorization data
		file = long(long(file, string(raw)), "")
	}
	return file, nil
}

func (k *KDC) principal(b []byte, name types.PrincipalName) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(name.NameType))
	b = binary.BigEndian.AppendUint32(b, uint32(len(name.NameString)))
	b = long(b, k.realm)
	for _, component := range name.NameString {
		b = long(b, component)
	}
	return b
}

// Ticket is a ticket for a service and what is sealed in it, without an exchange.
func (k *KDC) Ticket(user, service string, life time.Duration) (messages.EncTicketPart, messages.Ticket, error) {
	name := types.PrincipalName{NameType: nametype.KRB_NT_SRV_INST, NameString: strings.Split(service, "/")}
	e, ok := k.service(name)
	if !ok {
		return messages.EncTicketPart{}, messages.Ticket{}, fmt.Errorf("making a ticket: no service is named %q", service)
	}
	session, err := newKey(e.keys[0].KeyType)
	if err != nil {
		return messages.EncTicketPart{}, messages.Ticket{}, err
	}
	now, _ := stamp(k.clock.now())
	start := now
	if life < 0 {
		start = now.Add(life - k.options.TicketLife)
	}
	part := messages.EncTicketPart{
		Flags: flagsOf(flags.PreAuthent, flags.Forwardable, flags.EncPARep), Key: session, CRealm: k.realm,
		CName:     types.PrincipalName{NameType: nametype.KRB_NT_PRINCIPAL, NameString: []string{user}},
		Transited: messages.TransitedEncoding{TRType: 1, Contents: []byte{}},
		AuthTime:  start, StartTime: start, EndTime: now.Add(life),
	}
	ticket, err := k.ticket(part, name, e)
	return part, ticket, err
}
