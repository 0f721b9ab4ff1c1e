//go:build !windows

package auth

import "errors"

// newCurrentUser has no system to ask.
func newCurrentUser(string) (Mechanism, error) {
	return nil, errors.New("preparing the proof: only on Windows can the user who runs this program be proved: " +
		"write a user, and a password, a keytab or a credential cache")
}
