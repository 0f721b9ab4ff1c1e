package mailtalk

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"postpatch/probes/host"
)

// Command says a line to an SMTP server and hears its reply.
func (w *Wire) Command(line string) (Reply, error) {
	if err := w.Send(line); err != nil {
		return Reply{}, err
	}
	r, err := w.Reply()
	if err != nil {
		verb, _, _ := strings.Cut(line, " ")
		return Reply{}, fmt.Errorf("reading the answer to %s: %w", verb, err)
	}
	return r, nil
}

// Hello says EHLO or, to a server that does not know it, HELO, which offers nothing.
// An empty name is the runner's own address.
func (w *Wire) Hello(name string) (Reply, error) {
	if name == "" {
		name = Literal(w.LocalAddr())
	}
	hello, err := w.Command("EHLO " + name)
	if err != nil || hello.Code != 500 && hello.Code != 502 {
		return hello, err
	}
	hello, err = w.Command("HELO " + name)
	hello.Lines = nil
	return hello, err
}

// Literal is an address as the name of one that has none.
func Literal(a net.Addr) string {
	at, err := netip.ParseAddrPort(a.String())
	switch {
	case err != nil:
		return "[127.0.0.1]"
	case at.Addr().Unmap().Is4():
		return "[" + at.Addr().Unmap().String() + "]"
	default:
		return "[IPv6:" + at.Addr().WithZone("").String() + "]"
	}
}

// Quit takes leave of an SMTP server, which logs an error for a client that just
// goes; how it takes it is of no interest.
func (w *Wire) Quit() {
	defer w.Within(time.Second)()
	_, _ = w.Command("QUIT")
}

// Offers says whether an extension is among those of a Hello.
func Offers(extensions []string, name string) bool {
	return slices.ContainsFunc(extensions, func(e string) bool {
		word, _, _ := strings.Cut(e, " ")
		return word == name
	})
}

// SMTP is a library's client for the rest of a conversation that has been greeted.
func (w *Wire) SMTP(ctx context.Context, name string) (*smtp.Client, error) {
	if name == "" {
		name = Literal(w.LocalAddr())
	}
	client := smtp.NewClient(w.Onward("220 ready"))
	if err := client.Hello(name); err != nil {
		return nil, fmt.Errorf("greeting the server: %w", errors.Join(ctx.Err(), err))
	}
	return client, nil
}

// LogOnSMTP shows an account to the server by PLAIN or LOGIN, whichever it offers.
func LogOnSMTP(client *smtp.Client, c host.Credential) (host.Shown, error) {
	var mechanism sasl.Client
	switch {
	case client.SupportsAuth(sasl.Plain):
		mechanism = sasl.NewPlainClient("", c.User, c.Password.Reveal())
	case client.SupportsAuth(sasl.Login):
		mechanism = sasl.NewLoginClient(c.User, c.Password.Reveal())
	default:
		return host.Later, &SaidNo{"the server offers neither AUTH PLAIN nor AUTH LOGIN"}
	}
	err := client.Auth(mechanism)
	refusal, said := errors.AsType[*smtp.SMTPError](err)
	switch {
	case err == nil:
		return host.Taken, nil
	case !said:
		return host.Unsaid, fmt.Errorf("showing the account: %w", err)
	case refusal.Code == 525, refusal.Code == 535, refusal.Code >= 550:
		return host.Refused, nil
	case refusal.Code >= 500 && refusal.Code != 504: // no word on the password, and it may have been looked at
		return host.Unsaid, Declined(err)
	default:
		return host.Later, Declined(err)
	}
}

// SaidNo is an error that holds what a server has answered, in its own words.
type SaidNo struct{ Words string }

func (s *SaidNo) Error() string { return s.Words }

// Declined tells what an SMTP server has answered, when err is such an answer.
func Declined(err error) error {
	if no, said := errors.AsType[*smtp.SMTPError](err); said {
		return &SaidNo{Spoken(Reply{Code: no.Code, Lines: []string{enhanced(no) + no.Message}})}
	}
	return err
}

func enhanced(e *smtp.SMTPError) string {
	if c := e.EnhancedCode; c[0] > 0 {
		return fmt.Sprintf("%d.%d.%d ", c[0], c[1], c[2])
	}
	return ""
}

// Spoken is a reply for people: its code, its words, and what the code is known to
// mean with Exchange.
func Spoken(r Reply) string {
	text := Words(fmt.Sprintf("%d %s", r.Code, r.Text()))
	switch code, _, _ := strings.Cut(r.Text(), " "); code {
	case "4.3.2":
		return text + " (the transport service takes no mail: its component is inactive, or it is overloaded)"
	case "4.3.1":
		return text + " (back pressure: it is short of memory or disk space)"
	default:
		return text
	}
}
