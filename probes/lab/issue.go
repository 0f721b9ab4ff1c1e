package lab

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/asn1"
	"errors"

	"postpatch/probes/lab/estate"
)

// issue makes a certificate of the kind that the estate wants: signed by the authority, or by
// itself as SQL Server's own is. It is called with the lock held.
func (a *authority) issue(template *x509.Certificate, t estate.TLS) (*tls.Certificate, error) {
	var key crypto.Signer = a.key
	if t.RSA {
		if a.rsa == nil {
			made, err := rsa.GenerateKey(rand.Reader, 2048)
			if err != nil {
				return nil, err
			}
			a.rsa = made
		}
		key = a.rsa
		template.KeyUsage |= x509.KeyUsageKeyEncipherment
	}
	var signer crypto.Signer = a.key
	parent := a.cert
	if t.SelfSigned {
		template.Subject.CommonName = "SSL_Self_Signed_Fallback"
		parent, signer = template, key
	}
	if t.NegativeSerial {
		template.SerialNumber.SetBytes(bytes.Repeat([]byte{0x71}, 16))
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err == nil && t.NegativeSerial {
		der, err = negated(der, signer)
	}
	if err != nil {
		return nil, err
	}
	made := &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
	if !t.SelfSigned {
		made.Certificate = append(made.Certificate, a.cert.Raw)
	}
	return made, nil
}

// negated is a certificate with its serial of sixteen bytes made negative, and signed again:
// crypto/x509 makes none such.
func negated(der []byte, signer crypto.Signer) ([]byte, error) {
	var parts struct {
		TBS, Algorithm asn1.RawValue
		Signature      asn1.BitString
	}
	if _, err := asn1.Unmarshal(der, &parts); err != nil {
		return nil, err
	}
	tbs := bytes.Clone(parts.TBS.FullBytes)
	at := bytes.Index(tbs, bytes.Repeat([]byte{0x71}, 16))
	_, isECDSA := signer.(*ecdsa.PrivateKey)
	if _, isRSA := signer.(*rsa.PrivateKey); at < 0 || !isECDSA && !isRSA {
		return nil, errors.New("making a negative serial: no serial of sixteen bytes")
	}
	tbs[at] = 0xf1
	sum := sha256.Sum256(tbs)
	signature, err := signer.Sign(rand.Reader, sum[:], crypto.SHA256)
	if err != nil {
		return nil, err
	}
	parts.TBS = asn1.RawValue{FullBytes: tbs}
	parts.Signature = asn1.BitString{Bytes: signature, BitLength: 8 * len(signature)}
	return asn1.Marshal(parts)
}
