package dhcpanswer

import (
	"net"
	"testing"
	"unicode"

	"github.com/insomniacslk/dhcp/dhcpv4"
)

// FuzzReadings reads whatever comes as an answer.
func FuzzReadings(f *testing.F) {
	question, err := dhcpv4.NewDiscovery(invented(net.IPv4(10, 0, 0, 1)))
	if err != nil {
		f.Fatal(err)
	}
	for _, kind := range []dhcpv4.MessageType{dhcpv4.MessageTypeOffer, dhcpv4.MessageTypeNak} {
		reply, err := dhcpv4.NewReplyFromRequest(question, dhcpv4.WithMessageType(kind), dhcpv4.WithLeaseTime(7),
			dhcpv4.WithNetmask(net.CIDRMask(24, 32)), dhcpv4.WithRouter(net.IPv4(10, 0, 0, 2)),
			dhcpv4.WithOption(dhcpv4.OptDomainName("evil\x1b[31m")), dhcpv4.WithOption(dhcpv4.OptMessage("no\x1b")))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(reply.ToBytes())
	}
	f.Fuzz(func(t *testing.T, packet []byte) {
		got, err := dhcpv4.FromBytes(packet)
		if err != nil || answerName(got.MessageType()) == "" {
			return
		}
		for _, r := range readings(got) {
			for _, c := range r.Value.String() {
				if !unicode.IsPrint(c) {
					t.Errorf("%s is %q", r.Key.Name, r.Value)
				}
			}
		}
	})
}
