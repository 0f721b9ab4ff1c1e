// Package probes is the contract that every kind of check fulfils.
package probes

import (
	"context"
	"crypto/x509"
	"fmt"
	"net"
	"net/netip"

	"postpatch/probes/fact"
	"postpatch/probes/host"
)

// ErrNoAnswer is wrapped by an Observe error that means: nothing at the address
// answered at all. The runner tells by it a dead host from a sick one.
var ErrNoAnswer = host.ErrNoAnswer

// ErrNotTried is wrapped by an Observe error that comes from the runner's own
// side, before anything was sent: no credential, no right to ping. It says
// nothing about the host.
var ErrNotTried = host.ErrNotTried

// Probe observes and judges nothing.
type Probe interface {
	// Observe gathers readings until ctx is done. The error means "could not
	// observe"; a closed port that the probe was asked about is a reading, not
	// an error. Readings returned beside an error are kept as evidence.
	// Readings leave Key.Host and Key.Check empty; the runner fills them in.
	Observe(ctx context.Context, t Target) ([]fact.Reading, error)
}

// Asker is a probe that looks inside a host: the runner puts its questions,
// together with those of all other checks of the host, and hands the answers in
// with the target. So Observe is a pure function from answers to readings.
type Asker interface {
	Questions() []host.Question
}

// Pair is an Asker that has a second view: Outside goes out from the runner while the
// session asks. Observe gives the host's own view alone, and Join makes one of both, in
// which the host's own items end with FromHost.
type Pair interface {
	Asker
	Outside() Probe
	Join(outside, inside []fact.Reading) []fact.Reading
}

// FromHost ends the items of the host's own view where both ask.
const FromHost = " from host"

// Aimer is a probe that may contact something other than the host under test: a
// chosen DNS server, another machine's port. What answers there proves nothing
// about the host.
type Aimer interface {
	// Aims returns the names or addresses that the suite gave; "" stands for the
	// host under test.
	Aims() []string
}

// Later is a probe that is built when it is needed, and then kept by nobody. It observes and
// aims as the one that Now builds.
type Later interface {
	Now() Probe
}

// Chooser is a probe that looks at a part of what its kind can look at.
type Chooser interface {
	// Reports says whether the probe reports a reading of its kind where it can be had.
	Reports(reading string) bool
}

// Target is what a probe is pointed at, made anew for every check.
type Target struct {
	Host    string // the host's name in the suite
	Address string // where it is reached: a name or an IP address, no port
	// Dial connects; "tcp" or "udp" and "host:port". Every probe uses it, so
	// that one place decides how a name and a port are reached.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Credential returns the operator's credential for a use such as "sql".
	Credential func(use string) (host.Credential, error)
	// CredentialAt returns that for another server, to which the suite leads: who is sent
	// there is the operator's word, too. The error wraps ErrNotTried where there is none.
	CredentialAt func(use, name string) (host.Credential, error)
	// Accounts remembers which passwords were refused; LogOn asks it.
	Accounts *host.Accounts
	// Shared is what the probes of the run hold in common; see Common. It may be nil.
	Shared *Shared
	// Resolve returns the address to which an ICMP echo is sent.
	Resolve func(ctx context.Context, name string) (netip.Addr, error)
	// Roots are whom this operator trusts to sign certificates; the system's when
	// nil. A suite cannot choose them.
	Roots *x509.CertPool
	// Answers are the answers to the probe's Questions.
	Answers host.Answers
}

// Read makes a reading of an item; the runner completes its key.
func Read(item, name string, value fact.Value) fact.Reading {
	return fact.Reading{Key: fact.Key{Item: item, Name: name}, Value: value}
}

// FieldError says which parameter of a check is wrong; the suites package finds
// its line and column.
type FieldError struct {
	Field string // the parameter's name in the suite
	Msg   string
}

func (e *FieldError) Error() string { return e.Field + ": " + e.Msg }

// Fieldf makes a FieldError.
func Fieldf(field, format string, args ...any) error {
	return &FieldError{Field: field, Msg: fmt.Sprintf(format, args...)}
}
