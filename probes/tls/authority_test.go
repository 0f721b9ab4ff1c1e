package tls_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"

	"postpatch/probes"
	"postpatch/probes/probetest"
)

// authority signs certificates that name a responder, and what that says of them.
type authority struct {
	cert *x509.Certificate
	key  crypto.Signer
}

func newAuthority(t *testing.T) authority {
	t.Helper()
	return sign(t, &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Test Authority"}, IsCA: true,
		NotBefore: time.Now().AddDate(-1, 0, 0), NotAfter: time.Now().AddDate(9, 0, 1), BasicConstraintsValid: true,
	}, authority{})
}

func sign(t *testing.T, template *x509.Certificate, by authority) authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if by.cert == nil {
		by = authority{template, key}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, by.cert, key.Public(), by.key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return authority{cert, key}
}

// leaf is a certificate for srv.example.test, which a test may change.
func (a authority) leaf(t *testing.T, change func(*x509.Certificate)) tls.Certificate {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(0xBEEF), Subject: pkix.Name{CommonName: "srv.example.test"},
		DNSNames: []string{"srv.example.test", "WWW.example.test"}, IPAddresses: []net.IP{net.IPv4(10, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(30*24*time.Hour + time.Hour),
		OCSPServer: []string{"ldap://no", "http://ca.example.test:8080/ocsp"},
	}
	if change != nil {
		change(template)
	}
	made := sign(t, template, a)
	return tls.Certificate{
		Certificate: [][]byte{made.cert.Raw, a.cert.Raw}, PrivateKey: made.key, Leaf: made.cert,
	}
}

// says is a response to what OCSP asks of a certificate.
func (a authority) says(t *testing.T, leaf tls.Certificate, status int, since time.Duration) []byte {
	t.Helper()
	at := time.Now().Add(since).Truncate(time.Minute)
	response, err := ocsp.CreateResponse(a.cert, a.cert, ocsp.Response{
		Status: status, SerialNumber: leaf.Leaf.SerialNumber, ThisUpdate: at, NextUpdate: at.Add(24 * time.Hour),
		RevokedAt: at,
	}, a.key)
	if err != nil {
		t.Fatal(err)
	}
	return response
}

func (a authority) roots() *x509.CertPool {
	roots := x509.NewCertPool()
	roots.AddCert(a.cert)
	return roots
}

// serve starts a server of TLS that says nothing within it, and leads to it by any name;
// by ca.example.test to a responder, if there is one.
func (a authority) serve(t *testing.T, config *tls.Config, responder http.HandlerFunc) probes.Target {
	t.Helper()
	at := probetest.Serve(t, func(c net.Conn) {
		secured := tls.Server(c, config)
		if secured.HandshakeContext(t.Context()) == nil {
			_, _ = io.Copy(io.Discard, secured)
		}
	})
	routes := probes.Routes{"srv.example.test": {Ports: map[string]string{"tcp/443": at, "tcp/636": at}}}
	if responder != nil {
		web := httptest.NewServer(responder)
		t.Cleanup(web.Close)
		routes["ca.example.test"] = probes.Route{Ports: map[string]string{"tcp/8080": web.Listener.Addr().String()}}
	}
	target := probetest.Routed("srv.example.test", routes)
	target.Roots = a.roots()
	return target
}
