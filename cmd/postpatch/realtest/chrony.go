//go:build real

package realtest

import (
	"context"
	"fmt"
	"net"
	"path/filepath"
	"testing"
	"time"
)

// StartChrony starts chronyd (package chrony) as a server that sets no clock. Its
// configuration has further lines, such as "local stratum 8"; without one it is not
// synchronized.
func StartChrony(t testing.TB, lines string) *Server {
	t.Helper()
	s := &Server{Addr: FreeAddress(t), dir: folder(t)}
	config := filepath.Join(s.dir, "chrony.conf")
	write(t, config, fmt.Sprintf("port %s\nbindaddress 127.0.0.1\ncmdport 0\nbindcmdaddress %s/socket\npidfile %s/pid\n"+
		"allow 127.0.0.0/8\n%s\n", port(t, s.Addr), s.dir, s.dir, lines))
	s.up = func(t testing.TB) func() error {
		t.Helper()
		question := make([]byte, 48)
		question[0] = 4<<3 | 3
		return run(t, answers(s.Addr, question), "chronyd", "-x", "-d", "-u", "root", "-f", config).stop
	}
	s.begin(t)
	return s
}

// answers is ready when a packet is answered.
func answers(addr string, question []byte) func(context.Context) error {
	return func(ctx context.Context) error {
		conn, err := new(net.Dialer).DialContext(ctx, "udp", addr)
		if err != nil {
			return err
		}
		defer func() { _ = conn.Close() }()
		_ = conn.SetDeadline(time.Now().Add(time.Second))
		if _, err := conn.Write(question); err != nil {
			return err
		}
		_, err = conn.Read(make([]byte, 1<<12))
		return err
	}
}
