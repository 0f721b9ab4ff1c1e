// Package dcerpc speaks as much of DCE/RPC over TCP (C706, MS-RPCE) as it takes to ask a
// host's endpoint mapper where an interface is, and to see whether it answers there. It
// shows no account.
package dcerpc

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// The types of PDU.
const (
	request  = 0
	response = 2
	fault    = 3
	bind     = 11
	bindAck  = 12
	bindNak  = 13
)

const (
	header     = 16
	mostFrag   = 5840      // that we take, and say so
	mostReply  = 128 << 10 // bytes of an answer, in all fragments
	mostPieces = 64

	first, last = 1, 2
)

// Rejected is a server that speaks RPC and does not let an interface be called.
type Rejected struct{ Why string }

// Error implements error.
func (r *Rejected) Error() string { return "the server rejects the interface: " + r.Why }

// Fault is a call that the server refuses.
type Fault struct{ Status uint32 }

// AccessDenied is the status of what is not allowed.
const AccessDenied = 5

// Error implements error.
func (f *Fault) Error() string {
	if f.Status == AccessDenied {
		return "the server says: access denied"
	}
	return fmt.Sprintf("the server refuses the call with 0x%08x", f.Status)
}

// ErrStrange is wrapped by errors that mean: what answers does not speak RPC.
var ErrStrange = errors.New("what answers does not speak RPC")

func strange(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrStrange, fmt.Sprintf(format, args...))
}

// Conn is a connection to a server. One goroutine uses it, and one interface.
type Conn struct {
	wire io.ReadWriter
	call uint32
}

// NewConn speaks over a connection.
func NewConn(wire io.ReadWriter) *Conn { return &Conn{wire: wire} }

// send writes a PDU of one fragment.
func (c *Conn) send(kind byte, body []byte) error {
	c.call++
	b := make([]byte, 0, header+len(body))
	b = append(b, 5, 0, kind, first|last, 0x10, 0, 0, 0) // little-endian, ASCII, IEEE
	b = binary.LittleEndian.AppendUint16(b, uint16(header+len(body)))
	b = binary.LittleEndian.AppendUint16(b, 0) // no authentication
	b = binary.LittleEndian.AppendUint32(b, c.call)
	_, err := c.wire.Write(append(b, body...))
	return err
}

// pdu is one that came.
type pdu struct {
	kind byte
	last bool
	body []byte
}

func (c *Conn) receive() (pdu, error) {
	var head [header]byte
	if _, err := io.ReadFull(c.wire, head[:]); err != nil {
		return pdu{}, err
	}
	length, proof := int(binary.LittleEndian.Uint16(head[8:])), binary.LittleEndian.Uint16(head[10:])
	switch {
	case head[0] != 5 || head[1] > 1:
		return pdu{}, strange("its answer begins with %x", head[:4])
	case head[4]&0xf0 != 0x10:
		return pdu{}, strange("its numbers are not little-endian")
	case length < header || length > mostFrag:
		return pdu{}, strange("a fragment of %d bytes", length)
	case proof != 0:
		return pdu{}, strange("an answer with a proof that nobody asked for")
	case binary.LittleEndian.Uint32(head[12:]) != c.call:
		return pdu{}, strange("an answer to another call")
	}
	p := pdu{kind: head[2], last: head[3]&last != 0, body: make([]byte, length-header)}
	_, err := io.ReadFull(c.wire, p.body)
	return p, err
}

// Bind chooses the interface. The error is a *Rejected where the server does not have it.
func (c *Conn) Bind(s Syntax) error {
	body := binary.LittleEndian.AppendUint16(nil, mostFrag)
	body = binary.LittleEndian.AppendUint16(body, mostFrag)
	body = append(body, 0, 0, 0, 0) // a new group
	body = append(body, 1, 0, 0, 0) // one context
	body = append(body, 0, 0, 1, 0) // its number, and one way to write data
	if err := c.send(bind, ndr().append(s.append(body))); err != nil {
		return err
	}
	p, err := c.receive()
	switch {
	case err != nil:
		return err
	case p.kind == bindAck:
		return accepted(p.body)
	case p.kind == bindNak && len(p.body) >= 2:
		return &Rejected{reasonOfNak(binary.LittleEndian.Uint16(p.body))}
	case p.kind == fault:
		return faultOf(p.body)
	default:
		return strange("a PDU of type %d in answer to a bind", p.kind)
	}
}

// accepted reads a bind_ack's word on the one context.
func accepted(b []byte) error {
	if len(b) < 10 {
		return strange("a bind_ack of %d bytes", len(b))
	}
	at := 10 + int(binary.LittleEndian.Uint16(b[8:])) // the address, which may be empty
	at = (at + 3) &^ 3
	if at+8 > len(b) || b[at] < 1 {
		return strange("a bind_ack without a result")
	}
	result, reason := binary.LittleEndian.Uint16(b[at+4:]), binary.LittleEndian.Uint16(b[at+6:])
	if result == 0 {
		return nil
	}
	return &Rejected{reasonOfResult(result, reason)}
}

func reasonOfResult(result, reason uint16) string {
	const byProvider = 2
	switch {
	case result == byProvider && reason == 1:
		return "it does not have it"
	case result == byProvider && reason == 2:
		return "no common way to write data"
	case result == byProvider && reason == 3:
		return "a limit of its own"
	default:
		return fmt.Sprintf("result %d, reason %d", result, reason)
	}
}

func reasonOfNak(reason uint16) string {
	switch reason {
	case 1:
		return "it is congested"
	case 2:
		return "a limit of its own"
	case 4:
		return "it speaks another version of RPC"
	case 8:
		return "it wants another way to authenticate"
	default:
		return fmt.Sprintf("reason %d", reason)
	}
}

func faultOf(b []byte) error {
	if len(b) < 12 {
		return strange("a fault of %d bytes", len(b))
	}
	return &Fault{binary.LittleEndian.Uint32(b[8:])}
}

// Call calls an operation of the interface. The error is a *Fault where the server
// refuses it.
func (c *Conn) Call(operation uint16, in []byte) (out []byte, err error) {
	body := binary.LittleEndian.AppendUint32(nil, uint32(len(in)))
	body = binary.LittleEndian.AppendUint16(body, 0) // the context
	body = binary.LittleEndian.AppendUint16(body, operation)
	if err := c.send(request, append(body, in...)); err != nil {
		return nil, err
	}
	for range mostPieces {
		p, err := c.receive()
		switch {
		case err != nil:
			return nil, err
		case p.kind == fault:
			return nil, faultOf(p.body)
		case p.kind != response || len(p.body) < 8:
			return nil, strange("a PDU of type %d in answer to a call", p.kind)
		}
		if out = append(out, p.body[8:]...); len(out) > mostReply {
			break
		}
		if p.last {
			return out, nil
		}
	}
	return nil, strange("an answer of over %d bytes or %d fragments", mostReply, mostPieces)
}
