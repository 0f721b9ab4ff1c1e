package ssh

import (
	"slices"

	xssh "golang.org/x/crypto/ssh"
)

// What OpenSSH 7.4 and newer have by default, Windows' first one (7.7) among them, and
// nothing with SHA-1, CBC, DSA or a group below 2048 bits.

func config() xssh.Config {
	return xssh.Config{
		KeyExchanges: []string{
			xssh.KeyExchangeMLKEM768X25519, xssh.KeyExchangeCurve25519, xssh.KeyExchangeECDHP256,
			xssh.KeyExchangeECDHP384, xssh.KeyExchangeECDHP521, xssh.KeyExchangeDH16SHA512, xssh.KeyExchangeDH14SHA256,
		},
		Ciphers: []string{
			xssh.CipherAES128GCM, xssh.CipherAES256GCM, xssh.CipherChaCha20Poly1305,
			xssh.CipherAES128CTR, xssh.CipherAES192CTR, xssh.CipherAES256CTR,
		},
		MACs: []string{xssh.HMACSHA256ETM, xssh.HMACSHA512ETM, xssh.HMACSHA256, xssh.HMACSHA512},
	}
}

// hostKeyAlgorithms are those of keys, the best first.
func hostKeyAlgorithms() []string {
	return []string{
		xssh.KeyAlgoED25519, xssh.KeyAlgoECDSA256, xssh.KeyAlgoECDSA384, xssh.KeyAlgoECDSA521,
		xssh.KeyAlgoRSASHA512, xssh.KeyAlgoRSASHA256,
	}
}

// certificateAlgorithms are those of host certificates.
func certificateAlgorithms() []string {
	return []string{
		xssh.CertAlgoED25519v01, xssh.CertAlgoECDSA256v01, xssh.CertAlgoECDSA384v01, xssh.CertAlgoECDSA521v01,
		xssh.CertAlgoRSASHA512v01, xssh.CertAlgoRSASHA256v01,
	}
}

// modern has an RSA key sign with SHA-2 alone.
func modern(s xssh.Signer) (xssh.Signer, error) {
	signs, is := s.(xssh.AlgorithmSigner)
	if !is || !slices.Contains([]string{xssh.KeyAlgoRSA, xssh.CertAlgoRSAv01}, s.PublicKey().Type()) {
		return s, nil
	}
	return xssh.NewSignerWithAlgorithms(signs, []string{xssh.KeyAlgoRSASHA512, xssh.KeyAlgoRSASHA256})
}
