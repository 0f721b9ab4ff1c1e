package webtalk_test

import (
	"context"
	"crypto/x509"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"postpatch/probes"
	"postpatch/probes/host"
	"postpatch/probes/internal/webtalk"
)

// pipes is a listener within a test's own time.
type pipes struct {
	come chan net.Conn
	over context.Context
	end  context.CancelFunc
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-p.come:
		return conn, nil
	case <-p.over.Done():
		return nil, net.ErrClosed
	}
}
func (p *pipes) Close() error { p.end(); return nil }
func (*pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 443} }

func (p *pipes) Dial(context.Context, string, string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	p.come <- theirs
	return ours, nil
}

// impatientSite closes connections that have been idle for five seconds.
type impatientSite struct {
	*httptest.Server

	connected, shown atomic.Int32
}

func impatient(t *testing.T, scheme string) (*impatientSite, *pipes) {
	t.Helper()
	listener := &pipes{come: make(chan net.Conn)}
	listener.over, listener.end = context.WithCancel(t.Context())
	web := &impatientSite{}
	web.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch token(r) {
		case "one":
			challenge(w, scheme, "go on")
		case "two", "probe:swordfish":
			web.shown.Add(1)
		default:
			challenge(w, scheme, "")
		}
	}))
	_ = web.Listener.Close()
	web.Listener = listener
	web.Config.IdleTimeout = 5 * time.Second
	web.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			web.connected.Add(1)
		}
	}
	web.StartTLS()
	t.Cleanup(web.Close)
	return web, listener
}

// A server closes connections that lie idle while an account waits for its turn, or for a
// domain controller: the account is proved on a new one then, and shown once.
func TestIdleConnections(t *testing.T) {
	for name, tt := range map[string]struct {
		scheme    string
		wait, kdc time.Duration
		connected int32
	}{
		"no wait":                         {"NTLM", 0, 0, 1},
		"a short wait":                    {"NTLM", time.Second, 0, 1},
		"a long wait":                     {"NTLM", time.Minute, 0, 2},
		"a long wait with the password":   {"Basic", time.Minute, 0, 2},
		"a domain controller that sleeps": {"NTLM", 0, 10 * time.Second, 2},
		"both":                            {"NTLM", time.Minute, 10 * time.Second, 3},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				web, listener := impatient(t, tt.scheme)
				credential := host.Credential{User: "probe", Password: host.NewSecret("swordfish"), Mail: &host.Mail{
					Prove: func(context.Context, host.WebService) (host.Proof, error) {
						time.Sleep(tt.kdc)
						return &proof{mechanism: "NTLM", site: &site{}}, nil
					},
				}}
				target := probes.Target{
					Host: "example.com", Address: "example.com", Roots: x509.NewCertPool(), Accounts: &host.Accounts{},
					Credential: func(string) (host.Credential, error) { return credential, nil }, Dial: listener.Dial,
				}
				target.Roots.AddCert(web.Certificate())
				elsewhere, err := target.Accounts.Try(t.Context(), credential, "another")
				if err != nil {
					t.Fatal(err)
				}
				time.AfterFunc(tt.wait, func() { elsewhere(host.Taken) })
				talk := webtalk.New(webtalk.Server{Target: target, Address: "example.com:443", Name: "example.com", Port: 443})
				defer talk.Close()
				answer, _, err := talk.LogOn(t.Context(), "a site", webtalk.Request{Method: http.MethodGet, Path: "/"})
				if err != nil || answer.Status != http.StatusOK {
					t.Errorf("answer %v, %v", answer, err)
				}
				if web.shown.Load() != 1 || web.connected.Load() != tt.connected {
					t.Errorf("shown %d times on %d connections, want 1 on %d", web.shown.Load(), web.connected.Load(), tt.connected)
				}
			})
		})
	}
}
