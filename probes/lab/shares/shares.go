// Package shares answers SMB 2 and 3 as a Windows file server does, to clients that only
// read: it negotiates, takes an account, and shows shares and files. It is written from
// MS-SMB2 and knows no client's code.
package shares

import (
	"context"
	"encoding/binary"
	"io"
	"net"

	"postpatch/probes/lab/conns"
	"postpatch/probes/lab/estate"
)

// Acceptor takes the proof of an account, and has a key then.
type Acceptor interface {
	Accept(token []byte) (out []byte, done bool, err error)
	SessionKey() []byte
}

// Server is a file server. New makes one.
type Server struct {
	// Kerberos makes the Kerberos side of a connection; nil without a realm.
	Kerberos func(bindings []byte) Acceptor

	host  func() estate.Host
	group *conns.Group
}

// New returns a server that answers as host() says at the time of each connection.
func New(host func() estate.Host) *Server { return &Server{host: host, group: conns.New()} }

// Serve answers until Close.
func (s *Server) Serve(ln net.Listener) error { return s.group.Serve(ln, s.serveConn) }

// Close ends all connections and goroutines.
func (s *Server) Close() error { return s.group.Close() }

func (s *Server) serveConn(ctx context.Context, conn net.Conn) {
	h := s.host()
	if h.SMB == nil || h.Power == "off" {
		return
	}
	switch h.SMB.Fault {
	case estate.Drop, estate.Refuse:
		return
	case estate.Silent:
		conns.Mute(conn)
		return
	case estate.Garbage:
		_, _ = conn.Write(conns.Noise(512))
		return
	case estate.Endless:
		conns.Endless(ctx, conn, make([]byte, 1024))
		return
	default: // an error comes with the answer
	}
	if conns.Wait(ctx, h.Think) {
		(&talk{server: s, host: h, conn: conn, trees: map[uint32]string{}, files: map[uint64]file{}}).run()
	}
}

// mostMessage is what a client may say at once.
const mostMessage = 1 << 20

// run answers one message after the other until the client leaves, or says what no client
// does: Windows hangs up.
func (t *talk) run() {
	for {
		var head [4]byte
		if _, err := io.ReadFull(t.conn, head[:]); err != nil {
			return
		}
		length := binary.BigEndian.Uint32(head[:])
		if length < headerSize || length > mostMessage {
			return
		}
		message := make([]byte, length)
		if _, err := io.ReadFull(t.conn, message); err != nil {
			return
		}
		if !t.answer(message) {
			return
		}
	}
}
