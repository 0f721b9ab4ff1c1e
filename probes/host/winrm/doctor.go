package winrm

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"
)

// State is how a step of an examination ended.
type State int

// The states.
const (
	OK      State = iota
	Note          // it works, and something about it should be known
	Failed        // it does not work
	Skipped       // not tried: it needs a step that did not succeed
)

// String is a short name for people.
func (s State) String() string { return [...]string{"ok", "note", "failed", "skipped"}[s] }

// Step is one step of an examination. Its texts are single lines without a full
// stop; what the host said in them is made fit to be shown.
type Step struct {
	Name  string // "port"
	State State
	Took  time.Duration // 0 for a step that was skipped
	Saw   string
	Cause string // of a note or a failure: why it is so, as far as can be told
	Cure  string // of a note or a failure: what to do about it
}

// Examination is what Examine goes by.
type Examination struct {
	Options Options
	// Resolve looks a name up; the system's resolver does when nil.
	Resolve func(ctx context.Context, name string) (netip.Addr, error)
	// Timeout is the longest time of one step; a minute when 0.
	Timeout time.Duration
}

// Examine goes the whole way into a host, step by step, and tells each as it
// ends. A step that fails makes those that need it skipped. It logs on once, and
// never a second time with an account that was refused. The error is ctx's, or
// says that the options cannot be: nothing was sent then.
func Examine(ctx context.Context, e Examination, tell func(Step)) error {
	s, err := Open(ctx, e.Options)
	if err != nil {
		return err
	}
	x := &examiner{Options: s.options, resolve: e.Resolve, session: s, failed: map[string]string{}}
	if x.resolve == nil {
		x.resolve = resolve
	}
	// What the session has left on the host is ended also after Ctrl-C, shortly.
	defer x.leave(context.WithoutCancel(ctx))
	for _, stage := range x.stages(cmp.Or(e.Timeout, time.Minute)) {
		step := x.take(ctx, stage)
		if err := ctx.Err(); err != nil {
			return err
		}
		tell(step)
		if err := ctx.Err(); err != nil { // not one message more
			return err
		}
	}
	return nil
}

func resolve(ctx context.Context, name string) (netip.Addr, error) {
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", name)
	if err != nil {
		return netip.Addr{}, err
	}
	return addrs[0].Unmap(), nil
}

// examiner is an examination on its way.
type examiner struct {
	Options // complete
	resolve func(ctx context.Context, name string) (netip.Addr, error)
	session *Session
	failed  map[string]string // by step: the step at which its way ended

	address netip.Addr
	door    door
	offers  []string      // how the host lets accounts in, as its header names it
	noOffer bool          // the host wants an account and names no way to bring it
	shut    bool          // the host's configuration allows no remote shell
	ahead   time.Duration // the host's clock, of ours
	clock   bool          // the host has told its time
	asked   bool          // the listener asks for a client's certificate in the handshake
}

// stage is a step that is to come.
type stage struct {
	name  string
	needs string // the step without which it makes no sense
	most  time.Duration
	run   func(ctx context.Context) Step
}

func (x *examiner) stages(most time.Duration) []stage {
	const short = 10 * time.Second // of what takes milliseconds where it works
	stages := []stage{
		{"name", "", short, x.lookUp},
		{"address", "name", short, x.knock},
		{"port", "address", short, x.port},
	}
	identify := "port"
	if x.TLS {
		stages = append(stages, stage{"tls", "port", short, x.handshake})
		identify = "tls"
	}
	stages = append(stages,
		stage{"identify", identify, 2 * short, x.identify},
		stage{"logon", "identify", most, x.logon},
		stage{"access", "logon", most, x.access},
		stage{"quotas", "access", most, x.quotas},
		stage{"wmi", "access", most, x.wmi},
		stage{"powershell", "access", most, x.powerShell},
	)
	if x.SnapIn {
		stages = append(stages, stage{"exchange", "powershell", most, x.exchange})
	}
	for i := range stages {
		stages[i].most = min(stages[i].most, most)
	}
	return stages
}

// take carries out one stage within its own deadline.
func (x *examiner) take(ctx context.Context, s stage) Step {
	if at, cut := x.failed[s.needs]; cut {
		x.failed[s.name] = at
		return Step{Name: s.name, State: Skipped, Saw: "needs " + at}
	}
	ctx, cancel := context.WithTimeout(ctx, s.most)
	defer cancel()
	start := time.Now()
	step := x.attempt(ctx, s)
	step.Name, step.Took = s.name, time.Since(start)
	for _, text := range []*string{&step.Saw, &step.Cause, &step.Cure} {
		*text = strings.TrimSpace(*text)
	}
	if step.State == Failed {
		x.failed[s.name] = s.name
	}
	return step
}

// attempt carries out a stage. What this program or a library stumbles over is a
// failure of that step: the bytes are a host's, and the other steps tell more.
func (x *examiner) attempt(ctx context.Context, s stage) (step Step) {
	defer func() {
		if damage := recover(); damage != nil {
			x.session.transport.close() // nobody knows in the middle of what it is
			step = Step{
				State: Failed, Saw: clean(fmt.Sprintf("postpatch stumbled: %v", damage)),
				Cause: "a defect of postpatch, maybe over something odd that the host sent",
				Cure:  "report it with this line, and with what answers on the host's port",
			}
		}
	}()
	return s.run(ctx)
}

// leave ends the session. All is told by then, so that a defect in it is of no
// interest.
func (x *examiner) leave(ctx context.Context) {
	defer func() { _ = recover() }()
	_ = x.session.Close(ctx)
}

// talk sends one request without an account over a connection of its own, and
// notes the host's time.
func (x *examiner) talk(ctx context.Context, body []byte, header map[string]string) (*reply, error) {
	t := x.session.transport
	c, err := dialConn(ctx, t.dial, t.tls)
	if err != nil {
		return nil, err
	}
	defer func() { _ = c.Close() }()
	req := request(ctx, t.url, soapType, body)
	for name, value := range header {
		req.Header[name] = []string{value} // as it is written: Windows' own spelling has no dashes
	}
	sent := time.Now()
	got, err := c.exchange(ctx, req)
	if err != nil {
		return nil, err
	}
	if at, err := time.Parse(time.RFC1123, got.header.Get("Date")); err == nil {
		// A Date has whole seconds, cut off: half of one is its middle.
		x.clock, x.ahead = true, at.Add(time.Second/2).Sub(sent.Add(time.Since(sent)/2))
	}
	if offers := schemes(got.header.Values("WWW-Authenticate")); len(offers) > 0 {
		x.offers = offers
	}
	return got, nil
}

// schemes are the names in WWW-Authenticate headers, without their parameters.
func schemes(values []string) []string {
	var names []string
	for _, value := range values {
		for part := range strings.SplitSeq(value, ",") {
			scheme, _, _ := strings.Cut(strings.TrimSpace(part), " ")
			if scheme != "" && !strings.Contains(scheme, "=") && len(names) < 10 {
				names = append(names, clean(scheme))
			}
		}
	}
	return names
}
