// Package mail answers SMTP as the frontend connector of an Exchange server
// does, and IMAP and POP3 for the mailboxes of its host. Messages to others than
// these are taken and thrown away.
package mail

import (
	"context"
	"crypto/tls"
	"net"
	"strings"
	"time"

	"postpatch/probes/lab/conns"
	"postpatch/probes/lab/estate"
)

// Server is a mail server. New makes one.
type Server struct {
	host  func() estate.Host
	certs func(estate.TLS) (*tls.Certificate, error)
	port  int
	store *Store
	group *conns.Group
}

// New returns a server that answers as host() says at the time of each
// connection.
func New(host func() estate.Host, certs func(estate.TLS) (*tls.Certificate, error)) *Server {
	return &Server{host: host, certs: certs, port: 25, store: NewStore(), group: conns.New()}
}

// At makes it the connector of a port, at 465 with TLS from the beginning, that
// delivers into the store.
func (s *Server) At(port int, store *Store) *Server {
	s.port, s.store = port, store
	return s
}

// Serve answers until Close.
func (s *Server) Serve(ln net.Listener) error { return s.group.Serve(ln, s.serveConn) }

// Close ends all connections and goroutines.
func (s *Server) Close() error { return s.group.Close() }

func (s *Server) serveConn(ctx context.Context, conn net.Conn) {
	h := s.host()
	if h.SMTP == nil || h.Power == "off" {
		return
	}
	switch h.SMTP.Fault {
	case estate.Drop, estate.Refuse:
		return
	case estate.Silent:
		conns.Mute(conn)
		return
	case estate.Garbage:
		_, _ = conn.Write(conns.Noise(512))
		return
	default: // the other faults come once the host has thought
	}
	if !conns.Wait(ctx, h.Think) {
		return
	}
	if h.SMTP.Fault == estate.Endless {
		conns.Endless(ctx, conn, []byte(strings.Repeat("220-"+h.Name+" one moment\r\n", 40)))
		return
	}
	talk := s.newSession(ctx, conn, h)
	if s.port == 465 && !talk.secured() {
		return
	}
	talk.run()
	_ = talk.conn.Close() // with TLS' own farewell
}

// greeting is the first line, and whether a session follows it.
func greeting(h estate.Host, now time.Time) (line string, open bool) {
	switch {
	case h.SMTP.Fault == estate.Error:
		line = "421 4.3.2 Service not available"
	case h.SMTP.Greeting != "":
		line = h.SMTP.Greeting
	case h.SMTP.Banner != "":
		line = "220 " + h.SMTP.Banner
	default:
		line = "220 " + h.Name + " Microsoft ESMTP MAIL Service ready at " + now.Format(time.RFC1123Z)
	}
	return line, strings.HasPrefix(line, "220") || strings.HasPrefix(line, "5")
}

// extensions are what EHLO lists: an estate's own, or what a frontend connector
// lists. STARTTLS goes with a certificate, and away once TLS is there.
func extensions(h estate.Host, secure bool) []string {
	listed := h.SMTP.Extensions
	if listed == nil {
		listed = []string{
			"SIZE 37748736", "PIPELINING", "DSN", "ENHANCEDSTATUSCODES", "STARTTLS", "X-ANONYMOUSTLS",
			"AUTH NTLM", "X-EXPS GSSAPI NTLM", "8BITMIME", "BINARYMIME", "CHUNKING", "SMTPUTF8", "XRDST",
		}
	}
	var shown []string
	offered := false
	for _, extension := range listed {
		isTLS := strings.EqualFold(extension, "STARTTLS") || strings.EqualFold(extension, "X-ANONYMOUSTLS")
		if isTLS && (secure || h.SMTP.Extensions == nil && h.SMTP.TLS == nil) {
			continue
		}
		if strings.HasPrefix(extension, "AUTH ") && secure && h.Mail != nil {
			extension = "AUTH LOGIN PLAIN" // what the lab knows to take
		}
		offered = offered || strings.EqualFold(extension, "STARTTLS")
		shown = append(shown, extension)
	}
	if h.SMTP.TLS != nil && !secure && !offered {
		shown = append(shown, "STARTTLS")
	}
	return shown
}
