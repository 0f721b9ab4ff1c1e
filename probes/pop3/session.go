package pop3

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/internal/mailtalk"
)

// No library is kept that takes a connection and starts TLS on it (go-pop3 dials by
// itself and knows no STLS), and what is needed of the protocol is this.

// session is POP3's part of a visit.
type session struct{ capabilities []string }

func (s *session) protocol() mailtalk.Protocol {
	return mailtalk.Protocol{
		Name: "POP3", Greet: s.greet, Offers: s.offers, StartTLS: s.startTLS, LogIn: s.logIn, Leave: s.leave,
	}
}

// answer is "+OK text" or "-ERR [CODE] text".
type answer struct {
	ok         bool
	code, text string
}

// says is the answer for people.
func (a answer) says() string {
	word := "-ERR"
	if a.ok {
		word = "+OK"
	}
	if a.code != "" {
		word += " [" + a.code + "]"
	}
	return mailtalk.Words(word + " " + a.text)
}

// parse reads the first line of an answer.
func parse(line string) (answer, error) {
	word, text, _ := strings.Cut(line, " ")
	a := answer{ok: word == "+OK", text: text}
	if !a.ok && word != "-ERR" {
		return answer{}, fmt.Errorf("%.60q is no answer of POP3", line)
	}
	if inner, rest, closed := strings.Cut(text, "]"); !a.ok && closed && strings.HasPrefix(inner, "[") {
		a.code, a.text = strings.ToUpper(inner[1:]), strings.TrimSpace(rest)
	}
	return a, nil
}

func hear(w *mailtalk.Wire) (answer, error) {
	line, err := w.Line()
	if err != nil {
		return answer{}, err
	}
	return parse(line)
}

// ask says a command; what it hides is not in an error.
func ask(w *mailtalk.Wire, command string) (answer, error) {
	verb, _, _ := strings.Cut(command, " ")
	if err := w.Send(command); err != nil {
		return answer{}, err
	}
	a, err := hear(w)
	if err != nil {
		return answer{}, fmt.Errorf("reading the answer to %s: %w", verb, err)
	}
	return a, nil
}

func (*session) greet(v *mailtalk.Visit) (banner, declined string, err error) {
	a, err := hear(v.Wire)
	if err == nil && !a.ok {
		declined = a.says()
	}
	return a.text, declined, err
}

// offers asks for the capabilities; a server need not know CAPA.
func (s *session) offers(v *mailtalk.Visit) ([]string, string, error) {
	s.capabilities = []string{}
	a, err := ask(v.Wire, "CAPA")
	if err != nil || !a.ok {
		return s.capabilities, "", err
	}
	const most = 100
	for range most {
		line, err := v.Wire.Line()
		if err != nil {
			return nil, "", fmt.Errorf("reading the capabilities: %w", err)
		}
		if line == "." {
			return s.capabilities, "", nil
		}
		if words := strings.Fields(strings.ToUpper(mailtalk.Words(line))); len(words) > 0 {
			s.capabilities = append(s.capabilities, strings.Join(words, " "))
		}
	}
	return nil, "", fmt.Errorf("more than %d capabilities", most)
}

func (s *session) startTLS(v *mailtalk.Visit) (offered bool, declined string, err error) {
	if !slices.Contains(s.capabilities, "STLS") {
		return false, "", nil
	}
	a, err := ask(v.Wire, "STLS")
	if err == nil && !a.ok {
		declined = a.says()
	}
	return true, declined, err
}

// logIn shows the account. Who is let in asks for the number of messages.
func (s *session) logIn(v *mailtalk.Visit, c host.Credential) (host.Shown, error) {
	if strings.ContainsAny(c.User+c.Password.Reveal(), "\r\n") {
		return host.Later, fmt.Errorf("the account %q cannot be written in one line", c.User)
	}
	for i, command := range []string{"USER " + c.User, "PASS " + c.Password.Reveal()} {
		a, err := ask(v.Wire, command)
		switch {
		case err != nil && i == 0:
			return host.Later, err
		case err != nil:
			return host.Unsaid, err
		case a.ok:
		case i == 0: // the password was not shown yet
			return host.Later, &mailtalk.SaidNo{Words: a.says()}
		case strings.HasPrefix(a.code, "SYS/") || a.code == "IN-USE" || a.code == "LOGIN-DELAY":
			return host.Later, &mailtalk.SaidNo{Words: a.says()}
		default:
			return host.Refused, nil
		}
	}
	v.After = func() error {
		a, err := ask(v.Wire, "STAT")
		if err != nil {
			return err
		}
		count, _, _ := strings.Cut(a.text, " ")
		n, err := strconv.ParseUint(count, 10, 32)
		if !a.ok || err != nil {
			return fmt.Errorf("STAT is answered %q", a.says())
		}
		v.Add("messages", fact.Int(n))
		return nil
	}
	return host.Taken, nil
}

func (*session) leave(v *mailtalk.Visit) {
	defer v.Wire.Within(mailtalk.Farewell)()
	_, _ = ask(v.Wire, "QUIT")
}
