package winrm

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/masterzen/winrm"
	"github.com/masterzen/winrm/soap"

	"postpatch/probes/host"
)

const (
	// maxBody is what a reply may have. Servers keep to the 512,000 characters
	// that every request names; in UTF-8 that is less than half of this.
	maxBody = 4 << 20
	// maxExchange is how long one reply may take: the longest OperationTimeout
	// that a request names, and time for the way.
	maxExchange = 80 * time.Second
)

// transport sends messages to one host, one after the other over one
// connection. It never falls back to another way and never sends twice.
type transport struct {
	url      string
	user     string
	http     *http.Transport
	tripper  http.RoundTripper
	answered atomic.Bool // the host has sent at least one byte
}

func newTransport(o Options, endpoint string) (*transport, error) {
	t := &transport{url: endpoint, user: o.Credential.User}
	config := &tls.Config{ServerName: o.Host, InsecureSkipVerify: o.Insecure, MinVersion: tls.VersionTLS12}
	if len(o.CA) > 0 {
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(o.CA) {
			return nil, errors.New("reading the CA: no certificate in PEM")
		}
	}
	t.http = &http.Transport{
		DialContext:         t.dialTo(o),
		TLSClientConfig:     config,
		TLSNextProto:        map[string]func(string, *tls.Conn) http.RoundTripper{}, // HTTP/1.1 only
		MaxConnsPerHost:     1,
		MaxIdleConnsPerHost: 1,
		IdleConnTimeout:     time.Minute,
		DisableCompression:  true,
	}
	var err error
	t.tripper, err = authenticate(o, t.http)
	return t, err
}

// dialTo connects to the address, whatever the name in the URL, and marks
// failures: nothing answered there.
func (t *transport) dialTo(o Options) func(context.Context, string, string) (net.Conn, error) {
	dial := o.Dial
	if dial == nil {
		dial = (&net.Dialer{}).DialContext
	}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		if _, port, err := net.SplitHostPort(address); err == nil {
			address = net.JoinHostPort(o.Address, port)
		}
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", host.ErrNoAnswer, err)
		}
		return &heardConn{Conn: conn, heard: &t.answered}, nil
	}
}

// heardConn notes that the other side has said something.
type heardConn struct {
	net.Conn
	heard *atomic.Bool
}

func (c *heardConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 {
		c.heard.Store(true)
	}
	return n, err
}

func (t *transport) close() { t.http.CloseIdleConnections() }

// send posts one envelope and returns the reply's, unless it is a fault.
func (t *transport) send(ctx context.Context, envelope string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, maxExchange)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, t.url, strings.NewReader(envelope))
	if err != nil {
		return "", fmt.Errorf("making a request: %w", err)
	}
	req.Header.Set("Content-Type", "application/soap+xml;charset=UTF-8")
	req.Header.Set("User-Agent", "postpatch")
	start := time.Now()
	resp, err := t.tripper.RoundTrip(req)
	if err != nil {
		return "", t.explain(ctx, err, time.Since(start))
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	if err != nil {
		return "", t.explain(ctx, fmt.Errorf("reading the reply: %w", err), time.Since(start))
	}
	if len(body) > maxBody {
		return "", &Fault{
			Kind: NotWSMan, Status: resp.StatusCode,
			Reason: fmt.Sprintf("the reply is longer than %d bytes", maxBody),
		}
	}
	return t.judge(resp, string(body))
}

// judge honours the status: only 200 carries an answer, and only in SOAP.
func (t *transport) judge(resp *http.Response, body string) (string, error) {
	status := resp.StatusCode
	if status == http.StatusUnauthorized {
		offered := clean(strings.Join(resp.Header.Values("WWW-Authenticate"), ", "))
		return "", &Fault{Kind: AccessDenied, Status: status, Reason: fmt.Sprintf("the user %q was refused: "+
			"check name and password, and that WinRM there takes Basic, which knows local accounts only "+
			"(the server offers %q)", t.user, offered)}
	}
	kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	switch {
	case status == http.StatusRequestEntityTooLarge:
		return "", &Fault{Kind: Quota, Status: status, Reason: "the request is larger than the server takes"}
	case kind != "application/soap+xml":
		return "", &Fault{Kind: NotWSMan, Status: status, Reason: fmt.Sprintf(
			"HTTP %d with %q, want SOAP", status, clean(resp.Header.Get("Content-Type")))}
	case status == http.StatusOK:
		return body, nil
	}
	if fault, ok := errors.AsType[*Fault](readEnvelope(body, nil)); ok {
		fault.Status = status
		return "", fault
	}
	return "", &Fault{Kind: NotWSMan, Status: status, Reason: fmt.Sprintf("HTTP %d without a fault", status)}
}

// told is an error in an operator's words; what the system said is wrapped.
type told struct {
	msg string
	err error
}

func (t *told) Error() string { return t.msg }
func (t *told) Unwrap() error { return t.err }

// explain sorts the ways in which a request ends without a reply.
func (t *transport) explain(ctx context.Context, err error, waited time.Duration) error {
	// The transport may name the closed connection; what ended it was ctx.
	if ended := ctx.Err(); ended != nil && !errors.Is(err, ended) {
		err = fmt.Errorf("%w: %w", ended, err)
	}
	var timeout net.Error
	switch {
	case errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout():
		if !t.answered.Load() {
			err = errors.Join(host.ErrNoAnswer, err)
		}
		return &told{"no answer within " + round(waited).String(), err}
	case errors.Is(err, host.ErrNoAnswer):
		return err
	case hungUp(err):
		return &told{"the host closed the connection", err}
	// net/http has no type for it.
	case strings.Contains(err.Error(), "malformed HTTP"), errors.Is(err, http.ErrSchemeMismatch):
		return &Fault{Kind: NotWSMan, Reason: clean(err.Error())}
	default:
		return err
	}
}

// hungUp says whether the other side ended the connection.
func hungUp(err error) bool {
	for _, end := range []error{
		io.EOF, io.ErrUnexpectedEOF, net.ErrClosed, syscall.ECONNRESET, syscall.EPIPE,
		syscall.Errno(10053), syscall.Errno(10054), // as Windows says it; they mean nothing elsewhere
	} {
		if errors.Is(err, end) {
			return true
		}
	}
	return strings.Contains(err.Error(), "server closed idle connection") // net/http has no type for it either
}

// round leaves of a time what is of interest.
func round(d time.Duration) time.Duration {
	if d > time.Second {
		return d.Round(100 * time.Millisecond)
	}
	return d.Round(time.Millisecond)
}

// bound is a transport for the length of one message: the library's Transporter
// knows no context.
type bound struct {
	ctx       context.Context
	transport *transport
}

var _ winrm.Transporter = bound{}

// Post implements winrm.Transporter.
func (b bound) Post(_ *winrm.Client, m *soap.SoapMessage) (string, error) {
	return b.transport.send(b.ctx, m.String())
}

// Transport implements winrm.Transporter; the endpoint is ours already.
func (bound) Transport(*winrm.Endpoint) error { return nil }
