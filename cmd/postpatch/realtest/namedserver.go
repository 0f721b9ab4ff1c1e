//go:build real

package realtest

import (
	"context"
	"fmt"
	"net"
	"path/filepath"
	"testing"

	"github.com/miekg/dns"
)

// StartNameServer starts BIND with a configuration of the test's own, at an address of
// 127.0.0.0/8, with files in its folder. In the configuration, options are those beside
// where it listens and what it writes; zones follow them. It is ready when it answers for
// the name, whatever it says.
func StartNameServer(t testing.TB, addr, options, zones, name string, files map[string]string) *Server {
	t.Helper()
	s := &Server{Addr: addr, dir: folder(t)}
	ip, _, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	for file, text := range files {
		write(t, filepath.Join(s.dir, file), text)
	}
	config := filepath.Join(s.dir, "named.conf")
	write(t, config, fmt.Sprintf(`
options {
	directory %q; pid-file none; session-keyfile none; lock-file none;
	listen-on port %s { %s; }; listen-on-v6 { none; }; query-source address 127.0.0.1;
	allow-query { any; }; notify no; minimal-responses no;
	%s
};
controls { };
%s
`, s.dir, port(t, addr), ip, options, zones))
	answers := func(ctx context.Context) error {
		_, err := dns.ExchangeContext(ctx, new(dns.Msg).SetQuestion(dns.Fqdn(name), dns.TypeSOA), addr)
		return err
	}
	s.up = func(t testing.TB) func() error {
		t.Helper()
		return run(t, answers, "named", "-g", "-c", config, "-n", "1").stop
	}
	s.begin(t)
	return s
}

// Folder is where a server has its files.
func (s *Server) Folder() string { return s.dir }
