package dns_test

import (
	"context"
	"net"
	"strings"
	"sync/atomic"

	"github.com/miekg/dns"

	"postpatch/probes"
	"postpatch/probes/probetest"
)

// inMemory leads to a name server whose connections are in memory, each from a port of
// its own: in a bubble time is exact, and no machine too slow.
func inMemory(handler dns.HandlerFunc) probes.Target {
	var dialled atomic.Int32
	target := probetest.Target("")
	target.Dial = func(_ context.Context, network, _ string) (net.Conn, error) {
		near, far := net.Pipe()
		s := served{conn: &dns.Conn{Conn: far}, from: &net.TCPAddr{}}
		if strings.HasPrefix(network, "udp") {
			s.conn.Conn, s.from = datagrams{far}, &net.UDPAddr{Port: int(dialled.Add(1))}
		}
		go s.serve(handler)
		return near, nil
	}
	return target
}

// datagrams carries messages without their length in front.
type datagrams struct{ net.Conn }

func (d datagrams) ReadFrom(b []byte) (int, net.Addr, error) {
	n, err := d.Read(b)
	return n, nil, err
}

func (d datagrams) WriteTo(b []byte, _ net.Addr) (int, error) { return d.Write(b) }

// served is one connection at the server.
type served struct {
	dns.ResponseWriter // for what no handler here asks

	conn *dns.Conn
	from net.Addr
}

func (s served) serve(handler dns.HandlerFunc) {
	defer func() { _ = s.conn.Close() }()
	for {
		query, err := s.conn.ReadMsg()
		if err != nil {
			return
		}
		handler(s, query)
	}
}

func (s served) RemoteAddr() net.Addr { return s.from }

func (s served) WriteMsg(msg *dns.Msg) error { return s.conn.WriteMsg(msg) }
