package mail

import (
	"errors"
	"io"
	"log"
	"net"
	"strings"
	"sync"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"
)

const (
	uids         = imapserver.NumKindUID
	imapGreeting = "* OK The Microsoft Exchange IMAP4 service is ready."
)

// imap speaks IMAP until the client leaves.
func (v *visit) imap() {
	greeting := v.greeting(imapGreeting)
	if !open(greeting) {
		_, _ = io.WriteString(v.conn, greeting+"\r\n")
		return
	}
	one := &single{conn: &greeted{Conn: v.conn, greeting: greeting + "\r\n"}, done: make(chan struct{})}
	server := imapserver.New(&imapserver.Options{
		NewSession: func(*imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
			return &imapSession{visit: v}, nil, nil
		},
		Caps:         imap.CapSet{imap.CapIMAP4rev1: {}, imap.CapUIDPlus: {}, imap.CapChildren: {}},
		TLSConfig:    v.config,
		InsecureAuth: v.secure || v.post.Plain,
		Logger:       log.New(io.Discard, "", 0), // clients of every kind come here
	})
	_ = server.Serve(one) // it ends when the one connection has
}

// greeted writes a greeting of its own in place of the first.
type greeted struct {
	net.Conn
	greeting string
	once     sync.Once
}

// Write implements net.Conn.
func (g *greeted) Write(p []byte) (n int, err error) {
	g.once.Do(func() {
		n = len(p)
		_, err = io.WriteString(g.Conn, g.greeting)
	})
	if n > 0 || err != nil {
		return n, err
	}
	return g.Conn.Write(p)
}

// single is a listener for one connection, and ends with it.
type single struct {
	conn net.Conn
	mu   sync.Mutex
	gone bool
	done chan struct{}
	over sync.Once
}

var errOver = errors.New("the connection is over")

// Accept implements net.Listener.
func (s *single) Accept() (net.Conn, error) {
	s.mu.Lock()
	given := s.gone
	s.gone = true
	s.mu.Unlock()
	if !given {
		return ending{s.conn, s}, nil
	}
	<-s.done
	return nil, errOver
}

// Close implements net.Listener.
func (s *single) Close() error {
	s.over.Do(func() { close(s.done) })
	return nil
}

// Addr implements net.Listener.
func (s *single) Addr() net.Addr { return s.conn.LocalAddr() }

// ending is a connection that ends its listener.
type ending struct {
	net.Conn
	of *single
}

// Close implements net.Conn.
func (e ending) Close() error {
	_ = e.of.Close()
	return e.Conn.Close()
}

// imapSession is the library's in-memory session, with the estate's passwords and
// the store's messages.
type imapSession struct {
	*imapmemserver.UserSession // nil until somebody is logged in

	visit *visit
	name  string
}

// Login implements imapserver.Session.
func (s *imapSession) Login(user, password string) error {
	if answer := s.visit.post.Login; answer != "" {
		return imapAnswer(answer)
	}
	if !s.visit.takes(user, password) {
		return &imap.Error{Type: imap.StatusResponseTypeNo, Text: "LOGIN failed."} // as Exchange says it
	}
	s.name = strings.ToLower(user)
	s.UserSession = s.visit.store.view(s.name)
	return nil
}

// imapAnswer reads "NO [CODE] text".
func imapAnswer(text string) error {
	status, text, _ := strings.Cut(text, " ")
	e := &imap.Error{Type: imap.StatusResponseType(status), Text: text}
	if inner, rest, closed := strings.Cut(text, "]"); closed && strings.HasPrefix(inner, "[") {
		e.Code, e.Text = imap.ResponseCode(inner[1:]), strings.TrimSpace(rest)
	}
	return e
}

// Close implements imapserver.Session.
func (s *imapSession) Close() error {
	if s.UserSession == nil {
		return nil
	}
	return s.UserSession.Close()
}

// Select implements imapserver.Session.
func (s *imapSession) Select(name string, options *imap.SelectOptions) (*imap.SelectData, error) {
	s.visit.store.arrive(s.name)
	return s.UserSession.Select(name, options)
}

// Poll implements imapserver.Session.
func (s *imapSession) Poll(w *imapserver.UpdateWriter, allowExpunge bool) error {
	if s.UserSession == nil {
		return nil
	}
	s.visit.store.arrive(s.name)
	return s.UserSession.Poll(w, allowExpunge)
}
