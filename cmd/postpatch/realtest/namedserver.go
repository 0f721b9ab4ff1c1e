//go:build real

package realtest

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/miekg/dns"
)

// NameServer is BIND with a configuration of the test's own.
type NameServer struct {
	Options string            // beside where it listens and what it writes
	Zones   string            // what follows the options
	Files   map[string]string // in its folder
}

// StartNameServer starts BIND (package bind9) at a free address. It is ready when it
// answers, whatever it says.
func StartNameServer(t testing.TB, addr string, n NameServer) *Server {
	t.Helper()
	s := &Server{Addr: addr, dir: folder(t)}
	for file, text := range n.Files {
		write(t, filepath.Join(s.dir, file), text)
	}
	config := filepath.Join(s.dir, "named.conf")
	write(t, config, fmt.Sprintf(`
options {
	directory %q; pid-file none; session-keyfile none; lock-file none;
	listen-on port %s { 127.0.0.1; }; listen-on-v6 { none; }; query-source address 127.0.0.1;
	allow-query { any; }; notify no; minimal-responses no;
	%s
};
controls { };
%s
`, s.dir, port(t, addr), n.Options, n.Zones))
	answers := func(ctx context.Context) error {
		_, err := dns.ExchangeContext(ctx, new(dns.Msg).SetQuestion("corp.test.", dns.TypeSOA), addr)
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
