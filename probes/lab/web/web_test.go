package web_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"math/big"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes/lab/estate"
	"postpatch/probes/lab/web"
)

// authority makes certificates that are their own CA, and counts nothing else.
func authority(t *testing.T) (issue func(estate.TLS) (*tls.Certificate, error), roots *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test CA"}, IsCA: true,
		BasicConstraintsValid: true, NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: time.Now().Add(48 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, ca, ca, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots = x509.NewCertPool()
	roots.AddCert(parsed)
	return func(want estate.TLS) (*tls.Certificate, error) {
		expires := want.Expires
		if expires == 0 {
			expires = 24 * time.Hour
		}
		leaf := &x509.Certificate{
			SerialNumber: big.NewInt(2), DNSNames: want.Names,
			NotBefore: time.Now().Add(-24 * time.Hour), NotAfter: time.Now().Add(expires),
		}
		der, err := x509.CreateCertificate(rand.Reader, leaf, parsed, key.Public(), key)
		if err != nil {
			return nil, err
		}
		return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
	}, roots
}

type lab struct {
	t      *testing.T
	addr   string
	roots  *x509.CertPool
	host   atomic.Pointer[estate.Host]
	server *web.Server
	looked chan struct{} // the server asked how the host is
	onHead func()        // unless nil, called by get when headers came
}

func start(t *testing.T, h estate.Host, port int) *lab {
	t.Helper()
	issue, roots := authority(t)
	l := &lab{t: t, roots: roots, looked: make(chan struct{}, 2)}
	l.host.Store(&h)
	l.server = web.New(func() estate.Host {
		select {
		case l.looked <- struct{}{}:
		default:
		}
		return *l.host.Load()
	}, issue, port)
	ln, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.addr = ln.Addr().String()
	ended := make(chan error, 1)
	go func() { ended <- l.server.Serve(ln) }()
	t.Cleanup(func() {
		_ = l.server.Close()
		if err := <-ended; err != nil {
			t.Errorf("serving: %v", err)
		}
	})
	return l
}

// page is what a client got.
type page struct {
	status int
	header http.Header
	proto  string
}

// get fetches a page as a client that reaches every name at the lab. The page is
// nil when no headers came.
func (l *lab) get(ctx context.Context, url string) (*page, string, error) {
	transport := &http.Transport{
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, l.addr)
		},
		TLSClientConfig:   &tls.Config{RootCAs: l.roots},
		ForceAttemptHTTP2: true,
	}
	defer transport.CloseIdleConnections()
	client := &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, "", err
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, "", err
	}
	if l.onHead != nil {
		l.onHead()
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	return &page{response.StatusCode, response.Header, response.Proto}, string(body), err
}

func (l *lab) set(change func(*estate.Host)) {
	h := *l.host.Load()
	change(&h)
	l.host.Store(&h)
}

func exchange() estate.Host {
	return estate.Host{
		Name:     "ex01.corp.test",
		HTTP:     []estate.Site{{Port: 443, Pages: map[string]estate.Page{"/status": {Body: "fine"}}}},
		Exchange: &estate.Exchange{Down: []string{"ecp"}},
	}
}

func TestPages(t *testing.T) {
	l := start(t, estate.Host{Name: "web01.corp.test", HTTP: []estate.Site{{Port: 80, Pages: map[string]estate.Page{
		"/":       {Body: "<h1>intranet</h1>"},
		"/api":    {Status: 503, Headers: map[string]string{"Retry-After": "30"}, Body: "later"},
		"/nobody": {Status: 204, Body: "not sent"},
	}}}}, 80)
	for path, want := range map[string][3]any{
		"/":             {200, "<h1>intranet</h1>", ""},
		"/API":          {503, "later", "30"},
		"/nobody":       {204, "", ""},
		"/nope":         {404, "404 - File or directory not found.", ""},
		"/owa/":         {404, "404 - File or directory not found.", ""},
		"/api?query=ok": {503, "later", "30"},
	} {
		response, body, err := l.get(t.Context(), "http://any.name.test"+path)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		got := [3]any{response.status, body, response.header.Get("Retry-After")}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
		if got := response.header.Get("Server"); got != "Microsoft-IIS/10.0" {
			t.Errorf("%s: Server is %q", path, got)
		}
	}
}

func TestExchange(t *testing.T) {
	l := start(t, exchange(), 443)
	for path, want := range map[string][3]any{
		"/owa/healthcheck.htm":                         {200, "200 OK<br/>ex01.corp.test", "EX01"},
		"/OWA/HealthCheck.htm":                         {200, "200 OK<br/>ex01.corp.test", "EX01"},
		"/Microsoft-Server-ActiveSync/healthcheck.htm": {200, "200 OK<br/>ex01.corp.test", "EX01"},
		"/ecp/healthcheck.htm":                         {503, "", "EX01"},
		"/ews/exchange.asmx":                           {401, "", "EX01"},
		"/owa/":                                        {302, "", "EX01"},
		"/status":                                      {200, "fine", ""},
		"/healthcheck.htm":                             {404, "404 - File or directory not found.", ""},
	} {
		response, body, err := l.get(t.Context(), "https://ex01.corp.test"+path)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		got := [3]any{response.status, body, response.header.Get("X-FEServer")}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
	}
	l.set(func(h *estate.Host) { h.Exchange = &estate.Exchange{Node: "ex02.corp.test"} })
	response, body, err := l.get(t.Context(), "https://ex01.corp.test/ecp/healthcheck.htm")
	if err != nil || body != "200 OK<br/>ex02.corp.test" || response.header.Get("X-FEServer") != "EX02" {
		t.Errorf("in the next state: %q, %v", body, err)
	}
	if response.proto != "HTTP/2.0" {
		t.Errorf("IIS 10 speaks HTTP/2, this spoke %s", response.proto)
	}
}

func TestExchangeWithoutSite(t *testing.T) {
	h := exchange()
	h.HTTP = nil
	l := start(t, h, 443)
	if _, body, err := l.get(t.Context(), "https://ex01.corp.test/mapi/healthcheck.htm"); err != nil ||
		!strings.HasPrefix(body, "200 OK<br/>") {
		t.Errorf("got %q, %v", body, err)
	}
}

func TestCertificates(t *testing.T) {
	l := start(t, exchange(), 443)
	certificate := func(names []string, expires time.Duration) {
		l.set(func(h *estate.Host) {
			h.Exchange = &estate.Exchange{TLS: &estate.TLS{Names: names, Expires: expires}}
		})
	}
	const url = "https://mail.corp.test/owa/healthcheck.htm"
	certificate([]string{"mail.corp.test"}, 0)
	if _, _, err := l.get(t.Context(), url); err != nil {
		t.Errorf("with its own name: %v", err)
	}
	certificate([]string{"other.corp.test"}, 0)
	var wrongName x509.HostnameError
	if _, _, err := l.get(t.Context(), url); !errors.As(err, &wrongName) {
		t.Errorf("with another name: %v", err)
	}
	certificate([]string{"mail.corp.test"}, -time.Hour)
	var invalid x509.CertificateInvalidError
	if _, _, err := l.get(t.Context(), url); !errors.As(err, &invalid) || invalid.Reason != x509.Expired {
		t.Errorf("expired: %v", err)
	}
	if _, _, err := l.get(t.Context(), "http://mail.corp.test/"); err == nil {
		t.Error("HTTP was answered on the TLS port")
	}
}

func TestFaults(t *testing.T) {
	for _, scheme := range []string{"http", "https"} {
		h := estate.Host{Name: "web01.corp.test", HTTP: []estate.Site{{Port: 8080}}}
		if scheme == "https" {
			h.HTTP[0].TLS = &estate.TLS{}
		}
		l := start(t, h, 8080)
		with := func(fault estate.Fault) (*page, string, error) {
			l.set(func(h *estate.Host) { h.HTTP = []estate.Site{{Port: 8080, TLS: h.HTTP[0].TLS, Fault: fault}} })
			limit := 20 * time.Second
			if fault == estate.Silent { // the only one that is waited for in vain
				limit = 300 * time.Millisecond
			}
			ctx, cancel := context.WithTimeout(t.Context(), limit)
			defer cancel()
			l.onHead = nil
			if fault == web.Stall { // a client that has the head, and no patience for the body
				l.onHead = func() { time.AfterFunc(100*time.Millisecond, cancel) }
			}
			return l.get(ctx, scheme+"://web01.corp.test/")
		}
		if response, _, err := with("silent"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s silent: %v, %v", scheme, response, err)
		}
		if response, _, err := with(web.Stall); !errors.Is(err, context.Canceled) || response == nil {
			t.Errorf("%s stall: %v, %v", scheme, response, err)
		}
		if response, _, err := with("drop"); err == nil || errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s drop: %v, %v", scheme, response, err)
		}
		if response, _, err := with("garbage"); err == nil || errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s garbage: %v, %v", scheme, response, err)
		}
		if response, _, err := with("error"); err != nil || response.status != 500 {
			t.Errorf("%s error: %v, %v", scheme, response, err)
		}
		response, body, err := with("endless")
		if response == nil || response.status != 200 || len(body) < 1<<12 {
			t.Errorf("%s endless: %v, %d bytes, %v", scheme, response, len(body), err)
		}
	}
}

func TestExchangeFaultsBesideASite(t *testing.T) {
	l := start(t, exchange(), 443)
	l.set(func(h *estate.Host) { h.Exchange = &estate.Exchange{Fault: "error"} })
	for path, want := range map[string]int{"/owa/healthcheck.htm": 500, "/status": 200} {
		response, _, err := l.get(t.Context(), "https://ex01.corp.test"+path)
		if err != nil || response.status != want {
			t.Errorf("%s: %v, %v, want %d", path, response, err, want)
		}
	}
	l.set(func(h *estate.Host) { h.Power = "off" })
	if _, _, err := l.get(t.Context(), "https://ex01.corp.test/status"); err == nil {
		t.Error("a host that is off answers")
	}
}

// TestCloseEndsWhoWaits closes a server that thinks for an hour, over HTTP/2 and
// HTTP/1.1; the cleanup of start waits for it.
func TestCloseEndsWhoWaits(t *testing.T) {
	for _, scheme := range []string{"http", "https"} {
		h := estate.Host{Name: "web01.corp.test", Think: time.Hour, HTTP: []estate.Site{{Port: 8080}}}
		if scheme == "https" {
			h.HTTP[0].TLS = &estate.TLS{}
		}
		l := start(t, h, 8080)
		ended := make(chan error, 1)
		go func() {
			_, _, err := l.get(t.Context(), scheme+"://web01.corp.test/")
			ended <- err
		}()
		<-l.looked // for the connection
		<-l.looked // for the request
		_ = l.server.Close()
		if err := <-ended; err == nil {
			t.Errorf("%s: an answer from a closed server", scheme)
		}
	}
}
