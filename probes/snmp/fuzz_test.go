package snmp

import (
	"testing"
	"unicode"

	"github.com/gosnmp/gosnmp"
)

// FuzzValues reads the values of whatever packet comes.
func FuzzValues(f *testing.F) {
	packet := gosnmp.SnmpPacket{
		Version: gosnmp.Version2c, Community: "public", PDUType: gosnmp.GetResponse,
		Variables: []gosnmp.SnmpPDU{
			{Name: "1.3.1", Type: gosnmp.OctetString, Value: "a\x1b[31m"},
			{Name: "1.3.2", Type: gosnmp.Integer, Value: -3},
			{Name: "1.3.3", Type: gosnmp.ObjectIdentifier, Value: "1.3.6.1"},
			{Name: "1.3.4", Type: gosnmp.IPAddress, Value: "10.0.0.1"},
			{Name: "1.3.5", Type: gosnmp.TimeTicks, Value: uint32(7)},
			{Name: "1.3.6", Type: gosnmp.Counter64, Value: uint64(1) << 63},
		},
	}
	encoded, err := packet.MarshalMsg()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(encoded)
	f.Fuzz(func(t *testing.T, data []byte) {
		client := &gosnmp.GoSNMP{Version: gosnmp.Version2c, Community: "public"}
		_ = reported(data)
		got := decode(client, data)
		if got == nil {
			return
		}
		p := probe{objects: []object{{"x", "1.3.1"}}}
		_, _ = p.check(got, 0)
		for _, v := range got.Variables {
			for _, r := range values("x", v) {
				for _, c := range r.Value.String() {
					if !unicode.IsPrint(c) {
						t.Errorf("%q is not fit to be shown", r.Value)
					}
				}
			}
		}
	})
}

// decode reads a packet; where the library panics, as Get catches it, there is none.
func decode(client *gosnmp.GoSNMP, data []byte) (got *gosnmp.SnmpPacket) {
	defer func() {
		if recover() != nil {
			got = nil
		}
	}()
	got, err := client.SnmpDecodePacket(data)
	if err != nil {
		return nil
	}
	return got
}
