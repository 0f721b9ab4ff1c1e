package shares

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
)

// newSigner makes the signer of a session (MS-SMB2 3.3.5.5.3): HMAC-SHA256 of the key itself,
// or, from 3.0 on, AES-CMAC of one that is made of it.
func newSigner(dialect uint16, session, integrity []byte) (*signer, error) {
	key := make([]byte, 16)
	copy(key, session)
	if dialect < 0x0300 {
		return &signer{func(m []byte) []byte {
			mac := hmac.New(sha256.New, key)
			_, _ = mac.Write(m) // a hash takes everything
			return mac.Sum(nil)
		}}, nil
	}
	label, context := []byte("SMB2AESCMAC\x00"), []byte("SmbSign\x00")
	if dialect == 0x0311 {
		label, context = []byte("SMBSigningKey\x00"), integrity
	}
	block, err := aes.NewCipher(derive(key, label, context))
	if err != nil {
		return nil, err
	}
	return &signer{func(m []byte) []byte { return cmac(block, m) }}, nil
}

// derive is the key derivation in counter mode of SP 800-108, 5.1, by HMAC-SHA256, for 128 bits.
func derive(key, label, context []byte) []byte {
	mac := hmac.New(sha256.New, key)
	for _, part := range [][]byte{{0, 0, 0, 1}, label, {0}, context, {0, 0, 0, 128}} {
		_, _ = mac.Write(part) // a hash takes everything
	}
	return mac.Sum(nil)[:16]
}

// cmac is AES-CMAC (RFC 4493).
func cmac(block cipher.Block, m []byte) []byte {
	const size = aes.BlockSize
	first := make([]byte, size)
	block.Encrypt(first, first)
	first = doubled(first)
	last := make([]byte, size)
	whole := len(m) > 0 && len(m)%size == 0
	tail := len(m) - len(m)%size
	if whole {
		tail = len(m) - size
	}
	copy(last, m[tail:])
	if whole {
		subtle.XORBytes(last, last, first)
	} else {
		last[len(m)-tail] = 0x80
		subtle.XORBytes(last, last, doubled(first))
	}
	sum := make([]byte, size)
	for at := 0; at < tail; at += size {
		subtle.XORBytes(sum, sum, m[at:at+size])
		block.Encrypt(sum, sum)
	}
	subtle.XORBytes(sum, sum, last)
	block.Encrypt(sum, sum)
	return sum
}

// doubled is multiplication by x in the field of 128 bits.
func doubled(b []byte) []byte {
	out := make([]byte, len(b))
	carry := byte(0)
	for i := len(b) - 1; i >= 0; i-- {
		out[i] = b[i]<<1 | carry
		carry = b[i] >> 7
	}
	out[len(out)-1] ^= carry * 0x87
	return out
}
