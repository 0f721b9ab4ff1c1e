package packets

import (
	"encoding/hex"
	"testing"
	"time"

	"postpatch/probes/lab/estate"
)

// FuzzPackets gives whatever comes to every protocol.
func FuzzPackets(f *testing.F) {
	ntp := make([]byte, ntpSize)
	ntp[0] = 4<<3 | modeAsk
	f.Add(ntp)
	for _, packet := range []string{
		// GET of sysName, as Net-SNMP's snmpget sends it.
		"302902010104067075626c6963a01c02047fffffff020100020100300e300c06082b060102010105000500",
		// Status-Server with a Message-Authenticator.
		"0c0700260000000000000000000000000000000050120000000000000000000000000000000000",
	} {
		data, err := hex.DecodeString(packet)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
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
