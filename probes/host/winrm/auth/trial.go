package auth

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"postpatch/probes/host"
)

// The lockout guard. A domain counts the wrong passwords of all its hosts together
// and locks the account at a number of its own, which is ten in Microsoft's
// baseline and five in many places. So an account and its password are on trial
// until a host has taken them, which a reply to a message shows and nothing less:
// what answers HTTP 200 to a proof by itself may know neither, and one such thing
// must not vouch for what the other hosts are shown. Until then three hosts at a
// time are shown the password, of which those that refuse it keep their places.
// Who ends without a word gives the place back, but counts among the nine that
// may see the password in all; who answers 200 does not even count, because
// Windows then has taken it, and a message that is slow after a reboot would keep
// all others waiting.
const (
	mostRefused = 3 // refusals, and logons under way that may become some
	// mostShown is larger, because a host that hangs is common after a reboot and
	// most often has counted nothing, and still below ten: a domain controller that
	// is slow has counted all of them.
	mostShown = 9
)

// Outcome is what a logon came to.
type Outcome int

// The outcomes of a logon.
const (
	Unknown  Outcome = iota // the account was not shown
	Passed                  // it seems to be taken, and there is an outcome to come that shows it
	Accepted                // the account was taken
	Refused                 // the host, or a domain controller behind it, refused the account
	Silent                  // the account was shown, and nobody said what became of it
)

// trial is one account of a domain with one password, as long as nobody knows
// whether it is right.
type trial struct {
	accepted  bool
	underWay  int
	refusedBy []string      // hosts, one for each refusal
	silent    []string      // hosts, one for each logon without a word
	changed   chan struct{} // closed as soon as any of it is otherwise
}

// Try asks for leave to show an account to a host that will have it verified by
// its domain, which counts wrong passwords, as NTLM and Basic do. Until one host
// has taken the account, who comes may have to wait, within ctx, for what becomes
// of other logons. After three refusals, or nine logons without a word, refusals
// among them, nobody tries any more: the error wraps ErrAccount and names the
// hosts.
//
// The caller tells what came of its own by done; what it says after an outcome
// other than Passed does not count. Until then others may be waiting. It is nil
// when nobody wants to know: the account was taken before, or is each host's own
// (`.\user`), and so locked there alone.
func (l *Logins) Try(ctx context.Context, c host.Credential, hostName string) (done func(Outcome), err error) {
	name := trialOf(c)
	if name == "" {
		return nil, ctx.Err()
	}
	for ctx.Err() == nil {
		done, changed, err := l.admit(name, c, hostName)
		if changed == nil {
			return done, err
		}
		select {
		case <-changed:
		case <-ctx.Done():
		}
	}
	return nil, fmt.Errorf("waiting for the first hosts to take or refuse the account: %w", ctx.Err())
}

// admit is Try without the waiting: it returns what to wait for.
func (l *Logins) admit(name string, c host.Credential, hostName string) (
	done func(Outcome), changed <-chan struct{}, err error,
) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil, nil, errClosed
	}
	t := l.trial(name)
	refusedBy := slices.Concat(t.refusedBy, l.refusals(c))
	ended := len(refusedBy) + len(t.silent)
	switch {
	case t.accepted:
		return nil, nil, nil
	case len(refusedBy) >= mostRefused, ended >= mostShown:
		return nil, nil, t.refusal(c.User, refusedBy)
	case t.underWay+len(refusedBy) >= mostRefused, t.underWay+ended >= mostShown:
		return nil, t.changed, nil
	}
	t.underWay++
	holds, told := true, false // its place; and what became of it
	return func(o Outcome) {
		l.mu.Lock()
		defer l.mu.Unlock()
		if told {
			return
		}
		switch {
		case o == Accepted:
			t.accepted = true
		case o == Refused:
			t.refusedBy = append(t.refusedBy, hostName)
		case o == Silent && holds:
			t.silent = append(t.silent, hostName)
		}
		if holds {
			t.underWay--
		}
		l.tell(c, hostName, o)
		holds, told = false, o != Passed
		t.wake()
	}, nil, nil
}

// Expect says how many hosts the run has, before it begins. Where there is one
// alone, nobody waits for what becomes of its logon.
func (l *Logins) Expect(hosts int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.alone = hosts == 1
}

// Alone says whether the run has a single host.
func (l *Logins) Alone() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.alone
}

// vouch says that an account's password is known to be right.
func (l *Logins) vouch(name string, c host.Credential) {
	if name == "" {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	t := l.trial(name)
	t.accepted = true
	t.wake()
	l.tell(c, "", Accepted)
}

// trial is called with the lock held, as is all of a trial's own.
func (l *Logins) trial(name string) *trial {
	t := l.trials[name]
	if t == nil {
		t = &trial{changed: make(chan struct{})}
		l.trials[name] = t
	}
	return t
}

// wake has all who wait look again.
func (t *trial) wake() {
	close(t.changed)
	t.changed = make(chan struct{})
}

// refusal says why the account is shown to nobody any more.
func (t *trial) refusal(user string, refusedBy []string) error {
	r := &refusal{
		what: fmt.Sprintf("the account %q was refused %d times, by %s, and taken by no host, so it is tried on no other "+
			"host lest it be locked", user, len(refusedBy), listed(refusedBy)),
		way: "correct its password, or leave these hosts out if they alone refuse it",
		is:  ErrAccount,
	}
	if len(refusedBy) < mostRefused {
		r.what = fmt.Sprintf("the account %q was shown %d times and taken by no host, and %s said nothing to it, so it is "+
			"tried on no other host lest it be locked", user, len(refusedBy)+len(t.silent), listed(t.silent))
		r.way = "look at the logons there, and at the domain controllers, or leave these hosts out if they alone are silent"
	}
	if a, err := readAccount(user); err == nil && a.domain == "" {
		r.way += "; if it is each host's own, write `.\\" + a.name +
			"`: a host that lacks it asks its domain for the name alone"
	}
	return r
}

// listed writes hosts' names, each once.
func listed(hosts []string) string {
	var names []string
	for _, name := range hosts {
		names = append(names, fmt.Sprintf("%q", name))
	}
	slices.Sort(names)
	names = slices.Compact(names)
	last := len(names) - 1
	if last < 1 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:last], ", ") + " and " + names[last]
}

// trialOf names the trial of a credential, and shows nothing of it; it is empty
// for what no domain counts. That is `.\user` alone: a host that has no `user` of
// its own asks its domain for one (Microsoft's KB 163632), and in `NAME\user` a
// host's name looks like a domain's. An account that is written in two ways has
// two trials, and so has one with two passwords: that one is wrong says nothing
// about the other.
func trialOf(c host.Credential) string {
	user, err := readAccount(c.User)
	password := c.Password.Reveal()
	if err != nil || user.local || user.name == "" || password == "" {
		return ""
	}
	name := strings.ToLower(c.User)
	return fmt.Sprintf("%x", sha256.Sum256(fmt.Appendf(nil, "%d %s %s", len(name), name, password)))
}
