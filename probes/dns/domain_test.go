package dns_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"postpatch/probes/lab/estate"
	"postpatch/probes/probetest"
)

// A domain keeps its own name, whatever words are in it.
func TestADomainWithSITEInItsName(t *testing.T) {
	got := found(t, estateOf(t, []string{"dc01.corp.test"}, estate.DNS{Records: corp()}), map[string]any{
		"domain": []string{"WEBSITE.Test"}, "site": []string{"Berlin"},
	}, "count")
	for _, want := range []string{
		"website.test A count=0", "_ldap._tcp.website.test SRV count=0", "_gc._tcp.website.test SRV count=0",
		"_ldap._tcp.berlin._sites.website.test SRV count=0", "_gc._tcp.berlin._sites.website.test SRV count=0",
		"_kerberos._tcp.berlin._sites.dc._msdcs.website.test SRV count=0",
	} {
		if !slices.Contains(got, want) {
			t.Errorf("no %q in %q", want, got)
		}
	}
}

// Of more servers than are looked for nobody says that all have an address.
func TestADomainOfManyControllers(t *testing.T) {
	for count, want := range map[int]string{64: "", 65: "65 servers come without one, and no more than 64"} {
		target := server(t, func(w dns.ResponseWriter, query *dns.Msg) {
			reply := new(dns.Msg).SetReply(query)
			if name := query.Question[0].Name; query.Question[0].Qtype == dns.TypeSRV {
				for i := range count {
					reply.Answer = append(reply.Answer, record(t, fmt.Sprintf("%s 60 IN SRV 0 0 1 dc%d.test.", name, i)))
				}
			} else {
				reply.Answer = []dns.RR{record(t, name+" 60 IN A 10.0.0.1")}
			}
			if w.RemoteAddr().Network() == "udp" {
				reply.Truncate(dns.MinMsgSize)
			}
			_ = w.WriteMsg(reply)
		})
		readings, err := observe(t, target, map[string]any{"domain": []string{"test"}})
		looked := slices.ContainsFunc(probetest.Texts(readings), func(text string) bool {
			return strings.HasPrefix(text, "test SRV targets unresolved=")
		})
		if (err != nil) != (want != "") || err != nil && !strings.Contains(err.Error(), want) || looked != (want == "") {
			t.Errorf("%d: got %v, looked %t", count, err, looked)
		}
	}
}
