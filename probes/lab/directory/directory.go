// Package directory answers LDAP as a domain controller does: rootDSE to everybody, all
// else to those who have bound. It is written from RFC 4511 and MS-ADTS.
package directory

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"

	"postpatch/probes/lab/conns"
	"postpatch/probes/lab/estate"
)

// Acceptor takes the proof of an account.
type Acceptor interface {
	Accept(token []byte) (out []byte, done bool, err error)
	Sealer
}

// Sealer protects what follows a proof.
type Sealer interface {
	Seal(plain []byte) (signature, sealed []byte, err error)
	Open(signature, sealed []byte) (plain []byte, err error)
	Seals() bool // what follows a proof is sealed
}

// Server is a directory at one port. New makes one.
type Server struct {
	// Kerberos makes the Kerberos side of a connection, for the channel bindings; nil
	// without a realm.
	Kerberos func(bindings []byte) Acceptor

	host  func() estate.Host
	certs func(estate.TLS) (*tls.Certificate, error)
	port  int
	group *conns.Group
}

// New returns the server of a port that answers as host() says at the time of each
// connection.
func New(host func() estate.Host, certs func(estate.TLS) (*tls.Certificate, error), port int) *Server {
	return &Server{host: host, certs: certs, port: port, group: conns.New()}
}

// Serve answers until Close.
func (s *Server) Serve(ln net.Listener) error { return s.group.Serve(ln, s.serveConn) }

// Close ends all connections and goroutines.
func (s *Server) Close() error { return s.group.Close() }

func (s *Server) serveConn(ctx context.Context, conn net.Conn) {
	h := s.host()
	if h.LDAP == nil || h.Power == "off" {
		return
	}
	switch h.LDAP.Fault {
	case estate.Drop, estate.Refuse:
		return
	case estate.Silent:
		conns.Mute(conn)
		return
	case estate.Garbage:
		_, _ = conn.Write(conns.Noise(512))
		return
	case estate.Endless:
		conns.Endless(ctx, conn, make([]byte, 1024))
		return
	default: // an error comes with the answers
	}
	if !conns.Wait(ctx, h.Think) {
		return
	}
	t := &talk{server: s, host: h, conn: conn, ended: ctx}
	if s.port == 636 || s.port == 3269 {
		if t.secure() != nil {
			return
		}
	}
	t.run()
	_ = t.conn.Close() // with TLS' own farewell
}

// talk is one connection.
type talk struct {
	server *Server
	host   estate.Host
	conn   net.Conn
	ended  context.Context  // with the server
	tls    *tls.Certificate // nil without TLS
	user   string           // who has bound; "" is nobody
	proof  *proof           // under way
}

var errNoCertificate = errors.New("the directory has no certificate")

// secure starts TLS. A domain controller without a certificate hangs up.
func (t *talk) secure() error {
	if t.host.LDAP.TLS == nil {
		return errNoCertificate
	}
	certificate, err := t.server.certs(*t.host.LDAP.TLS)
	if err != nil {
		return err
	}
	secured := tls.Server(t.conn, &tls.Config{Certificates: []tls.Certificate{*certificate}, MinVersion: tls.VersionTLS12})
	if err := secured.HandshakeContext(t.ended); err != nil {
		return err
	}
	t.conn, t.tls = secured, certificate
	return nil
}

// mostMessage is what a client may say at once.
const mostMessage = 1 << 20

// run answers one message after the other until the client leaves.
func (t *talk) run() {
	for {
		packet, err := ber.ReadPacket(&bounded{Conn: t.conn})
		if err != nil || len(packet.Children) < 2 {
			return
		}
		id, isNumber := packet.Children[0].Value.(int64)
		if !isNumber || packet.Children[1].ClassType != ber.ClassApplication {
			return
		}
		if !t.answer(id, packet.Children[1]) {
			return
		}
	}
}

func (t *talk) answer(id int64, op *ber.Packet) (goOn bool) {
	switch op.Tag {
	case ldap.ApplicationBindRequest:
		return t.bind(id, op)
	case ldap.ApplicationSearchRequest:
		return t.search(id, op)
	case ldap.ApplicationExtendedRequest:
		return t.extended(id, op)
	case ldap.ApplicationAbandonRequest:
		return true
	default: // an unbind, or what a directory that is only read has no answer to
		return false
	}
}

func (t *talk) extended(id int64, op *ber.Packet) bool {
	const startTLS = "1.3.6.1.4.1.1466.20037"
	switch {
	case len(op.Children) == 0 || op.Children[0].Data.String() != startTLS:
		return t.say(id, ldap.ApplicationExtendedResponse, ldap.LDAPResultProtocolError,
			"0000203D: LdapErr: DSID-0C090EB5, comment: Unknown extended request OID, data 0, v4563")
	case t.tls != nil:
		return t.say(id, ldap.ApplicationExtendedResponse, ldap.LDAPResultOperationsError,
			"00000000: LdapErr: DSID-0C090EBD, comment: TLS or SSL already in effect, data 0, v4563")
	case t.host.LDAP.TLS == nil, t.host.LDAP.StartTLS == "refused":
		return t.say(id, ldap.ApplicationExtendedResponse, ldap.LDAPResultUnavailable,
			"00000000: LdapErr: DSID-0C090ED5, comment: Error initializing SSL/TLS, data 0, v4563")
	}
	return t.say(id, ldap.ApplicationExtendedResponse, ldap.LDAPResultSuccess, "") && t.secure() == nil
}

// say is an answer that has a result alone.
func (t *talk) say(id int64, op ber.Tag, code uint16, words string) bool {
	return t.send(id, result(op, code, words))
}

func result(op ber.Tag, code uint16, words string) *ber.Packet {
	r := ber.Encode(ber.ClassApplication, ber.TypeConstructed, op, nil, "")
	r.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagEnumerated, int64(code), ""))
	r.AppendChild(octets(""))
	r.AppendChild(octets(words))
	return r
}

func octets(text string) *ber.Packet {
	return ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, text, "")
}

func (t *talk) send(id int64, op *ber.Packet) bool {
	m := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSequence, nil, "")
	m.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, id, ""))
	m.AppendChild(op)
	_, err := t.conn.Write(m.Bytes())
	return err == nil
}

// bounded is a connection from which one message is read.
type bounded struct {
	net.Conn
	read int
}

// Read implements net.Conn.
func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.Conn.Read(p)
	if b.read += n; b.read > mostMessage {
		return 0, fmt.Errorf("a message has more than %d bytes", mostMessage)
	}
	return n, err
}
