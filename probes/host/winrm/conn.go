package winrm

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
	"net/url"
	"strconv"
	"time"

	"postpatch/probes/host"
)

const (
	// maxBody is what a reply may have. Servers keep to the 512,000 characters
	// that every request names; in UTF-8 that is less than half of this.
	maxBody = 4 << 20
	// maxHead is what a reply may have before its body.
	maxHead = 64 << 10
	// maxExchange is how long one reply may take: the longest OperationTimeout
	// that a request names, and time for the way.
	maxExchange = 80 * time.Second
	// maxInterim is how many "100 Continue" may come before a reply.
	maxInterim = 5
)

// errTooLong is a reply with more bytes than any that we ask for.
var errTooLong = fmt.Errorf("the reply is longer than %d bytes, or its head than %d", maxBody, maxHead)

// errUninvited is what a host sends before it was asked.
var errUninvited = errors.New("the host sends what nobody asked for")

// conn is one connection that speaks HTTP/1.1, one request after the other. It
// is not net/http's client, because an account is proved to a connection: which
// of them carries a request, and whether one was sent twice, must be known.
type conn struct {
	net.Conn
	raw      net.Conn // below TLS
	reader   *bufio.Reader
	limit    *io.LimitedReader
	heard    bool   // the other side has sent something
	last     bool   // the host closes after the reply that came
	bindings []byte // what a proof is tied to with TLS
}

// dialConn connects, and shakes hands where there is a configuration for it.
// The connection comes with an error of the handshake too, closed.
func dialConn(ctx context.Context, dial func(context.Context) (net.Conn, error), config *tls.Config) (*conn, error) {
	raw, err := dial(ctx)
	if err != nil {
		return nil, err
	}
	c := &conn{Conn: raw, raw: raw}
	if config != nil {
		heard := &hearing{Conn: raw}
		secure := tls.Client(heard, config)
		err := secure.HandshakeContext(ctx)
		c.Conn, c.heard = secure, heard.heard
		if err != nil {
			_ = raw.Close()
			return c, fmt.Errorf("starting TLS: %w", err)
		}
		if chain := secure.ConnectionState().PeerCertificates; len(chain) > 0 {
			c.bindings = host.EndPoint(chain[0])
		}
	}
	c.limit = &io.LimitedReader{R: c.Conn}
	c.reader = bufio.NewReader(c.limit)
	return c, nil
}

// Close ends the connection without a last word in TLS, which would wait for a
// host that does not read.
func (c *conn) Close() error { return c.raw.Close() }

// hearing notes that the other side has said something.
type hearing struct {
	net.Conn
	heard bool
}

func (h *hearing) Read(p []byte) (int, error) {
	n, err := h.Conn.Read(p)
	h.heard = h.heard || n > 0
	return n, err
}

// reply is a whole answer over HTTP.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// exchange sends a request and reads its reply, within ctx. After an error the
// connection is of no more use.
func (c *conn) exchange(ctx context.Context, req *http.Request) (*reply, error) {
	if err := c.SetDeadline(time.Now().Add(maxExchange)); err != nil {
		return nil, err
	}
	// A context that ends early wakes whoever waits on the socket.
	release := context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) })
	defer func() {
		if !release() {
			c.last = true // its deadline may change under the next exchange
		}
	}()
	if c.reader.Buffered() > 0 {
		return nil, errUninvited
	}
	c.limit.N = maxHead
	sent := req.Write(c.Conn)
	if sent != nil && ctx.Err() != nil {
		return nil, sent
	}
	// A host that refuses a request may do so before it has read it all.
	got, err := c.read(req)
	if err != nil && sent != nil {
		return nil, sent
	}
	return got, err
}

func (c *conn) read(req *http.Request) (*reply, error) {
	if _, err := c.reader.Peek(1); err != nil {
		return nil, err
	}
	c.heard = true
	for range maxInterim {
		resp, err := http.ReadResponse(c.reader, req)
		if err != nil {
			return nil, c.tooLong(err)
		}
		switch {
		case resp.ProtoMajor != 1 || resp.StatusCode < 100:
			return nil, fmt.Errorf("malformed HTTP: %s with status %d", resp.Proto, resp.StatusCode)
		case resp.StatusCode < 200:
			continue
		}
		c.limit.N += maxBody
		var body bytes.Buffer
		// What the host announces is taken at its word up to what it should send.
		body.Grow(int(min(max(0, resp.ContentLength), envelopeSize)) + bytes.MinRead)
		_, err = body.ReadFrom(io.LimitReader(resp.Body, maxBody+1))
		_ = resp.Body.Close()
		if err != nil {
			return nil, c.tooLong(fmt.Errorf("reading the reply: %w", err))
		}
		if body.Len() > maxBody {
			return nil, errTooLong
		}
		c.last = resp.Close || !resp.ProtoAtLeast(1, 1)
		return &reply{status: resp.StatusCode, header: resp.Header, body: body.Bytes()}, nil
	}
	return nil, errors.New("malformed HTTP: interim replies without an end")
}

// tooLong names the cause of a reply that the limit has cut off.
func (c *conn) tooLong(err error) error {
	if c.limit.N <= 0 {
		return errTooLong
	}
	return err
}

// request makes a request with a body, which may be empty.
func request(ctx context.Context, target *url.URL, contentType string, body []byte) *http.Request {
	req := &http.Request{
		Method: http.MethodPost, URL: target, Host: target.Host, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Content-Type": {contentType}, "User-Agent": {"postpatch"}},
		Body:   http.NoBody, ContentLength: int64(len(body)),
	}
	if len(body) > 0 {
		req.Body = io.NopCloser(bytes.NewReader(body))
	} else {
		req.Header.Set("Content-Length", strconv.Itoa(0))
	}
	return req.WithContext(ctx)
}
