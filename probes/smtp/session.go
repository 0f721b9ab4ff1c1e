package smtp

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/internal/mailtalk"
	"postpatch/probes/internal/reach"
)

// session is one conversation with a server.
type session struct {
	mailtalk.Record

	probe  probe
	target probes.Target
	port   int
	wire   *mailtalk.Wire
	start  time.Time
}

// run talks until the server declines or all is known.
func (s *session) run(ctx context.Context) error {
	if slices.Contains(s.probe.Implicit, s.port) {
		if err := s.wire.Secure(ctx, s.probe.ServerName); err != nil {
			return err
		}
		s.certify()
	}
	greeting, err := s.wire.Reply()
	if err != nil {
		return fmt.Errorf("reading the greeting: %w", err)
	}
	s.Add("banner", fact.Text(mailtalk.Words(mailtalk.Undated(greeting.Text()))))
	s.Add("latency", fact.Duration(time.Since(s.start)))
	if greeting.Code != 220 {
		s.decline(greeting)
		return nil
	}
	hello, err := s.wire.Hello(s.probe.EHLO)
	if reach.State(reach.Cause(ctx, err)) == reach.Reset {
		s.Add("state", fact.Text(reach.Reset))
		return nil
	}
	if err != nil {
		return err
	}
	if hello.Code != 250 {
		s.decline(hello)
		return nil
	}
	s.Add("state", fact.Text(mailtalk.Ready))
	extensions := mailtalk.Extensions(hello)
	s.Add("extensions", fact.SetOf(extensions...))
	if s.wire.TLS() == nil {
		if ended, err := s.secure(ctx, extensions); ended || err != nil {
			return err
		}
	}
	return s.further(ctx)
}

// decline tells with what the server does not take a session.
func (s *session) decline(r mailtalk.Reply) {
	s.Add("state", fact.Text(strconv.Itoa(r.Code)))
	s.Because(mailtalk.Spoken(r))
	s.wire.Quit()
}

func (s *session) certify() {
	s.Readings = append(s.Readings, s.wire.Certificate(s.Item, s.probe.ServerName, s.target.Roots)...)
}

// secure starts TLS where it is offered, and reads the certificate. It has ended
// when the conversation is not to go on.
func (s *session) secure(ctx context.Context, extensions []string) (ended bool, err error) {
	state := mailtalk.Absent
	if slices.Contains(extensions, "STARTTLS") {
		state = mailtalk.Offered
	}
	if state == mailtalk.Absent || !s.probe.StartTLS {
		s.Add("starttls", fact.Text(state))
		return false, nil
	}
	answer, err := s.wire.Command("STARTTLS")
	if err != nil {
		return true, err
	}
	fail := func(why string) (bool, error) {
		s.Add("starttls", fact.Text(mailtalk.Failed))
		s.Because(why)
		return true, nil
	}
	if answer.Code != 220 {
		ended, err := fail(mailtalk.Spoken(answer))
		s.wire.Quit()
		return ended, err
	}
	// What was sent ahead of TLS could come from anyone on the way.
	err = s.wire.Secure(ctx, s.probe.ServerName)
	switch {
	case errors.Is(err, mailtalk.ErrInjected):
		ended, err := fail(err.Error())
		s.wire.Quit()
		return ended, err
	case err != nil && reach.State(err) == reach.TLSFailed:
		return fail(err.Error())
	case err != nil:
		return true, err
	}
	s.Add("starttls", fact.Text(mailtalk.Offered))
	s.certify()
	hello, err := s.wire.Hello(s.probe.EHLO)
	if err != nil {
		return true, fmt.Errorf("within TLS: %w", err)
	}
	if hello.Code != 250 {
		s.Because(mailtalk.Spoken(hello))
		return true, fmt.Errorf("within TLS: the server answers %d to EHLO", hello.Code)
	}
	s.Add("tls_extensions", fact.SetOf(mailtalk.Extensions(hello)...))
	return false, nil
}

// further does what the check wants beyond looking.
func (s *session) further(ctx context.Context) error {
	switch {
	case s.probe.Login:
		return s.logIn(ctx)
	case s.probe.Envelope:
		answer, err := s.wire.Command("MAIL FROM:<>")
		if err != nil {
			return err
		}
		s.envelope(answer)
		if _, err := s.wire.Command("RSET"); err != nil {
			return err
		}
	}
	s.wire.Quit()
	return nil
}

func (s *session) envelope(answer mailtalk.Reply) {
	if answer.Code == 250 {
		s.Add("envelope", fact.Text(mailtalk.OK))
		return
	}
	s.Add("envelope", fact.Text(strconv.Itoa(answer.Code)))
	s.Because(mailtalk.Spoken(answer))
}

// logIn shows the operator's account, where the server may see it.
func (s *session) logIn(ctx context.Context) error {
	took, err := s.wire.LogOn(ctx, s.target, "SMTP", func(c host.Credential) (host.Shown, error) {
		client, err := s.wire.SMTP(ctx, s.probe.EHLO)
		if err != nil {
			return host.Later, err
		}
		return mailtalk.LogOnSMTP(client, c)
	})
	in, err := s.LoggedIn(took, err)
	if err != nil || !in {
		return err
	}
	if s.probe.Envelope {
		answer, err := s.wire.Command("MAIL FROM:<>")
		if err != nil {
			return err
		}
		s.envelope(answer)
	}
	s.wire.Quit()
	return nil
}
