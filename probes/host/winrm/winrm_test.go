package winrm

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes/host"
	"postpatch/probes/host/packed"
	"postpatch/probes/host/winrm/winrmtest"
)

func services() host.WQL { return host.WQL{Class: "Win32_Service", Columns: []string{"Name", "State"}} }

func system() host.WQL {
	return host.WQL{Class: "Win32_OperatingSystem", Columns: []string{"Caption", "LastBootUpTime"}}
}

func product() host.WQL {
	return host.WQL{Class: "Win32_ComputerSystemProduct", Columns: []string{"UUID"}}
}

func build() host.Collector {
	return host.Collector{Name: "registry", Args: map[string][]string{
		"key": {`HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion`}, "values": {"UBR", "DisplayVersion"},
	}}
}

func classes(n int) map[string][]string {
	all := map[string][]string{
		"Win32_OperatingSystem": {`<w:XmlFragment><Caption>Windows &amp; more</Caption><LastBootUpTime>` +
			`<Datetime>2026-11-10T03:00:00.5+01:00</Datetime></LastBootUpTime></w:XmlFragment>`},
		"Win32_ComputerSystemProduct": {winrmtest.Fragment("UUID", "U-1")},
		"Win32_Service":               {},
		"Win32_Empty":                 {},
	}
	for i := range n {
		all["Win32_Service"] = append(all["Win32_Service"],
			winrmtest.Fragment("Name", fmt.Sprintf("svc%03d", i), "State", "Running"))
	}
	return all
}

// answer is a host's PowerShell that knows every question of these tests.
func answer(q packed.Question) packed.Answer {
	switch {
	case q.Collector == "registry":
		return packed.Answer{Rows: []host.Row{{"UBR": {Text: "4294"}, "DisplayVersion": {Null: true}}}}
	case strings.Contains(q.Query, "Win32_Service"):
		return packed.Answer{Rows: []host.Row{{"Name": {Text: "Spooler"}, "State": {Text: "Running"}}}}
	case strings.Contains(q.Query, "Nope"):
		return packed.Answer{Error: "Invalid class \r\n"}
	default:
		return packed.Answer{Rows: []host.Row{{"Caption": {Text: "Windows"}}}}
	}
}

func options(s *winrmtest.Server) Options {
	return Options{
		Host: s.Host, Port: s.Port, TLS: s.CA != nil, CA: s.CA, Auth: Basic, AllowPlain: s.CA == nil,
		Credential: host.Credential{User: winrmtest.User, Password: host.NewSecret(winrmtest.Password)},
	}
}

// session opens a session and checks, when the test ends, that nothing of it
// is left: every connection that it dialled is closed.
func session(t *testing.T, o Options) *Session {
	t.Helper()
	dialled := &dialler{closed: make(chan struct{}, 100)}
	o.Dial = dialled.dial
	s, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), soon)
		defer cancel()
		if err := s.Close(ctx); err != nil {
			t.Error(err)
		}
		for range dialled.opened.Load() {
			<-dialled.closed // the test's own time limit ends a wait for a leaked one
		}
	})
	return s
}

type dialler struct {
	opened atomic.Int64 // KDCs are dialled by goroutines of their own
	closed chan struct{}
}

func (d *dialler) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	d.opened.Add(1)
	return &noted{Conn: conn, closed: d.closed}, nil
}

type noted struct {
	net.Conn

	closed chan struct{}
}

func (n *noted) Close() error {
	err := n.Conn.Close()
	if err == nil {
		n.closed <- struct{}{}
	}
	return err
}

func TestQueriesAloneStartNoProcess(t *testing.T) {
	for name, withTLS := range map[string]bool{"plain": false, "TLS": true} {
		t.Run(name, func(t *testing.T) {
			server := winrmtest.Start(t, winrmtest.Config{Classes: classes(200), PullBytes: 8000, TLS: withTLS})
			s := session(t, options(server))
			hard := system()
			hard.Where = `Caption <> 'a&b"]]>'`
			got, err := s.Ask(t.Context(), []host.Question{services(), hard, services()})
			if err != nil {
				t.Fatal(err)
			}
			rows, err := got.To(services())
			if err != nil || len(rows) != 200 || rows[199].Get("name").Text != "svc199" {
				t.Errorf("%d services, error %v; want 200 in order", len(rows), err)
			}
			rows, err = got.To(system())
			want := []host.Row{{"Caption": {Text: "Windows & more"}, "LastBootUpTime": {Text: "2026-11-10T02:00:00.5Z"}}}
			if d := cmp.Diff(want, rows); d != "" || err != nil {
				t.Errorf("system: %v (-want +got):\n%s", err, d)
			}
			empty := host.WQL{Class: "Win32_Empty", Columns: []string{"A"}}
			if got, err = s.Ask(t.Context(), []host.Question{empty}); err != nil {
				t.Fatal(err)
			}
			if rows, err := got.To(empty); err != nil || len(rows) != 0 {
				t.Errorf("an empty class: %v, error %v", rows, err)
			}
			messages := server.Messages()
			if strings.Contains(strings.Join(messages, " "), "Create") || len(messages) < 4 {
				t.Errorf("messages %v, want Enumerate and several Pulls", messages)
			}
			if all, _ := server.Connections(); all != 1 {
				t.Errorf("%d connections, want one", all)
			}
		})
	}
}

func TestTypicalHostCostsFewMessages(t *testing.T) {
	server := winrmtest.Start(t, winrmtest.Config{Classes: classes(300), Answer: answer})
	s := session(t, options(server))
	for round, questions := range [][]host.Question{
		{services(), system(), product()},
		{services(), system(), product(), build(), build()},
	} {
		before := len(server.Messages())
		got, err := s.Ask(t.Context(), questions)
		if err != nil {
			t.Fatal(err)
		}
		for _, q := range questions {
			if rows, err := got.To(q); err != nil || len(rows) == 0 {
				t.Errorf("round %d: %s: %d rows, error %v", round, q, len(rows), err)
			}
		}
		if sent := server.Messages()[before:]; len(sent) > 6 {
			t.Errorf("round %d: %d messages, want at most 6: %v", round, len(sent), sent)
		}
	}
	want := []string{"Enumerate", "Enumerate", "Enumerate", "Pull", "Create", "Command", "Receive", "Receive", "Delete"}
	if d := cmp.Diff(want, server.Messages()); d != "" {
		t.Errorf("messages (-want +got):\n%s", d)
	}
	if all, _ := server.Connections(); all != 1 || server.Shells() != 0 {
		t.Errorf("%d connections and %d shells left, want 1 and 0", all, server.Shells())
	}
}

func TestOutputInPiecesAndTimedOutReceives(t *testing.T) {
	late := winrmtest.TimedOut()
	byCode := winrmtest.TimedOut()
	byCode.Subcode, byCode.Status = "", 503
	server := winrmtest.Start(t, winrmtest.Config{
		Answer: answer, Pieces: 3, Faults: map[string]winrmtest.Fault{"Receive 1": late, "Receive 3": byCode},
	})
	got, err := session(t, options(server)).Ask(t.Context(), []host.Question{build()})
	if err != nil {
		t.Fatal(err)
	}
	rows, err := got.To(build())
	want := []host.Row{{"UBR": {Text: "4294"}, "DisplayVersion": {Null: true}}}
	if d := cmp.Diff(want, rows); d != "" || err != nil {
		t.Errorf("registry: %v (-want +got):\n%s", err, d)
	}
}

func TestOneBadQuestionSparesTheOthers(t *testing.T) {
	bad := host.WQL{Class: "Nope", Columns: []string{"A"}}
	for name, extra := range map[string][]host.Question{"by query": nil, "by script": {build()}} {
		t.Run(name, func(t *testing.T) {
			server := winrmtest.Start(t, winrmtest.Config{Classes: classes(1), Answer: answer})
			got, err := session(t, options(server)).Ask(t.Context(), append(extra, bad, services()))
			if err != nil {
				t.Fatal(err)
			}
			_, err = got.To(bad)
			if err == nil || strings.ContainsAny(err.Error(), "\r\n") || !strings.Contains(err.Error(), "class") {
				t.Errorf("the bad question: %v, want the host's words on one line", err)
			}
			var fault *Fault
			if extra == nil && (!errors.As(err, &fault) || fault.Kind != BadQuery || fault.Status != 500) {
				t.Errorf("the bad question: %v, want a fault of kind bad query with its status", err)
			}
			if rows, err := got.To(services()); err != nil || len(rows) != 1 {
				t.Errorf("the good question: %d rows, error %v", len(rows), err)
			}
		})
	}
}

func TestQueriesAreAnsweredWithoutPowerShell(t *testing.T) {
	type faults = map[string]winrmtest.Fault
	for name, c := range map[string]struct {
		config winrmtest.Config
		want   string // messages before the queries
	}{
		"blocked":         {winrmtest.Config{NoPowerShell: true}, "Create Command Receive Receive Delete"},
		"too many shells": {winrmtest.Config{Faults: faults{"Create 1": {Code: 2150859173}}}, "Create"},
		"no shell allowed": {
			winrmtest.Config{Faults: faults{"Create 1": {Subcode: "w:AccessDenied", Code: 5}}}, "Create",
		},
		"no process": {
			winrmtest.Config{Faults: faults{"Command 1": {Subcode: "w:InternalError", Code: 2147942402}}},
			"Create Command Delete",
		},
		"shell gone in the midst": {
			winrmtest.Config{Answer: answer, Faults: faults{"Receive 1": {Code: 2150858843}}}, "Create Command Receive",
		},
	} {
		t.Run(name, func(t *testing.T) {
			c.config.Classes = classes(3)
			server := winrmtest.Start(t, c.config)
			got, err := session(t, options(server)).Ask(t.Context(), []host.Question{services(), build()})
			if err != nil {
				t.Fatal(err)
			}
			if rows, err := got.To(services()); err != nil || len(rows) != 3 {
				t.Errorf("services: %d rows, error %v", len(rows), err)
			}
			if _, err := got.To(build()); !errors.Is(err, host.ErrNoPowerShell) {
				t.Errorf("registry: %v, want ErrNoPowerShell", err)
			}
			if all, _ := server.Connections(); all != 1 {
				t.Errorf("%d connections, want one", all)
			}
			if d := cmp.Diff(c.want+" Enumerate Pull", strings.Join(server.Messages(), " ")); d != "" {
				t.Errorf("messages (-want +got):\n%s", d)
			}
		})
	}
}

// TestManyQueriesGoInOneScript keeps to the budget whatever is asked, and falls
// back to queries where there is no PowerShell.
func TestManyQueriesGoInOneScript(t *testing.T) {
	var questions []host.Question
	all := classes(3)
	for i := range 8 {
		class := fmt.Sprintf("Win32_Thing%d", i)
		all[class] = all["Win32_Service"]
		questions = append(questions, host.WQL{Class: class, Columns: []string{"Name"}})
	}
	for blocked, most := range map[bool]int{false: 6, true: 5 + 16} {
		server := winrmtest.Start(t, winrmtest.Config{Classes: all, Answer: answer, NoPowerShell: blocked})
		got, err := session(t, options(server)).Ask(t.Context(), questions)
		if err != nil {
			t.Fatal(err)
		}
		for _, q := range questions {
			if rows, err := got.To(q); err != nil || len(rows) == 0 {
				t.Errorf("%s: %d rows, error %v", q, len(rows), err)
			}
		}
		if sent := server.Messages(); len(sent) > most || sent[0] != "Create" {
			t.Errorf("blocked %t: %d messages: %v", blocked, len(sent), sent)
		}
	}
}

// TestTooManyQuestionsForOneScript spares those that a query answers.
func TestTooManyQuestionsForOneScript(t *testing.T) {
	server := winrmtest.Start(t, winrmtest.Config{Classes: classes(3)})
	questions := []host.Question{services()}
	for i := range 3000 {
		questions = append(questions, host.Collector{Name: "registry", Args: map[string][]string{
			"key": {fmt.Sprintf(`HKLM\SOFTWARE\%x`, sha256.Sum256([]byte{byte(i), byte(i >> 8)}))}, "values": {"a"},
		}})
	}
	got, err := session(t, options(server)).Ask(t.Context(), questions)
	if err != nil {
		t.Fatal(err)
	}
	if rows, err := got.To(services()); err != nil || len(rows) != 3 {
		t.Errorf("services: %d rows, error %v", len(rows), err)
	}
	if _, err := got.To(questions[1]); !errors.Is(err, packed.ErrTooMuch) {
		t.Errorf("registry: %v, want too much", err)
	}
	if n := strings.Count(strings.Join(server.Messages(), " "), "Create"); n != 0 {
		t.Errorf("%d shells", n)
	}
}

func TestOpenRefuses(t *testing.T) {
	account := host.Credential{User: "u", Password: host.NewSecret("hush")}
	for name, c := range map[string]struct {
		options Options
		want    string
	}{
		"a readable password":          {Options{Host: "h", Auth: Basic, Credential: account}, "auth: basic, tls: true"},
		"a way for a lab":              {Options{Host: "h", Auth: Basic, Credential: account}, "lab only, winrm: {allow_plain: true}"},
		"no user":                      {Options{Host: "h", TLS: true, Auth: Basic}, "user name"},
		"a colon in the user":          {Options{Host: "h", TLS: true, Auth: Basic, Credential: host.Credential{User: "a:b"}}, "colon"},
		"no host":                      {Options{TLS: true, Credential: account}, "want a host"},
		"a CA that is none":            {Options{Host: "h", TLS: true, CA: []byte("x"), Credential: account}, "PEM"},
		"an unknown way":               {Options{Host: "h", Auth: "digest", Credential: account}, `got "digest"`},
		"a certificate without a lock": {Options{Host: "h", Auth: Certificate}, "needs TLS"},
		"a certificate that is none": {
			Options{Host: "h", TLS: true, Credential: host.Credential{Certificate: []byte("x"), Key: account.Password}},
			"client certificate",
		},
	} {
		_, err := Open(t.Context(), c.options)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: %v, want it to speak of %q", name, err, c.want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Open(ctx, Options{Host: "h", TLS: true, Credential: account}); !errors.Is(err, context.Canceled) {
		t.Errorf("with a context that is over: %v", err)
	}
}

func TestAskAfterClose(t *testing.T) {
	server := winrmtest.Start(t, winrmtest.Config{Classes: classes(1)})
	s := session(t, options(server))
	if err := s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Ask(t.Context(), []host.Question{services()}); err == nil || !strings.Contains(err.Error(), "closed") {
		t.Errorf("%v, want it to say that the session is closed", err)
	}
	if got := server.Messages(); len(got) != 0 {
		t.Errorf("messages %v", slices.Clip(got))
	}
}

// A query that finds more than its limit is an error of its own, and ended on the
// host; one that finds just so many is none.
func TestAQueryWithALimit(t *testing.T) {
	limited := func(most int) host.WQL { q := services(); q.Most = most; return q }
	for most, want := range map[int]string{
		20: "Enumerate Pull Release Enumerate Pull Pull Pull", 50: "Enumerate Pull Pull Pull Enumerate Pull Pull Pull",
	} {
		server := winrmtest.Start(t, winrmtest.Config{Classes: classes(50), PullBytes: 3000})
		got, err := session(t, options(server)).Ask(t.Context(), []host.Question{limited(most), services()})
		if err != nil {
			t.Fatal(err)
		}
		rows, err := got.To(limited(most))
		tooMany := err != nil && strings.HasSuffix(err.Error(), fmt.Sprintf("more than %d instances", most))
		if tooMany != (most < 50) || !tooMany && len(rows) != 50 {
			t.Errorf("at most %d: %d rows, error %v", most, len(rows), err)
		}
		if rows, err := got.To(services()); err != nil || len(rows) != 50 {
			t.Errorf("the other question: %d rows, error %v", len(rows), err)
		}
		if d := cmp.Diff(want, strings.Join(server.Messages(), " ")); d != "" {
			t.Errorf("at most %d: messages (-want +got):\n%s", most, d)
		}
	}
}

// An account that may not read one namespace may read others.
func TestADeniedNamespaceSparesTheOthers(t *testing.T) {
	server := winrmtest.Start(t, winrmtest.Config{
		Classes: classes(3), Faults: map[string]winrmtest.Fault{"Enumerate 1": {Subcode: "w:AccessDenied", Code: 0x80041003}},
	})
	denied := host.WQL{Namespace: "root/a", Class: "Win32_Service", Columns: []string{"Name"}, Most: 5}
	got, err := session(t, options(server)).Ask(t.Context(), []host.Question{denied, services()})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := got.To(denied); !isKind(err, AccessDenied) {
		t.Errorf("the denied one: %v", err)
	}
	if rows, err := got.To(services()); err != nil || len(rows) != 3 {
		t.Errorf("the other: %d rows, error %v", len(rows), err)
	}
}
