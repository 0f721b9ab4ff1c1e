package mailflow

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/internal/mailtalk"
)

// mailbox is where the message is looked for; one for each via.
type mailbox interface {
	// Look says whether the message has come, or a report that it will not, in the
	// report's own words.
	Look() (sight, error)
	// Remove deletes what Look has found, and says how that went.
	Remove() (string, error)
	// Close takes leave.
	Close()
}

// sight is what a mailbox shows of a message.
type sight struct {
	state string // delivered or bounced; empty for nothing
	words string
}

// grace is for cleaning up when the check is over and its message may be there.
const grace = 3 * time.Second

// trip is the way of one message.
type trip struct {
	mailtalk.Record

	probe   probe
	target  probes.Target
	address string
	sign    sign
	sent    atomic.Bool // there may be a message of ours
}

func newTrip(p probe, t probes.Target, address string) *trip {
	return &trip{probe: p, target: t, address: address, sign: newSign(t.Host, cmp.Or(p.From, address))}
}

// run opens the mailbox first: what could not be deleted is not sent.
func (r *trip) run(ctx context.Context) error {
	life, finish := r.outlive(ctx)
	defer finish()
	box, err := r.open(life)
	if err != nil {
		err = cmp.Or(ctx.Err(), err)
		if state, why := mailtalk.StateOf(err); state != "" {
			r.Add("mailbox", fact.Text(state))
			r.Because(why)
			return nil
		}
		return fmt.Errorf("opening the mailbox: %w", err)
	}
	defer box.Close()
	r.Add("mailbox", fact.Text(open))
	r.sent.Store(true)
	accepted := time.Now()
	if err := r.send(ctx); err != nil {
		r.remove(box, sight{}) // it may have got there all the same
		if state, why := connectorState(err); state != "" {
			r.Add("accepted", fact.Text(state))
			r.Because(why)
			return nil
		}
		return fmt.Errorf("sending the message: %w", err)
	}
	r.Add("accepted", fact.Text(ok))
	seen, err := r.await(ctx, box, accepted)
	r.remove(box, seen)
	return err
}

// outlive is a context that ends with ctx or, when a message is under way, a little
// later: so that it can be taken away.
func (r *trip) outlive(ctx context.Context) (life context.Context, finish func()) {
	life, end := context.WithCancel(context.WithoutCancel(ctx))
	var late sync.WaitGroup
	late.Add(1)
	stop := context.AfterFunc(ctx, func() {
		defer late.Done()
		if r.sent.Load() {
			timer := time.NewTimer(grace)
			defer timer.Stop()
			select {
			case <-timer.C:
			case <-life.Done():
			}
		}
		end()
	})
	return life, func() {
		end()
		if stop() {
			late.Done()
		}
		late.Wait()
	}
}

func (r *trip) open(ctx context.Context) (mailbox, error) {
	switch r.probe.Via {
	case viaIMAP:
		return openIMAP(ctx, r)
	case viaEWS:
		return openEWS(ctx, r)
	default:
		return nil, errors.New("no way to read the mailbox")
	}
}

// await looks again and again until the message is there or has taken too long.
func (r *trip) await(ctx context.Context, box mailbox, since time.Time) (sight, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, time.Until(since.Add(r.probe.Limit)), errLate)
	defer cancel()
	for pause := 100 * time.Millisecond; ; pause = min(2*pause, 2*time.Second) {
		seen, err := box.Look()
		switch {
		case err != nil:
			return sight{}, fmt.Errorf("reading the mailbox: %w", err)
		case seen.state != "":
			r.Add("delivery", fact.Text(seen.state))
			r.Because(seen.words)
			if seen.state == delivered {
				r.Add("delivery_time", fact.Duration(time.Since(since)))
			}
			return seen, nil
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
			continue
		case <-ctx.Done():
			timer.Stop()
		}
		if !errors.Is(context.Cause(ctx), errLate) {
			return sight{}, context.Cause(ctx)
		}
		r.Add("delivery", fact.Text("not delivered in "+r.probe.Limit.String()))
		return sight{}, nil
	}
}

var errLate = errors.New("the message took too long")

// remove deletes what has come; after a look for what came meanwhile.
func (r *trip) remove(box mailbox, seen sight) {
	if seen.state == "" {
		if seen, err := box.Look(); err != nil || seen.state == "" {
			return
		}
	}
	how, err := box.Remove()
	if err != nil {
		how = "no: " + mailtalk.Words(err.Error())
	}
	r.Add("removed", fact.Text(how))
}
