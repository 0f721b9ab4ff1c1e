package winrm

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"testing"
	"time"

	"postpatch/probes/host"
)

// shown is a client certificate that signs itself, as a credential and as PEM.
func shown(t *testing.T) (c host.Credential, certificate string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "probe"},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		NotBefore:   time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	pair := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	secret := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})
	return host.Credential{Certificate: pair, Key: host.NewSecret(string(secret))}, string(pair)
}

// TestSecondHandshake says who may ask for one: nobody but a host that is to be
// entered by a certificate, and once.
func TestSecondHandshake(t *testing.T) {
	credential, _ := shown(t)
	for name, c := range map[string]struct {
		auth    string
		version uint16
		again   tls.RenegotiationSupport
	}{
		"by certificate": {Certificate, tls.VersionTLS12, tls.RenegotiateOnceAsClient},
		"by password":    {NTLM, 0, tls.RenegotiateNever},
	} {
		got, err := tlsConfig(Options{Host: "ex01.corp.test", TLS: true, Auth: c.auth, Credential: credential})
		if err != nil {
			t.Fatal(err)
		}
		if got.MaxVersion != c.version || got.Renegotiation != c.again || got.MinVersion != tls.VersionTLS12 {
			t.Errorf("%s: up to %x, again %d", name, got.MaxVersion, got.Renegotiation)
		}
	}
}
