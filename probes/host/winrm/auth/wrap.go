package auth

import (
	"bytes"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/go-krb5/krb5/crypto"
	"github.com/go-krb5/krb5/crypto/etype"
	"github.com/go-krb5/krb5/types"

	"postpatch/probes/internal/kdc"
)

// Wrap tokens of RFC 4121 4.2.6.2: a header of 16 bytes, then the encrypted
// confounder, message and copy of the header, and a sum; turned so that all but
// the message comes first.

const (
	wrapHeader   = 16
	confounder   = 16 // of all AES kinds
	fromAcceptor = 1
	wrapSealed   = 2
	wrapSubkey   = 4 // the acceptor's

	usageAcceptorSeal  = 22
	usageAcceptorSign  = 23
	usageInitiatorSeal = 24
)

// wrapper seals and opens for the side that began.
type wrapper struct {
	key       types.EncryptionKey
	subkey    byte // wrapSubkey when the key is the acceptor's
	sent, due uint64
	broken    error
}

// kind is the way of encryption and the length of its sum.
func (w *wrapper) kind() (etype.EType, int, error) {
	kind, err := crypto.GetEtype(w.key.KeyType)
	if err != nil {
		return nil, 0, err
	}
	return kind, kind.GetHMACBitLength() / 8, nil
}

func header(flags byte, number uint64) []byte {
	h := []byte{5, 4, flags, 0xff, 0, 0, 0, 0}
	return binary.BigEndian.AppendUint64(h, number)
}

func (w *wrapper) seal(plain []byte) (signature, sealed []byte, err error) {
	if len(plain) > maxMessage {
		return nil, nil, fmt.Errorf("the message has %d bytes, over the limit of %d", len(plain), maxMessage)
	}
	kind, sum, err := w.kind()
	if err != nil {
		return nil, nil, err
	}
	head := header(wrapSealed|w.subkey, w.sent)
	_, cipher, err := kind.EncryptMessage(w.key.KeyValue, append(bytes.Clone(plain), head...), usageInitiatorSeal)
	if err != nil {
		return nil, nil, err
	}
	w.sent++
	turned := wrapHeader + sum
	binary.BigEndian.PutUint16(head[6:], uint16(turned))
	token := append(head, rotate(cipher, len(cipher)-turned)...)
	front := wrapHeader + turned + confounder
	return token[:front:front], token[front:], nil
}

// open takes a token that may be cut in two anywhere, and turned by any number.
// It is the message that is due, or none.
func (w *wrapper) open(signature, sealed []byte) (plain []byte, err error) {
	if w.broken != nil {
		return nil, fmt.Errorf("an earlier message did not fit: %w", w.broken)
	}
	err = kdc.Guard(func() error { plain, err = w.unwrap(signature, sealed); return err })
	w.broken = err
	return plain, err
}

func (w *wrapper) unwrap(signature, sealed []byte) ([]byte, error) {
	kind, sum, err := w.kind()
	if err != nil {
		return nil, err
	}
	length := len(signature) + len(sealed)
	if least := wrapHeader + confounder + wrapHeader + sum; length < least || length > maxMessage+maxToken {
		return nil, fmt.Errorf("the token has %d bytes, not %d to %d", length, least, maxMessage+maxToken)
	}
	token := append(bytes.Clone(signature), sealed...)
	head, cipher := token[:wrapHeader], token[wrapHeader:]
	switch flags := head[2]; {
	case head[0] != 5 || head[1] != 4 || head[3] != 0xff:
		return nil, errors.New("it is no wrap token")
	case flags&fromAcceptor == 0:
		return nil, errors.New("the token is one of ours, sent back")
	case flags&wrapSealed == 0:
		return nil, errors.New("the token is signed, but not sealed")
	case flags&wrapSubkey != w.subkey:
		return nil, errors.New("the token is sealed with another key than agreed")
	}
	extra, turned := int(binary.BigEndian.Uint16(head[4:])), int(binary.BigEndian.Uint16(head[6:]))
	text, err := kind.DecryptMessage(w.key.KeyValue, rotate(cipher, turned%len(cipher)), usageAcceptorSeal)
	if err != nil {
		return nil, errors.New("the sum does not fit: the message was changed on the way")
	}
	head[6], head[7] = 0, 0 // as they were when it was sealed
	if len(text) < wrapHeader+extra {
		return nil, errors.New("the token has more filling than bytes")
	}
	if subtle.ConstantTimeCompare(text[len(text)-wrapHeader:], head) != 1 {
		return nil, errors.New("the header was changed on the way")
	}
	if number := binary.BigEndian.Uint64(head[8:]); number != w.due {
		return nil, fmt.Errorf("message %d came when %d was due", number, w.due)
	}
	w.due++
	return text[:len(text)-wrapHeader-extra], nil
}

// checkMIC holds the host's signature against the text, RFC 4121 4.2.6.1.
func (w *wrapper) checkMIC(mic, text []byte) error {
	kind, sum, err := w.kind()
	if err != nil {
		return err
	}
	want := fromAcceptor | w.subkey
	if len(mic) != wrapHeader+sum || mic[0] != 4 || mic[1] != 4 || mic[2] != want {
		return errors.New("the host's signature of the mechanisms has a wrong form")
	}
	if binary.BigEndian.Uint64(mic[8:]) != w.due {
		return errors.New("the host's signature of the mechanisms has a wrong number")
	}
	signed := append(bytes.Clone(text), mic[:wrapHeader]...)
	expected, err := kind.GetChecksumHash(w.key.KeyValue, signed, usageAcceptorSign)
	if err != nil {
		return err
	}
	if subtle.ConstantTimeCompare(mic[wrapHeader:], expected) != 1 {
		return errors.New("the host's signature of the mechanisms does not fit: they were changed on the way")
	}
	w.due++
	return nil
}

// rotate moves the first n bytes behind the others.
func rotate(b []byte, n int) []byte {
	return append(bytes.Clone(b[n:]), b[:n]...)
}
