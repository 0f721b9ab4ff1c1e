package suites

import (
	"slices"
	"strings"
)

const ownFileHint = "who enters a host stands in the operator's own file alone: postpatch explain credentials"

// namesSecret reports a key behind which one would write a secret.
func namesSecret(key string) bool {
	return slices.Contains([]string{
		"password", "passwd", "pwd", "passphrase", "secret", "secrets", "token", "credential", "credentials", "keytab",
		"ccache",
	}, strings.ToLower(key))
}

// namesCredential reports a key by which a suite or a plan would choose as whom
// a host is entered.
func namesCredential(key string) bool {
	return namesSecret(key) || slices.Contains([]string{
		"user", "username", "auth", "certificate", "current_user", "winrm", "ssh", "transport", "managed_identity",
		"workload_identity",
	}, strings.ToLower(key))
}

// hush keeps all lines of a file out of its problems when one of them may hold a
// secret: a problem shows the line above its own, too.
func (ps *problems) hush() {
	files := map[string]bool{}
	for _, p := range ps.list {
		files[p.File] = files[p.File] || p.NoExcerpt
	}
	for i := range ps.list {
		ps.list[i].NoExcerpt = files[ps.list[i].File]
	}
}
