package winrm

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"postpatch/probes/host"
)

// scripted is a host that says what it is given, whatever it is asked.
func scripted(t *testing.T, talk func(net.Conn)) Options {
	t.Helper()
	ln, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			talk(conn)
			_ = conn.Close()
		}
	}()
	t.Cleanup(func() {
		_ = ln.Close()
		<-ended
	})
	return Options{
		Host: "127.0.0.1", Port: ln.Addr().(*net.TCPAddr).Port, AllowPlain: true,
		Credential: host.Credential{User: "u", Password: host.NewSecret("p")},
	}
}

// heard reads one request, up to the end of its body.
func heard(conn net.Conn) {
	buffer, got := make([]byte, 64<<10), ""
	for !strings.Contains(got, "</env:Envelope>") {
		n, err := conn.Read(buffer)
		if err != nil {
			return
		}
		got += string(buffer[:n])
	}
}

func TestRepliesThatNoHostSends(t *testing.T) {
	const ok = "HTTP/1.1 200 OK\r\nContent-Type: application/soap+xml\r\n"
	say := func(text string) func(net.Conn) {
		return func(conn net.Conn) {
			heard(conn)
			_, _ = io.WriteString(conn, text)
		}
	}
	endless := func(begin, piece string) func(net.Conn) {
		return func(conn net.Conn) {
			heard(conn)
			_, err := io.WriteString(conn, begin)
			for piece := strings.Repeat(piece, 1000); err == nil; {
				_, err = io.WriteString(conn, piece)
			}
		}
	}
	for name, c := range map[string]struct {
		talk func(net.Conn)
		want string
	}{
		"a header without an end":     {endless("HTTP/1.1 200 OK\r\n", "X-A: b\r\n"), "no WS-Man: the reply is longer than"},
		"one endless header line":     {endless("HTTP/1.1 200 OK\r\nX: ", "yyyyyyy"), "no WS-Man: the reply is longer than"},
		"an endless chunked body":     {endless(ok+"Transfer-Encoding: chunked\r\n\r\n", "5\r\nabcde\r\n"), "longer than"},
		"a body of 2 GB":              {say(ok + "Content-Length: 2147483648\r\n\r\nabc"), "the host closed the connection"},
		"two lengths":                 {say(ok + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef"), "Content-Length"},
		"a length below nothing":      {say(ok + "Content-Length: -1\r\n\r\n"), "Content-Length"},
		"a body that is cut off":      {say(ok + "Content-Length: 50\r\n\r\nabc"), "the host closed the connection"},
		"interim replies for ever":    {endless("", "HTTP/1.1 100 Continue\r\n\r\n"), "interim replies without an end"},
		"a chunk of a size too large": {say(ok + "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n"), "chunk"},
		"something else than HTTP":    {say("SSH-2.0-OpenSSH_9.2\r\n"), "no WS-Man: malformed HTTP"},
		"nothing at all":              {say(""), "the host closed the connection"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := session(t, scripted(t, c.talk)).Ask(t.Context(), []host.Question{services()})
			if err == nil || !strings.Contains(err.Error(), c.want) || errors.Is(err, host.ErrNoAnswer) {
				t.Errorf("%v, want it to say %q", err, c.want)
			}
			if err != nil && strings.ContainsAny(err.Error(), "\r\n") {
				t.Errorf("several lines: %q", err)
			}
		})
	}
}

func TestInterimRepliesArePassedOver(t *testing.T) {
	c := connTo(t, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
	got, err := c.exchange(t.Context(), toNobody(t))
	if err != nil || got.status != 200 || string(got.body) != "hi" || c.last {
		t.Errorf("%+v, error %v, last %t", got, err, c.last)
	}
}

func TestWhatNobodyAskedForIsRefused(t *testing.T) {
	c := connTo(t, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhiHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
	if _, err := c.exchange(t.Context(), toNobody(t)); err != nil {
		t.Fatal(err)
	}
	if got, err := c.exchange(t.Context(), toNobody(t)); !errors.Is(err, errUninvited) {
		t.Errorf("%+v, error %v, want it refused", got, err)
	}
}

func TestTheLastReplyOfAConnection(t *testing.T) {
	for name, text := range map[string]string{
		"HTTP/1.0":       "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi",
		"it says so":     "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi",
		"without length": "HTTP/1.1 200 OK\r\n\r\nhi",
	} {
		c := connTo(t, text)
		if got, err := c.exchange(t.Context(), toNobody(t)); err != nil || string(got.body) != "hi" || !c.last {
			t.Errorf("%s: %+v, error %v, last %t", name, got, err, c.last)
		}
	}
}

func toNobody(t *testing.T) *http.Request {
	t.Helper()
	o := Options{Host: "h", Port: 1, Auth: Basic, AllowPlain: true, Credential: host.Credential{User: "u"}}
	tr, err := newTransport(o)
	if err != nil {
		t.Fatal(err)
	}
	return request(t.Context(), tr.url, soapType, nil)
}

// connTo is a connection to a host that takes everything and says text.
func connTo(t *testing.T, text string) *conn {
	t.Helper()
	o := scripted(t, func(conn net.Conn) {
		_, _ = io.WriteString(conn, text)
		if half, ok := conn.(*net.TCPConn); ok {
			_ = half.CloseWrite()
		}
		_, _ = io.Copy(io.Discard, conn)
	})
	o, err := o.complete()
	if err != nil {
		t.Fatal(err)
	}
	c, err := dialConn(t.Context(), dialTo(o), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func TestEndPointFollowsTheSignature(t *testing.T) {
	for algorithm, want := range map[x509.SignatureAlgorithm]int{
		x509.MD5WithRSA: 32, x509.SHA1WithRSA: 32, x509.SHA256WithRSA: 32, x509.ECDSAWithSHA256: 32,
		x509.SHA384WithRSAPSS: 48, x509.ECDSAWithSHA512: 64, x509.PureEd25519: 0,
	} {
		got := host.EndPoint(&x509.Certificate{SignatureAlgorithm: algorithm, Raw: []byte("cert")})
		hash, found := bytes.CutPrefix(got, []byte("tls-server-end-point:"))
		if len(hash) != want || found != (want > 0) {
			t.Errorf("%s: %q", algorithm, got)
		}
	}
	got := host.EndPoint(&x509.Certificate{SignatureAlgorithm: x509.SHA256WithRSA, Raw: []byte("abc")})
	const sum = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" // FIPS 180-2, B.1
	if hex.EncodeToString(got[len("tls-server-end-point:"):]) != sum {
		t.Errorf("got %x", got)
	}
}

// TestClosingWaitsForNobody: TLS has a last word, for which it would wait five
// seconds when the host does not read. The bubble's clock shows whether.
func TestClosingWaitsForNobody(t *testing.T) {
	certificate := selfSigned(t, "h")
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		shaken := make(chan error, 1)
		go func() {
			// It shakes hands and reads nothing more.
			shaken <- tls.Server(theirs, &tls.Config{
				Certificates: []tls.Certificate{*certificate}, SessionTicketsDisabled: true,
			}).HandshakeContext(t.Context())
		}()
		c, err := dialConn(t.Context(), func(context.Context) (net.Conn, error) { return ours, nil },
			&tls.Config{InsecureSkipVerify: true})
		if err != nil {
			t.Fatal(err)
		}
		if err := <-shaken; err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			synctest.Wait()
			cancel()
		}()
		start := time.Now()
		target := &url.URL{Scheme: "https", Host: "h"}
		if _, err := c.exchange(ctx, request(ctx, target, soapType, make([]byte, 100<<10))); err == nil {
			t.Error("a host that reads nothing has answered")
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		if waited := time.Since(start); waited > 0 {
			t.Errorf("waited %s", waited)
		}
		_ = theirs.Close()
	})
}

// FuzzReply feeds the bytes of a host to the reader of replies.
func FuzzReply(f *testing.F) {
	f.Add([]byte("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"))
	f.Add([]byte("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 401 X\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		ours, theirs := net.Pipe()
		go func() {
			_, _ = theirs.Write(data)
			_ = theirs.Close()
		}()
		c, err := dialConn(t.Context(), func(context.Context) (net.Conn, error) { return ours, nil }, nil)
		if err != nil {
			t.Fatal(err)
		}
		c.limit.N = maxHead + maxBody
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://h/wsman", nil)
		got, err := c.read(req)
		if err == nil && (got.status < 200 || len(got.body) > len(data)) {
			t.Errorf("%+v", got)
		}
		_ = c.Close()
	})
}
