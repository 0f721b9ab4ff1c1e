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
	probe    probe
	target   probes.Target
	port     int
	wire     *mailtalk.Wire
	item     string
	start    time.Time
	readings []fact.Reading
}

func (s *session) add(name string, value fact.Value) {
	s.readings = append(s.readings, probes.Read(s.item, name, value))
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
	s.add("banner", fact.Text(mailtalk.Words(mailtalk.Undated(greeting.Text()))))
	s.add("latency", fact.Duration(time.Since(s.start)))
	if greeting.Code != 220 {
		s.decline(greeting)
		return nil
	}
	hello, err := s.wire.Hello(s.probe.EHLO)
	if reach.State(reach.Cause(ctx, err)) == reach.Reset {
		s.add("state", fact.Text(reach.Reset))
		return nil
	}
	if err != nil {
		return err
	}
	if hello.Code != 250 {
		s.decline(hello)
		return nil
	}
	s.add("state", fact.Text(ready))
	extensions := mailtalk.Extensions(hello)
	s.add("extensions", fact.SetOf(extensions...))
	if s.wire.TLS() == nil {
		if ended, err := s.secure(ctx, extensions); ended || err != nil {
			return err
		}
	}
	return s.further(ctx)
}

// decline tells with what the server does not take a session.
func (s *session) decline(r mailtalk.Reply) {
	s.add("state", fact.Text(strconv.Itoa(r.Code)))
	s.because(mailtalk.Spoken(r))
	s.wire.Quit()
}

// because gives the reason for what failed; the first counts.
func (s *session) because(words string) {
	if !slices.ContainsFunc(s.readings, func(r fact.Reading) bool { return r.Key.Name == "reason" }) {
		s.add("reason", mailtalk.Reason(words))
	}
}

func (s *session) certify() {
	s.readings = append(s.readings, s.wire.Certificate(s.item, s.probe.ServerName, s.target.Roots)...)
}

// secure starts TLS where it is offered, and reads the certificate. It has ended
// when the conversation is not to go on.
func (s *session) secure(ctx context.Context, extensions []string) (ended bool, err error) {
	state := absent
	if slices.Contains(extensions, "STARTTLS") {
		state = offered
	}
	if state == absent || !s.probe.StartTLS {
		s.add("starttls", fact.Text(state))
		return false, nil
	}
	answer, err := s.wire.Command("STARTTLS")
	if err != nil {
		return true, err
	}
	fail := func(why string) (bool, error) {
		s.add("starttls", fact.Text(failed))
		s.because(why)
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
	s.add("starttls", fact.Text(offered))
	s.certify()
	hello, err := s.wire.Hello(s.probe.EHLO)
	if err != nil {
		return true, fmt.Errorf("within TLS: %w", err)
	}
	if hello.Code != 250 {
		s.because(mailtalk.Spoken(hello))
		return true, fmt.Errorf("within TLS: the server answers %d to EHLO", hello.Code)
	}
	s.add("tls_extensions", fact.SetOf(mailtalk.Extensions(hello)...))
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
		s.add("envelope", fact.Text(taken))
		return
	}
	s.add("envelope", fact.Text(strconv.Itoa(answer.Code)))
	s.because(mailtalk.Spoken(answer))
}

// logIn shows the operator's account, where the server may see it.
func (s *session) logIn(ctx context.Context) error {
	var start time.Time
	door := "SMTP at " + s.wire.At()
	err := s.target.LogOn(ctx, mailtalk.Use, door, func(c host.Credential) (host.Shown, error) {
		if err := s.wire.MayShow(c, s.target); err != nil {
			return host.Later, err
		}
		start = time.Now()
		client, err := s.wire.SMTP(ctx, s.probe.EHLO)
		if err != nil {
			return host.Later, err
		}
		return mailtalk.LogOnSMTP(client, c)
	})
	no, said := errors.AsType[*mailtalk.SaidNo](err)
	switch {
	case err == nil:
		s.add("login", fact.Text(taken))
		s.add("login_time", fact.Duration(time.Since(start)))
	case errors.Is(err, probes.ErrRefused):
		s.add("login", fact.Text("refused"))
		s.because(err.Error())
		return nil
	case said:
		s.add("login", fact.Text("unavailable"))
		s.because(no.Words)
		return nil
	default:
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
