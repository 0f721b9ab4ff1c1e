package dns_test

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"

	"postpatch/probes"
	probe "postpatch/probes/dns"
	"postpatch/probes/fact"
	"postpatch/probes/probetest"
)

// server answers queries by UDP and TCP. They have ports of their own: one that is free
// for one of them need not be for the other.
func server(t *testing.T, handler dns.HandlerFunc) probes.Target {
	t.Helper()
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	packets, err := config.ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving, starting sync.WaitGroup
	t.Cleanup(serving.Wait) // last of all
	for _, s := range []*dns.Server{{Listener: listener}, {PacketConn: packets}} {
		starting.Add(1)
		s.Handler, s.NotifyStartedFunc = handler, starting.Done
		serving.Go(func() { _ = s.ActivateAndServe() })
		t.Cleanup(func() { _ = s.Shutdown() })
	}
	starting.Wait()
	target := probetest.Target(listener.Addr().String())
	tcp, udp := target.Dial, probetest.Target(packets.LocalAddr().String()).Dial
	target.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		if network == "udp" {
			return udp(ctx, network, address)
		}
		return tcp(ctx, network, address)
	}
	return target
}

// zone answers with records in zone file form, by owner and type.
func zone(t *testing.T, records ...string) dns.HandlerFunc {
	t.Helper()
	var parsed []dns.RR
	for _, record := range records {
		rr, err := dns.NewRR(record)
		if err != nil {
			t.Fatal(err)
		}
		parsed = append(parsed, rr)
	}
	return func(w dns.ResponseWriter, query *dns.Msg) {
		reply := new(dns.Msg).SetReply(query)
		reply.Authoritative, reply.Rcode = true, dns.RcodeNameError
		for _, rr := range parsed {
			if !strings.EqualFold(rr.Header().Name, query.Question[0].Name) {
				continue
			}
			reply.Rcode = dns.RcodeSuccess
			always := []uint16{query.Question[0].Qtype, dns.TypeCNAME, dns.TypeRRSIG}
			if slices.Contains(always, rr.Header().Rrtype) {
				reply.Answer = append(reply.Answer, rr)
			}
		}
		_ = w.WriteMsg(reply)
	}
}

func observe(t *testing.T, target probes.Target, args map[string]any) ([]fact.Reading, error) {
	t.Helper()
	p, err := probe.Kind.Build(args)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 9*time.Second)
	defer cancel()
	return p.Observe(ctx, target)
}

func ask(name, kind string) map[string]any {
	return map[string]any{"name": []string{name}, "type": []string{kind}}
}

func TestKind(t *testing.T) {
	probetest.Run(t, probetest.Suite{
		Kind: probe.Kind,
		Args: map[string]any{"name": []string{"www.example.test", "example.test"}, "type": []string{"A", "MX"}},
		Healthy: func(t *testing.T) probes.Target {
			return server(t, zone(t, "www.example.test. 300 IN A 10.0.0.1", "example.test. 300 IN MX 10 mx.example.test."))
		},
	})
}

func TestAnswers(t *testing.T) {
	target := server(t, zone(t,
		"Www.Example.Test. 300 IN A 10.0.0.2", "www.example.test. 60 IN A 10.0.0.1",
		"www.example.test. 300 IN RRSIG A 8 3 300 20300101000000 20200101000000 1 example.test. AAAA",
		"alias.test. 300 IN CNAME WWW.Example.Test.",
		"example.test. 300 IN MX 10 MX1.Example.Test.", "example.test. 300 IN MX 0 .",
		"example.test. 300 IN NS Dc01.example.test.",
		"example.test. 3600 IN SOA dc01.example.test. Admin.example.test. 4711 900 600 86400 3600",
		`example.test. 300 IN TXT "v=spf1 Include:A" "b -all"`, `example.test. 300 IN CAA 0 issue "CA.Test"`,
		"_ldap._tcp.example.test. 600 IN SRV 0 100 389 DC01.example.test.",
		"5.0.0.10.in-addr.arpa. 300 IN PTR Srv.example.test.",
		"xn--mller-kva.test. 300 IN AAAA 2001:DB8::1",
	))
	for name, tt := range map[string]struct {
		name, kind string
		want       []string
	}{
		"addresses in one order": {"www.example.test", "A", []string{"10.0.0.1", "10.0.0.2"}},
		"an alias":               {"alias.test", "a", []string{"CNAME www.example.test"}},
		"an alias itself":        {"alias.test.", "CNAME", []string{"www.example.test"}},
		"mail servers":           {"example.test", "MX", []string{"0 .", "10 mx1.example.test"}},
		"name servers":           {"EXAMPLE.test", "NS", []string{"dc01.example.test"}},
		"a zone, no serial": {
			"example.test", "SOA", []string{"dc01.example.test admin.example.test 900 600 86400 3600"},
		},
		"a text as its owner has": {"example.test", "TXT", []string{"v=spf1 Include:Ab -all"}},
		"an unusual type":         {"example.test", "CAA", []string{`0 issue "CA.Test"`}},
		"a service":               {"_ldap._tcp.example.test", "SRV", []string{"0 100 389 dc01.example.test"}},
		"an address turned round": {"10.0.0.5", "PTR", []string{"srv.example.test"}},
		"a name beyond ASCII":     {"Müller.test", "AAAA", []string{"2001:db8::1"}},
	} {
		t.Run(name, func(t *testing.T) {
			readings, err := observe(t, target, ask(tt.name, tt.kind))
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range readings {
				if r.Key.Name != "answers" {
					continue
				}
				if d := cmp.Diff(tt.want, r.Value.(fact.Set).Elems()); d != "" {
					t.Errorf("answers (-want +got):\n%s", d)
				}
				if want := tt.name + " " + strings.ToUpper(tt.kind); r.Key.Item != want {
					t.Errorf("item %q, want %q", r.Key.Item, want)
				}
			}
		})
	}
}

func TestReadings(t *testing.T) {
	target := server(t, zone(t, "www.test. 300 IN A 10.0.0.2", "www.test. 60 IN A 10.0.0.1"))
	readings, err := observe(t, target, map[string]any{"name": []string{"www.test", "gone.test", "www.test"}})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"www.test A state=answered", "www.test A rcode=NOERROR", "www.test A answers=10.0.0.1, 10.0.0.2",
		"www.test A count=2", "www.test A authoritative=true", "www.test A transport=udp", "www.test A ttl=1m0s",
		"www.test A edns=false", "gone.test A state=answered", "gone.test A rcode=NXDOMAIN", "gone.test A answers=",
		"gone.test A count=0", "gone.test A authoritative=true", "gone.test A transport=udp", "gone.test A edns=false",
	}
	if d := cmp.Diff(want, probetest.Texts(readings, "latency")); d != "" {
		t.Errorf("readings (-want +got):\n%s", d)
	}
}

// TestServers shows what becomes of a question at servers with ways of their own.
func TestServers(t *testing.T) {
	good := zone(t, "www.test. 300 IN A 10.0.0.1")
	for name, tt := range map[string]struct {
		handler dns.HandlerFunc
		want    []string
	}{
		"too long for UDP": {func(w dns.ResponseWriter, query *dns.Msg) {
			if w.RemoteAddr().Network() == "tcp" {
				good(w, query)
				return
			}
			reply := new(dns.Msg).SetReply(query)
			reply.Truncated = true
			_ = w.WriteMsg(reply)
		}, []string{"rcode=NOERROR", "answers=10.0.0.1", "transport=tcp"}},
		"without the extension": {func(w dns.ResponseWriter, query *dns.Msg) {
			if query.IsEdns0() == nil {
				good(w, query)
				return
			}
			_ = w.WriteMsg(new(dns.Msg).SetRcodeFormatError(query))
		}, []string{"rcode=NOERROR", "answers=10.0.0.1", "transport=udp"}},
		"forgeries come first": {func(w dns.ResponseWriter, query *dns.Msg) {
			forged := new(dns.Msg).SetReply(query)
			forged.Id++
			_ = w.WriteMsg(forged)
			forged.Id--
			forged.Question = []dns.Question{{Name: "other.test.", Qtype: dns.TypeA, Qclass: dns.ClassINET}}
			_ = w.WriteMsg(forged)
			_, _ = w.Write([]byte("nonsense"))
			_ = w.WriteMsg(query)
			good(w, query)
		}, []string{"rcode=NOERROR", "answers=10.0.0.1"}},
		"a server that fails": {func(w dns.ResponseWriter, query *dns.Msg) {
			_ = w.WriteMsg(new(dns.Msg).SetRcode(query, dns.RcodeServerFailure))
		}, []string{"state=answered", "rcode=SERVFAIL"}},
		"an unheard-of code": {func(w dns.ResponseWriter, query *dns.Msg) {
			_ = w.WriteMsg(new(dns.Msg).SetRcode(query, 14))
		}, []string{"rcode=RCODE14"}},
	} {
		t.Run(name, func(t *testing.T) {
			readings, err := observe(t, server(t, tt.handler), ask("www.test", "A"))
			if err != nil {
				t.Fatal(err)
			}
			got := probetest.Texts(readings)
			for _, want := range tt.want {
				if !slices.Contains(got, "www.test A "+want) {
					t.Errorf("no %q in %q", want, got)
				}
			}
		})
	}
}

func TestALostPacketIsSentAgain(t *testing.T) { synctest.Test(t, lostPacket) }

func lostPacket(t *testing.T) {
	var packets atomic.Int32
	good := zone(t, "www.test. 300 IN A 10.0.0.1")
	target := inMemory(func(w dns.ResponseWriter, query *dns.Msg) {
		if packets.Add(1) > 1 {
			good(w, query)
		}
	})
	p, err := probe.Kind.Build(ask("www.test", "A"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	if readings, err := p.Observe(ctx, target); err != nil || len(readings) == 0 {
		t.Errorf("got %v and %v", readings, err)
	}
	if n := packets.Load(); n != 2 {
		t.Errorf("%d packets, want 2", n)
	}
}

func TestNotObserved(t *testing.T) {
	silent := func(dns.ResponseWriter, *dns.Msg) {}
	for name, tt := range map[string]struct {
		handler  dns.HandlerFunc
		noAnswer bool
	}{
		"silence": {silent, true},
		"only forgeries": {func(w dns.ResponseWriter, query *dns.Msg) {
			query.Id++
			_ = w.WriteMsg(query)
		}, false},
		"one name is silent": {func(w dns.ResponseWriter, query *dns.Msg) {
			if query.Question[0].Name == "www.test." {
				_ = w.WriteMsg(new(dns.Msg).SetReply(query))
			}
		}, false},
		"too long, and silent by TCP": {func(w dns.ResponseWriter, query *dns.Msg) {
			reply := new(dns.Msg).SetReply(query)
			reply.Truncated = true
			if w.RemoteAddr().Network() != "tcp" {
				_ = w.WriteMsg(reply)
			}
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				readings, err := observe(t, inMemory(tt.handler), map[string]any{"name": []string{"silent.test", "www.test"}})
				if err == nil || errors.Is(err, probes.ErrNoAnswer) != tt.noAnswer {
					t.Errorf("got %v and %v, want an error with no answer: %t", readings, err, tt.noAnswer)
				}
			})
		})
	}
}

func TestServerParameter(t *testing.T) {
	for server, want := range map[string]string{
		"": "srv.example.test:53", "dc01": "dc01:53", "dc01:5353": "dc01:5353", "10.0.0.1": "10.0.0.1:53",
		"::1": "[::1]:53", "[::1]": "[::1]:53", "[::1]:54": "[::1]:54",
	} {
		args := ask("www.test", "A")
		args["server"] = server
		p, err := probe.Kind.Build(args)
		if err != nil {
			t.Errorf("%q: %v", server, err)
			continue
		}
		target := probetest.Target("")
		var dialled string
		target.Dial = func(_ context.Context, _, address string) (net.Conn, error) {
			dialled = address
			return nil, errors.New("that is all")
		}
		if _, err := p.Observe(t.Context(), target); err == nil || dialled != want {
			t.Errorf("%q: dialled %s (%v), want %s", server, dialled, err, want)
		}
		if got := strings.Join(p.(probes.Aimer).Aims(), "") != ""; got != (server != "") {
			t.Errorf("%q: elsewhere %t", server, got)
		}
	}
}

func TestParameters(t *testing.T) {
	probetest.Refuses(t, probe.Kind, map[string]map[string]any{
		"an empty name":     ask(" ", "A"),
		"a long label":      ask(strings.Repeat("a", 64)+".test", "A"),
		"a name with blank": ask("a b.test", "A"),
		"no such type":      ask("a", "AAA"),
		"a transfer":        ask("a", "AXFR"),
		"any":               ask("a", "ANY"),
		"no types":          {"name": []string{"a"}, "type": []string{}},
		"no port":           {"name": []string{"a"}, "server": "dc01:dns"},
		"a high port":       {"name": []string{"a"}, "server": "dc01:65536"},
		"no server":         {"name": []string{"a"}, "server": ":53"},
	})
}

// A server that no longer answers from its own zone has lost it.
func TestALostZoneWarns(t *testing.T) {
	spec, _ := probe.Kind.Reading("authoritative")
	if spec.Severity != fact.Warn || spec.Rule.Holds(fact.Bool(true), fact.Bool(false)) {
		t.Errorf("a change of authoritative is %+v", spec)
	}
}
