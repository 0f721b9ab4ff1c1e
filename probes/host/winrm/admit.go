package winrm

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"postpatch/probes/host"
	"postpatch/probes/host/winrm/auth"
)

// patience is how long a connection is left waiting in the middle of a logon:
// hosts close what is silent.
const patience = 5 * time.Second

var (
	// errStale means that the connection has waited too long to go on with.
	errStale = errors.New("the connection has waited too long")
	// errWaited is wrapped by errors that mean: the time was over before the
	// account's turn came.
	errWaited = errors.New("the account's turn did not come")
)

// trying returns how leave is asked for before the account is shown.
func trying(o Options) func(context.Context) (func(auth.Outcome), error) {
	if o.Logins == nil {
		return nil
	}
	switch o.Auth {
	case Basic, NTLM, Negotiate:
		return func(ctx context.Context) (func(auth.Outcome), error) {
			return o.Logins.Try(ctx, o.Credential, o.Host)
		}
	default:
		return nil
	}
}

// admit waits until the account may be shown to the host. The connection is open
// by then, and most often the host has answered: one that is down keeps no other
// waiting.
func (t *transport) admit(ctx context.Context) error {
	if t.entry.try == nil || t.trial != nil {
		return nil
	}
	start := time.Now()
	done, err := t.entry.try(ctx)
	waited := time.Since(start)
	if err != nil {
		return t.notAdmitted(ctx, err, waited)
	}
	t.trial = done
	if waited > t.patience {
		return errStale
	}
	return nil
}

// notAdmitted words why the account was not shown. It says nothing about the
// host, but that a host which has answered before is alive.
func (t *transport) notAdmitted(ctx context.Context, err error, waited time.Duration) error {
	if ended := ctx.Err(); ended != nil && errors.Is(err, ended) {
		err = &told{
			"the hosts that were asked first have not said within " + round(waited).String() + " whether they take it",
			fmt.Errorf("%w: %w", errWaited, err),
		}
	}
	if !t.answered {
		err = &told{err.Error(), errors.Join(host.ErrNotTried, err)}
	}
	return fmt.Errorf("logging on as %q: %w", t.entry.user, err)
}

// showing is called before anything is sent that shows the account: from then on
// whoever verifies it may have counted it.
func (t *transport) showing() { t.exposed = t.trial != nil }

// settle tells those who wait what became of the logon.
func (t *transport) settle(o auth.Outcome) {
	if t.trial == nil {
		return
	}
	t.trial(o)
	if o != auth.Passed {
		t.trial, t.exposed = nil, false
	}
}

// giveUp settles a logon that came to nothing.
func (t *transport) giveUp() {
	if t.exposed {
		t.settle(auth.Silent)
	}
	t.settle(auth.Unknown)
}

// outcomeOf says what the reply to the first message tells of the account. That
// a message is too large may be said before anybody has looked at it.
func outcomeOf(status int, err error) auth.Outcome {
	switch {
	case status == http.StatusUnauthorized:
		return auth.Refused
	case err == nil, hostSaidSo(err) && status != http.StatusRequestEntityTooLarge:
		return auth.Accepted
	default:
		return auth.Silent
	}
}
