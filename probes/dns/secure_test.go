package dns_test

import (
	"crypto"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// signer is a zone's key.
type signer struct {
	key     *dns.DNSKEY
	private crypto.PrivateKey
}

// newSigner has a key whose tag is none of the others'.
func newSigner(t *testing.T, others ...signer) signer {
	t.Helper()
	key, private := newKey(t)
	for slices.ContainsFunc(others, func(s signer) bool { return s.key.KeyTag() == key.KeyTag() }) {
		key, private = newKey(t)
	}
	return signer{key, private}
}

// signs a set of records, until some days from now.
func (s signer) signs(t *testing.T, days int, set ...dns.RR) *dns.RRSIG {
	t.Helper()
	now := time.Now()
	sig := &dns.RRSIG{
		Algorithm: dns.ED25519, SignerName: "test.", KeyTag: s.key.KeyTag(), Hdr: dns.RR_Header{Ttl: 1},
		Inception:  uint32(now.Add(-99 * 24 * time.Hour).Unix()),
		Expiration: uint32(now.Add(time.Duration(days)*24*time.Hour + time.Hour).Unix()),
	}
	if err := sig.Sign(s.private.(crypto.Signer), set); err != nil {
		t.Fatal(err)
	}
	return sig
}

func record(t *testing.T, text string) dns.RR {
	t.Helper()
	rr, err := dns.NewRR(text)
	if err != nil {
		t.Fatal(err)
	}
	return rr
}

// Each set of records of an answer has to be signed, and by one signature that is good.
func TestEachSetOfAnAnswerIsSigned(t *testing.T) {
	one := newSigner(t)
	two := newSigner(t, one)
	strange := newSigner(t, one, two) // whose key nobody knows
	alias, www := record(t, "alias.test. 1 IN CNAME www.test."), record(t, "www.test. 1 IN A 10.0.0.1")
	forged := record(t, "www.test. 1 IN A 10.0.0.2")
	whole := record(t, "old.test. 1 IN DNAME test.")
	soa := record(t, "test. 1 IN SOA ns.test. h.test. 1 2 3 4 5")
	foreign := one.signs(t, 3, www)
	foreign.SignerName = "sub.test."
	var many []dns.RR
	for i := range 9 {
		many = append(many, record(t, fmt.Sprintf("a%d.test. 1 IN A 10.0.0.1", i)))
		many = append(many, one.signs(t, 3, many[len(many)-1]))
	}
	for name, tt := range map[string]struct {
		answer, ns []dns.RR
		want, days string
		fails      bool
	}{
		"all are": {
			[]dns.RR{alias, one.signs(t, 3, alias), www, two.signs(t, 5, www)},
			nil,
			"valid", "3", false,
		},
		"the address is not":   {[]dns.RR{alias, one.signs(t, 3, alias), www}, nil, "unsigned", "3", false},
		"only another name is": {[]dns.RR{www, soa, one.signs(t, 3, soa)}, nil, "unsigned", "3", false},
		"the next key's, too":  {[]dns.RR{www, strange.signs(t, 9, www), one.signs(t, 3, www)}, nil, "valid", "3", false},
		"an old one, too":      {[]dns.RR{www, one.signs(t, -2, www), two.signs(t, 4, www)}, nil, "valid", "4", false},
		"two that are good":    {[]dns.RR{www, one.signs(t, 2, www), two.signs(t, 4, www)}, nil, "valid", "4", false},
		"old, and nobody's": {
			[]dns.RR{www, one.signs(t, -2, www), strange.signs(t, 3, www)},
			nil,
			"expired", "-2", false,
		},
		"none is good": {
			[]dns.RR{forged, one.signs(t, 3, www), strange.signs(t, 4, www)},
			nil,
			"invalid", "3", false,
		},
		"of a zone elsewhere": {[]dns.RR{www, foreign}, nil, "invalid", "3", false},
		"an alias that follows": {[]dns.RR{
			whole, one.signs(t, 3, whole), record(t, "www.old.test. 1 IN CNAME www.test."), www, one.signs(t, 3, www),
		}, nil, "valid", "3", false},
		"an alias that does not": {[]dns.RR{
			whole, one.signs(t, 3, whole), record(t, "www.old.test. 1 IN CNAME bad.test."), www, one.signs(t, 3, www),
		}, nil, "unsigned", "3", false},
		"nothing there": {nil, []dns.RR{soa, one.signs(t, 3, soa)}, "valid", "3", false},
		"beside servers": {
			nil,
			[]dns.RR{soa, one.signs(t, 3, soa), record(t, "x. 1 IN NS a.")},
			"valid", "3", false,
		},
		"more than anybody reads":    {many, nil, "", "", true},
		"a set that is one too many": {append(slices.Clone(many[:16]), alias), nil, "", "", true},
	} {
		target := inMemory(func(w dns.ResponseWriter, query *dns.Msg) {
			reply := new(dns.Msg).SetReply(query).SetEdns0(4000, true)
			if reply.Answer, reply.Ns = tt.answer, tt.ns; query.Question[0].Qtype == dns.TypeDNSKEY {
				reply.Answer, reply.Ns = []dns.RR{one.key, two.key}, nil
			}
			_ = w.WriteMsg(reply)
		})
		readings, err := observe(t, target, map[string]any{"name": []string{"alias.test"}, "dnssec": true})
		var word, days string
		for _, r := range readings {
			switch r.Key.Name {
			case "dnssec":
				word = r.Value.String()
			case "dnssec_days":
				days = r.Value.String()
			}
		}
		if word != tt.want || days != tt.days || (err != nil) != tt.fails {
			t.Errorf("%s: got %q for %s days and %v, want %q for %s", name, word, days, err, tt.want, tt.days)
		}
	}
}
