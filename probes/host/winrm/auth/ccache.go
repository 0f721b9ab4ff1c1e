package auth

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/go-krb5/krb5/keytab"
	"github.com/go-krb5/krb5/types"

	"postpatch/probes/host"
	"postpatch/probes/internal/kdc"
)

func readKeytab(secret host.Secret) (*keytab.Keytab, error) {
	keys := keytab.New()
	if err := kdc.Guard(func() error { return keys.Unmarshal([]byte(secret.Reveal())) }); err != nil {
		// The library's error may quote the file, which is a secret.
		return nil, errors.New("reading the keytab: it is no keytab file, or cut off")
	}
	return keys, nil
}

// cache is what a credential cache file holds.
type cache struct {
	client  principal
	tickets []ticket
}

// readCache reads the formats 3 and 4 that MIT Kerberos writes since 1990. The
// library's reader reserves any length that a broken file names.
func readCache(secret host.Secret) (cache, error) {
	r := &cacheReader{b: []byte(secret.Reveal())}
	var c cache
	err := kdc.Guard(func() (err error) { c, err = r.cache(); return err })
	if err == nil {
		err = r.err
	}
	if err != nil {
		return cache{}, fmt.Errorf("reading the credential cache: %w", err)
	}
	return c, nil
}

// cacheReader reads big-endian numbers and counted bytes; past the end it reads
// zeros, and err says so.
type cacheReader struct {
	b   []byte
	err error
}

func (r *cacheReader) take(n int) []byte {
	if n < 0 || n > len(r.b) {
		r.err = errors.New("it is cut off")
		r.b = nil
		return make([]byte, min(max(n, 0), 8))
	}
	taken := r.b[:n]
	r.b = r.b[n:]
	return taken
}

func (r *cacheReader) u16() int     { return int(binary.BigEndian.Uint16(r.take(2))) }
func (r *cacheReader) u32() int     { return int(binary.BigEndian.Uint32(r.take(4))) }
func (r *cacheReader) data() []byte { return r.take(r.u32()) }

func (r *cacheReader) cache() (cache, error) {
	version := r.u16()
	if version != 0x0503 && version != 0x0504 {
		return cache{}, fmt.Errorf("its format is %#04x, not that of a file by kinit", version)
	}
	if version == 0x0504 {
		r.take(r.u16()) // tags, none of which matters
	}
	c := cache{client: r.principal()}
	for len(r.b) > 0 && r.err == nil {
		t, err := r.ticket(version)
		if err != nil {
			return cache{}, err
		}
		if len(t.ticket.EncPart.Cipher) > 0 {
			c.tickets = append(c.tickets, t)
		}
	}
	return c, r.err
}

func (r *cacheReader) principal() principal {
	p := principal{name: types.PrincipalName{NameType: int32(r.u32())}}
	count := r.u32()
	p.realm = string(r.data())
	for range count {
		if r.err != nil {
			break
		}
		p.name.NameString = append(p.name.NameString, string(r.data()))
	}
	return p
}

func (r *cacheReader) ticket(version int) (ticket, error) {
	t := ticket{client: r.principal(), server: r.principal()}
	t.key.KeyType = int32(r.u16())
	if version == 0x0503 {
		r.take(2) // the kind again
	}
	t.key.KeyValue = r.data()
	r.take(8) // when it was got and begins
	t.end = time.Unix(int64(r.u32()), 0)
	r.take(4 + 1 + 4) // renewal, whether for another user's key, flags
	for range 2 {     // addresses, authorization data
		for range r.u32() {
			if r.err != nil {
				break
			}
			r.take(2)
			r.data()
		}
	}
	b := r.data()
	r.data() // another user's ticket
	if r.err != nil || t.server.realm == "X-CACHECONF:" {
		return ticket{}, r.err // a setting, which is kept as a ticket
	}
	if err := t.ticket.Unmarshal(b); err != nil {
		return ticket{}, fmt.Errorf("its ticket for %q: %w", t.server.String(), err)
	}
	return t, nil
}

// find returns the cache's ticket for a service, or one that has expired, or none.
func (c cache) find(server principal) (found ticket, ok bool) {
	for _, t := range c.tickets {
		realm := server.realm == "" || server.realm == t.server.realm
		if realm && t.server.name.Equal(server.name) && t.client.is(c.client) && t.end.After(found.end) {
			found, ok = t, true
		}
	}
	return found, ok
}

// first returns the ticket that others are got with.
func (c cache) first() (ticket, error) {
	const way = "get one with kinit"
	t, ok := c.find(ticketService(c.client.realm, c.client.realm))
	switch {
	case !ok:
		return ticket{}, &refusal{
			what: fmt.Sprintf("the credential cache of %q holds no ticket-granting ticket", c.client.String()), way: way,
		}
	case !t.usable():
		return ticket{}, &refusal{
			what: fmt.Sprintf("the ticket of %q in the credential cache expired at %s",
				c.client.String(), t.end.UTC().Format(time.RFC3339)),
			way: way,
		}
	}
	return newTicket(t)
}

func (t ticket) usable() bool { return time.Until(t.end) > 0 }
