package winrm

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"runtime"
	"strings"
	"testing"
	"time"

	"postpatch/probes/host"
	"postpatch/probes/host/packed"
	"postpatch/probes/host/winrm/winrmtest"
	"postpatch/probes/probetest"
)

// soon is a deadline that a test waits for in full.
const soon = 150 * time.Millisecond

func TestNobodyThere(t *testing.T) {
	off := netip.MustParseAddrPort(probetest.Refused(t))
	o := Options{Host: "dead.example.org", Address: "127.0.0.1", Port: int(off.Port()), TLS: true, Auth: Basic}
	o.Credential.User = "u"
	_, err := session(t, o).Ask(t.Context(), []host.Question{services(), build()})
	if !errors.Is(err, host.ErrNoAnswer) || !strings.Contains(err.Error(), "dead.example.org") {
		t.Errorf("%v, want ErrNoAnswer and the host's name", err)
	}
	ended := make(chan struct{})
	o.Dial = func(ctx context.Context, _, _ string) (net.Conn, error) {
		defer close(ended)
		<-ctx.Done()
		return nil, ctx.Err()
	}
	s, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	_, err = s.Ask(ctx, []host.Question{services()})
	if !errors.Is(err, host.ErrNoAnswer) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("dialling for ever: %v, want ErrNoAnswer and the deadline", err)
	}
	if err := s.Close(ctx); err != nil {
		t.Error(err)
	}
	<-ended // Close gives up the dialling too
}

// expiring is a context whose deadline passes when the test says so.
type expiring struct {
	context.Context
	done chan struct{}
}

func (e expiring) Done() <-chan struct{} { return e.done }

func (e expiring) Err() error {
	select {
	case <-e.done:
		return context.DeadlineExceeded
	default:
		return nil
	}
}

func TestSilence(t *testing.T) {
	for name, c := range map[string]struct {
		questions []host.Question
		hang      string
		tls       bool
		mute      bool // nothing was ever heard
	}{
		"never a word to a query":             {[]host.Question{services()}, "Enumerate 1", false, true},
		"never a word to a script":            {[]host.Question{build()}, "Create 1", false, true},
		"a handshake, then silence":           {[]host.Question{services()}, "Enumerate 1", true, false},
		"silent in the middle of a query":     {[]host.Question{services()}, "Pull 1", false, false},
		"silent while PowerShell is running":  {[]host.Question{build()}, "Receive 1", false, false},
		"silent while PowerShell is starting": {[]host.Question{build()}, "Command 1", false, false},
	} {
		t.Run(name, func(t *testing.T) {
			ctx := expiring{Context: t.Context(), done: make(chan struct{})}
			server := winrmtest.Start(t, winrmtest.Config{
				Classes: classes(5), TLS: c.tls, Hang: map[string]bool{c.hang: true},
				Seen: func(turn string) {
					if turn == c.hang {
						close(ctx.done)
					}
				},
			})
			s := session(t, options(server))
			_, err := s.Ask(ctx, c.questions)
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%v, want the deadline", err)
			}
			if errors.Is(err, host.ErrNoAnswer) != c.mute {
				t.Errorf("%v: ErrNoAnswer is %t, want %t", err, !c.mute, c.mute)
			}
			if err == nil || !strings.Contains(err.Error(), ": no answer within ") || strings.Contains(err.Error(), "deadline") {
				t.Errorf("%v, want plain words", err)
			}
			if err := s.Close(t.Context()); err != nil || server.Shells() != 0 {
				t.Errorf("closing: %v; a shell is left after %v", err, server.Messages())
			}
		})
	}
}

func TestSilentBeforeTheHandshake(t *testing.T) {
	ln, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	o := Options{Host: "127.0.0.1", Port: ln.Addr().(*net.TCPAddr).Port, TLS: true, Auth: Basic}
	o.Credential.User = "u"
	s := session(t, o)
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	_, err = s.Ask(ctx, []host.Question{services()})
	if !errors.Is(err, host.ErrNoAnswer) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v, want ErrNoAnswer and the deadline", err)
	}
}

func TestCancelEndsTheCommand(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	server := winrmtest.Start(t, winrmtest.Config{
		Hang: map[string]bool{"Receive 1": true},
		Seen: func(turn string) {
			if turn == "Receive 1" {
				cancel()
			}
		},
	})
	s := session(t, options(server))
	_, err := s.Ask(ctx, []host.Question{build()})
	if !errors.Is(err, context.Canceled) || errors.Is(err, host.ErrNoAnswer) {
		t.Errorf("%v, want it cancelled", err)
	}
	if err := s.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if got := strings.Join(server.Messages(), " "); !strings.HasSuffix(got, "Signal Delete") || server.Shells() != 0 {
		t.Errorf("messages %s, want Signal and Delete at the end", got)
	}
}

func TestOnlyAQueryIsSentAgainOnADroppedConnection(t *testing.T) {
	for _, c := range []struct {
		drop string
		ask  host.Question
		sent string
	}{
		{"Enumerate 1", services(), "Enumerate Enumerate Pull"},
		{"Enumerate 1 Enumerate 2", services(), "Enumerate Enumerate"},
		{"Pull 1", services(), "Enumerate Pull Release"},
		{"Create 1", build(), "Create Delete"},
		{"Command 1", build(), "Create Command Delete"},
		{"Receive 1", build(), "Create Command Receive Signal Delete"},
	} {
		t.Run(c.drop, func(t *testing.T) {
			drop := map[string]bool{}
			words := strings.Fields(c.drop)
			for i := 0; i < len(words); i += 2 {
				drop[words[i]+" "+words[i+1]] = true
			}
			server := winrmtest.Start(t, winrmtest.Config{Classes: classes(5), Answer: answer, Drop: drop})
			_, err := session(t, options(server)).Ask(t.Context(), []host.Question{c.ask})
			good := strings.HasPrefix(c.sent, "Enumerate Enumerate Pull")
			switch {
			case good && err != nil:
				t.Errorf("%v, want an answer to the second one", err)
			case !good && (!errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, host.ErrNoAnswer)):
				t.Errorf("%v, want the end of the connection", err)
			case !good && !strings.HasSuffix(err.Error(), ": the host closed the connection"):
				t.Errorf("%v, want plain words", err)
			}
			if got := strings.Join(server.Messages(), " "); got != c.sent {
				t.Errorf("messages %s, want %s", got, c.sent)
			}
			if server.Shells() != 0 {
				t.Error("a shell is left")
			}
		})
	}
}

func TestWrongAccount(t *testing.T) {
	server := winrmtest.Start(t, winrmtest.Config{Classes: classes(1)})
	o := options(server)
	o.Credential.Password = host.NewSecret("wr0ng")
	_, err := session(t, o).Ask(t.Context(), []host.Question{services(), build()})
	var fault *Fault
	if !errors.As(err, &fault) || fault.Kind != AccessDenied || fault.Status != 401 {
		t.Fatalf("%v, want a fault: access denied", err)
	}
	if !strings.Contains(err.Error(), `lab\\probe`) || strings.Contains(err.Error(), "wr0ng") {
		t.Errorf("%v, want the user's name and no password", err)
	}
	if got := server.Messages(); len(got) != 0 {
		t.Errorf("messages %v", got)
	}
}

func TestAnswersThatAreNotWSMan(t *testing.T) {
	soap := func(w http.ResponseWriter) { w.Header().Set("Content-Type", "application/soap+xml;charset=UTF-8") }
	for name, raw := range map[string]http.HandlerFunc{
		"a web page":      func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>hello") },
		"not found":       http.NotFound,
		"another place":   func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/else", http.StatusFound) },
		"an empty reply":  func(w http.ResponseWriter, _ *http.Request) { soap(w) },
		"broken XML":      func(w http.ResponseWriter, _ *http.Request) { soap(w); _, _ = io.WriteString(w, "<a><b>") },
		"some other XML":  func(w http.ResponseWriter, _ *http.Request) { soap(w); _, _ = io.WriteString(w, "<a/>") },
		"deep XML":        func(w http.ResponseWriter, _ *http.Request) { soap(w); _, _ = io.WriteString(w, deep(100_000)) },
		"no fault in 500": func(w http.ResponseWriter, _ *http.Request) { soap(w); w.WriteHeader(500); _, _ = w.Write(nil) },
		"an endless body": func(w http.ResponseWriter, r *http.Request) {
			soap(w)
			for piece := []byte(strings.Repeat("x", 1<<16)); r.Context().Err() == nil; {
				if _, err := w.Write(piece); err != nil {
					return
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := winrmtest.Start(t, winrmtest.Config{Raw: raw})
			s := session(t, options(server))
			for _, q := range []host.Question{services(), build()} {
				_, err := s.Ask(t.Context(), []host.Question{q})
				if name == "an endless body" && (err == nil || !strings.Contains(err.Error(), "longer than")) {
					t.Errorf("%s: %v, want it to say that the reply is too long", q, err)
				}
				if !isKind(err, NotWSMan) || errors.Is(err, host.ErrNoAnswer) {
					t.Errorf("%s: %v, want a fault: no WS-Man", q, err)
				}
			}
		})
	}
}

func deep(n int) string { return strings.Repeat("<a>", n) }

func TestGarbageInsteadOfHTTP(t *testing.T) {
	ln, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(conn, "\x00\x01garbage\r\n\r\n")
			_ = conn.Close()
		}
	}()
	o := Options{Host: "127.0.0.1", Port: ln.Addr().(*net.TCPAddr).Port, AllowPlain: true}
	o.Credential.User = "u"
	_, err = session(t, o).Ask(t.Context(), []host.Question{services()})
	if err == nil || errors.Is(err, host.ErrNoAnswer) {
		t.Errorf("%v, want an error that is not ErrNoAnswer", err)
	}
}

func TestUntrustedCertificate(t *testing.T) {
	server := winrmtest.Start(t, winrmtest.Config{Classes: classes(1), TLS: true})
	o := options(server)
	o.CA = nil
	_, err := session(t, o).Ask(t.Context(), []host.Question{services()})
	if err == nil || !strings.Contains(err.Error(), "certificate") || errors.Is(err, host.ErrNoAnswer) {
		t.Errorf("%v, want it to speak of the certificate", err)
	}
	o.Insecure = true
	if _, err := session(t, o).Ask(t.Context(), []host.Question{services()}); err != nil {
		t.Errorf("taking any certificate: %v", err)
	}
}

func TestEndlessAnswersEnd(t *testing.T) {
	late := map[string]winrmtest.Fault{}
	for i := range 2 * maxReceives {
		late[fmt.Sprintf("Receive %d", i)] = winrmtest.TimedOut()
	}
	server := winrmtest.Start(t, winrmtest.Config{Classes: classes(2 * maxPulls), PullBytes: 1, Faults: late})
	s := session(t, options(server))
	got, err := s.Ask(t.Context(), []host.Question{services(), system()})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := got.To(services()); err == nil {
		t.Error("pulled without an end")
	}
	if rows, err := got.To(system()); err != nil || len(rows) != 1 {
		t.Errorf("the other question: %v, error %v", rows, err)
	}
	if n := strings.Count(strings.Join(server.Messages(), " "), "Pull Release"); n != 1 {
		t.Errorf("%d Releases after the last Pull, want one", n)
	}
	if _, err := s.Ask(t.Context(), []host.Question{build()}); err == nil {
		t.Error("received without an end")
	}
	if got := server.Messages(); got[len(got)-1] != "Delete" || got[len(got)-2] != "Signal" || server.Shells() != 0 {
		t.Errorf("the last messages are %v, want Signal and Delete", got[len(got)-3:])
	}
}

// TestAnswersThatAreNone feeds what is well-formed, about our message, and no
// answer to a query: never an empty one.
func TestAnswersThatAreNone(t *testing.T) {
	const page = `<n:EnumerateResponse><n:EnumerationContext>uuid:1</n:EnumerationContext><w:Items><w:XmlFragment>` +
		`<Name>a</Name></w:XmlFragment></w:Items></n:EnumerateResponse>`
	for name, c := range map[string]struct {
		enumerate, pull string
		want            string
		released        bool
	}{
		"an empty body":                 {"", "", "an empty body", false},
		"another answer":                {"<x:GetResponse/>", "", `"GetResponse" is no answer`, false},
		"an answer to a Pull":           {"<n:PullResponse><n:EndOfSequence/></n:PullResponse>", "", `"PullResponse" is no`, false},
		"neither an end nor more":       {"<n:EnumerateResponse/>", "", "neither ends nor goes on", false},
		"two answers":                   {page + page, "", "is no answer", false},
		"an empty body after some":      {page, "", "an empty body", true},
		"an answer to an Enumerate":     {page, page, `"EnumerateResponse" is no answer`, true},
		"a Pull that goes on, and ends": {page, "<n:PullResponse><n:Items/></n:PullResponse>", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			pulls := 0
			server := winrmtest.Start(t, winrmtest.Config{Body: func(action string) (string, bool) {
				switch action {
				case "Enumerate":
					return c.enumerate, true
				case "Pull":
					if pulls++; pulls > 1 {
						return "<n:PullResponse><n:EndOfSequence/></n:PullResponse>", true
					}
					return c.pull, true
				}
				return "", false
			}})
			got, err := session(t, options(server)).Ask(t.Context(), []host.Question{services()})
			if err == nil {
				_, err = got.To(services())
			}
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want it to say %q", err, c.want)
			}
			if released := strings.Contains(strings.Join(server.Messages(), " "), "Release"); released != c.released {
				t.Errorf("messages %v, released is %t", server.Messages(), released)
			}
		})
	}
}

func TestAPullThatTimedOutIsPulledAgain(t *testing.T) {
	server := winrmtest.Start(t, winrmtest.Config{
		Classes: classes(3), Faults: map[string]winrmtest.Fault{"Pull 1": winrmtest.TimedOut()},
	})
	got, err := session(t, options(server)).Ask(t.Context(), []host.Question{services()})
	if err != nil {
		t.Fatal(err)
	}
	if rows, err := got.To(services()); err != nil || len(rows) != 3 {
		t.Errorf("%d rows, error %v", len(rows), err)
	}
}

// TestCostlyAnswers are small on the way and large, or slow, in the client.
func TestCostlyAnswers(t *testing.T) {
	rows := strings.Repeat("<i><a/></i>", 300_000)
	comments := strings.Repeat("x<!---->", 400_000)
	for name, c := range map[string]struct{ body, want string }{
		"rows of nothing": {
			"<n:EnumerateResponse><w:Items>" + rows + "</w:Items><w:EndOfSequence/></n:EnumerateResponse>",
			"more than 67108864 bytes",
		},
		"a cell in pieces": {"<n:EnumerateResponse><w:Items><i><a>" + comments + "</a></i></w:Items><w:EndOfSequence/>" +
			"</n:EnumerateResponse>", ""},
		"a fault in pieces": {"<s:Fault><s:Reason><s:Text>" + comments + "</s:Text></s:Reason></s:Fault>", "xxxx"},
	} {
		t.Run(name, func(t *testing.T) {
			server := winrmtest.Start(t, winrmtest.Config{Body: func(action string) (string, bool) {
				return c.body, action == "Enumerate"
			}})
			got, err := session(t, options(server)).Ask(t.Context(), []host.Question{services()})
			if err == nil {
				_, err = got.To(services())
			}
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want it to say %q", err, c.want)
			}
		})
	}
}

// TestOutputsThatNoScriptWrites feeds what PowerShell may write and what only a
// hostile host does: a named error, and no more bytes than fit a bound.
func TestOutputsThatNoScriptWrites(t *testing.T) {
	line := strings.Repeat("x", 400<<10)
	var bomb bytes.Buffer
	zip := gzip.NewWriter(&bomb)
	_, _ = io.WriteString(zip, `{"answers":[{"error":"`)
	for long := bytes.Repeat([]byte("a"), 1<<20); bomb.Len() < 300<<10; {
		_, _ = zip.Write(long)
	}
	_ = zip.Close()
	packedBomb := base64.StdEncoding.EncodeToString(bomb.Bytes())
	once := func(text func(packed.Marks) string) func(packed.Marks, int) string {
		return func(m packed.Marks, n int) string {
			if n > 0 {
				return ""
			}
			return text(m)
		}
	}
	for name, c := range map[string]struct {
		output func(packed.Marks, int) string
		want   string
		most   int // Receives
	}{
		"output without an end": {func(packed.Marks, int) string { return line }, "more than 16777216 bytes of output", 45},
		"a line without an end": {func(m packed.Marks, _ int) string { return m.Begin + line }, "more than 16777216 bytes", 45},
		"a bomb": {
			once(func(m packed.Marks) string { return m.Begin + packedBomb + m.End }), "more than 67108864 bytes", 2,
		},
		"no base64":     {once(func(m packed.Marks) string { return m.Begin + "*" + m.End }), "unpacking answers", 2},
		"no gzip":       {once(func(m packed.Marks) string { return m.Begin + "YWJj" + m.End }), "unpacking answers", 2},
		"half a line":   {once(func(m packed.Marks) string { return m.Begin + "YWJj" }), "cut off", 2},
		"another's run": {once(func(packed.Marks) string { return "#postpatch-begin:x#YWJj#postpatch-end:x#" }), "no answers", 2},
		"nothing":       {once(func(packed.Marks) string { return "" }), "no answers", 1},
	} {
		t.Run(name, func(t *testing.T) {
			server := winrmtest.Start(t, winrmtest.Config{Classes: classes(1), Output: c.output})
			got, err := session(t, options(server)).Ask(t.Context(), []host.Question{build(), system()})
			if err == nil {
				_, err = got.To(build())
			}
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.ContainsAny(err.Error(), "\r\n") {
				t.Errorf("%v, want it to say %q", err, c.want)
			}
			if n := strings.Count(strings.Join(server.Messages(), " "), "Receive"); n > c.most {
				t.Errorf("%d Receives, want at most %d", n, c.most)
			}
			if server.Shells() != 0 {
				t.Error("a shell is left")
			}
		})
	}
}

func TestNothingIsLeftAfterClose(t *testing.T) {
	server := winrmtest.Start(t, winrmtest.Config{Classes: classes(3), Answer: answer, TLS: true})
	before := runtime.NumGoroutine()
	for range 5 {
		s, err := Open(t.Context(), options(server))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Ask(t.Context(), []host.Question{services(), build()}); err != nil {
			t.Error(err)
		}
		if err := s.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for open := 1; open > 0 || runtime.NumGoroutine() > before; runtime.Gosched() {
		if _, open = server.Connections(); ctx.Err() != nil {
			t.Fatalf("%d goroutines, %d before; %d connections", runtime.NumGoroutine(), before, open)
		}
	}
}
