package mailtalk

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
	"github.com/emersion/go-sasl"

	"postpatch/probes/host"
	"postpatch/probes/internal/reach"
)

// Answer is how an IMAP server ends a command, or greets: OK, NO, BAD, PREAUTH or
// BYE, its code such as UNAVAILABLE, and its words.
type Answer struct {
	Status, Code, Text string
	Capabilities       []string // when it told them
}

// Says is the answer for people.
func (a Answer) Says() string {
	if a.Code == "" {
		return Words(a.Status + " " + a.Text)
	}
	return Words(a.Status + " [" + a.Code + "] " + a.Text)
}

// GreetIMAP hears an IMAP server's greeting.
func (w *Wire) GreetIMAP() (Answer, error) {
	line, err := w.Line()
	if err != nil {
		return Answer{}, err
	}
	rest, untagged := strings.CutPrefix(line, "* ")
	if a, ok := ParseAnswer(rest); ok && untagged && (a.Status == "OK" || a.Status == "PREAUTH" || a.Status == "BYE") {
		return a, nil
	}
	return Answer{}, fmt.Errorf("%.60q is no greeting of IMAP", line)
}

// AskIMAP says a command to an IMAP server and hears what it answers, as long as
// nobody is logged in. A server that takes leave has answered BYE.
func (w *Wire) AskIMAP(tag, command string) (Answer, error) {
	if err := w.Send(tag + " " + command); err != nil {
		return Answer{}, err
	}
	var capabilities []string
	for range mostLines {
		line, err := w.Line()
		if err != nil {
			return Answer{}, fmt.Errorf("reading the answer to %s: %w", command, err)
		}
		mark, rest, _ := strings.Cut(line, " ")
		a, ok := ParseAnswer(rest)
		switch {
		case mark == tag && ok:
			if a.Capabilities == nil {
				a.Capabilities = capabilities
			}
			return a, nil
		case mark != "*":
			return Answer{}, fmt.Errorf("%.60q is no answer to %s", line, command)
		case ok && a.Status == "BYE":
			return a, nil
		case len(rest) > 11 && strings.EqualFold(rest[:11], "CAPABILITY "):
			capabilities = capable(rest[11:])
		}
	}
	return Answer{}, fmt.Errorf("more than %d lines before the answer to %s", mostLines, command)
}

// ParseAnswer reads "OK [CODE more] text".
func ParseAnswer(line string) (Answer, bool) {
	status, text, _ := strings.Cut(line, " ")
	a := Answer{Status: strings.ToUpper(status), Text: text}
	if !slices.Contains([]string{"OK", "NO", "BAD", "PREAUTH", "BYE"}, a.Status) {
		return Answer{}, false
	}
	if inner, rest, closed := strings.Cut(text, "]"); closed && strings.HasPrefix(inner, "[") {
		code, more, _ := strings.Cut(inner[1:], " ")
		a.Code, a.Text = strings.ToUpper(code), strings.TrimSpace(rest)
		if a.Code == "CAPABILITY" {
			a.Code, a.Capabilities = "", capable(more)
		}
	}
	return a, true
}

// capable are capabilities in upper case, each once.
func capable(text string) []string {
	var all []string
	for word := range strings.FieldsSeq(strings.ToUpper(text)) {
		all = append(all, Words(word))
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// IMAP is a library's client for the rest of a conversation. It has to be closed.
func (w *Wire) IMAP() *imapclient.Client { return imapclient.New(w.Onward("* OK ready"), nil) }

// LogOnIMAP shows an account to the server, by LOGIN unless that is disabled.
func LogOnIMAP(client *imapclient.Client, c host.Credential, capabilities []string) (host.Shown, error) {
	var err error
	if slices.Contains(capabilities, "LOGINDISABLED") {
		if !slices.Contains(capabilities, "AUTH=PLAIN") {
			return host.Later, &SaidNo{"the server disables LOGIN and does not offer AUTH=PLAIN"}
		}
		err = client.Authenticate(sasl.NewPlainClient("", c.User, c.Password.Reveal()))
	} else {
		err = client.Login(c.User, c.Password.Reveal()).Wait()
	}
	no, said := errors.AsType[*imap.Error](err)
	switch {
	case err == nil:
		return host.Taken, nil
	case !said || no.Type == imap.StatusResponseTypeBad || no.Type == imap.StatusResponseTypeBye:
		return host.Unsaid, fmt.Errorf("showing the account: %w", Refusal(err))
	}
	switch no.Code {
	case imap.ResponseCodeUnavailable, imap.ResponseCodeInUse, imap.ResponseCodeServerBug, imap.ResponseCodeLimit:
		return host.Later, Refusal(err)
	default:
		return host.Refused, nil
	}
}

// Refusal tells what an IMAP server has answered, when err is such an answer. Of
// others it is the first line: below it the library tells where it gave up.
func Refusal(err error) error {
	if no, said := errors.AsType[*imap.Error](err); said {
		return &SaidNo{Answer{Status: string(no.Type), Code: string(no.Code), Text: no.Text}.Says()}
	}
	if err == nil {
		return nil
	}
	first, _, _ := strings.Cut(err.Error(), "\n")
	return reach.Tell(Words(first), err)
}

// Leave takes leave of an IMAP server and closes the client, with all it has left
// running.
func Leave(w *Wire, client *imapclient.Client) {
	defer w.Within(time.Second)()
	_ = client.Logout().Wait() // how it takes it is of no interest
	_ = client.Close()
}
