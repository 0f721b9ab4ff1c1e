package ssh

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	xssh "golang.org/x/crypto/ssh"

	"postpatch/probes/host"
)

const (
	// handshake is how long a host may take to show its key and to take the account, but
	// for what other hosts keep it waiting.
	handshake = time.Minute
	// patience is how long a connection is left waiting in the middle of a logon: sshd
	// hangs up after two minutes (LoginGraceTime), and others sooner.
	patience = 20 * time.Second
	// foreign is how long SSH may be waited for behind a line of something else, which a
	// server may send first (RFC 4253, section 4.2) and hardly any does.
	foreign = 5 * time.Second
	// alive is how often a host that says nothing is asked whether it is there.
	alive = 15 * time.Second
)

// errStale means that the connection has waited too long for leave to go on with.
var errStale = errors.New("the connection has waited too long")

// connect opens the connection and enters, unless that was done.
func (s *Session) connect(ctx context.Context) error {
	if s.client != nil {
		return nil
	}
	e := &entering{options: s.options}
	defer e.settle(host.Unsaid)
	err := s.enter(ctx, e)
	if errors.Is(err, errStale) { // the leave is still there
		err = s.enter(ctx, e)
	}
	return err
}

// enter is one try on a connection of its own.
func (s *Session) enter(ctx context.Context, e *entering) error {
	address := net.JoinHostPort(s.options.Address, strconv.Itoa(s.options.Port))
	raw, err := s.options.Dial(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("%w: %w", host.ErrNoAnswer, err)
	}
	c := &hearing{Conn: raw}
	e.ctx, e.conn, e.why, e.tried, e.now, e.wants = ctx, c, nil, "", time.Now(), s.offers()
	// A context that ends early wakes whoever waits on the socket.
	release := context.AfterFunc(ctx, func() { _ = raw.Close() })
	defer release()
	e.extend()
	client, chans, requests, err := xssh.NewClientConn(c, address, &xssh.ClientConfig{
		Config: config(), User: s.options.Credential.User, ClientVersion: "SSH-2.0-postpatch",
		HostKeyCallback: s.trust.see, HostKeyAlgorithms: s.offers(),
		AuthCallback: e.next, BannerCallback: e.hear,
	})
	e.hangUp()
	if err != nil {
		_ = raw.Close()
		return e.explain(err)
	}
	e.settle(host.Taken)
	_ = raw.SetDeadline(time.Time{})
	if !release() && ctx.Err() != nil {
		_ = client.Close()
		return context.Cause(ctx)
	}
	s.client = xssh.NewClient(client, chans, requests)
	s.how = "SSH by " + e.method + " (host key " + s.trust.took + ")"
	return nil
}

func (s *Session) offers() []string {
	if s.trust.offers != nil {
		return s.trust.offers
	}
	return hostKeyAlgorithms()
}

// extend gives the host its time anew, from now on.
func (e *entering) extend() { _ = e.conn.SetDeadline(time.Now().Add(handshake)) }

// explain says what a handshake that failed means.
func (e *entering) explain(err error) error {
	switch first := e.conn.first(); {
	case e.why != nil: // said by ourselves, in the middle of it
		return e.why
	case e.ctx.Err() != nil:
		return context.Cause(e.ctx)
	case e.tried != "" && strings.Contains(err.Error(), unproved),
		e.tried == byInteractive && !e.shown && strings.Contains(err.Error(), unasked):
		return e.refusal()
	case errors.Is(err, ErrHostKey):
		return withoutPath(err)
	case strings.Contains(err.Error(), "no common algorithm for host key"):
		return fmt.Errorf("%w: it has no key of a kind that is known of it (%s): it may have new keys, or another host "+
			"has its name", ErrHostKey, strings.Join(e.wants, ", "))
	case bytes.HasPrefix(first, []byte("Exceeded MaxStartups")),
		bytes.HasPrefix(first, []byte("Not allowed at this time")):
		return fmt.Errorf("%w: sshd says %q instead of its version (MaxStartups, PerSourcePenalties in its sshd_config)",
			host.ErrBusy, clean(string(first)))
	case len(first) == 0:
		return fmt.Errorf("the host has taken the connection and said nothing: %w", err)
	case !bytes.HasPrefix(first, []byte(version)):
		return fmt.Errorf("no SSH answers there: it began with %q", clean(string(first)))
	case e.shown:
		return fmt.Errorf("logging on as %q: the host has hung up without a word on the %s%s: %w",
			e.options.Credential.User, e.method, e.said(), err)
	}
	return fmt.Errorf("%w%s", err, e.said())
}

// withoutPath leaves out what the library says in front of an error of our own.
func withoutPath(err error) error {
	for inner := errors.Unwrap(err); inner != nil && errors.Is(inner, ErrHostKey); inner = errors.Unwrap(inner) {
		if inner.Error() == ErrHostKey.Error() {
			break
		}
		err = inner
	}
	return err
}

// version is how every version of SSH begins.
const version = "SSH-"

// hearing notes how the other side has begun. The library reads in a goroutine of its own.
type hearing struct {
	net.Conn

	mu    sync.Mutex
	begun [64]byte
	heard int
	odd   bool // it began with a line that is none of SSH's
}

// Read implements net.Conn.
func (h *hearing) Read(p []byte) (int, error) {
	n, err := h.Conn.Read(p)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.heard += copy(h.begun[h.heard:], p[:n])
	if first := h.begun[:h.heard]; !h.odd && len(first) >= len(version) && !bytes.HasPrefix(first, []byte(version)) {
		h.odd = true
		_ = h.SetReadDeadline(time.Now().Add(foreign))
	}
	return n, err
}

// first is the first line, or what there is of it.
func (h *hearing) first() []byte {
	h.mu.Lock()
	defer h.mu.Unlock()
	line, _, _ := bytes.Cut(h.begun[:h.heard], []byte("\n"))
	return bytes.TrimRight(bytes.Clone(line), "\r")
}
