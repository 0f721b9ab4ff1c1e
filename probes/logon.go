package probes

import (
	"context"
	"fmt"

	"postpatch/probes/host"
)

// ErrRefused is wrapped by a LogOn error that means: the server refused the
// account. That is a reading.
var ErrRefused = host.ErrRefused

// Entrant is a probe that shows a password where its check wants it to, so that its
// kind cannot say for all of its checks whether they need a credential.
type Entrant interface {
	// Enters returns the use for which this one wants a credential; "" for none.
	Enters() string
}

// EntrantAt is an Entrant that may be for another server than the host under test, whose own
// credential is wanted then.
type EntrantAt interface {
	Entrant
	// EntersAt returns the name of that server; "" for the host under test.
	EntersAt() string
}

// LogOn shows the operator's credential for a use to a server, unless the password is
// known to be wrong: one that was refused is shown nowhere else in the run, lest the
// account be locked, and never again here. Door is what it is shown to, "IMAP at port
// 993". Try shows it once and tells what became of it, with an error where it was
// neither taken nor refused; it is not called where the password must not be shown.
//
// No error means that the account was taken. One that wraps ErrRefused means that it
// was refused here, now or earlier in the run; one that wraps ErrNotTried, that
// nothing was shown. Every other is try's own.
func (t Target) LogOn(
	ctx context.Context, use, door string, try func(host.Credential) (host.Shown, error),
) error {
	credential, err := t.Credential(use)
	if err != nil {
		return fmt.Errorf("finding the credential: %w", err)
	}
	door = t.Host + ": " + door
	done, err := t.Accounts.Try(ctx, credential, door)
	if err != nil {
		return err
	}
	shown := host.Unsaid
	defer func() { done(shown) }() // whatever try does, also when it panics
	shown, err = try(credential)
	switch shown {
	case host.Taken, host.LetIn:
		return nil
	case host.Refused:
		return fmt.Errorf("%w: %q by %s", ErrRefused, credential.User, door)
	case host.Later, host.Unsaid:
	}
	if err == nil {
		err = fmt.Errorf("%s did not say whether it takes the account %q", door, credential.User)
	}
	return err
}
