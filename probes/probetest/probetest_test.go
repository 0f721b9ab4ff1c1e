package probetest

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"postpatch/probes"
	"postpatch/probes/fact"
)

// line is a kind that reads one line, as a model of what Run asks for.
func line() probes.Kind {
	return probes.Define(probes.Kind{
		Name: "line", Doc: "The line that a server says.", Item: "nothing", Items: probes.AnyCase,
		Main: "port", Example: "- line: 7\n",
		Readings: []probes.ReadingSpec{
			{Name: "text", Type: fact.TypeText, Doc: "The line.", Silence: []fact.Value{fact.Text("")}},
			{Name: "latency", Type: fact.TypeDuration, Doc: "How long it took.", Rule: fact.Rule{Op: fact.Ignore}},
		},
	}, params{Port: 7}, func(p params) (probes.Probe, error) { return p, nil })
}

type params struct {
	Port int `param:"port" doc:"The port."`
}

// Observe implements probes.Probe.
func (params) Observe(ctx context.Context, t probes.Target) ([]fact.Reading, error) {
	start := time.Now()
	conn, err := t.Dial(ctx, "tcp", t.Address+":7")
	if err != nil {
		return nil, err
	}
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	defer func() { _ = conn.Close() }()
	text, err := bufio.NewReader(io.LimitReader(conn, 100)).ReadString('\n')
	if ctx.Err() != nil {
		return nil, errors.New("no answer in time")
	}
	if err != nil {
		return nil, err
	}
	return []fact.Reading{
		probes.Read("", "text", fact.Text(text)),
		probes.Read("", "latency", fact.Duration(time.Since(start))),
	}, nil
}

func TestRun(t *testing.T) {
	Run(t, Suite{Kind: line(), Healthy: func(t *testing.T) probes.Target {
		return Target(Serve(t, func(conn net.Conn) { _, _ = io.WriteString(conn, "hello\n") }))
	}})
}

// TestWhoRunsIsWaitedFor counts while a goroutine is busy that then starts two more, which
// stay: as the goroutine of a server that the system has put aside.
func TestWhoRunsIsWaitedFor(t *testing.T) {
	started, leave := make(chan struct{}), make(chan struct{})
	defer close(leave)
	go func() {
		defer close(started)
		for end := time.Now().Add(200 * time.Millisecond); time.Now().Before(end); {
		}
		for range 2 {
			go func() { <-leave }()
		}
	}()
	counted := goroutines()
	<-started
	if n := runtime.NumGoroutine(); n > counted {
		t.Errorf("%d goroutines were counted, and now there are %d", counted, n)
	}
}

func TestUnreadable(t *testing.T) {
	for text, want := range map[string]int{
		"no answer within 3s": 0,
		context.DeadlineExceeded.Error() + ": " + net.ErrClosed.Error(): 2,
		"one line\nand another": 1,
	} {
		if problems := unreadable(errors.New(text)); len(problems) != want {
			t.Errorf("%q: got %q, want %d problems", text, problems, want)
		}
	}
	if problems := unreadable(nil); problems != nil {
		t.Errorf("no error: got %q", problems)
	}
}

func TestIncomplete(t *testing.T) {
	for name, spoil := range map[string]func(*probes.Kind){
		"name":             func(k *probes.Kind) { k.Name = "Line" },
		"full stop":        func(k *probes.Kind) { k.Doc = "The line" },
		"item":             func(k *probes.Kind) { k.Item = "" },
		"when do two":      func(k *probes.Kind) { k.Items = "" },
		"mean the same":    func(k *probes.Kind) { k.Items = "some case" },
		"the item is":      func(k *probes.Kind) { k.Items = probes.NoItems },
		"always empty":     func(k *probes.Kind) { k.Item = "always empty" },
		"reading items":    func(k *probes.Kind) { k.Readings[1].Name = "items" },
		"cannot write":     func(k *probes.Kind) { k.Readings[1].Rule = fact.Rule{Op: fact.Within} },
		"is no parameter":  func(k *probes.Kind) { k.Main = "text" },
		"entry of a list":  func(k *probes.Kind) { k.Example = "line: 7" },
		"parameter port":   func(k *probes.Kind) { k.Params[0].Doc = "The port" },
		"readings: none":   func(k *probes.Kind) { k.Readings = nil },
		"declared twice":   func(k *probes.Kind) { k.Readings[1].Name = "text" },
		"no type":          func(k *probes.Kind) { k.Readings[1].Type = fact.TypeUnknown },
		"cannot compare":   func(k *probes.Kind) { k.Readings[0].Rule.Op = fact.AtLeast },
		"reading text: do": func(k *probes.Kind) { k.Readings[0].Doc = "" },
		"never unseen":     func(k *probes.Kind) { k.Readings[0].Behind = "text" },
		"excused 0":        func(k *probes.Kind) { k.Readings[0].Unseen = []fact.Value{fact.Int(0)} },
		"is no text":       func(k *probes.Kind) { k.Readings[0].Silence[0] = fact.Int(0) },
	} {
		t.Run(name, func(t *testing.T) {
			k := line()
			if problems := incomplete(k); problems != nil {
				t.Fatalf("before: %q", problems)
			}
			spoil(&k)
			if problems := incomplete(k); len(problems) != 1 || !strings.Contains(problems[0], name) {
				t.Errorf("got %q, want one problem about %q", problems, name)
			}
		})
	}
}

func TestUndeclared(t *testing.T) {
	text := probes.Read("", "text", fact.Text("a"))
	hosted := text
	hosted.Key.Host = "srv"
	for name, readings := range map[string][]fact.Reading{
		"is not declared": {probes.Read("", "colour", fact.Text("a"))},
		"has no value":    {probes.Read("", "text", nil)},
		"declared as":     {probes.Read("", "text", fact.Int(1))},
		"comes twice":     {text, text},
		"the runner's":    {hosted},
		"for one":         {probes.Read("a", "text", fact.Text("a")), probes.Read("A", "text", fact.Text("a"))},
	} {
		if problems := undeclared(line(), readings); len(problems) != 1 || !strings.Contains(problems[0], name) {
			t.Errorf("got %q, want one problem with %q", problems, name)
		}
	}
	if problems := undeclared(line(), []fact.Reading{text}); problems != nil {
		t.Errorf("good readings: %q", problems)
	}
	none := line()
	none.Items = probes.NoItems
	if problems := undeclared(none, []fact.Reading{text, probes.Read("a", "text", fact.Text("a"))}); len(problems) != 1 {
		t.Errorf("an item where there are none: %q", problems)
	}
}

func TestUnstable(t *testing.T) {
	text := func(s string) fact.Reading { return probes.Read("", "text", fact.Text(s)) }
	latency := func(d fact.Duration) fact.Reading { return probes.Read("", "latency", d) }
	for name, tt := range map[string]struct {
		first, second []fact.Reading
		want          string
	}{
		"what is ignored may change": {[]fact.Reading{text("a"), latency(1)}, []fact.Reading{latency(2), text("a")}, ""},
		"a change":                   {[]fact.Reading{text("a")}, []fact.Reading{text("b")}, "first a, then b"},
		"gone":                       {[]fact.Reading{text("a"), latency(1)}, []fact.Reading{text("a")}, "is gone"},
		"new":                        {[]fact.Reading{text("a")}, []fact.Reading{text("a"), latency(1)}, "is new"},
	} {
		got := strings.Join(unstable(line(), tt.first, tt.second), "\n")
		if (got == "") != (tt.want == "") || !strings.Contains(got, tt.want) {
			t.Errorf("%s: got %q, want %q", name, got, tt.want)
		}
	}
}
