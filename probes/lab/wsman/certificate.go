package wsman

import (
	"crypto"
	_ "crypto/sha512" // certificates may be signed with it
	"crypto/tls"
	"crypto/x509"
	"encoding/asn1"
	"net/http"
	"strings"

	"golang.org/x/crypto/cryptobyte"
	tags "golang.org/x/crypto/cryptobyte/asn1"

	"postpatch/probes/lab/estate"
)

// mutualProfile stands in the Authorization header of a client that
// authenticates by its certificate (DSP0226, annex C).
const mutualProfile = "http://schemas.dmtf.org/wbem/wsman/1/wsman/secprofile/https/mutual"

// tlsConfig makes the configuration of the listener with TLS, as the host wants
// it when a client comes.
func (s *Server) tlsConfig() *tls.Config {
	base := &tls.Config{
		MinVersion: tls.VersionTLS12,
		NextProtos: []string{"http/1.1"},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			return s.certs(config(s.host()).Cert)
		},
	}
	base.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
		if !config(s.host()).AsksCertificate() {
			return nil, nil // the base
		}
		asking := base.Clone()
		// A wrong certificate is refused with HTTP 401 and not by TLS. It is asked for
		// in the handshake, as http.sys does where the binding has "negotiate client
		// certificate" set; without, http.sys asks once it has seen the request, by a
		// second handshake (TLS 1.2) or after it (1.3), and crypto/tls can serve neither.
		asking.ClientAuth, asking.ClientCAs = tls.RequestClientCert, s.ClientCAs
		return asking, nil
	}
	return base
}

// mapsCertificate says whether the connection's client certificate leads to the
// account: it is of a trusted CA, for clients, and its principal name is the
// account's at any domain, as Windows maps user@localhost.
func (s *Server) mapsCertificate(r *http.Request, c estate.WinRM) bool {
	if r.TLS == nil || len(r.TLS.PeerCertificates) == 0 || s.ClientCAs == nil {
		return false
	}
	leaf, others := r.TLS.PeerCertificates[0], x509.NewCertPool()
	for _, cert := range r.TLS.PeerCertificates[1:] {
		others.AddCert(cert)
	}
	_, err := leaf.Verify(x509.VerifyOptions{
		Roots: s.ClientCAs, Intermediates: others, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	if err != nil {
		return false
	}
	user, _, _ := strings.Cut(principal(leaf), "@")
	return user != "" && strings.EqualFold(user, c.User[strings.LastIndexByte(c.User, '\\')+1:])
}

// principal returns the user principal name among a certificate's alternative
// names, which Go does not read; "" for none.
func principal(cert *x509.Certificate) string {
	for _, extension := range cert.Extensions {
		if !extension.Id.Equal(asn1.ObjectIdentifier{2, 5, 29, 17}) {
			continue
		}
		data := cryptobyte.String(extension.Value)
		var names cryptobyte.String
		if !data.ReadASN1(&names, tags.SEQUENCE) {
			return ""
		}
		for !names.Empty() {
			var name cryptobyte.String
			var tag tags.Tag
			if !names.ReadAnyASN1(&name, &tag) {
				return ""
			}
			if upn := otherName(name); tag == tags.Tag(0).ContextSpecific().Constructed() && upn != "" {
				return upn
			}
		}
	}
	return ""
}

// otherName returns the text of an otherName that is a principal name.
func otherName(name cryptobyte.String) string {
	var oid asn1.ObjectIdentifier
	var value, text cryptobyte.String
	if !name.ReadASN1ObjectIdentifier(&oid) || oid.String() != "1.3.6.1.4.1.311.20.2.3" ||
		!name.ReadASN1(&value, tags.Tag(0).ContextSpecific().Constructed()) || !value.ReadASN1(&text, tags.UTF8String) {
		return ""
	}
	return string(text)
}

// bindings is the application data of the channel binding to our certificate:
// its hash by the function that signed it, and by SHA-256 for older functions
// (RFC 5929 4.1). Nil when there is none.
func (s *Server) bindings() []byte {
	cert, err := s.certs(config(s.host()).Cert)
	if err != nil || len(cert.Certificate) == 0 {
		return nil
	}
	leaf, err := x509.ParseCertificate(cert.Certificate[0])
	if err != nil {
		return nil
	}
	var function crypto.Hash
	switch leaf.SignatureAlgorithm {
	case x509.SHA384WithRSA, x509.SHA384WithRSAPSS, x509.ECDSAWithSHA384:
		function = crypto.SHA384
	case x509.SHA512WithRSA, x509.SHA512WithRSAPSS, x509.ECDSAWithSHA512:
		function = crypto.SHA512
	default:
		function = crypto.SHA256
	}
	hash := function.New()
	_, _ = hash.Write(leaf.Raw) // a hash takes everything
	return append([]byte("tls-server-end-point:"), hash.Sum(nil)...)
}
