package tds

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"io"
	"net"
)

// startTLS shakes hands inside PRELOGIN packets and returns the encrypted
// connection, whose records then travel bare.
func startTLS(ctx context.Context, conn net.Conn, config *tls.Config) (net.Conn, error) {
	carrier := &tlsCarrier{Conn: conn, wrapped: true}
	secured := tls.Server(carrier, config)
	if err := secured.HandshakeContext(ctx); err != nil {
		return nil, fmt.Errorf("shaking hands: %w", err)
	}
	if len(carrier.packet) > 0 {
		return nil, fmt.Errorf("%d bytes after the handshake", len(carrier.packet))
	}
	carrier.wrapped = false
	return secured, nil
}

// startStrict shakes hands as TDS 8 does, before anything else is said.
func startStrict(ctx context.Context, conn net.Conn, config *tls.Config) (net.Conn, error) {
	config.NextProtos = []string{"tds/8.0"}
	secured := tls.Server(conn, config)
	if err := secured.HandshakeContext(ctx); err != nil {
		return nil, fmt.Errorf("shaking hands: %w", err)
	}
	return secured, nil
}

// tlsCarrier carries TLS records inside PRELOGIN packets while wrapped, and
// bare afterwards. It never reads past the record that was asked for, because
// plain packets may follow the encrypted login.
type tlsCarrier struct {
	net.Conn
	wrapped bool
	packet  []byte // the rest of the current packet, while wrapped
	record  int    // what is left of the current record, while bare
	header  []byte // of a record, read but not handed on yet
}

func (c *tlsCarrier) Read(b []byte) (int, error) {
	if c.wrapped {
		return c.readWrapped(b)
	}
	if c.record == 0 && len(c.header) == 0 {
		header := make([]byte, 5)
		if _, err := io.ReadFull(c.Conn, header); err != nil {
			return 0, err
		}
		c.header, c.record = header, int(binary.BigEndian.Uint16(header[3:]))
	}
	if len(c.header) > 0 {
		n := copy(b, c.header)
		c.header = c.header[n:]
		return n, nil
	}
	n, err := c.Conn.Read(b[:min(len(b), c.record)])
	c.record -= n
	return n, err
}

func (c *tlsCarrier) readWrapped(b []byte) (int, error) {
	for len(c.packet) == 0 {
		kind, _, body, err := readPacket(c.Conn)
		if err != nil {
			return 0, err
		}
		if kind != packetPrelogin {
			return 0, fmt.Errorf("packet of kind %#x within a handshake", kind)
		}
		c.packet = body
	}
	n := copy(b, c.packet)
	c.packet = c.packet[n:]
	return n, nil
}

func (c *tlsCarrier) Write(b []byte) (int, error) {
	if !c.wrapped {
		return c.Conn.Write(b)
	}
	w := packetWriter{w: c.Conn, kind: packetPrelogin, size: 4096}
	if _, err := w.Write(b); err != nil {
		return 0, err
	}
	return len(b), w.Finish()
}
