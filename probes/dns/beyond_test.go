package dns_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"

	"postpatch/probes/probetest"
)

// What a server has in a zone of its own says nothing of whom it asks, whether these are
// there or not.
func TestBeyondItsOwnZone(t *testing.T) {
	target := inMemory(func(w dns.ResponseWriter, query *dns.Msg) {
		reply := new(dns.Msg).SetReply(query)
		reply.Authoritative, reply.RecursionAvailable = true, true
		if query.Question[0].Name != "www.example.test." {
			reply.Rcode = dns.RcodeNameError
		}
		_ = w.WriteMsg(reply)
	})
	readings, err := observe(t, target, map[string]any{"beyond": []string{"www.example.test"}})
	if err == nil || !strings.Contains(err.Error(), "a zone of its own") {
		t.Errorf("got %v", err)
	}
	for _, r := range readings {
		if r.Key.Name == "forwards" {
			t.Errorf("forwards is %v", r.Value)
		}
	}
}

// A server that sends one on to others has not said that nothing is there.
func TestAbsence(t *testing.T) {
	soa := record(t, "test. 60 IN SOA ns.test. h.test. 1 2 3 4 5")
	ns := record(t, "test. 60 IN NS ns.test.")
	for name, tt := range map[string]struct {
		ns   []dns.RR
		code int
		want string
	}{
		"a zone without it":             {[]dns.RR{soa}, dns.RcodeSuccess, "no data"},
		"with its servers, too":         {[]dns.RR{ns, soa}, dns.RcodeSuccess, "no data"},
		"without a word":                {nil, dns.RcodeSuccess, "no data"},
		"others are to know":            {[]dns.RR{ns}, dns.RcodeSuccess, "referral"},
		"no such name, and its servers": {[]dns.RR{ns}, dns.RcodeNameError, "name error"},
	} {
		target := inMemory(func(w dns.ResponseWriter, query *dns.Msg) {
			reply := new(dns.Msg).SetRcode(query, tt.code)
			reply.Ns = tt.ns
			_ = w.WriteMsg(reply)
		})
		readings, err := observe(t, target, map[string]any{"absent": []string{"nope.test"}})
		var got string
		for _, text := range probetest.Texts(readings) {
			if _, word, is := strings.Cut(text, "absence="); is {
				got = word
			}
		}
		if d := cmp.Diff(tt.want, got); d != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", name, err, d)
		}
	}
}
