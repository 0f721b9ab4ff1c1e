package nameserver_test

import (
	"slices"
	"testing"
	"time"

	"github.com/miekg/dns"

	"postpatch/probes/lab/estate"
	"postpatch/probes/lab/nameserver"
)

// reply is the answer to a question, as a client reads it.
func reply(t *testing.T, h estate.Host, query *dns.Msg) *dns.Msg {
	t.Helper()
	packed, err := query.Pack()
	if err != nil {
		t.Fatal(err)
	}
	all := nameserver.Answers(h, packed)
	msg := new(dns.Msg)
	if len(all) != 1 || msg.Unpack(all[0]) != nil {
		t.Fatalf("%d datagrams", len(all))
	}
	return msg
}

func TestWhatOthersKnow(t *testing.T) {
	h := corp()
	ask := func(name string, desired bool) *dns.Msg {
		query := new(dns.Msg).SetQuestion(name, dns.TypeA)
		query.RecursionDesired = desired
		return reply(t, h, query)
	}
	if got := ask("www.beyond.test.", true); got.Rcode != dns.RcodeRefused || got.RecursionAvailable {
		t.Errorf("who asks nobody: %v", got)
	}
	h.DNS.Beyond = []string{"www.beyond.test. 60 IN CNAME a.beyond.test.", "a.beyond.test. 60 IN A 10.7.0.1"}
	for name, want := range map[string]struct{ rcode, dead, answers int }{
		"www.beyond.test.":  {dns.RcodeSuccess, dns.RcodeSuccess, 2},
		"beyond.test.":      {dns.RcodeSuccess, dns.RcodeServerFailure, 0},
		"nope.beyond.test.": {dns.RcodeNameError, dns.RcodeServerFailure, 0},
		"dc01.corp.test.":   {dns.RcodeSuccess, dns.RcodeSuccess, 1},
	} {
		h.DNS.Forwarders = ""
		got := ask(name, true)
		if got.Rcode != want.rcode || len(got.Answer) != want.answers || !got.RecursionAvailable {
			t.Errorf("%s: got %v", name, got)
		}
		h.DNS.Forwarders = "dead"
		if got := ask(name, true); got.Rcode != want.dead {
			t.Errorf("%s, and the forwarders are dead: got %v", name, got)
		}
	}
	if got := ask("www.beyond.test.", false); got.Rcode != dns.RcodeRefused {
		t.Errorf("without being asked to: %v", got)
	}
}

func TestSignatures(t *testing.T) {
	h := corp()
	ask := func(name string, kind uint16, do bool) *dns.Msg {
		return reply(t, h, new(dns.Msg).SetQuestion(name, kind).SetEdns0(1232, do))
	}
	of := func(section []dns.RR) (sigs []*dns.RRSIG) {
		for _, rr := range section {
			if sig, is := rr.(*dns.RRSIG); is {
				sigs = append(sigs, sig)
			}
		}
		return sigs
	}
	if got := ask("dc01.corp.test.", dns.TypeA, true); len(of(got.Answer)) > 0 {
		t.Errorf("of a zone that is not signed: %v", got)
	}
	for _, signed := range []string{"valid", "expired"} {
		h.DNS.Signed = signed
		key := ask("corp.test.", dns.TypeDNSKEY, false).Answer[0].(*dns.DNSKEY)
		got := ask("mail.corp.test.", dns.TypeA, true)
		sigs := of(got.Answer)
		if len(sigs) != 2 {
			t.Fatalf("an alias and its address: %v", got)
		}
		for _, sig := range sigs {
			set := slices.DeleteFunc(slices.Clone(got.Answer), func(rr dns.RR) bool {
				return rr.Header().Rrtype != sig.TypeCovered
			})
			if err := sig.Verify(key, set); err != nil || sig.ValidityPeriod(time.Now()) != (signed == "valid") {
				t.Errorf("%s: %v, %v", signed, sig, err)
			}
		}
		if got := ask("nope.corp.test.", dns.TypeA, true); len(of(got.Ns)) != 1 {
			t.Errorf("of the SOA that says no: %v", got)
		}
		if got := ask("dc01.corp.test.", dns.TypeA, false); len(of(got.Answer)) > 0 {
			t.Errorf("nobody asked for them: %v", got)
		}
	}
}

func TestAServerWithoutEDNS(t *testing.T) {
	h := corp()
	h.DNS.NoEDNS = true
	query := new(dns.Msg).SetQuestion("dc01.corp.test.", dns.TypeA)
	if got := reply(t, h, query.Copy().SetEdns0(1232, false)); got.Rcode != dns.RcodeFormatError || got.IsEdns0() != nil {
		t.Errorf("got %v", got)
	}
	if got := reply(t, h, query); got.Rcode != dns.RcodeSuccess {
		t.Errorf("got %v", got)
	}
}
