package dns_test

import (
	"context"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/miekg/dns"

	"postpatch/probes"
)

// A server that a zone names, and that answers from elsewhere, has lost it.
func TestALameServer(t *testing.T) {
	soa := record(t, "test. 60 IN SOA ns1.test. h.test. 7 2 3 4 5")
	for name, tt := range map[string]struct {
		authoritative bool
		answer        []dns.RR
		code          int
		want          string
	}{
		"it has the zone":      {true, []dns.RR{soa}, dns.RcodeSuccess, "answered"},
		"from what it kept":    {false, []dns.RR{soa}, dns.RcodeSuccess, "not authoritative"},
		"it sends on":          {false, nil, dns.RcodeSuccess, "not authoritative"},
		"it has a larger zone": {true, nil, dns.RcodeSuccess, "not authoritative"},
		"it says so by itself": {false, nil, dns.RcodeRefused, "answered"},
	} {
		target := inMemory(func(w dns.ResponseWriter, query *dns.Msg) {
			reply := new(dns.Msg).SetReply(query)
			reply.Authoritative = true
			switch {
			case query.Question[0].Qtype == dns.TypeNS:
				reply.Answer = []dns.RR{record(t, "test. 60 IN NS ns1.test.")}
			case query.RecursionDesired:
				reply.Answer = []dns.RR{soa}
			default:
				reply.Authoritative, reply.Answer, reply.Rcode = tt.authoritative, tt.answer, tt.code
			}
			_ = w.WriteMsg(reply)
		})
		got := found(t, target, map[string]any{"zone": []string{"test"}}, "state")
		if want := "test SOA ns1.test state=" + tt.want; !slices.Contains(got, want) {
			t.Errorf("%s: no %q in %q", name, want, got)
		}
	}
}

// A server of several addresses is well that answers at one of them, and is asked at them
// in one order, whichever comes first this time.
func TestAServerOfSeveralAddresses(t *testing.T) {
	addresses := []dns.RR{record(t, "ns1.test. 60 IN A 10.0.0.2"), record(t, "ns1.test. 60 IN A 10.0.0.1")}
	for name, tt := range map[string]struct {
		dead, want string
		known      bool // to the runner, at an address that is dead
	}{
		"all answer":                {dead: "", want: "state=answered"},
		"the first does":            {dead: "10.0.0.2", want: "state=answered"},
		"the second does":           {dead: "10.0.0.1", want: "state=answered"},
		"none does":                 {dead: "10.0.0.", want: "state=refused"},
		"another than the runner's": {dead: "10.0.0.1", want: "state=answered", known: true},
		"neither the runner's":      {dead: "10.0.0.", want: "state=refused", known: true},
	} {
		var turn atomic.Int32
		target := inMemory(func(w dns.ResponseWriter, query *dns.Msg) {
			reply := new(dns.Msg).SetReply(query)
			reply.Authoritative = true
			switch query.Question[0].Qtype {
			case dns.TypeNS:
				reply.Answer = []dns.RR{record(t, "test. 60 IN NS ns1.test.")}
			case dns.TypeSOA:
				reply.Answer = []dns.RR{record(t, "test. 60 IN SOA ns1.test. h.test. 7 2 3 4 5")}
			case dns.TypeA:
				first := turn.Add(1) % 2
				reply.Answer = []dns.RR{addresses[first], addresses[1-first]}
			}
			_ = w.WriteMsg(reply)
		})
		dial := target.Dial
		target.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
			switch {
			case strings.HasPrefix(address, "ns1") && tt.known:
				return nil, syscall.ECONNREFUSED
			case strings.HasPrefix(address, "ns1"):
				return nil, &net.DNSError{Err: "no such host", Name: "ns1.test", IsNotFound: true}
			case tt.dead != "" && strings.HasPrefix(address, tt.dead):
				return nil, syscall.ECONNREFUSED
			}
			return dial(ctx, network, address)
		}
		for range 2 {
			if got := stateOf(t, target); got != tt.want {
				t.Errorf("%s: got %q, want %q", name, got, tt.want)
			}
		}
	}
}

// stateOf is what became of the zone's server.
func stateOf(t *testing.T, target probes.Target) string {
	t.Helper()
	for _, text := range found(t, target, map[string]any{"zone": []string{"test"}}, "state") {
		if state, is := strings.CutPrefix(text, "test SOA ns1.test "); is {
			return state
		}
	}
	return ""
}
