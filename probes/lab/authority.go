package lab

import (
	"cmp"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"strings"
	"sync"
	"time"

	"postpatch/probes/lab/estate"
)

// authority is the lab's own CA. All its certificates have one key, because
// making keys is slow and nobody has a secret from a lab.
type authority struct {
	cert  *x509.Certificate
	key   *ecdsa.PrivateKey
	pem   []byte
	start time.Time

	mu   sync.Mutex
	made map[string]*tls.Certificate
	rsa  crypto.Signer // nil until it is wanted
}

func newAuthority() (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	now := time.Now().UTC().Truncate(time.Second)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "postpatch lab CA"},
		NotBefore: now.AddDate(-10, 0, 0), NotAfter: now.AddDate(10, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return &authority{cert: cert, key: key, pem: text, start: now, made: map[string]*tls.Certificate{}}, nil
}

// certificate returns a host's certificate as the estate describes it; the same
// one as long as the description is the same.
func (a *authority) certificate(h estate.Host, t estate.TLS) (*tls.Certificate, error) {
	names := t.Names
	if len(names) == 0 {
		names = append([]string{h.Name}, h.Aliases...)
		if h.OS.Domain != "" && !strings.Contains(h.Name, ".") {
			names = append(names, h.Name+"."+h.OS.Domain)
		}
	}
	id := fmt.Sprintf("%s %q %s %t %t %t %q", h.Name, names, t.Expires, t.SelfSigned, t.NegativeSerial, t.RSA, t.OCSP)
	a.mu.Lock()
	defer a.mu.Unlock()
	if made := a.made[id]; made != nil {
		return made, nil
	}
	end := a.start.Add(cmp.Or(t.Expires, 365*24*time.Hour))
	template := &x509.Certificate{
		SerialNumber: big.NewInt(int64(len(a.made)) + 2), Subject: pkix.Name{CommonName: names[0]},
		NotBefore: end.AddDate(-1, 0, 0).Add(-time.Hour), NotAfter: end,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if limit := a.start.Add(-time.Hour); template.NotBefore.After(limit) {
		template.NotBefore = limit
	}
	if t.OCSP != "" {
		template.OCSPServer = []string{t.OCSP}
	}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	made, err := a.issue(template, t)
	if err != nil {
		return nil, fmt.Errorf("making a certificate for %q: %w", names[0], err)
	}
	a.made[id] = made
	return made, nil
}
