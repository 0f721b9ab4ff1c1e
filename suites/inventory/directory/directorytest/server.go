// Package directorytest is a directory for tests: it knows one account, and gives
// its computers page by page.
package directorytest

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/pem"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"
)

// Computer is one entry.
type Computer struct {
	DN         string
	Attributes map[string]string
}

// Server is a directory. Its fields may be changed while nobody asks.
type Server struct {
	Computers []Computer
	User      string
	Password  string
	// Answer, where it is not nil, answers in place of the server; it gives messages'
	// bytes.
	Answer func(op *ber.Packet, id int64) [][]byte
	// Refuse answers StartTLS with an error.
	Refuse bool

	listener net.Listener
	config   *tls.Config
	roots    []byte
	startTLS bool
	mu       sync.Mutex
	asked    []string
}

// Name is what the server's certificate is for.
const Name = "example.com"

// Start starts a directory on a port of this machine: within TLS, or plain with
// StartTLS.
func Start(s *Server, startTLS bool) error {
	web := httptest.NewUnstartedServer(http.NotFoundHandler())
	web.StartTLS() // only for its certificate
	s.config = &tls.Config{Certificates: web.TLS.Certificates, MinVersion: tls.VersionTLS12}
	s.roots = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: web.Certificate().Raw})
	web.Close()
	s.startTLS = startTLS
	var err error
	if s.listener, err = new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0"); err != nil {
		return err
	}
	go func() {
		for {
			conn, err := s.listener.Accept()
			if err != nil {
				return
			}
			go s.serve(conn)
		}
	}()
	return nil
}

// Know changes which computers there are while the directory runs.
func (s *Server) Know(all []Computer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Computers = all
}

// Addr is the server's address with its port.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// Roots is the PEM of its authority.
func (s *Server) Roots() []byte { return s.roots }

// Close ends it.
func (s *Server) Close() error { return s.listener.Close() }

// Asked are the operations so far, in words.
func (s *Server) Asked() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.asked)
}

func (s *Server) note(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, fmt.Sprintf(format, args...))
}

func (s *Server) serve(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	if !s.startTLS {
		conn = tls.Server(conn, s.config)
	}
	for {
		packet, err := ber.ReadPacket(conn)
		if err != nil || len(packet.Children) < 2 {
			return
		}
		id, _ := packet.Children[0].Value.(int64)
		op := packet.Children[1]
		if s.Answer != nil {
			if answers := s.Answer(op, id); answers != nil {
				for _, answer := range answers {
					_, _ = conn.Write(answer)
				}
				continue
			}
		}
		if op.Tag == ldap.ApplicationExtendedRequest {
			s.note("starttls")
			if s.Refuse {
				_, _ = conn.Write(Result(id, ldap.ApplicationExtendedResponse, ldap.LDAPResultProtocolError))
				continue
			}
			_, _ = conn.Write(Result(id, ldap.ApplicationExtendedResponse, ldap.LDAPResultSuccess))
			conn = tls.Server(conn, s.config)
			continue
		}
		if !s.operation(conn, packet, id) {
			return
		}
	}
}

func (s *Server) operation(conn net.Conn, packet *ber.Packet, id int64) bool {
	op := packet.Children[1]
	switch op.Tag {
	case ldap.ApplicationBindRequest:
		user, password := text(op, 1), ""
		if len(op.Children) > 2 {
			password = op.Children[2].Data.String()
		}
		s.note("bind %s", user)
		code := uint16(ldap.LDAPResultSuccess)
		if user != s.User || password != s.Password || password == "" {
			code = ldap.LDAPResultInvalidCredentials
		}
		_, err := conn.Write(Result(id, ldap.ApplicationBindResponse, code))
		return err == nil
	case ldap.ApplicationSearchRequest:
		_, err := conn.Write(s.page(packet, id))
		return err == nil
	default:
		return false
	}
}

// page is the page that a search asks for.
func (s *Server) page(packet *ber.Packet, id int64) []byte {
	filter, _ := ldap.DecompileFilter(packet.Children[1].Children[6])
	s.mu.Lock()
	known := s.Computers
	s.mu.Unlock()
	from, size := 0, len(known)
	if len(packet.Children) > 2 {
		for _, child := range packet.Children[2].Children {
			if control, err := ldap.DecodeControl(child); err == nil {
				if paging, is := control.(*ldap.ControlPaging); is {
					size = int(paging.PagingSize)
					_, _ = fmt.Sscan(string(paging.Cookie), &from)
				}
			}
		}
	}
	s.note("search %s %s from %d", text(packet.Children[1], 0), filter, from)
	to := min(from+size, len(known))
	var all bytes.Buffer
	for _, c := range known[from:to] {
		all.Write(Entry(id, c))
	}
	done := result(id, ldap.ApplicationSearchResultDone, ldap.LDAPResultSuccess)
	cookie := ""
	if to < len(known) {
		cookie = fmt.Sprint(to)
	}
	paging := ldap.NewControlPaging(0)
	paging.SetCookie([]byte(cookie))
	controls := ber.Encode(ber.ClassContext, ber.TypeConstructed, 0, nil, "")
	controls.AppendChild(paging.Encode())
	done.AppendChild(controls)
	all.Write(done.Bytes())
	return all.Bytes()
}

func text(p *ber.Packet, child int) string {
	if child >= len(p.Children) {
		return ""
	}
	s, _ := p.Children[child].Value.(string)
	return s
}

// Entry is the message of one computer.
func Entry(id int64, c Computer) []byte {
	m := message(id)
	entry := ber.Encode(ber.ClassApplication, ber.TypeConstructed, ldap.ApplicationSearchResultEntry, nil, "")
	entry.AppendChild(octets(c.DN))
	attributes := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSequence, nil, "")
	for name, value := range c.Attributes {
		attribute := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSequence, nil, "")
		attribute.AppendChild(octets(name))
		values := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSet, nil, "")
		values.AppendChild(octets(value))
		attribute.AppendChild(values)
		attributes.AppendChild(attribute)
	}
	entry.AppendChild(attributes)
	m.AppendChild(entry)
	return m.Bytes()
}

// Reference is the message of a place to go on at.
func Reference(id int64, url string) []byte {
	m := message(id)
	reference := ber.Encode(ber.ClassApplication, ber.TypeConstructed, ldap.ApplicationSearchResultReference, nil, "")
	reference.AppendChild(octets(url))
	m.AppendChild(reference)
	return m.Bytes()
}

// Result is the message that ends an operation.
func Result(id int64, op ber.Tag, code uint16) []byte { return result(id, op, code).Bytes() }

func result(id int64, op ber.Tag, code uint16) *ber.Packet {
	m := message(id)
	r := ber.Encode(ber.ClassApplication, ber.TypeConstructed, op, nil, "")
	r.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagEnumerated, int64(code), ""))
	r.AppendChild(octets(""))
	said := ""
	if code == ldap.LDAPResultInvalidCredentials {
		said = "80090308: LdapErr: DSID-0C090439, comment: AcceptSecurityContext error, data 52e, v4563"
	}
	r.AppendChild(octets(said))
	m.AppendChild(r)
	return m
}

func message(id int64) *ber.Packet {
	m := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSequence, nil, "")
	m.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, id, ""))
	return m
}

func octets(s string) *ber.Packet {
	return ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, s, "")
}
