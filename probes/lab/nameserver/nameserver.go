// Package nameserver answers DNS as an authoritative server does, over UDP and TCP, and
// what others know where the estate says that it asks them.
package nameserver

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/miekg/dns"

	"postpatch/probes/lab/conns"
	"postpatch/probes/lab/estate"
)

// Server is a name server. New makes one.
type Server struct {
	host  func() estate.Host
	group *conns.Group
}

// idle is how long a TCP connection may stay without a question.
const idle = 30 * time.Second

// New returns a server that answers as host() says at the time of each question.
// It shows no certificate and so never calls certs.
func New(host func() estate.Host, _ func(estate.TLS) (*tls.Certificate, error)) *Server {
	return &Server{host: host, group: conns.New()}
}

// Serve answers over TCP until Close.
func (s *Server) Serve(ln net.Listener) error { return s.group.Serve(ln, s.serveConn) }

// ServePacket answers over UDP until Close.
func (s *Server) ServePacket(pc net.PacketConn) error {
	if !s.group.Keep(pc) {
		return nil
	}
	defer s.group.Release(pc)
	buf := make([]byte, dns.MaxMsgSize)
	for {
		n, from, err := pc.ReadFrom(buf)
		if s.group.Context().Err() != nil {
			return nil
		}
		if errors.Is(err, net.ErrClosed) {
			return fmt.Errorf("reading from %s: %w", pc.LocalAddr(), err)
		}
		if err != nil { // an ICMP error about an earlier answer
			continue
		}
		query := append([]byte(nil), buf[:n]...)
		s.group.Go(func(ctx context.Context) {
			for _, reply := range s.replyUDP(ctx, query) {
				_, _ = pc.WriteTo(reply, from)
			}
		})
	}
}

// Close ends all connections and goroutines.
func (s *Server) Close() error { return s.group.Close() }

// state returns the name server as it is now and what is wrong with it.
func (s *Server) state() (estate.Host, estate.Fault) {
	h := s.host()
	if h.DNS == nil || h.Power == "off" {
		return h, estate.Drop
	}
	return h, h.DNS.Fault
}

// replyUDP returns the datagrams that answer a query; none for silence.
func (s *Server) replyUDP(ctx context.Context, query []byte) [][]byte {
	h, fault := s.state()
	if fault == estate.Silent || fault == estate.Drop || fault == estate.Refuse || !conns.Wait(ctx, h.Think) {
		return nil
	}
	reply := answer(h, query)
	if reply == nil {
		return nil
	}
	switch fault {
	case estate.Garbage: // an answer to somebody else's question, then plain nonsense
		reply.Id ^= 0x5555
		return [][]byte{pack(reply), conns.Noise(64)}
	case estate.Endless: // the rest of the answer is to be had over TCP
		empty(reply)
	default:
	}
	if h.DNS.Truncate {
		empty(reply)
	}
	fit(reply, udpSize(query))
	return [][]byte{pack(reply)}
}

// Answer is what the host's server says to a query that comes from the host itself; nil
// for silence.
func Answer(h estate.Host, query []byte) []byte {
	if h.DNS.Fault != "" && h.DNS.Fault != estate.Error {
		return nil
	}
	reply := answer(h, query)
	if reply == nil {
		return nil
	}
	return pack(reply)
}

func (s *Server) serveConn(ctx context.Context, conn net.Conn) {
	for {
		_, fault := s.state()
		switch fault {
		case estate.Drop, estate.Refuse:
			return
		case estate.Silent:
			conns.Mute(conn)
			return
		default: // the other faults come with the answer
		}
		_ = conn.SetReadDeadline(time.Now().Add(idle))
		query, err := readMessage(conn)
		if err != nil {
			return
		}
		h, fault := s.state() // may have changed while the client was idle
		if fault == estate.Drop || fault == estate.Silent || !conns.Wait(ctx, h.Think) {
			continue
		}
		reply := answer(h, query)
		if reply == nil {
			return
		}
		if fault == estate.Endless {
			stretch(ctx, conn, pack(reply))
			return
		}
		fit(reply, dns.MaxMsgSize-1)
		message := pack(reply)
		if fault == estate.Garbage {
			message = conns.Noise(64)
		}
		if err := writeMessage(conn, message); err != nil {
			return
		}
	}
}

// stretch announces the longest message there is, begins it and then sends a
// byte now and then, so that no read times out and no message ever ends.
func stretch(ctx context.Context, conn net.Conn, message []byte) {
	if _, err := conn.Write(append([]byte{0xFF, 0xFF}, message...)); err != nil {
		return
	}
	for conns.Wait(ctx, 100*time.Millisecond) {
		if _, err := conn.Write([]byte{0}); err != nil {
			return
		}
	}
}

func readMessage(r io.Reader) ([]byte, error) {
	var length [2]byte
	if _, err := io.ReadFull(r, length[:]); err != nil {
		return nil, err
	}
	message := make([]byte, binary.BigEndian.Uint16(length[:]))
	_, err := io.ReadFull(r, message)
	return message, err
}

func writeMessage(w io.Writer, message []byte) error {
	framed := binary.BigEndian.AppendUint16(nil, uint16(len(message)))
	_, err := w.Write(append(framed, message...)) // in one write, as RFC 7766 §8 wants
	return err
}

// pack writes a message. Only an estate's own broken records cannot be packed;
// the server then fails as a server with a damaged zone does.
func pack(m *dns.Msg) []byte {
	m.Compress = true
	if wire, err := m.Pack(); err == nil {
		return wire
	}
	empty(m)
	m.Truncated, m.Rcode = false, dns.RcodeServerFailure
	wire, err := m.Pack()
	if err != nil {
		return nil
	}
	return wire
}
