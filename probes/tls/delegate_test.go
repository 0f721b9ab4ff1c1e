package tls_test

import (
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/crypto/ocsp"
)

// goodBy is a response by which somebody says that a certificate is good, and brings its own
// along.
func goodBy(t *testing.T, by, issuer authority, serial *big.Int) []byte {
	t.Helper()
	at := time.Now().Truncate(time.Minute)
	response, err := ocsp.CreateResponse(issuer.cert, by.cert, ocsp.Response{
		Status: ocsp.Good, SerialNumber: serial, ThisUpdate: at, NextUpdate: at.Add(24 * time.Hour),
		Certificate: by.cert,
	}, by.key)
	if err != nil {
		t.Fatal(err)
	}
	return response
}

// What a certificate is worth the authority says, or whom it has given that right: not each
// whom it has given a certificate, least of all the one that is asked about.
func TestWhoMaySayWhatIsRevoked(t *testing.T) {
	root := newAuthority(t)
	a := sign(t, &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "Between"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(9000 * time.Hour),
	}, root)
	leaf := a.leaf(t, nil)
	delegate := func(by authority, until time.Duration, usage ...x509.ExtKeyUsage) authority {
		return sign(t, &x509.Certificate{
			SerialNumber: big.NewInt(3), Subject: pkix.Name{CommonName: "Delegate"}, ExtKeyUsage: usage,
			NotBefore: time.Now().Add(-9 * time.Hour), NotAfter: time.Now().Add(until),
		}, by)
	}
	for name, tt := range map[string]struct {
		by   authority
		want string
	}{
		"the certificate itself":      {authority{leaf.Leaf, leaf.PrivateKey.(crypto.Signer)}, "invalid"},
		"another one's":               {delegate(a, time.Hour, x509.ExtKeyUsageServerAuth), "invalid"},
		"who has the right":           {delegate(a, time.Hour, x509.ExtKeyUsageOCSPSigning), "good"},
		"who had it":                  {delegate(a, -time.Hour, x509.ExtKeyUsageOCSPSigning), "invalid"},
		"who has it of somebody else": {delegate(root, time.Hour, x509.ExtKeyUsageOCSPSigning), "invalid"},
		"the authority, by its own":   {a, "good"},
		"the authority's authority":   {root, "invalid"},
	} {
		stapled := leaf
		stapled.OCSPStaple = goodBy(t, tt.by, a, leaf.Leaf.SerialNumber)
		target := root.serve(t, newest(stapled), nil)
		got := read(t, target, nil, "certificate", "stapled")
		if d := cmp.Diff([]string{"443 certificate=valid", "443 stapled=" + tt.want}, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}
