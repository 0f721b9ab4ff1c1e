package mailtalk

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/emersion/go-imap/v2/imapclient"

	"postpatch/probes"
	"postpatch/probes/host"
	"postpatch/probes/internal/reach"
)

// Door is a port at which mailboxes are shown by IMAP.
type Door struct {
	Address  string // host:port
	Port     int
	Implicit bool   // whether TLS begins at once
	Name     string // that the server is asked for in TLS
}

// Mailbox is one that has been opened. It has to be closed.
type Mailbox struct {
	*imapclient.Client

	wire *Wire
}

// Renew lets the server say as much again as at the start.
func (m *Mailbox) Renew() { m.wire.Renew() }

// Close takes leave.
func (m *Mailbox) Close() { Leave(m.wire, m.Client) }

// ErrDeclined is wrapped by what OpenMailbox says of a server that takes no session.
var ErrDeclined = errors.New("the server takes no session")

// OpenMailbox logs in to an IMAP server with the operator's credential, in TLS. An
// error that wraps ErrDeclined or is a *SaidNo tells what the server answered; see
// Target.LogOn and reach.State for the others.
func OpenMailbox(ctx context.Context, t probes.Target, d Door) (*Mailbox, error) {
	wire, err := Dial(ctx, t, d.Address)
	if err != nil {
		return nil, err
	}
	opened := false
	defer func() {
		if !opened {
			_ = wire.Close()
		}
	}()
	capabilities, err := wire.ready(ctx, d)
	if err != nil {
		return nil, err
	}
	var m *Mailbox
	_, err = wire.LogOn(ctx, t, "IMAP", func(c host.Credential) (host.Shown, error) {
		m = &Mailbox{Client: wire.IMAP(), wire: wire}
		return LogOnIMAP(m.Client, c, capabilities)
	})
	if err != nil && m != nil {
		m.Close()
	}
	if opened = err == nil; !opened {
		return nil, err
	}
	return m, nil
}

// ready brings an IMAP server to the point where a password may be shown, where it
// comes to that, and returns what it offers there.
func (w *Wire) ready(ctx context.Context, d Door) ([]string, error) {
	if d.Implicit {
		if err := w.Secure(ctx, d.Name); err != nil {
			return nil, err
		}
	}
	ask := func(tag, command string) (Answer, error) {
		a, err := w.AskIMAP(tag, command)
		if err == nil && a.Status != "OK" {
			err = fmt.Errorf("%w: %s is answered %s", ErrDeclined, command, a.Says())
		}
		return a, err
	}
	greeting, err := w.GreetIMAP()
	switch {
	case err != nil:
		return nil, fmt.Errorf("reading the greeting: %w", err)
	case greeting.Status == "BYE":
		return nil, fmt.Errorf("%w: %s", ErrDeclined, greeting.Says())
	}
	a, err := ask("a1", "CAPABILITY")
	if err != nil || w.tls != nil || !slices.Contains(a.Capabilities, "STARTTLS") {
		return a.Capabilities, err
	}
	if _, err := ask("a2", "STARTTLS"); err != nil {
		return nil, err
	}
	if err := w.Secure(ctx, d.Name); err != nil {
		return nil, err
	}
	a, err = ask("a3", "CAPABILITY")
	return a.Capabilities, err
}

// StateOf is the word for a server that could not be used, as far as err tells, and
// why in the server's words.
func StateOf(err error) (state, reason string) {
	no, said := errors.AsType[*SaidNo](err)
	switch {
	case errors.Is(err, probes.ErrRefused):
		return "login " + RefusedLogin, err.Error()
	case said:
		return Unavailable, no.Words
	case errors.Is(err, ErrInjected):
		return reach.TLSFailed, err.Error()
	case errors.Is(err, ErrDeclined):
		return Declines, Words(err.Error())
	}
	switch state := reach.State(err); state {
	case reach.Refused, reach.Reset, reach.TLSFailed:
		return state, Words(err.Error())
	}
	return "", ""
}
