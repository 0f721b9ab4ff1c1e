package host

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// ErrRefused is wrapped by errors that mean: this very server refused the account,
// now or earlier in the run. It is an observation.
var ErrRefused = errors.New("the account was refused")

// Shown is what became of a password that was shown to a server.
type Shown int

// What becomes of it.
const (
	Unsaid  Shown = iota // nobody said; a directory behind the server may have counted it
	Later                // the server said that it cannot verify anything just now
	Taken                // it is right
	Refused              // it is wrong, as far as the server says
	LetIn                // taken by a server that need not know it, and vouches for nothing
)

// An account counts its wrong passwords wherever they are shown, and is locked at a
// number of its own, which is five in many places.
const (
	mostRefused = 3 // refusals in all, though somebody else has taken the password
	mostUnsaid  = 3 // times without a word, before somebody has
	// fresh is how long a password that was taken is as good as right, so that all that
	// is looked at at once need not queue.
	fresh = 10 * time.Second
	// forgiven is after how long it is shown once more although nobody has said a word: a
	// server that has just started hangs up on all. Many policies count for half an hour, so
	// that is the last time.
	forgiven = 10 * time.Minute
)

// Accounts is what a run has learnt of the passwords that its probes show to
// servers which have a directory verify them. One that was refused before anybody
// took it is shown to nobody any more; one that was taken and is refused later is
// not shown again to who refused it, and after three of them to nobody. Until the
// first has taken a password, it is shown to one server at a time, and some seconds
// after the last has to three, so that three refusals are all. The zero value is ready;
// several goroutines may use it, as long as the run lasts.
type Accounts struct {
	mu  sync.Mutex
	all map[[sha256.Size]byte]*account
}

// account is one user with one password.
type account struct {
	taken    bool
	takenAt  time.Time // when somebody last did
	underWay int
	unsaid   int
	unsaidAt time.Time // the last of them
	refused  []string  // doors
	// elsewhere are doors that refused it and were not given leave here.
	elsewhere []string
	words     map[string]string // with which a door refused it, where that is to be told again
	changed   chan struct{}     // closed as soon as any of it is otherwise
}

// Try asks for leave to show a credential's password to a door, a server's name and
// what it serves: "ex01.corp.example.org: IMAP at port 993". It may have to wait,
// within ctx, for what becomes of it elsewhere. The caller tells by done, once, what
// became of it here. The error wraps ErrRefused where this door refused it before,
// and ErrNotTried where it is not to be shown for what others said, or there is no
// password.
func (a *Accounts) Try(ctx context.Context, c Credential, door string) (done func(Shown), err error) {
	if !c.Current && (c.User == "" || c.Password == (Secret{})) {
		return nil, fmt.Errorf("%w: the entry for %s has no user with a password", ErrNotTried, door)
	}
	if a == nil { // who forgot it does not get to lock accounts
		return nil, fmt.Errorf("%w: nobody remembers the account %s", ErrNotTried, c.Account())
	}
	for ctx.Err() == nil {
		done, changed, err := a.admit(c, door)
		if changed == nil {
			return done, err
		}
		select {
		case <-changed:
		case <-ctx.Done():
		}
	}
	return nil, fmt.Errorf("waiting for another server to take or refuse the account %s: %w: %w",
		c.Account(), ErrNotTried, context.Cause(ctx))
}

// admit is Try without the waiting: it returns what to wait for.
func (a *Accounts) admit(c Credential, door string) (done func(Shown), changed <-chan struct{}, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	known := a.of(c)
	switch {
	case slices.Contains(known.refused, door):
		return nil, nil, fmt.Errorf("%w: %s was refused here earlier in this run, and is not tried again lest it be locked",
			ErrRefused, c.Account())
	case !known.taken && known.refusals() > 0, known.refusals() >= mostRefused:
		by := strings.Join(slices.Concat(known.refused, known.elsewhere), ", ")
		return nil, nil, fmt.Errorf("%w: the account %s was refused by %s, so it is shown to nobody else in this run "+
			"lest it be locked: correct its password", ErrNotTried, c.Account(), by)
	case !known.taken && known.isSilent():
		return nil, nil, fmt.Errorf("%w: the account %s was shown %d times and nobody said what became of it, so it is "+
			"shown to nobody else in this run lest it be locked", ErrNotTried, c.Account(), known.unsaid)
	case !known.taken && known.underWay > 0, !known.isFresh() && known.underWay+known.refusals() >= mostRefused:
		return nil, known.changed, nil
	}
	known.underWay++
	var once sync.Once
	return func(s Shown) { once.Do(func() { a.tell(known, door, s) }) }, nil, nil
}

// isSilent says whether it was shown often enough without a word, now or once more later.
func (a *account) isSilent() bool {
	return a.unsaid > mostUnsaid || a.unsaid == mostUnsaid && time.Since(a.unsaidAt) < forgiven
}

// refusals is how often it was refused, wherever.
func (a *account) refusals() int { return len(a.refused) + len(a.elsewhere) }

// wake has all who wait look again. It is called with the lock held.
func (a *account) wake() {
	close(a.changed)
	a.changed = make(chan struct{})
}

// isFresh says whether somebody has just taken the password, and nobody refused it.
func (a *account) isFresh() bool {
	return a.taken && a.refusals() == 0 && time.Since(a.takenAt) < fresh
}

// of is called with the lock held. What tells accounts apart shows nothing of them.
func (a *Accounts) of(c Credential) *account {
	user := strings.ToLower(c.User)
	name := sha256.Sum256(fmt.Appendf(nil, "%d %s %s", len(user), user, c.Password.Reveal()))
	known := a.all[name]
	if known == nil {
		known = &account{changed: make(chan struct{})}
		if a.all == nil {
			a.all = map[[sha256.Size]byte]*account{}
		}
		a.all[name] = known
	}
	return known
}

func (a *Accounts) tell(known *account, door string, s Shown) {
	a.mu.Lock()
	defer a.mu.Unlock()
	known.underWay--
	switch s {
	case Taken:
		known.taken, known.takenAt = true, time.Now()
	case Refused:
		known.refused = append(known.refused, door)
	case Unsaid:
		known.unsaid++
		known.unsaidAt = time.Now()
	case Later, LetIn:
	}
	known.wake()
}

// Note keeps the words with which a door refused a credential.
func (a *Accounts) Note(c Credential, door, words string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	known := a.of(c)
	if known.words == nil {
		known.words = map[string]string{}
	}
	known.words[door] = words
}

// Noted are the words with which a door refused a credential; "" for none.
func (a *Accounts) Noted(c Credential, door string) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.of(c).words[door]
}
