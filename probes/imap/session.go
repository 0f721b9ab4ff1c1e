package imap

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/emersion/go-imap/v2"

	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/internal/mailtalk"
)

// session is IMAP's part of a visit.
type session struct {
	capabilities []string // those that hold now
}

func (s *session) protocol() mailtalk.Protocol {
	return mailtalk.Protocol{
		Name: "IMAP", Greet: s.greet, Offers: s.offers, StartTLS: s.startTLS, LogIn: s.logIn, Leave: s.leave,
	}
}

func (s *session) greet(v *mailtalk.Visit) (banner, declined string, err error) {
	a, err := v.Wire.GreetIMAP()
	if err == nil && a.Status == "BYE" {
		return a.Text, a.Says(), nil
	}
	return a.Text, "", err
}

func (s *session) offers(v *mailtalk.Visit) ([]string, string, error) {
	a, err := v.Wire.AskIMAP("a1", "CAPABILITY")
	switch {
	case err != nil:
		return nil, "", err
	case a.Status == "BYE":
		return nil, a.Says(), nil
	case a.Status != "OK":
		return nil, "", fmt.Errorf("CAPABILITY is answered %q", a.Says())
	}
	s.capabilities = a.Capabilities
	return a.Capabilities, "", nil
}

func (s *session) startTLS(v *mailtalk.Visit) (offered bool, declined string, err error) {
	if !slices.Contains(s.capabilities, "STARTTLS") {
		return false, "", nil
	}
	a, err := v.Wire.AskIMAP("a2", "STARTTLS")
	if err == nil && a.Status != "OK" {
		declined = a.Says()
	}
	return true, declined, err
}

// logIn shows the account. Who is let in opens INBOX, to read.
func (s *session) logIn(v *mailtalk.Visit, c host.Credential) (host.Shown, error) {
	client := v.Wire.IMAP()
	v.Ending(func() { mailtalk.Leave(v.Wire, client) })
	shown, err := mailtalk.LogOnIMAP(client, c, s.capabilities)
	if shown != host.Taken {
		return shown, err
	}
	v.After = func() error {
		data, err := client.Select("INBOX", &imap.SelectOptions{ReadOnly: true}).Wait()
		if no, said := errors.AsType[*imap.Error](err); said {
			v.Add("inbox", fact.Text(strings.ToUpper(string(no.Type))))
			v.Because(mailtalk.Refusal(err).Error())
			return nil
		}
		if err != nil {
			return fmt.Errorf("opening INBOX: %w", mailtalk.Refusal(err))
		}
		v.Add("inbox", fact.Text(mailtalk.OK))
		v.Add("messages", fact.Int(data.NumMessages))
		return nil
	}
	return shown, nil
}

func (*session) leave(v *mailtalk.Visit) {
	defer v.Wire.Within(mailtalk.Farewell)()
	_, _ = v.Wire.AskIMAP("a9", "LOGOUT")
}
