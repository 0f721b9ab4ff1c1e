// Package kerberos answers Kerberos as a Windows domain does: KDC is the domain
// controller's side (RFC 4120, MS-KILE), Service and its Acceptors are a
// server's side of the GSS-API mechanism (RFC 4121). The encryption is that of
// go-krb5; what is read, checked and answered is decided here, and judged by MIT
// Kerberos in the tests.
package kerberos

import (
	"errors"
	"fmt"
	"time"

	"github.com/go-krb5/krb5/iana/errorcode"
)

// skew is how far two clocks may be apart: the default of a domain's policy.
const skew = 5 * time.Minute

// maxMessage is how long a message or token may be, in bytes.
const maxMessage = 64 << 10

// Refusal is why a request or a token was not taken. It travels to the client
// as KRB-ERROR.
type Refusal struct {
	Code int32 // of RFC 4120 7.5.9
	Why  string

	data []byte // e-data
}

// Error implements error.
func (r *Refusal) Error() string {
	if r.Why == "" {
		return errorcode.Lookup(r.Code)
	}
	return errorcode.Lookup(r.Code) + ": " + r.Why
}

func refuse(code int32, format string, args ...any) error {
	return &Refusal{Code: code, Why: fmt.Sprintf(format, args...)}
}

// refusal finds the refusal in an error; what is none is an error of ours.
func refusal(err error) *Refusal {
	if r, ok := errors.AsType[*Refusal](err); ok {
		return r
	}
	return &Refusal{Code: errorcode.KRB_ERR_GENERIC, Why: err.Error()}
}

// guard turns a panic into an error: the decoders below were not written for
// hostile bytes.
func guard(err *error) {
	if r := recover(); r != nil {
		*err = refuse(errorcode.KRB_ERR_GENERIC, "reading a message: %v", r)
	}
}

// clock is a machine's idea of the time; nil is the true time.
type clock func() time.Time

func (c clock) now() time.Time {
	if c == nil {
		return time.Now().UTC()
	}
	return c().UTC()
}

// apart says whether two times differ by more than a domain allows.
func apart(a, b time.Time) bool { return a.Sub(b).Abs() > skew }

// stamp is a time as the wire has it: seconds of KerberosTime and microseconds.
func stamp(t time.Time) (time.Time, int) {
	return t.UTC().Truncate(time.Second), t.Nanosecond() / int(time.Microsecond)
}
