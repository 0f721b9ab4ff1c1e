package tds

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"

	"postpatch/probes/lab/estate"
)

// errAttention ends a request that the client no longer wants.
var errAttention = errors.New("attention")

// session is one connection and what the client has set in it.
type session struct {
	server   *Server
	wire     net.Conn // plain
	conn     net.Conn // plain, or encrypted
	out      packetWriter
	login    login
	database string
	secured  bool // everything is encrypted, not only the login
	proved   proved
	state
	results int             // columns of the results so far
	ended   <-chan struct{} // closed with the connection

	mu       sync.Mutex
	cancel   context.CancelCauseFunc // ends the request in hand; nil between requests
	attended bool                    // an attention was read between requests, and not answered yet
}

func newSession(server *Server, conn net.Conn) *session {
	return &session{
		server: server, wire: conn, conn: conn, database: "master", state: newState(),
		out: packetWriter{w: conn, kind: packetReply, size: defaultPacketSize, spid: 51},
	}
}

// sql is the instance as it is now; a host without one has none of the estate's.
func (s *session) sql() estate.SQL {
	if h := s.server.host(); h.SQL != nil {
		return *h.SQL
	}
	return estate.SQL{}
}

func (s *session) write(tokens ...[]byte) error {
	for _, t := range tokens {
		if _, err := s.out.Write(t); err != nil {
			return err
		}
	}
	return nil
}

// logIn goes through encryption and login; the error means that the connection
// is over.
func (s *session) logIn(ctx context.Context) error {
	if err := s.startStrict(ctx); err != nil {
		return err
	}
	m, err := readMessage(s.conn)
	if err != nil {
		return err
	}
	if m.kind != packetPrelogin {
		return fmt.Errorf("packet of kind %#x before PRELOGIN", m.kind)
	}
	answer, err := s.encrypt(ctx, m.body)
	if err != nil {
		return err
	}
	if err := s.stallAt(estate.StallPrelogin); err != nil {
		return err
	}
	plain := s.conn
	if answer != encryptNone {
		if s.conn, err = s.startTLS(ctx); err != nil {
			return err
		}
		s.proved.bindings = bindingsOf(s.conn)
		if err := s.stallAt(estate.StallTLS); err != nil {
			return err
		}
	}
	m, err = readMessage(s.conn)
	if err != nil {
		return err
	}
	if answer == encryptOff {
		s.conn = plain
	}
	s.secured = s.secured || answer != encryptOff && answer != encryptNone
	s.out.w = s.conn
	if m.kind != packetLogin {
		return fmt.Errorf("packet of kind %#x instead of a login", m.kind)
	}
	if s.login, err = parseLogin(m.body); err != nil {
		return err
	}
	if s.login.tdsVersion != tds80 && s.login.tdsVersion < tds72 {
		return fmt.Errorf("TDS version %#x", s.login.tdsVersion)
	}
	if err := s.server.think(ctx); err != nil {
		return err
	}
	if err := s.prove(m.body); err != nil {
		return err
	}
	return s.answerLogin()
}

// encrypt answers PRELOGIN.
func (s *session) encrypt(ctx context.Context, prelogin []byte) (encryption, error) {
	sql := s.sql()
	answer, reply := encryptNone, encryptOn
	if !s.secured { // TDS 8 is encrypted before
		client, err := parsePrelogin(prelogin)
		if err != nil {
			return 0, err
		}
		if answer, err = negotiate(client, sql.Encrypt); err != nil {
			return 0, err
		}
		reply = answer
		if client == encryptNone && answer == encryptRequired {
			defer func() { // the client cannot go on
				// Once it has begun with TLS: what is unread when a connection is
				// closed makes a reset of its end, now and then.
				_, _ = readMessage(s.conn)
				_ = s.conn.Close()
			}()
		}
	}
	if err := s.server.think(ctx); err != nil {
		return 0, err
	}
	if err := s.write(withFedAuth(prelogin, sql, preloginReply(version(sql.Version), reply))); err != nil {
		return 0, err
	}
	return answer, s.out.Finish()
}

func (s *session) certificate() (*tls.Certificate, error) {
	var want estate.TLS
	if t := s.sql().TLS; t != nil {
		want = *t
	}
	cert, err := s.server.certs(want)
	if err != nil {
		return nil, fmt.Errorf("making a certificate: %w", err)
	}
	return cert, nil
}

func (s *session) startTLS(ctx context.Context) (net.Conn, error) {
	cert, err := s.certificate()
	if err != nil {
		return nil, err
	}
	return startTLS(ctx, s.conn, s.tlsConfig(cert, tls.VersionTLS12))
}

// startStrict turns to TDS 8 when the client begins with TLS, as servers from
// 2022 on do.
func (s *session) startStrict(ctx context.Context) error {
	first := make([]byte, 1)
	if _, err := io.ReadFull(s.conn, first); err != nil {
		return err
	}
	s.conn = &startedConn{Conn: s.conn, first: first}
	const handshake = 0x16
	if first[0] != handshake {
		return nil
	}
	sql := s.sql()
	if version(sql.Version).part(0) < 16 || sql.Encrypt == "none" {
		return errors.New("TDS 8 is not spoken here")
	}
	cert, err := s.certificate()
	if err != nil {
		return err
	}
	if s.conn, err = startStrict(ctx, s.conn, s.tlsConfig(cert, tls.VersionTLS13)); err != nil {
		return err
	}
	s.proved.bindings = bindingsOf(s.conn)
	s.out.w, s.secured = s.conn, true
	return nil
}

// startedConn is a connection of which some bytes were read already.
type startedConn struct {
	net.Conn
	first []byte
}

func (c *startedConn) Read(b []byte) (int, error) {
	if len(c.first) == 0 {
		return c.Conn.Read(b)
	}
	n := copy(b, c.first)
	c.first = c.first[n:]
	return n, nil
}

// answerLogin lets the client in, or says why not.
func (s *session) answerLogin() error {
	s.server.logins.Add(1)
	sql := s.sql()
	if refusals := s.refuse(sql); len(refusals) > 0 {
		for _, e := range refusals {
			if err := s.write(notice(tokenError, s.server.host().Name, e)); err != nil {
				return err
			}
		}
		if err := s.write(done(tokenDone, doneError, commandNone, 0)); err != nil {
			return err
		}
		return errors.Join(s.out.Finish(), refusals[0])
	}
	size := s.login.packetSize
	if s.secured {
		size = min(size, 16383) // a TLS record holds no more
	}
	name := s.server.host().Name
	ack := min(s.login.tdsVersion, tds74)
	tokens := [][]byte{
		envChange(envDatabase, shortText(s.database), shortText("master")),
		notice(tokenInfo, name, changedDatabase(s.database)),
		envChange(envCollation, append([]byte{5}, collation()...), []byte{0}),
		envChange(envLanguage, shortText("us_english"), shortText("")),
		notice(tokenInfo, name, &sqlError{
			number: 5703, state: 1, class: 10, text: "Changed language setting to us_english.",
		}),
		loginAck(ack, version(sql.Version)),
		envChange(envPacketSize, shortText(packetSize(sql.Fault, size)), shortText(strconv.Itoa(defaultPacketSize))),
	}
	if s.login.features {
		tokens = append(tokens, s.proved.features())
	}
	tokens = append(tokens, done(tokenDone, 0, commandNone, 0))
	if err := s.write(tokens...); err != nil {
		return err
	}
	err := s.out.Finish()
	s.out.size = size
	return err
}

// refuse returns the errors with which the login ends, if it does.
func (s *session) refuse(sql estate.SQL) []*sqlError {
	switch {
	case sql.LoginError != 0:
		return loginErrors(sql.LoginError, s.login.user)
	case s.proved.scheme != "":
		if err := s.proved.refusal(sql); err != nil {
			return []*sqlError{err}
		}
	case !strings.EqualFold(s.login.user, sql.User) || s.login.password != sql.Password:
		return []*sqlError{loginError(18456, s.login.user)}
	}
	if s.login.database == "" {
		return nil
	}
	name, db, found := findDatabase(sql, s.login.database)
	if !found || cannotOpen(name, db) != nil {
		return []*sqlError{
			{4060, 1, 11, fmt.Sprintf("Cannot open database %q requested by the login. The login failed.", s.login.database)},
			loginError(18456, s.login.user),
		}
	}
	s.database = name
	return nil
}

// serve answers requests until the connection ends. Reading goes on while a
// request is answered, so that an attention is heard.
func (s *session) serve(outer context.Context) {
	ctx, cancel := context.WithCancelCause(outer)
	s.ended = ctx.Done()
	messages := make(chan message)
	var reading sync.WaitGroup
	reading.Go(func() {
		defer close(messages)
		for {
			m, err := readMessage(s.conn)
			if err != nil {
				cancel(err)
				return
			}
			if m.kind == packetAttention {
				s.interrupt()
			}
			select {
			case messages <- m:
			case <-ctx.Done():
				return
			}
		}
	})
	for m := range messages {
		if err := s.answer(ctx, m); err != nil {
			cancel(err)
			break
		}
	}
	cancel(nil)
	_ = s.conn.Close() // ends the reading
	reading.Wait()
}

func (s *session) interrupt() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cancel != nil {
		s.cancel(errAttention)
		return
	}
	s.attended = true
}

// setCancel makes cancel end the request that is begun. An attention that was read
// before that is this request's: serve reads no further request until it is answered.
func (s *session) setCancel(cancel context.CancelCauseFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cancel = cancel
	if cancel != nil && s.attended {
		cancel(errAttention)
	}
}

// attend forgets an attention that is now answered.
func (s *session) attend() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.attended = false
}

// answer answers one message. A request that was interrupted leaves its message
// open, for the attention that follows to end it.
func (s *session) answer(ctx context.Context, m message) error {
	if m.kind == packetAttention {
		s.attend()
		if err := s.write(done(tokenDone, doneAttention, commandNone, 0)); err != nil {
			return err
		}
		return s.out.Finish()
	}
	request, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	s.setCancel(cancel)
	defer s.setCancel(nil)
	err := s.server.think(request)
	if err == nil {
		err = s.run(request, m)
	}
	switch {
	case errors.Is(err, errAttention), errors.Is(err, errMangled):
		return nil
	case err != nil:
		return err
	}
	return s.out.Finish()
}
