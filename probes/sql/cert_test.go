package sql

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"testing"
	"time"
)

// The parts of a certificate, because crypto/x509 makes none with the serial
// that a test here needs.
type (
	tbsCertificate struct {
		Version            int `asn1:"explicit,tag:0"`
		Serial             *big.Int
		SignatureAlgorithm pkix.AlgorithmIdentifier
		Issuer             asn1.RawValue
		Validity           struct{ NotBefore, NotAfter time.Time }
		Subject            asn1.RawValue
		PublicKey          struct {
			Algorithm pkix.AlgorithmIdentifier
			Key       asn1.BitString
		}
		Extensions []pkix.Extension `asn1:"optional,explicit,tag:3"`
	}
	certificate struct {
		TBS       asn1.RawValue
		Algorithm pkix.AlgorithmIdentifier
		Signature asn1.BitString
	}
)

// selfSigned makes a certificate such as SQL Server makes for itself at every
// start: about every second time with a negative serial.
func selfSigned(t *testing.T, serial int64) *tls.Certificate {
	t.Helper()
	must := func(data []byte, err error) []byte {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	public, err := key.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	ecdsaSHA256 := pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 2}}
	name := must(asn1.Marshal(pkix.Name{CommonName: "SSL_Self_Signed_Fallback"}.ToRDNSequence()))
	tbs := tbsCertificate{
		Version: 2, Serial: big.NewInt(serial), SignatureAlgorithm: ecdsaSHA256,
		Issuer: asn1.RawValue{FullBytes: name}, Subject: asn1.RawValue{FullBytes: name},
	}
	tbs.Validity.NotBefore = time.Now().Add(-time.Hour).UTC()
	tbs.Validity.NotAfter = time.Now().Add(time.Hour).UTC()
	tbs.PublicKey.Algorithm = pkix.AlgorithmIdentifier{
		Algorithm:  asn1.ObjectIdentifier{1, 2, 840, 10045, 2, 1},
		Parameters: asn1.RawValue{FullBytes: must(asn1.Marshal(asn1.ObjectIdentifier{1, 2, 840, 10045, 3, 1, 7}))},
	}
	tbs.PublicKey.Key = asn1.BitString{Bytes: public, BitLength: 8 * len(public)}
	const dnsName = 2
	names := must(asn1.Marshal([]asn1.RawValue{
		{Class: asn1.ClassContextSpecific, Tag: dnsName, Bytes: []byte("sql01.corp.test")},
	}))
	tbs.Extensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 17}, Value: names}}
	signed := must(asn1.Marshal(tbs))
	digest := sha256.Sum256(signed)
	signature := must(key.Sign(rand.Reader, digest[:], crypto.SHA256))
	der := must(asn1.Marshal(certificate{
		TBS: asn1.RawValue{FullBytes: signed}, Algorithm: ecdsaSHA256,
		Signature: asn1.BitString{Bytes: signature, BitLength: 8 * len(signature)},
	}))
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}
