package auth

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-krb5/krb5/iana/errorcode"
	"github.com/go-krb5/krb5/messages"
)

// ErrNoKDC is wrapped by errors that mean: no KDC of the account's realm was
// found, or none of them answered, maybe until the caller's context ended, whose
// error is wrapped then too. It says nothing about the host.
var ErrNoKDC = errors.New("no KDC answers")

// refusal is an error that says what is so, and the way out.
type refusal struct {
	what string // a sentence without a full stop
	way  string
	is   error // ErrAccount, ErrNoKDC, that and the end of a context, or nil
}

func (r *refusal) Error() string {
	if r.way == "" {
		return r.what
	}
	return r.what + ": " + r.way
}

func (r *refusal) Unwrap() error { return r.is }

// waitedForKDC words the end of a context in which KDCs were asked, so that the
// host is not taken for silent.
func waitedForKDC(realm string, ended error) error {
	if !errors.Is(ended, context.DeadlineExceeded) {
		return fmt.Errorf("asking the KDC of %s: %w", realm, ended)
	}
	return &refusal{
		fmt.Sprintf("asking the KDC of %s: %v", realm, ended),
		"check the network and the firewall on the way to it", errors.Join(ErrNoKDC, ended),
	}
}

// loginRefused words what a KDC says instead of a first ticket, RFC 4120 7.5.9.
func loginRefused(e messages.KRBError, who principal, secret string) error {
	const unlock = "have it unlocked or enabled, or use another one"
	name := fmt.Sprintf("%q", who.String())
	switch e.ErrorCode {
	case errorcode.KDC_ERR_PREAUTH_FAILED, errorcode.KRB_AP_ERR_BAD_INTEGRITY:
		return wrongSecret(who, secret)
	case errorcode.KDC_ERR_C_PRINCIPAL_UNKNOWN:
		return &refusal{what: "the KDC knows no user " + name, way: "check the name and the realm"}
	case errorcode.KDC_ERR_CLIENT_REVOKED:
		return &refusal{"the account " + name + " is disabled or locked", unlock, ErrAccount}
	case errorcode.KDC_ERR_NAME_EXP:
		return &refusal{"the account " + name + " has expired", unlock, ErrAccount}
	case errorcode.KDC_ERR_POLICY:
		return &refusal{
			"the KDC's policy keeps the account " + name + " from logging in here and now",
			"look at its logon hours and workstations, or use another one", ErrAccount,
		}
	case errorcode.KDC_ERR_KEY_EXPIRED:
		return &refusal{"the password of " + name + " has expired", "change it, or use another account", ErrAccount}
	case errorcode.KDC_ERR_ETYPE_NOSUPP:
		return noAES(who)
	case errorcode.KDC_ERR_WRONG_REALM:
		return &refusal{
			what: fmt.Sprintf("the account %s belongs to the realm %q", name, e.CRealm), way: "write user@realm with it",
		}
	default:
		return kdcRefused(e, "a login of "+name)
	}
}

func noAES(who principal) error {
	return &refusal{
		what: fmt.Sprintf("the KDC has no AES key for %q", who.String()),
		way:  "allow AES for the account (msDS-SupportedEncryptionTypes) and set its password anew",
	}
}

func wrongSecret(who principal, secret string) error {
	way := "correct it before the account is locked"
	if secret == "keytab" {
		way = "the password was changed since, so write a new keytab"
	}
	return &refusal{fmt.Sprintf("the %s of %q is wrong", secret, who.String()), way, ErrAccount}
}

// serviceRefused words what a KDC says instead of a ticket for a service.
func serviceRefused(e messages.KRBError, spn principal) error {
	name := fmt.Sprintf("%q", spn.name.PrincipalNameString())
	switch e.ErrorCode {
	case errorcode.KDC_ERR_S_PRINCIPAL_UNKNOWN:
		return &refusal{
			what: "the KDC knows no service " + name,
			way:  "reach the host by the name that it has in its domain, or write its SPN (setspn -L lists them)",
		}
	case errorcode.KDC_ERR_PRINCIPAL_NOT_UNIQUE:
		return &refusal{
			what: "several accounts hold the service " + name, way: "find them with setspn -X and leave one",
		}
	case errorcode.KDC_ERR_ETYPE_NOSUPP:
		return &refusal{
			what: "the KDC has no AES key for the service " + name,
			way:  "allow AES for the host's account (msDS-SupportedEncryptionTypes)",
		}
	case errorcode.KRB_AP_ERR_TKT_EXPIRED:
		return &refusal{what: "the ticket of the account has expired", way: "get a new one with kinit"}
	default:
		return kdcRefused(e, "a ticket for "+name)
	}
}

// kdcRefused words what a KDC says to either.
func kdcRefused(e messages.KRBError, what string) error {
	if e.ErrorCode == errorcode.KRB_AP_ERR_SKEW || e.ErrorCode == errorcode.KDC_ERR_NEVER_VALID {
		return skewed("the KDC", e.STime)
	}
	return &refusal{what: fmt.Sprintf("the KDC refuses %s with error %d%s", what, e.ErrorCode, said(e))}
}

// said is the text of an error, which may be anything.
func said(e messages.KRBError) string {
	if e.EText == "" {
		return ""
	}
	return fmt.Sprintf(" (%.200q)", e.EText)
}

// skewed says by how much a clock differs from ours.
func skewed(whose string, theirs time.Time) error {
	by := ""
	if off := time.Until(theirs).Round(time.Second); !theirs.IsZero() && off != 0 {
		by = fmt.Sprintf(" by %s, and is %s", off.Abs(), map[bool]string{true: "ahead", false: "behind"}[off > 0])
	}
	return &refusal{
		what: fmt.Sprintf("the clock of %s differs from this computer's%s", whose, by),
		way:  "Kerberos allows five minutes, so set the one that is wrong",
	}
}

// hostRefused words what the host says instead of its part of the proof.
func hostRefused(e messages.KRBError, spn principal) error {
	switch e.ErrorCode {
	case errorcode.KRB_AP_ERR_MODIFIED, errorcode.KRB_AP_ERR_BAD_INTEGRITY, errorcode.KRB_AP_ERR_NOT_US:
		return &refusal{
			what: fmt.Sprintf("the host cannot read the ticket for %q", spn.name.PrincipalNameString()),
			way:  "the SPN belongs to another account than the host's (setspn -Q tells), or the name leads to another host",
		}
	case errorcode.KRB_AP_ERR_SKEW, errorcode.KRB_AP_ERR_TKT_NYV:
		return skewed("the host", e.STime)
	case errorcode.KRB_AP_ERR_TKT_EXPIRED:
		return &refusal{
			what: "the host says that the ticket has expired", way: "check the clocks, or get a new one with kinit",
		}
	case errorcode.KRB_AP_ERR_REPEAT:
		return &refusal{what: "the host says that it has seen this proof before", way: "try again"}
	case errorcode.KRB_AP_ERR_BADKEYVER, errorcode.KRB_AP_ERR_NOKEY:
		return &refusal{
			what: "the host no longer has the key of the ticket", way: "its password was changed, so try again",
		}
	default:
		return &refusal{what: fmt.Sprintf("the host refuses the ticket with error %d%s", e.ErrorCode, said(e))}
	}
}

// Refusal takes an error of this package apart, for who shows both parts by
// themselves: what is so, and the way out, which may be empty. The third result
// is false for an error that has no such parts.
func Refusal(err error) (what, way string, found bool) {
	if r, found := errors.AsType[*refusal](err); found {
		return r.what, r.way, true
	}
	return "", "", false
}
