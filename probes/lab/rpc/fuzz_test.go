package rpc

import (
	"io"
	"net"
	"testing"

	"postpatch/probes/lab/estate"
)

// FuzzServer holds that no bytes of a client's make the server panic, or answer without an
// end.
func FuzzServer(f *testing.F) {
	h := estate.Host{RPC: &estate.RPC{Interfaces: map[string]estate.Interface{
		"12345678-1234-abcd-ef00-01234567cffb": {Port: 49664},
	}}}
	pdu := func(kind byte, body []byte) []byte {
		return append([]byte{5, 0, kind, 3, 0x10, 0, 0, 0, byte(header + len(body)), 0, 0, 0, 1, 0, 0, 0}, body...)
	}
	context := append([]byte{0, 0, 1, 0}, uuidBytes(mapperUUID)...)
	context = append(append(append(context, 3, 0, 0, 0), uuidBytes(ndrUUID)...), 2, 0, 0, 0)
	binding := pdu(bind, append([]byte{0xd0, 0x16, 0xd0, 0x16, 0, 0, 0, 0, 1, 0, 0, 0}, context...))
	tower := endpoint("12345678-1234-abcd-ef00-01234567cffb", estate.Interface{Port: 1})
	stub := append(make([]byte, 4), 1, 0, 0, 0, byte(len(tower)), 0, 0, 0, byte(len(tower)), 0, 0, 0)
	stub = append(append(stub, tower...), make([]byte, 1+20)...)
	call := pdu(request, append([]byte{0, 0, 0, 0, 0, 0, 3, 0}, append(stub, 4, 0, 0, 0)...))
	f.Add(append(binding, call...))
	f.Add(pdu(bind, make([]byte, 12)))
	f.Add([]byte{4, 0, 0, 0, 0x10})
	f.Fuzz(func(t *testing.T, said []byte) {
		s := New(func() estate.Host { return h }, Port)
		near, far := net.Pipe()
		answered := make(chan int64, 1)
		go func() {
			n, _ := io.Copy(io.Discard, near) // until the server hangs up
			answered <- n
		}()
		go func() {
			_, _ = near.Write(said)
			_ = near.Close()
		}()
		c := &client{server: s, conn: far}
		for c.answer() {
		}
		_ = far.Close()
		if n := <-answered; n > int64(len(said)+1)*100+1000 {
			t.Errorf("%x is answered with %d bytes", said, n)
		}
	})
}
