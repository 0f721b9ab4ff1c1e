package reach

import (
	"context"
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
)

// mostName bounds whom a certificate names, in characters.
const mostName = 500

// What a certificate is found to be.
const (
	Valid            = "valid"
	Expired          = "expired"
	NotYetValid      = "not yet valid"
	WrongName        = "wrong name"
	UnknownAuthority = "unknown authority"
)

// CertificateSpecs declares what CertificateReadings reports.
func CertificateSpecs() []probes.ReadingSpec {
	return []probes.ReadingSpec{
		{
			Name: "certificate", Type: fact.TypeText, Severity: fact.Fail, Expect: Valid,
			Values: []string{"valid", "expired", "not yet valid", "wrong name", "unknown authority", "invalid"},
			Doc:    "The certificate: valid, expired, not yet valid, wrong name, unknown authority, or invalid.",
		},
		{
			Name: "cert_days", Type: fact.TypeInt, Unit: "days", Rule: fact.Rule{Op: fact.Ignore}, Expect: ">= 14",
			Doc: "How many days the certificate is still valid.",
		},
		{Name: "cert_subject", Type: fact.TypeText, Doc: "Whom the certificate is made out to."},
		{Name: "cert_issuer", Type: fact.TypeText, Doc: "Who signed the certificate."},
		{Name: "cert_serial", Type: fact.TypeText, Severity: fact.Note, Doc: "The certificate's serial number, in hex."},
		{Name: "tls", Type: fact.TypeText, Doc: "The version of TLS that came about."},
	}
}

// Trust is what a certificate is held against.
type Trust struct {
	Name  string         // to present and to find in the certificate; empty for any
	Roots *x509.CertPool // the system's when nil
}

// Handshake starts TLS whatever the certificate: it is read, not relied on, and
// no secret is sent. Even what is long obsolete is taken, so that it can be
// seen.
func Handshake(ctx context.Context, c net.Conn, name string) (*tls.Conn, error) {
	return Negotiate(ctx, c, name, nil)
}

// Negotiate is Handshake with the protocols to negotiate.
func Negotiate(ctx context.Context, c net.Conn, name string, protocols []string) (*tls.Conn, error) {
	config := &tls.Config{
		NextProtos:         protocols,
		ServerName:         strings.TrimSuffix(strings.Trim(name, "[]"), "."),
		InsecureSkipVerify: true,
		MinVersion:         tls.VersionTLS10,
	}
	for _, suite := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		config.CipherSuites = append(config.CipherSuites, suite.ID)
	}
	secured := tls.Client(c, config)
	if err := secured.HandshakeContext(ctx); err != nil {
		if ctx.Err() != nil {
			return nil, fmt.Errorf("starting TLS: %w", Cause(ctx, err))
		}
		return nil, fmt.Errorf("%w: %w", errTLS, err)
	}
	return secured, nil
}

// CertificateReadings reads the certificate of a TLS session.
func CertificateReadings(item string, state tls.ConnectionState, trust Trust, now time.Time) []fact.Reading {
	readings := []fact.Reading{probes.Read(item, "tls", fact.Text(tls.VersionName(state.Version)))}
	if len(state.PeerCertificates) == 0 {
		return readings
	}
	return append(append(readings,
		probes.Read(item, "certificate", fact.Text(assess(state.PeerCertificates, trust, now)))),
		described(item, state.PeerCertificates[0], now)...)
}

// LeafReadings reads a certificate whose chain is not known: what is wrong with
// itself, and that it is valid where a root signed it. Without a name, none has to
// be in it.
func LeafReadings(item string, leaf *x509.Certificate, trust Trust, now time.Time) []fact.Reading {
	var readings []fact.Reading
	switch found := assess([]*x509.Certificate{leaf}, trust, now); found {
	case Valid, Expired, NotYetValid, WrongName:
		readings = append(readings, probes.Read(item, "certificate", fact.Text(found)))
	}
	return append(readings, described(item, leaf, now)...)
}

func described(item string, leaf *x509.Certificate, now time.Time) []fact.Reading {
	days := math.Floor(leaf.NotAfter.Sub(now).Hours() / 24)
	return []fact.Reading{
		probes.Read(item, "cert_days", fact.Int(days)),
		probes.Read(item, "cert_subject", fact.Text(Printable(leaf.Subject.String(), mostName))),
		probes.Read(item, "cert_issuer", fact.Text(Printable(leaf.Issuer.String(), mostName))),
		probes.Read(item, "cert_serial", fact.Text(fmt.Sprintf("%x", leaf.SerialNumber))),
	}
}

// assess says what is wrong with a chain, the worst first.
func assess(chain []*x509.Certificate, trust Trust, now time.Time) string {
	leaf := chain[0]
	switch {
	case now.After(leaf.NotAfter):
		return Expired
	case now.Before(leaf.NotBefore):
		return NotYetValid
	case trust.Name != "" && leaf.VerifyHostname(strings.TrimSuffix(trust.Name, ".")) != nil:
		return WrongName
	}
	between := x509.NewCertPool()
	for _, c := range chain[1:] {
		between.AddCert(c)
	}
	_, err := leaf.Verify(x509.VerifyOptions{Roots: trust.Roots, Intermediates: between, CurrentTime: now})
	var unknown x509.UnknownAuthorityError
	var invalid x509.CertificateInvalidError
	switch {
	case err == nil:
		return Valid
	case errors.As(err, &unknown):
		return UnknownAuthority
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired: // one of those that signed it
		return Expired
	default:
		return "invalid"
	}
}

// Trusted says why a TLS session does not prove that it is with the server of that
// name; nil where it does.
func Trusted(state tls.ConnectionState, trust Trust, now time.Time) error {
	if len(state.PeerCertificates) == 0 || trust.Name == "" {
		return errors.New("no certificate")
	}
	if found := assess(state.PeerCertificates, trust, now); found != Valid {
		return errors.New(found)
	}
	return nil
}
