package reach

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"postpatch/probes"
)

// ErrEnded is a connection that was closed before an answer.
var ErrEnded = errors.New("the connection was closed before an answer")

// Request is one web request over a connection of its own.
type Request struct {
	HTTP    *http.Request // its URL's host is not what is dialled
	Address string        // "host:port" to dial
	Name    string        // to present in TLS
	MaxBody int64         // so much of the body is read
	HTTP2   bool          // whether HTTP/2 is offered in TLS; the server may decline
}

// Response is what came back.
type Response struct {
	Status   int
	Protocol string // "HTTP/1.1", "HTTP/2"
	Header   http.Header
	Body     []byte
	Whole    bool          // the body ended within MaxBody
	Latency  time.Duration // until the head of the answer was there
	TLS      *tls.ConnectionState
}

const (
	mostHead  = 256 << 10 // bytes of the answer's head
	mostHints = 5         // informational answers before the real one
)

// Fetch sends one request and reads one answer: no proxy, no redirects, no
// connection kept, and HTTP/1.1 unless the request wants HTTP/2 and the server
// agrees. When the head was read and the body was not, the response comes beside
// the error.
func Fetch(ctx context.Context, t probes.Target, r Request) (*Response, error) {
	got, err := fetch(ctx, t, r)
	if r.HTTP2 && wantsHTTP1(err) {
		r.HTTP2 = false
		return fetch(ctx, t, r)
	}
	return got, err
}

func fetch(ctx context.Context, t probes.Target, r Request) (*Response, error) {
	start := time.Now()
	c, err := Dial(ctx, t, "tcp", r.Address)
	if err != nil {
		return nil, err
	}
	defer func() { _ = c.Close() }()
	var got Response
	ask := ask1
	if r.HTTP.URL.Scheme == "https" {
		secured, err := Negotiate(ctx, c, r.Name, r.protocols())
		if err != nil {
			return nil, err
		}
		state := secured.ConnectionState()
		got.TLS, c = &state, secured
		if state.NegotiatedProtocol == protocol2 {
			ask = ask2
		}
	}
	head, limit, err := ask(ctx, c, r.HTTP)
	if err != nil {
		return nil, err
	}
	defer func() { _ = head.Body.Close() }()
	got.Latency = time.Since(start)
	got.Status, got.Header, got.Protocol = head.StatusCode, head.Header, head.Proto
	if head.ProtoMajor == 2 {
		got.Protocol = "HTTP/2"
	}
	// Chunks, however small, need some bytes more than they carry.
	limit(8*r.MaxBody + 64<<10)
	got.Body, err = io.ReadAll(io.LimitReader(head.Body, r.MaxBody+1))
	got.Whole = err == nil && int64(len(got.Body)) <= r.MaxBody
	got.Body = got.Body[:min(int64(len(got.Body)), r.MaxBody)]
	if err != nil {
		return &got, fmt.Errorf("reading the answer's body: %w", Cause(ctx, err))
	}
	return &got, nil
}

// ask1 asks by HTTP/1.1. With limit the caller says how many bytes more may come.
func ask1(ctx context.Context, c net.Conn, r *http.Request) (head *http.Response, limit func(int64), err error) {
	r.Close = true
	if err := r.Write(c); err != nil {
		return nil, nil, fmt.Errorf("sending the request: %w", Cause(ctx, err))
	}
	limited := &io.LimitedReader{R: c, N: mostHead}
	head, err = readHead(bufio.NewReader(limited), r)
	if err != nil {
		return nil, nil, fmt.Errorf("reading the answer: %w", Cause(ctx, ended(err, limited)))
	}
	return head, func(n int64) { limited.N = n }, nil
}

// ended tells a connection closed at once from an answer that makes no sense.
func ended(err error, limited *io.LimitedReader) error {
	switch {
	case limited.N == 0:
		return fmt.Errorf("its head has more than %d bytes", mostHead)
	case limited.N == mostHead && errors.Is(err, io.ErrUnexpectedEOF):
		return ErrEnded
	default:
		return err
	}
}

// readHead reads the first answer that is not merely informational.
func readHead(from *bufio.Reader, request *http.Request) (*http.Response, error) {
	for range mostHints {
		r, err := http.ReadResponse(from, request)
		if err != nil {
			return nil, err
		}
		if r.StatusCode >= 200 || r.StatusCode == http.StatusSwitchingProtocols {
			return r, nil
		}
		_ = r.Body.Close()
	}
	return nil, errors.New("too many informational answers")
}

// NewRequest makes a request that has passed the checks of the suite.
func NewRequest(ctx context.Context, method, url string) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, method, url, nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("User-Agent", "postpatch")
	r.Header.Set("Accept", "*/*")
	return r, nil
}

// DefaultPort is the port of a URL's scheme.
func DefaultPort(scheme string) int {
	if scheme == "http" {
		return 80
	}
	return 443
}
