package auth

import "postpatch/probes/host"

// Accounts is the run's memory of passwords that are shown to mail servers and the like. It
// and the trials here tell each other of what is one account of a domain, with the same
// password: what a Windows host or a KDC refuses is shown to no mail server any more, and
// what mail servers refuse counts among the refusals after which no host is tried. That a
// password is right is told in one direction alone: a mail server says so without knowing it.
func (l *Logins) Accounts() *host.Accounts { return l.others }

// Shares says whether both memories know an account as one, so that what one learns the
// other counts.
func Shares(c host.Credential) bool { return isShared(c) }

// isShared says whether an account is the same to whoever a domain verifies it for. A name
// alone may be a host's own.
func isShared(c host.Credential) bool {
	user, err := readAccount(c.User)
	return err == nil && !user.local && user.domain != "" && c.Password.Reveal() != ""
}

// refusals are the doors of mail servers and the like that have refused an account.
func (l *Logins) refusals(c host.Credential) []string {
	if !isShared(c) {
		return nil
	}
	return l.others.Refusals(c)
}

// tell tells the other memory what a logon came to.
func (l *Logins) tell(c host.Credential, hostName string, o Outcome) {
	switch {
	case !isShared(c):
	case o == Accepted:
		l.others.Vouch(c)
	case o == Refused:
		l.others.Refuse(c, hostName+": a logon to Windows")
	}
}
