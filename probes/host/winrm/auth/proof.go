package auth

import (
	"bytes"
	"context"
	"crypto/md5" // RFC 4121 4.1.1.2 hashes channel bindings with it
	"encoding/asn1"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"

	"github.com/go-krb5/krb5/crypto"
	"github.com/go-krb5/krb5/iana/flags"
	"github.com/go-krb5/krb5/iana/keyusage"
	"github.com/go-krb5/krb5/messages"
	"github.com/go-krb5/krb5/types"

	"postpatch/probes/internal/kdc"
)

var errRejected = errors.New("the host rejects the proof and does not say why: " +
	"it may not know the account, or want channel bindings")

// kerberosContext is one Kerberos proof. Wrap is nil until it is complete.
type kerberosContext struct {
	spn      principal
	ticket   ticket
	bindings []byte
	unsealed bool
	bare     bool
	forget   func() // the ticket, which the host has no use for

	mine *types.Authenticator
	wrap *wrapper
}

// Step implements Context: the AP-REQ, then the host's own proof.
func (c *kerberosContext) Step(ctx context.Context, token []byte) (out []byte, done bool, err error) {
	switch {
	case ctx.Err() != nil:
		return nil, false, ctx.Err()
	case c.wrap != nil:
		err = errors.New("the host went on after the proof was complete")
	case c.mine == nil && len(token) > 0:
		err = errors.New("the host sent a token before it was asked")
	case c.mine == nil:
		err = kdc.Guard(func() error { out, err = c.request(); return err })
	case len(token) == 0:
		err = errRejected
	default:
		done = true
		err = kdc.Guard(func() error { return c.accept(token) })
	}
	if err != nil {
		return nil, false, fmt.Errorf("proving by Kerberos: %w", err)
	}
	return out, done, nil
}

func (c *kerberosContext) request() ([]byte, error) {
	kind, err := crypto.GetEtype(c.ticket.key.KeyType)
	if err != nil {
		return nil, err
	}
	mine, err := types.NewAuthenticator(c.ticket.client.realm, c.ticket.client.name)
	if err != nil {
		return nil, err
	}
	// Two requests must differ in it, or the host takes one for the other come again; a clock of
	// Windows may stand still for milliseconds.
	mine.Cusec = rand.IntN(1_000_000)
	if err := mine.GenerateSeqNumberAndSubKey(c.ticket.key.KeyType, kind.GetKeyByteSize()); err != nil {
		return nil, err
	}
	mine.Cksum = types.Checksum{CksumType: 0x8003, Checksum: contextChecksum(c.bindings, c.unsealed)}
	request, err := messages.NewAPReq(c.ticket.ticket, c.ticket.key, mine)
	if err != nil {
		return nil, err
	}
	types.SetFlag(&request.APOptions, flags.APOptionMutualRequired)
	b, err := request.Marshal()
	if err != nil {
		return nil, err
	}
	c.mine = &mine
	return offer(b, c.bare)
}

// contextChecksum is what RFC 4121 4.1.1 puts in the place of a checksum: the
// hash of the channel bindings as RFC 2744 has them, and the flags.
func contextChecksum(bindings []byte, unsealed bool) []byte {
	const mutual, replay, sequence, conf, integ = 2, 4, 8, 16, 32
	var sum [md5.Size]byte
	if len(bindings) > 0 {
		b := make([]byte, 4*4) // no addresses
		b = binary.LittleEndian.AppendUint32(b, uint32(len(bindings)))
		sum = md5.Sum(append(b, bindings...)) // for the same reason
	}
	b := binary.LittleEndian.AppendUint32(nil, md5.Size)
	b = append(b, sum[:]...)
	asked := uint32(mutual | replay | sequence)
	if !unsealed {
		asked |= conf | integ
	}
	return binary.LittleEndian.AppendUint32(b, asked)
}

// accept holds the host's proof against ours, RFC 4120 3.2.5.
func (c *kerberosContext) accept(token []byte) error {
	r, err := readReply(token)
	if err != nil {
		return err
	}
	if r.kind == tokenKRBError {
		if refused := new(messages.KRBError); errors.As(kdc.Error(r.message), refused) {
			c.forget() // the next proof is made with a new one
			return hostRefused(*refused, c.spn)
		}
		return errors.New("the host refuses the ticket with an error that cannot be read")
	}
	var message messages.APRep
	if err := message.Unmarshal(r.message); err != nil {
		return fmt.Errorf("reading the host's proof: %w", err)
	}
	plain, err := crypto.DecryptEncPart(message.EncPart, c.ticket.key, keyusage.AP_REP_ENCPART)
	if err != nil {
		return errors.New("the host's proof is made with another key: it is not the host that the ticket is for")
	}
	var part messages.EncAPRepPart
	if err := part.Unmarshal(plain); err != nil {
		return fmt.Errorf("reading the host's proof: %w", err)
	}
	if part.CTime.Unix() != c.mine.CTime.Unix() || part.Cusec != c.mine.Cusec {
		return errors.New("the host's proof answers another request: it may be an old one")
	}
	w := &wrapper{key: c.mine.SubKey, sent: uint64(c.mine.SeqNumber), due: uint64(uint32(part.SequenceNumber))}
	if len(part.Subkey.KeyValue) > 0 {
		if err := checkKey(part.Subkey); err != nil {
			return fmt.Errorf("the host's proof %w", err)
		}
		w.key, w.subkey = part.Subkey, wrapSubkey
	}
	if len(r.mic) > 0 {
		offered, err := asn1.Marshal(mechanisms())
		if err != nil {
			return err
		}
		if err := w.checkMIC(r.mic, offered); err != nil {
			return err
		}
	}
	c.wrap = w
	return nil
}

// SessionKey is what both sides have agreed on once the proof is complete, for a caller that
// makes keys of its own of it.
func (c *kerberosContext) SessionKey() []byte {
	if c.wrap == nil {
		return nil
	}
	return bytes.Clone(c.wrap.key.KeyValue)
}

// Seal implements Context.
func (c *kerberosContext) Seal(plain []byte) (signature, sealed []byte, err error) {
	if c.wrap == nil {
		return nil, nil, errors.New("sealing with Kerberos: the proof is not complete")
	}
	if signature, sealed, err = c.wrap.seal(plain); err != nil {
		return nil, nil, fmt.Errorf("sealing with Kerberos: %w", err)
	}
	return signature, sealed, nil
}

// Open implements Context.
func (c *kerberosContext) Open(signature, sealed []byte) ([]byte, error) {
	if c.wrap == nil {
		return nil, errors.New("opening what Kerberos sealed: the proof is not complete")
	}
	plain, err := c.wrap.open(signature, sealed)
	if err != nil {
		return nil, fmt.Errorf("opening what Kerberos sealed: %w", err)
	}
	return plain, nil
}
