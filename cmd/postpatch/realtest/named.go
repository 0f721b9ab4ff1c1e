//go:build real

package realtest

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/miekg/dns"
)

// Named is BIND with one zone and no recursion, over UDP and TCP.
type Named struct {
	Server
	zone    string
	serial  uint32
	process *process
}

// StartNamed starts BIND (package bind9). Records are lines of a zone file; SOA
// and NS are there already.
func StartNamed(t testing.TB, zone string, records ...string) *Named {
	t.Helper()
	n := &Named{zone: dns.Fqdn(zone)}
	n.Addr, n.dir = FreeAddress(t), folder(t)
	config := filepath.Join(n.dir, "named.conf")
	write(t, config, fmt.Sprintf(`
options {
	directory %[1]q; pid-file none; session-keyfile none; lock-file none;
	listen-on port %[2]s { 127.0.0.1; }; listen-on-v6 { none; };
	recursion no; allow-transfer { none; }; notify no; dnssec-validation no;
};
controls { };
zone %[3]q { type primary; file "zone"; };
`, n.dir, port(t, n.Addr), n.zone))
	n.write(t, records)
	n.up = func(t testing.TB) func() error {
		t.Helper()
		n.process = run(t, n.serves, "named", "-g", "-c", config, "-n", "1")
		return n.process.stop
	}
	n.begin(t)
	return n
}

// SetRecords replaces the records, at once when the server runs.
func (n *Named) SetRecords(t testing.TB, records ...string) {
	t.Helper()
	n.write(t, records)
	if n.down == nil {
		return
	}
	if err := n.process.signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	if err := await(t, n.serves, n.process.ended); err != nil {
		t.Fatalf("loading the zone again: %v\n%s", err, n.process.output)
	}
}

func (n *Named) write(t testing.TB, records []string) {
	t.Helper()
	n.serial++
	head := fmt.Sprintf("$ORIGIN %[1]s\n$TTL 60\n@ SOA ns hostmaster %[2]d 900 600 86400 60\n@ NS ns\nns A 127.0.0.1\n",
		n.zone, n.serial)
	write(t, filepath.Join(n.dir, "zone"), head+strings.Join(records, "\n")+"\n")
}

// serves is ready when the zone is served as it was written last.
func (n *Named) serves(ctx context.Context) error {
	reply, err := dns.ExchangeContext(ctx, new(dns.Msg).SetQuestion(n.zone, dns.TypeSOA), n.Addr)
	if err != nil {
		return err
	}
	for _, rr := range reply.Answer {
		if soa, ok := rr.(*dns.SOA); ok && soa.Serial == n.serial {
			return nil
		}
	}
	return fmt.Errorf("the zone's serial number is not %d: %v", n.serial, reply)
}
