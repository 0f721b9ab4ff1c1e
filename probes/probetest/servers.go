package probetest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"postpatch/probes"
	"postpatch/probes/host"
)

// Target is a target whose every name and port lead to one address, such as
// "127.0.0.1:40053", over TCP and UDP alike. It has no credentials.
func Target(address string) probes.Target {
	return lead(probes.Target{
		Host:     "srv.example.test",
		Address:  "srv.example.test",
		Accounts: &host.Accounts{},
		Resolve:  func(context.Context, string) (netip.Addr, error) { return netip.MustParseAddr("127.0.0.1"), nil },
		Credential: func(use string) (host.Credential, error) {
			return host.Credential{}, errors.New("no credential for " + use)
		},
	}, addresses{tcp: address, udp: address})
}

// Routed is a target that is reached by the routes.
func Routed(name string, routes probes.Routes) probes.Target {
	t := Target("")
	t.Host, t.Address, t.Dial, t.Resolve = name, name, routes.Dial, routes.Resolve
	return t
}

// Serve starts a TCP server and returns its address. It closes each connection
// when handle returns, and all of them when the test ends.
func Serve(t *testing.T, handle func(net.Conn)) string {
	t.Helper()
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
			serving.Go(func() {
				handle(conn)
				stop()
				_ = conn.Close()
			})
		}
	})
	t.Cleanup(func() {
		cancel()
		_ = listener.Close()
		serving.Wait()
	})
	return listener.Addr().String()
}

// ServePackets starts a UDP server and returns its address. What answer returns
// is sent back; nil sends nothing.
func ServePackets(t *testing.T, answer func(packet []byte) []byte) string {
	t.Helper()
	var config net.ListenConfig
	conn, err := config.ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		packet := make([]byte, 1<<16)
		for {
			n, from, err := conn.ReadFrom(packet)
			if err != nil {
				return
			}
			if reply := answer(packet[:n]); reply != nil {
				_, _ = conn.WriteTo(reply, from) // a lost answer is for the client to notice
			}
		}
	})
	t.Cleanup(func() {
		_ = conn.Close()
		serving.Wait()
	})
	return conn.LocalAddr().String()
}

// addresses is where a stand-in listens.
type addresses struct{ tcp, udp string }

// lead sends all connections of a target to the addresses.
func lead(t probes.Target, to addresses) probes.Target {
	t.Dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
		address := to.tcp
		if strings.HasPrefix(network, "udp") {
			address = to.udp
		}
		var dialer net.Dialer
		return dialer.DialContext(ctx, network, address)
	}
	return t
}

// silent accepts what comes and says nothing.
func silent(t *testing.T) addresses {
	t.Helper()
	return addresses{
		tcp: Serve(t, func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }),
		udp: ServePackets(t, func([]byte) []byte { return nil }),
	}
}

// Refused is the address of a TCP port at which nothing listens, nor will until the test
// ends: it is taken, by this end of a connection.
func Refused(t *testing.T) string {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	// The system makes the connection, and nobody has to accept it.
	return dialFrom(t, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}, listener.Addr().String())
}

// refused are addresses that are Refused; the UDP socket takes packets of one other port
// alone.
func refused(t *testing.T) addresses {
	t.Helper()
	return addresses{
		tcp: Refused(t),
		udp: dialFrom(t, &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)}, "127.0.0.1:1"),
	}
}

// dialFrom connects from an address, and returns it with the port. That is bound first: one
// that comes of dialling alone the system may give to another who dials, too.
func dialFrom(t *testing.T, local net.Addr, to string) string {
	t.Helper()
	conn, err := (&net.Dialer{LocalAddr: local}).DialContext(t.Context(), local.Network(), to)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn.LocalAddr().String()
}

// faulty talks nonsense as misbehave does, to every packet too.
func faulty(t *testing.T, misbehave func(io.Writer)) addresses {
	t.Helper()
	return addresses{
		tcp: Serve(t, func(conn net.Conn) {
			var reading sync.WaitGroup
			reading.Go(func() { _, _ = io.Copy(io.Discard, conn) }) // or closing would reset what was sent
			misbehave(conn)
			if half, ok := conn.(*net.TCPConn); ok {
				_ = half.CloseWrite()
			}
			reading.Wait()
		}),
		udp: ServePackets(t, func([]byte) []byte {
			var reply packet
			misbehave(&reply)
			return reply.Bytes()
		}),
	}
}

// packet takes as much as one packet should and then refuses.
type packet struct{ bytes.Buffer }

// Write implements io.Writer.
func (p *packet) Write(data []byte) (int, error) {
	if p.Len() > 1000 {
		return 0, io.ErrShortWrite
	}
	return p.Buffer.Write(data)
}

// faults are the ways to misbehave, by what is seen of them.
func faults() map[string]func(io.Writer) {
	noise := rand.NewChaCha8([32]byte{1})
	random := make([]byte, 512)
	_, _ = noise.Read(random) // never fails
	forever := func(chunk []byte) func(io.Writer) {
		return func(w io.Writer) {
			for {
				if _, err := w.Write(chunk); err != nil {
					return
				}
			}
		}
	}
	return map[string]func(io.Writer){
		"nothing but an end":   func(io.Writer) {},
		"random bytes":         func(w io.Writer) { _, _ = w.Write(random) },
		"endless random bytes": forever(random),
		"endless zeros":        forever(make([]byte, 512)),
		"an endless line":      forever([]byte(strings.Repeat("220-", 128))),
		"endless lines":        forever([]byte(strings.Repeat("220-postpatch\r\n", 32))),
	}
}
