package auth

import (
	"context"
	"errors"
	"fmt"
	"net"

	"postpatch/probes/host"
)

// maxBindings is far above the name of a binding and the longest hash.
const maxBindings = 1 << 10

var errBindings = errors.New("preparing the proof: the channel bindings are too long")

// Options say how an account is proved.
type Options struct {
	// Method is "kerberos", "ntlm" or "negotiate", which is the default: Kerberos,
	// and NTLM where Kerberos cannot be had.
	Method     string
	Credential host.Credential
	// Krb5Conf is the text of a krb5.conf. Without it the realm is the user's and
	// its KDCs are looked up in the DNS.
	Krb5Conf string
	// Dial connects to KDCs; a net.Dialer does when it is nil.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Logins is shared by the sessions of one run; nil for none to share with.
	Logins *Logins
}

// New readies the proof of an account. It reads the options and asks nobody.
func New(o Options) (Mechanism, error) {
	if isCurrentUser(o.Credential) {
		return newCurrentUser(o.Method)
	}
	switch o.Method {
	case "", "negotiate":
		return newNegotiate(o)
	case "kerberos":
		k, err := newKerberos(o)
		if err != nil {
			return nil, err
		}
		return k, nil
	case "ntlm":
		return newNTLM(o.Credential)
	default:
		return nil, fmt.Errorf("preparing the proof: the method %q is not negotiate, kerberos or ntlm", o.Method)
	}
}
