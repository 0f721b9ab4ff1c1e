package dns_test

import (
	"context"
	"crypto"
	"errors"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"

	"postpatch/probes"
	probe "postpatch/probes/dns"
	"postpatch/probes/fact"
	"postpatch/probes/lab/estate"
	"postpatch/probes/lab/nameserver"
	"postpatch/probes/probetest"
)

// estateOf are servers of the lab by name, of which the first is under test. What is not
// among them has no address.
func estateOf(t *testing.T, names []string, servers ...estate.DNS) probes.Target {
	t.Helper()
	listen := map[string]map[string]string{}
	for i, name := range names {
		var config net.ListenConfig
		ln, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		pc, err := config.ListenPacket(t.Context(), "udp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		h := estate.Host{Name: name, DNS: &servers[i]}
		s := nameserver.New(func() estate.Host { return h }, nil)
		ended := make(chan error, 2)
		go func() { ended <- s.Serve(ln) }()
		go func() { ended <- s.ServePacket(pc) }()
		t.Cleanup(func() {
			_ = s.Close()
			for range 2 {
				if err := <-ended; err != nil {
					t.Errorf("serving: %v", err)
				}
			}
		})
		listen[name] = map[string]string{"tcp": ln.Addr().String(), "udp": pc.LocalAddr().String()}
	}
	target := probetest.Target("")
	target.Host, target.Address = names[0], names[0]
	target.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		name, _, err := net.SplitHostPort(address)
		if err != nil || listen[name] == nil {
			return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
		}
		return new(net.Dialer).DialContext(ctx, network, listen[name][network])
	}
	return target
}

// corp are the records of a domain with one controller, without those that the words are in.
func corp(without ...string) []string {
	var kept []string
	for _, record := range []string{
		"corp.test. 3600 IN SOA dc01.corp.test. hostmaster.corp.test. 41 900 600 86400 3600",
		"corp.test. 3600 IN NS dc01.corp.test.", "corp.test. 600 IN A 10.0.0.1", "dc01.corp.test. 600 IN A 10.0.0.1",
		"_ldap._tcp.corp.test. 600 IN SRV 0 100 389 dc01.corp.test.",
		"_ldap._tcp.dc._msdcs.corp.test. 600 IN SRV 0 100 389 dc01.corp.test.",
		"_ldap._tcp.pdc._msdcs.corp.test. 600 IN SRV 0 100 389 dc01.corp.test.",
		"_kerberos._tcp.corp.test. 600 IN SRV 0 100 88 dc01.corp.test.",
		"_kerberos._udp.corp.test. 600 IN SRV 0 100 88 dc01.corp.test.",
		"_kerberos._tcp.dc._msdcs.corp.test. 600 IN SRV 0 100 88 dc01.corp.test.",
		"_kpasswd._tcp.corp.test. 600 IN SRV 0 100 464 dc01.corp.test.",
		"_kpasswd._udp.corp.test. 600 IN SRV 0 100 464 dc01.corp.test.",
		"_gc._tcp.corp.test. 600 IN SRV 0 100 3268 dc01.corp.test.",
		"_ldap._tcp.gc._msdcs.corp.test. 600 IN SRV 0 100 3268 dc01.corp.test.",
	} {
		if !slices.ContainsFunc(without, func(word string) bool { return strings.Contains(record, word) }) {
			kept = append(kept, record)
		}
	}
	return kept
}

// found observes and returns the readings of the names, as texts.
func found(t *testing.T, target probes.Target, args map[string]any, names ...string) []string {
	t.Helper()
	readings, err := observe(t, target, args)
	if err != nil {
		t.Error(err)
	}
	return probetest.Texts(slices.DeleteFunc(readings, func(r fact.Reading) bool {
		return !slices.Contains(names, r.Key.Name)
	}))
}

func TestAllWaysAreAWholeKind(t *testing.T) {
	probetest.Run(t, probetest.Suite{
		Kind: probe.Kind,
		Args: map[string]any{
			"domain": []string{"corp.test"}, "zone": []string{"corp.test"}, "beyond": []string{"www.example.test"},
			"absent": []string{"nope.corp.test"}, "name": []string{"dc01.corp.test"}, "dnssec": true,
		},
		Healthy: func(t *testing.T) probes.Target {
			return estateOf(t, []string{"dc01.corp.test"}, estate.DNS{
				Records: corp(), Signed: "valid", Beyond: []string{"www.example.test. 60 IN A 10.8.0.1"},
			})
		},
	})
}

func TestADomain(t *testing.T) {
	args := map[string]any{"domain": []string{"Corp.Test"}}
	healthy := found(t, estateOf(t, []string{"dc01.corp.test"}, estate.DNS{Records: corp()}), args, "rcode", "unresolved")
	want := []string{
		"corp.test A rcode=NOERROR", "_ldap._tcp.corp.test SRV rcode=NOERROR",
		"_ldap._tcp.dc._msdcs.corp.test SRV rcode=NOERROR", "_ldap._tcp.pdc._msdcs.corp.test SRV rcode=NOERROR",
		"_kerberos._tcp.corp.test SRV rcode=NOERROR", "_kerberos._udp.corp.test SRV rcode=NOERROR",
		"_kerberos._tcp.dc._msdcs.corp.test SRV rcode=NOERROR", "_kpasswd._tcp.corp.test SRV rcode=NOERROR",
		"_kpasswd._udp.corp.test SRV rcode=NOERROR", "_gc._tcp.corp.test SRV rcode=NOERROR",
		"_ldap._tcp.gc._msdcs.corp.test SRV rcode=NOERROR", "corp.test SRV targets unresolved=",
	}
	if d := cmp.Diff(want, healthy); d != "" {
		t.Errorf("healthy (-want +got):\n%s", d)
	}
	for name, tt := range map[string]struct{ without, want string }{
		"a record is gone":  {"_kpasswd._udp", "_kpasswd._udp.corp.test SRV rcode=NXDOMAIN"},
		"without addresses": {"dc01.corp.test. 600 IN A", "corp.test SRV targets unresolved=dc01.corp.test"},
	} {
		sick := found(t, estateOf(t, []string{"dc01.corp.test"}, estate.DNS{Records: corp(tt.without)}), args,
			"rcode", "unresolved")
		if !slices.Contains(sick, tt.want) {
			t.Errorf("%s: no %q in %q", name, tt.want, sick)
		}
	}
}

func TestASiteAForestAndAnAgent(t *testing.T) {
	const guid = "0C1D2E3F-0000-4000-8000-00000000ABCD"
	got := found(t, estateOf(t, []string{"dc01.corp.test"}, estate.DNS{Records: corp()}), map[string]any{
		"domain": []string{"child.corp.test"}, "forest": "corp.test", "site": []string{"Main Office"},
		"dsa": []string{"{" + guid + "}"},
	}, "count")
	for _, want := range []string{
		"_gc._tcp.corp.test SRV count=1", `_kerberos._tcp.main\ office._sites.dc._msdcs.child.corp.test SRV count=0`,
		`_ldap._tcp.main\ office._sites.gc._msdcs.corp.test SRV count=0`,
		strings.ToLower(guid) + "._msdcs.corp.test CNAME count=0",
	} {
		if !slices.Contains(got, want) {
			t.Errorf("no %q in %q", want, got)
		}
	}
}

func TestAZoneAtAllItsServers(t *testing.T) {
	const two = "corp.test. 3600 IN NS dc02.corp.test."
	soa := func(primary, serial string) []string {
		return append(corp("SOA"), two, "corp.test. 3600 IN SOA "+primary+". h.corp.test. "+serial+" 900 600 86400 60")
	}
	names := []string{"dc01.corp.test", "dc02.corp.test"}
	args := map[string]any{"zone": []string{"corp.test"}}
	for name, tt := range map[string]struct {
		first, second estate.DNS
		want          []string
	}{
		"a copy that is old": {
			estate.DNS{Records: soa(names[0], "44")},
			estate.DNS{Records: soa(names[0], "41")},
			[]string{
				"dc01.corp.test serial=44", "dc01.corp.test behind=0", "dc02.corp.test serial=41", "dc02.corp.test behind=3",
			},
		},
		"a serial that has gone round": {
			estate.DNS{Records: soa(names[0], "1")},
			estate.DNS{Records: soa(names[0], "4294967295")},
			[]string{
				"dc01.corp.test serial=1", "dc01.corp.test behind=0",
				"dc02.corp.test serial=4294967295", "dc02.corp.test behind=2",
			},
		},
		"in a directory each counts for itself": {
			estate.DNS{Records: soa(names[0], "97")},
			estate.DNS{Records: soa(names[1], "41")},
			[]string{"dc01.corp.test serial=97", "dc02.corp.test serial=41"},
		},
		"one has lost it": {
			estate.DNS{Records: soa(names[0], "44")},
			estate.DNS{Records: soa(names[0], "44"), Fault: estate.Error},
			[]string{"dc01.corp.test serial=44", "dc01.corp.test behind=0"},
		},
	} {
		got := found(t, estateOf(t, names, tt.first, tt.second), args, "serial", "behind")
		for i := range tt.want {
			tt.want[i] = "corp.test SOA " + tt.want[i]
		}
		if d := cmp.Diff(tt.want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
	alone := estateOf(t, names[:1], estate.DNS{Records: soa(names[0], "1")})
	gone := found(t, alone, args, "state")
	if want := "corp.test SOA dc02.corp.test state=no address"; !slices.Contains(gone, want) {
		t.Errorf("no %q in %q", want, gone)
	}
}

func TestBeyondAndAbsent(t *testing.T) {
	known := []string{"www.example.test. 60 IN A 10.8.0.1"}
	for name, tt := range map[string]struct {
		server estate.DNS
		want   []string
	}{
		"well": {estate.DNS{Records: corp(), Beyond: known}, []string{
			"www.example.test A beyond rcode=NOERROR", "www.example.test A beyond recursion=true",
			"www.example.test A beyond forwards=true", "nope.corp.test A absent absence=name error", "corp.test A absent absence=exists",
		}},
		"only what it has kept": {estate.DNS{Records: corp(), Beyond: known, Forwarders: "dead"}, []string{
			"www.example.test A beyond rcode=NOERROR", "www.example.test A beyond recursion=true",
			"www.example.test A beyond forwards=false", "nope.corp.test A absent absence=name error", "corp.test A absent absence=exists",
		}},
		"no recursion": {estate.DNS{Records: corp()}, []string{
			"www.example.test A beyond rcode=REFUSED", "www.example.test A beyond recursion=false",
			"www.example.test A beyond forwards=false", "nope.corp.test A absent absence=name error", "corp.test A absent absence=exists",
		}},
	} {
		got := found(t, estateOf(t, []string{"dc01.corp.test"}, tt.server), map[string]any{
			"beyond": []string{"www.example.test"}, "absent": []string{"nope.corp.test", "corp.test"},
		}, "rcode", "recursion", "forwards", "absence")
		if d := cmp.Diff(tt.want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}

// A server whose forwarders are silent is silent, too, of what they would know; of itself it
// is not.
func TestSilentForwarders(t *testing.T) {
	for name, tt := range map[string]struct {
		answers func(query *dns.Msg) bool
		want    []string
		silent  bool
	}{
		"all is silent": {func(*dns.Msg) bool { return false }, nil, true},
		"of others": {func(query *dns.Msg) bool { return query.Question[0].Name == "." }, []string{
			"www.example.test A beyond state=no answer", "www.example.test A beyond forwards=false",
			"www.example.test A beyond cause=the server answers of itself, and waits in vain for those whom it asks",
		}, false},
		"of what it has not kept": {func(query *dns.Msg) bool { return query.Question[0].Name == "www.example.test." }, []string{
			"www.example.test A beyond state=answered", "www.example.test A beyond forwards=false",
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				target := inMemory(func(w dns.ResponseWriter, query *dns.Msg) {
					if tt.answers(query) {
						_ = w.WriteMsg(new(dns.Msg).SetReply(query))
					}
				})
				readings, err := observe(t, target, map[string]any{"beyond": []string{"www.example.test"}})
				if errors.Is(err, probes.ErrNoAnswer) != tt.silent || err != nil && !tt.silent {
					t.Errorf("got %v", err)
				}
				got := probetest.Texts(readings, "rcode", "count", "recursion", "transport", "latency", "edns")
				if d := cmp.Diff(tt.want, got); d != "" {
					t.Errorf("(-want +got):\n%s", d)
				}
			})
		})
	}
}

func TestSignatures(t *testing.T) {
	args := map[string]any{"name": []string{"dc01.corp.test", "nope.corp.test"}, "dnssec": true}
	for signed, word := range map[string]string{"": "unsigned", "valid": "valid", "expired": "expired"} {
		got := found(t, estateOf(t, []string{"dc01.corp.test"}, estate.DNS{Records: corp(), Signed: signed}), args, "dnssec")
		if d := cmp.Diff([]string{"dc01.corp.test A dnssec=" + word, "nope.corp.test A dnssec=" + word}, got); d != "" {
			t.Errorf("%q (-want +got):\n%s", signed, d)
		}
	}
}

// forged answers with an address that a key has signed, and with keys.
func forged(
	t *testing.T, signer *dns.DNSKEY, private crypto.PrivateKey, address string, keys ...dns.RR,
) dns.HandlerFunc {
	t.Helper()
	rr := func(text string) dns.RR {
		parsed, err := dns.NewRR(text)
		if err != nil {
			t.Fatal(err)
		}
		return parsed
	}
	now := time.Now()
	sig := &dns.RRSIG{
		Algorithm: dns.ED25519, SignerName: "test.", KeyTag: signer.KeyTag(), Hdr: dns.RR_Header{Ttl: 1},
		Inception:  uint32(now.Add(-time.Hour).Unix()),
		Expiration: uint32(now.Add(3*24*time.Hour + time.Hour).Unix()),
	}
	if err := sig.Sign(private.(crypto.Signer), []dns.RR{rr("www.test. 1 IN A 10.0.0.1")}); err != nil {
		t.Fatal(err)
	}
	return func(w dns.ResponseWriter, query *dns.Msg) {
		reply := new(dns.Msg).SetReply(query).SetEdns0(4000, true)
		if reply.Answer = keys; query.Question[0].Qtype != dns.TypeDNSKEY {
			reply.Answer = []dns.RR{rr("www.test. 1 IN A " + address), sig}
		}
		reply.AuthenticatedData = query.AuthenticatedData
		_ = w.WriteMsg(reply)
	}
}

func newKey(t *testing.T) (*dns.DNSKEY, crypto.PrivateKey) {
	t.Helper()
	key := &dns.DNSKEY{
		Hdr:   dns.RR_Header{Name: "test.", Rrtype: dns.TypeDNSKEY, Class: dns.ClassINET, Ttl: 1},
		Flags: 256, Protocol: 3, Algorithm: dns.ED25519,
	}
	private, err := key.Generate(256)
	if err != nil {
		t.Fatal(err)
	}
	return key, private
}

func TestForgedAnswers(t *testing.T) {
	key, private := newKey(t)
	other, _ := newKey(t)
	for other.KeyTag() == key.KeyTag() {
		other, _ = newKey(t)
	}
	args := map[string]any{"name": []string{"www.test"}, "dnssec": true}
	for name, tt := range map[string]struct {
		address string
		keys    []dns.RR
		want    string
	}{
		"as it was signed": {"10.0.0.1", []dns.RR{other, key}, "valid"},
		"changed since":    {"10.0.0.2", []dns.RR{key}, "invalid"},
		"by another key":   {"10.0.0.1", []dns.RR{other}, "no key"},
		"without any key":  {"10.0.0.1", nil, "no key"},
	} {
		target := inMemory(forged(t, key, private, tt.address, tt.keys...))
		got := found(t, target, args, "dnssec", "dnssec_days", "validated")
		want := []string{"www.test A dnssec=" + tt.want, "www.test A dnssec_days=3", "www.test A validated=true"}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}

// A server that does not trust what seems to be well signed says so by SERVFAIL, and tells
// more to whoever wants it unchecked.
func TestBogusAnswers(t *testing.T) {
	key, private := newKey(t)
	honest := forged(t, key, private, "10.0.0.1", key)
	for name, tt := range map[string]struct {
		unchecked bool
		want      []string
	}{
		"untrusted": {true, []string{"www.test A rcode=SERVFAIL", "www.test A dnssec=bogus", "www.test A validated=false"}},
		"broken":    {false, []string{"www.test A rcode=SERVFAIL"}},
	} {
		target := inMemory(func(w dns.ResponseWriter, query *dns.Msg) {
			if tt.unchecked && query.CheckingDisabled {
				honest(w, query)
				return
			}
			_ = w.WriteMsg(new(dns.Msg).SetRcode(query, dns.RcodeServerFailure))
		})
		got := found(t, target, map[string]any{"name": []string{"www.test"}, "dnssec": true}, "rcode", "dnssec", "validated")
		if d := cmp.Diff(tt.want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}

func TestOldServersHaveNoEDNS(t *testing.T) {
	target := estateOf(t, []string{"dc01.corp.test"}, estate.DNS{Records: corp(), NoEDNS: true})
	got := found(t, target, map[string]any{"name": []string{"dc01.corp.test"}}, "edns", "answers")
	if d := cmp.Diff([]string{"dc01.corp.test A answers=10.0.0.1", "dc01.corp.test A edns=false"}, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestWhatAnAuthorMayNotAsk(t *testing.T) {
	probetest.Refuses(t, probe.Kind, map[string]map[string]any{
		"nothing":               {},
		"a site of no domain":   {"site": []string{"hq"}, "name": []string{"a"}},
		"a forest of no domain": {"forest": "a", "name": []string{"a"}},
		"an agent of none":      {"dsa": []string{"a"}, "name": []string{"a"}},
		"no GUID":               {"domain": []string{"a"}, "dsa": []string{"a"}},
		"a site of two labels":  {"domain": []string{"a"}, "site": []string{"h.q"}},
		"no domain":             {"domain": []string{""}},
		"no zone":               {"zone": []string{"a b"}},
		"a zone from the host":  {"zone": []string{"a"}, "from": "host"},
		"a zone from both":      {"zone": []string{"a"}, "from": "both"},
		"signatures from there": {"name": []string{"a"}, "dnssec": true, "from": "host"},
		"beyond from there":     {"beyond": []string{"a"}, "from": "host"},
		"from elsewhere":        {"name": []string{"a"}, "from": "moon"},
		"its servers from both": {"name": []string{"a"}, "server": "dns_servers", "from": "both"},
	})
}

// Where the host tells its own view, too, silence is what the runner saw.
func TestTheRunnersViewOfTwo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, err := probe.Kind.Build(map[string]any{"name": []string{"www.test", "ftp.test"}, "from": "both"})
		if err != nil {
			t.Fatal(err)
		}
		target := inMemory(func(w dns.ResponseWriter, query *dns.Msg) {
			if query.Question[0].Name == "ftp.test." {
				_ = w.WriteMsg(new(dns.Msg).SetReply(query))
			}
		})
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		readings, err := p.(probes.Pair).Outside().Observe(ctx, target)
		got := slices.DeleteFunc(probetest.Texts(readings), func(text string) bool {
			return !strings.Contains(text, "state")
		})
		if d := cmp.Diff([]string{"www.test A state=no answer", "ftp.test A state=answered"}, got); d != "" || err != nil {
			t.Errorf("%v (-want +got):\n%s", err, d)
		}
		question := p.(probes.Asker).Questions()[0].String()
		if !strings.Contains(question, "loopback") || ctx.Err() != nil {
			t.Errorf("asked %s, and there is %v", question, ctx.Err())
		}
		if aims := p.(probes.Aimer).Aims(); !slices.Equal(aims, []string{""}) {
			t.Errorf("aims %q", aims)
		}
	})
}

// What a check cannot report nobody need expect of it.
func TestWhatACheckReports(t *testing.T) {
	for name, tt := range map[string]struct {
		args     map[string]any
		does, no []string
	}{
		"a name":   {ask("a", "A"), []string{"answers", "rcode"}, []string{"views", "forwards", "dnssec", "absence", "behind"}},
		"a zone":   {map[string]any{"zone": []string{"a"}}, []string{"behind", "answers"}, []string{"unresolved"}},
		"a domain": {map[string]any{"domain": []string{"a"}}, []string{"unresolved"}, []string{"serial"}},
		"beyond":   {map[string]any{"beyond": []string{"a"}}, []string{"forwards", "rcode"}, []string{"answers"}},
		"a domain from the host": {
			map[string]any{"domain": []string{"a"}, "from": "host"}, []string{"answers"}, []string{"unresolved", "views"},
		},
		"both": {
			map[string]any{"absent": []string{"a"}, "from": "both"}, []string{"views", "cause", "absence"}, []string{"answers"},
		},
	} {
		p, err := probe.Kind.Build(tt.args)
		if err != nil {
			t.Fatal(err)
		}
		for _, reading := range append(tt.does, tt.no...) {
			if got := p.(probes.Chooser).Reports(reading); got != slices.Contains(tt.does, reading) {
				t.Errorf("%s reports %s: %t", name, reading, got)
			}
		}
	}
}
