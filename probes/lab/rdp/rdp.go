// Package rdp answers Remote Desktop up to the point where a user would have to prove
// themselves, as [MS-RDPBCGR] and [MS-CSSP] have it: the choice of a protocol, TLS, and the
// challenge of CredSSP.
package rdp

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/asn1"
	"encoding/binary"
	"io"
	"net"
	"strings"
	"time"

	"postpatch/probes/lab/conns"
	"postpatch/probes/lab/estate"
	"postpatch/probes/lab/ntlm"
)

// Server is Remote Desktop. New makes one.
type Server struct {
	host  func() estate.Host
	certs func(estate.TLS) (*tls.Certificate, error)
	group *conns.Group
}

// New returns a server that answers as host() says at the time of each connection.
func New(host func() estate.Host, certs func(estate.TLS) (*tls.Certificate, error)) *Server {
	return &Server{host: host, certs: certs, group: conns.New()}
}

// Serve answers until Close.
func (s *Server) Serve(ln net.Listener) error { return s.group.Serve(ln, s.serveConn) }

// Close ends all connections and goroutines.
func (s *Server) Close() error { return s.group.Close() }

// The protocols, and the reasons to take none of them.
const (
	protocolTLS    = 1
	protocolHybrid = 2
	protocolEarly  = 8

	failTLSRequired    = 1
	failTLSNotAllowed  = 2
	failNoCertificate  = 3
	failHybridRequired = 5
)

const patience = time.Minute // for all that a client does before it logs on

func (s *Server) serveConn(ctx context.Context, conn net.Conn) {
	h := s.host()
	if h.RDP == nil || h.Power == "off" {
		return
	}
	_ = conn.SetDeadline(time.Now().Add(patience))
	switch h.RDP.Fault {
	case estate.Drop, estate.Refuse:
		return
	case estate.Silent:
		conns.Mute(conn)
		return
	case estate.Garbage:
		_, _ = conn.Write(conns.Noise(512))
		return
	case estate.Endless:
		conns.Endless(ctx, conn, conns.Noise(512))
		return
	default: // an error comes with the answer
	}
	offered, negotiates, ok := readRequest(conn)
	if !ok || !conns.Wait(ctx, h.Think) {
		return
	}
	kind, value := choose(*h.RDP, offered)
	if _, err := conn.Write(confirm(negotiates, kind, value)); err != nil || kind != response {
		return
	}
	if value == 0 { // what the old encryption says first is for the client
		conns.Mute(conn)
		return
	}
	s.secured(ctx, conn, h, value)
}

// readRequest reads X.224's connection request. A token or a cookie may stand ahead of
// what the client offers, and it may offer nothing.
func readRequest(conn net.Conn) (offered uint32, negotiates, ok bool) {
	var head [4]byte
	if _, err := io.ReadFull(conn, head[:]); err != nil || head[0] != 3 {
		return 0, false, false
	}
	length := int(binary.BigEndian.Uint16(head[2:]))
	if length < 11 || length > 4096 {
		return 0, false, false
	}
	body := make([]byte, length-len(head))
	if _, err := io.ReadFull(conn, body); err != nil || int(body[0]) != len(body)-1 || body[1] != 0xE0 {
		return 0, false, false
	}
	rest := body[7:]
	if bytes.HasPrefix(rest, []byte("Cookie: ")) {
		end := bytes.Index(rest, []byte("\r\n"))
		if end < 0 {
			return 0, false, false
		}
		rest = rest[end+2:]
	}
	if len(rest) < 8 {
		return 0, false, len(rest) == 0
	}
	if rest[0] != 1 || binary.LittleEndian.Uint16(rest[2:]) != 8 {
		return 0, false, false
	}
	return binary.LittleEndian.Uint32(rest[4:]), true, true
}

const (
	response = 2
	failure  = 3
)

// choose answers what the client offers: the best that both have, or why there is none.
func choose(r estate.RDP, offered uint32) (kind byte, value uint32) {
	hybrid := offered&(protocolHybrid|protocolEarly) != 0
	switch {
	case r.Fault == estate.Error:
		return failure, 4
	case r.Security == "rdp" && !hybrid && offered&protocolTLS == 0:
		return response, 0
	case r.NoCertificate:
		return failure, failNoCertificate
	case (r.Security == "" || r.Security == "nla") && !hybrid:
		return failure, failHybridRequired
	case !hybrid && offered&protocolTLS == 0:
		return failure, failTLSRequired
	case offered&protocolEarly != 0:
		return response, protocolEarly
	case hybrid:
		return response, protocolHybrid
	default:
		return response, protocolTLS
	}
}

// confirm is the connection confirm, to a client that negotiates with the choice.
func confirm(negotiates bool, kind byte, value uint32) []byte {
	body := []byte{0, 0xD0, 0, 0, 0x12, 0x34, 0}
	if negotiates {
		const flags = 0x1F // as Windows Server 2022 has them
		body = append(body, kind, flags, 8, 0)
		if kind == failure {
			body[8] = 0
		}
		body = binary.LittleEndian.AppendUint32(body, value)
	}
	body[0] = byte(len(body) - 1)
	return append([]byte{3, 0, 0, byte(len(body) + 4)}, body...)
}

// secured starts TLS, and CredSSP where it was chosen.
func (s *Server) secured(ctx context.Context, conn net.Conn, h estate.Host, protocol uint32) {
	want := estate.TLS{SelfSigned: true}
	if h.RDP.TLS != nil {
		want = *h.RDP.TLS
	}
	if len(want.Names) == 0 {
		want.Names = []string{h.Name}
	}
	cert, err := s.certs(want)
	if err != nil {
		return
	}
	secure := tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{*cert}, MinVersion: tls.VersionTLS12})
	if secure.HandshakeContext(ctx) != nil {
		return
	}
	if protocol == protocolTLS { // the client speaks next, of what is beyond this server
		conns.Mute(secure)
		return
	}
	if !h.RDP.NoCredSSP {
		credSSP(secure, h)
	}
	_ = secure.Close()
}

// tsRequest is TSRequest of [MS-CSSP] 2.2.1.
type tsRequest struct {
	Version    int         `asn1:"explicit,tag:0"`
	NegoTokens []negoToken `asn1:"explicit,optional,omitempty,tag:1"`
	AuthInfo   []byte      `asn1:"explicit,optional,omitempty,tag:2"`
	PubKeyAuth []byte      `asn1:"explicit,optional,omitempty,tag:3"`
	ErrorCode  int         `asn1:"explicit,optional,omitempty,tag:4"`
	Nonce      []byte      `asn1:"explicit,optional,omitempty,tag:5"`
}

type negoToken struct {
	Token []byte `asn1:"explicit,tag:0"`
}

// credSSP answers the client's first message with a challenge, and refuses the second:
// this server has no accounts.
func credSSP(conn net.Conn, h estate.Host) {
	const version, mostMessage = 6, 16 << 10
	message := make([]byte, mostMessage)
	n, err := conn.Read(message)
	if err != nil {
		return
	}
	var got tsRequest
	if rest, err := asn1.Unmarshal(message[:n], &got); err != nil || len(rest) > 0 || len(got.NegoTokens) == 0 {
		return
	}
	name, _, _ := strings.Cut(h.Name, ".")
	acceptor := ntlm.NewAcceptor(ntlm.Config{Computer: strings.ToUpper(name), Domain: h.OS.Domain})
	challenge, _, err := acceptor.Accept(got.NegoTokens[0].Token)
	if err != nil {
		return
	}
	answer, err := asn1.Marshal(tsRequest{Version: version, NegoTokens: []negoToken{{challenge}}})
	if err != nil {
		return
	}
	if _, err := conn.Write(answer); err != nil {
		return
	}
	if _, err := conn.Read(message); err != nil {
		return
	}
	const logonFailure = -1073741715 // STATUS_LOGON_FAILURE, 0xC000006D
	if refusal, err := asn1.Marshal(tsRequest{Version: version, ErrorCode: logonFailure}); err == nil {
		_, _ = conn.Write(refusal)
	}
}
