// Package rpc answers DCE/RPC over TCP as Windows does: the endpoint mapper (C706
// appendix O) on port 135, and on other ports as much of an interface as a bind.
package rpc

import (
	"context"
	"encoding/binary"
	"io"
	"maps"
	"net"
	"slices"
	"time"

	"postpatch/probes/lab/conns"
	"postpatch/probes/lab/estate"
)

// The types of PDU.
const (
	request  = 0
	response = 2
	fault    = 3
	bind     = 11
	bindAck  = 12
	bindNak  = 13
	alter    = 14
	alterAck = 15
)

const (
	header   = 16
	mostFrag = 5840
	patience = 30 * time.Second // a connection may say nothing
)

// The status of calls that are refused (MS-ERREF, C706 appendix E).
const (
	accessDenied    = 0x00000005
	noSuchOperation = 0x1c010002
	badStub         = 0x000006f7
	notRegistered   = 0x16c9a0d6
)

// Server is one port: the mapper, or whatever interfaces have it.
type Server struct {
	*conns.Group

	host func() estate.Host
	port int
}

// Port is the mapper's.
const Port = 135

// New makes the server of one of a host's ports.
func New(host func() estate.Host, port int) *Server { return &Server{conns.New(), host, port} }

// Serve answers until Close.
func (s *Server) Serve(ln net.Listener) error { return s.Group.Serve(ln, s.serve) }

// IsOpen says whether something listens at a port of a host's.
func IsOpen(h estate.Host, port int) bool {
	if h.RPC == nil {
		return false
	}
	if port == Port {
		return h.RPC.Fault != estate.Refuse
	}
	at := interfaces(h, port)
	for _, i := range at {
		if i.Fault != estate.Refuse {
			return true
		}
	}
	return false
}

// interfaces are those at a port, by their UUIDs.
func interfaces(h estate.Host, port int) map[string]estate.Interface {
	at := map[string]estate.Interface{}
	if h.RPC == nil {
		return at
	}
	for uuid, i := range h.RPC.Interfaces {
		if i.Port == port {
			at[uuid] = i
		}
	}
	return at
}

// fault is what is wrong with the port.
func (s *Server) fault() estate.Fault {
	h := s.host()
	if h.RPC == nil {
		return estate.Drop
	}
	if s.port == Port {
		return h.RPC.Fault
	}
	at := interfaces(h, s.port)
	for _, uuid := range slices.Sorted(maps.Keys(at)) {
		if f := at[uuid].Fault; f != "" && f != estate.Error { // that one's bind says
			return f
		}
	}
	return ""
}

func (s *Server) serve(ctx context.Context, conn net.Conn) {
	if !conns.Wait(ctx, s.host().Think) {
		return
	}
	switch s.fault() {
	case estate.Silent:
		conns.Mute(conn)
	case estate.Garbage:
		_, _ = conn.Write(conns.Noise(512))
		conns.Mute(conn)
	case estate.Endless:
		conns.Endless(ctx, conn, conns.Noise(512))
	case estate.Drop, estate.Refuse:
	default:
		c := &client{server: s, conn: conn}
		for c.answer() {
		}
	}
}

// client is a connection.
type client struct {
	server *Server
	conn   net.Conn
	mapper bool // what it has bound
	bound  bool
}

// answer answers one PDU; false ends the connection, as of one that is none.
func (c *client) answer() bool {
	if err := c.conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return false
	}
	var head [header]byte
	if _, err := io.ReadFull(c.conn, head[:]); err != nil {
		return false
	}
	length := int(binary.LittleEndian.Uint16(head[8:]))
	if head[0] != 5 || head[4] != 0x10 || length < header || length > mostFrag {
		if head[0] != 5 && head[0] != 0 { // another version
			_ = c.send(head, bindNak, []byte{4, 0, 1, 5, 0})
		}
		return false
	}
	body := make([]byte, length-header)
	if _, err := io.ReadFull(c.conn, body); err != nil {
		return false
	}
	switch head[2] {
	case bind, alter:
		return c.bind(head, body)
	case request:
		return c.request(head, body)
	default:
		return false
	}
}

// send answers a PDU with another of one fragment.
func (c *client) send(head [header]byte, kind byte, body []byte) error {
	b := append([]byte{5, 0, kind, 3, 0x10, 0, 0, 0}, make([]byte, 8)...)
	binary.LittleEndian.PutUint16(b[8:], uint16(header+len(body)))
	copy(b[12:], head[12:])
	_, err := c.conn.Write(append(b, body...))
	return err
}

func (c *client) refuse(head [header]byte, status uint32) bool {
	body := make([]byte, 16)
	binary.LittleEndian.PutUint32(body[8:], status)
	return c.send(head, fault, body) == nil
}

// request answers a call. Only the mapper has any operation here.
func (c *client) request(head [header]byte, body []byte) bool {
	if len(body) < 8 || !c.bound {
		return false
	}
	operation, stub := binary.LittleEndian.Uint16(body[6:]), body[8:]
	h := c.server.host()
	switch {
	case !c.mapper:
		return c.refuse(head, accessDenied) // who has no account calls nothing
	case h.RPC == nil || h.RPC.Denied:
		return c.refuse(head, accessDenied)
	case h.RPC.Fault == estate.Error:
		return c.refuse(head, 0x000006bb) // the server is too busy
	case operation != 3:
		return c.refuse(head, noSuchOperation)
	}
	out, ok := mapEndpoint(h, stub)
	if !ok {
		return c.refuse(head, badStub)
	}
	answer := binary.LittleEndian.AppendUint32(nil, uint32(len(out)))
	return c.send(head, response, append(append(answer, 0, 0, 0, 0), out...)) == nil
}
