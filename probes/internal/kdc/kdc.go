// Package kdc holds what all have in common that ask a KDC: how a message travels
// and how long it may be, the keys that passwords make, proofs, and the opening of
// replies. The library's own client is not used: it knows no context, reserves
// whatever length a KDC names, and starts goroutines of its own.
package kdc

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/go-krb5/krb5/messages"
	"github.com/go-krb5/krb5/types"
)

// MostSkew is how far Kerberos lets clocks be apart.
const MostSkew = 5 * time.Minute

// MaxReply is how long a KDC's reply may be, in bytes; a full PAC has 64 KiB.
const MaxReply = 1 << 18

// Principal is a Kerberos name.
type Principal struct {
	Name  types.PrincipalName
	Realm string
}

// Granted is what a KDC's reply gives to who can open it.
type Granted struct {
	Server Principal
	Ticket messages.Ticket
	Key    types.EncryptionKey // of the session
	Start  time.Time           // when the account was proved
	End    time.Time
}

// Exchange sends a request over TCP and reads the reply, RFC 4120 7.2.2; sent says
// that the whole request has left. A KRB-ERROR is a reply, and comes beside it as a
// messages.KRBError.
func Exchange(conn net.Conn, request []byte) (reply []byte, sent bool, err error) {
	message := binary.BigEndian.AppendUint32(nil, uint32(len(request)))
	if _, err := conn.Write(append(message, request...)); err != nil {
		return nil, false, err
	}
	var head [4]byte
	if _, err := io.ReadFull(conn, head[:]); err != nil {
		return nil, true, err
	}
	length := binary.BigEndian.Uint32(head[:])
	if length == 0 || length > MaxReply {
		return nil, true, fmt.Errorf("a reply of %d bytes, not 1 to %d", length, MaxReply)
	}
	reply = make([]byte, length)
	if _, err := io.ReadFull(conn, reply); err != nil {
		return nil, true, err
	}
	return reply, true, Error(reply)
}

// Error is the KRB-ERROR that the bytes are, or nil.
func Error(b []byte) error {
	const tag = 0x60 | 30
	if len(b) == 0 || b[0] != tag {
		return nil
	}
	var e messages.KRBError
	if err := Guard(func() error { return e.Unmarshal(b) }); err != nil {
		return fmt.Errorf("a KRB-ERROR that cannot be read: %w", err)
	}
	return e
}

// Guard turns a panic into an error: the library's decoders were not written for
// hostile bytes.
func Guard(what func() error) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("the bytes make no sense: %v", cause)
		}
	}()
	return what()
}
