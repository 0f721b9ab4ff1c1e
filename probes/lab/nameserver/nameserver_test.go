package nameserver_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"

	"postpatch/probes/lab/estate"
	"postpatch/probes/lab/nameserver"
)

func corp() estate.Host {
	h := estate.Host{Name: "dc01.corp.test", OS: estate.OS{Domain: "corp.test"}, DNS: &estate.DNS{
		Records: []string{
			"corp.test. 3600 IN SOA dc01.corp.test. hostmaster.corp.test. 42 900 600 86400 1800",
			"corp.test. 3600 IN NS dc01.corp.test.",
			"corp.test. 3600 IN MX 10 ex01.corp.test.",
			"dc01.corp.test. 1200 IN A 10.0.0.1",
			"ex01.corp.test. 1200 IN A 10.0.0.5",
			"mail.corp.test. 300 IN CNAME ex01.corp.test.",
			"webmail.corp.test. 300 IN CNAME mail.corp.test.",
			"away.corp.test. 300 IN CNAME www.elsewhere.example.",
			"dead.corp.test. 300 IN CNAME gone.corp.test.",
			"ring.corp.test. 300 IN CNAME gnir.corp.test.",
			"gnir.corp.test. 300 IN CNAME ring.corp.test.",
			"_ldap._tcp.corp.test. 600 IN SRV 0 100 389 dc01.corp.test.",
			"*.apps.corp.test. 300 IN A 10.0.0.9",
			"branch.corp.test. 300 IN NS ns.branch.corp.test.",
			"ns.branch.corp.test. 300 IN A 10.9.0.1",
			"5.0.0.10.in-addr.arpa. 300 IN PTR ex01.corp.test.",
			"shop.example. 300 IN A 10.0.0.7",
		},
		Rcodes: map[string]string{"sick.corp.test": "SERVFAIL", "ex99.corp.test.": "NXDOMAIN"},
	}}
	for i := range 40 {
		h.DNS.Records = append(h.DNS.Records, fmt.Sprintf("many.corp.test. 60 IN A 10.1.0.%d", i+1))
	}
	for i := range 200 {
		h.DNS.Records = append(h.DNS.Records, fmt.Sprintf(`huge.corp.test. 60 IN TXT "%0200d"`, i))
	}
	return h
}

// start serves a host that the test may change; it returns its address, the same
// for UDP and TCP.
func start(t *testing.T, h estate.Host) (addr string, set func(estate.Host)) {
	t.Helper()
	var current atomic.Pointer[estate.Host]
	current.Store(&h)
	server := nameserver.New(func() estate.Host { return *current.Load() }, nil)
	ln, pc := listen(t)
	ended := make(chan error, 2)
	go func() { ended <- server.Serve(ln) }()
	go func() { ended <- server.ServePacket(pc) }()
	t.Cleanup(func() {
		_ = server.Close()
		for range 2 {
			if err := <-ended; err != nil {
				t.Errorf("serving: %v", err)
			}
		}
	})
	return ln.Addr().String(), func(h estate.Host) { current.Store(&h) }
}

// listen finds a port that is free over TCP and over UDP: where one is, the other may
// be somebody else's.
func listen(t *testing.T) (net.Listener, net.PacketConn) {
	t.Helper()
	var lc net.ListenConfig
	for tries := 20; ; tries-- {
		ln, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		pc, err := lc.ListenPacket(t.Context(), "udp", ln.Addr().String())
		if err == nil {
			return ln, pc
		}
		defer func() { _ = ln.Close() }() // when another is found
		if tries == 0 {
			t.Fatal(err)
		}
	}
}

func ask(t *testing.T, addr, network string, m *dns.Msg) (*dns.Msg, error) {
	t.Helper()
	client := dns.Client{Net: network, Timeout: 5 * time.Second}
	reply, _, err := client.ExchangeContext(t.Context(), m, addr)
	return reply, err
}

func question(name string, qtype uint16) *dns.Msg {
	return new(dns.Msg).SetQuestion(name, qtype)
}

// show is a reply in short: the code, the flags, and each section's records.
func show(m *dns.Msg) []string {
	out := []string{fmt.Sprintf("%s aa=%t tc=%t ra=%t", dns.RcodeToString[m.Rcode],
		m.Authoritative, m.Truncated, m.RecursionAvailable)}
	for section, records := range map[string][]dns.RR{"an": m.Answer, "ns": m.Ns, "ex": m.Extra} {
		for i, rr := range records {
			out = append(out, fmt.Sprintf("%s%d %s", section, i, rr))
		}
	}
	return out
}

const soa = "ns0 corp.test.\t1800\tIN\tSOA\tdc01.corp.test. hostmaster.corp.test. 42 900 600 86400 1800"

func TestAnswers(t *testing.T) {
	ok := "NOERROR aa=true tc=false ra=false"
	tests := map[string]struct {
		name  string
		qtype uint16
		want  []string
	}{
		"an address": {"ex01.corp.test.", dns.TypeA, []string{ok, "an0 ex01.corp.test.\t1200\tIN\tA\t10.0.0.5"}},
		"the case of the question is kept": {
			"eX01.CORP.test.", dns.TypeA,
			[]string{ok, "an0 eX01.CORP.test.\t1200\tIN\tA\t10.0.0.5"},
		},
		"a chain of aliases": {"webmail.corp.test.", dns.TypeA, []string{
			ok, "an0 webmail.corp.test.\t300\tIN\tCNAME\tmail.corp.test.",
			"an1 mail.corp.test.\t300\tIN\tCNAME\tex01.corp.test.", "an2 ex01.corp.test.\t1200\tIN\tA\t10.0.0.5",
		}},
		"an alias itself": {"mail.corp.test.", dns.TypeCNAME, []string{
			ok, "an0 mail.corp.test.\t300\tIN\tCNAME\tex01.corp.test.",
		}},
		"an alias that leads out of the zones": {"away.corp.test.", dns.TypeA, []string{
			ok, "an0 away.corp.test.\t300\tIN\tCNAME\twww.elsewhere.example.",
		}},
		"an alias to nothing is NXDOMAIN": {"dead.corp.test.", dns.TypeA, []string{
			"NXDOMAIN aa=true tc=false ra=false", "an0 dead.corp.test.\t300\tIN\tCNAME\tgone.corp.test.", soa,
		}},
		"a ring of aliases is shown once": {"ring.corp.test.", dns.TypeA, []string{
			ok, "an0 ring.corp.test.\t300\tIN\tCNAME\tgnir.corp.test.",
			"an1 gnir.corp.test.\t300\tIN\tCNAME\tring.corp.test.",
		}},
		"a name that is not there":      {"nope.corp.test.", dns.TypeA, []string{"NXDOMAIN aa=true tc=false ra=false", soa}},
		"a type that is not there":      {"ex01.corp.test.", dns.TypeAAAA, []string{ok, soa}},
		"a name with only names below":  {"_tcp.corp.test.", dns.TypeA, []string{ok, soa}},
		"a name that a wildcard covers": {"x.apps.corp.test.", dns.TypeA, []string{ok, "an0 x.apps.corp.test.\t300\tIN\tA\t10.0.0.9"}},
		"a service with its address": {"_ldap._tcp.corp.test.", dns.TypeSRV, []string{
			ok, "an0 _ldap._tcp.corp.test.\t600\tIN\tSRV\t0 100 389 dc01.corp.test.",
			"ex0 dc01.corp.test.\t1200\tIN\tA\t10.0.0.1",
		}},
		"a delegated name is referred": {"www.branch.corp.test.", dns.TypeA, []string{
			"NOERROR aa=false tc=false ra=false", "ns0 branch.corp.test.\t300\tIN\tNS\tns.branch.corp.test.",
			"ex0 ns.branch.corp.test.\t300\tIN\tA\t10.9.0.1",
		}},
		"a reverse name": {"5.0.0.10.in-addr.arpa.", dns.TypePTR, []string{
			ok, "an0 5.0.0.10.in-addr.arpa.\t300\tIN\tPTR\tex01.corp.test.",
		}},
		"a zone without an SOA of its own gets Windows'": {"nope.shop.example.", dns.TypeA, []string{
			"NXDOMAIN aa=true tc=false ra=false",
			"ns0 shop.example.\t3600\tIN\tSOA\tdc01.corp.test. hostmaster.shop.example. 1 900 600 86400 3600",
		}},
		"a name outside the zones is refused": {"www.example.org.", dns.TypeA, []string{"REFUSED aa=false tc=false ra=false"}},
		"a code given to a name":              {"sick.corp.test.", dns.TypeA, []string{"SERVFAIL aa=false tc=false ra=false"}},
		"NXDOMAIN given to a name": {
			"ex99.corp.test.", dns.TypeA, []string{"NXDOMAIN aa=true tc=false ra=false", soa},
		},
		"a zone transfer is refused": {"corp.test.", dns.TypeAXFR, []string{"REFUSED aa=false tc=false ra=false"}},
	}
	addr, _ := start(t, corp())
	for name, test := range tests {
		for _, network := range []string{"udp", "tcp"} {
			t.Run(name+" over "+network, func(t *testing.T) {
				reply, err := ask(t, addr, network, question(test.name, test.qtype))
				if err != nil {
					t.Fatal(err)
				}
				got := show(reply)
				if diff := cmp.Diff(test.want, got, sorted()); diff != "" {
					t.Errorf("answer (-want +got):\n%s", diff)
				}
				if got := reply.Question[0].Name; got != test.name {
					t.Errorf("question came back as %q", got)
				}
			})
		}
	}
}

func TestTruncation(t *testing.T) {
	h := corp()
	addr, set := start(t, h)
	big := func(size uint16) *dns.Msg {
		m := question("many.corp.test.", dns.TypeA)
		if size > 0 {
			m.SetEdns0(size, false)
		}
		return m
	}
	for size, whole := range map[uint16]bool{0: false, 512: false, 100: false, 1232: true, 65535: true} {
		client := dns.Client{UDPSize: dns.MaxMsgSize, Timeout: 5 * time.Second}
		reply, _, err := client.ExchangeContext(t.Context(), big(size), addr)
		if err != nil {
			t.Fatal(err)
		}
		reply.Compress = true
		if reply.Truncated == whole || reply.Len() > max(int(size), 512) || whole != (len(reply.Answer) == 40) {
			t.Errorf("size %d: tc=%t with %d answers in %d bytes", size, reply.Truncated, len(reply.Answer), reply.Len())
		}
		if got := reply.IsEdns0() != nil; got != (size > 0) {
			t.Errorf("size %d: EDNS in the answer is %t", size, got)
		}
	}
	if reply, err := ask(t, addr, "tcp", big(0)); err != nil || reply.Truncated || len(reply.Answer) != 40 {
		t.Errorf("over TCP: %v, %v", reply, err)
	}
	long := question("huge.corp.test.", dns.TypeTXT)
	if reply, err := ask(t, addr, "tcp", long); err != nil || len(reply.Answer) != 200 {
		t.Errorf("a long answer over TCP: %v", err)
	}
	served := *h.DNS // which the server may still look at
	served.Truncate = true
	h.DNS = &served
	set(h)
	small := question("ex01.corp.test.", dns.TypeA)
	if reply, err := ask(t, addr, "udp", small); err != nil || !reply.Truncated || len(reply.Answer) != 0 {
		t.Errorf("with truncate, over UDP: %v, %v", reply, err)
	}
	if reply, err := ask(t, addr, "tcp", small); err != nil || reply.Truncated || len(reply.Answer) != 1 {
		t.Errorf("with truncate, over TCP: %v, %v", reply, err)
	}
}

func TestOddQueries(t *testing.T) {
	addr, _ := start(t, corp())
	update := question("corp.test.", dns.TypeSOA)
	update.Opcode = dns.OpcodeUpdate
	version := question("corp.test.", dns.TypeSOA)
	version.SetEdns0(1232, false)
	version.IsEdns0().SetVersion(1)
	chaos := question("version.bind.", dns.TypeTXT)
	chaos.Question[0].Qclass = dns.ClassCHAOS
	none := new(dns.Msg)
	none.Id = dns.Id()
	for name, test := range map[string]struct {
		query *dns.Msg
		want  int
	}{
		"an update":        {update, dns.RcodeNotImplemented},
		"a later EDNS":     {version, dns.RcodeBadVers},
		"another class":    {chaos, dns.RcodeRefused},
		"without question": {none, dns.RcodeFormatError},
	} {
		reply, err := ask(t, addr, "udp", test.query)
		if err != nil || reply.Rcode != test.want {
			t.Errorf("%s: got %v, %v, want %s", name, reply, err, dns.RcodeToString[test.want])
		}
	}
}

func TestFaults(t *testing.T) {
	addr, set := start(t, corp())
	with := func(fault estate.Fault) {
		h := corp()
		h.DNS.Fault = fault
		set(h)
	}
	query := question("ex01.corp.test.", dns.TypeA)
	short := func(network string) (*dns.Msg, error) {
		client := dns.Client{Net: network, Timeout: 100 * time.Millisecond}
		reply, _, err := client.ExchangeContext(t.Context(), query, addr)
		return reply, err
	}
	var timeout net.Error
	for _, fault := range []estate.Fault{"silent", "drop"} {
		with(fault)
		if _, err := short("udp"); !errors.As(err, &timeout) || !timeout.Timeout() {
			t.Errorf("%s over UDP: %v", fault, err)
		}
	}
	if _, err := ask(t, addr, "tcp", query); err == nil || errors.As(err, &timeout) && timeout.Timeout() {
		t.Errorf("drop over TCP: %v", err)
	}
	with("silent")
	if _, err := short("tcp"); !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("silent over TCP: %v", err)
	}
	with("error")
	for _, network := range []string{"udp", "tcp"} {
		if reply, err := ask(t, addr, network, query); err != nil || reply.Rcode != dns.RcodeServerFailure {
			t.Errorf("error over %s: %v, %v", network, reply, err)
		}
	}
	with("garbage")
	if reply, err := short("udp"); err == nil {
		t.Errorf("garbage over UDP was taken for an answer: %v", reply)
	}
	if reply, err := short("tcp"); err == nil {
		t.Errorf("garbage over TCP was taken for an answer: %v", reply)
	}
	with("endless")
	if reply, err := ask(t, addr, "udp", query); err != nil || !reply.Truncated {
		t.Errorf("endless over UDP: %v, %v", reply, err)
	}
	if _, err := short("tcp"); !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("endless over TCP: %v", err)
	}
	h := corp()
	h.Power = "off"
	set(h)
	if _, err := short("tcp"); err == nil {
		t.Error("a host that is off answers")
	}
}

func TestCloseEndsWhoWaits(t *testing.T) {
	h := corp()
	h.DNS.Fault = "silent"
	server := nameserver.New(func() estate.Host { return h }, nil)
	var lc net.ListenConfig
	ln, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(ln) }()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := conn.Write([]byte{0, 1}); err != nil {
		t.Fatal(err)
	}
	_ = server.Close()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if data, _ := io.ReadAll(conn); len(data) > 0 { // an end or a reset, but no answer
		t.Errorf("got %q", data)
	}
	if err := server.Serve(ln); err != nil {
		t.Errorf("serving after Close: %v", err)
	}
}

func FuzzAnswer(f *testing.F) {
	query, err := question("ex01.corp.test.", dns.TypeA).Pack()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(query)
	f.Add(query[:12])
	f.Add(query[:20])
	f.Add([]byte{})
	h := corp()
	f.Fuzz(func(t *testing.T, query []byte) {
		for _, reply := range nameserver.Answers(h, query) {
			if len(reply) > 4000 {
				t.Errorf("%d bytes over UDP", len(reply))
			}
			if err := new(dns.Msg).Unpack(reply); err != nil {
				t.Errorf("our own answer: %v", err)
			}
		}
	})
}

func sorted() cmp.Option {
	return cmp.Transformer("sorted", func(lines []string) map[string]bool {
		set := map[string]bool{}
		for _, line := range lines {
			set[line] = true
		}
		return set
	})
}
