package dns

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// FuzzAnswers renders whatever comes in a packet.
func FuzzAnswers(f *testing.F) {
	for _, record := range []string{
		"www.test. 1 IN A 10.0.0.1", "test. 1 IN SOA a. b. 1 2 3 4 5", `test. 1 IN TXT "a" "b"`, "test. 1 IN MX 0 .",
		"_x._tcp.test. 1 IN SRV 0 1 2 a.test.", "test. 1 IN TYPE999 \\# 2 abcd", `test. 1 IN NAPTR 1 1 "U" "a" "b" .`,
		"test. 1 IN RRSIG A 15 1 1 20300101000000 20200101000000 1 test. AAAA", "test. 1 IN DNSKEY 256 3 15 AAAA",
	} {
		rr, err := dns.NewRR(record)
		if err != nil {
			f.Fatal(err)
		}
		packed, err := (&dns.Msg{Answer: []dns.RR{rr}}).Pack()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(packed)
	}
	f.Fuzz(func(t *testing.T, packet []byte) {
		msg := new(dns.Msg)
		if msg.Unpack(packet) != nil {
			return
		}
		got := answers(msg.Answer, dns.TypeA).Elems()
		if len(got) > len(msg.Answer) {
			t.Errorf("%d answers of %d records", len(got), len(msg.Answer))
		}
		for _, text := range got {
			if strings.ContainsAny(text, "\r\n") {
				t.Errorf("a line break in %q", text)
			}
		}
		for i, j := 0, len(msg.Answer)-1; i < j; i, j = i+1, j-1 {
			msg.Answer[i], msg.Answer[j] = msg.Answer[j], msg.Answer[i]
		}
		if again := answers(msg.Answer, dns.TypeA).Elems(); strings.Join(again, "|") != strings.Join(got, "|") {
			t.Errorf("%q in another order is %q", got, again)
		}
		shortest(msg.Answer)
		absence(question{}, answer{msg: msg})
		for _, one := range setsOf(msg) {
			keys := map[string][]*dns.DNSKEY{}
			for _, sig := range one.sigs {
				signer := dns.CanonicalName(sig.SignerName)
				keys[signer] = keysOf(msg.Ns, signer)
			}
			if word, _ := one.assess(keys, time.Unix(1800000000, 0)); !slices.Contains(worstFirst(), word) {
				t.Errorf("%v is worth %q", one, word)
			}
		}
		var versions []version
		for _, rr := range msg.Answer {
			if soa, is := rr.(*dns.SOA); is {
				versions = append(versions, version{soa: soa})
			}
		}
		for _, far := range lags(versions) {
			if far < -1 {
				t.Errorf("%d versions behind in %v", far, msg)
			}
		}
		_ = fits(msg, msg.Copy().SetQuestion("a.", dns.TypeA))
	})
}
