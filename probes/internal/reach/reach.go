// Package reach holds what the kinds that go out over the network share: how
// they connect, what became of it, a web request, and a certificate's readings.
package reach

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"postpatch/probes"
	"postpatch/probes/fact"
)

// ErrRefused marks what the system does not call a refusal and is one.
var ErrRefused = errors.New("refused")

// errTLS marks an error of the TLS handshake.
var errTLS = errors.New("starting TLS")

// What became of an attempt.
const (
	Refused     = "refused"     // something said that nothing listens there
	Reset       = "reset"       // the connection ended before an answer
	TLSFailed   = "tls failed"  // no TLS session came about
	NoAnswer    = "no answer"   // silence while connecting
	Unreachable = "unreachable" // the network knows no way
)

// Dial connects through the target, and closes the connection when ctx ends. An
// error that means that nothing answered wraps probes.ErrNoAnswer.
func Dial(ctx context.Context, t probes.Target, network, address string) (net.Conn, error) {
	start := time.Now()
	c, err := t.Dial(ctx, network, address)
	switch {
	case err == nil:
	case silent(err) && !errors.Is(ctx.Err(), context.Canceled):
		return nil, unanswered(address, err, time.Since(start))
	default:
		return nil, fmt.Errorf("connecting to %s: %w", address, err)
	}
	return &conn{Conn: c, stop: context.AfterFunc(ctx, func() { _ = c.Close() })}, nil
}

// conn is closed by its context's end or by Close.
type conn struct {
	net.Conn
	stop func() bool
}

// Close implements net.Conn.
func (c *conn) Close() error {
	c.stop()
	return c.Conn.Close()
}

// State is what became of an attempt that failed with err; empty when the error
// tells nothing about the other side.
func State(err error) string {
	var name *net.DNSError
	switch {
	case errors.Is(err, context.Canceled), errors.As(err, &name):
		return ""
	case errors.Is(err, errTLS):
		return TLSFailed
	case is(err, syscall.ECONNREFUSED, 10061), errors.Is(err, ErrRefused):
		return Refused
	case is(err, syscall.ENETUNREACH, 10051), is(err, syscall.EHOSTUNREACH, 10065), is(err, syscall.EHOSTDOWN, 10064):
		return Unreachable
	case is(err, syscall.ECONNRESET, 10054), is(err, syscall.EPIPE, 10053), errors.Is(err, ErrEnded):
		return Reset
	case timedOut(err):
		return NoAnswer
	default:
		return ""
	}
}

// silent says whether an error of dialling means that nothing answered.
func silent(err error) bool {
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		return true
	}
	state := State(err)
	return state == NoAnswer || state == Unreachable
}

// is compares with a POSIX error number and with Winsock's, which Go does not
// translate on Windows and which mean nothing elsewhere.
func is(err error, posix, winsock syscall.Errno) bool {
	var errno syscall.Errno
	return errors.As(err, &errno) && (errno == posix || errno == winsock)
}

func timedOut(err error) bool {
	var timeout net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout()
}

// Address is where a check points: the host itself, unless the suite names
// another address.
func Address(t probes.Target, elsewhere string) string {
	if elsewhere != "" {
		return elsewhere
	}
	return t.Address
}

// Name is what the host calls itself, for certificates and virtual servers: the
// address, unless that is an IP address and the host's name is none.
func Name(t probes.Target) string {
	if _, err := netip.ParseAddr(t.Address); err == nil && t.Host != "" {
		return t.Host
	}
	return t.Address
}

// JoinPort is "host:port".
func JoinPort(address string, port int) string {
	return net.JoinHostPort(strings.Trim(address, "[]"), strconv.Itoa(port))
}

// PortItem names a port as an item: "25", or "mail:25" when it is elsewhere.
func PortItem(elsewhere string, port int) string {
	if elsewhere == "" {
		return strconv.Itoa(port)
	}
	return JoinPort(elsewhere, port)
}

// CheckPorts refuses what is no port.
func CheckPorts(field string, ports ...int) error {
	if len(ports) == 0 {
		return probes.Fieldf(field, "the list is empty")
	}
	for _, port := range ports {
		if port < 1 || port > 65535 {
			return probes.Fieldf(field, "a port is 1 to 65535, got %d", port)
		}
	}
	return nil
}

// Unique drops what comes again in a list.
func Unique[T comparable](items []T) []T {
	seen := make(map[T]bool, len(items))
	unique := make([]T, 0, len(items))
	for _, item := range items {
		if !seen[item] {
			seen[item] = true
			unique = append(unique, item)
		}
	}
	return unique
}

// AtOnce is how many items Each observes at the same time.
const AtOnce = 8

// Each observes every item, a few at a time, and returns the readings in the
// order of the items. The error joins those of the items in one line; it wraps
// probes.ErrNoAnswer only when no item found an answer.
func Each[T any](items []T, observe func(T) ([]fact.Reading, error)) ([]fact.Reading, error) {
	if len(items) == 1 { // it needs no goroutine of its own
		found, err := guarded(items[0], observe)
		return found, joined([]error{err})
	}
	readings := make([][]fact.Reading, len(items))
	failed := make([]error, len(items))
	slots := make(chan struct{}, AtOnce)
	var all sync.WaitGroup
	for i, item := range items {
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			readings[i], failed[i] = guarded(item, observe)
		})
	}
	all.Wait()
	var found []fact.Reading
	answered := false
	for i := range items {
		found = append(found, readings[i]...)
		answered = answered || !errors.Is(failed[i], probes.ErrNoAnswer)
	}
	for i, err := range failed {
		if answered && errors.Is(err, probes.ErrNoAnswer) {
			failed[i] = errors.New(err.Error())
		}
	}
	return found, joined(failed)
}

// guarded observes an item. The runner cannot catch a panic on another goroutine.
func guarded[T any](item T, observe func(T) ([]fact.Reading, error)) (found []fact.Reading, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the probe panicked: %v", p)
		}
	}()
	return observe(item)
}

// Patience is how long one of several transports or connections may take: not all the time there
// is, because silence is what the check may be about.
func Patience(ctx context.Context) time.Duration {
	end, limited := ctx.Deadline()
	if !limited {
		return 5 * time.Second
	}
	return time.Until(end) / 3
}
