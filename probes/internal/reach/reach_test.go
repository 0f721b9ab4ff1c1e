package reach_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/internal/reach"
	"postpatch/probes/probetest"
)

func TestState(t *testing.T) {
	system := func(errno syscall.Errno) error {
		return fmt.Errorf("wrapped: %w", &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", errno)})
	}
	for name, tt := range map[string]struct {
		err  error
		want string
	}{
		"refused":                  {system(syscall.ECONNREFUSED), reach.Refused},
		"refused on Windows":       {system(10061), reach.Refused},
		"no way to the network":    {system(syscall.ENETUNREACH), reach.Unreachable},
		"no way to the host":       {system(syscall.EHOSTUNREACH), reach.Unreachable},
		"no way on Windows":        {system(10065), reach.Unreachable},
		"reset":                    {system(syscall.ECONNRESET), reach.Reset},
		"reset on Windows":         {system(10054), reach.Reset},
		"silence, says the system": {system(syscall.ETIMEDOUT), reach.NoAnswer},
		"silence, says the clock":  {context.DeadlineExceeded, reach.NoAnswer},
		"interrupted":              {context.Canceled, ""},
		"a slow name server":       {&net.DNSError{Err: "timeout", IsTimeout: true}, ""},
		"our own trouble":          {system(syscall.EMFILE), ""},
		"none":                     {nil, ""},
	} {
		if got := reach.State(tt.err); got != tt.want {
			t.Errorf("%s: got %q, want %q", name, got, tt.want)
		}
	}
}

func TestDial(t *testing.T) {
	for name, tt := range map[string]struct {
		err      error
		noAnswer bool
	}{
		"refused":                      {syscall.ECONNREFUSED, false},
		"unreachable":                  {syscall.EHOSTUNREACH, true},
		"silent":                       {context.DeadlineExceeded, true},
		"a name that does not resolve": {&net.DNSError{Err: "no such host"}, true},
		"our own trouble":              {syscall.EMFILE, false},
	} {
		target := probes.Target{Dial: func(context.Context, string, string) (net.Conn, error) { return nil, tt.err }}
		_, err := reach.Dial(t.Context(), target, "tcp", "srv:25")
		if !errors.Is(err, tt.err) || errors.Is(err, probes.ErrNoAnswer) != tt.noAnswer {
			t.Errorf("%s: got %v, want no answer: %t", name, err, tt.noAnswer)
		}
	}
}

func TestDialClosesWhenTheContextEnds(t *testing.T) {
	target := probetest.Target(probetest.Serve(t, func(conn net.Conn) { _, _ = conn.Read(make([]byte, 1)) }))
	ctx, cancel := context.WithCancel(t.Context())
	conn, err := reach.Dial(ctx, target, "tcp", "srv:25")
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
		t.Errorf("got %v, want a closed connection", err)
	}
}

func TestEach(t *testing.T) {
	broken := errors.New("broken")
	silent := reach.Silent(errors.New("silent"))
	observe := func(failures map[int]error) ([]fact.Reading, error) {
		items := make([]int, 20)
		for i := range items {
			items[i] = i
		}
		return reach.Each(items, func(i int) ([]fact.Reading, error) {
			if failures == nil {
				panic("no failures")
			}
			return []fact.Reading{probes.Read("", "n", fact.Int(i))}, failures[i]
		})
	}
	readings, err := observe(map[int]error{3: broken, 4: silent})
	if errors.Is(err, broken) && !errors.Is(err, probes.ErrNoAnswer) && len(readings) == 20 {
		for i, r := range readings {
			if r.Value != fact.Value(fact.Int(i)) {
				t.Errorf("reading %d is %s", i, r.Value)
			}
		}
	} else {
		t.Errorf("got %d readings and %v, want all and an error that blames no host", len(readings), err)
	}
	every := map[int]error{}
	for i := range 20 {
		every[i] = silent
	}
	if _, err := observe(every); !errors.Is(err, probes.ErrNoAnswer) {
		t.Errorf("got %v, want no answer", err)
	}
	if _, err := observe(nil); err == nil {
		t.Error("a panic is no error")
	}
	if _, err := observe(map[int]error{}); err != nil {
		t.Error(err)
	}
}

// unanswered is the error of dialling what says nothing for a time, which is exactly that:
// the clock stands still while the computer is busy.
func unanswered(t *testing.T, within time.Duration) (err error) {
	t.Helper()
	target := probes.Target{Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
		<-ctx.Done()
		return new(net.Dialer).DialContext(ctx, network, address) // it has no time left to do anything in
	}}
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), within)
		defer cancel()
		_, err = reach.Dial(ctx, target, "tcp", "127.0.0.1:25")
	})
	return err
}

// Whoever reads of it needs no Go: one line each, and what was wrapped still
// there.
func TestErrorsAreInPlainWords(t *testing.T) {
	deadline, cancel := context.WithDeadline(t.Context(), time.Unix(0, 0))
	defer cancel()
	limited, cancelLimited := context.WithDeadlineCause(t.Context(), time.Unix(0, 0),
		fmt.Errorf("no result within 3s: %w", context.DeadlineExceeded))
	defer cancelLimited()
	dialling := unanswered(t, 234_567*time.Microsecond)
	_, each := reach.Each([]int{1, 2}, func(i int) ([]fact.Reading, error) {
		return nil, reach.Silent(fmt.Errorf("port %d: %w", i, context.DeadlineExceeded))
	})
	closed := &net.OpError{Op: "read", Err: net.ErrClosed}
	for name, tt := range map[string]struct {
		err  error
		want string
		is   []error
	}{
		"dialling": {
			dialling, "connecting to 127.0.0.1:25: no answer within 235ms",
			[]error{probes.ErrNoAnswer, context.DeadlineExceeded},
		},
		"dialling for long": {
			unanswered(t, 3_456*time.Millisecond), "connecting to 127.0.0.1:25: no answer within 3.5s",
			[]error{probes.ErrNoAnswer, context.DeadlineExceeded},
		},
		"the time is up": {
			reach.Cause(deadline, closed), "no answer within the check's time", []error{context.DeadlineExceeded},
		},
		"the runner says how much": {
			reach.Cause(limited, closed), "no result within 3s", []error{context.DeadlineExceeded},
		},
		"nothing answered in that time": {
			reach.Silent(reach.Cause(limited, closed)), "no result within 3s",
			[]error{probes.ErrNoAnswer, context.DeadlineExceeded},
		},
		"what answered nothing stays so": {
			reach.Cause(limited, dialling), dialling.Error(), []error{probes.ErrNoAnswer},
		},
		"several": {
			each, "no answer: port 1: context deadline exceeded; no answer: port 2: context deadline exceeded",
			[]error{probes.ErrNoAnswer, context.DeadlineExceeded},
		},
	} {
		if tt.err == nil || tt.err.Error() != tt.want {
			t.Errorf("%s: got %q, want %q", name, tt.err, tt.want)
		}
		for _, is := range tt.is {
			if !errors.Is(tt.err, is) {
				t.Errorf("%s: %q does not wrap %q", name, tt.err, is)
			}
		}
		if errors.Is(tt.err, probes.ErrNoAnswer) != slices.Contains(tt.is, probes.ErrNoAnswer) {
			t.Errorf("%s: %q blames the host", name, tt.err)
		}
	}
}

func TestNames(t *testing.T) {
	for name, tt := range map[string]struct {
		target probes.Target
		want   string
	}{
		"a name":                  {probes.Target{Host: "srv", Address: "srv.test"}, "srv.test"},
		"a name behind an IP":     {probes.Target{Host: "srv.test", Address: "10.0.0.1"}, "srv.test"},
		"an IP without any name":  {probes.Target{Address: "10.0.0.1"}, "10.0.0.1"},
		"an IPv6 address as host": {probes.Target{Host: "::1", Address: "::1"}, "::1"},
	} {
		if got := reach.Name(tt.target); got != tt.want {
			t.Errorf("%s: got %q, want %q", name, got, tt.want)
		}
	}
	got := []string{
		reach.PortItem("", 25), reach.PortItem("mx", 25), reach.PortItem("::1", 25), reach.JoinPort("[::1]", 25),
	}
	if d := cmp.Diff([]string{"25", "mx:25", "[::1]:25", "[::1]:25"}, got); d != "" {
		t.Errorf("items (-want +got):\n%s", d)
	}
}
