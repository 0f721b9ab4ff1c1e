package mailflow

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/emersion/go-smtp"

	"postpatch/probes/host"
	"postpatch/probes/internal/mailtalk"
	"postpatch/probes/internal/reach"
)

// code is the answer of a connector that does not take the message.
type code struct {
	is    int
	words string
}

func (c *code) Error() string { return c.words }

func declined(r mailtalk.Reply) error { return &code{r.Code, mailtalk.Spoken(r)} }

// connectorState is the word for a connector that did not take the message.
func connectorState(err error) (state, reason string) {
	if c, found := errors.AsType[*code](err); found {
		return strconv.Itoa(c.is), c.words
	}
	if no, found := errors.AsType[*smtp.SMTPError](err); found {
		return strconv.Itoa(no.Code), mailtalk.Declined(no).Error()
	}
	return mailtalk.StateOf(err)
}

// send hands the message to the connector.
func (r *trip) send(ctx context.Context) error {
	p := r.probe
	wire, err := mailtalk.Dial(ctx, r.target, reach.JoinPort(reach.Address(r.target, p.Address), p.Port))
	if err != nil {
		return err
	}
	defer func() { _ = wire.Close() }()
	if err := r.secure(ctx, wire); err != nil {
		return err
	}
	client, err := wire.SMTP(ctx, p.EHLO)
	if err != nil {
		return err
	}
	if p.Login {
		_, err := wire.LogOn(ctx, r.target, "SMTP", func(c host.Credential) (host.Shown, error) {
			return mailtalk.LogOnSMTP(client, c)
		})
		if err != nil {
			return err
		}
	}
	if err := r.submit(client); err != nil {
		return err
	}
	wire.Quit()
	return nil
}

// secure greets the connector, and starts TLS where that can be had.
func (r *trip) secure(ctx context.Context, wire *mailtalk.Wire) error {
	p := r.probe
	name := cmp.Or(p.Address, reach.Name(r.target))
	const implicit = 465
	if p.Port == implicit {
		if err := wire.Secure(ctx, name); err != nil {
			return err
		}
	}
	greeting, err := wire.Reply()
	switch {
	case err != nil:
		return fmt.Errorf("reading the greeting: %w", err)
	case greeting.Code != 220:
		return declined(greeting)
	}
	hello, err := wire.Hello(p.EHLO)
	switch {
	case err != nil:
		return err
	case hello.Code != 250:
		return declined(hello)
	case wire.TLS() != nil || !mailtalk.Offers(mailtalk.Extensions(hello), "STARTTLS"):
		return nil
	}
	answer, err := wire.Command("STARTTLS")
	switch {
	case err != nil:
		return err
	case answer.Code != 220:
		return declined(answer)
	}
	return wire.Secure(ctx, name)
}

func (r *trip) submit(client *smtp.Client) error {
	if err := client.Mail(r.sign.sender, nil); err != nil {
		return err
	}
	if err := client.Rcpt(r.address, nil); err != nil {
		return err
	}
	body, err := client.Data()
	if err != nil {
		return err
	}
	if _, err := io.WriteString(body, r.message(time.Now())); err != nil {
		return err
	}
	return body.Close()
}

// message is what is sent. Nobody's absence is to answer it, and who finds it shall
// know what it is.
func (r *trip) message(now time.Time) string {
	return strings.Join([]string{
		"From: <" + r.sign.sender + ">",
		"To: <" + r.address + ">",
		"Subject: " + r.sign.start() + r.sign.id,
		"Date: " + now.Format(time.RFC1123Z),
		"Message-ID: <" + r.sign.id + ourDomain + ">",
		"Auto-Submitted: auto-generated",
		"X-Auto-Response-Suppress: All",
		"MIME-Version: 1.0",
		"Content-Type: text/plain; charset=us-ascii",
		"",
		"This message was sent by postpatch to see whether mail flows. It is deleted as",
		"soon as it has been read. If you find it, you may delete it.",
		"",
	}, "\r\n")
}
