package dns_test

import (
	"encoding/base64"
	"slices"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	miekg "github.com/miekg/dns"

	"postpatch/probes"
	"postpatch/probes/dns"
	"postpatch/probes/host"
	"postpatch/probes/probetest"
)

// answerTo is a name server's answer to the only query of a question.
func answerTo(t *testing.T, q host.Question, change func(*miekg.Msg)) string {
	t.Helper()
	packed, err := base64.StdEncoding.DecodeString(q.(host.Collector).Args["query"][0])
	if err != nil {
		t.Fatal(err)
	}
	asked := new(miekg.Msg)
	if err := asked.Unpack(packed); err != nil || asked.Id != 0 {
		t.Fatalf("query %v, %v", asked, err)
	}
	reply := new(miekg.Msg).SetReply(asked)
	change(reply)
	packed, err = reply.Pack()
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(packed)
}

func TestTheHostAsks(t *testing.T) {
	found := func(m *miekg.Msg) {
		rr, _ := miekg.NewRR("www.corp.test. 300 IN A 10.0.0.5")
		m.Answer = append(m.Answer, rr)
	}
	args := map[string]any{"name": []string{"www.corp.test"}, "from": "host"}
	probe, err := dns.Kind.Build(args)
	if err != nil {
		t.Fatal(err)
	}
	question := probe.(probes.Asker).Questions()[0]
	server := func(address string, cells host.Row) host.Row {
		cells["to"], cells["address"] = host.Cell{Text: "dns_servers"}, host.Cell{Text: address}
		cells["query"], cells["transport"] = host.Cell{Text: "0"}, host.Cell{Text: "udp"}
		cells["milliseconds"] = host.Cell{Text: "3"}
		return cells
	}
	observe := func(rows ...host.Row) ([]string, error) {
		var answers host.Answers
		answers.Put(question, host.Answer{Rows: rows})
		readings, err := probetest.Observe(t, dns.Kind, probes.Target{Answers: answers}, args)
		return probetest.Texts(readings), err
	}
	got, err := observe(
		server("10.0.0.2", host.Row{"answer": {Text: answerTo(t, question, found)}}),
		server("10.0.0.3", host.Row{"error": {Text: "ConnectionReset"}}),
		server("10.0.0.4", host.Row{"error": {Text: "TimedOut"}}),
	)
	want := []string{
		"www.corp.test A dns_servers 10.0.0.2 state=answered", "www.corp.test A dns_servers 10.0.0.2 rcode=NOERROR",
		"www.corp.test A dns_servers 10.0.0.2 answers=10.0.0.5", "www.corp.test A dns_servers 10.0.0.2 count=1",
		"www.corp.test A dns_servers 10.0.0.2 authoritative=false", "www.corp.test A dns_servers 10.0.0.2 transport=udp",
		"www.corp.test A dns_servers 10.0.0.2 latency=3ms", "www.corp.test A dns_servers 10.0.0.2 ttl=5m0s",
		"www.corp.test A dns_servers 10.0.0.2 edns=false",
		"www.corp.test A dns_servers 10.0.0.3 state=refused", "www.corp.test A dns_servers 10.0.0.3 cause=",
		"www.corp.test A dns_servers 10.0.0.4 state=no answer", "www.corp.test A dns_servers 10.0.0.4 cause=",
	}
	if d := cmp.Diff(want, got); d != "" || err != nil {
		t.Errorf("readings (-want +got), %v:\n%s", err, d)
	}
	got, err = observe(host.Row{"to": {Text: "dns_servers"}, "address": {Null: true}})
	want = []string{"www.corp.test A state=no address", "www.corp.test A cause=the host knows none"}
	if d := cmp.Diff(want, got); d != "" || err != nil {
		t.Errorf("no servers (-want +got), %v:\n%s", err, d)
	}
	otherName := answerTo(t, question, func(m *miekg.Msg) { m.Question[0].Name = "other.test." })
	for name, row := range map[string]host.Row{
		"no base64":              server("10.0.0.2", host.Row{"answer": {Text: "@"}}),
		"no message":             server("10.0.0.2", host.Row{"answer": {Text: "AAAA"}}),
		"to another question":    server("10.0.0.2", host.Row{"answer": {Text: otherName}}),
		"an error of the script": server("10.0.0.2", host.Row{"error": {Text: "RuntimeException"}}),
		"an answer to no query":  {"to": {Text: "dns_servers"}, "address": {Text: "10.0.0.2"}, "query": {Text: "7"}},
	} {
		if got, err := observe(row); err == nil {
			t.Errorf("%s: got %v", name, got)
		}
	}
}

// FuzzTheHostsAnswer holds that whatever a host hands back as a server's answer
// gives declared readings or an error.
func FuzzTheHostsAnswer(f *testing.F) {
	f.Add([]byte("\x00\x00\x81\x80\x00\x01\x00\x00\x00\x00\x00\x00\x03www\x04corp\x04test\x00\x00\x01\x00\x01"), "0")
	f.Add([]byte{}, "-1")
	args := map[string]any{"name": []string{"www.corp.test"}, "from": "host"}
	f.Fuzz(func(t *testing.T, message []byte, query string) {
		probe, err := dns.Kind.Build(args)
		if err != nil {
			t.Fatal(err)
		}
		var answers host.Answers
		answers.Put(probe.(probes.Asker).Questions()[0], host.Answer{Rows: []host.Row{{
			"to": {Text: "dns_servers"}, "address": {Text: "10.0.0.2"}, "query": {Text: query},
			"answer": {Text: base64.StdEncoding.EncodeToString(message)}, "error": {Null: true},
		}}})
		readings, err := probetest.Observe(t, dns.Kind, probes.Target{Answers: answers}, args)
		if err == nil && len(readings) == 0 {
			t.Error("no readings and no error")
		}
	})
}

// Each of the servers that the host's adapters name is asked for all of a domain's records.
func TestTheHostAsksItsServersForADomain(t *testing.T) {
	args := map[string]any{
		"domain": []string{"corp.test"}, "beyond": []string{}, "absent": []string{}, "from": "host",
	}
	probe, err := dns.Kind.Build(args)
	if err != nil {
		t.Fatal(err)
	}
	question := probe.(probes.Asker).Questions()[0].(host.Collector)
	queries := question.Args["query"]
	var rows []host.Row
	for i, query := range queries {
		for _, server := range []string{"10.0.0.2", "10.0.0.3"} {
			one := host.Collector{Name: "reach", Args: map[string][]string{"query": {query}}}
			rows = append(rows, host.Row{
				"to": {Text: "dns_servers"}, "address": {Text: server}, "query": {Text: strconv.Itoa(i)},
				"transport": {Text: "udp"}, "milliseconds": {Text: "1"},
				"answer": {Text: answerTo(t, one, func(m *miekg.Msg) {
					if server == "10.0.0.3" {
						m.Rcode = miekg.RcodeNameError
					}
				})},
			})
		}
	}
	var answers host.Answers
	answers.Put(question, host.Answer{Rows: rows})
	readings, err := probetest.Observe(t, dns.Kind, probes.Target{Answers: answers}, args)
	if err != nil {
		t.Fatal(err)
	}
	got := probetest.Texts(readings)
	for _, want := range []string{
		"_ldap._tcp.dc._msdcs.corp.test SRV dns_servers 10.0.0.2 rcode=NOERROR",
		"_ldap._tcp.dc._msdcs.corp.test SRV dns_servers 10.0.0.3 rcode=NXDOMAIN",
		"corp.test A dns_servers 10.0.0.2 rcode=NOERROR",
	} {
		if !slices.Contains(got, want) {
			t.Errorf("no %q in %q", want, got)
		}
	}
	if len(queries) != 11 {
		t.Errorf("%d queries, want 11", len(queries))
	}
}
