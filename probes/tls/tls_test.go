package tls_test

import (
	"context"
	"crypto/sha1"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/crypto/ocsp"

	"postpatch/probes"
	"postpatch/probes/probetest"
	kind "postpatch/probes/tls"
)

func newest(leaf tls.Certificate) *tls.Config {
	return &tls.Config{
		Certificates: []tls.Certificate{leaf}, MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"},
	}
}

func TestKind(t *testing.T) {
	a := newAuthority(t)
	leaf := a.leaf(t, nil)
	responder := func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(a.says(t, leaf, ocsp.Good, 0)) }
	probetest.Run(t, probetest.Suite{
		Kind: kind.Kind, Args: map[string]any{"port": []int{443, 636}, "ciphers": true, "ocsp": true},
		Healthy: func(t *testing.T) probes.Target { return a.serve(t, newest(leaf), responder) },
	})
}

func TestBadParameters(t *testing.T) {
	probetest.Refuses(t, kind.Kind, map[string]map[string]any{
		"a port":             {"port": []int{0}},
		"no port":            {"port": []int{}},
		"an empty protocol":  {"alpn": []string{""}},
		"too many protocols": {"alpn": slices.Repeat([]string{"h2"}, 17)},
		"ciphers alone":      {"ciphers": true, "versions": false},
	})
}

func TestReadings(t *testing.T) {
	a := newAuthority(t)
	leaf := a.leaf(t, nil)
	leaf.OCSPStaple = a.says(t, leaf, ocsp.Good, 0)
	var asked *ocsp.Request
	target := a.serve(t, newest(leaf), func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		asked, _ = ocsp.ParseRequest(body)
		_, _ = w.Write(a.says(t, leaf, ocsp.Good, 0))
	})
	readings, err := probetest.Observe(t, kind.Kind, target, map[string]any{"ocsp": true, "ciphers": true})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"443 state=established", "443 alpn=h2", "443 tls=TLS 1.3", "443 certificate=valid", "443 cert_days=30",
		"443 cert_subject=CN=srv.example.test", "443 cert_issuer=CN=Test Authority", "443 cert_serial=beef",
		fmt.Sprintf("443 thumbprint=%X", sha1.Sum(leaf.Certificate[0])),
		"443 names=10.0.0.1, srv.example.test, www.example.test", "443 key=ECDSA P-256", "443 signature=ECDSA-SHA256",
		"443 chain=CN=Test Authority", "443 stapled=good", "443 ocsp=good", "443 versions=TLS 1.2, TLS 1.3",
		"443 ciphers=TLS 1.2 TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA, TLS 1.2 TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, " +
			"TLS 1.2 TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA, TLS 1.2 TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, " +
			"TLS 1.2 TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, TLS 1.3 TLS_AES_128_GCM_SHA256, " +
			"TLS 1.3 TLS_AES_256_GCM_SHA384, TLS 1.3 TLS_CHACHA20_POLY1305_SHA256",
	}
	if d := cmp.Diff(want, probetest.Texts(readings, "latency", "cipher", "chain_days")); d != "" {
		t.Errorf("readings (-want +got):\n%s", d)
	}
	if asked == nil || asked.SerialNumber.Cmp(leaf.Leaf.SerialNumber) != 0 {
		t.Errorf("the authority was asked for %+v", asked)
	}
}

// read is what is read of a server, of readings whose names are given.
func read(t *testing.T, target probes.Target, args map[string]any, names ...string) []string {
	t.Helper()
	readings, err := probetest.Observe(t, kind.Kind, target, args)
	if err != nil {
		t.Error(err)
	}
	return slices.DeleteFunc(probetest.Texts(readings), func(text string) bool {
		name, _, _ := strings.Cut(strings.TrimPrefix(text, "443 "), "=")
		return !slices.Contains(names, name)
	})
}

func TestVersions(t *testing.T) {
	a := newAuthority(t)
	for name, tt := range map[string]struct {
		change func(*tls.Config)
		want   []string
	}{
		"an old server": {
			func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS11 },
			[]string{"443 state=established", "443 alpn=h2", "443 tls=TLS 1.1", "443 versions=TLS 1.0, TLS 1.1"},
		},
		"without HTTP/2": {
			func(c *tls.Config) { c.NextProtos = []string{"http/1.1"} },
			[]string{"443 state=established", "443 alpn=http/1.1", "443 tls=TLS 1.3", "443 versions=TLS 1.2, TLS 1.3"},
		},
		"another protocol": {
			func(c *tls.Config) { c.NextProtos = []string{"imap"} },
			[]string{"443 state=established", "443 alpn=none", "443 tls=TLS 1.3", "443 versions=TLS 1.2, TLS 1.3"},
		},
		"no certificate any more": {
			func(c *tls.Config) {
				c.Certificates = nil
				c.GetCertificate = func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return nil, errors.New("gone") }
			},
			[]string{"443 state=tls failed", "443 reason=the server declines: internal error", "443 versions="},
		},
	} {
		t.Run(name, func(t *testing.T) {
			config := newest(a.leaf(t, nil))
			tt.change(config)
			got := read(t, a.serve(t, config, nil), nil, "state", "alpn", "tls", "versions", "reason")
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("readings (-want +got):\n%s", d)
			}
		})
	}
}

// What is no TLS is no session, and is not asked any further.
func TestNoTLS(t *testing.T) {
	for name, tt := range map[string]struct {
		say  string
		want string
	}{
		"a banner":   {"220 mail ready\r\n", "443 reason=first record does not look like a TLS handshake"},
		"no word":    {"", "443 reason=the server ended the connection"},
		"half of it": {"\x16\x03\x03\x40\x00", "443 reason=unexpected EOF"},
	} {
		target := probetest.Target(probetest.Serve(t, func(c net.Conn) {
			_, _ = c.Read(make([]byte, 4096))
			_, _ = io.WriteString(c, tt.say)
		}))
		got := read(t, target, nil, "state", "reason", "versions")
		if d := cmp.Diff([]string{"443 state=tls failed", tt.want}, got); d != "" {
			t.Errorf("%s: readings (-want +got):\n%s", name, d)
		}
	}
}

func TestCertificates(t *testing.T) {
	a := newAuthority(t)
	fine := []string{"443 certificate=valid", "443 chain=CN=Test Authority", "443 stapled=absent", "443 ocsp=unknown"}
	for name, tt := range map[string]struct {
		change func(*x509.Certificate)
		spoil  func(*tls.Certificate)
		want   []string
	}{
		"all is well": {nil, nil, fine},
		"expired": {
			func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }, nil,
			[]string{"443 certificate=expired", fine[1], fine[2], "443 ocsp=not asked"},
		},
		"for another name": {
			func(c *x509.Certificate) { c.DNSNames = []string{"other.example.test"} }, nil,
			[]string{"443 certificate=wrong name", fine[1], fine[2], "443 ocsp=not asked"},
		},
		"no authority along": {
			nil, func(c *tls.Certificate) { c.Certificate = c.Certificate[:1] },
			[]string{fine[0], "443 chain=none", fine[2], fine[3]},
		},
		"too many along": {
			nil, func(c *tls.Certificate) {
				c.Certificate = append(c.Certificate, slices.Repeat(c.Certificate[1:], 11)...)
			},
			[]string{fine[0], "443 chain=" + strings.Repeat("CN=Test Authority < ", 10) + "…", fine[2], fine[3]},
		},
		"no responder": {
			func(c *x509.Certificate) { c.OCSPServer = []string{"https://ca.example.test", "http://x@y"} }, nil,
			[]string{fine[0], fine[1], fine[2], "443 ocsp=none named"},
		},
		"what is stapled is nothing": {
			nil, func(c *tls.Certificate) { c.OCSPStaple = []byte("good") },
			[]string{fine[0], fine[1], "443 stapled=invalid", fine[3]},
		},
		"what is stapled is revoked": {
			nil, func(c *tls.Certificate) { c.OCSPStaple = a.says(t, *c, ocsp.Revoked, 0) },
			[]string{fine[0], fine[1], "443 stapled=revoked", fine[3]},
		},
		"what is stapled is old": {
			nil, func(c *tls.Certificate) { c.OCSPStaple = a.says(t, *c, ocsp.Good, -48*time.Hour) },
			[]string{fine[0], fine[1], "443 stapled=out of date", fine[3]},
		},
		"what is stapled is of the future": {
			nil, func(c *tls.Certificate) { c.OCSPStaple = a.says(t, *c, ocsp.Good, time.Hour) },
			[]string{fine[0], fine[1], "443 stapled=out of date", fine[3]},
		},
	} {
		t.Run(name, func(t *testing.T) {
			leaf := a.leaf(t, tt.change)
			if tt.spoil != nil {
				tt.spoil(&leaf)
			}
			target := a.serve(t, newest(leaf), func(w http.ResponseWriter, _ *http.Request) {
				_, _ = w.Write(a.says(t, leaf, ocsp.Unknown, 0))
			})
			got := read(t, target, map[string]any{"ocsp": true}, "certificate", "chain", "stapled", "ocsp")
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("readings (-want +got):\n%s", d)
			}
		})
	}
}

// A staple whose issuer is not known says nothing, and nobody is asked.
func TestNobodyTrusted(t *testing.T) {
	a := newAuthority(t)
	leaf := a.leaf(t, nil)
	leaf.OCSPStaple = a.says(t, leaf, ocsp.Good, 0)
	leaf.Certificate = leaf.Certificate[:1]
	target := a.serve(t, newest(leaf), func(http.ResponseWriter, *http.Request) {
		t.Error("a stranger's responder was asked")
	})
	target.Roots = x509.NewCertPool()
	got := read(t, target, map[string]any{"ocsp": true}, "certificate", "stapled", "ocsp")
	want := []string{"443 certificate=unknown authority", "443 stapled=unverified", "443 ocsp=not asked"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("readings (-want +got):\n%s", d)
	}
}

func TestResponders(t *testing.T) {
	a := newAuthority(t)
	leaf := a.leaf(t, nil)
	send := func(body []byte) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(body) }
	}
	const asking = "speaking TLS at port 443: asking the authority at ca.example.test:8080: "
	for name, tt := range map[string]struct {
		responder http.HandlerFunc
		want, err string
	}{
		"revoked":       {send(a.says(t, leaf, ocsp.Revoked, 0)), "443 ocsp=revoked", ""},
		"unknown":       {send(a.says(t, leaf, ocsp.Unknown, 0)), "443 ocsp=unknown", ""},
		"of another":    {send(newAuthority(t).says(t, leaf, ocsp.Good, 0)), "443 ocsp=invalid", ""},
		"a page":        {send([]byte("<html>")), "443 ocsp=invalid", ""},
		"try later":     {send(ocsp.TryLaterErrorResponse), "", asking + "it answers try later"},
		"too much":      {send(make([]byte, 100<<10)), "", asking + "its answer has more than 65536 bytes"},
		"no such page":  {http.NotFound, "", asking + "it answers with HTTP status 404"},
		"another place": {http.RedirectHandler("http://srv.example.test/", http.StatusFound).ServeHTTP, "", asking + "it answers with HTTP status 302"},
	} {
		t.Run(name, func(t *testing.T) {
			target := a.serve(t, newest(leaf), tt.responder)
			readings, err := probetest.Observe(t, kind.Kind, target, map[string]any{"ocsp": true})
			texts := probetest.Texts(readings)
			if tt.want != "" && !slices.Contains(texts, tt.want) || probetest.Words(err) != tt.err {
				t.Errorf("got %q and %v, want %q and %q", texts, err, tt.want, tt.err)
			}
			// That the authority says nothing keeps nothing else from being seen.
			if !slices.Contains(texts, "443 versions=TLS 1.2, TLS 1.3") || errors.Is(err, probes.ErrNoAnswer) {
				t.Errorf("got %q and %v", texts, err)
			}
		})
	}
}

// A server that says nothing to one version leaves open what it takes.
func TestSilentToOneVersion(t *testing.T) {
	a := newAuthority(t)
	config, served := newest(a.leaf(t, nil)), make(chan struct{}, 1)
	target := probetest.Target(probetest.Serve(t, func(c net.Conn) {
		select {
		case served <- struct{}{}:
			_ = tls.Server(c, config).HandshakeContext(t.Context())
		default:
			_, _ = io.Copy(io.Discard, c)
		}
	}))
	target.Roots = a.roots()
	probe, err := kind.Kind.Build(nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	dial, dials := target.Dial, 0
	target.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		if dials++; dials == 2 {
			defer cancel(fmt.Errorf("no result within 3s: %w", context.DeadlineExceeded))
		}
		return dial(context.WithoutCancel(ctx), network, address)
	}
	readings, err := probe.Observe(ctx, target)
	if want := "speaking TLS at port 443: no result within 3s"; err == nil || err.Error() != want || len(readings) < 10 {
		t.Errorf("got %d readings and %v, want %q", len(readings), err, want)
	}
}

// Why a connection broke is told without its ports, which are others each time.
func TestResetWithinTheHandshake(t *testing.T) {
	target := probetest.Target(probetest.Serve(t, func(c net.Conn) {
		_, _ = c.Read(make([]byte, 4096))
		_ = c.(*net.TCPConn).SetLinger(0)
	}))
	want := []string{"443 state=tls failed", "443 reason=read: connection reset by peer"}
	if d := cmp.Diff(want, read(t, target, nil, "state", "reason")); d != "" && runtime.GOOS != "windows" {
		t.Errorf("readings (-want +got):\n%s", d)
	}
}
