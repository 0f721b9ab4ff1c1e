package directory

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strings"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"

	"postpatch/probes/host"
	"postpatch/probes/lab/ntlm"
	"postpatch/probes/lab/spnego"
)

// What Windows says to those who may not bind.
const (
	wantsSigning = "00002028: LdapErr: DSID-0C090259, comment: The server requires binds to turn on integrity checking " +
		"if SSL\\TLS are not already active on the connection, data 0, v4563"
	noMethod   = "00000057: LdapErr: DSID-0C090A4D, comment: The authentication method is unrecognized, data 0, v4563"
	sealsTwice = "00002029: LdapErr: DSID-0C09016D, comment: Cannot bind using sign/seal on a connection on which TLS " +
		"or SSL is in effect, data 0, v4563"
)

// bind answers a bind: with the password itself, or with a step of a proof.
func (t *talk) bind(id int64, op *ber.Packet) bool {
	t.user = ""
	if len(op.Children) < 3 {
		return false
	}
	user, auth := op.Children[1].Data.String(), op.Children[2]
	switch {
	case auth.ClassType == ber.ClassContext && auth.Tag == 0:
		return t.simple(id, user, auth.Data.String())
	case auth.ClassType == ber.ClassContext && auth.Tag == 3 && len(auth.Children) > 1 &&
		auth.Children[0].Data.String() == "GSS-SPNEGO":
		return t.prove(id, auth.Children[1].Data.Bytes())
	default:
		return t.say(id, ldap.ApplicationBindResponse, ldap.LDAPResultAuthMethodNotSupported, noMethod)
	}
}

func (t *talk) simple(id int64, user, password string) bool {
	const op = ldap.ApplicationBindResponse
	switch {
	case user == "" && password == "": // nobody
		return t.say(id, op, ldap.LDAPResultSuccess, "")
	case t.tls == nil && t.host.LDAP.Signing:
		return t.say(id, op, ldap.LDAPResultStrongAuthRequired, wantsSigning)
	case t.host.LDAP.Account != "":
		return t.refuse(id, t.host.LDAP.Account)
	case !t.knows(user):
		return t.refuse(id, "525")
	case password != t.host.LDAP.Password || password == "":
		return t.refuse(id, "52e")
	}
	t.user = user
	return t.say(id, op, ldap.LDAPResultSuccess, "")
}

// refuse is how Windows refuses an account.
func (t *talk) refuse(id int64, code string) bool {
	return t.say(id, ldap.ApplicationBindResponse, ldap.LDAPResultInvalidCredentials,
		"80090308: LdapErr: DSID-0C090449, comment: AcceptSecurityContext error, data "+code+", v4563")
}

// knows says whether a name is that of the account, however its domain is written: a lab has
// one.
func (t *talk) knows(user string) bool {
	bare := func(name string) string {
		if _, after, found := strings.Cut(name, `\`); found {
			name = after
		}
		name, _, _ = strings.Cut(name, "@")
		return name
	}
	return user != "" && strings.EqualFold(bare(user), bare(t.host.LDAP.User))
}

// proof is one that is under way.
type proof struct {
	spnego   *spnego.Acceptor // nil for bare NTLM
	acceptor Acceptor
}

func (p *proof) accept(token []byte) (out []byte, done bool, err error) {
	if p.spnego == nil {
		return p.acceptor.Accept(token)
	}
	out, done, err = p.spnego.Accept(token)
	if _, mechanism := p.spnego.Mechanism(); mechanism != nil {
		p.acceptor = mechanism.(Acceptor) // as choose made it
	}
	return out, done, err
}

func (t *talk) begin(token []byte) *proof {
	var bindings []byte
	if t.tls != nil {
		if leaf, err := leafOf(t.tls); err == nil {
			bindings = host.EndPoint(leaf)
		}
	}
	if ntlm.IsMessage(token) {
		return &proof{acceptor: t.ntlm(bindings)}
	}
	return &proof{spnego: spnego.NewAcceptor(func(name string) spnego.Mechanism {
		switch {
		case name == spnego.NTLM:
			return t.ntlm(bindings)
		case name == spnego.Kerberos && t.server.Kerberos != nil:
			return t.server.Kerberos(bindings)
		default:
			return nil
		}
	})}
}

func (t *talk) ntlm(bindings []byte) Acceptor {
	short, domain, _ := strings.Cut(t.host.Name, ".")
	policy := map[string]ntlm.BindingPolicy{
		"allowed": ntlm.RelaxedBinding, "required": ntlm.StrictBinding,
	}[t.host.LDAP.Binding]
	return ntlm.NewAcceptor(ntlm.Config{
		Computer: strings.ToUpper(short), Domain: domain, Bindings: bindings, Policy: policy,
		Passwords: func(_, user string) (string, bool) {
			return t.host.LDAP.Password, t.knows(user) && t.host.LDAP.Account == ""
		},
	})
}

// prove takes a step of a proof.
func (t *talk) prove(id int64, token []byte) bool {
	if t.proof == nil {
		t.proof = t.begin(token)
	}
	out, done, err := t.proof.accept(token)
	acceptor := t.proof.acceptor
	if err != nil || done {
		t.proof = nil
	}
	const op = ldap.ApplicationBindResponse
	switch {
	case errors.Is(err, ntlm.ErrBinding):
		return t.refuse(id, "80090346")
	case errors.Is(err, ntlm.ErrUnknownUser) && t.host.LDAP.Account != "":
		return t.refuse(id, t.host.LDAP.Account)
	case errors.Is(err, ntlm.ErrPassword), errors.Is(err, ntlm.ErrUnknownUser):
		return t.refuse(id, "52e")
	case err != nil:
		return t.refuse(id, "57")
	case !done:
		return t.send(id, withToken(result(op, ldap.LDAPResultSaslBindInProgress, ""), out))
	case acceptor.Seals() && t.tls != nil:
		return t.say(id, op, ldap.LDAPResultUnwillingToPerform, sealsTwice)
	case !acceptor.Seals() && t.tls == nil && t.host.LDAP.Signing:
		return t.say(id, op, ldap.LDAPResultStrongAuthRequired, wantsSigning)
	}
	t.user = t.host.LDAP.User
	if !t.send(id, withToken(result(op, ldap.LDAPResultSuccess, ""), out)) {
		return false
	}
	if acceptor.Seals() {
		t.conn = &sealed{Conn: t.conn, acceptor: acceptor}
	}
	return true
}

// withToken is an answer to a bind with a token for the client.
func withToken(r *ber.Packet, token []byte) *ber.Packet {
	if len(token) > 0 {
		r.AppendChild(ber.NewString(ber.ClassContext, ber.TypePrimitive, 7, string(token), ""))
	}
	return r
}

// sealed is a connection after a proof that seals.
type sealed struct {
	net.Conn
	acceptor Acceptor
	in       bytes.Buffer
}

// Read implements net.Conn.
func (s *sealed) Read(p []byte) (int, error) {
	for s.in.Len() == 0 {
		var head [4]byte
		if _, err := io.ReadFull(s.Conn, head[:]); err != nil {
			return 0, err
		}
		length := binary.BigEndian.Uint32(head[:])
		if length > mostMessage {
			return 0, errors.New("a client seals too much at once")
		}
		buffer := make([]byte, length)
		if _, err := io.ReadFull(s.Conn, buffer); err != nil {
			return 0, err
		}
		signature := 16 // NTLM's
		if _, isNTLM := s.acceptor.(*ntlm.Acceptor); !isNTLM {
			signature = 60 // Kerberos', MS-WSMV 2.2.9.1.2.2.2
		}
		if len(buffer) < signature {
			return 0, io.ErrUnexpectedEOF
		}
		plain, err := s.acceptor.Open(buffer[:signature], buffer[signature:])
		if err != nil {
			return 0, err
		}
		s.in.Write(plain)
	}
	return s.in.Read(p)
}

// Write implements net.Conn.
func (s *sealed) Write(p []byte) (int, error) {
	signature, body, err := s.acceptor.Seal(p)
	if err != nil {
		return 0, err
	}
	buffer := binary.BigEndian.AppendUint32(nil, uint32(len(signature)+len(body)))
	if _, err := s.Conn.Write(append(append(buffer, signature...), body...)); err != nil {
		return 0, err
	}
	return len(p), nil
}
