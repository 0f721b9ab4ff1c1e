package runner

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/suites"
)

// sighting is what one check saw.
type sighting struct {
	check    *suites.Check
	readings []fact.Reading
	err      error
	took     time.Duration
	asked    bool // through the session
}

func asker(c *suites.Check) (probes.Asker, bool) {
	a, ok := c.Probe.(probes.Asker)
	return a, ok
}

// elsewhere says whether the check contacted something other than the host.
func (s sighting) elsewhere(h suites.Host) bool {
	a, ok := s.check.Probe.(probes.Aimer)
	return ok && slices.ContainsFunc(a.Aims(), func(aim string) bool {
		return aim != "" && !strings.EqualFold(aim, h.Name) && !strings.EqualFold(aim, h.Address)
	})
}

// answered says whether the sighting proves that something at the host is alive.
func (s sighting) answered() bool {
	if s.err == nil && s.asked {
		return true // whatever it has to say of others
	}
	if s.err != nil {
		return !errors.Is(s.err, probes.ErrNoAnswer) && !errors.Is(s.err, probes.ErrNotTried)
	}
	for _, r := range s.readings {
		spec := specOf(s.check.Kind, r.Key.Name)
		if spec == nil || len(spec.Silence) == 0 {
			continue
		}
		silent := slices.ContainsFunc(spec.Silence, func(v fact.Value) bool { return fact.Equal(v, r.Value) })
		if !silent {
			return true
		}
	}
	return !slices.ContainsFunc(s.check.Kind.Readings, func(r probes.ReadingSpec) bool { return len(r.Silence) > 0 })
}

// Lanes are how many of a host's checks go out from the runner at the same time: more
// than there are protocols that one server speaks, so that none waits for another.
const Lanes = 12

// fromRunner runs the checks that go out from the runner, a few at a time: a
// host under test is not to be stormed.
func fromRunner(ctx context.Context, checks []*suites.Check, o Options, b *budget) []sighting {
	h := b.host
	seen := make([]sighting, len(checks))
	slots := make(chan struct{}, Lanes)
	var all sync.WaitGroup
	for i, c := range checks {
		slots <- struct{}{}
		if why := cut(ctx); why != nil {
			seen[i] = sighting{check: c, err: fmt.Errorf("not asked: %w", why)}
			<-slots
			continue
		}
		all.Go(func() {
			defer func() { <-slots }()
			seen[i] = inTime(ctx, func() sighting { return observe(ctx, h, c, target(h, o)) }, func(why error) sighting {
				return sighting{check: c, err: fmt.Errorf("checking %s: %w", c.ID, why), took: limitOf(c)}
			})
			b.note(seen[i])
		})
	}
	all.Wait()
	return seen
}

func target(h suites.Host, o Options) probes.Target {
	at := func(use, name string) (host.Credential, error) {
		c, err := o.Credential(name, use)
		if err != nil {
			return c, fmt.Errorf("%w: %w", probes.ErrNotTried, err)
		}
		return c, nil
	}
	return probes.Target{
		Host: h.Name, Address: h.Address, Dial: o.Dial, Resolve: o.Resolve, Roots: o.Roots,
		Credential:   func(use string) (host.Credential, error) { return at(use, h.Name) },
		CredentialAt: at, Accounts: o.Accounts, Shared: o.Shared,
	}
}

// observe runs one probe within its check's timeout. A panic in it is that
// check's error and nobody else's.
func observe(ctx context.Context, h suites.Host, c *suites.Check, t probes.Target) (s sighting) {
	start := time.Now()
	s = sighting{check: c}
	defer func() {
		if p := recover(); p != nil {
			s.err = fmt.Errorf("checking %s on %q: the probe panicked: %v", c.ID, h.Name, p)
		}
		s.took = time.Since(start)
	}()
	limit := timeoutOf(c, cmp.Or(c.Kind.Timeout, checkTimeout))
	within, cancel := context.WithTimeoutCause(ctx, limit, overtime(limit))
	defer cancel()
	s.readings, s.err = c.Probe.Observe(within, t)
	s.readings = inOrder(s.readings)
	switch why := cut(ctx); {
	case why != nil: // it may take that for the host's silence
		s.readings, s.err = nil, why
	case s.err == nil && within.Err() == nil:
		s.err = declared(c, s.readings)
	}
	return s
}

// overtime is a deadline in an operator's words.
type overtime time.Duration

func (o overtime) Error() string { return "no result within " + time.Duration(o).String() }

func (overtime) Unwrap() error { return context.DeadlineExceeded }

// declared refuses readings, which are sorted, that the kind did not declare, or that
// come twice: nobody would compare them.
func declared(c *suites.Check, readings []fact.Reading) error {
	for i := range readings {
		r := &readings[i]
		spec := specOf(c.Kind, r.Key.Name)
		if spec == nil || r.Value == nil || r.Value.Type() != spec.Type {
			return fmt.Errorf("checking %s: the probe reported %q, which its kind does not declare so", c.ID, r.Key.Name)
		}
		if n := len(r.Key.Item) + sizeOf(r.Value); n > mostBytes {
			return fmt.Errorf("checking %s: %q of %.80q has %d bytes, more than %d", c.ID, r.Key.Name, r.Key.Item, n, mostBytes)
		}
		if i > 0 && r.Key.Item == readings[i-1].Key.Item && r.Key.Name == readings[i-1].Key.Name {
			return fmt.Errorf("checking %s: the probe reported %s of %q twice", c.ID, r.Key.Name, r.Key.Item)
		}
	}
	return nil
}

// sizeOf is how long a value is as text, of those that can be long.
func sizeOf(v fact.Value) int {
	switch v := v.(type) {
	case fact.Text:
		return len(v)
	case fact.Set:
		return len(v.String())
	default:
		return 0
	}
}

// mostBytes bounds a reading: what a host sends is kept for long.
const mostBytes = 128 << 10

func timeoutOf(c *suites.Check, otherwise time.Duration) time.Duration {
	if c.Timeout > 0 {
		return c.Timeout
	}
	return otherwise
}

// sessionResult is what came through the host's session.
type sessionResult struct {
	seen     []sighting
	identity string
	how      string // the session reached the host
	busy     bool   // the host refused some of it because too much is asked
}

// throughSession puts the questions of all asking checks through one session
// and hands every check the answers.
func throughSession(ctx context.Context, checks []*suites.Check, o Options, b *budget) sessionResult {
	if len(checks) == 0 {
		return sessionResult{}
	}
	h := b.host
	start := time.Now()
	var result sessionResult
	told := inTime(ctx, func() answered {
		answers, how, err := ask(ctx, h, checks, o)
		return answered{answers, how, err}
	}, func(why error) answered { return answered{err: fmt.Errorf("asking %q: %w", h.Name, why)} })
	if why := cut(ctx); why != nil && told.err != nil {
		told.err = fmt.Errorf("%w: %w", why, told.err)
	}
	took := time.Since(start)
	result.how = told.how
	result.busy = errors.Is(told.err, host.ErrBusy) || told.answers.IsBusy()
	for _, c := range checks {
		var s sighting
		if told.err != nil {
			s = sighting{check: c, err: told.err}
		} else {
			t := target(h, o)
			t.Answers = told.answers
			s = observe(context.WithoutCancel(ctx), h, c, t)
		}
		s.asked, s.took = true, took
		b.note(s)
		result.seen = append(result.seen, s)
	}
	if told.err == nil {
		result.identity = host.Identity(told.answers)
	}
	return result
}

// answered is what a session has come to.
type answered struct {
	answers host.Answers
	how     string
	err     error
}

// ask also says how the session reached the host. A panic in the session, which
// reads what a hostile host may have written, is this host's error.
func ask(
	ctx context.Context, h suites.Host, checks []*suites.Check, o Options,
) (answers host.Answers, how string, err error) {
	defer func() {
		if p := recover(); p != nil {
			answers, err = host.Answers{}, fmt.Errorf("asking %q: the session panicked: %v", h.Name, p)
		}
	}()
	all := questionsOf(ctx, checks, o)
	ctx, cancel := context.WithTimeout(ctx, all.limit)
	defer cancel()
	session, err := o.Open(ctx, h)
	if err != nil {
		return host.Answers{}, "", err
	}
	defer func() { how = leave(ctx, session) }() // whatever it has come to
	at := time.Now()
	answers, err = session.Ask(ctx, all.questions)
	answers.Asked, answers.Answered = at, time.Now()
	for _, q := range all.undated {
		answers.Under(q[0], q[1])
	}
	for _, q := range all.unasked {
		answers.Put(q, host.Answer{Err: all.ahead})
	}
	return answers, "", err
}

// leave ends a session and says how it reached the host. It has a time of its
// own, or a host that used up ctx would keep its shell open until it times out
// there.
func leave(ctx context.Context, session host.Session) (how string) {
	end, stop := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer stop()
	_ = session.Close(end) // the answers are here; an unclosed shell ends by its idle timeout
	if teller, tells := session.(host.Teller); tells {
		how = teller.How()
	}
	return how
}
