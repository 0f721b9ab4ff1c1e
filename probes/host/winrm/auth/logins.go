package auth

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/go-krb5/krb5/messages"
	"github.com/go-krb5/krb5/types"

	"postpatch/probes/host"
	"postpatch/probes/internal/kdc"
)

const (
	// remembered is for how long an error is the answer to everybody: long enough
	// for a batch of hosts, short enough for an operator who mends something.
	remembered = time.Minute
	// margin is what a ticket must still live for to be worth using.
	margin = 30 * time.Second
)

var errClosed = errors.New("the run is over")

// ticket is a ticket and the key that goes with it.
type ticket struct {
	client, server principal
	ticket         messages.Ticket
	key            types.EncryptionKey
	end            time.Time
}

// Logins are the logins of one run, shared by its sessions: with Kerberos an
// account logs in once, not once for each host, and a wrong password is tried
// once; what Try watches over is tried a few times. It may be used by several
// goroutines.
type Logins struct {
	mu      sync.Mutex
	closed  bool
	alone   bool // the run has one host
	fetches map[string]*fetch
	trials  map[string]*trial
	silent  map[string]time.Time // realms whose KDCs did not answer, until when
	answers map[string]time.Time // and when one of them last did
	asks    chan struct{}
	others  *host.Accounts // the run's other memory
	running sync.WaitGroup
}

// fetch is one ticket: on its way while done is open, or here.
type fetch struct {
	done    chan struct{}
	cancel  context.CancelFunc
	waiting int
	ticket  ticket
	err     error
	until   time.Time
}

// NewLogins returns no logins.
func NewLogins() *Logins {
	return &Logins{
		fetches: map[string]*fetch{}, trials: map[string]*trial{}, silent: map[string]time.Time{},
		answers: map[string]time.Time{}, asks: make(chan struct{}, mostAsks), others: &host.Accounts{},
	}
}

// Close ends what is on its way and forgets all tickets, keys and errors.
func (l *Logins) Close() {
	l.mu.Lock()
	l.closed = true
	for _, f := range l.fetches {
		f.cancel()
	}
	for _, t := range l.trials {
		t.wake()
	}
	l.mu.Unlock()
	l.running.Wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	clear(l.fetches)
	clear(l.trials)
	clear(l.silent)
	clear(l.answers)
}

// once returns the ticket of that name, or has it fetched by the first who asks.
// Who waits leaves when ctx ends; when the last one leaves, the fetch ends.
func (l *Logins) once(
	ctx context.Context, name string, get func(context.Context) (ticket, error),
) (ticket, error) {
	if err := ctx.Err(); err != nil {
		return ticket{}, err
	}
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return ticket{}, errClosed
	}
	f := l.fetches[name]
	if f == nil || f.over() {
		f = l.start(ctx, name, get)
	}
	f.waiting++
	l.mu.Unlock()
	select {
	case <-f.done:
		return f.ticket, f.err
	case <-ctx.Done():
		l.leave(name, f)
		return ticket{}, ctx.Err()
	}
}

// start is called with the lock held.
func (l *Logins) start(ctx context.Context, name string, get func(context.Context) (ticket, error)) *fetch {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	f := &fetch{done: make(chan struct{}), cancel: cancel}
	l.fetches[name] = f
	l.running.Go(func() {
		defer cancel()
		f.err = kdc.Guard(func() (err error) { // nobody else could catch a panic here
			f.ticket, err = get(ctx)
			return err
		})
		f.until = f.ticket.end.Add(-margin)
		switch {
		case errors.Is(f.err, ErrAccount):
			f.until = time.Now().AddDate(1, 0, 0) // never again in this run
		case f.err != nil:
			f.until = time.Now().Add(remembered)
		}
		if errors.Is(f.err, context.Canceled) || errors.Is(f.err, errClosed) {
			f.until = time.Time{} // nobody's answer
		}
		close(f.done)
	})
	return f
}

func (l *Logins) leave(name string, f *fetch) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f.waiting--
	if f.waiting > 0 || f.isDone() {
		return
	}
	f.cancel()
	if l.fetches[name] == f { // who comes now begins anew
		delete(l.fetches, name)
	}
}

// forget drops a ticket that is here.
func (l *Logins) forget(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if f := l.fetches[name]; f != nil && f.isDone() {
		delete(l.fetches, name)
	}
}

func (f *fetch) isDone() bool {
	select {
	case <-f.done:
		return true
	default:
		return false
	}
}

// over says whether the fetch has come to an end that is no longer good.
func (f *fetch) over() bool {
	return f.isDone() && !time.Now().Before(f.until)
}

// hush remembers that no KDC of a realm answers, unless one has answered
// somebody else since then.
func (l *Logins) hush(realm string, since time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.answers[realm].After(since) {
		l.silent[realm] = time.Now().Add(remembered)
	}
}

// heard remembers that a KDC of a realm answers.
func (l *Logins) heard(realm string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.answers[realm] = time.Now()
	delete(l.silent, realm)
}

func (l *Logins) isSilent(realm string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return time.Now().Before(l.silent[realm])
}
