// Package packets answers what is asked by UDP, packet by packet: the time, SNMP, RADIUS,
// DHCP, and whatever an estate says of a port.
package packets

import (
	"context"
	"errors"
	"fmt"
	"net"

	"postpatch/probes/lab/conns"
	"postpatch/probes/lab/estate"
)

// Server answers packets. One of the functions below makes it.
type Server struct {
	host  func() estate.Host
	speak protocol
	group *conns.Group
}

// protocol answers as a host does, if the host has it, and says what is wrong with it.
type protocol func(h estate.Host, packet []byte) (answer []byte, fault estate.Fault)

func newServer(host func() estate.Host, speak protocol) *Server {
	return &Server{host: host, speak: speak, group: conns.New()}
}

// Serve implements the lab's server: there is nothing by TCP.
func (s *Server) Serve(ln net.Listener) error {
	return s.group.Serve(ln, func(context.Context, net.Conn) {})
}

// ServePacket answers until Close.
func (s *Server) ServePacket(pc net.PacketConn) error {
	if !s.group.Keep(pc) {
		return nil
	}
	defer s.group.Release(pc)
	buf := make([]byte, 1<<16)
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
		packet := append([]byte{}, buf[:n]...) // an empty one, too, is one
		s.group.Go(func(ctx context.Context) { s.answer(ctx, pc, from, packet) })
	}
}

// Close ends all goroutines.
func (s *Server) Close() error { return s.group.Close() }

func (s *Server) answer(ctx context.Context, pc net.PacketConn, from net.Addr, packet []byte) {
	h := s.host()
	if h.Power == "off" || !conns.Wait(ctx, h.Think) {
		return
	}
	answer, fault := s.speak(h, packet)
	switch fault {
	case estate.Silent, estate.Drop, estate.Refuse:
		return
	case estate.Garbage:
		answer = conns.Noise(64)
	case estate.Endless: // as much as a packet takes
		answer = conns.Noise(60_000)
	default: // an error is the protocol's own
	}
	if answer == nil {
		return
	}
	_, _ = pc.WriteTo(answer, from) // a lost answer is for the client to notice
}

// NewEcho answers as the estate says of a port.
func NewEcho(host func() estate.Host, port int) *Server {
	return newServer(host, func(h estate.Host, packet []byte) ([]byte, estate.Fault) {
		text, open := h.UDP[port]
		switch {
		case !open:
			return nil, estate.Drop
		case text == "":
			return packet, ""
		default:
			return []byte(text), ""
		}
	})
}
