package auth_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/md5"
	"crypto/rc4"
	"encoding/binary"
	"strings"
	"testing"
	"unicode/utf16"

	"golang.org/x/crypto/md4" //nolint:staticcheck // NTLM is made of it
)

// Flags of MS-NLMP 2.2.2.5 that Windows sets in its challenge.
const windowsFlags = 0xe28a8235

// ntlmServer is the other side of the proof, written from MS-NLMP alone.
type ntlmServer struct {
	user, domain, password string
	flags                  uint32
	pairs                  []byte // of the target info

	sealing, opening *rc4.Cipher
	signKey, openKey []byte
	sent, came       uint32
}

func newNTLMServer(user, domain, password string) *ntlmServer {
	pairs := pair(2, utf16le("CORP"))
	pairs = append(pairs, pair(1, utf16le("WEB01"))...)
	pairs = append(pairs, pair(7, []byte{1, 2, 3, 4, 5, 6, 7, 8})...)
	pairs = append(pairs, 0, 0, 0, 0)
	return &ntlmServer{user: user, domain: domain, password: password, flags: windowsFlags, pairs: pairs}
}

func pair(id uint16, value []byte) []byte {
	b := binary.LittleEndian.AppendUint16(nil, id)
	return append(binary.LittleEndian.AppendUint16(b, uint16(len(value))), value...)
}

func utf16le(s string) (b []byte) {
	for _, unit := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, unit)
	}
	return b
}

func (s *ntlmServer) challenge() []byte {
	name := utf16le("CORP")
	b := append([]byte("NTLMSSP\x00"), 2, 0, 0, 0)
	field := func(length, offset int) {
		b = binary.LittleEndian.AppendUint16(b, uint16(length))
		b = binary.LittleEndian.AppendUint16(b, uint16(length))
		b = binary.LittleEndian.AppendUint32(b, uint32(offset))
	}
	field(len(name), 56)
	b = binary.LittleEndian.AppendUint32(b, s.flags)
	b = append(b, 0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef)
	b = append(b, make([]byte, 8)...)
	field(len(s.pairs), 56+len(name))
	b = append(b, 10, 0, 0x39, 0x38, 0, 0, 0, 15)
	return append(append(b, name...), s.pairs...)
}

// accept checks the last message and derives the keys. It returns what is wrong.
func (s *ntlmServer) accept(negotiate, challenge, b, bindings []byte) string {
	field := func(at int) []byte {
		start := binary.LittleEndian.Uint32(b[at+4:])
		return b[start : start+uint32(binary.LittleEndian.Uint16(b[at:]))]
	}
	response, key := field(20), field(52)
	if !bytes.Equal(field(28), utf16le(s.domain)) || !bytes.Equal(field(36), utf16le(s.user)) {
		return "the user is not " + s.domain + " " + s.user
	}
	if len(response) < 44 || len(key) != 16 {
		return "not NTLMv2 with key exchange"
	}
	owner := mac(hashMD4(utf16le(s.password)), utf16le(strings.ToUpper(s.user)+s.domain))
	proof := mac(owner, challenge[24:32], response[16:])
	if !bytes.Equal(proof, response[:16]) {
		return "wrong password"
	}
	exported := make([]byte, 16)
	cipher, _ := rc4.NewCipher(mac(owner, proof))
	cipher.XORKeyStream(exported, key)
	zeroed := bytes.Clone(b)
	clear(zeroed[72:88])
	if !bytes.Equal(mac(exported, negotiate, challenge, zeroed), b[72:88]) {
		return "the MIC does not fit"
	}
	if bindings != nil {
		data := append(make([]byte, 16), binary.LittleEndian.AppendUint32(nil, uint32(len(bindings)))...)
		hash := md5.Sum(append(data, bindings...))
		if !bytes.Contains(response[44:], pair(10, hash[:])) {
			return "the channel bindings do not fit"
		}
	}
	s.keys(exported)
	return ""
}

// keys derives what seals and signs, MS-NLMP 3.4.5.2 and 3.4.5.3.
func (s *ntlmServer) keys(exported []byte) {
	derive := func(magic string) []byte {
		sum := md5.Sum(append(bytes.Clone(exported), magic+"\x00"...))
		return sum[:]
	}
	s.openKey = derive("session key to client-to-server signing key magic constant")
	s.signKey = derive("session key to server-to-client signing key magic constant")
	s.opening, _ = rc4.NewCipher(derive("session key to client-to-server sealing key magic constant"))
	s.sealing, _ = rc4.NewCipher(derive("session key to server-to-client sealing key magic constant"))
}

func (s *ntlmServer) open(sealed []byte) (plain, signature []byte) {
	plain = make([]byte, len(sealed))
	s.opening.XORKeyStream(plain, sealed)
	signature = sign(s.opening, s.openKey, s.came, plain)
	s.came++
	return plain, signature
}

func (s *ntlmServer) seal(plain []byte) (signature, sealed []byte) {
	sealed = make([]byte, len(plain))
	s.sealing.XORKeyStream(sealed, plain)
	signature = sign(s.sealing, s.signKey, s.sent, plain)
	s.sent++
	return signature, sealed
}

func sign(cipher *rc4.Cipher, key []byte, number uint32, plain []byte) []byte {
	count := binary.LittleEndian.AppendUint32(nil, number)
	sum := mac(key, count, plain)[:8]
	cipher.XORKeyStream(sum, sum)
	return append(append([]byte{1, 0, 0, 0}, sum...), count...)
}

func mac(key []byte, parts ...[]byte) []byte {
	h := hmac.New(md5.New, key)
	h.Write(bytes.Join(parts, nil))
	return h.Sum(nil)
}

func hashMD4(b []byte) []byte {
	h := md4.New()
	h.Write(b)
	return h.Sum(nil)
}

// TestNTLMServer holds the server against the example of MS-NLMP 4.2.4.4.
func TestNTLMServer(t *testing.T) {
	var s ntlmServer
	s.keys(bytes.Repeat([]byte{0x55}, 16))
	plain, signature := s.open([]byte("\x54\xe5\x01\x65\xbf\x19\x36\xdc\x99\x60\x20\xc1\x81\x1b\x0f\x06\xfb\x5f"))
	if string(plain) != string(utf16le("Plaintext")) {
		t.Errorf("opened %q", plain)
	}
	if string(signature) != "\x01\x00\x00\x00\x7f\xb3\x8e\xc5\xc5\x5d\x49\x76\x00\x00\x00\x00" {
		t.Errorf("the signature is %x", signature)
	}
}
