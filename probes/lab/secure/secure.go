// Package secure answers at ports at which TLS begins at once, and for the lab's CA when
// it is asked whether a certificate is revoked.
package secure

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"slices"
	"time"

	"golang.org/x/crypto/ocsp"

	"postpatch/probes/lab/conns"
	"postpatch/probes/lab/estate"
)

// Status makes a response to what OCSP asks of a certificate, which holds from some time
// on for a day.
type Status func(serial *big.Int, status int, from time.Time) ([]byte, error)

// Server is a port with TLS. New makes one.
type Server struct {
	*conns.Group

	host   func() estate.Host
	certs  func(estate.TLS) (*tls.Certificate, error)
	status Status
	port   int
}

// New returns a server that answers as host() says of the port at the time of each
// connection.
func New(
	host func() estate.Host, certs func(estate.TLS) (*tls.Certificate, error), status Status, port int,
) *Server {
	return &Server{conns.New(), host, certs, status, port}
}

// Serve answers until Close.
func (s *Server) Serve(ln net.Listener) error { return s.Group.Serve(ln, s.serveConn) }

func (s *Server) serveConn(ctx context.Context, conn net.Conn) {
	h := s.host()
	p, open := h.TLS[s.port]
	if !open || !conns.Wait(ctx, h.Think) {
		return
	}
	switch p.Fault {
	case estate.Drop, estate.Refuse:
		return
	case estate.Silent:
		conns.Mute(conn)
		return
	case estate.Garbage:
		_, _ = conn.Write(conns.Noise(512))
		return
	case estate.Error: // a fatal alert: handshake failure
		_, _ = conn.Read(make([]byte, 1<<14))
		_, _ = conn.Write([]byte{21, 3, 1, 0, 2, 2, 40})
		return
	case estate.Endless:
		warning := []byte{21, 3, 1, 0, 2, 1, 112}
		conns.Endless(ctx, conn, slices.Repeat(warning, 100))
		return
	default: // there is none
	}
	config, err := s.config(p)
	if err != nil {
		return
	}
	hello, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	secured := tls.Server(conn, config)
	if secured.HandshakeContext(hello) == nil {
		conns.Mute(secured)
	}
}

// config is what the port takes, for one connection.
func (s *Server) config(p estate.Secure) (*tls.Config, error) {
	cert, err := s.certs(p.Cert)
	if err != nil {
		return nil, err
	}
	config := &tls.Config{Certificates: []tls.Certificate{*cert}, MinVersion: tls.VersionTLS12}
	for _, name := range p.Ciphers {
		if id, found := estate.Suite(name); found {
			config.CipherSuites = append(config.CipherSuites, id)
		}
	}
	if p.Staple != "" {
		if config.Certificates[0].OCSPStaple, err = s.staple(cert, p.Staple); err != nil {
			return nil, err
		}
	}
	config.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		suited := config.Clone()
		suited.GetConfigForClient = nil
		// Windows, unlike Go, begins without a protocol where none is known to both.
		if slices.ContainsFunc(hello.SupportedProtos, func(one string) bool { return slices.Contains(p.ALPN, one) }) {
			suited.NextProtos = p.ALPN
		}
		if len(p.Versions) > 0 {
			suited.MinVersion = choose(p.Versions, hello.SupportedVersions)
			suited.MaxVersion = suited.MinVersion
		}
		return suited, nil
	}
	return config, nil
}

// choose is the newest version that both sides have. Where there is none it is the port's
// oldest, which Go then declines to speak, or its newest, which is too new.
func choose(words []string, offered []uint16) uint16 {
	known := map[string]uint16{
		"1.0": tls.VersionTLS10, "1.1": tls.VersionTLS11, "1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13,
	}
	var taken []uint16
	for _, word := range words {
		taken = append(taken, known[word])
	}
	slices.Sort(taken)
	for _, version := range slices.Backward(taken) {
		if slices.Contains(offered, version) {
			return version
		}
	}
	if len(offered) > 0 && slices.Max(offered) < taken[0] {
		return taken[0]
	}
	return taken[len(taken)-1]
}

// staple is what comes along with a certificate.
func (s *Server) staple(cert *tls.Certificate, word string) ([]byte, error) {
	leaf, err := x509.ParseCertificate(cert.Certificate[0])
	if err != nil {
		return nil, err
	}
	return s.status.says(leaf.SerialNumber, word)
}

// says makes the response for an estate's word.
func (s Status) says(serial *big.Int, word string) ([]byte, error) {
	now := time.Now()
	switch word {
	case "garbage":
		return conns.Noise(200), nil
	case "later":
		return ocsp.TryLaterErrorResponse, nil
	case "expired":
		return s(serial, ocsp.Good, now.AddDate(0, 0, -2))
	case "revoked":
		return s(serial, ocsp.Revoked, now)
	case "unknown":
		return s(serial, ocsp.Unknown, now)
	default:
		return s(serial, ocsp.Good, now)
	}
}
