package reach

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"postpatch/probes"
	"postpatch/probes/host"
)

// MayShow says why a mailbox' password must not be shown in a TLS session, nil for none;
// no error where it may. It may to a server whose certificate is good and bears the name
// of the host that the operator's entry is for, or one that the entry gives: what a
// suite says leads no password anywhere. At is where the session leads to, "name:port":
// where that is not the host itself, the entry's leave to show it unproved is none.
func MayShow(state *tls.ConnectionState, c host.Credential, t probes.Target, at string) error {
	entry := host.Mail{}
	if c.Mail != nil {
		entry = *c.Mail
	}
	name, _, err := net.SplitHostPort(at)
	led := err != nil || !strings.EqualFold(name, t.Host)
	switch {
	case c.Current && state == nil: // whoever it is, it is no test account
		return fmt.Errorf("%w: the current user is not proved without TLS", probes.ErrNotTried)
	case led && state == nil:
		return fmt.Errorf("%w: the suite leads to %q, where the password of %s is not shown without TLS, whatever the "+
			"credentials file says of %s", probes.ErrNotTried, at, c.Account(), t.Host)
	case led:
	case entry.AllowPlain, entry.Insecure && state != nil:
		return nil
	case state == nil:
		return fmt.Errorf("%w: the password of %s is not shown without TLS; in a lab, add mail: {allow_plain: true} "+
			"to its entry of the credentials file", probes.ErrNotTried, c.Account())
	}
	names := slices.Concat([]string{t.Host}, entry.Names)
	why := errors.New("there is none")
	for _, name := range names {
		if why = Trusted(*state, Trust{Name: name, Roots: t.Roots}, time.Now()); why == nil {
			return nil
		}
	}
	return fmt.Errorf("%w: the password of %s is not shown to a server whose certificate does not prove that it is %s: "+
		"%w; name what the certificate bears by mail: {names: […]} in the credentials file, or trust its authority",
		probes.ErrNotTried, c.Account(), strings.Join(names, " or "), why)
}

// Unproved says why a secret must not be shown to a server that proves nothing of who it
// is: where the suite leads the host to another address than its name, the secret would go
// to whoever is there. Nil where it may.
func Unproved(t probes.Target, what string) error {
	if strings.EqualFold(t.Address, t.Host) {
		return nil
	}
	return fmt.Errorf("%w: the suite leads %s to %q, where nothing proves who answers, so %s is not shown there: name "+
		"the host by that address, or lead it there yourself by --connect-to", probes.ErrNotTried, t.Host, t.Address, what)
}
