package winrm

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"

	"postpatch/probes/host"
	"postpatch/probes/host/winrm/auth"
)

// transport sends messages to one host, one after the other over one
// connection, as one account. It falls back to nothing less than what it was
// opened with.
type transport struct {
	url   *url.URL
	tls   *tls.Config // nil for plain HTTP
	dial  func(ctx context.Context) (net.Conn, error)
	entry entry

	conn     *conn        // nil when there is none
	proof    auth.Context // of this connection; nil when the entry needs none
	pending  []byte       // a token that goes along with the next message
	used     auth.Used
	answered bool               // the host has sent at least one byte, on any connection
	late     bool               // the host takes no message along with the last token
	trial    func(auth.Outcome) // who waits for what becomes of this logon; nil for nobody
	exposed  bool               // the account was shown in this trial
	alone    bool               // the run has no other host
	patience time.Duration      // how long a connection may wait in the middle of a logon
	posted   int                // messages that were sent, to whatever end
	accepted bool               // the host has taken the account, on any connection
	unbound  bool               // the proof is not tied to the TLS below it
	shown    int                // proofs by a password that the host has not taken yet
}

// close ends the connection. The next message opens another.
func (t *transport) close() {
	t.drop()
	t.giveUp()
}

// drop is close without giving up a logon that is under way.
func (t *transport) drop() {
	if t.conn != nil {
		_ = t.conn.Close()
	}
	t.conn, t.proof, t.pending = nil, nil, nil
}

// send posts one envelope and returns the reply's, unless it is a fault. Of
// messages that the host has not carried out for certain, only those that can
// be repeated are sent once more.
func (t *transport) send(ctx context.Context, envelope string) (string, error) {
	start := time.Now()
	for attempt := range 3 {
		fresh := t.conn == nil || t.conn.last
		if err := t.connect(ctx); err != nil {
			t.close()
			return "", t.explain(ctx, err, time.Since(start))
		}
		beside := len(t.pending) > 0 // the message goes beside a proof
		text, err := t.post(ctx, envelope)
		var retry *notDone
		switch {
		case err == nil:
			return text, nil
		case errors.As(err, &retry) && attempt < 2 && (retry.always || !fresh):
			continue
		case attempt == 0 && !beside && hungUp(err) && repeatable(envelope) && ctx.Err() == nil:
			t.close()
			if id := between(envelope, "MessageID>", "<"); id != "" { // Identify has none
				envelope = strings.Replace(envelope, id, messageID(), 1)
			}
			continue
		}
		if !hostSaidSo(err) || t.conn != nil && t.conn.last {
			t.close() // what was not understood also puts seals out of step
		}
		return "", t.explain(ctx, err, time.Since(start))
	}
	return "", errAgain
}

// errAgain is a host that is never content with an account that it has taken.
var errAgain = errors.New("the host asks for the account again and again")

// notDone means that the host has refused to look at a message, which may so be
// sent again.
type notDone struct {
	error
	always bool // on a new connection too
}

func (n *notDone) Unwrap() error { return n.error }

// repeatable says whether a message changes nothing on the host. A host's text
// in it is escaped: its quotes and brackets are none.
func repeatable(envelope string) bool {
	return strings.Contains(envelope, `">`+actEnum+"<") || strings.Contains(envelope, `="`+nsIdentity+`"`)
}

// connect makes sure that there is a connection on which the account is proved.
func (t *transport) connect(ctx context.Context) error {
	if t.conn != nil && !t.conn.last {
		return nil
	}
	t.close()
	for {
		if err := t.open(ctx); err != nil {
			return err
		}
		if err := t.prove(ctx); !errors.Is(err, errStale) {
			return err
		}
		t.drop()
	}
}

// open makes a connection.
func (t *transport) open(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, maxExchange)
	defer cancel()
	c, err := dialConn(ctx, t.dial, t.tls)
	if c != nil {
		t.answered = t.answered || c.heard
	}
	if err != nil {
		return err
	}
	t.conn = c
	return nil
}

// do sends one request over the connection.
func (t *transport) do(ctx context.Context, contentType string, body []byte, authorization string) (*reply, error) {
	req := request(ctx, t.url, contentType, body)
	if authorization != "" {
		req.Header.Set("Authorization", authorization)
	}
	got, err := t.conn.exchange(ctx, req)
	t.answered = t.answered || t.conn.heard
	return got, err
}

// post sends one envelope over the connection that is there.
func (t *transport) post(ctx context.Context, envelope string) (string, error) {
	body, contentType := []byte(envelope), soapType
	if t.seals() {
		signature, sealed, err := t.proof.Seal(body)
		if err != nil {
			return "", fmt.Errorf("sealing a message: %w", err)
		}
		body, contentType = wrapSealed(len(body), signature, sealed), sealedType
	}
	first := len(t.pending) > 0
	authorization := t.entry.header.Reveal()
	if first {
		authorization = "Negotiate " + base64.StdEncoding.EncodeToString(t.pending)
		t.pending = nil
	}
	t.posted++
	t.showing()
	got, err := t.do(ctx, contentType, body, authorization)
	if err != nil {
		return "", err
	}
	if t.proof != nil && got.status == http.StatusUnauthorized && !first {
		// The host has forgotten the connection's account, as Kerberos' hosts do
		// after some seconds of silence, or has never taken it. It has not looked
		// at the message.
		t.settle(auth.Refused)
		t.close()
		return "", &notDone{error: t.refused(got)}
	}
	if first && t.seals() && refusesEarlyBody(got) {
		t.close()
		t.late = true
		return "", &notDone{error: fmt.Errorf("HTTP %d to a message beside a token", got.status), always: true}
	}
	text, err := t.judge(got, between(envelope, "MessageID>", "<"))
	t.accepted = t.accepted || err == nil || hostSaidSo(err)
	t.settle(outcomeOf(got.status, err))
	return text, err
}

// mayHaveDone says whether the host may have carried out a message that ended in
// err, when so many were posted before it.
func (t *transport) mayHaveDone(before int, err error) bool {
	switch {
	case t.posted == before, isKind(err, AccessDenied):
		return false
	case isKind(err, TimedOut): // the operation goes on
		return true
	default:
		return !hostSaidSo(err)
	}
}

// refusesEarlyBody says whether a reply means that a message beside the last
// token of a proof was not looked at. 401 does not: it is how a wrong password
// is told, and trying again would count as a second one. What is sealed comes
// from who has looked.
func refusesEarlyBody(got *reply) bool {
	if strings.HasPrefix(got.header.Get("Content-Type"), "multipart/") {
		return false
	}
	switch got.status {
	case http.StatusBadRequest, http.StatusLengthRequired, http.StatusUnsupportedMediaType, http.StatusNotImplemented:
		return true
	}
	return false
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
	// The socket may name its own deadline; what ended it was ctx.
	if ended := ctx.Err(); ended != nil && !errors.Is(err, ended) {
		err = fmt.Errorf("%w: %w", ended, err)
	}
	var timeout net.Error
	switch {
	case errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, auth.ErrNoKDC) && !t.answered: // a dead KDC is no dead host, nor a live one
		return &told{err.Error(), errors.Join(host.ErrNotTried, err)}
	case isFault(err), errors.Is(err, auth.ErrAccount), errors.Is(err, auth.ErrNoKDC), errors.Is(err, errWaited):
		return err
	case errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout():
		if !errors.Is(err, context.DeadlineExceeded) {
			err = fmt.Errorf("%w: %w", context.DeadlineExceeded, err)
		}
		if !t.answered {
			err = errors.Join(host.ErrNoAnswer, err)
		}
		return &told{"no answer within " + round(waited).String(), err}
	case errors.Is(err, host.ErrNoAnswer):
		return err
	case errors.Is(err, errTooLong):
		return &Fault{Kind: NotWSMan, Reason: err.Error()}
	case hungUp(err):
		return &told{"the host closed the connection", err}
	// net/http has no type for it.
	case strings.Contains(err.Error(), "malformed HTTP"), errors.Is(err, errUninvited):
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
	return false
}

// round leaves of a time what is of interest.
func round(d time.Duration) time.Duration {
	if d > time.Second {
		return d.Round(100 * time.Millisecond)
	}
	return d.Round(time.Millisecond)
}
