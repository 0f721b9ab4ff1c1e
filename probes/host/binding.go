package host

import (
	"crypto"
	_ "crypto/sha512" // certificates may be signed with it
	"crypto/x509"
)

// EndPoint is the text that a proof is tied to: the kind of binding and the hash
// of the host's certificate, by the hash function of its signature, and SHA-256
// in place of MD5 and SHA-1 (RFC 5929, section 4.1). A signature without a hash
// of its own has no such binding.
func EndPoint(cert *x509.Certificate) []byte {
	var hash crypto.Hash
	switch cert.SignatureAlgorithm {
	case x509.MD2WithRSA, x509.MD5WithRSA, x509.SHA1WithRSA, x509.DSAWithSHA1, x509.ECDSAWithSHA1,
		x509.SHA256WithRSA, x509.SHA256WithRSAPSS, x509.DSAWithSHA256, x509.ECDSAWithSHA256:
		hash = crypto.SHA256
	case x509.SHA384WithRSA, x509.SHA384WithRSAPSS, x509.ECDSAWithSHA384:
		hash = crypto.SHA384
	case x509.SHA512WithRSA, x509.SHA512WithRSAPSS, x509.ECDSAWithSHA512:
		hash = crypto.SHA512
	default:
		return nil
	}
	sum := hash.New()
	sum.Write(cert.Raw)
	return sum.Sum([]byte("tls-server-end-point:"))
}
