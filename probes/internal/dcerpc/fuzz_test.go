package dcerpc

import (
	"bytes"
	"errors"
	"io"
	"testing"
)

// wire gives what a server says, whatever it is asked.
type wire struct{ io.Reader }

func (wire) Write(b []byte) (int, error) { return len(b), nil }

// pack is a PDU of a server's.
func pack(kind byte, call byte, body []byte) []byte {
	length := header + len(body)
	return append([]byte{5, 0, kind, 3, 0x10, 0, 0, 0, byte(length), byte(length >> 8), 0, 0, call, 0, 0, 0}, body...)
}

// FuzzMapper holds that no bytes of a server's make the client panic, hang, or find a port
// that is none.
func FuzzMapper(f *testing.F) {
	ack := pack(bindAck, 1, append([]byte{
		0xd0, 0x16, 0xd0, 0x16, 0x17, 0x53, 0, 0, 4, 0, '1', '3', '5', 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0,
	}, make([]byte, 20)...))
	tower := tower(ndr())
	tower[len(tower)-9], tower[len(tower)-8] = 0xc2, 0x00
	body := append(make([]byte, 8+20), 1, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 3, 0, 0, 0)
	body = append(body, byte(len(tower)), 0, 0, 0, byte(len(tower)), 0, 0, 0)
	body = append(append(body, tower...), 0, 0, 0, 0, 0)
	for len(body)%4 != 0 {
		body = append(body, 0)
	}
	f.Add(append(bytes.Clone(ack), pack(response, 2, body)...))
	f.Add(append(bytes.Clone(ack), pack(fault, 2, make([]byte, 16))...))
	f.Add(pack(bindNak, 1, []byte{4, 0}))
	f.Add(bytes.Repeat(pack(response, 2, make([]byte, 8)), 3))
	f.Fuzz(func(t *testing.T, said []byte) {
		conn := NewConn(wire{bytes.NewReader(said)})
		m, err := OpenMapper(conn)
		if err != nil {
			return
		}
		ports, err := m.Ports(ndr())
		if (len(ports) == 0) != (err != nil) {
			t.Errorf("%x: %v, %v", said, ports, err)
		}
		for _, port := range ports {
			if port < 1 || port > 65535 {
				t.Errorf("%x: port %d", said, port)
			}
		}
	})
}

func TestUUID(t *testing.T) {
	const text = "12345678-1234-abcd-ef00-01234567cffb"
	u, err := ParseUUID(text)
	if err != nil || u.String() != text || u[0] != 0x78 || u[15] != 0xfb {
		t.Errorf("got %x %s, %v", u[:], u, err)
	}
	if got := mapper().ID.String(); got != "e1af8308-5d1f-11c9-91a4-08002b14a0fa" {
		t.Errorf("the mapper is %s", got)
	}
	if got := ndr().ID.String(); got != "8a885d04-1ceb-11c9-9fe8-08002b104860" {
		t.Errorf("NDR is %s", got)
	}
}

// TestEndless holds that an answer without an end ends.
func TestEndless(t *testing.T) {
	for name, piece := range map[string][]byte{"of nothing": make([]byte, 8), "of much": make([]byte, 5000)} {
		endless := pack(response, 1, piece)
		endless[3] = 0
		conn := NewConn(wire{bytes.NewReader(bytes.Repeat(endless, 200))})
		if _, err := conn.Call(0, nil); !errors.Is(err, ErrStrange) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
