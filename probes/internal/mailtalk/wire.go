// Package mailtalk is what the mail protocols have in common: a conversation in
// lines that goes over to TLS, to whom a password may be shown, and the way from
// there to the libraries that speak IMAP and SMTP.
package mailtalk

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"time"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/internal/reach"
)

// Limits of what a server may say. The protocols' own are 512 bytes a line, and an
// IMAP server's capabilities may take more.
const (
	longestLine = 8 << 10
	mostLines   = 100
	mostBytes   = 4 << 20
)

// ErrInjected means that the server, or anyone on the way to it, has said something
// between its consent to TLS and TLS itself: it would count as said in TLS.
var ErrInjected = errors.New("something was said ahead of TLS")

// Wire is a conversation in lines with one server. It is for one goroutine.
type Wire struct {
	at   string // "name:port"
	conn net.Conn
	in   *bufio.Reader
	said *limited // below TLS
	tls  *tls.ConnectionState
}

// Dial connects to a server. The connection ends with ctx, or with Close.
func Dial(ctx context.Context, t probes.Target, address string) (*Wire, error) {
	conn, err := reach.Dial(ctx, t, "tcp", address)
	if err != nil {
		return nil, err
	}
	w := &Wire{at: address, said: &limited{Conn: conn}}
	w.Renew()
	w.use(w.said)
	return w, nil
}

// Renew lets the server say as much again as at the start: of a conversation that goes on
// for an hour each question has a limit, and not all of them together.
func (w *Wire) Renew() { w.said.left.Store(mostBytes) }

func (w *Wire) use(conn net.Conn) {
	w.conn, w.in = conn, bufio.NewReaderSize(conn, longestLine)
}

// Close ends the connection.
func (w *Wire) Close() error { return w.conn.Close() }

// LocalAddr is the runner's own address as the server sees it.
func (w *Wire) LocalAddr() net.Addr { return w.conn.LocalAddr() }

// TLS is what protects the conversation; nil for nothing.
func (w *Wire) TLS() *tls.ConnectionState { return w.tls }

// Line reads one line, without its end.
func (w *Wire) Line() (string, error) { return readLine(w.in) }

// readLine reads one that fits into a reader's own memory.
func readLine(in *bufio.Reader) (string, error) {
	line, err := in.ReadSlice('\n')
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
		return "", fmt.Errorf("a line has more than %d bytes", in.Size())
	case errors.Is(err, io.EOF) && len(line) == 0:
		return "", reach.ErrEnded
	case errors.Is(err, io.EOF):
		return "", io.ErrUnexpectedEOF
	case err != nil:
		return "", err
	}
	return strings.TrimRight(string(line), "\r\n"), nil
}

// Reply reads an SMTP server's reply.
func (w *Wire) Reply() (Reply, error) { return readReply(w.in) }

// Send says one line.
func (w *Wire) Send(line string) error {
	verb, _, _ := strings.Cut(line, " ")
	if _, err := io.WriteString(w.conn, line+"\r\n"); err != nil {
		return fmt.Errorf("sending %s: %w", verb, err)
	}
	return nil
}

// Secure starts TLS, whatever the certificate: a password is not shown by that. It
// is ErrInjected when something has been said already.
func (w *Wire) Secure(ctx context.Context, name string) error {
	if w.in.Buffered() > 0 {
		return ErrInjected
	}
	secured, err := reach.Handshake(ctx, w.conn, name)
	if err != nil {
		return err
	}
	state := secured.ConnectionState()
	w.tls = &state
	w.use(secured)
	return nil
}

// Certificate reads the certificate of the server as readings of an item; none
// without TLS.
func (w *Wire) Certificate(item, name string, roots *x509.CertPool) []fact.Reading {
	if w.tls == nil {
		return nil
	}
	return reach.CertificateReadings(item, *w.tls, reach.Trust{Name: name, Roots: roots}, time.Now())
}

// Within ends the conversation unless done is called within d. The libraries set
// deadlines of their own.
func (w *Wire) Within(d time.Duration) (done func() bool) {
	return time.AfterFunc(d, func() { _ = w.conn.Close() }).Stop
}

// Onward is the connection for somebody who wants to hear a greeting first.
func (w *Wire) Onward(greeting string) net.Conn {
	return &onward{Conn: w.conn, in: io.MultiReader(strings.NewReader(greeting+"\r\n"), w.in)}
}

type onward struct {
	net.Conn
	in io.Reader
}

// Read implements net.Conn.
func (o *onward) Read(p []byte) (int, error) { return o.in.Read(p) }

// limited is a connection that gives only so much.
type limited struct {
	net.Conn
	left atomic.Int64
}

// Read implements net.Conn.
func (l *limited) Read(p []byte) (int, error) {
	left := l.left.Load()
	if left <= 0 {
		return 0, fmt.Errorf("the server says more than %d bytes", mostBytes)
	}
	n, err := l.Conn.Read(p[:min(int64(len(p)), left)])
	l.left.Add(int64(-n))
	return n, err
}
