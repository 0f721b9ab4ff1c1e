package exchange

import (
	"cmp"
	"context"
	"crypto"
	_ "crypto/sha512" // certificates may be signed with it
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"

	"postpatch/probes/lab/estate"
	"postpatch/probes/lab/ntlm"
	"postpatch/probes/lab/spnego"
)

// schemes are what a virtual directory takes by default (the front end's, as
// Microsoft's "Default settings for Exchange virtual directories" has them).
func schemes(e estate.Exchange, directory estate.Directory) []estate.Scheme {
	if set, found := estate.Of(e.Auth, directory); found {
		return set
	}
	switch directory {
	case "owa", "ecp":
		return []estate.Scheme{estate.Forms}
	case "autodiscover", "rpc":
		return []estate.Scheme{estate.Negotiate, estate.NTLM, estate.Basic}
	case estate.ActiveSync:
		return []estate.Scheme{estate.Basic}
	default:
		return []estate.Scheme{estate.Negotiate, estate.NTLM}
	}
}

// protection is a directory's Extended Protection, by default what
// ExchangeExtendedProtectionManagement.ps1 sets at the front end.
func protection(e estate.Exchange, directory estate.Directory) estate.Protection {
	if set, found := estate.Of(e.Protection, directory); found {
		return set
	}
	switch directory {
	case "owa", "ecp", "mapi", "rpc":
		return estate.Required
	case "ews", "oab", estate.ActiveSync:
		return estate.Allowed
	default:
		return estate.Unprotected
	}
}

// connection is what IIS remembers of a TCP connection: NTLM authenticates it and
// not its requests. They come one by one.
type connection struct {
	bindings []byte
	pending  *handshake
	who      account
	by       estate.Directory // where who was let in; "" for nobody
}

type connectionKey struct{}

// Connection makes a place for what is remembered of a connection: the ConnContext
// of every http.Server that a Server answers in. Bindings are the application data
// of its channel binding; nil without TLS.
func Connection(ctx context.Context, bindings []byte) context.Context {
	return context.WithValue(ctx, connectionKey{}, &connection{bindings: bindings})
}

// Bindings is the application data of the channel binding to a certificate: its hash
// by the function that signed it, and by SHA-256 for older functions (RFC 5929 4.1).
// Nil when there is none.
func Bindings(cert *tls.Certificate) []byte {
	if len(cert.Certificate) == 0 {
		return nil
	}
	leaf, err := x509.ParseCertificate(cert.Certificate[0])
	if err != nil {
		return nil
	}
	function := crypto.SHA256
	switch leaf.SignatureAlgorithm {
	case x509.SHA384WithRSA, x509.SHA384WithRSAPSS, x509.ECDSAWithSHA384:
		function = crypto.SHA384
	case x509.SHA512WithRSA, x509.SHA512WithRSAPSS, x509.ECDSAWithSHA512:
		function = crypto.SHA512
	default:
	}
	hash := function.New()
	_, _ = hash.Write(leaf.Raw) // a hash takes everything
	return append([]byte("tls-server-end-point:"), hash.Sum(nil)...)
}

func connectionOf(ctx context.Context) *connection {
	if c, ok := ctx.Value(connectionKey{}).(*connection); ok {
		return c
	}
	return &connection{} // gone with the request
}

// handshake is an authentication that has begun.
type handshake struct {
	scheme string
	bare   Acceptor // of a mechanism without SPNEGO
	spnego *spnego.Acceptor
	tried  account // whom NTLM looked for
	known  bool
}

func (h *handshake) accept(token []byte) (out []byte, done bool, err error) {
	if h.spnego == nil {
		return h.bare.Accept(token)
	}
	out, done, err = h.spnego.Accept(token)
	_, mechanism := h.spnego.Mechanism()
	h.bare, _ = mechanism.(Acceptor) // as begin made it
	return out, done, err
}

// admit lets a request in, or answers it with what the client has to do first.
func (v *visit) admit() bool {
	conn := connectionOf(v.r.Context())
	authorization := v.r.Header.Get("Authorization")
	scheme, token, _ := strings.Cut(authorization, " ")
	takes := schemes(v.exchange, v.directory)
	switch {
	case authorization == "" && conn.by == v.directory:
		return v.enterOr403(conn.who)
	case strings.EqualFold(scheme, "Basic") && slices.Contains(takes, estate.Basic):
		user, password, ok := v.r.BasicAuth()
		if a, right := v.logon(user, password); ok && right {
			return v.enterOr403(a)
		}
	case strings.EqualFold(scheme, "Negotiate") && slices.Contains(takes, estate.Negotiate),
		strings.EqualFold(scheme, "NTLM") && slices.Contains(takes, estate.NTLM):
		return v.negotiate(conn, scheme, token)
	case strings.EqualFold(scheme, "Bearer"):
		v.refuseToken()
	}
	v.challenge()
	return false
}

func (v *visit) enterOr403(a account) bool {
	if v.enter(a) {
		return true
	}
	v.drain()
	v.page(http.StatusForbidden, "")
	return false
}

// refuseToken says why a token of OAuth is not taken: nobody here has issued one.
func (v *visit) refuseToken() {
	why := `2000001;reason="The token has an invalid signature.";error_category="invalid_signature"`
	if v.exchange.AuthCertificate == "expired" {
		why = `2000002;reason="The certificate that signs the server's own tokens is expired.";` +
			`error_category="invalid_certificate"`
	}
	v.w.Header()["x-ms-diagnostics"] = []string{why}
}

// challenge tells the client how it may authenticate.
func (v *visit) challenge() {
	v.w.Header()["X-CasErrorCode"] = []string{"UnauthenticatedRequest"}
	var ways []string
	for _, scheme := range schemes(v.exchange, v.directory) {
		switch scheme {
		case estate.Negotiate:
			ways = append(ways, "Negotiate")
		case estate.NTLM:
			ways = append(ways, "NTLM")
		case estate.Basic:
			name, _, _ := strings.Cut(v.r.Host, ":")
			ways = append(ways, `Basic realm="`+name+`"`)
		default: // forms are no scheme of HTTP
		}
	}
	v.answer401(ways...)
}

// answer401 tells of ways to authenticate. http.sys has read the request by then.
func (v *visit) answer401(ways ...string) {
	v.w.Header()["WWW-Authenticate"] = ways
	v.drain()
	v.w.Header().Set("Content-Length", "0")
	v.w.WriteHeader(http.StatusUnauthorized)
}

func (v *visit) drain() { _, _ = io.Copy(io.Discard, io.LimitReader(v.r.Body, maxRequest)) }

// negotiate takes one leg of a handshake. The last one brings the request.
func (v *visit) negotiate(conn *connection, scheme, encoded string) bool {
	if v.r.ProtoMajor > 1 {
		panic(http.ErrAbortHandler) // IIS has no Windows authentication in HTTP/2: HTTP_1_1_REQUIRED
	}
	token, err := base64.StdEncoding.DecodeString(strings.TrimSpace(encoded))
	leg := conn.pending
	conn.pending, conn.by = nil, ""
	begins := ntlm.IsNegotiate(token) || spnego.IsInit(token) || spnego.IsKerberos(token)
	if err == nil && (begins || leg == nil || !strings.EqualFold(leg.scheme, scheme)) {
		leg = v.begin(conn.bindings, scheme, token)
	}
	if err != nil || leg == nil {
		v.challenge()
		return false
	}
	out, done, err := leg.accept(token)
	switch {
	case err != nil:
		v.failed(leg, err)
		if len(out) > 0 { // why, in the mechanism's words
			v.answer401(leg.scheme + " " + base64.StdEncoding.EncodeToString(out))
			return false
		}
		v.challenge()
		return false
	case !done:
		conn.pending = leg
		v.answer401(leg.scheme + " " + base64.StdEncoding.EncodeToString(out))
		return false
	case len(out) > 0:
		v.w.Header()["WWW-Authenticate"] = []string{leg.scheme + " " + base64.StdEncoding.EncodeToString(out)}
	}
	a, known := leg.tried, leg.known
	if !known { // Kerberos names the account in its ticket
		name, _, _ := strings.Cut(leg.bare.User(), "@")
		a, known = v.find("", name)
	}
	if !known {
		v.count(func(s *Stats) { s.Unknown++ })
		v.drain()
		v.page(http.StatusForbidden, "") // a true user, without a mailbox
		return false
	}
	v.accept(a)
	if leg.known { // IIS asks Kerberos again with every request, and NTLM not
		conn.who, conn.by = a, v.directory
	}
	return v.enterOr403(a)
}

// failed counts a handshake that came to nothing.
func (v *visit) failed(leg *handshake, err error) {
	switch {
	case errors.Is(err, ntlm.ErrBinding):
		v.count(func(s *Stats) { s.Unbound++ })
	case errors.Is(err, ntlm.ErrUnknownUser) && !leg.known:
		v.count(func(s *Stats) { s.Unknown++ })
	case errors.Is(err, ntlm.ErrPassword), errors.Is(err, ntlm.ErrUnknownUser):
		v.refuse(leg.tried)
	default: // it was no logon
	}
}

// begin makes a handshake for a client's first token; nil for a token of no
// mechanism of the scheme. Negotiate takes both mechanisms bare, too.
func (v *visit) begin(bindings []byte, scheme string, token []byte) *handshake {
	leg := &handshake{scheme: "Negotiate"}
	if strings.EqualFold(scheme, "NTLM") {
		leg.scheme = "NTLM"
	}
	if v.exchange.Bridged && bindings != nil {
		bindings = []byte("tls-server-end-point:the certificate behind the load balancer")
	}
	setting := protection(v.exchange, v.directory)
	kerberos := func() Acceptor {
		if v.Kerberos == nil || leg.scheme == "NTLM" {
			return nil
		}
		return v.Kerberos(setting, bindings)
	}
	switch {
	case ntlm.IsMessage(token):
		leg.bare = v.ntlm(leg, setting, bindings)
	case spnego.IsKerberos(token):
		leg.bare = kerberos()
	case spnego.IsInit(token) && leg.scheme != "NTLM":
		leg.spnego = spnego.NewAcceptor(func(name string) spnego.Mechanism {
			if name == spnego.NTLM {
				return v.ntlm(leg, setting, bindings)
			}
			if a := kerberos(); a != nil {
				return a
			}
			return nil // and no nil Acceptor in an interface
		})
		return leg
	}
	if leg.bare == nil {
		return nil
	}
	return leg
}

// ntlm makes the server's end of NTLM, which remembers in leg whom it looked for.
func (v *visit) ntlm(leg *handshake, setting estate.Protection, bindings []byte) Acceptor {
	netbios, dns := v.domain()
	_, short := v.node()
	policy := map[estate.Protection]ntlm.BindingPolicy{
		estate.Allowed: ntlm.RelaxedBinding, estate.Required: ntlm.StrictBinding,
	}[setting]
	return ntlm.NewAcceptor(ntlm.Config{
		Computer: cmp.Or(short, "EX"), Domain: dns, User: netbios + `\` + short + "$",
		Passwords: func(domain, user string) (string, bool) {
			leg.tried, leg.known = v.find(domain, user)
			if !leg.known || v.locked(leg.tried) {
				return "", false
			}
			return leg.tried.secret(), true
		},
		Bindings: bindings, Policy: policy,
	})
}
