// Package webtalk talks to a web server over TLS, one request after the other on one
// connection, and proves a mailbox' account to it.
package webtalk

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/textproto"
	"strings"
	"time"

	"postpatch/probes"
	"postpatch/probes/internal/reach"
)

const (
	mostHead  = 64 << 10  // bytes of an answer's head
	mostBody  = 512 << 10 // bytes of an answer's body
	mostHints = 5         // informational answers before the real one
	// mostIdle is how long a connection may have lain idle to be logged on with: a server
	// that has closed it meanwhile would look as if it had hung up on the account.
	mostIdle = 2 * time.Second
)

// errTooLong is an answer with more bytes than any that is asked for.
var errTooLong = fmt.Errorf("the answer is longer than %d bytes, or its head than %d", mostBody, mostHead)

// Server is the web server that is talked to.
type Server struct {
	Target  probes.Target
	Address string // "host:port" to dial
	Name    string // what clients call it: in TLS, in the request, and to Kerberos
	Port    int    // in the request, where it is not 443
}

// Request is one request.
type Request struct {
	Method, Path string // the path with its query, escaped
	Header       http.Header
	Body         string
}

// Answer is a whole answer.
type Answer struct {
	Status  int
	Header  http.Header
	Body    []byte
	Latency time.Duration // until its head was there
}

// Talk is a conversation with a server. A logon by NTLM is the connection's, which is
// why it is none of net/http's. It is for one goroutine.
type Talk struct {
	Offered []string // the schemes by which the server let itself be logged on to, once it did

	server Server
	conn   *tls.Conn // nil where a new one is due
	raw    net.Conn
	limit  *io.LimitedReader
	reader *bufio.Reader
	state  *tls.ConnectionState // of the last connection
	spoken time.Time            // when something last came on it
}

// New readies a conversation. It connects when something is asked.
func New(s Server) *Talk { return &Talk{server: s} }

// TLS is the session of the last connection; nil before there is one.
func (t *Talk) TLS() *tls.ConnectionState { return t.state }

// Close ends the conversation without a last word.
func (t *Talk) Close() {
	if t.raw != nil {
		_ = t.raw.Close()
	}
	t.conn, t.raw = nil, nil
}

// Ask asks without an account. It follows no redirection.
func (t *Talk) Ask(ctx context.Context, r Request) (*Answer, error) {
	answer, err := t.ask(ctx, r)
	if err != nil {
		t.Close()
		return nil, reach.Cause(ctx, err)
	}
	return answer, nil
}

func (t *Talk) ask(ctx context.Context, r Request) (*Answer, error) {
	if t.conn == nil {
		if err := t.connect(ctx); err != nil {
			return nil, err
		}
	}
	request, err := t.request(ctx, r)
	if err != nil {
		return nil, err
	}
	if t.reader.Buffered() > 0 {
		return nil, errors.New("the server says something that nobody asked for")
	}
	start := time.Now()
	t.limit.N = mostHead
	sent := request.Write(t.conn) // a server may refuse before it has read everything
	head, err := t.readHead(request)
	switch {
	case err != nil && sent != nil:
		return nil, fmt.Errorf("sending the request: %w", sent)
	case err != nil:
		return nil, fmt.Errorf("reading the answer: %w", t.ended(err))
	}
	defer func() { _ = head.Body.Close() }()
	answer := &Answer{Status: head.StatusCode, Header: head.Header, Latency: time.Since(start)}
	// Chunks, however small, need some bytes more than they carry.
	t.limit.N = 4*mostBody + mostHead
	answer.Body, err = io.ReadAll(io.LimitReader(head.Body, mostBody+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("reading the answer's body: %w", t.ended(err))
	case len(answer.Body) > mostBody:
		return nil, errTooLong
	}
	if t.spoken = time.Now(); head.Close || !head.ProtoAtLeast(1, 1) {
		t.Close()
	}
	return answer, nil
}

// dropIdle gives up a connection that has lain idle for long.
func (t *Talk) dropIdle() {
	if t.conn != nil && time.Since(t.spoken) > mostIdle {
		t.Close()
	}
}

func (t *Talk) connect(ctx context.Context) error {
	raw, err := reach.Dial(ctx, t.server.Target, "tcp", t.server.Address)
	if err != nil {
		return err
	}
	secured, err := reach.Handshake(ctx, raw, t.server.Name)
	if err != nil {
		_ = raw.Close()
		return err
	}
	state := secured.ConnectionState()
	t.raw, t.conn, t.state, t.spoken = raw, secured, &state, time.Now()
	t.limit = &io.LimitedReader{R: secured}
	t.reader = bufio.NewReader(t.limit)
	return nil
}

func (t *Talk) request(ctx context.Context, r Request) (*http.Request, error) {
	host := strings.Trim(t.server.Name, "[]")
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if t.server.Port != reach.DefaultPort("https") {
		host = reach.JoinPort(t.server.Name, t.server.Port)
	}
	request, err := http.NewRequestWithContext(ctx, r.Method, "https://"+host+r.Path, bytes.NewReader([]byte(r.Body)))
	if err != nil {
		return nil, err
	}
	request.Header.Set("User-Agent", "postpatch")
	for name, values := range r.Header {
		request.Header[textproto.CanonicalMIMEHeaderKey(name)] = values
	}
	return request, nil
}

// readHead reads the first answer that is not merely informational.
func (t *Talk) readHead(request *http.Request) (*http.Response, error) {
	for range mostHints {
		r, err := http.ReadResponse(t.reader, request)
		switch {
		case err != nil:
			return nil, err
		case r.StatusCode >= 200 && r.StatusCode < 600:
			return r, nil
		case r.StatusCode >= 600 || r.StatusCode < 100:
			return nil, fmt.Errorf("its status is %d", r.StatusCode)
		}
	}
	return nil, errors.New("too many informational answers")
}

// ended tells a connection closed at once, and an answer that is too long.
func (t *Talk) ended(err error) error {
	switch {
	case t.limit.N <= 0:
		return errTooLong
	case t.limit.N == mostHead && errors.Is(err, io.ErrUnexpectedEOF):
		return reach.ErrEnded
	default:
		return err
	}
}
