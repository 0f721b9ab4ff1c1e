package mailtalk

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"postpatch/probes"
	"postpatch/probes/host"
	"postpatch/probes/internal/reach"
)

// Use is what the credentials file calls the use of a mailbox' password.
const Use = "mail"

// MayShow says why a password must not be shown in a conversation; nil where it may.
// It may within TLS, to a server whose certificate is good and bears the name of the
// host that the operator's entry is for, or one that the entry gives: what a suite
// says leads no password anywhere.
func (w *Wire) MayShow(c host.Credential, t probes.Target) error {
	entry := host.Mail{}
	if c.Mail != nil {
		entry = *c.Mail
	}
	switch {
	case entry.AllowPlain, entry.Insecure && w.tls != nil:
		return nil
	case w.tls == nil:
		return fmt.Errorf("%w: the password of %q is not shown without TLS; in a lab, add mail: {allow_plain: true} "+
			"to its entry of the credentials file", probes.ErrNotTried, c.User)
	}
	names := slices.Concat([]string{t.Host}, entry.Names)
	why := errors.New("there is none")
	for _, name := range names {
		if why = reach.Trusted(*w.tls, reach.Trust{Name: name, Roots: t.Roots}, time.Now()); why == nil {
			return nil
		}
	}
	return fmt.Errorf("%w: the password of %q is not shown to a server whose certificate does not prove that it is %s: "+
		"%w; name what the certificate bears by mail: {names: […]} in the credentials file, or trust its authority",
		probes.ErrNotTried, c.User, strings.Join(names, " or "), why)
}
