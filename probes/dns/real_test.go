//go:build real

package dns_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"

	"postpatch/cmd/postpatch/realtest"
	"postpatch/probes"
	probe "postpatch/probes/dns"
	"postpatch/probes/probetest"
)

// at leads to servers by name: ns1.corp.test, which is under test, and others.
func at(addrs ...string) probes.Target {
	routes := probes.Routes{probes.Elsewhere: {}}
	for i, addr := range addrs {
		routes[fmt.Sprintf("ns%d.corp.test", i+1)] = probes.Route{
			Address: "127.0.0.1", Ports: map[string]string{"udp/53": addr, "tcp/53": addr},
		}
	}
	return probetest.Routed("ns1.corp.test", routes)
}

// corpZone is a zone file.
func corpZone(serial int, records ...string) string {
	return fmt.Sprintf("$ORIGIN corp.test.\n$TTL 600\n@ SOA ns1 hostmaster %d 900 600 86400 60\n@ NS ns1\n@ NS ns2\n"+
		"ns1 A 127.0.0.1\nns2 A 127.0.0.2\n%s\n", serial, strings.Join(records, "\n"))
}

const alone = "recursion no; dnssec-validation no; allow-transfer { any; };"

// primaryOf serves corp.test from one of the files, and nothing else.
func primaryOf(file string, files map[string]string) realtest.NameServer {
	return realtest.NameServer{
		Options: alone, Zones: fmt.Sprintf("zone corp.test { type primary; file %q; };", file), Files: files,
	}
}

func wants(t *testing.T, got []string, want ...string) {
	t.Helper()
	for _, w := range want {
		if !slices.Contains(got, w) {
			t.Errorf("no %q in %q", w, got)
		}
	}
}

func TestBindHasADomain(t *testing.T) {
	records := corp("SOA", " NS ")
	for i := range 14 {
		records = append(records, fmt.Sprintf("big TXT \"%d%s\"", i, strings.Repeat("z", 200)))
	}
	addr := realtest.FreeAddress(t)
	realtest.StartNameServer(t, addr, primaryOf("corp", map[string]string{"corp": corpZone(1, records...)}))
	target := at(addr)
	wants(t, found(t, target, map[string]any{"domain": []string{"corp.test"}, "absent": []string{"nope.corp.test"}},
		"count", "unresolved", "absence", "negative_ttl"),
		"corp.test A count=1", "_ldap._tcp.dc._msdcs.corp.test SRV count=1", "corp.test SRV targets unresolved=",
		"nope.corp.test A absent absence=name error", "nope.corp.test A absent negative_ttl=1m0s")
	wants(t, found(t, target, ask("big.corp.test", "TXT"), "transport", "count", "edns"),
		"big.corp.test TXT transport=tcp", "big.corp.test TXT count=14", "big.corp.test TXT edns=true")
}

// A secondary that is not told of changes stays behind, and one that never got the zone
// has lost it.
func TestBindIsStale(t *testing.T) {
	first, second := realtest.FreeAddress(t), realtest.FreeAddress(t)
	_, port, _ := net.SplitHostPort(first)
	primary := realtest.StartNameServer(t, first, primaryOf("corp", map[string]string{"corp": corpZone(40)}))
	copies := func(port string) realtest.NameServer {
		return realtest.NameServer{
			Options: alone, Zones: fmt.Sprintf("zone corp.test { type secondary; primaries port %s { 127.0.0.1; }; };", port),
		}
	}
	secondary := realtest.StartNameServer(t, second, copies(port))
	serves(t, second, 40)
	target, args := at(first, second), map[string]any{"zone": []string{"corp.test"}}
	zone := func() []string { return found(t, target, args, "rcode", "serial", "behind", "authoritative") }
	const one, two = "corp.test SOA ns1.corp.test ", "corp.test SOA ns2.corp.test "
	wants(t, zone(), one+"serial=40", two+"serial=40", one+"behind=0", two+"behind=0", two+"authoritative=true")

	primary.Stop(t)
	if err := os.WriteFile(filepath.Join(primary.Folder(), "corp"), []byte(corpZone(43)), 0o644); err != nil {
		t.Fatal(err)
	}
	primary.Start(t)
	wants(t, zone(), one+"serial=43", two+"serial=40", one+"behind=0", two+"behind=3", two+"rcode=NOERROR")

	secondary.Stop(t)
	realtest.StartNameServer(t, second, copies("9"))
	wants(t, zone(), one+"serial=43", two+"rcode=SERVFAIL")
}

// serves waits until a server has a version of the zone.
func serves(t *testing.T, addr string, serial uint32) {
	t.Helper()
	until := time.Now().Add(time.Minute)
	again := time.NewTicker(20 * time.Millisecond) // it is to have time for anything else, too
	defer again.Stop()
	for ; ; <-again.C {
		reply, err := dns.ExchangeContext(t.Context(), new(dns.Msg).SetQuestion("corp.test.", dns.TypeSOA), addr)
		if err == nil && len(reply.Answer) == 1 && reply.Answer[0].(*dns.SOA).Serial == serial {
			return
		}
		if time.Now().After(until) {
			t.Fatalf("%s does not serve %d: %v, %v", addr, serial, reply, err)
		}
	}
}

func TestBindAsksOthers(t *testing.T) {
	others := realtest.StartNamed(t, "beyond.test", "www A 10.8.0.1")
	_, port, _ := net.SplitHostPort(others.Addr)
	resolver := realtest.FreeAddress(t)
	const options = "recursion yes; dnssec-validation no; forward only; resolver-query-timeout 1000; " +
		"max-cache-ttl 3600; forwarders port %s { 127.0.0.1; };"
	realtest.StartNameServer(t, resolver, realtest.NameServer{Options: fmt.Sprintf(options, port)})
	target, args := at(resolver), map[string]any{"beyond": []string{"www.beyond.test"}}
	beyond := func() []string { return found(t, target, args, "rcode", "recursion", "forwards", "count") }
	const about = "www.beyond.test A beyond "
	want := []string{about + "rcode=NOERROR", about + "count=1", about + "recursion=true", about + "forwards=true"}
	if d := cmp.Diff(want, beyond()); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	others.Stop(t)
	wants(t, beyond(), about+"rcode=NOERROR", about+"recursion=true", about+"forwards=false")
	wants(t, found(t, target, ask("new.beyond.test", "A"), "rcode", "state"),
		"new.beyond.test A state=answered", "new.beyond.test A rcode=SERVFAIL")

	// Forwarders that are silent take the server longer than whoever asks may wait.
	mute, err := new(net.ListenConfig).ListenPacket(t.Context(), "udp", "127.0.0.1:"+port)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = mute.Close() }()
	wants(t, beyond(), about+"rcode=NOERROR", about+"forwards=false")
	p, err := probe.Kind.Build(ask("slow.beyond.test", "A"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	readings, err := p.Observe(ctx, target)
	if servfail := "slow.beyond.test A rcode=SERVFAIL"; !errors.Is(err, probes.ErrNoAnswer) &&
		!slices.Contains(probetest.Texts(readings), servfail) {
		t.Errorf("got %v and %v, want no answer or %s", readings, err, servfail)
	}
}

func TestBindSigns(t *testing.T) {
	dir := t.TempDir()
	text := corpZone(1, "www A 10.0.0.5")
	if err := os.WriteFile(filepath.Join(dir, "corp"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	tool := func(args ...string) string {
		t.Helper()
		command := exec.CommandContext(t.Context(), args[0], args[1:]...)
		command.Dir = dir
		out, err := command.Output()
		if err != nil {
			t.Fatalf("%s: %v", command, err)
		}
		return strings.TrimSpace(string(out))
	}
	key := tool("dnssec-keygen", "-q", "-a", "ED25519", "-f", "KSK", "corp.test")
	public, err := os.ReadFile(filepath.Join(dir, key+".key"))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for file, period := range map[string][]string{
		"valid": {"-e", "now+864000"}, "expired": {"-s", "now-864000", "-e", "now-3600"},
	} {
		args := append([]string{"dnssec-signzone", "-q", "-P", "-S", "-z", "-o", "corp.test", "-f", file}, period...)
		tool(append(args, "corp")...)
		signed, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		files[file] = string(signed)
	}
	args := map[string]any{"name": []string{"www.corp.test", "nope.corp.test"}, "dnssec": true}
	for file := range files {
		addr := realtest.FreeAddress(t)
		realtest.StartNameServer(t, addr, primaryOf(file, files))
		wants(t, found(t, at(addr), args, "dnssec", "validated"),
			"www.corp.test A dnssec="+file, "www.corp.test A validated=false", "nope.corp.test A dnssec="+file)

		_, port, _ := net.SplitHostPort(addr)
		resolver := realtest.FreeAddress(t)
		trusted := dnskey(t, string(public))
		realtest.StartNameServer(t, resolver, realtest.NameServer{
			Options: fmt.Sprintf("dnssec-validation yes; forward only; forwarders port %s { 127.0.0.1; };", port),
			Zones: fmt.Sprintf("trust-anchors { corp.test. static-key %d %d %d %q; };",
				trusted.Flags, trusted.Protocol, trusted.Algorithm, trusted.PublicKey),
		})
		got := found(t, at(resolver), ask2("www.corp.test"), "dnssec", "validated", "rcode")
		if file == "valid" {
			wants(t, got, "www.corp.test A rcode=NOERROR", "www.corp.test A dnssec=valid", "www.corp.test A validated=true")
		} else {
			wants(t, got, "www.corp.test A rcode=SERVFAIL", "www.corp.test A dnssec=expired")
		}
	}
}

func ask2(name string) map[string]any { return map[string]any{"name": []string{name}, "dnssec": true} }

func dnskey(t *testing.T, file string) *dns.DNSKEY {
	t.Helper()
	parser := dns.NewZoneParser(strings.NewReader(file), ".", "")
	rr, _ := parser.Next()
	key, is := rr.(*dns.DNSKEY)
	if !is {
		t.Fatalf("no key: %v, %v", rr, parser.Err())
	}
	return key
}
