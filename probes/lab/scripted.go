package lab

import (
	"bufio"
	"context"
	"crypto/tls"
	"io"
	"net"
	"strings"

	"postpatch/probes/lab/conns"
	"postpatch/probes/lab/estate"
)

// addScripted makes the doors of the ports that answer line by line.
func (m *machine) addScripted(h estate.Host) {
	for port := range h.Scripted {
		isOpen := func(h estate.Host) bool { _, open := h.Scripted[port]; return open }
		m.add(tcp(port), isOpen, fresh{func() server { return &scriptedServer{conns.New(), m, port} }})
	}
}

// scriptedServer answers each line as the estate says, and is silent to others.
type scriptedServer struct {
	*conns.Group
	machine *machine
	port    int
}

// Serve implements server.
func (s *scriptedServer) Serve(ln net.Listener) error { return s.Group.Serve(ln, s.serve) }

func (s *scriptedServer) serve(ctx context.Context, conn net.Conn) {
	const longest = 4 << 10
	h := s.machine.host()
	script := h.Scripted[s.port]
	if !conns.Wait(ctx, h.Think) {
		return
	}
	if script.Greeting != "" {
		if _, err := io.WriteString(conn, script.Greeting+"\r\n"); err != nil {
			return
		}
	}
	for in := bufio.NewReaderSize(conn, longest); ; {
		slice, err := in.ReadSlice('\n')
		if err != nil {
			return
		}
		line := strings.TrimRight(string(slice), "\r\n") // the slice is the reader's own
		if answer, known := script.Answers[line]; known && conns.Wait(ctx, h.Think) {
			if _, err := io.WriteString(conn, strings.ReplaceAll(answer, "\n", "\r\n")+"\r\n"); err != nil {
				return
			}
		}
		if script.StartTLS == "" || line != script.StartTLS {
			continue
		}
		secure, ok := s.secure(ctx, conn, h, script)
		if !ok {
			return
		}
		conn, in = secure, bufio.NewReaderSize(secure, longest)
	}
}

func (s *scriptedServer) secure(
	ctx context.Context, conn net.Conn, h estate.Host, script estate.Scripted,
) (net.Conn, bool) {
	var want estate.TLS
	if script.TLS != nil {
		want = *script.TLS
	}
	if len(want.Names) == 0 {
		want.Names = []string{h.Name}
	}
	cert, err := s.machine.certs(want)
	if err != nil {
		return nil, false
	}
	secure := tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{*cert}, MinVersion: tls.VersionTLS12})
	return secure, secure.HandshakeContext(ctx) == nil
}
