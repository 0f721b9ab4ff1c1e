package mailtalk

import (
	"context"
	"fmt"
	"time"

	"postpatch/probes"
	"postpatch/probes/host"
	"postpatch/probes/internal/reach"
)

// Use is what the credentials file calls the use of a mailbox' password.
const Use = "mail"

// LogOn shows the operator's account to the server by try, once, if it may be shown; see
// Target.LogOn. It returns how long that took, without the wait for the account's turn.
func (w *Wire) LogOn(
	ctx context.Context, t probes.Target, protocol string, try func(host.Credential) (host.Shown, error),
) (took time.Duration, err error) {
	err = t.LogOn(ctx, Use, protocol+" at "+w.at, func(c host.Credential) (host.Shown, error) {
		if err := reach.MayShow(w.tls, c, t, w.at); err != nil {
			return host.Later, err
		}
		if c.Current {
			return host.Later, fmt.Errorf("%w: the current user is proved over the web alone: "+
				"%s wants an entry with a user and a password", probes.ErrNotTried, protocol)
		}
		start := time.Now()
		defer func() { took = time.Since(start) }()
		return try(c)
	})
	return took, err
}
