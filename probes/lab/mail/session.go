package mail

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strconv"
	"strings"
	"time"

	"postpatch/probes/lab/conns"
	"postpatch/probes/lab/estate"
)

const (
	idle       = 5 * time.Minute // ConnectionInactivityTimeout of a frontend connector
	maxLine    = 2048            // longer than RFC 5321 §4.5.3.1.4 demands, as extensions may add
	maxErrors  = 5               // MaxProtocolErrors
	maxMessage = 37748736        // as SIZE says
)

// session is one client's dialogue.
type session struct {
	ctx    context.Context
	conn   net.Conn
	in     *bufio.Reader
	host   estate.Host
	certs  func(estate.TLS) (*tls.Certificate, error)
	secure bool

	said   bool // HELO or EHLO
	from   bool // MAIL
	sender string
	to     []string // RCPT
	body   []byte   // of the chunks so far
	store  *Store
	errors int
}

var errTooLong = errors.New("line too long")

func (s *Server) newSession(ctx context.Context, conn net.Conn, h estate.Host) *session {
	return &session{
		ctx: ctx, conn: conn, in: bufio.NewReaderSize(conn, maxLine), host: h, certs: s.certs, store: s.store,
	}
}

func (s *session) run() {
	line, open := greeting(s.host, time.Now())
	if s.send(line) != nil || !open {
		return
	}
	refused := !strings.HasPrefix(line, "220")
	for {
		line, err := s.read()
		if err != nil && !errors.Is(err, errTooLong) {
			return
		}
		if !conns.Wait(s.ctx, s.host.Think) {
			return
		}
		verb, rest, _ := strings.Cut(line, " ")
		verb = strings.ToUpper(verb)
		switch {
		case errors.Is(err, errTooLong):
			err = s.send("500 5.5.2 Line too long")
		case verb == "QUIT":
			_ = s.send("221 2.0.0 Service closing transmission channel")
			return
		case refused: // RFC 5321 §3.1: all but QUIT
			err = s.send("503 5.5.1 Service not available")
		default:
			err = s.obey(verb, strings.TrimSpace(rest))
		}
		if err != nil {
			return
		}
		if s.errors >= maxErrors {
			_ = s.send("421 4.7.0 Too many errors on this connection, closing transmission channel")
			return
		}
	}
}

// obey answers one command.
func (s *session) obey(verb, rest string) error {
	switch verb {
	case "HELO", "EHLO":
		return s.hello(verb, rest)
	case "STARTTLS":
		return s.startTLS(rest)
	case "NOOP":
		return s.send("250 2.0.0 OK")
	case "RSET":
		s.reset()
		return s.send("250 2.0.0 Resetting")
	case "HELP":
		return s.send("214-This server supports the following commands:",
			"214 HELO EHLO STARTTLS RCPT DATA RSET MAIL QUIT HELP AUTH BDAT")
	case "VRFY":
		return s.send("252 2.1.5 Cannot VRFY user")
	case "MAIL", "RCPT", "DATA", "BDAT":
		return s.transaction(verb, rest)
	case "AUTH":
		return s.auth(rest)
	default:
		return s.send("500 5.3.3 Unrecognized command '" + printable(verb) + "'")
	}
}

func (s *session) hello(verb, name string) error {
	if name == "" {
		return s.send("501 5.5.4 Invalid domain name")
	}
	s.said = true
	s.reset()
	client, _, err := net.SplitHostPort(s.conn.RemoteAddr().String())
	if err != nil {
		client = "unknown"
	}
	lines := []string{s.host.Name + " Hello [" + client + "]"}
	if verb == "EHLO" {
		lines = append(lines, extensions(s.host, s.secure)...)
	}
	for i, line := range lines {
		lines[i] = "250-" + line
	}
	last := len(lines) - 1
	lines[last] = "250 " + strings.TrimPrefix(lines[last], "250-")
	return s.send(lines...)
}

func (s *session) reset() { s.from, s.sender, s.to, s.body = false, "", nil, nil }

// startTLS goes over to TLS and forgets all that was said before, also what the
// client has sent already: it came in the clear, whoever wrote it.
func (s *session) startTLS(rest string) error {
	switch {
	case !s.said:
		return s.send("503 5.5.2 Send hello first")
	case rest != "":
		return s.send("501 5.5.4 Invalid arguments")
	case s.secure:
		return s.send("503 5.5.2 TLS is active already")
	case s.host.SMTP.TLS == nil && len(s.host.SMTP.Extensions) == 0:
		return s.send("500 5.3.3 Unrecognized command 'STARTTLS'")
	case s.host.SMTP.TLS == nil:
		return s.send("454 4.7.0 TLS not available due to temporary reason")
	}
	cert, err := s.certificate()
	if err != nil {
		return s.send("454 4.7.0 TLS not available due to temporary reason")
	}
	if err := s.send("220 2.0.0 SMTP server ready"); err != nil {
		return err
	}
	return s.handshake(cert)
}

func (s *session) certificate() (*tls.Certificate, error) {
	var want estate.TLS
	if s.host.SMTP.TLS != nil {
		want = *s.host.SMTP.TLS
	}
	if len(want.Names) == 0 {
		want.Names = []string{s.host.Name}
	}
	return s.certs(want)
}

func (s *session) handshake(cert *tls.Certificate) error {
	secure := tls.Server(s.conn, &tls.Config{Certificates: []tls.Certificate{*cert}, MinVersion: tls.VersionTLS12})
	ctx, cancel := context.WithTimeout(s.ctx, time.Minute)
	defer cancel()
	if err := secure.HandshakeContext(ctx); err != nil {
		return err
	}
	s.conn, s.in = secure, bufio.NewReaderSize(secure, maxLine)
	s.secure, s.said = true, false
	s.reset()
	return nil
}

// secured starts TLS before anything is said, and says whether it came about.
func (s *session) secured() bool {
	cert, err := s.certificate()
	return err == nil && s.handshake(cert) == nil
}

// read reads one command without its line end. A line that is too long is read
// to its end, which a client that never ends it does not reach.
func (s *session) read() (string, error) {
	if err := s.conn.SetDeadline(time.Now().Add(idle)); err != nil {
		return "", err
	}
	line, err := s.in.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		for errors.Is(err, bufio.ErrBufferFull) {
			_, err = s.in.ReadSlice('\n')
		}
		if err == nil {
			err = errTooLong
		}
		return "", err
	}
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		_ = s.conn.SetDeadline(time.Now().Add(time.Second))
		_ = s.send("421 4.4.1 Connection timed out")
	}
	return strings.TrimRight(string(line), "\r\n"), err
}

// send writes the lines of one reply, and counts the client's errors.
func (s *session) send(lines ...string) error {
	if strings.HasPrefix(lines[0], "5") {
		s.errors++
	}
	_, err := io.WriteString(s.conn, strings.Join(lines, "\r\n")+"\r\n")
	return err
}

// printable is a word of the client that may be sent back to it.
func printable(word string) string {
	if len(word) > 64 {
		word = word[:64]
	}
	quoted := strconv.QuoteToASCII(word)
	return quoted[1 : len(quoted)-1]
}
