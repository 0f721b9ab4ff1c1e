package tls

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"math"
	"net"
	"strings"
	"time"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/internal/reach"
	"postpatch/probes/internal/tlshello"
)

// session is what is read of one port.
type session struct {
	probe    probe
	target   probes.Target
	item     string
	address  string
	readings []fact.Reading
	spoken   uint16         // the version of the session; 0 where there was none
	taken    tlshello.Offer // what the server has taken, the last time; of no suites where nothing was
}

func (s *session) add(name string, value fact.Value) {
	s.readings = append(s.readings, probes.Read(s.item, name, value))
}

func (s *session) because(why string) { s.add("reason", fact.Text(reach.Printable(why, mostReason))) }

const (
	mostReason = 300  // characters
	mostNames  = 1000 // of a certificate
	mostName   = 255  // characters of a name
	mostChain  = 10   // certificates that are told
)

// observe starts a session and reads it, and then tries what else the server takes.
func (s *session) observe(ctx context.Context) error {
	start := time.Now()
	var unasked error // of the authority, which keeps nothing else from being looked at
	state, err := s.establish(ctx)
	switch was := reach.State(err); {
	case err == nil:
		s.add("state", fact.Text(established))
		s.add("latency", fact.Duration(time.Since(start)))
		s.read(*state)
		s.spoken = state.Version
		s.taken = tlshello.Offer{
			Version: s.spoken, Suites: tlshello.Suites(s.spoken), Name: s.probe.ServerName,
		}
		if s.probe.OCSP {
			unasked = s.askAuthority(ctx, state.PeerCertificates)
		}
	case was == reach.TLSFailed:
		s.add("state", fact.Text(was))
		s.because(plain(err))
		if declined(err) == "" {
			return nil
		}
	case was == reach.Refused, was == reach.Reset:
		s.add("state", fact.Text(was))
		return nil
	default:
		return err
	}
	if !s.probe.Versions {
		return unasked
	}
	if err := s.scan(ctx); err != nil {
		return err
	}
	return unasked
}

// plain are Go's words for why there is no session, without what stands before them.
func plain(err error) string {
	text := err.Error()
	for _, before := range []string{"starting TLS: ", "tls: "} {
		text = strings.TrimPrefix(text, before)
	}
	op, is := errors.AsType[*net.OpError](err)
	switch alert := declined(err); {
	case alert != "":
		return "the server declines: " + alert
	case is && op.Op != "remote error": // without the addresses and ports
		return op.Err.Error()
	case text == "EOF":
		return "the server ended the connection"
	default:
		return text
	}
}

// declined is the server's alert in Go's words; empty where the error is something else.
func declined(err error) string {
	if op, is := errors.AsType[*net.OpError](err); is && op.Op == "remote error" {
		return strings.TrimPrefix(op.Err.Error(), "tls: ")
	}
	return ""
}

// establish offers the protocols, and none where the server wants none of them.
func (s *session) establish(ctx context.Context) (*tls.ConnectionState, error) {
	state, err := s.shake(ctx, s.probe.ALPN)
	if declined(err) == "no application protocol" {
		return s.shake(ctx, nil)
	}
	return state, err
}

func (s *session) shake(ctx context.Context, protocols []string) (*tls.ConnectionState, error) {
	c, err := reach.Dial(ctx, s.target, "tcp", s.address)
	if err != nil {
		return nil, err
	}
	defer func() { _ = c.Close() }()
	secured, err := reach.Negotiate(ctx, c, s.probe.ServerName, protocols)
	if err != nil {
		return nil, err
	}
	state := secured.ConnectionState()
	return &state, nil
}

// read makes readings of a session.
func (s *session) read(state tls.ConnectionState) {
	now := time.Now()
	s.add("cipher", fact.Text(tls.CipherSuiteName(state.CipherSuite)))
	if len(s.probe.ALPN) > 0 {
		protocol := "none"
		if state.NegotiatedProtocol != "" {
			protocol = state.NegotiatedProtocol
		}
		s.add("alpn", fact.Text(protocol))
	}
	trust := reach.Trust{Name: s.probe.ServerName, Roots: s.target.Roots}
	s.readings = append(s.readings, reach.CertificateReadings(s.item, state, trust, now)...)
	if len(state.PeerCertificates) == 0 {
		return
	}
	leaf := state.PeerCertificates[0]
	s.add("thumbprint", fact.Text(fmt.Sprintf("%X", sha1.Sum(leaf.Raw))))
	s.add("names", namesOf(leaf))
	s.add("key", fact.Text(keyOf(leaf)))
	s.add("signature", fact.Text(leaf.SignatureAlgorithm.String()))
	s.addChain(state.PeerCertificates[1:], now)
	s.add("stapled", fact.Text(s.stapled(state, now)))
}

// addChain tells of the certificates that come along, of which there may be none.
func (s *session) addChain(along []*x509.Certificate, now time.Time) {
	subjects := make([]string, 0, mostChain)
	least := math.Inf(1)
	for i, c := range along {
		least = min(least, math.Floor(c.NotAfter.Sub(now).Hours()/24))
		switch {
		case i < mostChain:
			subjects = append(subjects, reach.Printable(c.Subject.String(), mostName))
		case i == mostChain:
			subjects = append(subjects, "…")
		}
	}
	if len(along) == 0 {
		s.add("chain", fact.Text("none"))
		return
	}
	s.add("chain", fact.Text(strings.Join(subjects, " < ")))
	s.add("chain_days", fact.Int(least))
}

func namesOf(leaf *x509.Certificate) fact.Set {
	var names []string
	for _, name := range leaf.DNSNames {
		names = append(names, reach.Printable(strings.ToLower(name), mostName))
	}
	for _, ip := range leaf.IPAddresses {
		names = append(names, ip.String())
	}
	return fact.SetOf(names[:min(len(names), mostNames)]...)
}

func keyOf(leaf *x509.Certificate) string {
	switch key := leaf.PublicKey.(type) {
	case *rsa.PublicKey:
		return fmt.Sprintf("RSA %d", key.N.BitLen())
	case *ecdsa.PublicKey:
		return "ECDSA " + key.Curve.Params().Name
	case ed25519.PublicKey:
		return "Ed25519"
	default:
		return leaf.PublicKeyAlgorithm.String()
	}
}
