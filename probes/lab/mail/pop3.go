package mail

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net/textproto"
	"strconv"
	"strings"
	"time"

	"postpatch/probes/lab/conns"
)

const popGreeting = "+OK The Microsoft Exchange POP3 service is ready."

// popSession is one client's dialogue.
type popSession struct {
	*visit

	in       *bufio.Reader
	user     string // as it was given
	isIn     bool
	messages []Message
	gone     map[int]bool // those that are to be deleted
}

// pop3 speaks POP3 until the client leaves.
func (v *visit) pop3() {
	s := &popSession{visit: v, in: bufio.NewReaderSize(v.conn, maxLine), gone: map[int]bool{}}
	defer func() {
		if s.secure {
			_ = s.conn.Close() // with TLS' own farewell
		}
	}()
	greeting := v.greeting(popGreeting)
	if !s.say(greeting) || !open(greeting) {
		return
	}
	for {
		if s.conn.SetDeadline(time.Now().Add(idle)) != nil {
			return
		}
		line, err := s.in.ReadSlice('\n')
		if err != nil || !conns.Wait(s.ctx, s.host.Think) {
			return
		}
		verb, rest, _ := strings.Cut(strings.TrimRight(string(line), "\r\n"), " ")
		if !s.obey(strings.ToUpper(verb), rest) {
			return
		}
	}
}

func (s *popSession) say(lines ...string) bool {
	_, err := io.WriteString(s.conn, strings.Join(lines, "\r\n")+"\r\n")
	return err == nil
}

// obey answers one command, and says whether the dialogue goes on.
func (s *popSession) obey(verb, rest string) bool {
	switch verb {
	case "CAPA":
		lines := []string{"+OK", "TOP", "UIDL"}
		if s.secure || s.post.Plain {
			lines = append(lines, "USER")
		}
		if s.config != nil {
			lines = append(lines, "STLS")
		}
		return s.say(append(lines, ".")...)
	case "STLS":
		return s.startTLS()
	case "QUIT":
		for i := range s.gone {
			s.store.Remove(s.user, s.messages[i].UID)
		}
		s.say("+OK Microsoft Exchange Server POP3 server signing off.")
		return false
	case "NOOP":
		return s.say("+OK")
	}
	if !s.isIn {
		return s.logIn(verb, rest)
	}
	return s.read(verb, rest)
}

func (s *popSession) startTLS() bool {
	if s.config == nil || s.isIn {
		return s.say("-ERR Command is not valid in this state.")
	}
	if !s.say("+OK Begin TLS negotiation.") {
		return false
	}
	secured := tls.Server(s.conn, s.config)
	if secured.HandshakeContext(s.ctx) != nil {
		return false
	}
	s.conn, s.in, s.config, s.secure = secured, bufio.NewReaderSize(secured, maxLine), nil, true
	return true
}

func (s *popSession) logIn(verb, rest string) bool {
	switch {
	case verb != "USER" && verb != "PASS":
		return s.say("-ERR Command is not valid in this state.")
	case !s.secure && !s.post.Plain:
		return s.say("-ERR Command is not valid in this state.")
	case verb == "USER":
		s.user = rest
		return s.say("+OK")
	case s.post.Login != "":
		return s.say(s.post.Login)
	case !s.takes(s.user, rest):
		return s.say("-ERR Logon failure: unknown user name or bad password.")
	}
	s.isIn, s.messages = true, s.store.Messages(s.user)
	return s.say("+OK User successfully logged on.")
}

// read answers what is asked of the mailbox.
func (s *popSession) read(verb, rest string) bool {
	switch verb {
	case "STAT":
		count, size := 0, 0
		for i, m := range s.messages {
			if !s.gone[i] {
				count, size = count+1, size+len(m.Raw)
			}
		}
		return s.say(fmt.Sprintf("+OK %d %d", count, size))
	case "RSET":
		clear(s.gone)
		return s.say("+OK")
	case "LIST", "UIDL":
		if rest == "" {
			return s.list(verb)
		}
	}
	number, lines, _ := strings.Cut(rest, " ")
	i, err := strconv.Atoi(number)
	if i--; err != nil || i < 0 || i >= len(s.messages) || s.gone[i] {
		return s.say("-ERR The message is not here.")
	}
	switch verb {
	case "LIST", "UIDL":
		return s.say("+OK " + s.row(verb, i))
	case "DELE":
		s.gone[i] = true
		return s.say("+OK")
	case "RETR", "TOP":
		return s.send(s.messages[i].Raw, verb == "TOP", lines)
	default:
		return s.say("-ERR Protocol error.")
	}
}

func (s *popSession) row(verb string, i int) string {
	if verb == "UIDL" {
		return fmt.Sprintf("%d %d", i+1, s.messages[i].UID)
	}
	return fmt.Sprintf("%d %d", i+1, len(s.messages[i].Raw))
}

func (s *popSession) list(verb string) bool {
	lines := []string{"+OK"}
	for i := range s.messages {
		if !s.gone[i] {
			lines = append(lines, s.row(verb, i))
		}
	}
	return s.say(append(lines, ".")...)
}

// send shows a message, or its head and some lines more.
func (s *popSession) send(raw []byte, top bool, lines string) bool {
	if head, body, found := bytes.Cut(raw, []byte("\r\n\r\n")); top && found {
		most, _ := strconv.Atoi(lines)
		parts := bytes.SplitAfterN(body, []byte("\n"), max(0, most)+1)
		parts = parts[:min(len(parts), max(0, most))]
		raw = slicesJoin(head, parts)
	}
	if !s.say("+OK") {
		return false
	}
	w := textproto.NewWriter(bufio.NewWriter(s.conn)).DotWriter()
	_, err := w.Write(raw)
	return err == nil && w.Close() == nil
}

func slicesJoin(head []byte, lines [][]byte) []byte {
	return append(append(bytes.Clone(head), "\r\n\r\n"...), bytes.Join(lines, nil)...)
}
