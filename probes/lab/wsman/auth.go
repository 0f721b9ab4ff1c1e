package wsman

import (
	"cmp"
	"context"
	"crypto/subtle"
	"encoding/base64"
	"io"
	"net"
	"net/http"
	"strings"

	"postpatch/probes/lab/estate"
	"postpatch/probes/lab/ntlm"
	"postpatch/probes/lab/spnego"
)

// Acceptor is the server's end of a mechanism: it takes a client's messages
// until it is done, and then protects what goes over the connection. What Accept
// returns beside an error goes to the client. Where a mechanism has no such
// protection, Seal and Open return errors.
type Acceptor interface {
	Accept(token []byte) (out []byte, done bool, err error)
	Seal(plain []byte) (signature, sealed []byte, err error)
	Open(signature, sealed []byte) (plain []byte, err error)
}

// connection is what the server remembers of a TCP connection: http.sys
// authenticates connections and not requests. Its requests come one by one.
type connection struct {
	pending *handshake // under way
	session *session   // nil unless authenticated by Negotiate or Kerberos
}

// session is who sent a request, and how its message is protected.
type session struct {
	Acceptor  // nil for Basic and certificates, which protect nothing
	mechanism string
	messages  int // that came over it
}

// The mechanisms that are counted, beside SPNEGO's.
const (
	basic       = "Basic"
	certificate = "Certificate"
)

// connectionKey finds a connection in a request's context.
type connectionKey struct{}

// Connection makes a place in a connection's context for who was authenticated
// on it: the ConnContext of every http.Server that a Server answers in.
func Connection(ctx context.Context, _ net.Conn) context.Context {
	return context.WithValue(ctx, connectionKey{}, &connection{})
}

func connectionOf(ctx context.Context) *connection {
	if c, ok := ctx.Value(connectionKey{}).(*connection); ok {
		return c
	}
	return &connection{} // of a handler without a server, which is gone with the request
}

// handshake is an authentication by Negotiate or Kerberos that has begun.
type handshake struct {
	scheme    string
	mechanism string
	acceptor  Acceptor         // of a bare mechanism
	spnego    *spnego.Acceptor // nil for a bare mechanism
}

func (h *handshake) accept(token []byte) (out []byte, done bool, err error) {
	if h.spnego == nil {
		return h.acceptor.Accept(token)
	}
	out, done, err = h.spnego.Accept(token)
	name, mechanism := h.spnego.Mechanism()
	h.mechanism = name
	h.acceptor, _ = mechanism.(Acceptor) // as begin made it
	return out, done, err
}

// admit lets a request in, or answers it with what the client has to do first.
func (s *Server) admit(w http.ResponseWriter, r *http.Request, h estate.Host) (*session, bool) {
	c, conn := config(h), connectionOf(r.Context())
	authorization := r.Header.Get("Authorization")
	scheme, token, _ := strings.Cut(authorization, " ")
	switch {
	case authorization == "":
		if conn.session != nil && (c.Reauth == 0 || conn.session.messages < c.Reauth) {
			return conn.session, true
		}
		conn.session = nil
	case strings.EqualFold(scheme, basic) && takesBasic(r, c):
		if rightPassword(r, c) {
			return s.let(&session{mechanism: basic}), true
		}
		s.refused()
	case strings.EqualFold(scheme, mutualProfile) && c.Offers("certificate"):
		if s.mapsCertificate(r, c) {
			return s.let(&session{mechanism: certificate}), true
		}
		s.refused()
	case strings.EqualFold(scheme, "Negotiate") && c.Offers("negotiate"),
		strings.EqualFold(scheme, spnego.Kerberos) && s.offersKerberos(c):
		return s.negotiate(w, r, h, token)
	}
	s.challenge(w, r, c)
	return nil, false
}

// let counts a client that has proved who it is.
func (s *Server) let(session *session) *session {
	s.count(func(stats *Stats) {
		if stats.Auth == nil {
			stats.Auth = map[string]int{}
		}
		stats.Auth[session.mechanism]++
	})
	return session
}

func (s *Server) refused() { s.count(func(stats *Stats) { stats.Refused++ }) }

func (s *Server) offersKerberos(c estate.WinRM) bool {
	return s.Kerberos != nil && c.Offers("kerberos")
}

// challenge tells the client how it may authenticate.
func (s *Server) challenge(w http.ResponseWriter, r *http.Request, c estate.WinRM) {
	if c.Offers("negotiate") {
		w.Header().Add("WWW-Authenticate", "Negotiate")
	}
	if s.offersKerberos(c) {
		w.Header().Add("WWW-Authenticate", spnego.Kerberos)
	}
	if takesBasic(r, c) {
		w.Header().Add("WWW-Authenticate", `Basic realm="WSMAN"`)
	}
	bare(w, r, http.StatusUnauthorized)
}

// bare answers a request with a status and nothing more. http.sys reads what
// was sent before it answers.
func bare(w http.ResponseWriter, r *http.Request, status int) {
	_, _ = io.Copy(io.Discard, io.LimitReader(r.Body, maxEnvelope+sealingItself))
	w.Header().Set("Content-Length", "0")
	w.WriteHeader(status)
}

// takesBasic says whether the listener lets a password through: with TLS,
// without only where the estate says AllowUnencrypted.
func takesBasic(r *http.Request, c estate.WinRM) bool {
	return c.Offers("basic") && (r.TLS != nil || c.Plain)
}

func rightPassword(r *http.Request, c estate.WinRM) bool {
	user, password, ok := r.BasicAuth()
	// Windows takes an account of its own with or without a name in front.
	same := func(name string) bool {
		_, bare, qualified := strings.Cut(name, `\`)
		return strings.EqualFold(name, c.User) || qualified && strings.EqualFold(bare, c.User)
	}
	return ok && same(user) && subtle.ConstantTimeCompare([]byte(password), []byte(c.Password)) == 1
}

// negotiate takes one leg of a handshake. The last one may bring a message,
// which is answered in the same request.
func (s *Server) negotiate(w http.ResponseWriter, r *http.Request, h estate.Host, encoded string) (*session, bool) {
	c, conn := config(h), connectionOf(r.Context())
	if c.NoEarlyBody && r.ContentLength != 0 {
		bare(w, r, http.StatusBadRequest)
		return nil, false
	}
	scheme, _, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	token, err := base64.StdEncoding.DecodeString(strings.TrimSpace(encoded))
	leg := conn.pending
	conn.pending, conn.session = nil, nil
	begins := ntlm.IsNegotiate(token) || spnego.IsInit(token) || spnego.IsKerberos(token)
	if err == nil && (begins || leg == nil || !strings.EqualFold(leg.scheme, scheme)) {
		leg = s.begin(r, h, token)
	}
	if err != nil || leg == nil {
		s.refused()
		s.challenge(w, r, c)
		return nil, false
	}
	out, done, err := leg.accept(token)
	switch {
	case err != nil && len(out) > 0: // why, in the mechanism's words
		s.refused()
		w.Header().Set("WWW-Authenticate", leg.scheme+" "+base64.StdEncoding.EncodeToString(out))
		bare(w, r, http.StatusUnauthorized)
		return nil, false
	case err != nil:
		s.refused()
		s.challenge(w, r, c)
		return nil, false
	case !done:
		conn.pending = leg
		w.Header().Set("WWW-Authenticate", leg.scheme+" "+base64.StdEncoding.EncodeToString(out))
		bare(w, r, http.StatusUnauthorized)
		return nil, false
	case len(out) > 0:
		w.Header().Set("WWW-Authenticate", leg.scheme+" "+base64.StdEncoding.EncodeToString(out))
	}
	conn.session = s.let(&session{Acceptor: leg.acceptor, mechanism: leg.mechanism})
	return conn.session, true
}

// begin makes a handshake for a client's first token; nil for a token of no
// mechanism that the server has. Under Negotiate Windows takes NTLM and Kerberos
// bare as well as in SPNEGO; under Kerberos only Kerberos.
func (s *Server) begin(r *http.Request, h estate.Host, token []byte) *handshake {
	var bindings []byte
	if r.TLS != nil {
		bindings = s.bindings()
	}
	isNegotiate := strings.HasPrefix(strings.ToLower(r.Header.Get("Authorization")), "negotiate")
	mechanism := func(name string) Acceptor {
		switch {
		case name == spnego.NTLM && isNegotiate:
			return s.ntlm(h, bindings)
		case name == spnego.Kerberos && s.Kerberos != nil:
			return s.Kerberos(bindings)
		default:
			return nil
		}
	}
	leg := &handshake{scheme: "Negotiate"}
	if !isNegotiate {
		leg.scheme = spnego.Kerberos
	}
	switch {
	case ntlm.IsMessage(token):
		leg.mechanism, leg.acceptor = spnego.NTLM, mechanism(spnego.NTLM)
	case spnego.IsKerberos(token):
		leg.mechanism, leg.acceptor = spnego.Kerberos, mechanism(spnego.Kerberos)
	case spnego.IsInit(token):
		leg.spnego = spnego.NewAcceptor(func(name string) spnego.Mechanism {
			if a := mechanism(name); a != nil {
				return a
			}
			return nil // and no nil Acceptor in an interface
		})
		return leg
	}
	if leg.acceptor == nil {
		return nil
	}
	return leg
}

func (s *Server) ntlm(h estate.Host, bindings []byte) Acceptor {
	c := config(h)
	policy := ntlm.RelaxedBinding
	switch c.CBT {
	case "none":
		policy = ntlm.NoBinding
	case "strict":
		policy = ntlm.StrictBinding
	}
	user, home := c.User, domain(h)
	prefix, name, qualified := strings.Cut(c.User, `\`)
	switch {
	case qualified && (prefix == "." || strings.EqualFold(prefix, computer(h))):
		user = name // the machine's own
	case qualified:
		home = cmp.Or(home, strings.ToLower(prefix))
	}
	return ntlm.NewAcceptor(ntlm.Config{
		Computer: computer(h), Domain: home, User: user, Password: c.Password, Bindings: bindings, Policy: policy,
	})
}
