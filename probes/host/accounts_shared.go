package host

import (
	"slices"
	"time"
)

// What is learnt of a password by those who do not ask Accounts for leave: the sessions
// with Windows hosts have a guard of their own, which knows what a domain counts.

// Vouch says that a password is known to be right: its domain has taken it, or a host with
// which it has made a key. All who wait go on, whoever refused it before.
func (a *Accounts) Vouch(c Credential) {
	if a == nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	known := a.of(c)
	known.taken, known.takenAt = true, time.Now()
	known.wake()
}

// Refuse says that a password was refused at a door to which it was shown without leave.
func (a *Accounts) Refuse(c Credential, door string) {
	if a == nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	known := a.of(c)
	if !slices.Contains(known.elsewhere, door) {
		known.elsewhere = append(known.elsewhere, door)
	}
	known.wake()
}

// Refusals are the doors that have refused a password, without those of Refuse.
func (a *Accounts) Refusals(c Credential) []string {
	if a == nil {
		return nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.of(c).refused)
}
