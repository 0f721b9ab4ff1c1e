package reach

import (
	"fmt"
	"strings"

	"postpatch/probes"
	"postpatch/probes/host"
)

// Led says whether it is the suite alone that leads an account to where a check points: the
// host's address is not its name, or the check has an address of its own, elsewhere, for
// which no entry of the credentials file is by name. The account is for the name; unless
// something proves that it is there, a stranger's suite would have it shown to a stranger.
func Led(t probes.Target, elsewhere string, c host.Credential) bool {
	return !strings.EqualFold(Address(t, elsewhere), t.Host) && (elsewhere == "" || !c.Named)
}

// Elsewhere is the target with the account of the server to which a check's own address
// leads: that one's own entry counts. Without an address it is the target itself.
func Elsewhere(t probes.Target, address string) probes.Target {
	if address == "" {
		return t
	}
	t.Host = address
	at := t.CredentialAt
	t.Credential = func(use string) (host.Credential, error) {
		if at == nil {
			return host.Credential{}, fmt.Errorf("%w: no account is known for %s", probes.ErrNotTried, address)
		}
		return at(use, address)
	}
	return t
}

// Astray is an error of an account that goes nowhere by NTLM where the suite leads: why,
// nil for nothing else, and what the operator can do. By is how the server could prove itself.
func Astray(why error, to, by string) error {
	if why == nil {
		why = probes.ErrNotTried
	} else {
		why = fmt.Errorf("%w: %w", probes.ErrNotTried, why)
	}
	return fmt.Errorf("%w (the suite leads this account to %q, where NTLM would show a proof of its password to whatever "+
		"is there: %s, or lead the host there yourself, by --connect-to and not by the suite)", why, to, by)
}
