package ntlm

import (
	"crypto/hmac"
	"crypto/md5" // as MS-NLMP 3.4 defines
	"crypto/rc4" // likewise
	"encoding/binary"
	"errors"
)

// direction is what protects the messages that go one way: extended session
// security (MS-NLMP 3.4.4.2).
type direction struct {
	signing  []byte
	handle   rc4.Cipher
	sequence uint32
	exchange bool // the checksum goes through the cipher too
}

const (
	toServer = "client-to-server"
	toClient = "server-to-client"

	signatureSize = 16
)

func newDirection(key []byte, flags uint32, way string) *direction {
	derived := func(what string) []byte {
		made := md5.Sum(append(append([]byte{}, key...), "session key to "+way+" "+what+" key magic constant\x00"...))
		return made[:]
	}
	return &direction{
		signing: derived("signing"), handle: *newRC4(derived("sealing")), exchange: flags&flagKeyExchange != 0,
	}
}

// sign makes the signature of a message, and counts it.
func (d *direction) sign(message []byte) []byte {
	sequence := binary.LittleEndian.AppendUint32(nil, d.sequence)
	d.sequence++
	checksum := sum(d.signing, sequence, message)[:8]
	if d.exchange {
		d.handle.XORKeyStream(checksum, checksum)
	}
	return append(append([]byte{1, 0, 0, 0}, checksum...), sequence...)
}

// SessionKey is what both sides have agreed on; nil before Accept is done.
func (a *Acceptor) SessionKey() []byte { return a.key }

// Seals says whether the client wants what follows its proof to be sealed.
func (a *Acceptor) Seals() bool { return a.done && a.flags&flagSeal != 0 }

// Seal encrypts and signs a message for the client.
func (a *Acceptor) Seal(plain []byte) (signature, sealed []byte, err error) {
	if !a.done || a.flags&flagSeal == 0 {
		return nil, nil, errors.New("sealing: the session has no sealing")
	}
	sealed = make([]byte, len(plain))
	a.out.handle.XORKeyStream(sealed, plain)
	return a.out.sign(plain), sealed, nil
}

// Open decrypts a message from the client and checks its signature. After an
// error nothing of the session can be read any more.
func (a *Acceptor) Open(signature, sealed []byte) ([]byte, error) {
	if !a.done || a.flags&flagSeal == 0 {
		return nil, errors.New("unsealing: the session has no sealing")
	}
	if len(signature) != signatureSize {
		return nil, ErrSignature
	}
	plain := make([]byte, len(sealed))
	a.in.handle.XORKeyStream(plain, sealed)
	if !hmac.Equal(signature, a.in.sign(plain)) {
		return nil, ErrSignature
	}
	return plain, nil
}

// MIC signs SPNEGO's list of mechanisms. The cipher is put back where it was,
// and the message counts (MS-SPNG 3.3.5.1).
func (a *Acceptor) MIC(list []byte) ([]byte, error) {
	if !a.done || a.out == nil {
		return nil, errors.New("signing: the session has no signing")
	}
	handle := a.out.handle
	mic := a.out.sign(list)
	a.out.handle = handle
	return mic, nil
}

// CheckMIC checks the client's signature over SPNEGO's list of mechanisms.
func (a *Acceptor) CheckMIC(list, mic []byte) error {
	if !a.done || a.in == nil {
		return errors.New("checking a signature: the session has no signing")
	}
	handle := a.in.handle
	want := a.in.sign(list)
	a.in.handle = handle
	if !hmac.Equal(mic, want) {
		return ErrMIC
	}
	return nil
}
