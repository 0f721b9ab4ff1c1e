package kerberos

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/go-krb5/krb5/crypto"
	"github.com/go-krb5/krb5/iana/keyusage"
	"github.com/go-krb5/krb5/types"
)

// A wrap token with AES and SHA-1 (RFC 4121 4.2.6.2, RFC 3962), as Windows lays
// it out for a header apart from the data: rotated by what follows the data in
// the cipher text, which are the encrypted copy of the header and the checksum.
const (
	headerSize    = 16
	confounder    = 16
	rotation      = headerSize + 12
	signatureSize = headerSize + rotation + confounder // 60
	maxSealed     = 4 << 20                            // bytes of one message
)

// The flags of a wrap token.
const (
	fromAcceptor   = 0x1
	sealedFlag     = 0x2
	acceptorSubkey = 0x4
)

// ErrSeal is a message that is not what the client sealed next: SEC_E_MESSAGE_ALTERED
// or SEC_E_OUT_OF_SEQUENCE.
var ErrSeal = errors.New("the message is not as the client sealed it")

// sealing is the keys and numbers of a context.
type sealing struct {
	key          types.EncryptionKey
	own          bool // the key is the acceptor's subkey
	ordered      bool // the client asked for messages to be in order
	theirs, ours uint64
}

// header is a wrap token's, with as many extra bytes and rotated by as many.
func (s *sealing) header(rotated uint16) []byte {
	set := byte(fromAcceptor | sealedFlag)
	if s.own {
		set |= acceptorSubkey
	}
	h := []byte{0x05, 0x04, set, 0xff, 0, 0}
	h = binary.BigEndian.AppendUint16(h, rotated)
	return binary.BigEndian.AppendUint64(h, s.ours)
}

// SessionKey is what both sides have agreed on; nil before Accept is done.
func (a *Acceptor) SessionKey() []byte { return a.seal.key.KeyValue }

// Seals says whether the client wants what follows its proof to be sealed.
func (a *Acceptor) Seals() bool { return a.user != "" && a.flags&flagConf != 0 }

// Seal encrypts a message to the client. The sealed bytes are as many as the
// plain ones; the signature is 60 bytes.
func (a *Acceptor) Seal(plain []byte) (signature, sealed []byte, err error) {
	if a.user == "" {
		return nil, nil, fmt.Errorf("sealing a message: %w", errState)
	}
	etype, err := crypto.GetEtype(a.seal.key.KeyType)
	if err != nil {
		return nil, nil, fmt.Errorf("sealing a message: %w", err)
	}
	message := append(bytes.Clone(plain), a.seal.header(0)...)
	_, text, err := etype.EncryptMessage(a.seal.key.KeyValue, message, keyusage.GSSAPI_ACCEPTOR_SEAL)
	if err != nil {
		return nil, nil, fmt.Errorf("sealing a message: %w", err)
	}
	token := append(a.seal.header(rotation), rotate(text, len(text)-rotation)...)
	a.seal.ours++
	return token[:signatureSize], token[signatureSize:], nil
}

// Open decrypts a message from the client. Where the signature ends does not
// matter, nor how the token is rotated (RFC 4121 4.2.5).
func (a *Acceptor) Open(signature, sealed []byte) (plain []byte, err error) {
	if a.user == "" {
		return nil, fmt.Errorf("opening a message: %w", errState)
	}
	if plain, err = a.open(signature, sealed); err != nil {
		return nil, fmt.Errorf("opening a message: %w", err)
	}
	a.seal.theirs++
	return plain, nil
}

func (a *Acceptor) open(signature, sealed []byte) (plain []byte, err error) {
	defer guard(&err)
	size := len(signature) + len(sealed)
	if size < signatureSize || size > maxSealed {
		return nil, fmt.Errorf("%w: a token of %d bytes", ErrSeal, size)
	}
	token := append(append(make([]byte, 0, size), signature...), sealed...)
	head, text := token[:headerSize], token[headerSize:]
	want := byte(sealedFlag)
	if a.seal.own {
		want |= acceptorSubkey
	}
	if head[0] != 0x05 || head[1] != 0x04 || head[2] != want || head[3] != 0xff {
		return nil, fmt.Errorf("%w: a header of %x", ErrSeal, head[:4])
	}
	extra := int(binary.BigEndian.Uint16(head[4:]))
	rotated := int(binary.BigEndian.Uint16(head[6:]))
	if number := binary.BigEndian.Uint64(head[8:]); a.seal.ordered && number != a.seal.theirs {
		return nil, fmt.Errorf("%w: message %d in place of %d", ErrSeal, number, a.seal.theirs)
	}
	message, err := decryptBytes(rotate(text, rotated), a.seal.key, keyusage.GSSAPI_INITIATOR_SEAL)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSeal, err)
	}
	// What was encrypted ends in the header with no rotation, after the extra bytes.
	head[6], head[7] = 0, 0
	data, isOurs := bytes.CutSuffix(message, head)
	if !isOurs || len(data) < extra {
		return nil, fmt.Errorf("%w: another header within", ErrSeal)
	}
	return data[:len(data)-extra], nil
}

// rotate turns bytes to the left.
func rotate(b []byte, by int) []byte {
	by %= len(b)
	return append(bytes.Clone(b[by:]), b[:by]...)
}
