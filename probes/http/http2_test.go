package http_test

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"postpatch/probes"
	probe "postpatch/probes/http"
	"postpatch/probes/probetest"
)

// site2 is site with HTTP/2.
func site2(t *testing.T, a *probetest.Authority, handler http.HandlerFunc) probes.Target {
	t.Helper()
	s := httptest.NewUnstartedServer(handler)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.EnableHTTP2 = true
	s.TLS = &tls.Config{Certificates: []tls.Certificate{certificate(t, a)}}
	s.StartTLS()
	t.Cleanup(s.Close)
	target := probetest.Target(s.Listener.Addr().String())
	target.Roots = a.Roots()
	return target
}

func certificate(t *testing.T, a *probetest.Authority) tls.Certificate {
	t.Helper()
	return a.Issue(t, time.Now().Add(-time.Hour), time.Now().Add(30*24*time.Hour), "srv.example.test")
}

func TestHTTP2(t *testing.T) {
	a := probetest.NewAuthority(t)
	probetest.Run(t, probetest.Suite{
		Kind: probe.Kind,
		Args: map[string]any{"url": []string{"/", "https://srv.example.test/a"}, "match": "hello", "http2": true},
		Healthy: func(t *testing.T) probes.Target {
			return site2(t, a, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") })
		},
	})
}

func TestHTTP2Readings(t *testing.T) {
	a := probetest.NewAuthority(t)
	var asked []string
	handler := func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Proto+" "+r.Method+" "+r.Host+r.URL.String()+" "+r.TLS.ServerName+" "+r.Header.Get("X-Probe"))
		if r.URL.Path == "/from" {
			w.Header().Set("Location", "/to?x")
			w.WriteHeader(http.StatusFound)
			return
		}
		_, _ = io.WriteString(w, strings.Repeat("a", 1024))
	}
	for name, tt := range map[string]struct {
		target   probes.Target
		protocol string
		asked    string
	}{
		"a server that speaks it": {site2(t, a, handler), "HTTP/2", "HTTP/2.0"},
		"a server that does not":  {site(t, a, handler), "HTTP/1.1", "HTTP/1.1"},
	} {
		t.Run(name, func(t *testing.T) {
			asked = nil
			readings, err := observe(t, tt.target, map[string]any{
				"url": []string{"/from"}, "http2": true, "follow": true, "headers": map[string]string{"X-Probe": "1"},
				"max_body": 1, "match": "^a+$", "host_header": "www.example.test", "server_name": "srv.example.test",
			})
			got := probetest.Texts(readings)
			for _, want := range []string{
				"/from state=answered", "/from status=200", "/from protocol=" + tt.protocol, "/from size=1024",
				"/from match=true", "/from certificate=valid",
			} {
				if err != nil || !slices.Contains(got, want) {
					t.Errorf("no %q in %q, %v", want, got, err)
				}
			}
			want := []string{
				tt.asked + " GET www.example.test/from srv.example.test 1",
				tt.asked + " GET www.example.test/to?x srv.example.test 1",
			}
			if d := cmp.Diff(want, asked); d != "" {
				t.Errorf("requests (-want +got):\n%s", d)
			}
		})
	}
}

// server2 speaks HTTP/2 by hand: behave is called with each connection on which it
// was negotiated and a request came.
func server2(t *testing.T, a *probetest.Authority, behave func(*tls.Conn, *http2.Framer, uint32)) probes.Target {
	t.Helper()
	own := certificate(t, a)
	target := probetest.Target(probetest.Serve(t, func(c net.Conn) {
		secured := tls.Server(c, &tls.Config{
			Certificates: []tls.Certificate{own}, NextProtos: []string{"h2", "http/1.1"},
		})
		if secured.HandshakeContext(t.Context()) != nil {
			return
		}
		if secured.ConnectionState().NegotiatedProtocol != "h2" {
			if _, err := http.ReadRequest(bufio.NewReader(secured)); err == nil {
				_, _ = io.WriteString(secured, "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n")
			}
			return
		}
		if _, err := io.ReadFull(secured, make([]byte, len(http2.ClientPreface))); err != nil {
			return
		}
		framer := http2.NewFramer(secured, secured)
		_ = framer.WriteSettings()
		for {
			frame, err := framer.ReadFrame()
			if err != nil {
				return
			}
			if headers, is := frame.(*http2.HeadersFrame); is {
				behave(secured, framer, headers.StreamID)
				return
			}
		}
	}))
	target.Roots = a.Roots()
	return target
}

func TestHTTP2ThatTheServerEnds(t *testing.T) {
	a := probetest.NewAuthority(t)
	for name, tt := range map[string]struct {
		behave func(*tls.Conn, *http2.Framer, uint32)
		want   []string // nil for an error
	}{
		"the connection is reset": {func(c *tls.Conn, _ *http2.Framer, _ uint32) {
			_ = c.NetConn().(*net.TCPConn).SetLinger(0)
			_ = c.NetConn().Close()
		}, []string{"/ state=reset"}},
		"the connection is closed": {
			func(c *tls.Conn, _ *http2.Framer, _ uint32) { _ = c.Close() }, []string{"/ state=reset"},
		},
		"it says good-bye": {func(c *tls.Conn, f *http2.Framer, _ uint32) {
			_ = f.WriteGoAway(0, http2.ErrCodeInternal, nil)
			_ = c.Close()
		}, []string{"/ state=reset"}},
		"it says good-bye in good order": {func(c *tls.Conn, f *http2.Framer, _ uint32) {
			_ = f.WriteGoAway(0, http2.ErrCodeNo, nil)
			_, _ = io.Copy(io.Discard, c)
		}, []string{"/ state=reset"}},
		"it says good-bye while the request is under way": {func(c *tls.Conn, f *http2.Framer, stream uint32) {
			_ = f.WriteGoAway(stream, http2.ErrCodeInternal, nil)
			_ = c.Close()
		}, []string{"/ state=reset"}},
		"it wants HTTP/1.1 for all": {func(c *tls.Conn, f *http2.Framer, _ uint32) {
			_ = f.WriteGoAway(0, http2.ErrCodeHTTP11Required, nil)
			_ = c.Close()
		}, []string{"/ state=answered", "/ status=401", "/ protocol=HTTP/1.1"}},
		"the request is reset": {func(c *tls.Conn, f *http2.Framer, stream uint32) {
			_ = f.WriteRSTStream(stream, http2.ErrCodeProtocol)
			_, _ = io.Copy(io.Discard, c)
		}, []string{"/ state=reset"}},
		"it wants HTTP/1.1 for this page": {func(c *tls.Conn, f *http2.Framer, stream uint32) {
			_ = f.WriteRSTStream(stream, http2.ErrCodeHTTP11Required)
			_, _ = io.Copy(io.Discard, c)
		}, []string{"/ state=answered", "/ status=401", "/ protocol=HTTP/1.1"}},
		"its answer makes no sense": {func(c *tls.Conn, f *http2.Framer, stream uint32) {
			_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: []byte("\xff\xff"), EndHeaders: true})
			_, _ = io.Copy(io.Discard, c)
		}, nil},
		"its head is too long": {func(c *tls.Conn, f *http2.Framer, stream uint32) {
			var block bytes.Buffer
			encoder := hpack.NewEncoder(&block)
			_ = encoder.WriteField(hpack.HeaderField{Name: ":status", Value: "200"})
			_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: block.Bytes()})
			for i := range 30 { // 300 kB
				block.Reset()
				_ = encoder.WriteField(hpack.HeaderField{Name: "x", Value: strings.Repeat("a", 10000)})
				_ = f.WriteContinuation(stream, i == 29, block.Bytes())
			}
			_ = f.WriteData(stream, true, nil)
			_, _ = io.Copy(io.Discard, c)
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			readings, err := observe(t, server2(t, a, tt.behave), map[string]any{"url": []string{"/"}, "http2": true})
			if tt.want == nil {
				if err == nil || errors.Is(err, probes.ErrNoAnswer) {
					t.Errorf("got %q, %v", probetest.Texts(readings), err)
				}
				return
			}
			got := probetest.Texts(readings)
			for _, want := range tt.want {
				if err != nil || !slices.Contains(got, want) {
					t.Errorf("no %q in %q, %v", want, got, err)
				}
			}
			if reset := slices.Contains(got, "/ state=reset"); reset && !strings.Contains(strings.Join(got, "\n"), "cause=") {
				t.Errorf("no cause in %q", got)
			}
		})
	}
}
