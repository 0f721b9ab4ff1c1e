package tds

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// The kinds of packet.
const (
	packetBatch       = 0x01
	packetRPC         = 0x03
	packetReply       = 0x04
	packetAttention   = 0x06
	packetTransaction = 0x0e
	packetLogin       = 0x10
	packetPrelogin    = 0x12
)

// The bits of a packet's status.
const (
	statusLast   = 0x01
	statusIgnore = 0x02
	statusReset  = 0x08 // the session is to be as after its login
)

const (
	headerSize    = 8
	maxPacketSize = 32767
	maxMessage    = 1 << 20 // a lab's client has no longer statement to send
)

// message is one request, put together from its packets.
type message struct {
	kind  byte
	reset bool
	body  []byte
}

// readMessage reads packets up to the one marked last. A message that its
// sender marks as to be ignored is skipped.
func readMessage(r io.Reader) (message, error) {
	var m message
	first := true
	for {
		kind, status, body, err := readPacket(r)
		if err != nil {
			if !first && errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return message{}, err
		}
		if !first && kind != m.kind {
			return message{}, fmt.Errorf("packet of kind %#x within a message of kind %#x", kind, m.kind)
		}
		if len(m.body)+len(body) > maxMessage {
			return message{}, fmt.Errorf("message longer than %d bytes", maxMessage)
		}
		m.reset = m.reset || first && status&statusReset != 0
		m.kind, m.body, first = kind, append(m.body, body...), false
		switch {
		case status&statusLast == 0:
		case status&statusIgnore == 0:
			return m, nil
		default:
			m, first = message{}, true
		}
	}
}

func readPacket(r io.Reader) (kind, status byte, body []byte, err error) {
	var header [headerSize]byte
	if _, err := io.ReadFull(r, header[:]); err != nil {
		return 0, 0, nil, err
	}
	size := int(binary.BigEndian.Uint16(header[2:]))
	if size < headerSize || size > maxPacketSize {
		return 0, 0, nil, fmt.Errorf("packet of %d bytes", size)
	}
	body = make([]byte, size-headerSize)
	if _, err := io.ReadFull(r, body); err != nil {
		return 0, 0, nil, err
	}
	return header[0], header[1], body, nil
}

// packetWriter cuts one message after another into packets.
type packetWriter struct {
	w    io.Writer
	kind byte
	size int // of a packet, with its header
	spid uint16

	body []byte
	seq  byte
}

// Write implements io.Writer: it sends packets as they fill up.
func (p *packetWriter) Write(b []byte) (int, error) {
	p.body = append(p.body, b...)
	for len(p.body) > p.size-headerSize { // the last packet must be kept for Finish
		if err := p.send(p.body[:p.size-headerSize], 0); err != nil {
			return 0, err
		}
		p.body = p.body[p.size-headerSize:]
	}
	return len(b), nil
}

// Finish ends the message.
func (p *packetWriter) Finish() error {
	err := p.send(p.body, statusLast)
	p.body, p.seq = nil, 0
	return err
}

func (p *packetWriter) send(body []byte, status byte) error {
	p.seq++
	packet := []byte{p.kind, status}
	packet = binary.BigEndian.AppendUint16(packet, uint16(headerSize+len(body)))
	packet = binary.BigEndian.AppendUint16(packet, p.spid)
	packet = append(packet, p.seq, 0)
	_, err := p.w.Write(append(packet, body...))
	return err
}
