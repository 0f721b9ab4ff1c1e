package packets

import (
	"testing"
	"time"

	"postpatch/probes/lab/estate"
)

// FuzzPackets gives whatever comes to every protocol.
func FuzzPackets(f *testing.F) {
	ntp := make([]byte, ntpSize)
	ntp[0] = 4<<3 | modeAsk
	f.Add(ntp)
	f.Add([]byte("\x30\x2c\x02\x01\x01\x04\x06public\xa0\x1f\x02\x01\x07\x02\x01\x00\x02\x01\x00\x30\x14\x30\x08\x06\x04\x2b\x06\x01\x02\x05\x00\x30\x08\x06\x04\x2b\x06\x01\x03\x05\x00"))
	f.Add([]byte("\x0c\x07\x00\x26\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x50\x12\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"))
	f.Add(make([]byte, 300))
	h := estate.Host{
		Name: "srv", NTP: &estate.NTP{}, SNMP: &estate.SNMP{},
		RADIUS: &estate.RADIUS{Secret: "s", Status: true, Users: map[string]string{"u": "p"}}, DHCP: &estate.DHCP{},
	}
	f.Fuzz(func(t *testing.T, packet []byte) {
		if answer := tell(*h.NTP, packet, time.Unix(0, 0)); answer != nil && len(answer) != ntpSize {
			t.Errorf("an answer of %d bytes", len(answer))
		}
		for name, answer := range map[string][]byte{
			"SNMP": agent(h, packet), "RADIUS": decide(*h.RADIUS, packet), "DHCP": serveDHCP(*h.DHCP, packet),
		} {
			if len(answer) > 1<<16-1 {
				t.Errorf("%s: an answer of %d bytes", name, len(answer))
			}
		}
	})
}
