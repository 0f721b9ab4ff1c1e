// Package talk is a conversation that the suite writes, or one of a few that are built in:
// what to hear, what to say, and when to go over to TLS.
package talk

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"regexp"
	"time"

	"postpatch/probes/internal/reach"
)

// Limits of what a server may say.
const (
	mostBytes   = 64 << 10 // that wait to be heard
	longestLine = 8 << 10
	mostTotal   = 1 << 20
)

// ErrInjected means that something was said between the server's consent to TLS and TLS
// itself: it would count as said in TLS.
var ErrInjected = errors.New("something was said ahead of TLS")

// excess means that what came is not heard any further: what there is too much of.
type excess string

// Error implements error.
func (e excess) Error() string { return string(e) }

func tooMuch(what string, limit int, unit string) error {
	return excess(fmt.Sprintf("%s %d %s", what, limit, unit))
}

// Conversation is one with one server. It is for one goroutine.
type Conversation struct {
	conn  net.Conn
	heard []byte // and not yet taken
	total int
	tls   *tls.ConnectionState
}

// New begins one over a connection.
func New(conn net.Conn) *Conversation { return &Conversation{conn: conn} }

// TLS is what protects it; nil for nothing.
func (c *Conversation) TLS() *tls.ConnectionState { return c.tls }

// Close ends it.
func (c *Conversation) Close() error { return c.conn.Close() }

// Say sends.
func (c *Conversation) Say(data string) error {
	_, err := io.WriteString(c.conn, data)
	return err
}

// more reads what comes next.
func (c *Conversation) more() error {
	if c.total >= mostTotal {
		return tooMuch("the server says more than", mostTotal, "bytes")
	}
	if len(c.heard) >= mostBytes {
		return tooMuch("what is sought is not within", mostBytes, "bytes")
	}
	if c.conn == nil { // what has been heard is all there is
		return reach.ErrEnded
	}
	chunk := make([]byte, 4<<10)
	n, err := c.conn.Read(chunk)
	c.heard, c.total = append(c.heard, chunk[:n]...), c.total+n
	switch {
	case n > 0:
		return nil
	case errors.Is(err, io.EOF):
		return reach.ErrEnded
	default:
		return err
	}
}

// Line takes the next line, without its end.
func (c *Conversation) Line() (string, error) {
	for {
		if end := bytes.IndexByte(c.heard, '\n'); end >= 0 {
			line := string(bytes.TrimRight(c.heard[:end], "\r"))
			c.heard = c.heard[end+1:]
			return line, nil
		}
		if len(c.heard) > longestLine {
			return "", tooMuch("a line has more than", longestLine, "bytes")
		}
		if err := c.more(); err != nil {
			return "", err
		}
	}
}

// Exactly takes so many bytes.
func (c *Conversation) Exactly(n int) ([]byte, error) {
	for len(c.heard) < n {
		if err := c.more(); err != nil {
			return nil, err
		}
	}
	taken := bytes.Clone(c.heard[:n])
	c.heard = c.heard[n:]
	return taken, nil
}

// find takes all up to the end of what the pattern matches, as soon as it does.
func (c *Conversation) find(pattern *regexp.Regexp) (groups []string, err error) {
	for {
		text := Bytes(c.heard)
		if at := pattern.FindStringSubmatchIndex(text); at != nil {
			groups := pattern.FindStringSubmatch(text)
			c.heard = c.heard[len([]rune(text[:at[1]])):]
			return groups, nil
		}
		if err := c.more(); err != nil {
			return nil, err
		}
	}
}

// Secure starts TLS, whatever the certificate: it is read, and nothing secret is said.
func (c *Conversation) Secure(ctx context.Context, name string) error {
	if len(c.heard) > 0 {
		return ErrInjected
	}
	secured, err := reach.Handshake(ctx, c.conn, name)
	if err != nil {
		return err
	}
	state := secured.ConnectionState()
	c.tls, c.conn = &state, secured
	return nil
}

// Within is ctx with the most of its time, so that there is some left to tell that nothing
// came.
func Within(ctx context.Context) (context.Context, context.CancelFunc) {
	limit := 5 * time.Second
	if end, limited := ctx.Deadline(); limited {
		limit = time.Until(end) * 2 / 3
	}
	return context.WithTimeout(ctx, limit)
}
