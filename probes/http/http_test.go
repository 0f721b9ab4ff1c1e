package http_test

import (
	"context"
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

	"postpatch/probes"
	"postpatch/probes/fact"
	probe "postpatch/probes/http"
	"postpatch/probes/probetest"
)

// site serves handler by TLS as srv.example.test and returns a target that
// leads everything to it.
func site(t *testing.T, a *probetest.Authority, handler http.HandlerFunc) probes.Target {
	t.Helper()
	began, ends := time.Now().Add(-time.Hour), time.Now().Add(30*24*time.Hour)
	target := secured(t, a.Issue(t, began, ends, "srv.example.test"), handler)
	target.Roots = a.Roots()
	return target
}

func secured(t *testing.T, certificate tls.Certificate, handler http.HandlerFunc) probes.Target {
	t.Helper()
	s := httptest.NewUnstartedServer(handler)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}}
	s.StartTLS()
	t.Cleanup(s.Close)
	return probetest.Target(s.Listener.Addr().String())
}

func observe(t *testing.T, target probes.Target, args map[string]any) ([]fact.Reading, error) {
	t.Helper()
	return probetest.Observe(t, probe.Kind, target, args)
}

func TestKind(t *testing.T) {
	a := probetest.NewAuthority(t)
	probetest.Run(t, probetest.Suite{
		Kind: probe.Kind,
		Args: map[string]any{"url": []string{"/", "https://srv.example.test/a"}, "match": "hello"},
		Healthy: func(t *testing.T) probes.Target {
			return site(t, a, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") })
		},
	})
}

func TestReadings(t *testing.T) {
	a := probetest.NewAuthority(t)
	var asked []string
	target := site(t, a, func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Method+" "+r.Host+r.URL.String()+" "+r.TLS.ServerName+" "+r.Header.Get("X-Probe"))
		w.Header().Set("Server", "Microsoft-IIS/10.0")
		w.Header().Set("Location", "/owa/auth/logon.aspx?state=random")
		w.WriteHeader(http.StatusFound)
	})
	readings, err := observe(t, target, map[string]any{
		"url": []string{":8443/owa/"}, "headers": map[string]string{"x-probe": "1"},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"state=answered", "status=302", "size=0", "server=Microsoft-IIS/10.0", "location=/owa/auth/logon.aspx",
		"tls=TLS 1.3", "certificate=valid", "cert_days=29", "cert_subject=CN=srv.example.test",
		"cert_issuer=CN=Test Authority", "cert_serial=beef",
	}
	for i := range want {
		want[i] = ":8443/owa/ " + want[i]
	}
	if d := cmp.Diff(want, probetest.Texts(readings, "latency")); d != "" {
		t.Errorf("readings (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]string{"GET srv.example.test:8443/owa/ srv.example.test 1"}, asked); d != "" {
		t.Errorf("requests (-want +got):\n%s", d)
	}
}

// A login page that now leads to an error page is broken, whatever its status.
func TestARedirectElsewhereFails(t *testing.T) {
	spec, _ := probe.Kind.Reading("location")
	logon, broken := fact.Text("/owa/auth/logon.aspx"), fact.Text("/owa/auth/error.aspx")
	if spec.Severity != fact.Fail || spec.Rule.Holds(logon, broken) {
		t.Errorf("a changed location is %+v", spec)
	}
}

func TestCertificates(t *testing.T) {
	a, stranger := probetest.NewAuthority(t), probetest.NewAuthority(t)
	now := time.Now()
	hour := time.Hour
	for want, certificate := range map[string]tls.Certificate{
		"valid":             a.Issue(t, now.Add(-hour), now.Add(hour), "srv.example.test"),
		"expired":           a.Issue(t, now.Add(-2*hour), now.Add(-hour), "srv.example.test"),
		"not yet valid":     a.Issue(t, now.Add(hour), now.Add(2*hour), "srv.example.test"),
		"wrong name":        a.Issue(t, now.Add(-hour), now.Add(hour), "other.example.test"),
		"unknown authority": stranger.Issue(t, now.Add(-hour), now.Add(hour), "srv.example.test"),
	} {
		t.Run(want, func(t *testing.T) {
			target := secured(t, certificate, func(http.ResponseWriter, *http.Request) {})
			target.Roots = a.Roots()
			readings, err := observe(t, target, map[string]any{"url": []string{"/"}})
			if err != nil {
				t.Fatal(err)
			}
			got := probetest.Texts(readings)
			for _, want := range []string{"/ certificate=" + want, "/ status=200"} {
				if !slices.Contains(got, want) {
					t.Errorf("no %q in %q", want, got)
				}
			}
		})
	}
}

func TestNames(t *testing.T) {
	a := probetest.NewAuthority(t)
	var host, sni string
	target := site(t, a, func(_ http.ResponseWriter, r *http.Request) { host, sni = r.Host, r.TLS.ServerName })
	byIP := target
	byIP.Address = "192.0.2.1"
	for name, tt := range map[string]struct {
		target    probes.Target
		args      map[string]any
		host, sni string
	}{
		"the URL's host":         {target, map[string]any{"url": []string{"www.test/x"}}, "www.test", "www.test"},
		"a host with an address": {byIP, map[string]any{"url": []string{"/x"}}, "srv.example.test", "srv.example.test"},
		"another site": {
			byIP, map[string]any{"url": []string{"/"}, "host_header": "mail.test"}, "mail.test", "mail.test",
		},
		"another certificate name": {
			target, map[string]any{"url": []string{"/"}, "server_name": "tls.test"}, "srv.example.test", "tls.test",
		},
		"an IPv6 address": {target, map[string]any{"url": []string{"https://[::1]/"}}, "[::1]", ""},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := observe(t, tt.target, tt.args); err != nil {
				t.Fatal(err)
			}
			if host != tt.host || sni != tt.sni {
				t.Errorf("asked %q by the name of %q, want %q and %q", host, sni, tt.host, tt.sni)
			}
		})
	}
}

func TestRedirects(t *testing.T) {
	a := probetest.NewAuthority(t)
	target := site(t, a, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Host == "other.test":
			_, _ = io.WriteString(w, "other"+r.Header.Get("X-Key"))
		case r.URL.Path == "/self":
			http.Redirect(w, r, "/there", http.StatusMovedPermanently)
		case r.URL.Path == "/there":
			_, _ = io.WriteString(w, "self"+r.Header.Get("X-Key"))
		case r.URL.Path == "/other":
			http.Redirect(w, r, "https://other.test/", http.StatusFound)
		case r.URL.Path == "/loop":
			http.Redirect(w, r, "/loop", http.StatusFound)
		case r.URL.Path == "/odd":
			w.Header().Set("Location", "mailto:x@example.test")
			w.WriteHeader(http.StatusFound)
		}
	})
	for name, tt := range map[string]struct {
		url, match string
		fails      bool
	}{
		"on the site, headers go along":       {"/self", "^self1$", false},
		"to another site, headers stay":       {"/other", "^other$", false},
		"in a circle":                         {"/loop", "", true},
		"to what is no page":                  {"/odd", "", true},
		"by an absolute URL of the same site": {"https://srv.example.test/self", "^self1$", false},
	} {
		t.Run(name, func(t *testing.T) {
			readings, err := observe(t, target, map[string]any{
				"url": []string{tt.url}, "follow": true, "match": tt.match, "headers": map[string]string{"X-Key": "1"},
			})
			if (err != nil) != tt.fails {
				t.Fatalf("error %v", err)
			}
			if !tt.fails && !slices.Contains(probetest.Texts(readings), tt.url+" match=true") {
				t.Errorf("no match in %q", probetest.Texts(readings))
			}
		})
	}
}

func TestBodies(t *testing.T) {
	a := probetest.NewAuthority(t)
	target := site(t, a, func(w http.ResponseWriter, r *http.Request) {
		size := 1024
		if r.URL.Path == "/long" {
			size++
		}
		if r.URL.Path == "/cut" {
			w.Header().Set("Content-Length", "2000")
		}
		_, _ = io.WriteString(w, strings.Repeat("a", size))
	})
	for name, tt := range map[string]struct {
		url, match, want string
		fails            bool
	}{
		"a page that matches":            {"/", "^a+$", "match=true", false},
		"a page that does not":           {"/", "b", "match=false", false},
		"as long as is read":             {"/", "", "size=1024", false},
		"too long, and nothing to match": {"/long", "", "status=200", false},
		"too long to match":              {"/long", "a", "status=200", true},
		"cut off":                        {"/cut", "", "status=200", true},
	} {
		t.Run(name, func(t *testing.T) {
			readings, err := observe(t, target, map[string]any{
				"url": []string{tt.url}, "match": tt.match, "max_body": 1,
			})
			if (err != nil) != tt.fails || errors.Is(err, probes.ErrNoAnswer) {
				t.Errorf("error %v", err)
			}
			if got := probetest.Texts(readings); !slices.Contains(got, tt.url+" "+tt.want) {
				t.Errorf("no %q in %q", tt.want, got)
			}
		})
	}
}

func TestStates(t *testing.T) {
	a := probetest.NewAuthority(t)
	healthy := site(t, a, func(http.ResponseWriter, *http.Request) {})
	ended := probetest.Target(probetest.Serve(t, func(c net.Conn) { _, _ = c.Read(make([]byte, 4096)) }))
	plain := probetest.Target(probetest.Serve(t, func(c net.Conn) { _, _ = io.WriteString(c, "HTTP/1.1 400 no\r\n\r\n") }))
	gone := healthy
	gone.Dial = func(context.Context, string, string) (net.Conn, error) {
		return nil, &net.DNSError{Err: "no such host", Name: "gone.test", IsNotFound: true}
	}
	for name, tt := range map[string]struct {
		target probes.Target
		url    string
		want   string
	}{
		"a server that closes":           {ended, "http://srv.example.test/", "reset"},
		"a server that closes in TLS":    {ended, "https://srv.example.test/", "tls failed"},
		"a server without TLS":           {plain, "/", "tls failed"},
		"a name that does not resolve":   {gone, "/", ""},
		"a TLS server asked without TLS": {healthy, "http://srv.example.test/", "answered"},
	} {
		t.Run(name, func(t *testing.T) {
			readings, err := observe(t, tt.target, map[string]any{"url": []string{tt.url}})
			if tt.want == "" {
				if !errors.Is(err, probes.ErrNoAnswer) {
					t.Errorf("got %v and %v, want no answer", readings, err)
				}
				return
			}
			if got := probetest.Texts(readings); err != nil || !slices.Contains(got, tt.url+" state="+tt.want) {
				t.Errorf("got %q and %v, want %s", got, err, tt.want)
			}
		})
	}
}

func TestParameters(t *testing.T) {
	probetest.Refuses(t, probe.Kind, map[string]map[string]any{
		"no URL":           {"url": []string{" "}},
		"another scheme":   {"url": []string{"gopher://x/"}},
		"a bad port":       {"url": []string{"https://x:99999/"}},
		"no parsable URL":  {"url": []string{"https://x/%zz"}},
		"a password in it": {"url": []string{"https://u:p@x/"}},
		"method":           {"url": []string{"/"}, "method": "POST"},
		"headers":          {"url": []string{"/"}, "headers": map[string]string{"a b": "c"}},
		"headers, host":    {"url": []string{"/"}, "headers": map[string]string{"host": "c"}},
		"match":            {"url": []string{"/"}, "match": "("},
		"match and HEAD":   {"url": []string{"/"}, "match": "a", "method": "HEAD"},
		"max_body":         {"url": []string{"/"}, "max_body": 0},
		"host_header":      {"url": []string{"/"}, "host_header": "a b"},
	})
}

func TestElsewhere(t *testing.T) {
	for url, want := range map[string]bool{"/owa/": false, ":8080/": false, "www.example.org": true, "http://x/": true} {
		p, err := probe.Kind.Build(map[string]any{"url": []string{url}})
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(p.(probes.Aimer).Aims(), "") != ""; got != want {
			t.Errorf("%s: elsewhere %t, want %t", url, got, want)
		}
	}
}
